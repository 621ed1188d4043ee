"""Starlette: nothing is validated, and a group is a list."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from benchmarks.contestant import Contestant
from benchmarks.messages import ANSWER_ACTION, TEXT

_members: list[WebSocket] = []


async def text(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(await websocket.receive_text())
    except WebSocketDisconnect:
        pass


async def json(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            message = await websocket.receive_json()
            await websocket.send_json({"action": ANSWER_ACTION, "payload": message["payload"]})
    except WebSocketDisconnect:
        pass


async def group(websocket: WebSocket) -> None:
    await websocket.accept()
    _members.append(websocket)
    try:
        await websocket.receive()
    finally:
        _members.remove(websocket)


async def http(request: Request) -> Response:
    return Response(await request.body(), media_type="application/octet-stream")


async def deliver() -> None:
    for websocket in _members:
        await websocket.send_text(TEXT)


_text = Starlette(routes=[WebSocketRoute("/", text)])

CONTESTANT = Contestant(
    {
        "text": _text,
        "json": Starlette(routes=[WebSocketRoute("/", json)]),
        "http": Starlette(routes=[Route("/", http, methods=["POST"])]),
        "connect": _text,
        "group": Starlette(routes=[WebSocketRoute("/", group)]),
    },
    {"group": deliver},
)
