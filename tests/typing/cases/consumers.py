"""Consumers: what they send, what they know of their connection, and how they are made."""

from collections.abc import Mapping, Sequence
from typing import Any, assert_type

from fast_channels.consumer import AsyncConsumer, AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.consumer.base import ConsumerApplication
from fast_channels.events import (
    HttpRequestEvent,
    HttpResponseStartEvent,
    WebSocketReceiveEvent,
    WebSocketSendEvent,
)
from fast_channels.events.dicts import AsgiVersionsDict, HttpResponseStartEventDict


class Room(AsyncWebsocketConsumer):
    def __init__(self, room: str, size: int = 1) -> None:
        super().__init__()
        self.room = room

    async def connect(self) -> None:
        await self.accept("chat", [(b"a", b"b")])
        await self.accept(subprotocol=b"chat")  # E
        await self.accept(headers=[("a", "b")])  # E
        await self.close(4000, "because")
        await self.close("because")  # E
        await self.deny(401, body=b"")
        await self.deny(401, body="")  # E
        await self.send("text", close=True)
        await self.send("text", close=4000)  # E
        await self.send(bytes_data=b"")
        await self.send(text_data=b"")  # E
        await self.send(1)  # E
        await self.send(text="")  # E
        await self.send({"type": "websocket.send", "text": ""})  # E
        self.send("text")  # E
        await self.sends("text")  # E

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        text_data.upper()  # E
        await self.base_send({"type": "websocket.send", "text": ""})
        await self.base_send({"type": "websocket.send", "txt": ""})  # E
        await self.base_send({"type": "websocket.sent", "text": ""})  # E
        await self.base_send({"type": "websocket.close", "code": ""})  # E
        await self.base_send(WebSocketSendEvent(text=""))
        await self.base_send(WebSocketReceiveEvent(text=""))  # E

    async def disconnect(self, code: int) -> None:
        # An override may declare any mapping; so each type is joined by Any, and mistakes are still found.
        assert_type(self.scope["path"], str | Any)
        assert_type(self.scope.get("path"), str | Any)
        assert_type(self.scope.get("root_path", ""), str | Any)
        assert_type(self.scope.get("client"), tuple[str, int | None] | Any | None)
        assert_type(self.scope["asgi"], AsgiVersionsDict | Any)
        assert_type(self.scope["subprotocols"], Sequence[str] | Any)
        assert_type(self.scope["user"], Any)
        session = self.scope.get("session", {})
        assert_type(session, Any)
        length: int = self.scope["path"]  # E
        print(length, self.scope["subprotocols"][0].decode())  # E
        self.scope["user"] = code
        self.scope["path"].decode()  # E
        self.scope["query_string"].encode()  # E
        self.scope["client"][0]  # E
        self.scope["asgi"]["spec"]  # E
        self.channel_layer.group_sent  # E
        await self.channel_layer.group_send("room", {"type": "said"})
        await self.channel_layer.group_send({"type": "said"})  # E
        await self.channel_layer.group_add(1, self.channel_name)  # E
        self.channel_layer_alias = 1  # E
        self.groups = "room"  # E


assert_type(Room.as_asgi(room="lobby"), ConsumerApplication[Room])
assert_type(Room.as_asgi("lobby", size=2).consumer_class, type[Room])
Room.as_asgi()  # E
Room.as_asgi(rom="lobby")  # E
Room.as_asgi(room=1)  # E
Room.as_asgi(room="lobby").consumer_class = Room  # E
AsyncWebsocketConsumer.as_asgi(anything="goes")


class Upload(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        await self.send_response(200, body, headers=[(b"a", b"b")])
        await self.send_response(200, "text")  # E
        await self.send_response("200", body)  # E
        await self.send_headers(200)  # E
        await self.send_headers(status=200, headers={b"a": b"b"})  # E
        await self.send_headers(status=200, headers={"a": "b"})  # E
        await self.send_body(body, more_body=True)
        await self.send_body(body, True)  # E
        await self.send_bdy(body)  # E
        await self.send({"type": "http.response.start", "status": 200})
        await self.send({"type": "http.response.start", "status": "200"})  # E
        await self.send({"type": "http.response.start"})  # E
        await self.send({"type": "http.response.start", "status": 200, "header": []})  # E
        await self.send({"type": "http.response.bdy", "body": b""})  # E
        await self.send("text")  # E
        await self.send(HttpRequestEvent())  # E
        await self.send()  # E
        assert_type(self.scope["method"], str | Any)
        self.scope["method"].decode()  # E
        body.encode()  # E


async def forwards(
    consumer: AsyncConsumer, known: dict[str, Any], mapping: Mapping[str, Any], unknown: dict[str, object]
) -> None:
    """Whatever the checkers know nothing of is left to the check at run time."""
    await consumer.send(known)
    await consumer.send(mapping)
    await consumer.send({**known})
    await consumer.send(HttpResponseStartEvent(status=200))
    await consumer.send({"type": "mail.answer", "text": "of a protocol of its own"})
    await consumer.send(unknown)
    await consumer.send("text")  # E
    message: HttpResponseStartEventDict = {"type": "http.response.start", "status": 200}
    message["status"] = 404
    await consumer.send(message)
    await consumer.base_send(known)
    await consumer.base_send(mapping)
    await consumer.base_send(message)
    await consumer.dispatch({"type": "chat.message"})
    await consumer.dispatch("chat.message")  # E


class Handlers(AsyncWebsocketConsumer):
    async def websocket_receive(self, message: WebSocketReceiveEvent) -> None:
        assert_type(message["text"], str | None)
        message["text"].upper()  # E
        message.txt  # E
        await super().websocket_receive(message)


class Mistaken(AsyncWebsocketConsumer):
    async def connect(self, room: str) -> None: ...  # E

    def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None: ...  # E

    async def accept(self, headers: list[str]) -> None: ...  # E

    async def disconnect(self) -> None: ...  # E


class MistakenHttp(AsyncHttpConsumer):
    async def handle(self) -> None: ...  # E

    async def disconnect(self, code: int) -> None: ...  # E

    async def send(self, message: str) -> None: ...  # E


async def own_framework(consumer: AsyncConsumer, events: list[dict[str, Any]]) -> None:
    async def send(message: dict[str, Any]) -> None:
        events.append(message)

    consumer.base_send = send
    consumer.base_send = events.append  # E
    consumer.scope = {"type": "http"}
    consumer.scope = "http"  # E
