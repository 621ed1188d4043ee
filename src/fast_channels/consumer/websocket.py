"""Consumers of WebSockets."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import partial
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, overload

from pydantic import ValidationError
from typing_extensions import TypeVar

from fast_channels.consumer.base import LEAVING, LIVE, AsyncConsumer, steering
from fast_channels.consumer.cleanup import clean_up
from fast_channels.consumer.definition import RECEIVING, application_classes, require_names, require_two_types
from fast_channels.consumer.inbox import Inbox, Origin
from fast_channels.consumer.params import JSON_HEADERS, error_body
from fast_channels.consumer.unanswered import unanswered
from fast_channels.events import WebSocketConnectEvent, WebSocketDisconnectEvent, WebSocketReceiveEvent
from fast_channels.exceptions import (
    AcceptConnection,
    DenyConnection,
    InvalidChannelLayerError,
    InvalidMessageError,
    InvalidParamsError,
    MessageValueError,
    StopConsumer,
    close_reason,
)
from fast_channels.messages.annotations import members
from fast_channels.messages.codec import (
    MESSAGE_TOO_BIG,
    Codec,
    exceeds,
    invalid_frame,
    not_a_message,
    not_json,
    taking_over,
    too_big,
)
from fast_channels.messages.generics import resolve_in, type_arguments
from fast_channels.messages.receivers import Dispatch, check_receivers, dispatch, receivers, receives
from fast_channels.messages.request import Asking
from fast_channels.protocol.websocket import HANDSHAKE, OPEN

__all__ = ["AsyncJsonWebsocketConsumer", "AsyncWebsocketConsumer"]

logger = logging.getLogger("fast_channels.consumer")

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

DENIAL = "websocket.http.response"
NORMAL_CLOSURE = 1000
INTERNAL_ERROR = 1011

_UNANSWERED = "connect() of %s returned without accept(), close() or deny()"


class AsyncWebsocketConsumer(AsyncConsumer):
    """Serves one WebSocket: `connect()`, `receive()` for every frame, and `disconnect()` exactly once.

    Attributes:
        groups: The channel-layer groups that the consumer joins when it accepts the connection and leaves
            when it ends. A class attribute is copied for each consumer; a property works too.
        handshake_grace: Seconds after which a warning is logged about a handshake that `connect()` has left
            unanswered, `None` for no warning.
        max_message_size: How many bytes a frame of the client may have, `None` for no limit but that of the
            server. A larger one closes the WebSocket with 1009 before anything of it is read.
    """

    groups: list[str]
    max_message_size: int | None = None
    handshake_grace: ClassVar[float | None] = 5.0
    _protocol = "websocket"
    _computes_groups: ClassVar[bool]
    _handshake_timer: asyncio.TimerHandle | None = None
    _owns_groups: bool = False
    _asked: bool = False
    _denied: bool = False
    _refusal: "_Refusal | None" = None

    async def websocket_connect(self, message: WebSocketConnectEvent) -> None:
        """Let `connect()` answer the handshake. ASGI, "Connect - receive event"."""
        if self._asked:
            logger.debug("websocket.connect for the second time; ignored")
            return
        self._asked = True
        try:
            await self.connect()
        except (AcceptConnection, DenyConnection) as answer:
            await self._answer(answer)
        except BaseExceptionGroup as group:
            await self._answer(steering(group))
        connection = self._connection
        if connection is None or connection.state != HANDSHAKE:
            return
        told = unanswered.get()
        if told is not None:
            told.append(_UNANSWERED % self)
        if self.handshake_grace is not None:
            loop = asyncio.get_running_loop()
            self._handshake_timer = loop.call_later(self.handshake_grace, self._warn_of_handshake)

    async def _answer(self, answer: BaseException) -> None:
        """Do what `connect()` has raised an exception for, or raise what is none of these."""
        if isinstance(answer, AcceptConnection):
            await self.accept()
        elif not isinstance(answer, DenyConnection):
            raise answer
        elif answer.status is None:
            await self.close()
        else:
            await self.deny(answer.status, answer.headers, answer.body)

    def _warn_of_handshake(self) -> None:
        if self._connection is not None and self._connection.state == HANDSHAKE:
            logger.warning(f"{_UNANSWERED}; the client has waited %g s", self, self.handshake_grace)

    async def connect(self) -> None:
        """Answer the handshake; accepts by default.

        An override calls `accept()`, `close()` or `deny()`, or raises `AcceptConnection` or
        `DenyConnection`. It may also answer later, from another handler.
        """
        await self.accept()

    async def accept(
        self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Complete the handshake, and join the groups that `groups` names. ASGI, "Accept - send event".

        Args:
            subprotocol: One of the subprotocols that the client offers, `None` for none.
            headers: Headers of the response, as pairs or as a mapping.

        Raises:
            LocalProtocolError: The handshake has been answered already, or the client did not offer
                the subprotocol.
            InvalidChannelLayerError: There are groups, and no channel layer.
            ConnectionClosed: The client has left.
        """
        event: dict[str, Any] = {"type": "websocket.accept"}
        if subprotocol is not None:
            event["subprotocol"] = subprotocol
        if headers is not None:
            # Read once: it is checked twice.
            event["headers"] = headers if isinstance(headers, list) else tuple(header_pairs(headers))
        groups = self.groups
        if not groups:
            await self.base_send(event)
            return
        require_names(type(self).__name__, groups)
        if self._connection is not None:
            self._connection.send(event, move=False)
        try:
            # Joined before the client knows, so that it misses nothing that is sent after it knows.
            await self._join_groups(groups)
            await self.base_send(event)
        except BaseException as error:
            if self._connection is not None and self._connection.state == OPEN:
                raise
            await clean_up([self._discard_groups], error)

    async def deny(
        self,
        status: int = 403,
        headers: Iterable[tuple[bytes, bytes]] | Mapping[bytes, bytes] | None = None,
        body: bytes = b"",
    ) -> None:
        """Refuse the handshake with an HTTP response. ASGI extension "Websocket Denial Response".

        Where the server does not offer the extension, the client gets a plain 403.

        Args:
            status: HTTP status code.
            headers: Headers of the response, as pairs or as a mapping.
            body: Body of the response.

        Raises:
            LocalProtocolError: The handshake has been answered already.
            ConnectionClosed: The client has left.
        """
        if self._connection is None or not self._connection.offers(DENIAL):
            await self.close()
            return
        await self.base_send({"type": f"{DENIAL}.start", "status": status, "headers": header_pairs(headers)})
        await self.base_send({"type": f"{DENIAL}.body", "body": body})
        # After such a response some servers never say that the client is gone.
        self._denied = True

    async def websocket_receive(self, message: WebSocketReceiveEvent) -> None:
        """Pass a frame to `receive()`. ASGI, "Receive - receive event"."""
        text = message.get("text")
        limit = self.max_message_size
        payload = text if text is not None else message.get("bytes") or b""
        if limit is not None and exceeds(payload, limit):
            await self._refuse(too_big(payload, limit))
        elif text is not None:
            await self.receive(text_data=text)
        else:
            await self.receive(bytes_data=message.get("bytes"))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Handle a frame of the client: exactly one of the arguments is given.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
        """

    async def send(
        self,
        text_data: str | None = None,
        bytes_data: bytes | None = None,
        close: bool = False,
    ) -> None:
        """Send a frame to the client. ASGI, "Send - send event".

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
            close: Close the WebSocket afterwards, with this code or, if it is `True`, with 1000.

        Raises:
            ValueError: Not exactly one of `text_data` and `bytes_data` is given.
            LocalProtocolError: The handshake has not been accepted, or the payload is of a wrong type.
            ConnectionClosed: The connection is gone.
        """
        if bytes_data is None and text_data is not None:
            await self.base_send({"type": "websocket.send", "text": text_data})
        elif text_data is None and bytes_data is not None:
            await self.base_send({"type": "websocket.send", "bytes": bytes_data})
        else:
            raise ValueError("You must pass one of bytes_data or text_data")
        if close:
            await self.close(close)

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        """Close the WebSocket, or refuse the handshake while it is open. ASGI, "Close - send event".

        Closing what is closed does nothing.

        Args:
            code: Close code of RFC 6455, section 7.4; `None` and booleans mean 1000.
            reason: Why, at most 123 bytes of UTF-8.

        Raises:
            LocalProtocolError: The code may not be sent, or the reason is too long; within
                `receive_invalid()` it is cut instead.
        """
        if reason is not None and self._refusal is not None and self._refusal.is_current():
            reason = close_reason(reason)
        sent = NORMAL_CLOSURE if code is None or isinstance(code, bool) else code
        await self.base_send({"type": "websocket.close", "code": sent, "reason": reason})

    async def websocket_disconnect(self, message: WebSocketDisconnectEvent) -> None:
        """Let `disconnect()` clean up; the groups are left afterwards. ASGI, "Disconnect - receive event".

        Raises:
            StopConsumer: Always, at the end.
        """
        await self._websocket_disconnect(message)
        raise StopConsumer

    async def params_invalid(self, error: InvalidParamsError) -> None:
        """Refuse a handshake whose parameters do not fit `Params`: 422, or 403 without denial responses.

        Args:
            error: What is wrong with them; the response is a JSON object with its errors.
        """
        await self.deny(422, JSON_HEADERS, error_body(error))

    if TYPE_CHECKING:
        # Overrides call the argument what they like, and it is passed by position.
        async def disconnect(self, code: int, /) -> None:
            """Clean up; nothing can be sent any more."""

    else:

        async def disconnect(self, code: int) -> None:
            """Clean up; nothing can be sent any more.

            Called exactly once for each connection whose `connect()` began, however it ended.

            Args:
                code: Close code of RFC 6455, section 7.4: 1005 when there was none, 1006 when the connection
                    was lost or the server stopped the consumer, 1011 when a handler raised.
            """

    async def _refuse(self, error: InvalidMessageError) -> None:
        """Close the WebSocket because of a frame."""
        logger.warning("%s closes a WebSocket: %s; the frame began with %s", self, error, error.excerpt)
        await self.close(error.code)

    async def _websocket_disconnect(self, message: Mapping[str, Any]) -> None:
        given = message.get("code")
        await self._disconnect_once(1005 if given is None else given)

    @classmethod
    def _set_up(cls) -> None:
        super()._set_up()
        groups: object = getattr(cls, "groups", None)
        cls._computes_groups = hasattr(groups, "__get__")
        require_names(cls.__name__, groups)

    def _furnish(self) -> None:
        self._owns_groups = True
        # A property, or whatever else computes the groups, is asked when they are needed.
        if self._computes_groups:
            return
        declared: Any = getattr(self, "groups", None)
        require_names(type(self).__name__, declared)
        self.groups = list(declared or ())

    def _prepare(self) -> None:
        self._asked = self._denied = False
        # A subclass may have an __init__ that does not call ours.
        if not self._owns_groups:
            self._furnish()

    async def _settle(self, error: BaseException, event: Mapping[str, Any], origin: Origin) -> None:
        if isinstance(error, MessageValueError) and self._connection and self._connection.state == OPEN:
            # A client chose the value, and must not be able to fill the log with tracebacks.
            logger.warning("%s closes a WebSocket, and cannot send on what it was sent: %s", self, error)
            await self.close(INTERNAL_ERROR)
        else:
            await super()._settle(error, event, origin)

    def _is_over(self) -> bool:
        return self._denied

    def _code_of_end(self, inbox: Inbox, error: BaseException | None) -> int:
        return 1006 if self._denied else super()._code_of_end(inbox, error)

    def _may_be_member(self) -> bool:
        if not LIVE <= self._phase < LEAVING or self._layer() is None:
            return False
        return self._computes_groups or bool(self._joined or self.groups)

    async def _join_groups(self, groups: Iterable[str]) -> None:
        layer = self._layer()
        for group in groups:
            if layer is None:
                raise InvalidChannelLayerError(
                    f"{type(self).__name__} has groups and no channel layer; set channel_layer_alias"
                )
            await layer.group_add(group, self.channel_name)

    def _group_names(self) -> Iterable[str]:
        return dict.fromkeys((*self.groups, *super()._group_names()))

    def _run_disconnect(self, code: int) -> Awaitable[None]:
        if self._handshake_timer is not None:
            self._handshake_timer.cancel()
        return self.disconnect(code)


class _Refusal:
    """That a consumer is told of a frame that is no message, and may answer.

    Args:
        correlation: Finds the field that tells to which frame an answer belongs, and its value.
    """

    __slots__ = ("_correlation", "_task")

    def __init__(self, correlation: Callable[[], tuple[str, Any] | None]) -> None:
        self._correlation = correlation
        self._task = asyncio.current_task()

    def is_current(self) -> bool:
        """Tell whether it is the hook that runs, and not a task of the application beside it."""
        return asyncio.current_task() is self._task

    def correlated(self, reply: Any) -> Any:
        """Return a reply with the field that tells to which frame it belongs, if there is one that fits."""
        correlation = self._correlation() if self.is_current() else None
        if correlation is None:
            return reply
        try:
            return taking_over(reply, *correlation)
        except ValidationError:
            # It is one more thing that is wrong with the frame.
            return reply


def header_pairs(
    headers: Iterable[tuple[bytes, bytes]] | Mapping[bytes, bytes] | None,
) -> Any:
    """Return headers as ASGI wants them; Channels lets them be a mapping, or absent."""
    pairs: Any = [] if headers is None else headers
    # To ask an abstract class takes longer than all the rest.
    if isinstance(headers, list) or not isinstance(headers, Mapping):
        return pairs
    return dict(pairs).items()


class AsyncJsonWebsocketConsumer(AsyncWebsocketConsumer, Generic[ClientMessage, ServerMessage]):
    """Serves one WebSocket whose frames are JSON texts.

    `AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]` declares a protocol: `receive_json()` sees
    nothing that is not a `ClientMessage`, and the client nothing that is not a `ServerMessage`. Each is any
    type that pydantic can validate; the members of a union are told apart by a `Literal` field that they
    share. Without types every JSON value is a message, decoded and encoded by the `json` module.

    Attributes:
        strict_json: Whether texts are no numbers, numbers no booleans, and so on, in the messages of the
            client, as their JSON Schema says; a model or a field may have a setting of its own. With `False`
            pydantic converts what it can.
        max_message_size: As in `AsyncWebsocketConsumer`, but 64 KiB for a class that declares its messages
            and says nothing else.
    """

    strict_json: ClassVar[bool] = True

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
        super().__init_subclass__(**kwargs)
        cls._client, cls._server = (
            None if argument is Any else Codec(partial(resolve_in, cls, argument), strict=cls.strict_json)
            for argument in type_arguments(cls, AsyncJsonWebsocketConsumer)
        )
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

        The default `receive_json()` then calls the method of each message, and what that returns is sent.
        A class that has such methods, and no `receive_json()` of its own, has exactly one for every kind of
        message that a client may send; otherwise its definition raises a `TypeError` that says which are
        missing. A part of them can be in a class that is no consumer.

        Args:
            message: A class: one of those that `ClientMessage` names. The method of a `Request` returns a
                reply that it asks for.
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
                f"{cls.__name__} receives {', '.join(kind.__name__ for kind in names)}, and does not declare "
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
        return "clients may send messages; write receive_json() to handle them"

    def _receiver_of(self, content: Any) -> str | None:
        dispatch = self._dispatch
        name = None if dispatch is None else dispatch.method(content)
        is_complete = _function(type(self).receive_json) is AsyncJsonWebsocketConsumer.receive_json
        if name is None and dispatch is not None and is_complete:
            # Some types of pydantic make instances of others.
            raise TypeError(f"no method of {type(self).__name__} receives a {type(content).__name__}")
        return name

    def _prepare(self) -> None:
        super()._prepare()
        if self._unchecked:
            self._find_receivers()
        # Two coroutines less for each message where nobody has overridden them.
        self._decodes = _function(self.decode_json) is not _DECODE_JSON
        self._encodes = _function(self.encode_json) is not _ENCODE_JSON

    if TYPE_CHECKING:
        # The documented **kwargs are for overrides, which need not have them.
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            """Decode a frame and pass the message to `receive_json()`."""

        async def receive_json(self, content: ClientMessage, /) -> ServerMessage | None:
            """Handle a message of the client."""

    else:

        async def receive(
            self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
        ) -> None:
            """Decode a frame, pass the message to `receive_json()` and, if typed, send what that returns.

            A frame that is no message is passed to `receive_invalid()` instead.

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
            """Handle a message of the client; by default with the method that `receives()` it, if any.

            Args:
                content: The message.
                **kwargs: Whatever an override of `receive()` passes on.

            Returns:
                The answer, or `None`; it is sent if the consumer declares its messages.
            """
            name = self._receivers.get(type(content))
            if name is None and (name := self._receiver_of(content)) is None:
                return None
            return await getattr(self, name)(content)

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        """Decide what becomes of a frame that is not a message.

        By default a consumer that declares its messages closes the WebSocket with `error.code` and logs one
        warning, and one that does not raises the error, unless the frame is larger than it allows.

        An override may answer, or ignore the frame. What it sends gets the `correlation_field` of the frame,
        and a reason with which it closes is cut to what a close frame can hold.

        Args:
            error: What is wrong with the frame.
        """
        if self._client is None and error.code != MESSAGE_TOO_BIG:
            raise error
        await super()._refuse(error)

    async def _refuse(self, error: InvalidMessageError, text: str | None = None) -> None:
        client = self._client
        find = _no_correlation if client is None or text is None else partial(client.correlation, text)
        self._refusal = _Refusal(find)
        try:
            await self.receive_invalid(error)
        finally:
            self._refusal = None

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
        if self._refusal is not None:
            content = self._refusal.correlated(content)
        text = await self.encode_json(content) if self._encodes else self._encode(content)
        await super().send(text_data=text, close=close)

    @classmethod
    async def decode_json(cls, text_data: str) -> ClientMessage:
        """Return the message that the text of a frame is.

        The result of an override is validated if the consumer declares its messages.

        Args:
            text_data: A JSON text.

        Raises:
            ValueError: The text is none, or not a message.
        """
        decoded: ClientMessage = cls._decode(text_data)
        return decoded

    @classmethod
    async def encode_json(cls, content: ServerMessage) -> str:
        """Return a message as the text of a frame.

        Args:
            content: The message.

        Raises:
            LocalProtocolError: It is not a message that the consumer declares.
            TypeError: The consumer declares none, and the value is nothing that JSON can say.
        """
        return cls._encode(content)

    @classmethod
    def _declares(cls) -> bool:
        return cls._client is not None or cls._server is not None or super()._declares()

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
