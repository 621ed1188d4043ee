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

    `AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]` declares a protocol: `receive_json()` sees
    nothing that is not a `ClientMessage`, and the client nothing that is not a `ServerMessage`. Each is any
    type that pydantic can validate; the members of a union are told apart by a `Literal` field that they
    share. Without types every JSON value is a message, decoded and encoded by the `json` module.

    Attributes:
        strict_json: Whether strings are no numbers, numbers no booleans, and so on, in the messages of the
            client, as their JSON Schema says; a model or a field may have a setting of its own. With `False`
            pydantic converts what it can.
        max_message_size: As in `AsyncWebsocketConsumer`, but 64 KiB for a class that declares its messages
            and says nothing else.
    """
    strict_json: ClassVar[bool]
    """Whether strings are no numbers, numbers no booleans, and so on, in the messages of the client, as their JSON Schema says; a model or a field may have a setting of its own. With `False` pydantic converts what it can."""
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

        The default `receive_json()` then calls the method of each message, and what that returns is sent.
        A class that has such methods, and no `receive_json()` of its own, has exactly one for every kind of
        message that a client may send; otherwise its definition raises a `TypeError` that says which are
        missing. A part of them can be in a class that is no consumer.

        Args:
            message: A class: one of those that `ClientMessage` names. The method of a `Request` returns a
                reply that it asks for.
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

        The default `receive_json()` then calls the method of each message, and what that returns is sent.
        A class that has such methods, and no `receive_json()` of its own, has exactly one for every kind of
        message that a client may send; otherwise its definition raises a `TypeError` that says which are
        missing. A part of them can be in a class that is no consumer.

        Args:
            message: A class: one of those that `ClientMessage` names. The method of a `Request` returns a
                reply that it asks for.
        """
    @classmethod
    def _find_receivers(cls) -> None: ...
    @classmethod
    def _unhandled(cls) -> str | None: ...
    def _receiver_of(self, content: Any) -> str | None: ...
    def _prepare(self) -> None: ...
    async def receive_invalid(self, error: InvalidMessageError) -> None:
        """Decide what becomes of a frame that is not a message.

        By default a consumer that declares its messages closes the WebSocket with `error.code` and logs one
        warning, and one that does not raises the error, unless the frame is larger than it allows.

        An override may answer, or ignore the frame. What it sends gets the `correlation_field` of the frame,
        and a reason with which it closes is cut to what a close frame can hold.

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
            LocalProtocolError: It is not a message that the consumer declares, or the handshake has not
                been accepted.
            TypeError: The consumer declares none, and the value is nothing that JSON can say.
            ConnectionClosed: The connection is gone.
        """
    @classmethod
    async def decode_json(cls, text_data: str) -> ClientMessage:
        """Return the message that the text of a frame is.

        The result of an override is validated if the consumer declares its messages.

        Args:
            text_data: A JSON text.

        Raises:
            ValueError: The text is none, or not a message.
        """
    @classmethod
    async def encode_json(cls, content: ServerMessage) -> str:
        """Return a message as the text of a frame.

        Args:
            content: The message.

        Raises:
            LocalProtocolError: It is not a message that the consumer declares.
            TypeError: The consumer declares none, and the value is nothing that JSON can say.
        """
    @classmethod
    def _decode(cls, text: str) -> Any: ...
    @classmethod
    def _encode(cls, content: Any) -> str: ...
    async def _decoded(self, text: str) -> Any: ...
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Decode a frame, pass the message to `receive_json()` and, if typed, send what that returns.

        A frame that is no message is passed to `receive_invalid()` instead.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
            **kwargs: Passed on to `receive_json()`.
        """
    async def receive_json(self, content: ClientMessage, /) -> ServerMessage | None:
        """Handle a message of the client; by default with the method that `receives()` it, if any.

        Args:
            content: The message.
            **kwargs: Whatever an override of `receive()` passes on.

        Returns:
            The answer, or `None`; it is sent if the consumer declares its messages.
        """
