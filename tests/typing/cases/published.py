"""Every method of fast-channels 1.1.0, overridden with its published signature, which both checkers accept."""

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import ParseResult

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.layers import BaseChannelLayer, InMemoryChannelLayer
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from fast_channels.layers.redis.serializers import BaseMessageSerializer, JSONSerializer
from fast_channels.layers.registry import ChannelLayerRegistry
from fast_channels.middleware import BaseMiddleware, OriginValidator, WebsocketDenier
from fast_channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator
from fast_channels.testing.websocket import WebsocketConnectResponse
from fast_channels.type_defs import (
    ASGIApplication,
    ASGIReceiveCallable,
    ASGISendCallable,
    ChannelApplication,
    ChannelCapacityDict,
    ChannelHeaders,
    ChannelMessage,
    ChannelScope,
    CompiledChannelCapacities,
    HttpDisconnectEvent,
    HttpRequestEvent,
    HttpResponseBodyEvent,
    HttpResponseStartEvent,
    WebSocketAcceptEvent,
    WebSocketCloseEvent,
    WebSocketConnectEvent,
    WebSocketDisconnectEvent,
    WebSocketReceiveEvent,
)


class Base(AsyncConsumer):
    channel_layer_alias: str | None = None
    scope: ChannelScope
    channel_layer: BaseChannelLayer | None
    channel_name: str
    channel_receive: ASGIReceiveCallable
    base_send: ASGISendCallable

    async def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        self.scope = scope
        self.base_send = send
        await super().__call__(scope, receive, send)

    async def dispatch(self, message: ChannelMessage) -> None:
        await super().dispatch(message)

    async def send(self, message: ChannelMessage) -> None:
        await self.base_send(message)
        await super().send(message)

    # The one exception: it was published without *args, and has the arguments of the constructor for checkers.
    @classmethod
    def as_asgi(cls, *args: Any, **initkwargs: Any) -> Any:
        return super().as_asgi(*args, **initkwargs)


