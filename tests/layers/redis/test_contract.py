"""The Redis layers keep the promises of a channel layer, between two layers as between two processes."""

from typing import Unpack

import pytest

from fast_channels.layers import BaseChannelLayer
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from fast_channels.testing.layer_contract import ChannelLayerContract, LayerOptions
from tests.layers.conftest import Clock
from tests.layers.redis.server import RedisServer


class TestQueueLayer(ChannelLayerContract):
    """The layer on queues. They go by the clock of the server, and the rest by that of the process."""

    when_full = "drop_oldest"
    when_member_full = "drop_oldest"

    @pytest.fixture(autouse=True)
    def _server(self, redis: RedisServer, prefix: str) -> None:
        self.url, self.prefix = redis.url, prefix

    def make_layer(self, **options: Unpack[LayerOptions]) -> RedisChannelLayer:
        """Return a layer on the shared server."""
        return RedisChannelLayer([self.url], self.prefix, **options)

    @pytest.mark.property
    def test_any_message_arrives_as_it_was_written(self) -> None:
        """Any message of the values that layers carry arrives, equal and made of plain types."""
        super().test_any_message_arrives_as_it_was_written()

    @pytest.mark.property
    def test_the_layer_does_what_its_model_does(self) -> None:
        """Any sequence of calls, cancellations and closings has the outcome that a simple model foresees."""
        super().test_the_layer_does_what_its_model_does()


class TestPubSubLayer(ChannelLayerContract):
    """The layer on publish and subscribe, which stores nothing for readers yet to come."""

    lacks = frozenset({"named_channels"})
    when_full = "drop_oldest"
    when_member_full = "drop_oldest"
    clock = Clock()

    @pytest.fixture(autouse=True)
    def _server(self, redis: RedisServer) -> None:
        self.url = redis.url

    def make_layer(self, **options: Unpack[LayerOptions]) -> RedisPubSubChannelLayer:
        """Return a layer on the shared server that expires nothing by itself."""
        return RedisPubSubChannelLayer([self.url], **options, clock=self.clock)

    async def pass_time(self, layer: BaseChannelLayer, seconds: float) -> None:
        """Move the clock."""
        self.clock.now += seconds

    @pytest.mark.property
    def test_any_message_arrives_as_it_was_written(self) -> None:
        """Any message of the values that layers carry arrives, equal and made of plain types."""
        super().test_any_message_arrives_as_it_was_written()

    @pytest.mark.property
    def test_the_layer_does_what_its_model_does(self) -> None:
        """Any sequence of calls, cancellations and closings has the outcome that a simple model foresees."""
        super().test_the_layer_does_what_its_model_does()
