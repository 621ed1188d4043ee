"""The common base of consumers that declare messages, for all formats of frames."""

import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from functools import partial
from types import NoneType
from typing import Any, ClassVar, TypeAlias, overload

from typing_extensions import TypeVar

from fast_channels.consumer.answering import AnsweringConsumer, ClientMessage, ServerMessage
from fast_channels.consumer.definition import RECEIVING, application_classes
from fast_channels.consumer.requests import Question, Requests
from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.messages.annotations import members
from fast_channels.messages.codec import Codec
from fast_channels.messages.generics import require_two_types, resolve_in, type_arguments
from fast_channels.messages.phase import check_phases, kinds_of
from fast_channels.messages.receivers import (
    Dispatch,
    Mode,
    check_receivers,
    dispatch,
    modes,
    named,
    receivers,
    receives,
)
from fast_channels.messages.request import Asking, reply_type
from fast_channels.type_defs import ASGIReceiveCallable

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

__all__ = ["ClientMessage", "MessageConsumer", "ServerMessage"]

_Consumer = TypeVar("_Consumer")
_Message = TypeVar("_Message")
_Reply = TypeVar("_Reply")
Answering: TypeAlias = Callable[[_Consumer, _Message], Coroutine[Any, Any, _Reply]]
Streaming: TypeAlias = Callable[[_Consumer, _Message], AsyncIterator[_Reply]]
Receiver: TypeAlias = Callable[[_Consumer, _Message], Coroutine[Any, Any, ServerMessage | None]]

MAX_DECLARED_MESSAGE = 64 * 1024
"""How many bytes a frame may have for a class that declares its messages, unless it says otherwise."""


class MessageConsumer(AnsweringConsumer[ClientMessage, ServerMessage]):
    """The base of consumers that declare their messages, for all formats of frames.

    Attributes:
        omit_none: Whether fields that are `None` are left out of sent messages. Items of lists and values of
            dictionaries are kept.
        phases: The phases of a connection, each with the messages that the client may send in it. Without
            phases, it may send all of them at any time. The first phase is the initial one; `enter()`
            begins another.
        max_concurrent: The largest number of concurrent handlers of a connection. When it is reached, frames
            of the client are not read.
        max_streams: The largest number of streams of a connection. One more is refused, like an invalid
            message.
        max_message_size: As in `AsyncWebsocketConsumer`, but the default is 64 KiB for a class that declares
            its messages.
    """

    omit_none: ClassVar[bool] = False
    max_message_size: int | None

    _receive: ClassVar[str]
    """The name of the method that gets every message, and finds its own method by default."""
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
        try:
            cls._find_phases()
        except NameError:
            # Not yet defined; looked at again when a connection begins.
            cls._unchecked = True

    @classmethod
    @abstractmethod
    def _codec_of(cls, declared: Callable[[], Any]) -> Codec:
        """Return what reads and writes the messages of a type."""

    @overload
    @classmethod
    def receives(
        cls, message: Asking[_Message, _Reply], *, concurrent: bool = False
    ) -> Callable[[Answering[_Consumer, _Message, _Reply]], Answering[_Consumer, _Message, _Reply]]: ...

    @overload
    @classmethod
    def receives(
        cls, message: type[_Message], *, concurrent: bool = False
    ) -> Callable[
        [Receiver[_Consumer, _Message, ServerMessage]], Receiver[_Consumer, _Message, ServerMessage]
    ]: ...

    @classmethod
    def receives(cls, message: Any, *, concurrent: bool = False) -> Any:
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
            concurrent: Whether the method runs in a task, so that the next messages are handled meanwhile. At
                most `max_concurrent` such tasks run. They are cancelled at the end of the connection.
        """
        return receives(message, Mode(concurrent=concurrent))

    @overload
    @classmethod
    def streams(
        cls, message: Asking[_Message, _Reply], *, cancel: type[ClientMessage] | None = None
    ) -> Callable[[Streaming[_Consumer, _Message, _Reply]], Streaming[_Consumer, _Message, _Reply]]: ...

    @overload
    @classmethod
    def streams(
        cls, message: type[_Message], *, cancel: type[ClientMessage] | None = None
    ) -> Callable[
        [Streaming[_Consumer, _Message, ServerMessage]], Streaming[_Consumer, _Message, ServerMessage]
    ]: ...

    @classmethod
    def streams(cls, message: Any, *, cancel: Any = None) -> Any:
        """Return a decorator for an async generator that yields several replies to one kind of message.

            class Prices(Contract):
                @Contract.streams(Subscribe, cancel=Unsubscribe)
                async def on_subscribe(self, message: Subscribe) -> AsyncIterator[Price]: ...

        The generator runs in a task, concurrently with the handlers. Each reply is checked, correlated and
        sent before the generator continues. The stream ends when the generator returns, when the client sends
        the message that cancels it, or with the connection; the generator is closed in its own task. At most
        `max_streams` streams run, and at most one for each value of the `correlation_field` of the message.

        Args:
            message: A member of `ClientMessage`. If it is a `Request`, the method yields replies of the type
                that the request declares.
            cancel: A member of `ClientMessage` without a method of its own, which ends the stream with the
                same value of the `correlation_field`. With `None`, the client cannot end a stream.
        """
        return receives(message, Mode(streams=True, cancel=cancel))

    @classmethod
    def _find_phases(cls) -> None:
        """Find out what reads the messages of each phase.

        Raises:
            NameError: A message is not yet defined.
            TypeError: The phases are not those of the messages.
        """
        cls._phases = {}
        if cls._client is not None and cls.phases and not getattr(cls, "__parameters__", None):
            check_phases(cls.__name__, cls.phases, members(cls._client.declared()))
            cls._phases = {phase: cls._codec_of(partial(kinds_of, phase)) for phase in cls.phases}

    @classmethod
    def _find_receivers(cls) -> None:
        names = receivers(cls.__mro__)
        cls._modes = modes(cls.__mro__)
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
        classes: Mapping[Any, str] = {} if cls._dispatch.tagged else cls._dispatch.classes
        cls._receivers = {kind: name for kind, name in classes.items() if name not in cls._modes}

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
            type(self)._unchecked = False
            self._find_receivers()
            self._find_phases()
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


def function_of(method: Any) -> Any:
    """Return the function of a method; an override need not be a class method."""
    return getattr(method, "__func__", method)
