"""How long a WebSocket may wait for an answer to its handshake, and for its client."""

import asyncio
import math
from collections.abc import Awaitable
from contextvars import copy_context
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from fast_channels.consumer.closing import require_declared
from fast_channels.consumer.inbox import LAYER, Arrival, Arrivals, Inbox, Inboxed
from fast_channels.consumer.sending import Sender
from fast_channels.consumer.supervision import spawn
from fast_channels.consumer.wheel import Alarm, Wheel, ticks, wheel_of
from fast_channels.events.close_codes import CLOSE_CODES, CloseCode
from fast_channels.exceptions import LocalProtocolError
from fast_channels.protocol.states import HANDSHAKE, OPEN
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelMessage
from fast_channels.untrusted import shown

if TYPE_CHECKING:
    from fast_channels.consumer.rules import Rules
    from fast_channels.consumer.websocket import AsyncWebsocketConsumer
    from fast_channels.consumer.websocket_life import WebSocketLife
    from fast_channels.protocol import Connection

__all__ = ["TimeoutKind", "Timeouts", "Timers", "limit_time", "require_code"]

TimeoutKind: TypeAlias = Literal["accept", "idle"]
"""Which time limit has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """The time limits of a WebSocket, in seconds; `None` means no limit.

    They are measured in steps of a quarter of a second, and are never shorter than they say.

    Attributes:
        accept: The time within which the consumer has to answer the handshake.
        idle: The time within which the client has to send a frame. It does not pass while the consumer
            handles one.
        code: The close code with which `timed_out()` closes an open WebSocket by default.

    Raises:
        TypeError: A limit is not a number.
        ValueError: A limit is not above 0, or the code may not be sent.
    """

    accept: float | None = None
    idle: float | None = None
    code: int = CloseCode.POLICY_VIOLATION.value

    def __post_init__(self) -> None:
        for name in ("accept", "idle"):
            _require_seconds(name, getattr(self, name))
        if not any(low <= self.code <= high for low, high in CLOSE_CODES):
            raise ValueError(f"Timeouts(code={shown(self.code)}): the code may not be sent")


def _require_seconds(name: str, value: object) -> None:
    text = f"Timeouts({name}={shown(value)}): use a number of seconds above 0, or None for no limit"
    if value is None:
        return
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(text)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(text)


def require_code(owner: str, timeouts: object, codes: type[IntEnum]) -> None:
    """Do nothing if a consumer may close with the code of its time limits.

    Raises:
        TypeError: It may not, because its `close_codes` do not have that code.
    """
    if isinstance(timeouts, Timeouts):
        try:
            require_declared(f"{owner}.timeouts", codes, timeouts.code)
        except LocalProtocolError as error:
            raise TypeError(str(error)) from None


class _Silence:
    """How long a client has said nothing that is not handled yet.

    Args:
        receive: The server's `receive`.

    Attributes:
        since: The tick at which the last event of the client had been handled.
        is_answered: Whether no event of the client is being handled.
        wheel: What counts the ticks.
    """

    __slots__ = ("_receive", "is_answered", "since", "wheel")

    def __init__(self, receive: ASGIReceiveCallable) -> None:
        self._receive = receive
        self.wheel: Wheel = wheel_of(asyncio.get_running_loop())
        self.since: int = self.wheel.now
        self.is_answered: bool = True

    def answered(self) -> None:
        """Note that no event of the client is being handled."""
        if not self.is_answered:
            self.is_answered = True
            self.since = self.wheel.now

    def receive(self) -> Awaitable[ChannelMessage]:
        """Return what waits for the client's next event."""
        self.since = self.wheel.now
        return self._receive()


class _WatchedArrivals(Arrivals):
    __slots__ = ("_silence",)

    def __init__(self, silence: _Silence) -> None:
        super().__init__()
        self._silence = silence

    def arrival(self) -> Awaitable[Inboxed]:
        """Return a future of the next entry that is put, while none is kept."""
        self._silence.answered()
        return super().arrival()


class _WatchedInbox(Inbox):
    """The events of a consumer whose client must not be silent for too long.

    Attributes:
        silence: How long it has been silent.
    """

    __slots__ = ("silence",)

    silence: _Silence

    def is_silent(self) -> bool:
        """Tell whether the client could say something, and has not.

        It may wait for the consumer itself: while an event that it has sent is handled, or is not yet.
        """
        arrivals = self.arrivals
        if arrivals is None or not self.reading:
            # The task of the connection waits for the server, which would be at fault if it raised.
            return self.lost
        return self.silence.is_answered and not arrivals.of_client.unhandled

    def read_ahead(self) -> None:
        """Read the client's events in a task from now on: one of them is being handled."""
        self.silence.is_answered = False
        super().read_ahead()

    def taken(self, arrivals: Arrivals, entry: Inboxed) -> Arrival:
        """Return the event of an entry, and note where it is from.

        Raises:
            Exception: Whatever the source raised that the entry is from.
        """
        self.silence.answered()
        arrival = super().taken(arrivals, entry)
        self.silence.is_answered = arrival[1] is LAYER
        return arrival


