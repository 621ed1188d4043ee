"""Every layer of the package keeps the promises of a channel layer."""

from collections.abc import Sequence
from typing import Unpack

import pytest

from fast_channels.layers import BaseChannelLayer, InMemoryChannelLayer
from fast_channels.testing.layer_contract import ChannelLayerContract, LayerOptions

from .conftest import Clock


class TestMemoryLayer(ChannelLayerContract):
    """The memory layer, which reaches nobody outside its process, with a clock that stands still."""

    lacks = frozenset({"several_layers"})
    clock = Clock()

    def make_layer(self, **options: Unpack[LayerOptions]) -> InMemoryChannelLayer:
        """Return a memory layer that expires nothing by itself."""
        return InMemoryChannelLayer(**options, clock=self.clock)

    def examine(self, layers: Sequence[BaseChannelLayer]) -> None:
        """Nothing is kept but what waits and whom it is for, and the counts are those of what is there."""
        for layer in layers:
            assert isinstance(layer, InMemoryChannelLayer)
            assert not any(box.idle for box in layer.channels.values())
            assert all(layer.groups.values())
            assert layer.stats().waiting == sum(map(len, layer.channels.values()))

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
