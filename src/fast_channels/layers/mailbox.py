"""Where messages wait: one bounded mailbox for each channel, and the room that a layer's mailboxes share."""

import asyncio
import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, TypeAlias, get_args

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.gap import ChannelGap
from fast_channels.layers.values import Snapshot

__all__ = [
    "DEFAULT_OVERFLOW",
    "Aftermath",
    "Letter",
    "MailStats",
    "Mailbox",
    "Mailroom",
    "Overflow",
    "require_overflow",
    "tell",
]

Overflow: TypeAlias = Literal["drop_oldest", "drop_newest", "close"]
"""What a full mailbox does with a message that its sender cannot be told of: it drops its oldest message,
or the new one, or all of them and fails whoever reads it."""

DEFAULT_OVERFLOW: Final = "drop_oldest"
"""What every layer does unless it is told otherwise: the newest message is mostly worth more."""

GRACE_TURNS: Final = 5

logger: logging.Logger = logging.getLogger("fast_channels.layers")


def require_overflow(overflow: Overflow) -> Overflow:
    """Return a policy of full mailboxes.

    Raises:
        ValueError: There is no such policy.
    """
    if overflow not in get_args(Overflow):
        raise ValueError(f"overflow is one of {get_args(Overflow)}, not {overflow!r}")
    return overflow


