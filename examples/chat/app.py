"""The chat as an ASGI application, for any server."""

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
from examples.chat.rooms import Rooms
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer, unregister_channel_layer

PAGE = Path(__file__).with_name("page.html")


async def page(request: Request) -> FileResponse:
    """Serve the one page of the chat."""
    return FileResponse(PAGE)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    """Have a channel layer for as long as the application runs."""
    layer = InMemoryChannelLayer()
    register_channel_layer(RoomGroup.channel_layer_alias, layer)
    yield
    unregister_channel_layer(RoomGroup.channel_layer_alias)
    await layer.close()


def create_app() -> Starlette:
    """Make the application, with rooms of its own."""
    chat = handles_chat_consumer(ChatConsumer).as_asgi(rooms=Rooms())
    return Starlette(routes=[Route("/", page), WebSocketRoute("/ws/{room}", chat)], lifespan=lifespan)


app = create_app()
