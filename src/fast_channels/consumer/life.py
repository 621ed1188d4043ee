"""The life of a connection: one object that owns it, from its first event to the last step of its clean-up.

Theory of operation. A consumer is what an application writes; its `Life` is what happens to it. The life owns
the protocol machine, the inbox, the phase and the memberships of one connection, and it is the only code
that waits for the client. It runs in one task, the one in which the server called the application, and so
does everything that it calls; the tasks of its inbox only read.

The phase (see `phases`) only goes forward, and the two things that must not happen twice are moves of it:
`disconnect` is legal in LIVE only, so `disconnect()` runs once for every connection of which an event was
handled, whoever ends it first: the client, a handler that raises, the consumer itself, or a cancellation.
From ENDING on nothing can be sent, because the machine is told that the client has gone before the hook runs;
nobody becomes a member of a group, because `join()` looks at the phase before and after it waits.

There is one loop, in `run()`. It takes an event only when the last one has been handled, so there is one
order, that of arrival. Every error of a handler comes to one place, `handle_error()`: what a client or
another process has caused is logged and passed over, everything else ends the connection. Every way out of
the loop comes to the same clean-up (see `cleanup`): the hook, the groups, the channel, the tasks of the
inbox; after an error also a close frame. The first error is the one that is raised.

A consumer refers to its life; the life is given the consumer with each call and keeps no reference to it, so
that no connection waits for the garbage collector.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel

from fast_channels.consumer.cleanup import Step, clean_up, rest
from fast_channels.consumer.event_loop import require_asyncio
from fast_channels.consumer.handlers import Handler
from fast_channels.consumer.inbox import LAST, LAYER, Inbox, InboxByTurns, Origin
from fast_channels.consumer.membership import explained
from fast_channels.consumer.params import ParamsReader
from fast_channels.consumer.phases import (
    BEGIN,
    DISCONNECT,
    EVENT,
    INITIAL,
    LEAVE,
    LIVE,
    OVER,
    PHASES,
)
from fast_channels.consumer.rules import WORKER, Rules
from fast_channels.consumer.sending import Sender, send_last
from fast_channels.consumer.steering import steering
from fast_channels.events import EVENTS
from fast_channels.events.close_codes import CloseCode
from fast_channels.exceptions import (
    ConnectionClosed,
    InvalidEventError,
    InvalidParamsError,
    MessageValueError,
    StopConsumer,
)
from fast_channels.layers import BaseChannelLayer
from fast_channels.layers.registry import require_channel_layer
from fast_channels.messages import Group
from fast_channels.messages.annotations import unchanged
from fast_channels.protocol import CONNECTIONS, GONE, Connection
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelMessage, ChannelScope
from fast_channels.untrusted import printable

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

NO_STATUS: Final = CloseCode.NO_STATUS.value
ABNORMAL: Final = CloseCode.ABNORMAL.value
INTERNAL_ERROR: Final = CloseCode.INTERNAL_ERROR.value

_NO_GROUPS: Mapping[str, "Group[Any, Any]"] = MappingProxyType({})
_DONE: Any = object()
_PASSED_OVER = (InvalidEventError, ConnectionClosed, MessageValueError, BaseExceptionGroup)
"""What a handler may raise without having failed, depending on what it is about, alone or in a group."""

_LOGGED: WeakKeyDictionary[type, set[str]] = WeakKeyDictionary()
"""What has been logged of each class of consumers, where once is enough."""

_C = TypeVar("_C", bound="AsyncConsumer")


class Life(Generic[_C]):
    """What happens to one consumer.

    It is given the consumer with each call, which refers to it.

    Args:
        rules: What is known of the class of the consumer.

    Attributes:
        connection: What says which events are legal, `None` for a protocol that ASGI does not define.
        inbox: Where the events come from.
        joined: The groups that the consumer has joined, by their names.
        phase: How far the life is.
    """

    __slots__ = ("connection", "inbox", "joined", "phase", "rules", "server_send")

    inbox: Inbox
    server_send: ASGISendCallable

    def __init__(self, rules: Rules) -> None:
        self.rules: Rules = rules
        self.phase: str = INITIAL
        self.connection: Connection | None = None
        self.joined: Mapping[str, Group[Any, Any]] = _NO_GROUPS

    def prepare(self, consumer: _C) -> None:
        """Give a new consumer what it has before its connection."""

    async def run(
        self, consumer: _C, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve a connection, from its first event to the last step of the clean-up.

        Raises:
            InvalidChannelLayerError: The channel layer that the consumer needs is not registered.
            RuntimeError: The consumer has served another connection.
            Exception: Whatever a handler raised, after the clean-up.
        """
        self.begin(consumer, scope, receive, send)
        inbox = self.inbox
        rules = self.rules
        try:
            # One coroutine for all of it: each event has to pass through every one that waits for it.
            alias = consumer.channel_layer_alias
            layer = require_channel_layer(alias, type(consumer).__name__) if alias else None
            consumer.channel_layer = layer
            try:
                try:
                    if rules.params is not None and not await self.read_params(consumer, rules.params):
                        return
                    if layer is not None:
                        await self.open_channel(consumer, layer)
                    event, origin = await inbox.get()
                    self.phase = PHASES[self.phase][EVENT]
                    inbox.watch_client()
                    while origin is not LAST or not rules.ends_alone:
                        try:
                            if (waiting := self.handle(consumer, event, origin)) is not None:
                                await waiting
                                del waiting
                        except _PASSED_OVER as error:
                            await self.handle_error(consumer, steering(error), event, origin)
                        if self.phase != LIVE or origin is LAST or self.is_over():
                            break
                        # A consumer that waits for its next event keeps nothing of the last.
                        del event
                        event, origin = await inbox.get()
                        inbox.answers = 0
                except StopConsumer:
                    pass
                if steps := self.last_steps(consumer):
                    await clean_up(steps)
            except BaseException as error:
                await self.fail(consumer, explained(consumer, error))
        finally:
            self.phase = OVER

    def begin(
        self, consumer: _C, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Take over a connection.

        Raises:
            RuntimeError: There has been one already, or no event loop of asyncio runs.
        """
        require_asyncio(type(consumer))
        phase = PHASES[self.phase].get(BEGIN)
        if phase is None:
            name = type(consumer).__name__
            serves = "has served a connection" if self.phase == OVER else "serves a connection already"
            raise RuntimeError(f"this {name} {serves}; {name}.as_asgi() makes one for each")
        self.phase = phase
        protocol = scope.get("type")
        kind = CONNECTIONS.get(protocol) if isinstance(protocol, str) else None
        connection = None if kind is None else kind(scope, self.rules.validators[kind.protocol])
        consumer.scope = scope
        self.inbox = InboxByTurns(None, receive) if protocol == WORKER else Inbox(connection, receive)
        self.connection = connection
        self.server_send = send
        consumer.base_send = send if connection is None else Sender(connection, self.inbox, send).send

    async def read_params(self, consumer: _C, reader: ParamsReader[BaseModel]) -> bool:
        """Give the consumer its parameters; returns whether they fit."""
        try:
            vars(consumer)["params"] = reader.read(consumer.scope)
        except InvalidParamsError as error:
            # An answer is legal when the first event has come.
            await self.inbox.get()
            await consumer.params_invalid(error)
            return False
        return True

    async def open_channel(self, consumer: _C, layer: BaseChannelLayer) -> None:
        """Give the consumer a channel of its own, and listen to it."""
        inbox = self.inbox
        consumer.channel_name = inbox.channel = await layer.new_channel()
        consumer.channel_receive = functools.partial(layer.receive, consumer.channel_name)
        # Whoever has no handler for it must not fail because of it.
        inbox.listen(layer, consumer.channel_name, gaps="channel_gap" in self.rules.handlers)

    def handle(self, consumer: _C, message: ChannelMessage, origin: Origin) -> Awaitable[None] | None:
        """Begin to handle a message; returns what is left to be awaited, if anything."""
        routes = self.rules.routes
        handling: Awaitable[None]
        if routes is None:
            if origin is LAYER and (known := self.rules.known(message)) is not None:
                message = self.admitted(consumer, message, known)
            handling = consumer.dispatch(message)
        else:
            # One coroutine less where nobody has overridden dispatch().
            handler: Handler | None
            try:
                handler = routes[message["type"]]
            except (KeyError, TypeError):
                handler = None
            # Out here, so that its error is not shown as one of the look-up.
            handler = handler or self.rules.find(message)
            if origin is LAYER and handler.event is not None:
                message = self.admitted(consumer, message, handler)
            convert = handler.convert
            if convert is not unchanged:
                message = convert(message)
            if handler.of_life:
                handling = getattr(self, handler.name)(consumer, message)
            else:
                handling = getattr(consumer, handler.name)(message)
        inbox = self.inbox
        if inbox.reading:
            return handling
        # Most handlers wait for nothing; a task watches the client while the others do.
        steps = handling.__await__()
        if (yielded := next(steps, _DONE)) is _DONE:
            return None
        inbox.read_ahead()
        return rest(steps, yielded)

    def admitted(self, consumer: _C, message: ChannelMessage, handler: Handler) -> ChannelMessage:
        """Return a message of the channel layer as its handler may get it: see `Rules.admitted()`."""
        return self.rules.admitted(message, handler, consumer.asgi_events_from_layer, self.connection)

    async def handle_error(
        self, consumer: _C, error: BaseException, event: Mapping[str, Any], origin: Origin
    ) -> None:
        """Pass over an error that is no fault of the application, or raise it."""
        if isinstance(error, InvalidEventError):
            await self.handle_unhandled(consumer, error, event, origin)
        elif not (isinstance(error, ConnectionClosed) and self.connection and self.connection.closed):
            raise error
        elif self.connection.state != GONE and origin is not LAYER:
            text = "sent something after it had closed the connection, which ended its handler of %s"
            warn_once(consumer, text, event["type"])
        else:
            # Its error has told the handler, and nobody could have known before: no warning is due.
            logger.debug("A handler of %s sent to a connection that is gone", printable(event["type"]))

    async def handle_unhandled(
        self, consumer: _C, error: InvalidEventError, event: Mapping[str, Any], origin: Origin
    ) -> None:
        """Decide what becomes of a message that nothing handles."""
        type_: object = event.get("type")
        connection = self.connection
        if connection is not None and origin is not LAYER and not isinstance(type_, str):
            # Not even an event, so it is the server that is wrong.
            raise error
        if connection is None or origin is LAYER or not str(type_).startswith(f"{connection.protocol}."):
            await consumer.channel_invalid(error)
        elif type_ in EVENTS and origin is not LAST:
            # The server waits for what only a handler could do.
            raise error
        else:
            # The server's doing: the last event needs no handler, and a server may have events that no
            # specification names, which a client could make it send until the log is full.
            logger.debug("%s does not handle %s; ignored", consumer, printable(str(type_)))

    def is_over(self) -> bool:
        """Tell whether the connection is over although the server does not say so."""
        return False

    def last_steps(self, consumer: _C, error: BaseException | None = None) -> list[Step]:
        """Return the steps of the clean-up."""
        steps: list[Step] = []
        inbox = self.inbox
        if self.phase == LIVE:
            code = NO_STATUS if inbox.close_code is None else inbox.close_code
            if inbox.lost or error is not None:
                code = ABNORMAL if inbox.lost or isinstance(error, asyncio.CancelledError) else INTERNAL_ERROR
            steps.append(functools.partial(self.disconnect, consumer, code))
        if inbox.channel is not None:
            if self.may_be_member(consumer):
                steps.append(functools.partial(self.leave_groups, consumer))
            layer = consumer.channel_layer
            # One of somebody else's may know of groups only.
            if isinstance(layer, BaseChannelLayer):
                steps.append(functools.partial(layer.close_channel, inbox.channel))
        if inbox.arrivals is not None and (inbox.tasks() or inbox.arrivals.entries):
            steps.append(inbox.close)
        return steps

    async def fail(self, consumer: _C, error: BaseException) -> None:
        """Clean up after an error, tell the client if the application has failed, and raise the error."""
        connection = self.connection
        inbox = self.inbox
        event = None
        if connection is not None and not inbox.lost and not isinstance(error, asyncio.CancelledError):
            event = connection.failure()
        steps = self.last_steps(consumer, error)
        if event is not None:
            # The last of all: a client that reads nothing makes it wait.
            steps.append(functools.partial(send_last, self.server_send, event, inbox))
        try:
            await clean_up(steps, error)
        finally:
            # The error refers to this frame, which would refer to the error.
            del error

    async def disconnect(self, consumer: _C, code: int) -> None:
        """Let the consumer's hook clean up."""
        self.phase = PHASES[self.phase][DISCONNECT]
        connection = self.connection
        if connection is not None and connection.state != GONE:
            # Neither disconnect() nor whoever still holds the consumer then can send any more.
            connection.lost()
        try:
            await self.run_hook(consumer, code)
        except StopConsumer:
            # It is ending already.
            pass
        except ConnectionClosed:
            text = "disconnect() of %s sent to a connection that is gone"
            logger.warning(text, consumer, exc_info=True)

    async def end(self, consumer: _C, code: int) -> None:
        """Let the consumer's hook clean up now, shielded as in the clean-up."""
        if DISCONNECT in PHASES[self.phase]:
            await clean_up([functools.partial(self.disconnect, consumer, code)])

    def run_hook(self, consumer: _C, code: int) -> Awaitable[None]:
        """Return what runs the `disconnect()` of a consumer that has one."""
        return _nothing()

    def may_be_member(self, consumer: _C) -> bool:
        """Tell whether there are groups to be left."""
        return bool(self.joined)

    def group_names(self, consumer: _C) -> Iterable[str]:
        """Return the names of the groups of which the consumer may be a member."""
        return self.joined

    async def leave_groups(self, consumer: _C) -> None:
        """Leave every group, for good."""
        self.phase = PHASES[self.phase][LEAVE]
        await self.discard_groups(consumer)

    async def discard_groups(self, consumer: _C) -> None:
        """End all memberships, whatever becomes of one."""
        layer = consumer.channel_layer
        if layer is not None:
            channel = consumer.channel_name
            names = [*self.group_names(consumer)]
            if len(names) == 1:
                await layer.group_discard(names[0], channel)
            else:
                await clean_up(functools.partial(layer.group_discard, name, channel) for name in names)


def warn_once(consumer: "AsyncConsumer", text: str, *values: object) -> None:
    """Log a warning about a consumer, unless that was done for another one of its class."""
    logged = _LOGGED.setdefault(type(consumer), set())
    if text not in logged:
        logged.add(text)
        logger.warning(f"%s {text}; this is logged once for each class", consumer, *values)


async def _nothing() -> None:
    """Do what a consumer without `disconnect()` does."""
