"""Django Channels: nothing is validated."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings

settings.configure(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})

# Channels reads the settings while it is imported.
from channels.generic.http import AsyncHttpConsumer  # noqa: E402
from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer  # noqa: E402
from channels.layers import InMemoryChannelLayer, channel_layers, get_channel_layer  # noqa: E402

from benchmarks.contestant import Contestant, Layer  # noqa: E402
from benchmarks.messages import ANSWER_ACTION, EVENT, EVENT_JSON, GROUP  # noqa: E402

NO_LAYER = "none"


class Text(AsyncWebsocketConsumer):
    channel_layer_alias = NO_LAYER

    async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
        await self.send(text_data=text_data)


class TextLayer(Text):
    channel_layer_alias = "default"


class Json(AsyncJsonWebsocketConsumer):
    channel_layer_alias = NO_LAYER

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        await self.send_json({"action": ANSWER_ACTION, "payload": content["payload"]})


class Group(AsyncWebsocketConsumer):
    groups = [GROUP]

    async def chat_message(self, event: Any) -> None:
        await self.send(text_data=event["text"])


class GroupJson(AsyncJsonWebsocketConsumer):
    groups = [GROUP]

    async def chat_said(self, event: Any) -> None:
        await self.send_json(event)


class Http(AsyncHttpConsumer):
    channel_layer_alias = NO_LAYER

    async def handle(self, body: bytes) -> None:
        headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % len(body))]
        await self.send_response(200, body, headers=headers)


def use(layer: Layer) -> None:
    channel_layers.set("default", layer)


@asynccontextmanager
async def running() -> AsyncGenerator[None]:
    use(InMemoryChannelLayer())
    yield


async def deliver() -> None:
    await get_channel_layer().group_send(GROUP, EVENT)


async def deliver_json() -> None:
    await get_channel_layer().group_send(GROUP, EVENT_JSON)


def redis(kind: str, url: str, **options: Any) -> Layer:
    from channels_redis import core, pubsub

    host = {"address": url, "socket_timeout": None}
    return getattr(pubsub if kind else core, f"Redis{kind}ChannelLayer")(hosts=[host], **options)


CONTESTANT = Contestant(
    {
        "text": Text.as_asgi(),
        "text-layer": TextLayer.as_asgi(),
        "json": Json.as_asgi(),
        "http": Http.as_asgi(),
        "connect": TextLayer.as_asgi(),
        "group": Group.as_asgi(),
        "group-json": GroupJson.as_asgi(),
    },
    {"group": deliver, "group-json": deliver_json},
    running,
    use=use,
    redis=redis,
)
