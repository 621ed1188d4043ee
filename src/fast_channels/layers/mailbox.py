"""The unread messages of one channel, and whoever reads them.

Theory of operation. A layer has a `Mailroom`, which owns the mailboxes by channel. A mailbox owns its
letters (a message and the time at which it expires) and knows its readers: at most one consumer, which is
told by a callback, and any number of receivers, coroutines in `Mailroom.receive()` that wait for a future
each. One lock for the whole mailroom guards all of it; senders and readers may be in any thread.

What may never happen, and why it does not:

* A message reaches two readers, or is lost between them. Callbacks and futures carry no message, they only
  say "look"; `take()` alone hands one out, and removes it under the lock. So a reader that is cancelled
  after it was woken has taken nothing, and `remove_receiver()` wakes the next one for what is left.
* A message waits although somebody waits for it. A receiver looks and registers its future under the same
  lock, and looks again when it was woken; `put()` wakes one, and passes over a future that is done, or whose
  event loop is closed.
* A consumer misses a message because a callback was swallowed. It gets one callback for each letter that
  `put()` accepted; a letter that replaces another one inherits its callback, and a gap or a failure has one
  of its own. A callback too many is harmless: `take()` returns `None`.
* Code of an application runs under the lock. Whatever calls it is collected in `Effects`, and runs after.
* A loss is silent. A letter that is not taken is counted as expired, discarded or dropped: always
  `sent == taken + expired + discarded + waiting`. `Losses` says what the consumer is still to be told.
* Memory grows. A mailbox holds its capacity at most; letters for which neither a consumer nor a receiver is
  there stand in `unclaimed` too, in the order in which they expire, so a sender finds them without a search.
  What receivers have left there is listed when the last of them goes.
* A reader that hangs stops its senders. They wait a few turns of the loop for it, and then only after it has
  read again.
"""

import asyncio
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from fast_channels.layers.overflow import Losses, Overflow
from fast_channels.layers.receivers import Receivers
from fast_channels.layers.values import Snapshot

__all__ = ["NO_LETTERS", "NO_RECEIVERS", "Effects", "Letter", "Mailbox", "SharedState", "notify_all"]

GRACE_TURNS: Final = 5

logger: logging.Logger = logging.getLogger("fast_channels.layers")


class Letter:
    """A message on its way to one or many mailboxes."""

    __slots__ = ("expires_at", "snapshot")

    def __init__(self, expires_at: float, snapshot: Snapshot) -> None:
        self.expires_at: float = expires_at
        self.snapshot: Snapshot = snapshot


NO_LETTERS: Final[deque[Letter]] = deque(maxlen=0)


class Effects:
    """What is left to do after messages were put into mailboxes, once the lock is free.

    Attributes:
        callbacks: Those of the consumers that got a message, once for each message.
        half_full: Mailboxes whose readers deserve a turn before more is sent.
        overflowed: Mailboxes that have begun to refuse messages.
    """

    __slots__ = ("callbacks", "half_full", "overflowed")

    def __init__(self) -> None:
        self.callbacks: list[Callable[[], None]] = []
        self.half_full: list[Mailbox] = []
        self.overflowed: list[Mailbox] = []

    def tell(self) -> None:
        """Tell the consumers, and log overflows."""
        notify_all(self.callbacks)
        self.callbacks.clear()
        for box in self.overflowed:
            logger.warning(
                "channel %r is full (%d unread messages); it misses messages to its groups until it is read",
                box.channel,
                box.capacity,
            )
        self.overflowed.clear()

    async def apply(self) -> None:
        """Do what `tell()` does, and give the readers of mailboxes that fill up a few turns."""
        self.tell()
        turns = GRACE_TURNS if self.half_full else 0
        while turns and any(box.half_full for box in self.half_full):
            turns -= 1
            await asyncio.sleep(0)


def notify_all(callbacks: Iterable[Callable[[], None]]) -> None:
    """Call the callbacks of consumers; one that fails is logged and keeps nobody from being told."""
    for notify in callbacks:
        try:
            notify()
        except Exception:
            logger.exception(
                "a consumer could not be notified of a message; the message stays in its mailbox"
            )


