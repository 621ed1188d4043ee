"""A timer wheel: many coarse time limits of one event loop, for the price of one timer.

Theory of operation. The wheel counts ticks of `TICK` seconds while anything waits in it. An alarm that waits
is in the set of the tick at which it is due. So adding and removing one are an operation on a set, however
many wait, and a tick looks only at what is due. No alarm is moved when a client says something: what reads
the events stores the number of the tick, and the alarm looks at that when it is due, and is added again for
what is left.

A tick that comes late, because the event loop was busy or the machine was asleep, is one tick and no more:
time in which nothing could be read is not time in which a client said nothing. So the wheel may be late, as
much as the event loop was, and is never early.
"""

import asyncio
import math
from contextvars import Context, copy_context
from typing import Final
from weakref import WeakKeyDictionary

__all__ = ["TICK", "Alarm", "Wheel", "ticks", "wheel_of"]

TICK: Final = 0.25
"""How long a tick is, in seconds."""


class Alarm:
    """Something that happens at a tick.

    Attributes:
        due: The tick.
    """

    __slots__ = ("due",)

    due: int

    def ring(self) -> None:
        """Happen; the alarm is in no wheel any more."""
        raise NotImplementedError


class Wheel:
    """The time limits of one event loop, to which it does not refer.

    Attributes:
        now: The number of ticks that have been.
    """

    __slots__ = ("_due", "_turns", "now")

    def __init__(self) -> None:
        self.now: int = 0
        self._due: dict[int, set[Alarm]] = {}
        self._turns = False

    def add(self, alarm: Alarm, after: int) -> None:
        """Let an alarm wait.

        Args:
            alarm: The alarm, which waits in no wheel.
            after: After how many ticks it is due, at least one.
        """
        alarm.due = self.now + after
        self._due.setdefault(alarm.due, set()).add(alarm)
        if not self._turns:
            self._turns = True
            loop = asyncio.get_running_loop()
            # In a context of its own: it is not for the connection that happens to be the first.
            loop.call_later(TICK, self._turn, loop, loop.time() + TICK, context=Context())

    def discard(self, alarm: Alarm) -> None:
        """Let an alarm wait no longer, if it does."""
        alarms = self._due.get(alarm.due)
        if alarms is not None:
            alarms.discard(alarm)
            if not alarms:
                del self._due[alarm.due]

    def tick(self) -> None:
        """Count a tick, and ring what is due."""
        self.now += 1
        for alarm in self._due.pop(self.now, ()):
            alarm.ring()

    def _turn(self, loop: asyncio.AbstractEventLoop, planned: float) -> None:
        self.tick()
        self._turns = bool(self._due)
        if self._turns:
            following = max(planned, loop.time() - TICK) + TICK
            loop.call_at(following, self._turn, loop, following, context=copy_context())


def ticks(seconds: float) -> int:
    """Return after how many ticks at least so many seconds have passed: the first may be over nearly."""
    return math.ceil(seconds / TICK) + 1


_wheels: WeakKeyDictionary[asyncio.AbstractEventLoop, Wheel] = WeakKeyDictionary()


def wheel_of(loop: asyncio.AbstractEventLoop) -> Wheel:
    """Return the wheel of an event loop."""
    wheel = _wheels.get(loop)
    if wheel is None:
        wheel = _wheels[loop] = Wheel()
    return wheel
