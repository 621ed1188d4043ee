"""Several processes, and many consumers."""

import asyncio
import gc
import random
import sys
from typing import Any

import pytest

from fast_channels.consumer import AsyncWebsocketConsumer
from fast_channels.layers import ChannelGap, channel_layers, register_channel_layer
from fast_channels.layers.mailbox import Mailbox
from fast_channels.layers.redis import RedisPubSubChannelLayer
from fast_channels.testing import WebsocketCommunicator
from tests.layers.conftest import soon
from tests.layers.redis.conftest import PubSubMaker, Report
from tests.layers.redis.listener import Listener, attach
from tests.layers.redis.process import LAYERS, start
from tests.layers.redis.server import RedisServer


async def test_two_processes_talk_through_a_group(
    pubsub: PubSubMaker, redis: RedisServer, prefix: str
) -> None:
    """A message goes there and the answer comes back."""
    layer = pubsub()
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    other = start(redis.url, prefix, "pubsub", "echo", "g")
    try:
        assert (await soon(layer.receive(channel)))["pid"] == other.pid
        await layer.group_send("g", {"type": "said", "text": "hello"})
        assert await soon(layer.receive(channel)) == {"type": "said", "text": "hello"}
        assert await soon(layer.receive(channel)) == {"type": "answered", "text": "hello"}
    finally:
        other.kill()
        other.wait()


async def test_a_process_that_is_killed_leaves_nothing_in_redis(own_redis: RedisServer) -> None:
    """No ghost members, no keys, no subscriptions: a group of the dead costs nobody anything."""
    async with RedisPubSubChannelLayer([own_redis.url]) as layer:
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        before = await own_redis.subscriptions()
        other = start(own_redis.url, "asgi", "pubsub", "echo", "g")
        await soon(layer.receive(channel))
        assert len(await own_redis.subscriptions()) == len(before) + 1

        other.kill()
        other.wait()

        while await own_redis.subscriptions() != before:
            pass
        assert await own_redis.run("DBSIZE") == 0
        assert await own_redis.connections() == 1


@pytest.mark.parametrize("kind", list(LAYERS))
async def test_a_thousand_cancelled_receivers_lose_nothing(
    redis: RedisServer, prefix: str, kind: str
) -> None:
    """`receive()` can be cancelled at any moment, whatever is on its way from another process."""
    async with LAYERS[kind]([redis.url], prefix, capacity=10_000) as layer:
        channel = await layer.new_channel() if kind == "pubsub" else "worker"
        chance = random.Random(4)
        other = start(redis.url, prefix, kind, "flood", channel, "3000")
        got: list[int] = []
        cancelled = 0
        try:
            while len(got) < 3000:
                task = asyncio.create_task(layer.receive(channel))
                # Not before the other process sends, and some in between come to their end.
                if got and cancelled < 1000 and chance.random() < 0.5:
                    for _ in range(chance.randrange(4)):
                        await asyncio.sleep(0)
                    task.cancel()
                    cancelled += 1
                try:
                    got.append((await soon(task))["n"])
                except asyncio.CancelledError:
                    continue
        finally:
            other.kill()
            other.wait()

        assert cancelled == 1000
        # What is given back to a queue may meet a message that has overtaken it on the way.
        assert (got if kind == "pubsub" else sorted(got)) == list(range(3000))


