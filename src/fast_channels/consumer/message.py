"""Consumers of WebSockets whose frames have any format."""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from fast_channels.consumer.messages import ClientMessage, MessageConsumer, ServerMessage
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.codec import Codec
from fast_channels.messages.framing import FrameCodec, FramedCodec

__all__ = ["AsyncMessageConsumer"]


class AsyncMessageConsumer(MessageConsumer[ClientMessage, ServerMessage]):
    """Serves one WebSocket whose frames are decoded and encoded by a codec.

    `AsyncMessageConsumer[ClientMessage, ServerMessage]` declares a protocol, as `AsyncJsonWebsocketConsumer`
    does. Values must have exactly the types of the messages; a string is not accepted for a number. Dates,
    UUIDs and other types without an equivalent in JSON may also be strings, as in JSON.

    Attributes:
        codec: The codec of the frames, for example `MessagePack()`.
    """

    codec: ClassVar[FrameCodec]

    _receive = "receive_message"
    _incoming: ClassVar[FramedCodec]
    _outgoing: ClassVar[FramedCodec]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        anything = cls._codec_of(lambda: Any)
        cls._incoming, cls._outgoing = (
            one if isinstance(one, FramedCodec) else anything for one in (cls._client, cls._server)
        )

    @classmethod
    def _codec_of(cls, declared: Callable[[], Any]) -> FramedCodec:
        return FramedCodec(declared, lambda: cls.codec, omit_none=cls.omit_none)

    @classmethod
    def _unhandled(cls) -> str | None:
        if not hasattr(cls, "codec"):
            return "has no codec for its frames; set codec, for example to MessagePack()"
        return super()._unhandled()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Decode a frame, pass the message to `receive_message()` and, if typed, send the return value.

        A frame that is not a valid message is passed to `receive_invalid()` instead, and so is a message for
        which `receive_message()` raises an `InvalidMessageError`.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
        """
        frame = bytes_data if text_data is None else text_data
        try:
            if self._phases:
                content = self._in_phase(partial(_read, frame), frame)
            else:
                content = self._incoming.decode(frame)
        except InvalidMessageError as error:
            invalid = error
        else:
            try:
                answer: Any = await self.receive_message(content)
                if answer is None and self._life.deferred:
                    self._life.deferred = False
                    return
                answer = self._incoming.reply(content, answer)
                if answer is not None and self._declares_messages:
                    await self.send_message(answer)
            except Exception as error:
                await self._failed(content, error, frame)
            return
        try:
            await self._refuse(invalid)
        finally:
            # The error refers to this frame, which would refer to the error.
            del invalid

    async def receive_message(self, content: ClientMessage, /) -> ServerMessage | None:
        """Handle a message of the client; by default, call its method that `receives()` has declared.

        Args:
            content: The message.

        Returns:
            The reply, or `None`. A reply is sent if the consumer declares its messages.
        """
        name = self._receivers.get(type(content))
        answer: ServerMessage | None = (
            await self._handle_slowly(content) if name is None else await getattr(self, name)(content)
        )
        return answer

    async def send_message(self, content: ServerMessage, close: int | bool = False) -> None:
        """Encode a message and send it in a frame.

        Args:
            content: The message.
            close: Close the WebSocket afterwards, with this code or, if it is `True`, with 1000.

        Raises:
            LocalProtocolError: The content is not a declared server message, or the codec cannot encode it,
                or the handshake has not been accepted.
            ConnectionClosed: The connection is closed.
        """
        if self._life.refusal is not None:
            content = self._life.refusal.correlated(content)
        payload = self._outgoing.encode(content)
        if isinstance(payload, str):
            await super().send(text_data=payload)
        else:
            await super().send(bytes_data=payload)
        if close:
            await self.close(close)

    async def _send_message(self, message: ServerMessage) -> None:
        await self.send_message(message)

    @classmethod
    def _parsed(cls, frame: Any) -> Any:
        return cls.codec.decode(frame)


def _read(frame: Any, codec: Codec) -> Any:
    return codec.decode(frame)