class SharedState:
    """What the mailboxes of one layer share. Several threads, each with its event loop, may use it.

    Args:
        clock: Returns the time in seconds; never goes back.
        overflow: What a full mailbox does with a message whose sender cannot be told.

    Attributes:
        lock: Guards everything here and in the mailboxes. It is reentrant because the garbage collector may
            close an abandoned `receive()` at any point, inside a guarded block too.
        unclaimed: Messages in mailboxes that nobody reads, in the order in which they are due.
        sent: See `MailStats`, like `taken`, `expired`, `discarded`, `dropped_full` and `unheard`.
    """

    def __init__(self, clock: Callable[[], float], overflow: Overflow) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.clock = clock
        self.overflow: Overflow = overflow
        # A plain dict would search its first entry anew, past all deleted ones, at each sweep.
        self.unclaimed: OrderedDict[Letter, Mailbox] = OrderedDict()
        self.sent: int = 0
        self.taken: int = 0
        self.expired: int = 0
        self.discarded: int = 0
        self.dropped_full: int = 0
        self.unheard: int = 0

    def list_unclaimed(self, letter: Letter, box: "Mailbox") -> Letter:
        """Return a message for which nobody may ever come, so that a sweep finds it. Needs the lock."""
        if letter not in self.unclaimed:
            # Under a key of its own: mailboxes share letters.
            letter = type(letter)(letter.expires_at, letter.snapshot)
            self.unclaimed[letter] = box
        return letter


NO_RECEIVERS: Final = Receivers()


