"""The base of all consumers: one object per connection, whose methods handle its events."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Iterable, Iterator, Mapping, MutableMapping
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar
from weakref import WeakSet

from pydantic import BaseModel, ValidationError

from fast_channels.consumer.cleanup import Step, clean_up, rest
from fast_channels.consumer.definition import RECEIVING, require_constructor, require_methods
from fast_channels.consumer.foreign import ANSWERS, LIFESPAN, Answer
from fast_channels.consumer.handlers import (
    ASGI_HANDLERS,
    Handler,
    build_table,
    handler_name,
    no_handler,
    not_that_event,
)
from fast_channels.consumer.inbox import LAST, LAYER, Inbox, InboxByTurns, Origin
from fast_channels.consumer.params import ParamsReader
from fast_channels.events import EVENTS, AsgiEvent
from fast_channels.events.wire import Lazy, Validator, model_validator, wire_validator
from fast_channels.exceptions import (
    AcceptConnection,
    ConnectionClosed,
    DenyConnection,
    InvalidChannelLayerError,
    InvalidEventError,
    InvalidParamsError,
    MessageValueError,
    StopConsumer,
)
from fast_channels.layers import BaseChannelLayer, get_channel_layer
from fast_channels.layers.registry import require_channel_layer
from fast_channels.messages import Group
from fast_channels.messages.annotations import local_names, unchanged
from fast_channels.protocol import CONNECTIONS, GONE, Connection
from fast_channels.type_defs import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ChannelMessage,
    ChannelScope,
    GivenArgument,
    GivenReceive,
    GivenScope,
    GivenSend,
)
from fast_channels.untrusted import printable, shown

__all__ = ["AsyncConsumer", "ConsumerApplication", "get_handler_name"]

logger = logging.getLogger("fast_channels.consumer")

WORKER = "channel"
"""The type of the scope that a worker gives its consumers."""

NO_STATUS = 1005
ABNORMAL = 1006
INTERNAL_ERROR = 1011

CRASH_CLOSE_SECONDS = 2.0
"""How long the close frame of a consumer that has failed may take: a client that does not read gets none."""

SENDS_PER_TURN = 32
"""After how many events that a handler has sent the event loop gets its turn."""


class Phase(IntEnum):
    """How far the life of a consumer's connection is; it only goes forward."""

    NEW = 0
    """There is no connection yet."""
    OPENING = 1
    """No event has been handled."""
    LIVE = 2
    """Events are handled; `disconnect()` is owed."""
    ENDING = 3
    """`disconnect()` has begun."""
    LEAVING = 4
    """The groups are being left, and the channel is being released."""
    OVER = 5
    """Nothing of the connection is left."""


# Asked for with every connection, and the members of an Enum are slow to find.
NEW, OPENING, LIVE, ENDING, LEAVING, OVER = Phase

_NO_GROUPS: Mapping[str, "Group[Any, Any]"] = MappingProxyType({})

_DONE: Any = object()
_STEERING = (AcceptConnection, ConnectionClosed, DenyConnection, StopConsumer)

_C_co = TypeVar("_C_co", bound="AsyncConsumer", covariant=True)
_LIBRARY: set[type] = set()
_WARNED: WeakSet[type] = WeakSet()
"""The classes whose mistakes have been logged, where once is enough."""


def get_handler_name(message: ChannelMessage) -> str:
    """Return the name of the method that handles a message: its type, with underscores for dots.

    Raises:
        InvalidEventError: The message has no type, or one that could name a private method.
    """
    if "type" not in message:
        raise InvalidEventError("Incoming message has no 'type' attribute", event=message)
    type_ = message["type"]
    if not isinstance(type_, str):
        text = f"Malformed type in message (a string is needed, not {shown(type_)})"
        raise InvalidEventError(text, event=message)
    name = handler_name(type_)
    if name.startswith("_"):
        raise InvalidEventError("Malformed type in message (leading underscore)", event=message)
    return name