@dataclass(frozen=True, slots=True)
class MailStats:
    """What has become of the messages of a layer, counted once for each channel that a message was for.

    Attributes:
        sent: Messages that a mailbox accepted.
        taken: Messages that a receiver or a consumer took.
        expired: Messages that were due before anybody took them.
        discarded: Messages that `flush()`, `close()` or `close_channel()` threw away.
        dropped_full: Messages that a channel missed because it was full and the sender could not be told.
        unheard: Messages to a channel that is closed, or that no process listens to as far as the sender
            could tell.
    """

    sent: int
    taken: int
    expired: int
    discarded: int
    dropped_full: int
    unheard: int

    def __add__(self, other: "MailStats") -> "MailStats":
        # Those of a subclass may be anything.
        names = (field.name for field in fields(MailStats))
        return MailStats(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def waiting(self) -> int:
        """Messages that nobody has taken yet; some of them may be due."""
        return self.sent - self.taken - self.expired - self.discarded


class Letter:
    """A message on its way to one or many mailboxes."""

    __slots__ = ("expires_at", "snapshot")

    def __init__(self, expires_at: float, snapshot: Snapshot) -> None:
        self.expires_at: float = expires_at
        self.snapshot: Snapshot = snapshot


_NO_LETTERS: Final[deque[Letter]] = deque(maxlen=0)


class Aftermath:
    """What is left to do after messages were put into mailboxes, once the lock is free.

    Attributes:
        notices: The callbacks of the consumers that got a message, once for each message.
        crowded: Mailboxes whose readers deserve a turn before more is sent.
        overflowed: Mailboxes that have begun to refuse messages.
    """

    __slots__ = ("crowded", "notices", "overflowed")

    def __init__(self) -> None:
        self.notices: list[Callable[[], None]] = []
        self.crowded: list[Mailbox] = []
        self.overflowed: list[Mailbox] = []

    async def settle(self) -> None:
        """Tell the consumers, report overflows, and give the readers of crowded mailboxes a few turns."""
        tell(self.notices)
        for box in self.overflowed:
            logger.warning(
                "channel %r is full (%d unread messages); it misses messages to its groups until it is read",
                box.channel,
                box.capacity,
            )
        turns = GRACE_TURNS if self.crowded else 0
        while turns and any(box.crowded for box in self.crowded):
            turns -= 1
            await asyncio.sleep(0)


class _Trouble:
    """What has gone wrong in a mailbox, and whether its consumer knows.

    Attributes:
        failed: All its messages were thrown away, because the policy is to fail.
        outage: Messages may have been lost on their way.
        lost: How many messages were lost to an overflow since the consumer was told.
        told: Whether it was told of an overflow since the mailbox was last empty.
        overflowing: Whether the mailbox is full and somebody has been told so.
    """

    __slots__ = ("failed", "lost", "outage", "overflowing", "told")

    def __init__(self) -> None:
        self.failed: bool = False
        self.outage: bool = False
        self.lost: int = 0
        self.told: bool = False
        self.overflowing: bool = False

    def ease(self, waiting: int) -> None:
        """Note that a message has gone, and how many wait."""
        self.overflowing = False
        self.told = self.told and waiting > 0

    def next_gap(self, waiting: int) -> ChannelGap | None:
        """Return what the consumer is to be told before it takes another message, if anything."""
        if self.outage:
            self.outage = False
            return ChannelGap(reason="outage")
        # A slow consumer would otherwise get as many gaps as messages.
        if not self.lost or (self.told and waiting):
            return None
        lost, self.lost = self.lost, 0
        self.told = waiting > 0
        return ChannelGap(reason="overflow", lost=lost)


class Mailbox:
    """The unread messages of one channel, oldest first, and whoever waits for them.

    Args:
        room: What it shares with the other mailboxes of its layer.
        channel: Name of the channel.
        capacity: How many messages may wait.

    Attributes:
        notify: Called without arguments after each message that was put in, or `None` when no consumer
            listens. It may be called from any thread and must not block.
        receivers: How many coroutines are inside `Mailroom.receive()` for this channel.
        closed: Whether nothing comes any more, because the channel was closed.
        hears_gaps: Whether the consumer wants to be told that it missed messages, by a `ChannelGap` among
            the others.
    """

    __slots__ = (
        "_attended",
        "_letters",
        "_nearly_half",
        "_room",
        "_trouble",
        "_waiters",
        "capacity",
        "channel",
        "closed",
        "hears_gaps",
        "notify",
        "receivers",
    )

    def __init__(self, room: "Mailroom", channel: str, capacity: int) -> None:
        self.channel: str = channel
        self.capacity: int = capacity
        self.notify: Callable[[], None] | None = None
        self.receivers: int = 0
        self.hears_gaps: bool = False
        self.closed: bool = False
        # Most mailboxes never have any.
        self._trouble: _Trouble | None = None
        self._room = room
        self._nearly_half = (capacity - 1) // 2
        # Most consumers are idle most of the time, and an empty deque takes 600 bytes.
        self._letters: deque[Letter] = _NO_LETTERS
        self._waiters: OrderedDict[asyncio.Future[None], int] | None = None
        # Somebody has read, or begun to, since a sender last waited for this mailbox to be read.
        self._attended = False

    def __len__(self) -> int:
        return len(self._letters)

    def qsize(self) -> int:
        """Return how many messages wait, due ones included."""
        return len(self._letters)

    def empty(self) -> bool:
        """Return whether no message waits."""
        return not self._letters

    @property
    def idle(self) -> bool:
        """Whether no message waits, no consumer listens, and no receiver waits."""
        return self.notify is None and not self.receivers and not self._letters

    @property
    def crowded(self) -> bool:
        """Whether the mailbox is at least half full."""
        return len(self._letters) > self._nearly_half

    def put(self, letter: Letter, now: float, aftermath: Aftermath) -> bool:
        """Append a message, unless the mailbox is full of messages that are not due. Needs the lock.

        Args:
            letter: The message; mailboxes may share it.
            now: Time of the room's clock.
            aftermath: Collects what the caller does when it has released the lock.

        Returns:
            Whether the message was accepted.
        """
        letters = self._letters
        # Half full with this one, or more; there is nothing to look at before that.
        filling = len(letters) >= self._nearly_half
        if filling and self._is_full(now):
            return False
        if letters is _NO_LETTERS:
            letters = self._letters = deque()
        room = self._room
        if self.notify is None:
            # Nobody may ever come for it, so the room has to find it when it is due, under a key of its own.
            letter = type(letter)(letter.expires_at, letter.snapshot)
            room.unclaimed[letter] = self
        else:
            aftermath.notices.append(self.notify)
        letters.append(letter)
        room.sent += 1
        if self._waiters:
            self._wake_one()
        if filling and self._attended and self.crowded:
            # Nothing more until a reader shows up again: one that hangs costs its senders one grace only.
            self._attended = False
            aftermath.crowded.append(self)
        return True

    def overflow(self, letter: Letter, aftermath: Aftermath) -> None:
        """Do what the room's policy says with a message that the full mailbox refused. Needs the lock."""
        self._room.dropped_full += 1
        trouble = self._troubled()
        if not trouble.overflowing:
            trouble.overflowing = True
            aftermath.overflowed.append(self)
        _POLICIES[self._room.overflow](self, letter, aftermath)

    def drop_newest(self, letter: Letter, aftermath: Aftermath) -> None:
        """Let a message that the full mailbox refused be lost. Needs the lock."""
        self._lose(aftermath)

    def drop_oldest(self, letter: Letter, aftermath: Aftermath) -> None:
        """Put a message into the full mailbox in place of the oldest one. Needs the lock."""
        # The reader has been told of as many messages as there are, so it is not told again.
        unclaimed = self._room.unclaimed
        if unclaimed.pop(self._letters.popleft(), None) is not None:
            letter = type(letter)(letter.expires_at, letter.snapshot)
            unclaimed[letter] = self
        self._letters.append(letter)
        self._lose(aftermath)

    def fail(self, letter: Letter, aftermath: Aftermath) -> None:
        """Throw everything away and make the next `take()` fail. Needs the lock."""
        self.discard_all()
        trouble = self._troubled()
        trouble.overflowing = trouble.failed = True
        if self.notify is not None:
            aftermath.notices.append(self.notify)
        self._wake_one()

    def note_outage(self, aftermath: Aftermath) -> bool:
        """Note that messages may have been lost on their way; tell whether that is one `ChannelGap` more.

        Needs the lock.
        """
        if self.notify is None or not self.hears_gaps:
            return False
        trouble = self._troubled()
        if trouble.outage:
            return False
        trouble.outage = True
        aftermath.notices.append(self.notify)
        return True

    def take(self) -> dict[str, Any] | None:
        """Return the oldest message that is not due, or `None` when there is none.

        The dictionary belongs to the caller alone. Callable from any thread.

        Raises:
            ChannelFull: The mailbox was full, and the policy of the room is "close".
        """
        room = self._room
        with room.lock:
            if self._trouble is not None and (gap := self._next_gap(self._trouble)) is not None:
                return gap.to_message()
            letters = self._letters
            if not letters:
                return None
            self._attended = True
            clock = room.clock
            now = clock()
            while letters:
                letter = self._shift()
                if letter.expires_at > now:
                    room.taken += 1
                    copy = letter.snapshot.copy
                    return copy()
                room.expired += 1
            return None

    def attend(self, notify: Callable[[], None] | None = None) -> None:
        """Note that a reader has come: a consumer with a callback, or a receiver. Needs the lock."""
        self._attended = True
        if notify is None:
            self.receivers += 1
        else:
            self.notify = notify

    def queue_up(self) -> asyncio.Future[None]:
        """Return a future of the running loop that ends when a message may have come. Needs the lock."""
        if self._waiters is None:
            self._waiters = OrderedDict()
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = threading.get_ident()
        return waiter

    def leave(self, waiter: asyncio.Future[None] | None) -> None:
        """Note that a receiver ends, in whatever way, with the last future it waited for. Needs the lock."""
        self.receivers -= 1
        if waiter is not None and self._waiters:
            self._waiters.pop(waiter, None)
            if self._letters:
                # It may have been woken for a message that it did not take, because it was cancelled.
                self._wake_one()

    def drop_expired(self, now: float) -> bool:
        """Throw away the messages at the head that are due; return whether there were any. Needs the lock."""
        before = len(self._letters)
        while self._letters and self._letters[0].expires_at <= now:
            self._shift()
        dropped = before - len(self._letters)
        self._room.expired += dropped
        return dropped > 0

    def discard_all(self) -> None:
        """Throw away every message. Needs the lock."""
        self._room.discarded += len(self._letters)
        while self._letters:
            self._shift()

    def withdraw(self, kind: type[Letter]) -> list[Letter]:
        """Return the messages of a kind, to be taken elsewhere; the others stay. Needs the lock."""
        withdrawn = [letter for letter in self._letters if isinstance(letter, kind)]
        if withdrawn:
            self._letters = deque(letter for letter in self._letters if not isinstance(letter, kind))
        for letter in withdrawn:
            self._room.unclaimed.pop(letter, None)
        self._room.sent -= len(withdrawn)
        return withdrawn

    def wake_all(self) -> None:
        """Let all receivers look for a message. Needs the lock."""
        while self._waiters:
            self._wake_one()

    def _is_full(self, now: float) -> bool:
        waiting = len(self._letters)
        # What a receiver waits for is as good as taken, and needs no place.
        return waiting >= self.capacity and waiting >= self.receivers and not self.drop_expired(now)

    def _shift(self) -> Letter:
        letter = self._letters.popleft()
        unclaimed = self._room.unclaimed
        if unclaimed:
            unclaimed.pop(letter, None)
        if self._trouble is not None:
            self._trouble.ease(len(self._letters))
        return letter

    def _troubled(self) -> _Trouble:
        if self._trouble is None:
            self._trouble = _Trouble()
        return self._trouble

    def _next_gap(self, trouble: _Trouble) -> ChannelGap | None:
        if trouble.failed:
            trouble.failed = False
            raise ChannelFull(f"channel {self.channel!r} was not read in time; all its messages are lost")
        return trouble.next_gap(len(self._letters))

    def _lose(self, aftermath: Aftermath) -> None:
        if self.notify is not None and self.hears_gaps:
            trouble = self._troubled()
            if not trouble.lost:
                aftermath.notices.append(self.notify)
            trouble.lost += 1

    def _wake_one(self) -> None:
        while self._waiters:
            waiter, thread = self._waiters.popitem(last=False)
            if _wake(waiter, thread):
                return


_POLICIES: Final[Mapping[Overflow, Callable[[Mailbox, Letter, Aftermath], None]]] = {
    "drop_oldest": Mailbox.drop_oldest,
    "drop_newest": Mailbox.drop_newest,
    "close": Mailbox.fail,
}


class Mailroom:
    """What the mailboxes of one layer share. Several threads, each with its event loop, may use it.

    Args:
        clock: Returns the time in seconds; never goes back.
        capacity_of: Returns how many unread messages a channel may hold.
        overflow: What a full mailbox does with a message whose sender cannot be told.

    Attributes:
        lock: Guards everything here and in the mailboxes. It is reentrant because the garbage collector may
            close an abandoned `receive()` at any point, inside a guarded block too.
        boxes: The mailboxes by channel; one is here while somebody reads it or a message waits in it.
        unclaimed: Messages in mailboxes that had no listening consumer, in the order in which they are due.
        sent: See `MailStats`, like `taken`, `expired`, `discarded`, `dropped_full` and `unheard`.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        capacity_of: Callable[[str], int],
        overflow: Overflow = DEFAULT_OVERFLOW,
    ) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.clock = clock
        self.overflow: Overflow = overflow
        self.boxes: dict[str, Mailbox] = {}
        # A plain dict would search its first entry anew, past all deleted ones, at each sweep.
        self.unclaimed: OrderedDict[Letter, Mailbox] = OrderedDict()
        self.sent = 0
        self.taken = 0
        self.expired = 0
        self.discarded = 0
        self.dropped_full = 0
        self.unheard = 0
        self._ended: Callable[[], Exception] | None = None
        self._capacity_of = capacity_of

    def open(self, channel: str) -> Mailbox:
        """Return the mailbox of a channel, a new one if there is none. Needs the lock."""
        box = self.boxes.get(channel)
        if box is None:
            box = self.boxes[channel] = Mailbox(self, channel, self._capacity_of(channel))
        return box

    def tidy(self, box: Mailbox) -> None:
        """Forget a mailbox that is empty and that nobody reads. Needs the lock."""
        if box.idle and self.boxes.get(box.channel) is box:
            del self.boxes[box.channel]

    def empty(self, channel: str, *, detach: bool) -> None:
        """Throw away the messages of a channel. Needs the lock.

        Args:
            channel: Its name.
            detach: Close it too: let go of its consumer, and let whoever waits for a message fail.
        """
        box = self.boxes.get(channel)
        if box is not None:
            box.discard_all()
            if detach:
                box.closed = True
                box.notify = None
                box.wake_all()
                del self.boxes[channel]
            else:
                self.tidy(box)

    def empty_all(self, *, detach: bool) -> None:
        """Do what `empty()` does, with every channel. Needs the lock."""
        for channel in tuple(self.boxes):
            self.empty(channel, detach=detach)

    def sweep(self, until: float) -> None:
        """Free the messages without a consumer that were due at a time, and nothing else. Needs the lock."""
        while self.unclaimed:
            letter, box = next(iter(self.unclaimed.items()))
            if letter.expires_at > until:
                return
            del self.unclaimed[letter]
            box.drop_expired(until)
            self.tidy(box)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message of a channel; each goes to exactly one of those who wait.

        A cancelled call loses nothing: its message goes to another receiver, or waits.

        Raises:
            RuntimeError: The channel was closed meanwhile.
            Exception: What `end()` was told.
        """
        waiter: asyncio.Future[None] | None = None
        with self.lock:
            self.sweep(self.clock())
            box = self.open(channel)
            box.attend()
        try:
            while True:
                with self.lock:
                    message = box.take()
                    if message is not None:
                        return message
                    if self._ended is not None:
                        raise self._ended()
                    if box.closed:
                        raise RuntimeError(
                            f"channel {channel!r} was closed while somebody waited for a message of it"
                        )
                    waiter = box.queue_up()
                await waiter
        finally:
            with self.lock:
                box.leave(waiter)
                self.tidy(box)

    def end(self, error: Callable[[], Exception]) -> None:
        """Let everybody who waits for a message fail. Needs the lock.

        Args:
            error: Makes what each of them raises.
        """
        self._ended = error
        for box in self.boxes.values():
            box.wake_all()

    def listen(self, channel: str, notify: Callable[[], None]) -> Mailbox:
        """Attach a consumer to a channel and tell it of the messages that wait already.

        Raises:
            RuntimeError: A consumer listens on the channel already.
        """
        with self.lock:
            box = self.open(channel)
            if box.notify is not None:
                raise RuntimeError(f"a consumer listens on channel {channel!r} already; it has one at most")
            box.attend(notify)
            waiting = box.qsize()
        if waiting:
            tell([notify] * waiting)
        return box

    def stats(self) -> MailStats:
        """Return the counts so far."""
        with self.lock:
            return MailStats(
                self.sent, self.taken, self.expired, self.discarded, self.dropped_full, self.unheard
            )


def tell(notices: Iterable[Callable[[], None]]) -> None:
    """Call the callbacks of consumers; one that fails is logged and keeps nobody from being told."""
    for notify in notices:
        try:
            notify()
        except Exception:
            logger.exception("a consumer could not be told of a message; the message stays in its mailbox")


def _wake(waiter: asyncio.Future[None], thread: int) -> bool:
    """Return whether somebody was woken; not so when the waiter is done already or its loop is closed."""
    if waiter.done():
        return False
    try:
        if thread == threading.get_ident():
            waiter.set_result(None)
        else:
            waiter.get_loop().call_soon_threadsafe(_finish, waiter)
    except RuntimeError:
        return False
    return True


def _finish(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
