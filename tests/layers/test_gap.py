"""How a consumer learns that it missed messages."""

from collections.abc import Iterator
from typing import Any

import pytest

from fast_channels.consumer import AsyncConsumer
from fast_channels.exceptions import ChannelFull
from fast_channels.layers import ChannelGap, InMemoryChannelLayer, channel_layers, register_channel_layer
from fast_channels.testing import ApplicationCommunicator


@pytest.fixture
def layer() -> Iterator[InMemoryChannelLayer]:
    """A layer whose channels hold two messages."""
    layer = InMemoryChannelLayer(capacity=2)
    register_channel_layer("gap", layer)
    yield layer
    channel_layers.clear()


class Silent(AsyncConsumer):
    """Says what it hears, slowly."""

    channel_layer_alias = "gap"

    async def start(self, event: dict[str, Any]) -> None:
        """Be sent more than the channel holds while this message is handled."""
        await self.channel_layer.group_add("g", self.channel_name)
        for number in range(5):
            await self.channel_layer.group_send("g", {"type": "said", "n": number})

    async def said(self, event: dict[str, Any]) -> None:
        """Say it."""
        await self.send({"n": event["n"]})


class Attentive(Silent):
    """Says what it missed, too."""

    async def channel_gap(self, event: ChannelGap) -> None:
        """Say it."""
        await self.send({"missed": event.lost, "because": event.reason})


async def outputs(consumer: type[AsyncConsumer], count: int) -> list[Any]:
    """Return what a consumer says after it was started."""
    async with ApplicationCommunicator(consumer.as_asgi(), {"type": "test"}) as communicator:
        await communicator.send_input({"type": "start"})
        said = [await communicator.receive_output() for _ in range(count)]
        assert await communicator.receive_nothing()
        return said


async def test_a_handler_is_told_what_was_lost(layer: InMemoryChannelLayer) -> None:
    """`channel_gap()` gets the event before the messages that are left."""
    assert await outputs(Attentive, 3) == [{"missed": 3, "because": "overflow"}, {"n": 3}, {"n": 4}]
    assert layer.stats().dropped_full == 3


async def test_the_oldest_messages_may_be_kept_instead() -> None:
    """With `overflow="drop_newest"` the new ones are lost, of which the handler is told as well."""
    layer = InMemoryChannelLayer(capacity=2, overflow="drop_newest")
    register_channel_layer("gap", layer)

    assert await outputs(Attentive, 3) == [{"missed": 3, "because": "overflow"}, {"n": 0}, {"n": 1}]
    assert layer.stats().dropped_full == 3


async def test_a_consumer_that_is_too_slow_may_fail_instead() -> None:
    """With `overflow="close"` it gets none of the messages, but an error."""
    register_channel_layer("gap", InMemoryChannelLayer(capacity=2, overflow="close"))

    with pytest.raises(ChannelFull, match="was not read in time; all its messages are lost"):
        await outputs(Attentive, 1)


async def test_without_a_handler_nothing_is_told(layer: InMemoryChannelLayer) -> None:
    """A consumer that does not know of gaps never gets an event that it could not handle."""
    assert await outputs(Silent, 2) == [{"n": 3}, {"n": 4}]
    assert layer.stats().dropped_full == 3


def test_a_gap_is_an_event_of_a_channel() -> None:
    """Handlers may ask for it by its type, like for any other event."""
    assert ChannelGap(reason="outage").to_message() == {
        "type": "channel.gap",
        "reason": "outage",
        "lost": None,
    }
