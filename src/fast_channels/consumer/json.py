"""Consumers of WebSockets whose frames are JSON texts."""

import json
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from types import NoneType
from typing import Any, ClassVar, Generic, TypeAlias, overload

from pydantic import ValidationError
from typing_extensions import TypeVar

from fast_channels.consumer.definition import RECEIVING, application_classes
from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.consumer.websocket_life import Refusal, WebSocketLife
from fast_channels.events.close_codes import CloseCode
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.annotations import members
from fast_channels.messages.codec import (
    Codec,
    invalid_frame,
    not_a_message,
    not_json,
)
from fast_channels.messages.generics import require_two_types, resolve_in, type_arguments
from fast_channels.messages.receivers import Dispatch, check_receivers, dispatch, named, receivers, receives
from fast_channels.messages.request import Asking
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope

__all__ = ["AsyncJsonWebsocketConsumer"]

ClientMessage = TypeVar("ClientMessage", default=Any)
"""What the client may send."""

ServerMessage = TypeVar("ServerMessage", default=Any)
"""What the client may be sent."""

_Consumer = TypeVar("_Consumer")
_Message = TypeVar("_Message")
_Reply = TypeVar("_Reply")
Answering: TypeAlias = Callable[[_Consumer, _Message], Coroutine[Any, Any, _Reply]]
Receiver: TypeAlias = Callable[[_Consumer, _Message], Coroutine[Any, Any, ServerMessage | None]]

MAX_DECLARED_MESSAGE = 64 * 1024
"""How many bytes a frame may have for a class that declares its messages, unless it says otherwise."""


