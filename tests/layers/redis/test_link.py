"""One connection that many use: what waits for it, what is lost with it, and what the log says of it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.exceptions import AuthenticationError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.layers.redis import link as link_module
from fast_channels.layers.redis.link import Command, Link
from tests.layers.redis.virtual import FakeServer, in_virtual_time, until


@asynccontextmanager
async def linked(
    server: FakeServer,
    *,
    greet: Callable[[], tuple[Command, int, Callable[[], None]] | None] | None = None,
    on_message: Callable[[bytes, bytes], Awaitable[None]] | None = None,
) -> AsyncGenerator[Link]:
    """A link to a server, which is closed at the end."""
    link = Link(server.connect, "the server", timeout=5, ping_interval=5, greet=greet, on_message=on_message)
    yield link
    await link.close()
    assert all(connection.closed for connection in server.connections)


def times(caplog: pytest.LogCaptureFixture, reason: str) -> int:
    """Return how often the log gives a reason."""
    return sum(reason in message for message in caplog.messages)


@in_virtual_time
async def test_commands_are_answered_in_order() -> None:
    """Those that come together are written together."""
    server = FakeServer()
    server.answers.update(ONE=1, TWO=ResponseError("no"), THREE=[3])
    async with linked(server) as link:
        before = link.used
        one, two, three = link.ask("ONE"), link.ask("TWO"), link.ask("THREE")

        assert (await one, await three) == (1, [3])
        with pytest.raises(ResponseError, match="no"):
            await two
        assert (before, link.used, link.established) == (False, True, True)
    assert len(server.connections) == 1


@in_virtual_time
async def test_a_command_waits_for_a_connection_for_a_limited_time() -> None:
    """Then its sender is told which server could not be reached, and why."""
    server = FakeServer()
    server.away = ConnectionError("nobody there")
    loop = asyncio.get_running_loop()
    async with linked(server) as link:
        began = loop.time()
        with pytest.raises(
            RedisConnectionError,
            match=r"ASK: the connection to the server failed for 5 s: ConnectionError: nobody there",
        ):
            await link.ask("ASK")
        assert 5 <= loop.time() - began <= 6


@in_virtual_time
async def test_a_wrong_password_fails_at_once() -> None:
    """Waiting would change nothing; the next command tries anew, because the password may be right."""
    server = FakeServer()
    server.answers["ASK"] = 1
    server.away = AuthenticationError("invalid username-password pair")
    loop = asyncio.get_running_loop()
    async with linked(server) as link:
        began = loop.time()
        with pytest.raises(RedisConnectionError, match="was refused: AuthenticationError: invalid username"):
            await link.ask("ASK")
        assert loop.time() == began

        server.away = None
        assert await link.ask("ASK") == 1


@in_virtual_time
async def test_the_reason_of_an_outage_is_logged_when_it_changes_and_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """However often the attempts fail, and whichever reason comes in between."""
    server = FakeServer()
    caplog.set_level("INFO")
    async with linked(server) as link:
        server.answers["ASK"] = 1
        await link.ask("ASK")

        server.away = ConnectionError("refused")
        server.cut("cut off")
        await asyncio.sleep(30)
        assert (times(caplog, "cut off"), times(caplog, "refused")) == (1, 1)

        server.away = AuthenticationError("the password has changed")
        await asyncio.sleep(30)
        assert (times(caplog, "refused"), times(caplog, "has changed")) == (1, 1)

        server.away = ConnectionError("refused")
        await asyncio.sleep(2)
        assert times(caplog, "refused") == 2
        await asyncio.sleep(178)
        assert times(caplog, "refused") == 4

        server.away = None
        await link.ask("ASK")
        assert times(caplog, "connected to the server again") == 1
        server.away = ConnectionError("refused")
        server.cut("cut off")
        await asyncio.sleep(2)
        assert (times(caplog, "cut off"), times(caplog, "refused")) == (2, 5)


@in_virtual_time
async def test_what_a_server_says_is_logged_escaped_and_short(caplog: pytest.LogCaptureFixture) -> None:
    """It is on one line, whatever it is."""
    server = FakeServer()
    server.away = ConnectionError("a\r\nb" + "x" * 10_000)
    async with linked(server) as link:
        with pytest.raises(RedisConnectionError):
            await link.ask("ASK")

    message = caplog.messages[0]
    assert message.isprintable()
    assert r"a\r\nb" in message
    assert len(message) < 1000


@in_virtual_time
async def test_what_was_written_is_lost_with_the_connection_unless_it_may_be_repeated() -> None:
    """Nobody knows whether the server has done it."""
    server = FakeServer()
    server.silent.update({"ONCE", "AGAIN"})
    async with linked(server) as link:
        once, again = link.ask("ONCE"), link.ask("AGAIN", repeat=True)
        await until(lambda: len(server.commands) == 2)

        server.silent.clear()
        server.answers["AGAIN"] = 2
        server.cut()

        with pytest.raises(RedisConnectionError, match=r"ONCE: .* was lost before the answer came"):
            await once
        assert await again == 2
    assert server.names() == ["ONCE", "AGAIN", "AGAIN"]


@in_virtual_time
async def test_a_connection_that_was_there_once_comes_back_by_itself() -> None:
    """The next command need not wait for it."""
    server = FakeServer()
    async with linked(server) as link:
        await link.ask("ASK")
        server.cut()
        await until(lambda: len(server.connections) == 2 and link.established)


@in_virtual_time
async def test_a_connection_that_never_was_is_tried_for_those_who_need_it() -> None:
    """An unused server is not asked again and again."""
    server = FakeServer()
    server.away = ConnectionError("nobody there")
    async with linked(server) as link:
        with pytest.raises(RedisConnectionError):
            await link.ask("ASK")
        tried = len(server.connections)
        await asyncio.sleep(60)
        assert len(server.connections) == tried
        assert not link.established


@pytest.mark.parametrize("turns", [1, link_module.LOOK_TURNS])
@in_virtual_time
async def test_a_connection_that_ended_in_silence_is_not_written_to(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """What waits goes over the next one, and none of it is lost, in whichever order the two are seen."""
    monkeypatch.setattr(link_module, "LOOK_TURNS", turns)
    server = FakeServer()
    async with linked(server) as link:
        await link.ask("ASK")
        await asyncio.sleep(1)

        # Both are seen in the same turn of the event loop, as after a while in which it did not run.
        server.cut("ended in silence")
        await link.ask("ASK")

    assert server.names() == ["ASK", "ASK"]


@in_virtual_time
async def test_a_link_is_established_when_the_greeting_is_answered() -> None:
    """Until then whoever relies on it has to wait."""
    server = FakeServer()
    server.silent.add("SUBSCRIBE")
    greeted: list[bool] = []
    wanted: list[str] = []

    def greet() -> tuple[Command, int, Callable[[], None]] | None:
        return (("SUBSCRIBE", *wanted), len(wanted), lambda: greeted.append(True)) if wanted else None

    async with linked(server, greet=greet) as link:
        await link.ask("ASK")
        wanted += ["a", "b"]
        server.cut()
        await until(lambda: ("SUBSCRIBE", "a", "b") in server.commands)
        assert not link.established

        server.connections[-1].say([b"subscribe", b"a", 1])
        await asyncio.sleep(0.01)
        assert not link.established
        server.connections[-1].say([b"subscribe", b"b", 2])
        await until(lambda: link.established)
    assert greeted == [True]


@in_virtual_time
async def test_a_greeting_that_is_refused_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """It is of no use without; the log says why, though it is a connection that the server accepts."""
    server = FakeServer()
    server.answers["SUBSCRIBE"] = ResponseError("no permission")

    async with linked(server, greet=lambda: (("SUBSCRIBE", "a"), 1, lambda: None)) as link:
        with pytest.raises(RedisConnectionError, match="no permission"):
            await link.ask("ASK", repeat=True)
        assert not link.established
        await asyncio.sleep(110)

    assert times(caplog, "ResponseError: no permission") == 2


@pytest.mark.parametrize("error", [ReadOnlyError("a replica"), ResponseError("script: -READONLY")])
def test_a_server_that_has_become_a_replica_is_left(error: ResponseError) -> None:
    """Whoever asked gets its refusal; the next connection may lead to the new master."""

    @in_virtual_time
    async def refused() -> None:
        server = FakeServer()
        server.answers["SET"] = error
        async with linked(server) as link:
            with pytest.raises(type(error)):
                await link.ask("SET")
            server.answers["SET"] = b"OK"
            assert await link.ask("SET") == b"OK"
        assert len(server.connections) == 2

    refused()


@in_virtual_time
async def test_a_server_that_does_not_answer_is_given_up() -> None:
    """After an interval of silence it is asked, and it has as long to answer."""
    server = FakeServer()
    loop = asyncio.get_running_loop()
    async with linked(server) as link:
        await link.ask("ASK")
        await asyncio.sleep(30)
        assert set(server.names()) == {"ASK", "PING"}
        assert len(server.connections) == 1

        server.silent.update({"PING", "ASK"})
        began = loop.time()
        with pytest.raises(RedisConnectionError, match="no answer to a PING for 5 seconds"):
            await link.ask("ASK")
        assert 5 <= loop.time() - began <= 10


@in_virtual_time
async def test_what_nobody_waits_for_any_more_is_not_sent() -> None:
    """A cancelled caller costs the server nothing, and an answer that comes too late harms nobody."""
    server = FakeServer()
    async with linked(server) as link:
        link.ask("CANCELLED").cancel()
        await link.ask("ASK")
        server.silent.add("LATE")
        late = link.ask("LATE")
        await until(lambda: "LATE" in server.names())
        late.cancel()
        server.connections[-1].say(1)
        await link.ask("ASK")
        late = link.ask("LATE")
        await until(lambda: server.names().count("LATE") == 2)
        late.cancel()
        server.cut()
        await until(lambda: len(server.connections) == 2)
        await link.ask("ASK")

    assert server.names() == ["ASK", "LATE", "ASK", "LATE", "ASK"]


@in_virtual_time
async def test_what_is_told_goes_to_a_connected_server_only() -> None:
    """To another it means nothing. It goes at once, or with the next command."""
    server = FakeServer()
    async with linked(server) as link:
        link.tell("UNSUBSCRIBE", "a")
        await link.ask("ASK")
        link.tell("LATER", now=False)
        await asyncio.sleep(1)
        assert server.names() == ["ASK"]
        link.tell("NOW")
        await until(lambda: len(server.commands) == 3)

    assert server.names() == ["ASK", "LATER", "NOW"]


@in_virtual_time
async def test_messages_are_passed_on_between_the_replies() -> None:
    """And a server that sends them without end leaves others their turns."""
    server = FakeServer()
    got: list[Any] = []

    async def take(name: bytes, data: bytes) -> None:
        got.append((name, data))

    async with linked(server, on_message=take) as link:
        server.answers["ASK"] = [b"answer"]
        await link.ask("SUBSCRIBE", "a")
        for n in range(200):
            server.publish("a", b"%d" % n)
        assert await link.ask("ASK") == [b"answer"]

    assert got == [(b"a", b"%d" % n) for n in range(200)]


@in_virtual_time
async def test_whoever_waits_when_a_link_is_closed_is_told() -> None:
    """Nobody waits for ever. A link that was never used can be closed too."""
    server = FakeServer()
    server.silent.add("ASK")
    async with linked(server) as link:
        waiting = link.ask("ASK")
        await until(lambda: "ASK" in server.names())
        await link.close()
        with pytest.raises(RedisConnectionError, match="ASK: the connection to the server is closed"):
            await waiting
        assert not link.used