def _watched_inbox(connection: "Connection", receive: ASGIReceiveCallable, rules: "Rules") -> _WatchedInbox:
    silence = _Silence(receive)
    straight = rules.connections[connection.protocol].straight
    inbox = _WatchedInbox(connection, silence.receive, straight)
    inbox.silence = silence
    inbox.arrivals = _WatchedArrivals(silence)
    return inbox


class Timers:
    """The time limits of one connection.

    Between `start()` and `stop()` they refer to the life of the connection, which refers to them.

    Args:
        timeouts: The limits.

    Attributes:
        timeouts: The limits.
    """

    __slots__ = ("_alarms", "_wheel", "timeouts")

    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts: Timeouts = timeouts
        self._wheel = wheel_of(asyncio.get_running_loop())
        self._alarms: list[_Limit] = []

    def start(self, life: "WebSocketLife[Any]", consumer: "AsyncWebsocketConsumer") -> None:
        """Begin with the handshake."""
        if (accept := self.timeouts.accept) is not None:
            self._add(_AcceptLimit(self._wheel, life, consumer, accept), ticks(accept))
        if (idle := self.timeouts.idle) is not None:
            # It begins when the handshake has been accepted, for which it looks at every tick.
            self._add(_IdleLimit(self._wheel, life, consumer, idle), 1)

    def _add(self, limit: "_Limit", after: int) -> None:
        self._alarms.append(limit)
        self._wheel.add(limit, after)

    def stop(self) -> None:
        """Let no limit pass any more."""
        for alarm in self._alarms:
            self._wheel.discard(alarm)
        self._alarms.clear()


def limit_time(
    life: "WebSocketLife[Any]",
    consumer: "AsyncWebsocketConsumer",
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
) -> Timers | None:
    """Give a connection the time limits of its consumer, `None` if it has none.

    Its inbox is one that notes when events come, if the client must not be silent for too long.
    """
    timeouts: object = consumer.timeouts
    connection = life.connection
    # Existing code may have something else of this name.
    if connection is None or not isinstance(timeouts, Timeouts):
        return None
    if timeouts.idle is not None:
        inbox = life.inbox = _watched_inbox(connection, receive, life.rules)
        consumer.base_send = life.base_send = Sender(connection, inbox, send).send
    return Timers(timeouts)


class _Limit(Alarm):
    __slots__ = ("_consumer", "_context", "_life", "_opened", "_wheel", "ticks")

    def __init__(
        self,
        wheel: Wheel,
        life: "WebSocketLife[Any]",
        consumer: "AsyncWebsocketConsumer",
        seconds: float,
    ) -> None:
        self._wheel = wheel
        self._life = life
        self._consumer = consumer
        self._context = copy_context()
        self.ticks: int = ticks(seconds)
        self._opened: bool = False

    def _state(self) -> object:
        connection = self._life.connection
        return None if connection is None else connection.state

    def _time_out(self, kind: TimeoutKind) -> None:
        consumer = self._consumer
        work = consumer.timed_out(kind)
        # In the context of the connection, not that of the wheel.
        _ = self._context.run(spawn, self._life, consumer, work, f"timed_out({kind!r})")


class _AcceptLimit(_Limit):
    """Has to be met by the answer to the handshake."""

    __slots__ = ()

    def ring(self) -> None:
        """Tell the consumer that the handshake is still open."""
        if self._state() == HANDSHAKE:
            self._time_out("accept")


class _IdleLimit(_Limit):
    """Has to be met by each event of the client, once the WebSocket is open."""

    __slots__ = ()

    def ring(self) -> None:
        """Tell the consumer that nothing has come, or look again when that could be."""
        inbox: Any = self._life.inbox
        silence: _Silence = inbox.silence
        state, now = self._state(), self._wheel.now
        left = self.ticks
        if state == HANDSHAKE:
            left = 1
        elif state != OPEN:
            return
        elif not self._opened:
            self._opened = True
            silence.since = now
        elif self._life.is_busy():
            # Nobody is told when that ends.
            silence.since = now
            left = 1
        elif inbox.is_silent():
            left += silence.since - now
            if left <= 0:
                silence.since = now
                left = self.ticks
                self._time_out("idle")
        # What is being handled now ends later, and only then the time begins.
        self._wheel.add(self, left)
