"""What the tests of the Redis layers share: a server, and layers that are closed."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from fast_channels.layers.redis import RedisPubSubChannelLayer
from tests.layers.redis.server import RedisServer

_numbers = itertools.count()


@pytest.fixture(scope="session")
def redis() -> Iterator[RedisServer]:
    """A server that tests share; each has a prefix of its own."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server that a test may break."""
    with RedisServer() as server:
        yield server


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test has."""
    return f"test{next(_numbers)}"


PubSubMaker = Callable[..., RedisPubSubChannelLayer]

Report = Callable[[str, object], None]
"""Takes the name of a figure and the figure: pytest's `record_testsuite_property`."""


@pytest.fixture
async def pubsub(redis: RedisServer, prefix: str) -> AsyncIterator[PubSubMaker]:
    """Makes layers on the shared server, each like another process, and closes them."""
    layers: list[RedisPubSubChannelLayer] = []

    def make(**options: Any) -> RedisPubSubChannelLayer:
        options.setdefault("hosts", [redis.url])
        options.setdefault("prefix", prefix)
        layer = RedisPubSubChannelLayer(**options)
        layers.append(layer)
        return layer

    yield make
    for layer in layers:
        await layer.close()