async def test_a_stalled_consumer_costs_no_memory(
    pubsub: PubSubMaker,
    redis: RedisServer,
    prefix: str,
    record_testsuite_property: Report,
) -> None:
    """Of 100,000 messages it is told exactly how many it missed, and its neighbour misses none."""
    layer = pubsub(clock=lambda: 0.0)
    stalled, busy = await layer.new_channel(), await layer.new_channel()
    told: list[None] = []
    box = attach(layer, stalled, lambda: told.append(None))
    box.hears_gaps = True
    listener = Listener(layer, busy, keeps=False)
    for channel in (stalled, busy):
        await layer.group_add("g", channel)
    frame = layer.serialize({"text": "x" * 200})

    async def publish(count: int) -> None:
        # In one script, because 100,000 calls would measure those.
        await redis.run(
            "EVAL",
            "for i = 1, ARGV[3] do redis.call('PUBLISH', ARGV[1], ARGV[2]) end",
            0,
            f"{prefix}__group__g",
            frame,
            count,
        )

    await publish(200)
    await listener.count(200)
    gc.collect()
    before = sys.getallocatedblocks()
    for thousand in range(1, 101):
        await publish(1000)
        await listener.count(200 + 1000 * thousand)
    gc.collect()
    # No block that is counted here is larger than 512 bytes.
    growth = (sys.getallocatedblocks() - before) * 512

    record_testsuite_property("memory for 100,000 messages to a stalled consumer, bytes at most", growth)
    assert growth < 1_000_000
    assert listener.gaps == []
    assert box.take() == {"type": "channel.gap", "reason": "overflow", "lost": 100_100}
    assert [box.take() for _ in range(100)] == [{"text": "x" * 200}] * 100
    assert box.take() is None
    # One call for each message that it can still take, and one for the gap.
    assert len(told) == 101
    assert layer.stats().dropped_full == 100_100


async def test_many_consumers_share_few_subscriptions(own_redis: RedisServer) -> None:
    """5,000 consumers in 50 groups need one subscription for each group, and one inbox."""
    async with RedisPubSubChannelLayer([own_redis.url]) as layer:
        for n in range(5000):
            await layer.group_add(f"g{n % 50}", await layer.new_channel())

        assert len(await own_redis.subscriptions()) == 51
        assert await own_redis.connections() == 1


GROUPS = ["all", "some"]


class Member(AsyncWebsocketConsumer):
    """Joins two groups, and dies of a certain message."""

    channel_layer_alias = "redis"
    groups = GROUPS

    async def die(self, event: dict[str, Any]) -> None:
        """Die."""
        raise LookupError("died")


class Told(Member):
    """Hears of gaps."""

    async def channel_gap(self, event: ChannelGap) -> None:
        """Pass it on to the client."""
        await self.send(f"{event.reason} {event.lost}")

    async def said(self, event: dict[str, Any]) -> None:
        """Pass it on to the client."""
        await self.send("said")


def mailboxes() -> list[Mailbox]:
    """Return those of all layers that are in memory, whatever test they are of."""
    return [thing for thing in gc.get_objects() if isinstance(thing, Mailbox)]


async def test_consumers_that_die_leave_nothing_behind(own_redis: RedisServer) -> None:
    """10,000 consumers whose handler fails, 100 at a time, leave no channel, member or subscription."""
    async with RedisPubSubChannelLayer([own_redis.url]) as layer:
        register_channel_layer("redis", layer)
        await layer.new_channel()
        before, of_others = await own_redis.subscriptions(), mailboxes()

        async def die(client: WebsocketCommunicator) -> None:
            with pytest.raises(LookupError):
                await client.wait()

        clients: list[WebsocketCommunicator] = []
        for _ in range(100):
            clients = [WebsocketCommunicator(Member.as_asgi(), "/") for _ in range(100)]
            await asyncio.gather(*(client.connect(10) for client in clients))
            await layer.group_send("all", {"type": "die"})
            await asyncio.gather(*map(die, clients))

        clients.clear()
        gc.collect()
        assert [box for box in mailboxes() if box not in of_others] == []
        assert layer.stats().waiting == 0
        while await own_redis.subscriptions() != before:
            pass
        channel_layers.clear()


async def test_a_consumer_hears_of_gaps_only_if_it_wants_to(own_redis: RedisServer) -> None:
    """A gap reaches the handler `channel_gap`; whoever has none goes on as if nothing had happened."""
    async with RedisPubSubChannelLayer([own_redis.url]) as layer:
        register_channel_layer("redis", layer)
        told = WebsocketCommunicator(Told.as_asgi(), "/")
        other = WebsocketCommunicator(Member.as_asgi(), "/")
        await told.connect()
        await other.connect()

        await own_redis.run("CLIENT", "KILL", "TYPE", "pubsub")

        assert await told.receive_from(10) == "outage None"
        await layer.group_send("all", {"type": "die"})
        with pytest.raises(LookupError):
            await other.wait()
        assert layer.stats().gaps == 1
        channel_layers.clear()
