# Written by `nox -s generate`; changes made by hand are lost.

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, Generic, TypeAlias, overload
from typing_extensions import TypeVar
from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.annotations import members
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
    """Serves one WebSocket whose frames are JSON texts.

    `AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]` declares a protocol: `receive_json()` gets only
    valid `ClientMessage`s, and the client gets only `ServerMessage`s. Each is any type that pydantic can
    validate; the members of a union are distinguished by a common `Literal` field. Without type parameters
    every JSON value is a message, decoded and encoded by the `json` module.

    Attributes:
        strict_json: Whether client messages must have exactly the types of their JSON Schema; a string is
            then not accepted for a number, nor a number for a boolean. With `False` pydantic converts such
            values. The setting `strict` of a model or a field takes precedence.
        max_message_size: As in `AsyncWebsocketConsumer`, but the default is 64 KiB for a class that declares
            its messages.
    """
    strict_json: ClassVar[bool]
    """Whether client messages must have exactly the types of their JSON Schema; a string is then not accepted for a number, nor a number for a boolean. With `False` pydantic converts such values. The setting `strict` of a model or a field takes precedence."""
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
    ) -> Callable[[Answering[_Consumer, _Message, _Reply]], Answering[_Consumer, _Message, _Reply]]:
        """Return a decorator for a method that handles one kind of message.

            Contract = AsyncJsonWebsocketConsumer[Join | Say, Welcome | Said]

            class Chat(Contract):
                @Contract.receives(Join)
                async def on_join(self, message: Join) -> Welcome: ...

        The default `receive_json()` then calls the method of each message, and the return value is sent. A
        class with such methods, and without its own `receive_json()`, needs exactly one for each kind of
        message in `ClientMessage`; otherwise its definition raises a `TypeError` that names the missing ones.
        Some of the methods may be in a mixin that is not a consumer.

        Args:
            message: A member of `ClientMessage`. If it is a `Request`, the method returns a reply of the type
                that the request declares.
        """
    @overload
    @classmethod
    def receives(
        cls, message: type[_Message]
    ) -> Callable[
        [Receiver[_Consumer, _Message, ServerMessage]], Receiver[_Consumer, _Message, ServerMessage]
    ]:
        """Return a decorator for a method that handles one kind of message.

            Contract = AsyncJsonWebsocketConsumer[Join | Say, Welcome | Said]

            class Chat(Contract):
                @Contract.receives(Join)
                async def on_join(self, message: Join) -> Welcome: ...

        The default `receive_json()` then calls the method of each message, and the return value is sent. A
        class with such methods, and without its own `receive_json()`, needs exactly one for each kind of
        message in `ClientMessage`; otherwise its definition raises a `TypeError` that names the missing ones.
        Some of the methods may be in a mixin that is not a consumer.

        Args:
            message: A member of `ClientMessage`. If it is a `Request`, the method returns a reply of the type
                that the request declares.
        """
    @classmethod
    def _find_receivers(cls) -> None: ...
    @classmethod
    def _unhandled(cls) -> str | None: ...
    def _receiver_of(self, content: Any) -> str | None: ...
    def _prepare(self) -> None: ...
    async def receive_invalid(self, error: InvalidMessageError) -> None:
        """Handle a frame that is not a valid message.

        By default a consumer that declares its messages closes the WebSocket with `error.code` and logs one
        warning, and one that does not raises the error, unless the frame is larger than it allows.

        An override may answer, or ignore the frame. A reply that it sends gets the `correlation_field` of the
        frame, and `close()` shortens its reason to the 123 bytes that a close frame can contain.

        Args:
            error: What is wrong with the frame.
        """
    async def _refuse(self, error: InvalidMessageError, text: str | None = None) -> None: ...
    async def send_json(self, content: ServerMessage, close: bool = False) -> None:
        """Encode a message as JSON and send it in a text frame.

        Args:
            content: The message.
            close: Close the WebSocket afterwards, with this code or, if it is `True`, with 1000.

        Raises:
            LocalProtocolError: The content is not a declared server message, or the handshake has not been
                accepted.
            TypeError: The consumer declares no messages, and the value cannot be written as JSON.
            ConnectionClosed: The connection is closed.
        """
    @classmethod
    async def decode_json(cls, text_data: str) -> ClientMessage:
        """Return the message of a text frame.

        The result of an override is validated if the consumer declares its messages.

        Args:
            text_data: A JSON text.

        Raises:
            ValueError: The text is not JSON, or not a declared client message.
        """
    @classmethod
    async def encode_json(cls, content: ServerMessage) -> str:
        """Return a message as the text of a frame.

        Args:
            content: The message.

        Raises:
            LocalProtocolError: The content is not a declared server message.
            TypeError: The consumer declares no messages, and the value cannot be written as JSON.
        """
    @classmethod
    def _decode(cls, text: str) -> Any: ...
    @classmethod
    def _encode(cls, content: Any) -> str: ...
    async def _decoded(self, text: str) -> Any: ...
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Decode a frame, pass the message to `receive_json()` and, if typed, send the return value.

        A frame that is not a valid message is passed to `receive_invalid()` instead.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
            **kwargs: Passed on to `receive_json()`.
        """
    async def receive_json(self, content: ClientMessage, /) -> ServerMessage | None:
        """Handle a message of the client; by default, call its method that `receives()` has declared.

        Args:
            content: The message.
            **kwargs: Arguments that an override of `receive()` passes on.

        Returns:
            The reply, or `None`. A reply is sent if the consumer declares its messages.
        """
