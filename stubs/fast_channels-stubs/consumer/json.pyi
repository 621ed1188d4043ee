# Written by `nox -s generate`; changes made by hand are lost.

import json
from collections.abc import Callable
from typing import Any, ClassVar
from fast_channels.consumer.messages import ClientMessage, MessageConsumer, ServerMessage, function_of
from fast_channels.consumer.requests import Requests
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.codec import Codec
from fast_channels.type_defs import ASGIReceiveCallable

__all__ = ["AsyncJsonWebsocketConsumer"]

class AsyncJsonWebsocketConsumer(MessageConsumer[ClientMessage, ServerMessage]):
    """Serves one WebSocket whose frames are JSON texts.

    `AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]` declares a protocol: `receive_json()` gets only
    valid `ClientMessage`s, and the client gets only `ServerMessage`s. Each is any type that pydantic can
    validate; the members of a union are distinguished by a common `Literal` field. Without type parameters
    every JSON value is a message, decoded and encoded by the `json` module.

    Attributes:
        strict_json: Whether client messages must have exactly the types of their JSON Schema; a string is
            then not accepted for a number, nor a number for a boolean. With `False` pydantic converts such
            values. The setting `strict` of a model or a field takes precedence.
        omit_none: Whether fields that are `None` are left out of sent messages. Items of lists and values of
            dictionaries are kept.
        max_message_size: As in `AsyncWebsocketConsumer`, but the default is 64 KiB for a class that declares
            its messages.
    """
    strict_json: ClassVar[bool]
    """Whether client messages must have exactly the types of their JSON Schema; a string is then not accepted for a number, nor a number for a boolean. With `False` pydantic converts such values. The setting `strict` of a model or a field takes precedence."""
    _anything: ClassVar[Codec]
    _decodes: bool
    _encodes: bool
    def __init_subclass__(cls, **kwargs: Any) -> None: ...
    @classmethod
    def _codec_of(cls, declared: Callable[[], Any]) -> Codec: ...
    def _prepare(self, receive: ASGIReceiveCallable) -> Requests | None: ...
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
    async def _send_message(self, message: ServerMessage) -> None: ...
    @classmethod
    def _parsed(cls, frame: Any) -> Any: ...
    async def _decoded(self, text: str) -> Any: ...
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Decode a frame, pass the message to `receive_json()` and, if typed, send the return value.

        A frame that is not a valid message is passed to `receive_invalid()` instead, and so is a message for
        which `receive_json()` raises an `InvalidMessageError`.

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
