"""The promises of a channel layer, as the layers of this package are tested for them."""

import pytest

from fast_channels.layers import BaseChannelLayer
from fast_channels.testing.layer_contract import ChannelLayerContract
from tests.layers.conftest import Clock


class Contract(ChannelLayerContract):
    """All promises; those that hypothesis searches for counter-examples of are for `nox -s property` too."""

    @pytest.mark.property
    def test_any_message_arrives_as_it_was_written(self) -> None:
        """Any message of the values that layers carry arrives, equal and made of plain types."""
        super().test_any_message_arrives_as_it_was_written()

    @pytest.mark.property
    def test_the_layer_does_what_its_model_does(self) -> None:
        """Any sequence of calls, cancellations and closings has the outcome that a simple model foresees."""
        super().test_the_layer_does_what_its_model_does()


class ContractWithClock(Contract):
    """The same for a layer whose time goes by only when a test says so.

    Attributes:
        clock: What the layer takes for the time.
    """

    clock = Clock()

    async def pass_time(self, layer: BaseChannelLayer, seconds: float) -> None:
        """Move the clock."""
        self.clock.now += seconds
