"""The base of all consumers: one object per connection, whose methods handle its events."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping, MutableMapping, Sequence
from types import MappingProxyType, coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar

from pydantic import BaseModel

from fast_channels.consumer.handlers import Handler, build_table, handler_name
from fast_channels.consumer.inbox import LAST, LAYER, Inbox, InboxByTurns, Origin
from fast_channels.consumer.params import HasParams, Params_co, ParamsReader
from fast_channels.events import AsgiEvent
from fast_channels.events.wire import Lazy, Validator, model_validator, wire_validator
from fast_channels.exceptions import (
    ConnectionClosed,
    InvalidChannelLayerError,
    InvalidEventError,
    InvalidParamsError,
    StopConsumer,
)
from fast_channels.layers import BaseChannelLayer, get_channel_layer
from fast_channels.layers.registry import require_channel_layer
from fast_channels.messages import Group
from fast_channels.messages.annotations import local_names, unchanged
from fast_channels.protocol import CONNECTIONS, Connection
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

__all__ = ["AsyncConsumer", "ConsumerApplication", "get_handler_name"]

logger = logging.getLogger("fast_channels.consumer")

CANCELLED_CLEANUP_SECONDS = 10.0
"""How long each step of a clean-up may take after the server cancelled a consumer: `disconnect()` is one."""

WORKER = "channel"
"""The type of the scope that a worker gives its consumers."""

NO_STATUS = 1005
ABNORMAL = 1006
INTERNAL_ERROR = 1011

_NO_GROUPS: Mapping[str, "Group[Any, Any]"] = MappingProxyType({})

_C_co = TypeVar("_C_co", bound="AsyncConsumer", covariant=True)
_LIBRARY: set[type] = set()


class _NoHandler(InvalidEventError):
    """A message has a type that no method handles."""


def get_handler_name(message: ChannelMessage) -> str:
    """Return the name of the method that handles a message: its type, with underscores for dots.

    Raises:
        ValueError: The message has no type, or one that could name a private method.
    """
    if "type" not in message:
        raise ValueError("Incoming message has no 'type' attribute")
    type_ = message["type"]
    if not isinstance(type_, str):
        raise ValueError(f"Malformed type in message (a text is needed, not {type_!r})")
    name = handler_name(type_)
    if name.startswith("_"):
        raise ValueError("Malformed type in message (leading underscore)")
    return name


_DONE: Any = object()


@coroutine
def _rest(steps: Generator[Any, Any, None], yielded: Any) -> Generator[Any, Any, None]:
    """Await what is left of something that has begun, and waits."""
    while True:
        try:
            try:
                value = yield yielded
            except BaseException as error:
                yielded = steps.throw(error)
            else:
                yielded = steps.send(value)
        except StopIteration:
            return


async def run_all(*steps: Callable[[], Awaitable[None]]) -> None:
    """Run every step, whatever the others do; the first error is raised, later ones are logged.

    A step that is interrupted because this task is cancelled is run again, so it can be; that run and those
    of the steps that follow are not interrupted.
    """
    for index, step in enumerate(steps):
        try:
            await step()
        except Exception as error:
            await despite(error, steps[index + 1 :])
        except asyncio.CancelledError as error:
            await despite(error, steps[index:])


async def despite(error: BaseException, steps: Sequence[Callable[[], Awaitable[None]]]) -> NoReturn:
    """Run the steps of a clean-up, then raise the error that came first; later errors are logged."""
    if isinstance(error, asyncio.CancelledError):
        steps = [functools.partial(_uninterrupted, step) for step in steps]
    try:
        await run_all(*steps)
    except (Exception, asyncio.CancelledError):
        logger.exception("A consumer's clean-up failed after an earlier error")
    try:
        raise error
    finally:
        # The error refers to this frame, which would refer to the error.
        del error


async def _uninterrupted(step: Callable[[], Awaitable[None]]) -> None:
    """Run a step of a clean-up to its end, for a limited time, although this task is being cancelled.

    Frameworks on anyio cancel a task again each time it waits; so the step gets a task of its own.

    Raises:
        TimeoutError: The step took too long, or was cancelled by its own doing.
        Exception: Whatever the step raised.
    """
    begun = False

    async def limited() -> None:
        nonlocal begun
        begun = True
        async with asyncio.timeout(CANCELLED_CLEANUP_SECONDS):
            await step()

    task = asyncio.get_running_loop().create_task(limited())
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            continue
    if not begun:
        # A loop that is being closed cancels every task, new ones before they begin.
        await limited()
    elif task.cancelled():
        raise TimeoutError("a step of a consumer's clean-up was cancelled")
    else:
        task.result()


def _is_scope(value: object) -> bool:
    if not isinstance(value, MutableMapping):
        return False
    scope: ChannelScope = value
    return scope.get("type") in CONNECTIONS


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
            await self.consumer_class(**self.consumer_initkwargs)(scope, receive, send)


class AsyncConsumer:
    """Serves one connection: each event is handled by the method that its type names.

    A subclass writes an `async def` method for each type of event, from the server or from the channel
    layer, with underscores for the dots of the type. An event is checked before a method sees it, and
    before it reaches the server.

    Attributes:
        channel_layer_alias: The name under which the consumer's channel layer is registered, `None` for
            a consumer without one.
        scope: The connection scope, as the server gave it.
        channel_layer: The channel layer, `None` only without an alias.
        channel_name: The name of the consumer's own channel in the layer.
        channel_receive: Returns the next message of that channel.
        base_send: Checks an event and sends it to the server.
        params: The path and query parameters of the connection, as an instance of the model `Params` that a
            subclass may have in it. They are read before the first event is handled.
    """

    channel_layer_alias: str | None = None
    scope: ChannelScope
    if TYPE_CHECKING:
        # Whoever uses it has set an alias; a check for None at each use would check that again.
        channel_layer: BaseChannelLayer
    else:
        channel_layer: BaseChannelLayer | None
    channel_name: str
    channel_receive: ASGIReceiveCallable
    base_send: ASGISendCallable
    if TYPE_CHECKING:

        @property
        def params(self: HasParams[Params_co]) -> Params_co:
            """The path and query parameters, for a class that declares its model `Params`."""
            ...

    _handlers: ClassVar[dict[str, Handler]]
    _routes: ClassVar[dict[str, Handler] | None]
    _validators: ClassVar[dict[str, Lazy[Validator]]]
    _local_names: ClassVar[Mapping[str, Any]] = {}
    # In quotes, because a parametrised model is a class that would be built when this module is imported.
    _memberships: ClassVar[set[type["Group[Any, Any]"]]]
    _params_reader: ClassVar[ParamsReader[BaseModel] | None] = None
    _connection: Connection | None
    _began: bool = False
    _ended: bool = False
    _left: bool = False
    _running: bool = False
    _joined: Mapping[str, "Group[Any, Any]"] = _NO_GROUPS

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.startswith("fast_channels.consumer."):
            _LIBRARY.add(cls)
        cls._local_names = local_names(cls.__module__)
        cls._set_up()

    def __new__(cls, *args: GivenArgument, **_kwargs: Any) -> Self:
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
                RuntimeError: This instance is serving another connection.
                Exception: Whatever a handler raised, after the clean-up.
            """
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
                    self._began = True
                    if inbox.channel is not None:
                        inbox.read_ahead()
                    while True:
                        try:
                            if (rest := self._handling_of(event, inbox)) is not None:
                                await rest
                                del rest
                        except (InvalidEventError, ConnectionClosed) as error:
                            await self._settle(error, event, origin)
                        if self._ended or origin is LAST or self._is_over():
                            break
                        # A consumer that waits for its next event keeps nothing of the last.
                        del event
                        event, origin = await inbox.get()
                except StopConsumer:
                    pass
                except (Exception, asyncio.CancelledError) as error:
                    await despite(self._explained(error), self._last_steps(inbox, error))
                if final := self._last_steps(inbox):
                    await run_all(*final)
            finally:
                self._running = False

    async def dispatch(self, message: ChannelMessage) -> None:
        """Hand a message to the method that its type names.

        Raises:
            ValueError: The message has no usable type.
            InvalidEventError: No method handles the message, or it is not what its method takes.
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
                raise InvalidChannelLayerError(_needs_alias(self, f"join {group!r}"))
            self._check_membership(type(group), layer)
            if self._left or self._ended:
                raise ConnectionClosed(f"{type(self).__name__} has ended, and cannot join {group!r}")
            self._joined = {**self._joined, group.group_name: group}
            await layer.group_add(group.group_name, self.channel_name)

    async def leave(self, group: "Group[Any, Any]") -> None:
        """End the membership in a group, if there is one.

        Args:
            group: A group that the consumer has joined.
        """
        layer = self._layer()
        if layer is not None and group.group_name in self._joined:
            await layer.group_discard(group.group_name, self.channel_name)
            self._joined = {name: kept for name, kept in self._joined.items() if name != group.group_name}

    async def channel_invalid(self, error: InvalidEventError) -> None:
        """Decide what becomes of a message of the channel layer that is no event the consumer handles.

        Another version of the application may have sent it. By default the message is dropped and an error
        is logged; but a message that no method handles is an error of a consumer that takes all its messages
        as mappings, which is raised.

        Args:
            error: What is wrong with the message.

        Raises:
            InvalidEventError: Nothing handles the message, and the consumer declares no events.
        """
        if isinstance(error, _NoHandler) and not self._declares_events():
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
        """
        return ConsumerApplication(cls, initkwargs)

    def _handling_of(self, message: ChannelMessage, inbox: Inbox) -> Awaitable[None] | None:
        """Begin to handle a message; return what is left to be awaited, if anything."""
        routes = self._routes
        handling: Awaitable[None]
        if routes is None:
            handling = self.dispatch(message)
        else:
            # One coroutine less where nobody has overridden dispatch().
            try:
                handler = routes[message["type"]]
            except (KeyError, TypeError):
                handler = self._find_handler(message)
            convert = handler.convert
            handling = getattr(self, handler.quiet)(message if convert is unchanged else convert(message))
        if inbox.reading:
            return handling
        # Most handlers wait for nothing; a task watches the client while the others do.
        steps = handling.__await__()
        if (yielded := next(steps, _DONE)) is _DONE:
            return None
        inbox.read_ahead()
        return _rest(steps, yielded)

    def _find_handler(self, message: ChannelMessage) -> Handler:
        handler = self._handlers.get(get_handler_name(message))
        if handler is None:
            raise _NoHandler(f"No handler for message type {message['type']}", event=message)
        return handler

    @classmethod
    def _set_up(cls) -> None:
        # Here once for every class, so that no message has to look anything up.
        cls._handlers = build_table(cls.__mro__, frozenset(_LIBRARY), cls._local_names)
        overridden = cls.dispatch is not AsyncConsumer.dispatch
        # As types are usually written, with dots; any other is found by the name of its handler.
        routes = {name.replace("_", "."): handler for name, handler in cls._handlers.items()}
        cls._routes = None if overridden else routes
        cls._memberships = set()
        model = getattr(cls, "Params", None)
        if isinstance(model, type) and issubclass(model, BaseModel):
            cls._params_reader = ParamsReader(model)
        cls._validators = {
            protocol: Lazy(kind.receivable.models, cls._validator_for)
            for protocol, kind in CONNECTIONS.items()
        }

    @classmethod
    def _validator_for(cls, model: type[AsgiEvent]) -> Validator:
        # What only this library's handler sees need not become an object.
        handler = cls._handlers.get(handler_name(model.model_fields["type"].default))
        seen = cls._routes is None or handler is None or not handler.own
        return model_validator(model) if seen else wire_validator(model)

    def _begin(self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> Inbox:
        if self._running:
            name = type(self).__name__
            raise RuntimeError(
                f"this {name} serves a connection already; {name}.as_asgi() makes one for each"
            )
        protocol = scope.get("type")
        kind = CONNECTIONS.get(protocol) if isinstance(protocol, str) else None
        connection = None if kind is None else kind(scope, self._validators[kind.protocol])
        self.scope = scope
        self.base_send = send if connection is None else _Checked(connection, send).send
        self._connection = connection
        self._began = self._ended = self._left = False
        self._joined = _NO_GROUPS
        self._prepare()
        self._running = True
        return InboxByTurns(None, receive) if protocol == WORKER else Inbox(connection, receive)

    def _furnish(self) -> None:
        """Give a new consumer what it has before its first connection."""

    def _prepare(self) -> None:
        """Forget an earlier connection."""

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

    def _declares_events(self) -> bool:
        return any(handler.event_types() for handler in self._handlers.values())

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

    async def _settle(self, error: Exception, event: Mapping[str, Any], origin: Origin) -> None:
        """Pass over an error that is no fault of the application, or raise it."""
        if isinstance(error, InvalidEventError):
            if origin is LAYER or not self._is_of_protocol(event):
                await self.channel_invalid(error)
            else:
                # A server may have events that no specification names; a client can make it send them.
                logger.debug("%s does not handle %s; ignored", self, event["type"])
        elif self._connection is None or not self._connection.closed:
            raise error
        else:
            # The handler found out that the client is gone; the disconnect is next.
            logger.debug("A handler of %s sent to a connection that is gone", event["type"])

    def _is_of_protocol(self, event: Mapping[str, Any]) -> bool:
        protocol: str = event["type"].partition(".")[0]
        return self._connection is not None and protocol == self._connection.protocol

    def _is_over(self) -> bool:
        """Tell whether the connection is over although the server does not say so."""
        return False

    def _last_steps(
        self, inbox: Inbox, error: BaseException | None = None
    ) -> list[Callable[[], Awaitable[None]]]:
        steps: list[Callable[[], Awaitable[None]]] = []
        if self._may_be_member():
            steps.append(self._leave_groups)
        if self._began and not self._ended:
            steps.append(functools.partial(self._disconnect_once, self._code_of_end(inbox, error)))
        if inbox.channel is not None:
            layer = self._layer()
            # One of somebody else's may know of groups only.
            if isinstance(layer, BaseChannelLayer):
                steps.append(functools.partial(layer.close_channel, inbox.channel))
        if inbox.tasks():
            steps.append(inbox.close)
        return steps

    def _code_of_end(self, inbox: Inbox, error: BaseException | None) -> int:
        if inbox.lost or isinstance(error, asyncio.CancelledError):
            return ABNORMAL
        if error is not None:
            return INTERNAL_ERROR
        return NO_STATUS if inbox.close_code is None else inbox.close_code

    def _group_names(self) -> Iterable[str]:
        return self._joined

    def _may_be_member(self) -> bool:
        return not self._left and bool(self._joined)

    async def _leave_groups(self) -> None:
        self._left = True
        await self._discard_groups()

    async def _discard_groups(self) -> None:
        layer = self._layer()
        if layer is not None:
            names = self._group_names()
            await run_all(
                *(functools.partial(layer.group_discard, name, self.channel_name) for name in names)
            )

    async def _disconnect_once(self, code: int) -> None:
        if self._ended:
            return
        self._ended = True
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


async def _nothing() -> None:
    """Do what a consumer without `disconnect()` does."""


def _needs_alias(consumer: AsyncConsumer, purpose: str) -> str:
    return f"{type(consumer).__name__} cannot {purpose} without a channel layer; set channel_layer_alias"


class _Checked:
    """The server's `send`, for events that are checked first; smaller than a function in a function."""

    __slots__ = ("_connection", "_send")

    def __init__(self, connection: Connection, send: ASGISendCallable) -> None:
        self._connection = connection
        self._send = send

    async def send(self, message: ChannelMessage) -> None:
        event = self._connection.send(message)
        if event is None:
            return
        send = self._send
        try:
            await send(event)
        except OSError as error:
            self._connection.lost()
            text = f"{event['type']} could not be sent: the connection is closed"
            raise ConnectionClosed(text, state=self._connection.state, event=event["type"]) from error


# __init_subclass__ is not called for the base itself.
_LIBRARY.add(AsyncConsumer)
AsyncConsumer._set_up()  # pyright: ignore[reportPrivateUsage]  # still the definition of the class
