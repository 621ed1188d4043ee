"""Every layer of the package keeps the promises of a channel layer."""

from collections.abc import Sequence
from typing import Unpack

from fast_channels.layers import BaseChannelLayer, InMemoryChannelLayer
from fast_channels.testing.layer_contract import LayerOptions
from tests.layers.contract import ContractWithClock


class TestMemoryLayer(ContractWithClock):
    """The memory layer, which reaches nobody outside its process, with a clock that stands still."""

    lacks = frozenset({"several_layers"})

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