class _JsonLife(WebSocketLife["AsyncJsonWebsocketConsumer[Any, Any]"]):
    """What happens to one consumer of JSON texts."""

    __slots__ = ()

    def begin(
        self,
        consumer: "AsyncJsonWebsocketConsumer[Any, Any]",
        scope: ChannelScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        """Take over a connection, and look at what could not be seen before."""
        super().begin(consumer, scope, receive, send)
        consumer._prepare()  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler


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

    strict_json: ClassVar[bool] = True

    _life_class = _JsonLife
    _client: ClassVar[Codec | None] = None
    _server: ClassVar[Codec | None] = None
    _decodes: bool = False
    _encodes: bool = False
    _receivers: ClassVar[Mapping[Any, str]] = {}
    _dispatch: ClassVar[Dispatch | None] = None
    _unchecked: ClassVar[bool] = False

    def __class_getitem__(cls, types: Any) -> Any:
        # Here, because Python fills in the default of a type that is missing.
        if cls is AsyncJsonWebsocketConsumer:
            require_two_types(cls.__name__, types)
        # Checkers know of no such method of Generic.
        base: Any = super()
        return base.__class_getitem__(types)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        cls._client, cls._server = (
            None if argument is Any else Codec(partial(resolve_in, cls, argument), strict=cls.strict_json)
            for argument in type_arguments(cls, AsyncJsonWebsocketConsumer)
        )
        cls._declares_messages = cls._client is not None or cls._server is not None
        super().__init_subclass__(**kwargs)
        says = any(
            "max_message_size" in vars(base) for base in cls.__mro__ if base is not AsyncWebsocketConsumer
        )
        if cls._client is not None and not says:
            # What Channels code is sent may be of any size; what is validated costs more than its size.
            cls.max_message_size = MAX_DECLARED_MESSAGE
        cls._find_receivers()

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
    def receives(cls, message: Any) -> Any:
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
        return receives(message)

    @classmethod
    def _find_receivers(cls) -> None:
        names = receivers(cls.__mro__)
        cls._receivers = {kind: methods[0] for kind, methods in names.items()}
        # A class that leaves its messages open is a base of those that name them.
        is_open = bool(getattr(cls, "__parameters__", None))
        if not names or is_open:
            return
        if cls._client is None:
            raise TypeError(
                f"{cls.__name__} receives {', '.join(named(kind) for kind in names)}, and does not declare "
                "its messages: derive it from AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]"
            )
        try:
            messages = list(members(cls._client.declared()))
        except NameError:
            # Not yet defined; looked at again when a connection begins.
            cls._unchecked = True
            return
        cls._unchecked = False
        complete = cls.receive_json is AsyncJsonWebsocketConsumer.receive_json
        check_receivers(cls.__name__, names, messages, complete=complete)
        cls._dispatch = dispatch(cls.__name__, names, messages)
        cls._receivers = {} if cls._dispatch.tagged else cls._dispatch.classes

    @classmethod
    def _unhandled(cls) -> str | None:
        """Return what is wrong with a class whose clients may send what nothing handles, or `None`."""
        own = {name for base in application_classes(cls) for name in vars(base)}
        if cls._client is None or own & RECEIVING or receivers(cls.__mro__):
            return None
        try:
            kinds = cls._client.declared()
        except NameError:
            return None
        if kinds is NoneType:
            return None
        return "declares client messages, and no method handles them; write receive_json()"

    def _receiver_of(self, content: Any) -> str | None:
        dispatch = self._dispatch
        name = None if dispatch is None else dispatch.method(content)
        is_complete = _function(type(self).receive_json) is AsyncJsonWebsocketConsumer.receive_json
        if name is None and dispatch is not None and is_complete:
            # Some types of pydantic make instances of others.
            raise TypeError(f"no method of {type(self).__name__} receives a {type(content).__name__}")
        return name

    def _prepare(self) -> None:
        if self._unchecked:
            self._find_receivers()
        # Two coroutines less for each message where nobody has overridden them.
        self._decodes = _function(self.decode_json) is not _DECODE_JSON
        self._encodes = _function(self.encode_json) is not _ENCODE_JSON

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        """Decode a frame, pass the message to `receive_json()` and, if typed, send the return value.

        A frame that is not a valid message is passed to `receive_invalid()` instead.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
            **kwargs: Passed on to `receive_json()`.
        """
        try:
            if not text_data:
                raise invalid_frame(text_data)
            content = await self._decoded(text_data) if self._decodes else self._decode(text_data)
        except (ValueError, RecursionError) as error:
            invalid = _as_invalid(error, text_data)
        else:
            answer: Any = await self.receive_json(content, **kwargs)
            client = self._client
            if client is not None and client.requests:
                answer = client.reply(content, answer)
            if answer is not None and (client is not None or self._server is not None):
                await self.send_json(answer)
            return
        await self._refuse(invalid, text_data)

    async def receive_json(self, content: ClientMessage, **kwargs: Any) -> ServerMessage | None:
        """Handle a message of the client; by default, call its method that `receives()` has declared.

        Args:
            content: The message.
            **kwargs: Arguments that an override of `receive()` passes on.

        Returns:
            The reply, or `None`. A reply is sent if the consumer declares its messages.
        """
        name = self._receivers.get(type(content))
        if name is None and (name := self._receiver_of(content)) is None:
            return None
        answer: ServerMessage | None = await getattr(self, name)(content)
        return answer

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        """Handle a frame that is not a valid message.

        By default a consumer that declares its messages closes the WebSocket with `error.code` and logs one
        warning, and one that does not raises the error, unless the frame is larger than it allows.

        An override may answer, or ignore the frame. A reply that it sends gets the `correlation_field` of the
        frame, and `close()` shortens its reason to the 123 bytes that a close frame can contain.

        Args:
            error: What is wrong with the frame.
        """
        if self._client is None and error.code != CloseCode.MESSAGE_TOO_BIG.value:
            raise error
        await super()._refuse(error)

    async def _refuse(self, error: InvalidMessageError, text: str | None = None) -> None:
        client = self._client
        find = _no_correlation if client is None or text is None else partial(client.correlation, text)
        self._life.refusal = Refusal(find)
        try:
            await self.receive_invalid(error)
        finally:
            self._life.refusal = None

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
        text = await self.encode_json(content) if self._encodes else self._encode(content)
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
        return json.dumps(content) if cls._client is None else _ANY.encode(content)

    async def _decoded(self, text: str) -> Any:
        content = await self.decode_json(text)
        return content if self._client is None else self._client.check(content)


def _as_invalid(error: Exception, text: str | None) -> InvalidMessageError:
    """Return what is wrong with a frame that could not be decoded."""
    if isinstance(error, InvalidMessageError):
        return error
    if isinstance(error, ValidationError):
        return not_a_message(text or "", error)
    # A text that is nested too deeply for us is nothing that we can read either.
    return not_json(text or "", error)


def _no_correlation() -> None:
    """Find no field of a frame."""


def _function(method: Any) -> Any:
    # An override need not be a class method.
    return getattr(method, "__func__", method)


_ANY = Codec(lambda: Any)
"""Writes what a class sends that declares what it receives, and `Any` for what it sends."""

_DECODE_JSON = _function(AsyncJsonWebsocketConsumer.decode_json)
_ENCODE_JSON = _function(AsyncJsonWebsocketConsumer.encode_json)
