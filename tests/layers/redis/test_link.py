"""One connection that many use: when it is there, and who gets it."""

import asyncio
from collections.abc import Callable

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.layers.redis.connection import Command
from tests.layers.redis.virtual import FakeServer, linked, until
from tests.virtual_time import in_virtual_time


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


@in_virtual_time
async def test_a_server_that_speaks_first_and_closes_is_heard() -> None:
    """It does so when it takes no more clients; that nothing could be written would explain nothing."""
    server = FakeServer()
    server.refusal = ConnectionError("max number of clients reached")
    async with linked(server) as link:
        with pytest.raises(RedisConnectionError, match="max number of clients reached"):
            await link.ask("ASK")


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
