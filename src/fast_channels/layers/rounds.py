"""Messages to large groups, which reach a part of the members in each turn of the event loop.

Theory of operation. To put a message into ten thousand mailboxes at once, and to wake as many consumers,
would hold the event loop for as long as that takes. So a message to a large group makes a *round*: `PER_TURN`
members get it, their consumers have a turn, the next members get it, and so on; the sender waits until all
of them have it. A round is driven by the coroutine of its sender, and guarded by the lock of the mailroom.

A recipient sees no difference from a message that all members get at once, when it is sent:

* Order. Before any later message is put into a mailbox, the rounds that have not come to it yet hand it
  theirs, the oldest first (`catch_up()`). So a member sees messages in the order in which they were sent, by
  whomever and to whichever group or channel; also an answer to a message never overtakes it.
* Members. Those that the group had when the message was sent get it, once. One that has left, or whose
  channel was closed, before its turn came gets nothing more, as if it had left before the message was sent.
* Cancellation. A sender that is cancelled, or is thrown away by the garbage collector, finishes its round at
  once, without turns: a message never reaches a part of its group.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from fast_channels.layers.mailbox import Effects, Letter, SharedState

__all__ = ["LARGE", "PER_TURN", "Round", "Rounds"]

LARGE: Final = 128
"""With more members than this a group is a large one."""

PER_TURN: Final = 64
"""How many members of a large group get a message before the event loop has its turn, in which their handlers
run: few enough that what the handlers need is still in the cache of the processor."""

HandOut: TypeAlias = Callable[[str, Iterable[str], Letter, float, Effects], None]
"""Puts a message into the mailboxes of some members of a group; needs the lock."""


class Round:
    """A message on its way to the members of a large group.

    Attributes:
        group: The name of the group.
        letter: The message.
        channels: Its members when the message was sent.
        waiting: Those of them that have not had their turn.
        begun: How many of `channels` have.
    """

    __slots__ = ("begun", "channels", "group", "letter", "waiting")

    def __init__(self, group: str, letter: Letter, channels: tuple[str, ...]) -> None:
        self.group: str = group
        self.letter: Letter = letter
        self.channels: tuple[str, ...] = channels
        self.waiting: set[str] = set(channels)
        self.begun: int = 0


class Rounds:
    """The rounds of a layer.

    Args:
        state: Its mailboxes.
        members: The members of each group.
        hand_out: Puts a message into mailboxes.

    Attributes:
        active: The rounds that have not ended, the oldest first.
    """

    __slots__ = ("_hand_out", "_members", "_state", "active")

    def __init__(
        self, state: SharedState, members: Mapping[str, Mapping[str, object]], hand_out: HandOut
    ) -> None:
        self._state = state
        self._members = members
        self._hand_out = hand_out
        self.active: list[Round] = []

    def begin(self, group: str, letter: Letter, channels: tuple[str, ...]) -> Round:
        """Return a new round, which has to be run. Needs the lock."""
        one = Round(group, letter, channels)
        self.active.append(one)
        return one

    async def run(self, one: Round, effects: Effects) -> None:
        """Go through a round, with turns of the event loop in between."""
        try:
            while self._turn(one, effects):
                effects.tell()
                await asyncio.sleep(0)
        except BaseException:
            while self._turn(one, effects):
                pass
            effects.tell()
            raise
        finally:
            with self._state.lock:
                self.active.remove(one)

    def catch_up(
        self, channels: Iterable[str], now: float, effects: Effects, *, until: Round | None = None
    ) -> None:
        """Hand some channels the messages that are on their way to them, before a later one. Needs the lock.

        Args:
            channels: Their names.
            now: Time of the mailroom's clock.
            effects: Collects what the caller does when it has released the lock.
            until: The round of the later message, if it has one.
        """
        for one in self.active:
            if one is until:
                return
            self._hand(one, channels, now, effects)

    def _turn(self, one: Round, effects: Effects) -> bool:
        """Hand the message to the next members; return whether there are more."""
        with self._state.lock:
            now = self._state.clock()
            part = one.channels[one.begun : one.begun + PER_TURN]
            one.begun += len(part)
            self.catch_up(part, now, effects, until=one)
            self._hand(one, part, now, effects)
            return one.begun < len(one.channels)

    def _hand(self, one: Round, channels: Iterable[str], now: float, effects: Effects) -> None:
        waiting, members = one.waiting, self._members.get(one.group, {})
        due = [channel for channel in channels if channel in waiting]
        waiting.difference_update(due)
        still = [channel for channel in due if channel in members]
        self._hand_out(one.group, still, one.letter, now, effects)
