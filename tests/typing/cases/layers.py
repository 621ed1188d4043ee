"""Channel layers and their registry."""

from typing import Any, Literal, assert_type

from fast_channels.layers import (
    BaseChannelLayer,
    InMemoryChannelLayer,
    channel_layers,
    get_channel_layer,
    register_channel_layer,
)
from fast_channels.messages import ChannelEvent
from fast_channels.type_defs import ChannelMessage


class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str


async def use(layer: InMemoryChannelLayer) -> None:
    channel = await layer.new_channel()
    assert_type(channel, str)
    await layer.send(channel, {"type": "chat.said", "text": ""})
    await layer.send(channel, Said(text=""))
    await layer.send(channel)  # E
    await layer.send(1, {"type": "chat.said"})  # E
    await layer.group_send("room", Said(text=""))
    await layer.group_send("room", Said(text=1))  # E
    await layer.group_add("room")  # E
    await layer.group_remove("room", channel)  # E
    (await layer.receive(channel))["type"]
    await layer.receive()  # E
    assert_type(Said(text="").to_message(), dict[str, Any])


def make() -> None:
    InMemoryChannelLayer(expiry=1.5, capacity=10, channel_capacity={"http.*": 1})
    InMemoryChannelLayer(capacity="10")  # E
    InMemoryChannelLayer(capacities=10)  # E
    InMemoryChannelLayer(channel_capacity={1: "http.*"})  # E


def registry() -> None:
    register_channel_layer("default", InMemoryChannelLayer())
    register_channel_layer("default", InMemoryChannelLayer)  # E
    register_channel_layer(InMemoryChannelLayer(), "default")  # E
    assert_type(get_channel_layer("default"), BaseChannelLayer | None)
    get_channel_layer("default").group_send  # E
    assert_type(channel_layers["default"], BaseChannelLayer)
    assert_type(get_channel_layer(), BaseChannelLayer | None)


class Own(BaseChannelLayer):
    async def send(self, channel: str, message: ChannelMessage) -> None: ...

    async def receive(self, channel: str) -> dict[str, Any]:
        return {}

    async def group_send(self, group: str, message: dict[str, Any]) -> None: ...  # E

    async def new_channel(self, prefix: bytes = b"") -> str:  # E
        return ""


class OwnOfEvents(BaseChannelLayer):
    async def send(self, channel: str, message: ChannelMessage | ChannelEvent) -> None: ...