def _is_scope(value: Any) -> bool:
    # Asked in this way a checker goes on to know nothing of it, in place of a part.
    return issubclass(type(value), MutableMapping) and value.get("type") in CONNECTIONS


def _no_application(consumer: type["AsyncConsumer"]) -> TypeError:
    name = consumer.__name__
    return TypeError(f"{name} is a class, not an ASGI application: use {name}.as_asgi()")


class ConsumerApplication(Generic[_C_co]):
    """An ASGI application that makes a consumer for every connection.

    Attributes:
        consumer_class: The class of the consumers.
        consumer_initkwargs: The keyword arguments of each.
    """

    if TYPE_CHECKING:
        # Read only, so that applications of different consumers have a type in common.
        @property
        def consumer_class(self) -> type[_C_co]:
            """The class of the consumers."""
            ...

    def __init__(self, consumer_class: type[_C_co], initkwargs: dict[str, Any]) -> None:
        vars(self)["consumer_class"] = consumer_class
        self.consumer_initkwargs = initkwargs
        functools.update_wrapper(self, consumer_class, updated=())
        # Frameworks would take the parameters of the class for those of the application.
        del vars(self)["__wrapped__"]

    if TYPE_CHECKING:
        # Every framework has types of its own for the same three arguments.
        async def __call__(self, *args: Any, **kwargs: Any) -> None:
            """Serve one connection with a consumer of its own."""

    else:

        async def __call__(self, scope: GivenScope, receive: GivenReceive, send: GivenSend) -> None:
            """Serve one connection with a consumer of its own."""
            kind = self.consumer_class
            if scope.get("type") == LIFESPAN and (answer := kind._answer_to(LIFESPAN)) is not None:
                # No connection, so nothing for which a consumer is to be made.
                await answer(kind, scope, receive, send)
                return
            await kind(**self.consumer_initkwargs)(scope, receive, send)


