"""What waits for a connection, and what is lost with it."""

import asyncio

import pytest
from redis.exceptions import AuthenticationError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.layers.redis.virtual import FakeServer, linked, until
from tests.virtual_time import in_virtual_time


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
async def test_what_nobody_waits_for_any_more_is_not_sent() -> None:
    """A cancelled caller costs the server nothing, and an answer that comes too late harms nobody."""
    server = FakeServer()
    async with linked(server) as link:
        # What is asked while nothing is on its way is written at once.
        await link.ask("ASK")
        on_its_way = link.ask("ASK")
        link.ask("CANCELLED").cancel()
        await on_its_way
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

    assert server.names() == ["ASK", "ASK", "LATE", "ASK", "LATE", "ASK"]
