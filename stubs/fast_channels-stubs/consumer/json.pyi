# Written by `nox -s generate`; changes made by hand are lost.

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, Generic, TypeAlias, overload
from typing_extensions import TypeVar
from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.codec import (
    Codec,
    invalid_frame,
    not_a_message,
    not_json,
)
from fast_channels.messages.receivers import Dispatch, check_receivers, dispatch, named, receivers, receives
from fast_channels.messages.request import Asking

__all__ = ["AsyncJsonWebsocketConsumer"]
ClientMessage = TypeVar("ClientMessage", default=Any)
ServerMessage = TypeVar("ServerMessage", default=Any)
_Consumer = TypeVar("_Consumer")
_Message = TypeVar("_Message")
_Reply = TypeVar("_Reply")
Answering: TypeAlias = Callable[[_Consumer, _Message], Coroutine[Any, Any, _Reply]]
Receiver: TypeAlias = Callable[[_Consumer, _Message], Coroutine[Any, Any, ServerMessage | None]]
MAX_DECLARED_MESSAGE = 64 * 1024

class AsyncJsonWebsocketConsumer(AsyncWebsocketConsumer, Generic[ClientMessage, ServerMessage]):
    strict_json: ClassVar[bool]
    _client: ClassVar[Codec | None]
    _server: ClassVar[Codec | None]
    _decodes: bool
    _encodes: bool
    _receivers: ClassVar[Mapping[Any, str]]
    _dispatch: ClassVar[Dispatch | None]
    _unchecked: ClassVar[bool]
    def __class_getitem__(cls, types: Any) -> Any: ...
    def __init_subclass__(cls, **kwargs: Any) -> None: ...
    @overload
    @classmethod
    def receives(
        cls, message: Asking[_Message, _Reply]
    ) -> Callable[[Answering[_Consumer, _Message, _Reply]], Answering[_Consumer, _Message, _Reply]]: ...
    @overload
    @classmethod
    def receives(
        cls, message: type[_Message]
    ) -> Callable[
        [Receiver[_Consumer, _Message, ServerMessage]], Receiver[_Consumer, _Message, ServerMessage]
    ]: ...
    @classmethod
    def _find_receivers(cls) -> None: ...
    @classmethod
    def _unhandled(cls) -> str | None: ...
    def _receiver_of(self, content: Any) -> str | None: ...
    def _prepare(self) -> None: ...
    async def receive_invalid(self, error: InvalidMessageError) -> None: ...
    async def _refuse(self, error: InvalidMessageError, text: str | None = None) -> None: ...
    async def send_json(self, content: ServerMessage, close: bool = False) -> None: ...
    @classmethod
    async def decode_json(cls, text_data: str) -> ClientMessage: ...
    @classmethod
    async def encode_json(cls, content: ServerMessage) -> str: ...
    @classmethod
    def _decode(cls, text: str) -> Any: ...
    @classmethod
    def _encode(cls, content: Any) -> str: ...
    async def _decoded(self, text: str) -> Any: ...
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None: ...
    async def receive_json(self, content: ClientMessage, /) -> ServerMessage | None: ...
