"""One connection from the greeting to the end: what it is given up for, and what comes over it."""

import asyncio
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError, ResponseError

from fast_channels.layers.redis import session
from tests.layers.redis.virtual import FakeServer, in_virtual_time, linked, times


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
