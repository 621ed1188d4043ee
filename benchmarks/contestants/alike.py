"""What is written alike for this library and for the published fast-channels."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.contestant import Application, Layer
from benchmarks.messages import EVENT, GROUP
from fast_channels.consumer import AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.layers import InMemoryChannelLayer, get_channel_layer, register_channel_layer


class Text(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data)


class TextLayer(Text):
    channel_layer_alias = "default"


class Group(AsyncWebsocketConsumer):
    channel_layer_alias = "default"
    groups = [GROUP]

    async def chat_message(self, event: Any) -> None:
        await self.send(text_data=event["text"])


class Http(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % len(body))]
        await self.send_response(200, body, headers=headers)


APPLICATIONS: dict[str, Application] = {
    "text": Text.as_asgi(),
    "text-layer": TextLayer.as_asgi(),
    "http": Http.as_asgi(),
    "connect": TextLayer.as_asgi(),
    "group": Group.as_asgi(),
}


def use(layer: Layer) -> None:
    register_channel_layer("default", layer)


@asynccontextmanager
async def running() -> AsyncGenerator[None]:
    use(InMemoryChannelLayer())
    yield


async def deliver() -> None:
    layer = get_channel_layer("default")
    assert layer is not None
    await layer.group_send(GROUP, EVENT)


def redis(kind: str, url: str, **options: Any) -> Layer:
    from fast_channels.layers import redis  # Not every interpreter has its extra.

    # The published layer cannot wait longer than redis-py's time-out, so it gets none.
    host = {"address": url, "socket_timeout": None}
    return getattr(redis, f"Redis{kind}ChannelLayer")(hosts=[host], **options)
