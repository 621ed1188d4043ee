"""Litestar: JSON is validated by msgspec, and a group is a channel of its plugin."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response, WebSocket, post, websocket
from litestar.channels import ChannelsPlugin
from litestar.channels.backends.memory import MemoryChannelsBackend
from litestar.exceptions import WebSocketDisconnect
from msgspec import Struct
from msgspec.json import Decoder, Encoder

from benchmarks.contestant import Contestant
from benchmarks.messages import GROUP, TEXT

_channels = ChannelsPlugin(MemoryChannelsBackend(), channels=[GROUP])


class Payload(Struct):
    room: str
    text: str


class Say(Struct, tag_field="action", tag="say"):
    payload: Payload


class Leave(Struct, tag_field="action", tag="leave"):
    pass


class Said(Struct, tag_field="action", tag="said"):
    payload: Payload


class Left(Struct, tag_field="action", tag="left"):
    pass


_question = Decoder(Say | Leave)
_answer = Encoder()


@websocket("/")
async def text(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass


@websocket("/")
async def json(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    try:
        while True:
            message = _question.decode(await socket.receive_text())
            answer = Said(message.payload) if isinstance(message, Say) else Left()
            await socket.send_text(_answer.encode(answer).decode())
    except WebSocketDisconnect:
        pass


@post("/", status_code=200, media_type="application/octet-stream")
async def http(request: Request[Any, Any, Any]) -> Response[bytes]:
    return Response(await request.body())


@websocket("/")
async def group(socket: WebSocket[Any, Any, Any], channels: ChannelsPlugin) -> None:
    await socket.accept()
    async with (
        channels.start_subscription([GROUP]) as subscriber,
        subscriber.run_in_background(socket.send_text),
    ):
        await socket.receive()


async def deliver() -> None:
    _channels.publish(TEXT, [GROUP])  # pyright: ignore[reportUnknownMemberType]  # Litestar's own types


@asynccontextmanager
async def running() -> AsyncGenerator[None]:
    async with _channels:
        yield


_group = Litestar([group], plugins=[_channels], logging_config=None)

CONTESTANT = Contestant(
    {
        "text": Litestar([text], logging_config=None),
        "json": Litestar([json], logging_config=None),
        "http": Litestar([http], logging_config=None),
        "connect": _group,
        "group": _group,
    },
    {"group": deliver},
    running,
)
