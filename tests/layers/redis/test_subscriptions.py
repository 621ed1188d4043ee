"""Subscriptions that outlive their connection, and who waits for them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoPermissionError, ResponseError

from fast_channels.layers.redis.subscriptions import Subscriptions
from tests.layers.redis.virtual import FakeServer, until
from tests.virtual_time import in_virtual_time


class Heard:
    """What subscriptions have told."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes]] = []
        self.returns = 0

    async def message(self, name: bytes, data: bytes) -> None:
        """Take a message."""
        self.messages.append((name, data))

    def returned(self) -> None:
        """Count that all subscriptions are there again."""
        self.returns += 1


@asynccontextmanager
async def subscribed(server: FakeServer, heard: Heard, *names: str) -> AsyncGenerator[Subscriptions]:
    """Subscriptions to some names, which are closed at the end."""
    subscriptions = Subscriptions(
        server.connect,
        "the server",
        timeout=5,
        ping_interval=5,
        on_message=heard.message,
        on_return=heard.returned,
    )
    for name in names:
        await subscriptions.add(name)
    yield subscriptions
    await subscriptions.close()


@in_virtual_time
async def test_a_name_is_subscribed_to_once() -> None:
    """However many ask for it, at the same time or later."""
    server, heard = FakeServer(), Heard()
    async with subscribed(server, heard) as subscriptions:
        await asyncio.gather(*(subscriptions.add("a") for _ in range(3)))
        await subscriptions.add("a")
        server.publish("a", b"1")
        await until(lambda: bool(heard.messages))

        assert "a" in subscriptions
        assert "b" not in subscriptions
    assert server.commands == [("SUBSCRIBE", "a")]
    assert heard.messages == [(b"a", b"1")]
    assert heard.returns == 0


@in_virtual_time
async def test_a_subscription_can_be_ended() -> None:
    """One that does not exist need not be."""
    server, heard = FakeServer(), Heard()
    async with subscribed(server, heard, "a", "b") as subscriptions:
        subscriptions.remove("a")
        subscriptions.remove("a")
        await until(lambda: len(server.commands) == 3)
        assert "a" not in subscriptions
    assert server.commands[-1] == ("UNSUBSCRIBE", "a")


@in_virtual_time
async def test_all_subscriptions_are_renewed_in_one_command() -> None:
    """And whoever has missed something is told then, once."""
    server, heard = FakeServer(), Heard()
    async with subscribed(server, heard, "a", "b"):
        server.cut()
        await until(lambda: heard.returns == 1)
        await asyncio.sleep(10)
    assert ("SUBSCRIBE", "a", "b") in server.commands
    assert heard.returns == 1


@in_virtual_time
async def test_a_subscription_that_the_server_refuses_is_none() -> None:
    """All who asked are told, and the next who asks may have it."""
    server, heard = FakeServer(), Heard()
    server.answers["SUBSCRIBE"] = ResponseError("no")
    async with subscribed(server, heard) as subscriptions:
        outcomes = await asyncio.gather(*(subscriptions.add("a") for _ in range(2)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ResponseError] * 2
        assert "a" not in subscriptions

        del server.answers["SUBSCRIBE"]
        await subscriptions.add("a")
        assert "a" in subscriptions


@in_virtual_time
async def test_a_subscription_that_was_ended_before_the_server_answered_is_none() -> None:
    """The answer changes nothing any more."""
    server, heard = FakeServer(), Heard()
    async with subscribed(server, heard, "b") as subscriptions:
        adding = asyncio.create_task(subscriptions.add("a"))
        await asyncio.sleep(0)
        subscriptions.remove("a")
        await adding
        assert "a" not in subscriptions


@in_virtual_time
async def test_whoever_asks_during_an_outage_waits_for_the_subscription() -> None:
    """The server acknowledged it once, which is worth nothing until it has done so again."""
    server, heard = FakeServer(), Heard()
    async with subscribed(server, heard, "a") as subscriptions:
        server.away = ConnectionError("away")
        server.cut()
        await asyncio.sleep(1)
        adding = asyncio.create_task(subscriptions.add("a"))
        await asyncio.sleep(1)
        assert not adding.done()

        server.away = None
        await adding
        assert heard.returns == 1


@in_virtual_time
async def test_whoever_asks_during_an_outage_is_refused_in_time() -> None:
    """The error says why there is no subscription, and the subscription is wanted all the same."""
    server, heard = FakeServer(), Heard()
    loop = asyncio.get_running_loop()
    async with subscribed(server, heard, "a") as subscriptions:
        server.answers["SUBSCRIBE"] = NoPermissionError("this user has no permissions to access a channel")
        server.cut()
        await asyncio.sleep(60)

        began = loop.time()
        with pytest.raises(RedisConnectionError, match="no permissions to access a channel"):
            await subscriptions.add("a")
        assert 5 <= loop.time() - began <= 6
        assert "a" in subscriptions

        del server.answers["SUBSCRIBE"]
        await until(lambda: heard.returns == 1)
        await subscriptions.add("a")


@in_virtual_time
async def test_whoever_only_goes_on_need_not_wait() -> None:
    """What waits already can be read during an outage, which ends no subscription."""
    server, heard = FakeServer(), Heard()
    async with subscribed(server, heard, "a") as subscriptions:
        server.away = ConnectionError("away")
        server.cut()
        await asyncio.sleep(60)

        assert "a" in subscriptions


@in_virtual_time
async def test_a_cancelled_caller_harms_nobody() -> None:
    """The subscription is made for the others who wait, and for those who come."""
    server, heard = FakeServer(), Heard()
    async with subscribed(server, heard) as subscriptions:
        tasks = [asyncio.create_task(subscriptions.add("a")) for _ in range(2)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        await tasks[1]
        assert "a" in subscriptions


@in_virtual_time
async def test_nobody_waits_when_all_is_closed() -> None:
    """A subscription that was never made fails."""
    server, heard = FakeServer(), Heard()
    server.silent.add("SUBSCRIBE")
    async with subscribed(server, heard) as subscriptions:
        adding = asyncio.create_task(subscriptions.add("a"))
        await until(lambda: ("SUBSCRIBE", "a") in server.commands)
        await subscriptions.close()
        with pytest.raises(RedisConnectionError, match="is closed"):
            await adding
        assert "a" not in subscriptions
