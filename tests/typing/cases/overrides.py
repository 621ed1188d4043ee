"""What users write into their subclasses, and what both checkers have to accept without an ignore."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel
from typing_extensions import TypedDict

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.events import (
    HttpDisconnectEvent,
    HttpRequestEvent,
    WebSocketConnectEvent,
    WebSocketDisconnectEvent,
    WebSocketReceiveEvent,
)
from fast_channels.events.dicts import HttpResponseStartEventDict, WebSocketDisconnectEventDict
from fast_channels.messages import ChannelEvent
from fast_channels.testing import WebsocketCommunicator
from fast_channels.type_defs import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ChannelMessage,
    ChannelScope,
)


class Message(BaseModel):
    type: Literal["message"] = "message"
    text: str = ""


class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str = ""


class SaidDict(TypedDict):
    type: Literal["chat.said"]
    text: str


# Connect, accept and close.
class Connects(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await super().connect()


class Accepts(AsyncWebsocketConsumer):
    async def accept(self, subprotocol: str | None = None, headers: Any = None) -> None:
        await super().accept(subprotocol, headers)


class AcceptsAnything(AsyncWebsocketConsumer):
    async def accept(self, *args: Any, **kwargs: Any) -> None:
        await super().accept(*args, **kwargs)


class Closes(AsyncWebsocketConsumer):
    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        await super().close(code, reason)


class ClosesAnything(AsyncWebsocketConsumer):
    async def close(self, *args: Any, **kwargs: Any) -> None:
        await super().close(*args, **kwargs)


class Denies(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.deny(401, {b"www-authenticate": b"Bearer"})


# Frames.
class Receives(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await super().receive(text_data, bytes_data)


class ReceivesMore(AsyncWebsocketConsumer):
    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        await super().receive(text_data=text_data, bytes_data=bytes_data)


class Sends(AsyncWebsocketConsumer):
    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        await super().send(text_data=text_data, bytes_data=bytes_data, close=close)


class SendsMore(Sends):
    async def send(
        self,
        text_data: str | None = None,
        bytes_data: bytes | None = None,
        close: bool = False,
        *,
        priority: int = 0,
    ) -> None:
        await super().send(text_data, bytes_data, close)


class SendsAnything(AsyncWebsocketConsumer):
    async def send(self, *args: Any, **kwargs: Any) -> None:
        await super().send(*args, **kwargs)


# The end.
class Disconnects(AsyncWebsocketConsumer):
    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)


class DisconnectsAsChannels(AsyncWebsocketConsumer):
    async def disconnect(self, close_code: int) -> None:
        await super().disconnect(close_code)


class DisconnectsAnyhow(AsyncWebsocketConsumer):
    async def disconnect(self, _code: Any) -> None: ...


# The events themselves.
class Events(AsyncWebsocketConsumer):
    async def websocket_connect(self, message: WebSocketConnectEvent) -> None:
        await super().websocket_connect(message)

    async def websocket_receive(self, message: WebSocketReceiveEvent) -> None:
        text = message["text"] or message.get("text") or message.text
        if "text" in message and text:
            await self.send(text)
        await super().websocket_receive(message)

    async def websocket_disconnect(self, message: WebSocketDisconnectEvent) -> None:
        print({**message}, dict(message), message["code"] + message.code)
        await super().websocket_disconnect(message)


class EventsAsAny(AsyncWebsocketConsumer):
    async def websocket_connect(self, message: Any) -> None:
        await super().websocket_connect(message)

    async def websocket_receive(self, message: Any) -> None:
        await super().websocket_receive(message)


class EventsAsDictionaries(AsyncWebsocketConsumer):
    async def websocket_receive(self, message: dict[str, Any]) -> None:
        await super().websocket_receive(message)

    async def websocket_disconnect(self, message: WebSocketDisconnectEventDict) -> None:
        await super().websocket_disconnect(message)


class EventsAsMappings(AsyncWebsocketConsumer):
    async def websocket_receive(self, message: Mapping[str, Any]) -> None:
        await self.send(message["text"])

    async def websocket_disconnect(self, message: ChannelMessage) -> None:
        await self.disconnect(message["code"])


# Attributes.
class Attributes(AsyncWebsocketConsumer):
    groups = ["room"]
    channel_layer_alias = "default"


class Instance(AsyncWebsocketConsumer):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = ["room"]
        self.channel_layer_alias = None


class Annotated(AsyncWebsocketConsumer):
    channel_layer_alias: str | None = "default"
    groups: list[str] = ["room"]


class Layer(AsyncWebsocketConsumer):
    channel_layer_alias = "default"

    async def connect(self) -> None:
        await self.channel_layer.group_add("room", self.channel_name)
        await self.channel_layer.group_send("room", {"type": "chat.said", "text": ""})
        await self.accept()


class Scope(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.user = self.scope["user"]
        self.room: str = self.scope["url_route"]["kwargs"]["room"]
        self.scope["session"] = {"room": self.room, "headers": dict(self.scope["headers"])}
        await self.accept(next(iter(self.scope.get("subprotocols", [])), None))


# JSON.
class Json(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        await super().receive_json(content, **kwargs)
        await self.send_json({"echo": content})


class JsonDict(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: dict[str, Any]) -> None:
        await self.send_json(content["text"])


class JsonRenamed(AsyncJsonWebsocketConsumer):
    async def receive_json(self, data: dict[str, Any], **kwargs: Any) -> None:
        await self.send_json(data)


class JsonTyped(AsyncJsonWebsocketConsumer[Message, Message]):
    async def receive_json(self, content: Message, **kwargs: Any) -> Message | None:
        return content


class JsonTypedRenamed(AsyncJsonWebsocketConsumer[Message, Message]):
    async def receive_json(self, message: Message) -> Message:
        return message


class JsonTypedSilent(AsyncJsonWebsocketConsumer[Message, Message]):
    async def receive_json(self, content: Message) -> None:
        await self.send_json(content)


T = TypeVar("T", bound=BaseModel)


class JsonGeneric(AsyncJsonWebsocketConsumer[T, T], Generic[T]):
    async def receive_json(self, content: T) -> T | None:
        return content


class JsonSpecialised(JsonGeneric[Message]):
    async def receive_json(self, content: Message) -> Message | None:
        return await super().receive_json(content)


class JsonReceives(AsyncJsonWebsocketConsumer):
    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        await super().receive(text_data, bytes_data, **kwargs)


class JsonReceivesOnly(AsyncJsonWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await super().receive(text_data=text_data)


class JsonCodec(AsyncJsonWebsocketConsumer):
    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        return await super().decode_json(text_data)

    @classmethod
    async def encode_json(cls, content: Any) -> str:
        return await super().encode_json(content)


class JsonTypedCodec(AsyncJsonWebsocketConsumer[Message, Message]):
    @classmethod
    async def decode_json(cls, text_data: str) -> Message:
        return Message(text=text_data)

    @classmethod
    async def encode_json(cls, content: Message | str) -> str:
        return content if isinstance(content, str) else content.text


class JsonSends(AsyncJsonWebsocketConsumer):
    async def send_json(self, content: Any, close: bool = False) -> None:
        await super().send_json(content, close)


class JsonSendsDict(AsyncJsonWebsocketConsumer[Any, dict[str, Any]]):
    async def send_json(self, content: dict[str, Any], close: bool = False) -> None:
        await super().send_json({**content, "sent": True}, close=close)


# Events of the channel layer.
class Handlers(AsyncWebsocketConsumer):
    async def chat_said(self, event: Said) -> None:
        await self.send(event.text)

    async def chat_left(self, event: dict[str, Any]) -> None:
        await self.send(event["text"])

    async def chat_joined(self, event: Mapping[str, Any]) -> None:
        await self.send(event["text"])

    async def chat_typed(self, event: SaidDict) -> None:
        await self.send(event["text"])


class HandlersChanged(Handlers):
    async def chat_said(self, event: Said) -> None:
        await super().chat_said(event)


# HTTP.
class Http(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        await self.send_response(200, body, headers=[(b"content-type", b"text/plain")])

    async def disconnect(self) -> None:
        await super().disconnect()

    async def http_request(self, message: HttpRequestEvent) -> None:
        await super().http_request(message)

    async def http_disconnect(self, message: HttpDisconnectEvent) -> None:
        await super().http_disconnect(message)


class HttpAsMappings(AsyncHttpConsumer):
    max_body_size = 1024

    async def http_request(self, message: Mapping[str, Any]) -> None:
        await self.handle(message["body"])

    async def send_headers(self, *, status: int = 200, headers: Any = None) -> None:
        await super().send_headers(status=status, headers=headers)


class HttpStreams(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        start: HttpResponseStartEventDict = {"type": "http.response.start", "status": 200}
        await self.send(start)
        await self.send({"type": "http.response.body", "body": body, "more_body": True})
        await self.send_body(b"")


# The base.
class Base(AsyncConsumer):
    async def websocket_connect(self, event: WebSocketConnectEvent) -> None:
        await self.send({"type": "websocket.accept"})

    async def websocket_receive(self, event: Mapping[str, Any]) -> None:
        await self.send({"type": "websocket.send", "text": event["text"]})

    async def send(self, message: ChannelMessage) -> None:
        await super().send(message)

    async def dispatch(self, message: ChannelMessage) -> None:
        await super().dispatch(message)


class BaseAsAny(AsyncConsumer):
    async def send(self, message: Any) -> None:
        await super().send(message)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await super().__call__(scope, receive, send)


class BaseCalled(AsyncConsumer):
    async def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        self.scope = scope
        self.base_send = send
        await super().__call__(scope, receive, send)


class BaseSendsAnything(AsyncConsumer):
    async def send(self, *args: Any, **kwargs: Any) -> None:
        await super().send(*args, **kwargs)


# How consumers are made and used.
class Room(AsyncWebsocketConsumer):
    def __init__(self, room: str = "lobby") -> None:
        super().__init__()
        self.room = room


class Greets:
    name = "you"

    def greeting(self) -> str:
        return f"hello {self.name}"


class Greeting(Greets, AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
        await self.send(self.greeting())


class SendsWithCode(AsyncWebsocketConsumer):
    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool | int = False
    ) -> None:
        await super().send(text_data, bytes_data)


class Logs(AsyncWebsocketConsumer):
    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        print(text_data)
        await super().send(text_data, bytes_data, close)


class Both(Logs, AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: Any) -> None:
        await self.send_json(content)


def mounted(consumer: type[AsyncConsumer]) -> Any:
    return consumer.as_asgi()


def use(consumer: AsyncConsumer) -> None:
    if isinstance(consumer, AsyncWebsocketConsumer):
        consumer.groups.append("more")


mounted(Room)
mounted(Http)
Room.as_asgi(room="x")
WebsocketCommunicator(Room, "/")
