"""What consumers of messages have in common, whatever the form of their frames."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from types import NoneType
from typing import Any, ClassVar, Generic, TypeAlias, overload

from typing_extensions import TypeVar

from fast_channels.consumer.backpressure import READ_AHEAD
from fast_channels.consumer.definition import RECEIVING, application_classes
from fast_channels.consumer.inbox import Origin
from fast_channels.consumer.requests import READ_WHILE_ASKING, Question, Requests
from fast_channels.consumer.steering import is_steering, single
from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.consumer.websocket_life import Refusal, WebSocketLife
from fast_channels.events.close_codes import CloseCode
from fast_channels.exceptions import ConnectionClosed, InvalidMessageError, ReplyError
from fast_channels.messages.annotations import members
from fast_channels.messages.codec import Codec
from fast_channels.messages.frames import with_frame
from fast_channels.messages.generics import require_two_types, resolve_in, type_arguments
from fast_channels.messages.receivers import Dispatch, check_receivers, dispatch, named, receivers, receives
from fast_channels.messages.request import Asking, reply_type
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

__all__ = ["ClientMessage", "MessageConsumer", "ServerMessage"]

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


class MessageLife(WebSocketLife["MessageConsumer[Any, Any]"]):
    """What happens to one consumer of messages.

    Attributes:
        requests: What the client is being asked, `None` for a class that declares no requests to it.
    """

    __slots__ = ("requests",)

    requests: Requests | None

    def prepare(self, consumer: "MessageConsumer[Any, Any]") -> None:
        """Give a consumer nothing to ask before its connection."""
        super().prepare(consumer)
        self.requests = None

    def begin(
        self,
        consumer: "MessageConsumer[Any, Any]",
        scope: ChannelScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        """Take over a connection, and look at what could not be seen before."""
        super().begin(consumer, scope, receive, send)
        requests = self.requests = consumer._prepare(receive)  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
        if requests is not None:
            self.inbox.receive = requests.receive

    async def request(
        self, consumer: "MessageConsumer[Any, Any]", message: Any, timeout: float | None
    ) -> Any:
        """Ask the client something, and return its reply."""
        requests = self.requests
        if requests is None:
            kind = type(message).__name__
            raise TypeError(f"{type(consumer).__name__} declares no {kind} that asks its client for a reply")
        pending = requests.ask(message, timeout)
        # The reply may come behind other messages.
        self.inbox.allow(READ_WHILE_ASKING)
        try:
            await consumer._send_message(pending.message)  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
            return await pending.reply
        finally:
            requests.finish(pending)
            if not requests.pending:
                self.inbox.allow(READ_AHEAD)

    async def handle_error(
        self,
        consumer: "MessageConsumer[Any, Any]",
        error: BaseException,
        event: Mapping[str, Any],
        origin: Origin,
    ) -> None:
        """Leave it to the error of a server that has failed to end the connection, which is the first."""
        if not (isinstance(error, ConnectionClosed) and self.inbox.lost):
            await super().handle_error(consumer, error, event, origin)

    def retire(self) -> None:
        """Begin the end, and wait for no reply any more."""
        super().retire()
        if self.requests is not None:
            self.requests.end()


class MessageConsumer(AsyncWebsocketConsumer, Generic[ClientMessage, ServerMessage]):
    """The base of consumers that declare their messages, whatever the format of their frames.

    Attributes:
        omit_none: Whether fields that are `None` are left out of sent messages. Items of lists and values of
            dictionaries are kept.
        max_message_size: As in `AsyncWebsocketConsumer`, but the default is 64 KiB for a class that declares
            its messages.
    """

    omit_none: ClassVar[bool] = False
    max_message_size: int | None

    _life_class = MessageLife
    _life: MessageLife  # pyright: ignore[reportIncompatibleVariableOverride]  # set once, by `__new__`, and never assigned: narrower is safe
    _receive: ClassVar[str]
    """The name of the method that gets every message, and finds its own method by default."""
    _client: ClassVar[Codec | None] = None
    _server: ClassVar[Codec | None] = None
    _receivers: ClassVar[Mapping[Any, str]] = {}
    _dispatch: ClassVar[Dispatch | None] = None
    _unchecked: ClassVar[bool] = False
    _asked: ClassVar[Mapping[Any, Question] | None] = None

    def __class_getitem__(cls, types: Any) -> Any:
        # Here, because Python fills in the default of a type that is missing.
        if MessageConsumer in cls.__bases__:
            require_two_types(cls.__name__, types)
        # Checkers know of no such method of Generic.
        base: Any = super()
        return base.__class_getitem__(types)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        cls._client, cls._server = (
            None if argument is Any else cls._codec_of(partial(resolve_in, cls, argument))
            for argument in type_arguments(cls, MessageConsumer)
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

    @classmethod
    @abstractmethod
    def _codec_of(cls, declared: Callable[[], Any]) -> Codec:
        """Return what reads and writes the messages of a type."""

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

        The default `receive_json()` (or `receive_message()`) then calls the method of each message, and the
        return value is sent. A class with such methods, and without its own `receive_json()`, needs exactly
        one for each kind of message in `ClientMessage`; otherwise its definition raises a `TypeError` that
        names the missing ones. Some of the methods may be in a mixin that is not a consumer.

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
                f"its messages: derive it from {cls._documented().__name__}[ClientMessage, ServerMessage]"
            )
        try:
            messages = list(members(cls._client.declared()))
        except NameError:
            # Not yet defined; looked at again when a connection begins.
            cls._unchecked = True
            return
        cls._unchecked = False
        check_receivers(cls.__name__, names, messages, receive=cls._receive, complete=cls._is_complete())
        cls._dispatch = dispatch(cls.__name__, names, messages, receive=cls._receive)
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
        return f"declares client messages, and no method handles them; write {cls._receive}()"

    @classmethod
    def _documented(cls) -> type:
        """Return the class of the library that an application has derived the class from."""
        return next(base for base in cls.__mro__ if MessageConsumer in base.__bases__)

    @classmethod
    def _is_complete(cls) -> bool:
        """Tell whether every message goes to the method that receives it, and none to an override."""
        return getattr(cls, cls._receive) is getattr(cls._documented(), cls._receive)

    def _receiver_of(self, content: Any) -> str | None:
        dispatch = self._dispatch
        name = None if dispatch is None else dispatch.method(content)
        if name is None and dispatch is not None and self._is_complete():
            # Some types of pydantic make instances of others.
            raise TypeError(f"no method of {type(self).__name__} receives a {type(content).__name__}")
        return name

    def _prepare(self, receive: ASGIReceiveCallable) -> Requests | None:
        """Look at what could not be seen before; returns what can be asked of the client, if anything."""
        if self._unchecked:
            self._find_receivers()
        server = self._server
        if server is None or not server.requests:
            return None
        return Requests(self._questions(), receive, self._parsed, self._client, self.max_message_size)

    @classmethod
    def _questions(cls) -> Mapping[Any, Question]:
        """Return what the client may be asked, found out once for each class."""
        found: Mapping[Any, Question] | None = vars(cls).get("_asked")
        if found is None:
            server = cls._server
            found = cls._asked = {
                kind: Question(kind.__name__, one.field, one.key, cls._codec_of(partial(reply_type, kind)))
                for kind, one in (() if server is None else server.requests.items())
            }
        return found

    async def request(self, message: Asking[ServerMessage, _Reply], timeout: float | None) -> _Reply:
        """Ask the client something, and wait for its reply.

        The message is one that the class declares among what it sends, and that names its reply by
        `Request[...]` and a `correlation_field`. Where it does not set that field, a number is put there that
        is unique in the connection. Meanwhile the client is read, but no message of it is handled before the
        handler that waits has returned.

        Args:
            message: The request.
            timeout: How many seconds to wait for the reply, `None` for as long as the connection lasts.

        Returns:
            The reply, an instance of its type.

        Raises:
            TimeoutError: No reply has come in time. One that comes later is logged as a warning.
            ConnectionClosed: The connection is gone, or ends before the reply comes.
            InvalidMessageError: What the client has replied is not of the type.
            LocalProtocolError: It is not a message that the consumer declares, the handshake has not been
                accepted, or a request with the same value of the field waits already.
            TypeError: The message asks for no reply, or names no `correlation_field`.
        """
        reply: _Reply = await self._life.request(self, message, timeout)
        return reply

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        """Handle a frame that is not a valid message, or for which a handler raised an `InvalidMessageError`.

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

    async def handler_failed(self, message: ClientMessage, error: Exception) -> ServerMessage | None:
        """Decide what becomes of an error that a handler of the client's messages has raised.

        By default it ends the connection, with the close code 1011. An override may return a reply instead,
        which is checked, correlated and sent as if the handler had returned it; the connection goes on. The
        error is then in no log, unless the override writes it there.

        Neither an `InvalidMessageError` comes here, which `receive_invalid()` decides about, nor a
        `ReplyError`, nor what only ends a handler, such as `ConnectionClosed`; nor does any error of a class
        that declares no messages.

        Args:
            message: The message.
            error: What its handler raised, or what is wrong with the reply that it gave.

        Returns:
            The reply, `None` for none.
        """
        try:
            raise error
        finally:
            # The error refers to this frame, which would refer to the error.
            del error

    async def _failed(
        self, message: ClientMessage, error: Exception, frame: str | bytes | None
    ) -> InvalidMessageError | None:
        """Answer a message whose handler has failed; returns the error if that is about the message."""
        try:
            if not self._declares_messages or is_steering(error):
                raise error
            error = single(error)
            if isinstance(error, InvalidMessageError):
                return with_frame(error, frame, self._parsed)
            if isinstance(error, ReplyError):
                await self._answer(message, error.reply)
            else:
                await self._answer(message, await self.handler_failed(message, error))
            return None
        finally:
            del error

    async def _answer(self, message: ClientMessage, answer: Any) -> None:
        """Send what has been answered to a message, if anything."""
        if self._client is not None:
            answer = self._client.reply(message, answer)
        if answer is not None:
            await self._send_message(answer)

    async def _send_message(self, message: ServerMessage) -> None:
        """Send a message."""
        raise NotImplementedError

    @classmethod
    def _parsed(cls, frame: Any) -> Any:
        """Return the value that a frame is."""
        raise NotImplementedError

    async def _refuse(self, error: InvalidMessageError) -> None:
        requests = self._life.requests
        if requests is not None and (what := requests.passed(error)) is not None:
            logger.warning("%s drops %s", self, what)
            return
        client = self._client
        self._life.refusal = Refusal(lambda: None if client is None else client.correlation(error.value))
        try:
            await self.receive_invalid(error)
        finally:
            self._life.refusal = None


def function_of(method: Any) -> Any:
    """Return the function of a method; an override need not be a class method."""
    return getattr(method, "__func__", method)
