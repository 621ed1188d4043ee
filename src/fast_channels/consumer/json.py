"""Consumers of WebSockets whose frames are JSON texts."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import ValidationError
from pydantic_core import from_json

from fast_channels.consumer.messages import ClientMessage, MessageConsumer, ServerMessage, function_of
from fast_channels.consumer.requests import Requests
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.codec import Codec
from fast_channels.messages.frames import invalid_frame, not_a_message, not_json
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

    strict_json: ClassVar[bool] = True

    _receive = "receive_json"
    _anything: ClassVar[Codec] = Codec(lambda: Any)
    """Writes what a class sends that declares what it receives, and `Any` for what it sends."""
    _decodes: bool = False
    _encodes: bool = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.omit_none != cls._anything.omit_none:
            cls._anything = Codec(lambda: Any, omit_none=cls.omit_none)

    @classmethod
    def _codec_of(cls, declared: Callable[[], Any]) -> Codec:
        return Codec(declared, strict=cls.strict_json, omit_none=cls.omit_none)

    def _prepare(self, receive: ASGIReceiveCallable) -> Requests | None:
        # Two coroutines less for each message where nobody has overridden them.
        self._encodes = function_of(self.encode_json) is not _ENCODE_JSON
        requests = super()._prepare(receive)
        self._decodes = bool(self._phases) or function_of(self.decode_json) is not _DECODE_JSON
        return requests

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        """Decode a frame, pass the message to `receive_json()` and, if typed, send the return value.

        A frame that is not a valid message is passed to `receive_invalid()` instead, and so is a message for
        which `receive_json()` raises an `InvalidMessageError`.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
            **kwargs: Passed on to `receive_json()`.
        """
        try:
            if not text_data:
                raise invalid_frame(text_data if bytes_data is None else bytes_data)
            content = await self._decoded(text_data) if self._decodes else self._decode(text_data)
        except (ValueError, RecursionError) as error:
            invalid = _as_invalid(error, text_data)
        else:
            client = self._client
            try:
                answer: Any = await self.receive_json(content, **kwargs)
                if answer is None and self._life.deferred:
                    self._life.deferred = False
                    return
                if client is not None and client.requests:
                    answer = client.reply(content, answer)
                if answer is not None and (client is not None or self._server is not None):
                    await self.send_json(answer)
            except Exception as error:
                await self._failed(content, error, text_data)
            return
        try:
            await self._refuse(invalid)
        finally:
            # The error refers to this frame, which would refer to the error.
            del invalid

    async def receive_json(self, content: ClientMessage, **kwargs: Any) -> ServerMessage | None:
        """Handle a message of the client; by default, call its method that `receives()` has declared.

        Args:
            content: The message.
            **kwargs: Arguments that an override of `receive()` passes on.

        Returns:
            The reply, or `None`. A reply is sent if the consumer declares its messages.
        """
        name = self._receivers.get(type(content))
        answer: ServerMessage | None = (
            await self._handle_slowly(content) if name is None else await getattr(self, name)(content)
        )
        return answer

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
        if self._life.refusal is not None:
            content = self._life.refusal.correlated(content)
        if self._encodes:
            text = await self.encode_json(content)
        else:
            # A call less than `_encode()` where the messages are declared.
            text = self._encode(content) if (server := self._server) is None else server.encode(content)
        await super().send(text_data=text, close=close)

    @classmethod
    async def decode_json(cls, text_data: str) -> ClientMessage:
        """Return the message of a text frame.

        The result of an override is validated if the consumer declares its messages.

        Args:
            text_data: A JSON text.

        Raises:
            ValueError: The text is not JSON, or not a declared client message.
        """
        decoded: ClientMessage = cls._decode(text_data)
        return decoded

    @classmethod
    async def encode_json(cls, content: ServerMessage) -> str:
        """Return a message as the text of a frame.

        Args:
            content: The message.

        Raises:
            LocalProtocolError: The content is not a declared server message.
            TypeError: The consumer declares no messages, and the value cannot be written as JSON.
        """
        return cls._encode(content)

    @classmethod
    def _decode(cls, text: str) -> Any:
        client = cls._client
        return json.loads(text) if client is None else client.decode(text)

    @classmethod
    def _encode(cls, content: Any) -> str:
        if (server := cls._server) is not None:
            return server.encode(content)
        return json.dumps(content) if cls._client is None else cls._anything.encode(content)

    async def _send_message(self, message: ServerMessage) -> None:
        await self.send_json(message)

    @classmethod
    def _parsed(cls, frame: Any) -> Any:
        if isinstance(frame, bytes):
            raise invalid_frame(frame)
        return from_json(frame)

    async def _decoded(self, text: str) -> Any:
        if function_of(self.decode_json) is _DECODE_JSON:
            return self._in_phase(lambda codec: codec.decode(text), text)
        content = await self.decode_json(text)
        if self._phases:
            return self._in_phase(lambda codec: codec.check(content), text)
        return content if self._client is None else self._client.check(content)


def _as_invalid(error: Exception, text: str | None) -> InvalidMessageError:
    """Return what is wrong with a frame that could not be decoded."""
    if isinstance(error, InvalidMessageError):
        return error
    if isinstance(error, ValidationError):
        return not_a_message(text or "", error)
    # A text that is nested too deeply for us is nothing that we can read either.
    return not_json(text or "", error)


_DECODE_JSON = function_of(AsyncJsonWebsocketConsumer.decode_json)
_ENCODE_JSON = function_of(AsyncJsonWebsocketConsumer.encode_json)
