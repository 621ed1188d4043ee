"""What is written alike for this library and for the published fast-channels."""

from typing import Any, ClassVar

from fast_channels.consumer import AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.layers import InMemoryChannelLayer, get_channel_layer, register_channel_layer
from messages import EVENT, GROUP


class Text(AsyncWebsocketConsumer):
    async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
        await self.send(text_data=text_data)


class TextLayer(Text):
    channel_layer_alias = "default"


class Group(AsyncWebsocketConsumer):
    channel_layer_alias = "default"
    groups: ClassVar[list[str]] = [GROUP]

    async def chat_message(self, event: Any) -> None:
        await self.send(text_data=event["text"])


class Http(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % len(body))]
        await self.send_response(200, body, headers=headers)


APPLICATIONS = {
    "text": Text.as_asgi(),
    "text-layer": TextLayer.as_asgi(),
    "http": Http.as_asgi(),
    "connect": TextLayer.as_asgi(),
    "group": Group.as_asgi(),
}


def reset() -> None:
    register_channel_layer("default", InMemoryChannelLayer())


async def deliver() -> None:
    layer = get_channel_layer("default")
    assert layer is not None
    await layer.group_send(GROUP, EVENT)