class AsyncConsumer:
    """Serves one connection: each event is handled by the method that its type names.

    A subclass writes an `async def` method for each type of event, from the server or from the channel
    layer, with underscores for the dots of the type. An event is checked before a method sees it, and
    before it reaches the server.

    Attributes:
        channel_layer_alias: The name under which the consumer's channel layer is registered, `None` for
            a consumer without one.
        scope: The connection scope, as the server gave it.
        asgi_events_from_layer: Whether messages of the channel layer that have the type of an event of
            servers, such as `websocket.receive`, are handled as if the client had sent them. `None` means
            that they are refused by a class that declares its events or messages, and handled by any other.
        channel_layer: The channel layer, `None` only without an alias.
        channel_name: The name of the consumer's own channel in the layer.
        channel_receive: Returns the next message of that channel.
        base_send: Checks an event and sends it to the server.
        params: The path and query parameters of the connection, as an instance of the model `Params` that a
            subclass may have in it. They are read before the first event is handled.
    """

    channel_layer_alias: str | None = None
    asgi_events_from_layer: ClassVar[bool | None] = None
    scope: ChannelScope
    if TYPE_CHECKING:
        # Whoever uses it has set an alias; a check for None at each use would check that again.
        channel_layer: BaseChannelLayer
    else:
        channel_layer: BaseChannelLayer | None
    channel_name: str
    channel_receive: ASGIReceiveCallable
    base_send: ASGISendCallable
    params: Any

    _handlers: ClassVar[dict[str, Handler]]
    _routes: ClassVar[dict[str, Handler] | None]
    _validators: ClassVar[dict[str, Lazy[Validator]]]
    _local_names: ClassVar[Mapping[str, Any]] = {}
    # In quotes, because a parametrised model is a class that would be built when this module is imported.
    _memberships: ClassVar[set[type["Group[Any, Any]"]]]
    _params_reader: ClassVar[ParamsReader[BaseModel] | None] = None
    _protocol: ClassVar[str | None] = None
    _served: ClassVar[frozenset[str]]
    _connection: Connection | None
    _phase: Phase = NEW
    _joined: Mapping[str, "Group[Any, Any]"] = _NO_GROUPS

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("fast_channels.consumer."):
            _LIBRARY.add(cls)
        cls._local_names = local_names(cls.__module__)
        cls._set_up()
        require_methods(cls, cls._handlers)

    def __new__(cls, *args: GivenArgument, **kwargs: Any) -> Self:
        """Make a consumer; a class that is called as an ASGI application says what to use instead."""
        if args and _is_scope(args[0]):
            raise _no_application(cls)
        return super().__new__(cls)

    def __await__(self) -> NoReturn:
        """Say what to use instead of a class whose calls are awaited."""
        raise _no_application(type(self))

    def __init__(self, *args: GivenArgument, **kwargs: Any) -> None:
        """Take the arguments of `as_asgi()`; a class without an `__init__` of its own gets attributes.

        Args:
            *args: Ignored.
            **kwargs: Set as attributes of the consumer.
        """
        for name, value in kwargs.items():
            setattr(self, name, value)
        self._furnish()

    if TYPE_CHECKING:

        async def __call__(self, *args: Any, **kwargs: Any) -> None:
            """Serve one connection, from its first event to the last clean-up."""

    else:

        async def __call__(self, scope: GivenScope, receive: GivenReceive, send: GivenSend) -> None:
            """Serve one connection, from its first event to the last clean-up.

            Raises:
                InvalidChannelLayerError: The channel layer that the consumer needs is not registered.
                RuntimeError: This instance has served another connection.
                ValueError: The class serves no connection of this type.
                Exception: Whatever a handler raised, after the clean-up.
            """
            if (type_ := scope.get("type")) not in self._served:
                answer = self._answer_to(type_)
                if answer is not None:
                    await answer(type(self), scope, receive, send)
                    return
            inbox = self._begin(scope, receive, send)
            try:
                self.channel_layer = self._find_layer()
                # One coroutine for all of it: each event has to pass through every one that waits for it.
                try:
                    reader = self._params_reader
                    if reader is not None and not await self._read_params(reader, inbox):
                        return
                    if self.channel_layer is not None:
                        await self._open_channel(self.channel_layer, inbox)
                    event, origin = await inbox.get()
                    self._phase = LIVE
                    if inbox.channel is not None:
                        inbox.read_ahead()
                    while True:
                        try:
                            if (waiting := self._handling_of(event, origin, inbox)) is not None:
                                await waiting
                                del waiting
                        except (InvalidEventError, ConnectionClosed, MessageValueError) as error:
                            await self._settle(error, event, origin)
                        except BaseExceptionGroup as group:
                            await self._settle(steering(group), event, origin)
                        if self._phase >= ENDING or origin is LAST or self._is_over():
                            break
                        # A consumer that waits for its next event keeps nothing of the last.
                        del event
                        event, origin = await inbox.get()
                        inbox.answers = 0
                except StopConsumer:
                    pass
                except BaseException as error:
                    await self._fail(self._explained(error), inbox, send)
                if final := self._last_steps(inbox):
                    await clean_up(final)
            finally:
                self._phase = OVER

    async def dispatch(self, message: ChannelMessage) -> None:
        """Hand a message to the method that its type names.

        Raises:
            InvalidEventError: No method handles the message, or it is not what its method takes; a
                `ValueError`.
        """
        handler = self._find_handler(message)
        await getattr(self, handler.name)(handler.convert(message))

    if TYPE_CHECKING:
        # Checkers compare an override with every base, and the documented arguments of subclasses differ.
        async def send(self, *args: Any, **kwargs: Any) -> None:
            """Send an event to the server."""

    else:

        async def send(self, message: ChannelMessage) -> None:
            """Send an event to the server.

            Raises:
                LocalProtocolError: The event is not valid, or not legal now; nothing was sent.
                ConnectionClosed: The connection is gone.
            """
            await self.base_send(message)

    if TYPE_CHECKING:

        async def join(self, group: Group[Any, Self]) -> None:
            """Become a member of a group, until `leave()` or the end of the connection."""

    else:

        async def join(self, group: Group) -> None:
            """Become a member of a group, until `leave()` or the end of the connection.

            Args:
                group: The group; the consumer has a handler for each event that it carries.

            Raises:
                InvalidChannelLayerError: The consumer has no channel layer, or another one than the group.
                TypeError: The consumer does not handle an event of the group.
                ConnectionClosed: The consumer has left its groups already.
            """
            layer = self._layer()
            if layer is None:
                raise InvalidChannelLayerError(_needs_alias(self, f"join {shown(group)}"))
            self._check_membership(type(group), layer)
            if self._phase < ENDING:
                self._joined = {**self._joined, group.group_name: group}
                try:
                    await layer.group_add(group.group_name, self.channel_name)
                except Exception:
                    # A layer refuses a channel that was closed meanwhile.
                    if self._phase < ENDING:
                        raise
            if self._phase >= ENDING:
                # Perhaps meanwhile, when the groups that it knew had been left.
                await layer.group_discard(group.group_name, self.channel_name)
                raise ConnectionClosed(f"{type(self).__name__} has ended, and cannot join {shown(group)}")

    async def leave(self, group: "Group[Any, Any]") -> None:
        """End the membership in a group, if there is one.

        Args:
            group: A group that the consumer has joined.
        """
        layer = self._layer()
        if layer is not None and group.group_name in self._joined:
            await layer.group_discard(group.group_name, self.channel_name)
            self._joined = {name: kept for name, kept in self._joined.items() if name != group.group_name}

    def __repr__(self) -> str:
        scope: Mapping[str, Any] = vars(self).get("scope") or {}
        parts = [f"path={shown(scope['path'])}"] if scope.get("path") else []
        if scope.get("client"):
            parts.append(f"client={printable(':'.join(map(str, scope['client'])))}")
        return f"{type(self).__name__}({', '.join(parts)})"

    async def channel_invalid(self, error: InvalidEventError) -> None:
        """Decide what becomes of a message of the channel layer that is no event the consumer handles.

        Another version of the application may have sent it. By default the message is dropped and an error
        is logged; but a message that no method handles is an error of a consumer that takes all its messages
        as mappings, which is raised.

        Args:
            error: What is wrong with the message.

        Raises:
            InvalidEventError: Nothing handles the type of the message, and the consumer declares neither
                events nor messages.
        """
        unknown = isinstance(error.event.get("type"), str) and self._handler_of(error.event) is None
        if unknown and not self._declares():
            raise error
        logger.error("%s drops a message of its channel layer: %s", self, error)

    async def params_invalid(self, error: InvalidParamsError) -> None:
        """Answer a connection whose parameters do not fit `Params`; it ends afterwards.

        Neither `connect()`, nor `handle()`, nor `disconnect()` is called for it.

        Args:
            error: What is wrong with them.

        Raises:
            InvalidParamsError: Always; a consumer of a certain protocol can answer.
        """
        raise error

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> ConsumerApplication[Self]:
        """Return an ASGI application that makes a consumer for every connection.

        Args:
            **initkwargs: The keyword arguments with which each consumer is made.

        Raises:
            TypeError: No consumer can be made with them, none can keep what its connection gives it, or
                clients may send messages that nothing handles.
        """
        require_constructor(cls, initkwargs)
        text = cls._unhandled()
        if text is not None and not initkwargs.keys() & RECEIVING:
            raise TypeError(f"{cls.__name__}.as_asgi(): {text}")
        return ConsumerApplication(cls, initkwargs)

    def _handling_of(self, message: ChannelMessage, origin: Origin, inbox: Inbox) -> Awaitable[None] | None:
        """Begin to handle a message; return what is left to be awaited, if anything."""
        routes = self._routes
        handling: Awaitable[None]
        if routes is None:
            if origin is LAYER and (known := self._handler_of(message)) is not None:
                message = self._admitted(message, known)
            handling = self.dispatch(message)
        else:
            # One coroutine less where nobody has overridden dispatch().
            try:
                handler = routes[message["type"]]
            except (KeyError, TypeError):
                handler = self._find_handler(message)
            if origin is LAYER and handler.event is not None:
                message = self._admitted(message, handler)
            convert = handler.convert
            handling = getattr(self, handler.quiet)(message if convert is unchanged else convert(message))
        if inbox.reading:
            return handling
        # Most handlers wait for nothing; a task watches the client while the others do.
        steps = handling.__await__()
        if (yielded := next(steps, _DONE)) is _DONE:
            return None
        inbox.read_ahead()
        return rest(steps, yielded)

    def _admitted(self, message: ChannelMessage, handler: Handler) -> ChannelMessage:
        """Return a message of the channel layer, checked if it has the type of an event of servers.

        It moves nothing: only the server says what happens on the connection.

        Raises:
            InvalidEventError: It is no such event, or this consumer takes none from a channel layer.
        """
        model = handler.event
        if model is None:
            return message
        protocol = handler.name.partition("_")[0]
        takes = self.asgi_events_from_layer
        if takes is None:
            takes = not self._declares()
        if not takes or (handler.own and self._connection is None):
            text = (
                f"a {protocol} event that comes from a channel layer is not handled by {type(self).__name__}"
            )
            raise InvalidEventError(text, event=message)
        try:
            return self._validators[protocol][model.model_fields["type"].default](message)
        except ValidationError as error:
            raise not_that_event(message, error) from None

    def _handler_of(self, message: ChannelMessage) -> Handler | None:
        type_: object = message.get("type")
        return self._handlers.get(handler_name(type_)) if isinstance(type_, str) else None

    def _find_handler(self, message: ChannelMessage) -> Handler:
        handler = self._handlers.get(get_handler_name(message))
        if handler is None:
            raise no_handler(message)
        return handler

    @classmethod
    def _unhandled(cls) -> str | None:
        """Return what is wrong with a class whose clients may send what nothing handles, or `None`."""
        return None

    @classmethod
    def _set_up(cls) -> None:
        # Here once for every class, so that no message has to look anything up.
        cls._handlers = build_table(cls.__mro__, frozenset(_LIBRARY), cls._local_names)
        overridden = cls.dispatch is not AsyncConsumer.dispatch
        # As types are usually written, with dots; any other is found by the name of its handler.
        routes = {name.replace("_", "."): handler for name, handler in cls._handlers.items()}
        cls._routes = None if overridden else routes
        cls._served = frozenset(type_ for type_ in (*CONNECTIONS, WORKER) if cls._serves(type_))
        cls._memberships = set()
        model = getattr(cls, "Params", None)
        if isinstance(model, type) and issubclass(model, BaseModel):
            cls._params_reader = ParamsReader(model)
        elif isinstance(model, type) and model.__qualname__ == f"{cls.__qualname__}.Params":
            # Existing code may call something else so, but it nests no class of this name.
            raise TypeError(f"{cls.__name__}.Params is no pydantic model, so nothing can be read into it")
        cls._validators = {
            protocol: Lazy(kind.receivable.models, cls._validator_for)
            for protocol, kind in CONNECTIONS.items()
        }

    @classmethod
    def _serves(cls, type_: str) -> bool:
        """Tell whether a connection of a type has anything to do with the class."""
        if type_ in {cls._protocol, WORKER}:
            return True
        prefix = f"{handler_name(type_)}_"
        if any(name.startswith(prefix) for name in cls._handlers):
            return True
        # A dispatch() of its own, or a protocol of the application, may have types of any name.
        foreign = type_ not in CONNECTIONS and not cls._handlers.keys() <= ASGI_HANDLERS.keys()
        return cls._protocol is None and type_ != LIFESPAN and (foreign or cls._routes is None)

    @classmethod
    def _answer_to(cls, type_: object) -> Answer | None:
        """Return what answers a connection that is not for this class, `None` for one that is.

        Raises:
            ValueError: Nobody can answer it.
        """
        if not isinstance(type_, str) or cls._serves(type_):
            return None
        answer = ANSWERS.get(type_)
        if answer is None or (type_ != LIFESPAN and cls._protocol is None):
            raise ValueError(
                f"{cls.__name__} serves no connection of the type {shown(type_)}: "
                "it has no handler for the events of that"
            )
        return answer

    @classmethod
    def _validator_for(cls, model: type[AsgiEvent]) -> Validator:
        # What only this library's handler sees need not become an object.
        handler = cls._handlers.get(handler_name(model.model_fields["type"].default))
        seen = cls._routes is None or handler is None or not handler.own
        return model_validator(model) if seen else wire_validator(model)

    def _begin(self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> Inbox:
        if self._phase is not NEW:
            name = type(self).__name__
            serves = "has served a connection" if self._phase is OVER else "serves a connection already"
            raise RuntimeError(f"this {name} {serves}; {name}.as_asgi() makes one for each")
        protocol = scope.get("type")
        kind = CONNECTIONS.get(protocol) if isinstance(protocol, str) else None
        connection = None if kind is None else kind(scope, self._validators[kind.protocol])
        self.scope = scope
        inbox = InboxByTurns(None, receive) if protocol == WORKER else Inbox(connection, receive)
        self.base_send = send if connection is None else _Checked(connection, inbox, send).send
        self._connection = connection
        self._prepare()
        self._phase = OPENING
        return inbox

    def _furnish(self) -> None:
        """Give a new consumer what it has before its first connection."""

    def _prepare(self) -> None:
        """Get ready for the connection."""

    def _find_layer(self) -> BaseChannelLayer | None:
        alias = self.channel_layer_alias
        if not alias:
            return None
        return require_channel_layer(alias, type(self).__name__)

    def _layer(self) -> BaseChannelLayer | None:
        # What checkers are told of channel_layer is for handlers only.
        return self.channel_layer

    async def _read_params(self, reader: ParamsReader[BaseModel], inbox: Inbox) -> bool:
        try:
            vars(self)["params"] = reader.read(self.scope)
        except InvalidParamsError as error:
            # An answer is legal when the first event has come.
            await inbox.get()
            await self.params_invalid(error)
            return False
        return True

    def _explained(self, error: BaseException) -> BaseException:
        """Return the error of a handler that used the channel layer without one in words that say so."""
        if not isinstance(error, AttributeError) or error.obj is not None or self._layer() is not None:
            return error
        if not hasattr(BaseChannelLayer, str(error.name)):
            return error
        explained = InvalidChannelLayerError(_needs_alias(self, f"use channel_layer.{error.name}"))
        explained.__cause__ = error
        return explained

    @classmethod
    def _declares(cls) -> bool:
        """Tell whether the class says what its events or messages are."""
        return any(handler.declares() for handler in cls._handlers.values())

    def _check_membership(self, group: type["Group[Any, Any]"], layer: BaseChannelLayer) -> None:
        if group in self._memberships:
            return
        name = type(self).__name__
        missing = [type_ for type_ in group.event_types() if handler_name(type_) not in self._handlers]
        if missing:
            raise TypeError(
                f"{name} cannot join {group.__name__}: it has no handler for {', '.join(missing)}; "
                f"write {', '.join(f'{handler_name(type_)}()' for type_ in missing)}"
            )
        alias = group.channel_layer_alias
        if alias != self.channel_layer_alias and get_channel_layer(alias) is not layer:
            raise InvalidChannelLayerError(
                f"{name} cannot join {group.__name__}: the group sends through the channel layer {alias!r}, "
                f"and the consumer listens to {self.channel_layer_alias!r}; "
                f"declare the group with channel_layer_alias={self.channel_layer_alias!r}"
            )
        self._memberships.add(group)

    async def _open_channel(self, layer: BaseChannelLayer, inbox: Inbox) -> None:
        self.channel_name = inbox.channel = await layer.new_channel()
        self.channel_receive = functools.partial(layer.receive, self.channel_name)
        # Whoever has no handler for it must not fail because of it.
        inbox.listen(layer, self.channel_name, gaps="channel_gap" in self._handlers)

    async def _settle(self, error: BaseException, event: Mapping[str, Any], origin: Origin) -> None:
        """Pass over an error that is no fault of the application, or raise it."""
        if isinstance(error, InvalidEventError):
            if origin is LAYER or not self._is_of_protocol(event):
                if (
                    origin is not LAYER
                    and self._connection is not None
                    and not isinstance(event.get("type"), str)
                ):
                    # Not even an event, so it is the server that is wrong.
                    raise error
                await self.channel_invalid(error)
            elif event["type"] in EVENTS and origin is not LAST:
                # The server waits for what only a handler could do.
                raise error
            else:
                # A server may have events that no specification names; a client can make it send them.
                logger.debug("%s does not handle %s; ignored", self, printable(event["type"]))
        elif not (isinstance(error, ConnectionClosed) and self._connection and self._connection.closed):
            raise error
        elif self._connection.state != GONE and origin is not LAYER:
            self._warn_of_sending_after_close(event)
        else:
            # The handler found out that the client is gone; the disconnect is next.
            logger.debug("A handler of %s sent to a connection that is gone", printable(event["type"]))

    def _warn_of_sending_after_close(self, event: Mapping[str, Any]) -> None:
        if type(self) not in _WARNED:
            _WARNED.add(type(self))
            logger.warning(
                "%s sent something after it had closed the connection, which ended its handler of %s; "
                "this is logged once for each class",
                self,
                event["type"],
            )

    def _is_of_protocol(self, event: Mapping[str, Any]) -> bool:
        type_: object = event.get("type")
        connection = self._connection
        return (
            connection is not None and isinstance(type_, str) and type_.startswith(f"{connection.protocol}.")
        )

    def _is_over(self) -> bool:
        """Tell whether the connection is over although the server does not say so."""
        return False

    def _last_steps(self, inbox: Inbox, error: BaseException | None = None) -> list[Step]:
        steps: list[Step] = []
        if self._phase is LIVE:
            steps.append(functools.partial(self._disconnect, self._code_of_end(inbox, error)))
        if self._may_be_member():
            steps.append(self._leave_groups)
        if inbox.channel is not None:
            layer = self._layer()
            # One of somebody else's may know of groups only.
            if isinstance(layer, BaseChannelLayer):
                steps.append(functools.partial(layer.close_channel, inbox.channel))
        if inbox.tasks():
            steps.append(inbox.close)
        return steps

    async def _fail(self, error: BaseException, inbox: Inbox, send: ASGISendCallable) -> None:
        """Clean up after an error, tell the client if the application has failed, and raise the error."""
        connection = self._connection
        event = None
        if connection is not None and not inbox.lost and not isinstance(error, asyncio.CancelledError):
            event = connection.failure()
        steps = self._last_steps(inbox, error)
        if event is not None:
            # The last of all: a client that reads nothing makes it wait.
            steps.append(functools.partial(_send_last, send, event, inbox))
        try:
            await clean_up(steps, error)
        finally:
            # The error refers to this frame, which would refer to the error.
            del error

    def _code_of_end(self, inbox: Inbox, error: BaseException | None) -> int:
        if inbox.lost or isinstance(error, asyncio.CancelledError):
            return ABNORMAL
        if error is not None:
            return INTERNAL_ERROR
        return NO_STATUS if inbox.close_code is None else inbox.close_code

    def _group_names(self) -> Iterable[str]:
        return self._joined

    def _may_be_member(self) -> bool:
        return self._phase < LEAVING and bool(self._joined)

    async def _leave_groups(self) -> None:
        self._phase = LEAVING
        await self._discard_groups()

    async def _discard_groups(self) -> None:
        layer = self._layer()
        if layer is not None:
            names = self._group_names()
            await clean_up(functools.partial(layer.group_discard, name, self.channel_name) for name in names)

    async def _disconnect_once(self, code: int) -> None:
        if self._phase < ENDING:
            await clean_up([functools.partial(self._disconnect, code)])

    async def _disconnect(self, code: int) -> None:
        self._phase = ENDING
        if self._connection is not None:
            # Neither disconnect() nor whoever still holds the consumer then can send any more.
            self._connection.lost()
        try:
            await self._run_disconnect(code)
        except StopConsumer:
            # It is ending already.
            pass
        except ConnectionClosed:
            logger.warning("disconnect() of %s sent to a connection that is gone", self, exc_info=True)

    def _run_disconnect(self, code: int) -> Awaitable[None]:
        """Return what runs the `disconnect()` of a consumer that has one."""
        return _nothing()


async def _send_last(send: ASGISendCallable, event: ChannelMessage, inbox: Inbox) -> None:
    """Send an event that does not matter any more if the client is gone, or does not read."""
    if inbox.ended or inbox.lost:
        return
    try:
        async with asyncio.timeout(CRASH_CLOSE_SECONDS):
            await send(event)
    except Exception as error:
        # daphne takes no 1011 from an application, and sends it when it sees the error.
        logger.debug("%s could not be sent after an error: %s", event["type"], shown(str(error)))


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    rest: Any
    for error in group.exceptions:
        if issubclass(type(error), BaseExceptionGroup):
            rest = error
            yield from _leaves(rest)
        else:
            yield error


def steering(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first of the errors of a group that only steer a consumer, or else the group itself.

    A task group raises what its tasks raise as a group.
    """
    errors = [*_leaves(group)]
    return errors[0] if all(isinstance(error, _STEERING) for error in errors) else group


async def _nothing() -> None:
    """Do what a consumer without `disconnect()` does."""


def _needs_alias(consumer: AsyncConsumer, purpose: str) -> str:
    return f"{type(consumer).__name__} cannot {purpose} without a channel layer; set channel_layer_alias"


class _Checked:
    """The server's `send`, for events that are checked first; smaller than a function in a function."""

    __slots__ = ("_connection", "_inbox", "_send")

    def __init__(self, connection: Connection, inbox: Inbox, send: ASGISendCallable) -> None:
        self._connection = connection
        self._inbox = inbox
        self._send = send

    async def send(self, message: ChannelMessage) -> None:
        event = self._connection.send(message)
        if event is None:
            return
        send = self._send
        inbox = self._inbox
        inbox.answers += 1
        if inbox.answers >= SENDS_PER_TURN:
            # The send of many servers never waits, so one that only sends would never hear of its client.
            inbox.answers = 0
            await asyncio.sleep(0)
        try:
            await send(event)
        except OSError as error:
            self._connection.lost()
            text = f"{event['type']} could not be sent: the connection is closed"
            raise ConnectionClosed(text, state=self._connection.state, event=event["type"]) from error
        except Exception as error:
            if (substitute := self._connection.substitute(event)) is None:
                raise
            await send(substitute)
            _warn_of_substitute(event["code"], substitute["code"], error)


def _warn_of_substitute(refused: int, sent: int, error: Exception) -> None:
    if _Checked not in _WARNED:
        _WARNED.add(_Checked)
        text = "the server refuses close code %s (%s); the client gets %s, and so on; this is logged once"
        logger.warning(text, refused, shown(str(error)), sent)


# __init_subclass__ is not called for the base itself.
_LIBRARY.add(AsyncConsumer)
AsyncConsumer._set_up()  # pyright: ignore[reportPrivateUsage]  # still the definition of the class
