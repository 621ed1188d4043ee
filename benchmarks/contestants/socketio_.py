"""python-socketio: nothing is validated, every message is JSON in a protocol of its own."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from socketio import ASGIApp, AsyncServer

from benchmarks.contestant import Contestant, Dialect
from benchmarks.messages import ANSWER_ACTION, GROUP, PAYLOAD, TEXT

_server: Any = None


def _make() -> Any:
    made = AsyncServer(async_mode="asgi", transports=["websocket"], ping_interval=3600)

    @made.event
    async def connect(sid: str, environ: Any) -> None:
        await made.enter_room(sid, GROUP)

    @made.event
    async def echo(sid: str, data: str) -> None:
        await made.emit("echo", data, to=sid)

    @made.event
    async def say(sid: str, data: Any) -> None:
        await made.emit(ANSWER_ACTION, {"payload": data["payload"]}, to=sid)

    return made


async def application(scope: Any, receive: Any, send: Any) -> None:
    await _application(scope, receive, send)


@asynccontextmanager
async def running() -> AsyncGenerator[None]:
    global _server, _application
    _server = _make()
    _application = ASGIApp(_server)
    yield
    await _server.shutdown()


async def deliver() -> None:
    await _server.emit("echo", TEXT, room=GROUP)


CONTESTANT = Contestant(
    {"text": application, "json": application, "group": application},
    {"group": deliver},
    running,
    Dialect(
        "/socket.io/",
        "EIO=4&transport=websocket",
        "40",
        "40",
        "42",
        {
            "text": f"42{json.dumps(['echo', TEXT])}",
            "json": f"42{json.dumps(['say', {'payload': PAYLOAD}])}",
        },
    ),
)