class Http(AsyncHttpConsumer):
    scope: MutableMapping[str, Any]
    base_send: ASGISendCallable
    body: list[bytes]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    async def send_headers(
        self, *, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        event: HttpResponseStartEvent = {
            "type": "http.response.start",
            "status": status,
            "headers": headers or [],
        }
        await self.send(event)
        await super().send_headers(status=status, headers=headers)

    async def send_body(self, body: bytes, *, more_body: bool = False) -> None:
        event: HttpResponseBodyEvent = {"type": "http.response.body", "body": body, "more_body": more_body}
        await self.send(event)
        await super().send_body(body, more_body=more_body)

    async def send_response(
        self, status: int, body: bytes, *, headers: list[tuple[bytes, bytes]] | None = None
    ) -> None:
        await super().send_response(status, body, headers=headers)

    async def send(self, message: ChannelMessage) -> None:
        await super().send(message)

    async def handle(self, body: bytes) -> None:
        await super().handle(body)

    async def disconnect(self) -> None:
        await super().disconnect()

    async def http_request(self, message: HttpRequestEvent) -> None:
        self.body.append(message["body"])
        await super().http_request(message)

    async def http_disconnect(self, message: HttpDisconnectEvent) -> None:
        await super().http_disconnect(message)


class WebSocket(AsyncWebsocketConsumer):
    scope: MutableMapping[str, Any]
    channel_layer: BaseChannelLayer | None
    groups: list[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    async def websocket_connect(self, message: WebSocketConnectEvent) -> None:
        if self.channel_layer is not None:
            await self.channel_layer.group_add("room", self.channel_name)
        await super().websocket_connect(message)

    async def connect(self) -> None:
        await super().connect()

    async def accept(self, subprotocol: str | None = None, headers: ChannelHeaders | None = None) -> None:
        event: WebSocketAcceptEvent = {
            "type": "websocket.accept",
            "subprotocol": subprotocol,
            "headers": headers or [],
        }
        await self.base_send(event)
        await super().accept(subprotocol, headers)

    async def websocket_receive(self, message: WebSocketReceiveEvent) -> None:
        if message["text"] is not None:
            await self.receive(text_data=message["text"])
        else:
            await self.receive(bytes_data=message["bytes"])
        await super().websocket_receive(message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await super().receive(text_data, bytes_data)

    async def send(
        self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
    ) -> None:
        await super().send(text_data, bytes_data, close)

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        event: WebSocketCloseEvent = {"type": "websocket.close", "code": 1000, "reason": reason}
        await self.base_send(event)
        await super().close(code, reason)

    async def websocket_disconnect(self, message: WebSocketDisconnectEvent) -> None:
        print(message["code"], message["reason"])
        await super().websocket_disconnect(message)

    async def disconnect(self, code: int) -> None:
        await super().disconnect(code)


class Json(AsyncJsonWebsocketConsumer):
    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        await super().receive(text_data, bytes_data, **kwargs)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        await super().receive_json(content, **kwargs)

    async def send_json(self, content: Any, close: bool = False) -> None:
        await super().send_json(content, close)

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        return await super().decode_json(text_data)

    @classmethod
    async def encode_json(cls, content: Any) -> str:
        return await super().encode_json(content)


class Mixin:
    """What a framework upon consumers declares of them."""

    scope: MutableMapping[str, Any]
    groups: list[str]
    channel_layer: Any
    channel_name: str


class Mixed(Mixin, AsyncJsonWebsocketConsumer): ...


class Layer(BaseChannelLayer):
    def __init__(
        self,
        expiry: float = 60,
        capacity: int = 100,
        channel_capacity: ChannelCapacityDict | None = None,
    ) -> None:
        super().__init__(expiry, capacity, channel_capacity)

    def compile_capacities(self, channel_capacity: ChannelCapacityDict) -> CompiledChannelCapacities:
        return super().compile_capacities(channel_capacity)

    def get_capacity(self, channel: str) -> int:
        return super().get_capacity(channel)

    def match_type_and_length(self, name: str | object) -> bool:
        return super().match_type_and_length(name)

    def require_valid_channel_name(self, name: str, receive: bool = False) -> bool:
        return super().require_valid_channel_name(name, receive)

    def require_valid_group_name(self, name: str) -> bool:
        return super().require_valid_group_name(name)

    def non_local_name(self, name: str) -> str:
        return super().non_local_name(name)

    async def send(self, channel: str, message: ChannelMessage) -> None:
        await super().send(channel, message)

    async def receive(self, channel: str) -> ChannelMessage:
        return await super().receive(channel)

    async def new_channel(self, prefix: str = "specific.") -> str:
        return await super().new_channel(prefix)

    async def flush(self) -> None:
        await super().flush()

    async def group_add(self, group: str, channel: str) -> None:
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await super().group_discard(group, channel)

    async def group_send(self, group: str, message: ChannelMessage) -> None:
        await super().group_send(group, message)


class Memory(InMemoryChannelLayer):
    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: ChannelCapacityDict | None = None,
    ) -> None:
        super().__init__(expiry, group_expiry, capacity, channel_capacity)

    async def send(self, channel: str, message: ChannelMessage) -> None:
        await super().send(channel, message)

    async def receive(self, channel: str) -> ChannelMessage:
        return await super().receive(channel)

    async def new_channel(self, prefix: str = "specific.") -> str:
        return await super().new_channel(prefix)

    async def flush(self) -> None:
        await super().flush()

    async def close(self) -> None:
        await super().close()

    async def group_add(self, group: str, channel: str) -> None:
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await super().group_discard(group, channel)

    async def group_send(self, group: str, message: ChannelMessage) -> None:
        await super().group_send(group, message)


class Queue(RedisChannelLayer):
    async def send(self, channel: str, message: ChannelMessage) -> None:
        await super().send(channel, message)

    async def receive(self, channel: str) -> ChannelMessage:
        return await super().receive(channel)

    async def new_channel(self, prefix: str = "specific") -> str:
        return await super().new_channel(prefix)

    async def flush(self) -> None:
        await super().flush()

    async def group_add(self, group: str, channel: str) -> None:
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        await super().group_discard(group, channel)

    async def group_send(self, group: str, message: ChannelMessage) -> None:
        await super().group_send(group, message)

    def serialize(self, message: ChannelMessage) -> bytes:
        return super().serialize(message)

    def deserialize(self, message: bytes) -> ChannelMessage:
        return super().deserialize(message)


class PubSub(RedisPubSubChannelLayer):
    def serialize(self, message: ChannelMessage) -> bytes:
        return super().serialize(message)

    def deserialize(self, message: bytes) -> ChannelMessage:
        return super().deserialize(message)


class Serializer(BaseMessageSerializer):
    def as_bytes(self, message: Any, *args: Any, **kwargs: Any) -> bytes:
        return b""

    def from_bytes(self, message: bytes, *args: Any, **kwargs: Any) -> Any:
        return message

    def serialize(self, raw_message: Any) -> bytes:
        return super().serialize(raw_message)

    def deserialize(self, message: bytes) -> Any:
        return super().deserialize(message)


class Json2(JSONSerializer):
    def as_bytes(self, raw_message: Any, *args: Any, **kwargs: Any) -> bytes:
        return super().as_bytes(raw_message, *args, **kwargs)


class Registry(ChannelLayerRegistry):
    def register(self, alias: str, layer: BaseChannelLayer) -> None:
        super().register(alias, layer)

    def unregister(self, alias: str) -> None:
        super().unregister(alias)

    def get(self, alias: str) -> BaseChannelLayer | None:
        return super().get(alias)

    def list_aliases(self) -> list[str]:
        return super().list_aliases()

    def clear(self) -> None:
        super().clear()

    def __contains__(self, alias: str) -> bool:
        return super().__contains__(alias)

    def __getitem__(self, alias: str) -> BaseChannelLayer:
        return super().__getitem__(alias)

    def __len__(self) -> int:
        return super().__len__()


class Middleware(BaseMiddleware):
    def __init__(self, inner: ChannelApplication) -> None:
        super().__init__(inner)

    async def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> ChannelApplication:
        answer: ChannelApplication = await super().__call__(scope, receive, send)
        return answer


class Origins(OriginValidator):
    def __init__(self, application: ChannelApplication, allowed_origins: Iterable[str]) -> None:
        super().__init__(application, allowed_origins)

    async def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Any:
        return await super().__call__(scope, receive, send)

    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        return super().valid_origin(parsed_origin)

    def validate_origin(self, parsed_origin: ParseResult | None) -> bool:
        return super().validate_origin(parsed_origin)

    def match_allowed_origin(self, parsed_origin: ParseResult | None, pattern: str) -> bool:
        return super().match_allowed_origin(parsed_origin, pattern)

    def get_origin_port(self, origin: ParseResult) -> int | None:
        return super().get_origin_port(origin)


class Denier(WebsocketDenier):
    async def connect(self) -> None:
        await super().connect()


class Application(ApplicationCommunicator):
    async def send_input(self, message: Any) -> None:
        await super().send_input(message)

    async def receive_output(self, timeout: float = 1) -> Any:
        return await super().receive_output(timeout)

    async def receive_nothing(self, timeout: float = 0.1, interval: float = 0.01) -> bool:
        return await super().receive_nothing(timeout, interval)

    async def wait(self, timeout: float = 1) -> None:
        await super().wait(timeout)

    def stop(self, exceptions: bool = True) -> None:
        super().stop(exceptions)


class HttpClient(HttpCommunicator):
    def __init__(
        self,
        application: ASGIApplication,
        path: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        super().__init__(application, path, method=method, body=body, headers=headers)

    async def send_request(self, *, more_body: bool = False) -> None:
        await super().send_request(more_body=more_body)

    async def get_response(self, timeout: float = 1) -> dict[str, Any]:
        response: dict[str, Any] = await super().get_response(timeout)
        return response


class WebSocketClient(WebsocketCommunicator):
    def __init__(
        self,
        application: ChannelApplication,
        path: str,
        headers: ChannelHeaders | None = None,
        subprotocols: Iterable[str] | None = None,
        spec_version: int | None = None,
    ) -> None:
        super().__init__(application, path, headers, subprotocols, spec_version)

    async def connect(self, timeout: float = 1) -> WebsocketConnectResponse:
        return await super().connect(timeout)

    async def send_to(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await super().send_to(text_data, bytes_data)

    async def send_json_to(self, data: Any) -> None:
        await super().send_json_to(data)

    async def receive_from(self, timeout: float = 1) -> str | bytes:
        return await super().receive_from(timeout)

    async def receive_json_from(self, timeout: float = 1) -> Any:
        return await super().receive_json_from(timeout)

    async def disconnect(self, code: int = 1000, timeout: float = 1) -> None:
        await super().disconnect(code, timeout)


def read(message: Mapping[str, Any]) -> WebSocketReceiveEvent:
    return {"type": "websocket.receive", "text": message["text"], "bytes": None}


def closed() -> WebSocketDisconnectEvent:
    return {"type": "websocket.disconnect", "code": 1000, "reason": None}