class Mailbox:
    """The unread messages of one channel, oldest first, and whoever reads them.

    Args:
        shared: What it shares with the other mailboxes of its layer.
        channel: Name of the channel.
        capacity: How many messages may wait.

    Attributes:
        notify: Called without arguments after each message that was put in, or `None` when no consumer
            listens. It may be called from any thread and must not block.
        receivers: The coroutines that wait for a message.
        hears_gaps: Whether the consumer wants to be told of missed messages, by a `ChannelGap` among them.
        letters: The messages; `NO_LETTERS` until there was one.
        nearly_half: With how many messages one more makes it half full.
    """

    __slots__ = (
        "_losses",
        "_read",
        "_shared",
        "capacity",
        "channel",
        "hears_gaps",
        "letters",
        "nearly_half",
        "notify",
        "receivers",
    )

    def __init__(self, shared: SharedState, channel: str, capacity: int) -> None:
        self.channel: str = channel
        self.capacity: int = capacity
        self.notify: Callable[[], None] | None = None
        self.receivers: Receivers = NO_RECEIVERS
        self.hears_gaps: bool = False
        # Most mailboxes never have any.
        self._losses: Losses | None = None
        self._shared = shared
        self.nearly_half: int = (capacity - 1) // 2
        # Most consumers are idle most of the time, and an empty deque takes 600 bytes.
        self.letters: deque[Letter] = NO_LETTERS
        # Somebody has read, or begun to, since a sender last waited for this mailbox to be read.
        self._read = False

    def __len__(self) -> int:
        return len(self.letters)

    def qsize(self) -> int:
        """Return how many messages wait, due ones included."""
        return len(self.letters)

    def empty(self) -> bool:
        """Return whether no message waits."""
        return not self.letters

    @property
    def idle(self) -> bool:
        """Whether no message waits, no consumer listens, and no receiver waits."""
        return self.notify is None and not self.receivers.count and not self.letters

    @property
    def half_full(self) -> bool:
        """Whether the mailbox is at least half full."""
        return len(self.letters) > self.nearly_half

    def put(self, letter: Letter, now: float, effects: Effects) -> bool:
        """Append a message, unless the mailbox is full; return whether it was accepted. Needs the lock.

        Args:
            letter: The message; mailboxes may share it.
            now: Time of the mailroom's clock.
            effects: Collects what the caller does when it has released the lock.
        """
        letters = self.letters
        # There is nothing to look at before it is half full with this one.
        if len(letters) >= self.nearly_half and not self._has_place(now, effects):
            return False
        if letters is NO_LETTERS:
            letters = self.letters = deque()
        shared = self._shared
        receivers = self.receivers
        notify = self.notify
        if notify is not None:
            effects.callbacks.append(notify)
        elif receivers.count:
            receivers.left_to = True
        else:
            letter = shared.list_unclaimed(letter, self)
        letters.append(letter)
        shared.sent += 1
        if receivers.waiting:
            receivers.wake_one()
        return True

    def overflow(self, letter: Letter, effects: Effects) -> None:
        """Do what the layer's policy says with a message that the full mailbox refused. Needs the lock."""
        self._shared.dropped_full += 1
        losses = self._losses = self._losses or Losses()
        if not losses.overflowing:
            losses.overflowing = True
            effects.overflowed.append(self)
        if self._shared.overflow == "close":
            self.discard_all()
            losses.overflowing = losses.failed = True
            if self.notify is not None:
                effects.callbacks.append(self.notify)
            self.receivers.wake_one()
            return
        if self._shared.overflow == "drop_oldest":
            self._replace_oldest(letter)
        if self.notify is not None and self.hears_gaps and losses.note_loss():
            effects.callbacks.append(self.notify)

    def note_outage(self, effects: Effects) -> bool:
        """Note that messages may be lost; tell whether that is one `ChannelGap` more. Needs the lock."""
        if self.notify is None or not self.hears_gaps:
            return False
        losses = self._losses = self._losses or Losses()
        if losses.outage:
            return False
        losses.outage = True
        effects.callbacks.append(self.notify)
        return True

    def take(self) -> dict[str, Any] | None:
        """Return the oldest message that is not due, or `None` when there is none.

        The dictionary belongs to the caller alone. Callable from any thread.

        Raises:
            ChannelFull: The mailbox was full, and the policy of the layer is "close".
        """
        message = self.take_snapshot()
        return message.own() if isinstance(message, Snapshot) else message

    def take_snapshot(self) -> dict[str, Any] | None:
        """Do what `take()` does, and return a `Snapshot`, which others have too: it must not be changed."""
        shared = self._shared
        # Once for each message: `with` takes twice as long.
        lock = shared.lock
        lock.acquire()
        try:
            letters, losses = self.letters, self._losses
            if losses is not None and (gap := losses.next_gap(self.channel, len(letters))) is not None:
                return gap.to_message()
            if not letters:
                return None
            self._read = True
            if losses is None and not shared.unclaimed:
                letter = letters.popleft()
                if letter.expires_at > shared.clock():
                    shared.taken += 1
                    return letter.snapshot
                shared.expired += 1
            self.drop_expired(shared.clock())
            if not letters:
                return None
            shared.taken += 1
            return self._shift().snapshot
        finally:
            lock.release()

    def add_consumer(self, notify: Callable[[], None]) -> None:
        """Note that a consumer listens, and how it is told of messages. Needs the lock."""
        self._read = True
        self.notify = notify

    def add_receiver(self) -> asyncio.Future[None] | None:
        """Note that a coroutine has come for a message. Needs the lock.

        Returns:
            What it waits for before it looks, `None` if there may be something already.
        """
        self._read = True
        receivers = self.receivers
        if receivers is NO_RECEIVERS:
            receivers = self.receivers = Receivers()
        waiter = None if self.letters or self._losses is not None else receivers.wait()
        receivers.count += 1
        return waiter

    def remove_receiver(self, waiter: asyncio.Future[None] | None) -> None:
        """Note that a receiver ends, in whatever way, with the last future it waited for. Needs the lock."""
        receivers = self.receivers
        receivers.count -= 1
        if waiter is not None and receivers.waiting:
            receivers.waiting.pop(waiter, None)
            if self.letters:
                # It may have been woken for a message that it did not take, because it was cancelled.
                receivers.wake_one()
        if receivers.left_to and not receivers.count:
            # Nobody is there any more for whom messages were left.
            receivers.left_to = False
            if self.notify is None and self.letters:
                listed = [self._shared.list_unclaimed(letter, self) for letter in self.letters]
                self.letters = deque(listed)

    def drop_expired(self, now: float) -> bool:
        """Throw away the messages at the head that are due; return whether there were any. Needs the lock."""
        before = len(self.letters)
        while self.letters and self.letters[0].expires_at <= now:
            self._shift()
        dropped = before - len(self.letters)
        self._shared.expired += dropped
        return dropped > 0

    def discard_all(self) -> None:
        """Throw away every message. Needs the lock."""
        self._shared.discarded += len(self.letters)
        while self.letters:
            self._shift()

    def withdraw(self, kind: type[Letter]) -> list[Letter]:
        """Return the messages of a kind, to be taken elsewhere; the others stay. Needs the lock."""
        withdrawn = [letter for letter in self.letters if isinstance(letter, kind)]
        if withdrawn:
            self.letters = deque(letter for letter in self.letters if not isinstance(letter, kind))
            if self._losses is not None:
                self._losses.note_removal(len(self.letters))
        for letter in withdrawn:
            self._shared.unclaimed.pop(letter, None)
        self._shared.sent -= len(withdrawn)
        return withdrawn

    def _has_place(self, now: float, effects: Effects) -> bool:
        """Tell whether there is place for one more message, and note whether its reader deserves a turn."""
        waiting = len(self.letters)
        # What a receiver waits for is as good as taken, and needs no place.
        if waiting >= self.capacity and waiting >= self.receivers.count and not self.drop_expired(now):
            return False
        if self._read and len(self.letters) >= self.nearly_half:
            # Nothing more until a reader shows up again: one that hangs costs its senders one grace only.
            self._read = False
            effects.half_full.append(self)
        return True

    def _shift(self) -> Letter:
        letter = self.letters.popleft()
        unclaimed = self._shared.unclaimed
        if unclaimed:
            unclaimed.pop(letter, None)
        if self._losses is not None:
            self._losses.note_removal(len(self.letters))
        return letter

    def _replace_oldest(self, letter: Letter) -> None:
        # The reader has been told of as many messages as there are, so it is not told again.
        unclaimed = self._shared.unclaimed
        if unclaimed.pop(self.letters.popleft(), None) is not None:
            letter = self._shared.list_unclaimed(letter, self)
        self.letters.append(letter)
