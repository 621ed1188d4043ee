"""The communicators with which applications are tested."""

from typing import Any, assert_type

from fast_channels.consumer import AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.middleware import OriginValidator
from fast_channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator


class Room(AsyncWebsocketConsumer):
    def __init__(self, room: str) -> None:
        super().__init__()
        self.room = room


async def websockets() -> None:
    WebsocketCommunicator(AsyncWebsocketConsumer, "/")
    WebsocketCommunicator(AsyncWebsocketConsumer.as_asgi(), "/", headers={b"a": b"b"}, subprotocols=["chat"])
    WebsocketCommunicator(Room.as_asgi(room="lobby"), "/", client=("127.0.0.1", 1))
    WebsocketCommunicator(Room, "/")
    WebsocketCommunicator(OriginValidator(Room.as_asgi(room="lobby"), ["*"]), "/")
    WebsocketCommunicator("app", "/")  # E
    WebsocketCommunicator(AsyncWebsocketConsumer, b"/")  # E
    WebsocketCommunicator(AsyncWebsocketConsumer)  # E
    WebsocketCommunicator(AsyncWebsocketConsumer, "/", headers={"a": "b"})  # E
    WebsocketCommunicator(AsyncWebsocketConsumer, "/", clients=None)  # E
    WebsocketCommunicator(AsyncWebsocketConsumer, "/", client="127.0.0.1")  # E
    async with WebsocketCommunicator(AsyncWebsocketConsumer, "/") as websocket:
        assert_type(websocket, WebsocketCommunicator)
        await websocket.send_to("text")
        await websocket.send_to(b"bytes")  # E
        await websocket.send_to(data="text")  # E
        await websocket.send_json_to({"any": "thing"})
        assert_type(await websocket.receive_from(timeout=1), str | bytes)
        (await websocket.receive_from()).encode()  # E
        await websocket.receive_from(timeout="1")  # E
        assert_type(await websocket.receive_close(), tuple[int, str])
        assert_type(await websocket.receive_json_from(), Any)
        connected, answer = await websocket.connect()
        assert_type(connected, bool)
        assert_type(answer, int | str | None)
        answer + 1  # E
        await websocket.receive_text()  # E
        await websocket.disconnect("normal")  # E
        websocket.receive_from()  # E


async def http() -> None:
    communicator = HttpCommunicator(AsyncHttpConsumer, "/", method="POST", body=b"")
    response = await communicator.get_response()
    assert_type(response, dict[str, Any])
    HttpCommunicator(AsyncHttpConsumer, "/", body="text")  # E
    ApplicationCommunicator(AsyncHttpConsumer, {"type": "http"})
    ApplicationCommunicator(AsyncHttpConsumer)  # E
    ApplicationCommunicator(AsyncHttpConsumer, "http")  # E
