"""One connection from the greeting to the end: what it is given up for, and what comes over it."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, ResponseError

from fast_channels.layers.redis import session
from tests.layers.redis.virtual import FakeServer, linked, times
from tests.virtual_time import in_virtual_time


@pytest.mark.parametrize("turns", [1, session.LOOK_TURNS])
@in_virtual_time
async def test_a_connection_that_ended_in_silence_is_not_written_to(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """What waits goes over the next one, and none of it is lost, in whichever order the two are seen."""
    monkeypatch.setattr(session, "LOOK_TURNS", turns)
    server = FakeServer()
    async with linked(server) as link:
        await link.ask("ASK")
        await asyncio.sleep(1)

        # Both are seen in the same turn of the event loop, as after a while in which it did not run.
        server.cut("ended in silence")
        await link.ask("ASK")

    assert server.names() == ["ASK", "ASK"]


@in_virtual_time
async def test_who_asks_alone_is_written_for_at_once() -> None:
    """While the server is heard, and nothing is on its way, no turn of the event loop goes by."""
    server = FakeServer()
    async with linked(server) as link:
        await link.ask("ASK")

        alone = link.ask("ALONE")

        assert server.names() == ["ASK", "ALONE"]
        await alone


@in_virtual_time
async def test_those_who_ask_in_the_same_turn_share_a_write() -> None:
    """All but the first, which nobody could know that others would follow."""
    server = FakeServer()
    async with linked(server) as link:
        await link.ask("ASK")
        server.writes.clear()

        await asyncio.gather(*(link.ask("ASK") for _ in range(50)))

    assert server.writes == [1, 49]


@in_virtual_time
async def test_who_writes_at_once_waits_for_a_slow_server_in_nobodys_place() -> None:
    """The writer waits for it before it writes more, and whoever asked has the answer when it comes."""
    server = FakeServer()
    async with linked(server) as link:
        await link.ask("ASK")
        server.reads.clear()

        assert [await link.ask("PING"), await link.ask("PING")] == [b"PONG", b"PONG"]
        third = link.ask("PING")
        await asyncio.sleep(1)
        assert not third.done()
        server.reads.set()
        assert await third == b"PONG"


@in_virtual_time
async def test_the_end_of_a_link_waits_for_no_slow_server() -> None:
    """What was begun at once, and is still being written, ends with the connection."""
    server = FakeServer()
    async with linked(server) as link:
        await link.ask("ASK")
        server.reads.clear()
        server.silent.add("LATE")
        late = link.ask("LATE")
        await asyncio.sleep(1)

    with pytest.raises(RedisConnectionError, match="is closed"):
        await late


@in_virtual_time
async def test_a_write_that_fails_at_once_ends_the_connection() -> None:
    """Whoever asked is told, like anybody whose command was lost; the next goes over the next connection."""
    server = FakeServer()
    async with linked(server) as link:
        await link.ask("ASK")
        server.refusal = RedisConnectionError("cannot connect")

        lost = link.ask("LOST")
        with pytest.raises(RedisConnectionError, match=r"lost before the answer came: .*Connection lost"):
            await lost
        server.refusal = None
        assert await link.ask("PING") == b"PONG"


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
