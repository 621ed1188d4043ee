"""The Redis layers keep the promises of a channel layer, between two layers as between two processes."""

from typing import Unpack

import pytest

from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from fast_channels.testing.layer_contract import LayerOptions
from tests.layers.contract import Contract, ContractWithClock
from tests.layers.redis.server import RedisServer


class TestQueueLayer(Contract):
    """The layer on queues. They go by the clock of the server, and the rest by that of the process."""

    when_full = "drop_oldest"
    when_member_full = "drop_oldest"

    @pytest.fixture(autouse=True)
    def _server(self, redis: RedisServer, prefix: str) -> None:
        self.url, self.prefix = redis.url, prefix

    def make_layer(self, **options: Unpack[LayerOptions]) -> RedisChannelLayer:
        """Return a layer on the shared server."""
        return RedisChannelLayer([self.url], self.prefix, **options)


class TestPubSubLayer(ContractWithClock):
    """The layer on publish and subscribe, which stores nothing for readers yet to come."""

    lacks = frozenset({"named_channels"})
    when_full = "drop_oldest"
    when_member_full = "drop_oldest"

    @pytest.fixture(autouse=True)
    def _server(self, redis: RedisServer) -> None:
        self.url = redis.url

    def make_layer(self, **options: Unpack[LayerOptions]) -> RedisPubSubChannelLayer:
        """Return a layer on the shared server that expires nothing by itself."""
        return RedisPubSubChannelLayer([self.url], **options, clock=self.clock)
