"""Sharing groups with processes that use channels_redis, as Django's do."""

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.layers.conftest import soon
from tests.layers.redis.conftest import PubSubMaker
from tests.layers.redis.server import RedisServer, is_true

# It has no types.
channels_redis: Any = importlib.import_module("channels_redis.pubsub")

MESSAGE = {"type": "chat.said", "text": "é", "data": b"\x00\xff", "list": [1, {"a": None}], "float": 0.5}


@pytest.fixture(params=[None, ["new", "old"]], ids=["plain", "encrypted"])
def keys(request: pytest.FixtureRequest) -> list[str] | None:
    """Keys that both sides have."""
    keys: list[str] | None = request.param
    return keys


@pytest.fixture
async def django(redis: RedisServer, prefix: str, keys: list[str] | None) -> AsyncIterator[Any]:
    """The layer that a Django process has."""
    layer = channels_redis.RedisPubSubChannelLayer(
        hosts=[redis.url], prefix=prefix, symmetric_encryption_keys=keys
    )
    yield layer
    await layer.flush()


async def test_group_messages_go_both_ways(
    django: Any, pubsub: PubSubMaker, redis: RedisServer, prefix: str, keys: list[str] | None
) -> None:
    """A group has members on both sides, and each message reaches them all as it was written."""
    ours = pubsub(symmetric_encryption_keys=keys)
    here, there = await ours.new_channel(), await django.new_channel()
    await ours.group_add("g", here)
    await django.group_add("g", there)

    async def both_have_joined() -> bool:
        [_, count] = await redis.run("PUBSUB", "NUMSUB", f"{prefix}__group__g")
        return bool(count == 2)

    await is_true(both_have_joined)

    for sender in (ours, django):
        await sender.group_send("g", MESSAGE)
        assert await soon(ours.receive(here)) == MESSAGE
        assert await soon(django.receive(there)) == MESSAGE


async def test_a_message_reaches_a_single_channel_of_the_other_side(
    django: Any, pubsub: PubSubMaker, redis: RedisServer, keys: list[str] | None
) -> None:
    """A channel that Django's layer has made can be sent to."""
    ours = pubsub(symmetric_encryption_keys=keys)
    there = await django.new_channel()

    async def is_heard() -> bool:
        return there in await redis.subscriptions()

    await is_true(is_heard)
    await ours.send(there, MESSAGE)

    assert await soon(django.receive(there)) == MESSAGE
    assert ours.stats().unheard == 0


async def test_a_plain_channel_is_the_same_on_both_sides(
    django: Any, pubsub: PubSubMaker, redis: RedisServer, prefix: str, keys: list[str] | None
) -> None:
    """Django's side can send to a channel with a name that the application chose."""
    ours = pubsub(symmetric_encryption_keys=keys)
    waiting = asyncio.create_task(ours.receive(f"{prefix}.worker"))

    async def is_heard() -> bool:
        return f"{prefix}.worker" in await redis.subscriptions()

    await is_true(is_heard)
    await django.send(f"{prefix}.worker", MESSAGE)

    assert await soon(waiting) == MESSAGE


async def test_both_sides_choose_the_same_server_for_a_group(
    pubsub: PubSubMaker, redis: RedisServer, own_redis: RedisServer, prefix: str
) -> None:
    """With several servers too, every group is found."""
    hosts = [redis.url, own_redis.url]
    ours = pubsub(hosts=hosts)
    theirs = channels_redis.RedisPubSubChannelLayer(hosts=hosts, prefix=prefix)
    here = await ours.new_channel()
    for n in range(20):
        await ours.group_add(f"g{n}", here)
        await theirs.group_send(f"g{n}", {"n": n})
        assert await soon(ours.receive(here)) == {"n": n}
    await theirs.flush()
