"""The chat as an ASGI application, for any server."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route, WebSocketRoute

from examples.chat.chat_types import handles_chat_consumer
from examples.chat.consumer import ChatConsumer
from examples.chat.messages import RoomGroup
from examples.chat.redis_rooms import RedisRooms
from examples.chat.rooms import MemoryRooms
from fast_channels.layers import (
    InMemoryChannelLayer,
    RedisPubSubChannelLayer,
    register_channel_layer,
    unregister_channel_layer,
)

PAGE = Path(__file__).with_name("page.html")


async def page(request: Request) -> FileResponse:
    """Serve the one page of the chat."""
    return FileResponse(PAGE)


def create_app(redis: str | None = None) -> Starlette:
    """Make the application, with rooms in memory or in Redis.

    Args:
        redis: The URL of the Redis that several processes share; `None` for a single process.
    """
    layer = RedisPubSubChannelLayer([redis]) if redis else InMemoryChannelLayer()
    rooms = RedisRooms(redis) if redis else MemoryRooms()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        """Provide the channel layer and the rooms while the application runs."""
        register_channel_layer(RoomGroup.channel_layer_alias, layer)
        async with layer, rooms.kept():
            yield
        unregister_channel_layer(RoomGroup.channel_layer_alias)

    chat = handles_chat_consumer(ChatConsumer).as_asgi(rooms=rooms)
    return Starlette(routes=[Route("/", page), WebSocketRoute("/ws/{room}", chat)], lifespan=lifespan)


app = create_app(os.environ.get("CHAT_REDIS"))
