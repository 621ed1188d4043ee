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

What needs no change and causes none goes straight: an event of the server that is in canonical form and
leaves the state as it is (see `canonical`), whose handler is the library's own, is handed to the function of
the life that does the work of that handler, and a frame that the consumer sends goes to the server at once.
Neither is validated a second time, and neither can end the connection, so the loop does not look. Where an
application has overridden the handler, `dispatch()` or `base_send`, everything goes the general way.

A consumer refers to its life; the life is given the consumer with each call and keeps no reference to it, so
that no connection waits for the garbage collector.
"""

import asyncio
import functools
from collections.abc import Awaitable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from fast_channels.consumer.authentication import Authenticated, authenticate
from fast_channels.consumer.cleanup import NOTHING, Step, clean_up, rest
from fast_channels.consumer.crash import fail
from fast_channels.consumer.foreign import LIFESPAN
from fast_channels.consumer.handler_errors import pass_over, pass_over_of_disconnect
from fast_channels.consumer.handlers import Handler
from fast_channels.consumer.inbox import LAST, LAYER, Arrival, Inbox, InboxByTurns, Origin
from fast_channels.consumer.membership import discard, explained
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
from fast_channels.consumer.sending import SENDS_PER_TURN, Sender, recover
from fast_channels.consumer.steering import steering
from fast_channels.consumer.supervision import Supervision, end_tasks, first_error
from fast_channels.event_loop import require_asyncio
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
from fast_channels.messages.snapshot import own
from fast_channels.protocol import GONE
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelMessage, ChannelScope

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer
    from fast_channels.protocol import Connection

NO_STATUS: Final = CloseCode.NO_STATUS.value
ABNORMAL: Final = CloseCode.ABNORMAL.value
INTERNAL_ERROR: Final = CloseCode.INTERNAL_ERROR.value

_SENDS: Final = SENDS_PER_TURN - 1

_NO_GROUPS: Mapping[str, "Group[Any, Any]"] = MappingProxyType({})
_DONE: Any = object()
_PASSED_OVER = (InvalidEventError, ConnectionClosed, MessageValueError, BaseExceptionGroup)
"""What a handler may raise without having failed, depending on what it is about, alone or in a group."""

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
        supervision: The tasks that the consumer has spawned, `None` before the first.
        task: The task of the connection, `None` if nothing is served, or whoever does it has none.
    """

    __slots__ = (
        *("base_send", "connection", "inbox", "joined", "phase", "rules", "server_send"),
        *("supervision", "task"),
    )

    base_send: ASGISendCallable
    inbox: Inbox
    server_send: ASGISendCallable

    def __init__(self, rules: Rules) -> None:
        self.rules: Rules = rules
        self.phase: str = INITIAL
        self.connection: Connection | None = None
        self.joined: Mapping[str, Group[Any, Any]] = _NO_GROUPS
        self.supervision: Supervision | None = None
        self.task: asyncio.Task[Any] | None = None

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
        failure: BaseException | None = None
        # One coroutine for all of it: each event has to pass through every one that waits for it.
        try:
            try:
                event, origin, of_life = await self.first(consumer)
                while True:
                    try:
                        handling = (
                            self.handle(consumer, event, origin)
                            if of_life is None
                            else of_life(self, consumer, event)
                        )
                        if inbox.reading:
                            await handling
                        else:
                            # Most handlers wait for nothing; a task watches the client while others do.
                            steps = handling.__await__()
                            if (yielded := next(steps, _DONE)) is not _DONE:
                                inbox.read_ahead()
                                await rest(steps, yielded)
                                del yielded
                            del steps
                        del handling
                    except _PASSED_OVER as error:
                        await self.handle_error(consumer, steering(error), event, origin)
                    # What needs no change and causes none does not end a connection.
                    if of_life is None and (self.phase != LIVE or origin is LAST or self.is_over(consumer)):
                        break
                    # A consumer that waits for its next event keeps nothing of the last.
                    del event
                    inbox.answers = 0
                    # As get() does it, without its coroutine.
                    if inbox.reading and (arrivals := inbox.arrivals) is not None:
                        event, origin, of_life = inbox.taken(
                            arrivals,
                            arrivals.entries.popleft() if arrivals.entries else await arrivals.arrival(),
                        )
                    else:
                        inbox.lost = True
                        event, origin, of_life = inbox.arrival(await inbox.receive())
                if last_steps := self.last_steps(consumer):
                    await clean_up(last_steps)
            except BaseException as error:
                # Handled outside: the failure of a task must not look like one that came of this error.
                failure = first_error(self, error)
            if failure is not None:
                await fail(self, consumer, explained(consumer, failure))
        finally:
            self.phase = OVER
            # It refers to the frames of the connection, and to its error.
            self.task = failure = None

    async def first(self, consumer: _C) -> Arrival:
        """Return the first event, for which the consumer has its parameters and its channel.

        Raises:
            InvalidChannelLayerError: The channel layer that the consumer needs is not registered.
            StopConsumer: The client has been told what is wrong with its parameters, or that it is not known.
        """
        inbox = self.inbox
        alias = consumer.channel_layer_alias
        layer = require_channel_layer(alias, type(consumer).__name__) if alias else None
        consumer.channel_layer = layer
        if (reader := self.rules.params) is not None:
            try:
                vars(consumer)["params"] = reader.read(consumer.scope)
            except InvalidParamsError as error:
                # An answer is legal when the first event has come.
                await inbox.get()
                await consumer.params_invalid(error)
                raise StopConsumer from None
        if layer is not None:
            await self.open_channel(consumer, layer)
        if inbox.reading:
            arrival = await inbox.get()
        else:
            inbox.lost = True
            arrival = inbox.arrival(await inbox.receive())
        mixed: object = consumer
        if isinstance(mixed, Authenticated):
            await authenticate(mixed)
        self.phase = PHASES[self.phase][EVENT]
        if layer is not None:
            inbox.read_ahead()
        return arrival

    def begin(
        self, consumer: _C, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Take over a connection.

        Raises:
            RuntimeError: There has been one already, or no event loop of asyncio runs.
        """
        task = require_asyncio(type(consumer))
        phase = PHASES[self.phase].get(BEGIN)
        if phase is None:
            name = type(consumer).__name__
            serves = "has served a connection" if self.phase == OVER else "is serving a connection"
            raise RuntimeError(
                f"this {name} {serves} already, and an instance serves only one; use {name}.as_asgi(), "
                "which makes an instance for each connection"
            )
        self.phase = phase
        self.task = task
        consumer.scope = scope
        self.server_send = consumer.base_send = self.base_send = send
        protocol: Any = scope.get("type")
        try:
            kind, receivable, straight = self.rules.connections[protocol]
        except (KeyError, TypeError):
            self.inbox = (InboxByTurns if protocol == WORKER else Inbox)(None, receive)
        else:
            connection = self.connection = kind(scope, receivable)
            inbox = self.inbox = Inbox(connection, receive, straight)
            consumer.base_send = self.base_send = Sender(connection, inbox, send).send

    async def open_channel(self, consumer: _C, layer: BaseChannelLayer) -> None:
        """Give the consumer a channel of its own, and listen to it."""
        inbox = self.inbox
        consumer.channel_name = inbox.channel = await layer.new_channel()
        consumer.channel_receive = functools.partial(layer.receive, consumer.channel_name)
        # Whoever has no handler for it must not fail because of it.
        inbox.listen(layer, consumer.channel_name, gaps="channel_gap" in self.rules.handlers)

    def straight(self, consumer: _C, event: dict[str, Any]) -> "Connection | None":
        """Return the connection if an event that this library has made may go to the server as it is.

        Every other event goes through `base_send()`: one that has to be changed or refused, that moves the
        connection, or before which the event loop is due a turn; and all of a consumer whose `base_send` has
        been replaced.
        """
        connection = self.connection
        if connection is not None and consumer.base_send is self.base_send:
            inbox = self.inbox
            recognise = connection.sent_self_loops[connection.state].get(event["type"])
            if recognise is not None and recognise(event) and inbox.answers < _SENDS:
                inbox.answers += 1
                return connection
        return None

    async def send_own(self, consumer: _C, *events: dict[str, Any]) -> None:
        """Send events that this library has made, those that need no change without validating them."""
        connection = self.connection
        for event in events:
            if connection is not None and consumer.base_send is self.base_send and connection.send_own(event):
                try:
                    await self.server_send(event)
                except Exception as error:
                    await recover(connection, self.server_send, event, error)
            else:
                await consumer.base_send(event)

    def handle(self, consumer: _C, message: ChannelMessage, origin: Origin) -> Awaitable[None]:
        """Return what handles a message."""
        if origin is LAST and message["type"] == self.rules.ends_alone:
            return NOTHING
        routes = self.rules.routes
        if routes is None:
            if origin is LAYER:
                message = own(message)
                if (known := self.rules.known(message)) is not None:
                    message = self.rules.admitted(message, known, consumer, self.connection)
            return consumer.dispatch(message)
        # One coroutine less where nobody has overridden dispatch().
        handler: Handler | None
        try:
            handler = routes[message["type"]]
        except (KeyError, TypeError):
            handler = None
        # Out here, so that its error is not shown as one of the look-up.
        handler = handler or self.rules.find(own(message))
        if handler.event is not None:
            if origin is LAYER:
                message = self.rules.admitted(own(message), handler, consumer, self.connection)
            if handler.of_life is not None:
                return handler.of_life(self, consumer, message)
        convert = handler.convert
        handling: Awaitable[None] = getattr(consumer, handler.name)(convert(message))
        return handling

    async def handle_error(
        self, consumer: _C, error: BaseException, event: Mapping[str, Any], origin: Origin
    ) -> None:
        """Pass over an error that is no fault of the application, or raise it."""
        await pass_over(self.connection, consumer, error, event, origin)

    def is_over(self, consumer: _C) -> bool:
        """Tell whether the connection is over although the server does not say so."""
        return False

    def last_steps(self, consumer: _C, error: BaseException | None = None) -> list[Step]:
        """Return the steps of the clean-up."""
        steps: list[Step] = []
        inbox = self.inbox
        if self.supervision is not None and not self.supervision.ended:
            steps.append(functools.partial(end_tasks, self, self.supervision))
        if self.phase == LIVE and not self.rules.has_hook and "disconnect" not in vars(consumer):
            self.retire()
        elif self.phase == LIVE:
            code = NO_STATUS if inbox.close_code is None else inbox.close_code
            if inbox.lost or error is not None:
                code = ABNORMAL if inbox.lost or isinstance(error, asyncio.CancelledError) else INTERNAL_ERROR
            steps.append(functools.partial(self.disconnect, consumer, code))
        channel = inbox.channel
        if channel is not None:
            # Once: after an error of these steps there may be a close frame to be sent, and nothing more.
            inbox.channel = None
            if self.may_be_member(consumer):
                steps.append(functools.partial(self.leave_groups, consumer))
            layer = consumer.channel_layer
            # One of somebody else's may know of groups only.
            if isinstance(layer, BaseChannelLayer):
                steps.append(functools.partial(layer.close_channel, channel))
        if inbox.arrivals is not None and (inbox.tasks() or inbox.arrivals.entries):
            steps.append(inbox.close)
        return steps

    def retire(self) -> None:
        """Begin the end: neither `disconnect()` nor whoever still holds the consumer can send any more."""
        self.phase = PHASES[self.phase].get(DISCONNECT, self.phase)
        connection = self.connection
        if connection is not None and connection.state != GONE:
            connection.lost()

    async def disconnect(self, consumer: _C, code: int) -> None:
        """Let the consumer's hook clean up."""
        self.retire()
        connected = self.connection is None or self.connection.protocol != LIFESPAN
        try:
            await (self.run_hook(consumer, code) if connected else NOTHING)
        except (StopConsumer, ConnectionClosed, BaseExceptionGroup) as error:
            pass_over_of_disconnect(consumer, error)

    async def end(self, consumer: _C, code: int) -> None:
        """Let the consumer's hook clean up now, shielded as in the clean-up."""
        if DISCONNECT in PHASES[self.phase]:
            steps = [functools.partial(self.disconnect, consumer, code)]
            if self.supervision is not None:
                steps.insert(0, functools.partial(end_tasks, self, self.supervision))
            await clean_up(steps)

    def run_hook(self, consumer: _C, code: int) -> Awaitable[None]:
        """Return what runs the `disconnect()` of a consumer that has one."""
        return NOTHING

    def may_be_member(self, consumer: _C) -> bool:
        """Tell whether there are groups to be left."""
        return bool(self.joined)

    def group_names(self, consumer: _C) -> Iterable[str]:
        """Return the names of the groups of which the consumer may be a member."""
        return self.joined

    async def leave_groups(self, consumer: _C) -> None:
        """Leave every group, whatever becomes of one membership; at the end of the life for good."""
        self.phase = PHASES[self.phase].get(LEAVE, self.phase)
        layer = consumer.channel_layer
        if layer is not None:
            await discard(layer, self.group_names(consumer), consumer.channel_name)
