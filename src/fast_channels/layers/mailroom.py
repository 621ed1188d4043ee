"""The mailboxes of a layer, by channel, and what has become of all messages."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fast_channels.layers.mailbox import (
    NO_LETTERS,
    NO_RECEIVERS,
    Effects,
    Letter,
    Mailbox,
    SharedState,
    notify_all,
)
from fast_channels.layers.overflow import DEFAULT_OVERFLOW, Overflow

if TYPE_CHECKING:
    from fast_channels.layers.stats import MailStats

__all__ = ["KeepingMailroom", "Mailroom", "closed_meanwhile"]


def closed_meanwhile(channel: str) -> RuntimeError:
    """Return what whoever wants a message gets when somebody else closes the channel."""
    return RuntimeError(f"channel {channel!r} was closed while receive() waited for a message")


class Mailroom(SharedState):
    """The mailboxes of one layer. Several threads, each with its event loop, may use it.

    Args:
        clock: Returns the time in seconds; never goes back.
        capacity_of: Returns how many unread messages a channel may hold.
        overflow: What a full mailbox does with a message whose sender cannot be told.

    Attributes:
        boxes: The mailboxes by channel; one is here while somebody reads it or a message waits in it.
    """

    # Declared again, because pyright makes a type of its own of what is assigned in a `finally`.
    sent: int

    def __init__(
        self,
        clock: Callable[[], float],
        capacity_of: Callable[[str], int],
        overflow: Overflow = DEFAULT_OVERFLOW,
    ) -> None:
        super().__init__(clock, overflow)
        self.boxes: dict[str, Mailbox] = {}
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
                box.notify = None
                box.receivers.wake_all()
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

    def put_all(
        self,
        channels: Iterable[str],
        letter: Letter,
        now: float,
        effects: Effects,
        unread: Callable[[str], Mailbox | None],
    ) -> None:
        """Put a message into many mailboxes; a full one does what the policy of the layer says.

        Needs the lock.

        Args:
            channels: Their names.
            letter: The message.
            now: Time of the clock.
            effects: Collects what the caller does when it has released the lock.
            unread: Returns the mailbox of a channel that has no reader, `None` if it gets no message.
        """
        boxes = self.boxes
        tell = effects.callbacks.append
        sent = 0
        try:
            for channel in channels:
                box = boxes.get(channel)
                if box is None or (notify := box.notify) is None:
                    if box is None or not box.receivers.count:
                        box = unread(channel)
                elif (
                    len(letters := box.letters) < box.nearly_half
                    and letters is not NO_LETTERS
                    and box.receivers is NO_RECEIVERS
                ):
                    # What put() does for most mailboxes, with a call less for each member of a group.
                    letters.append(letter)
                    tell(notify)
                    sent += 1
                    continue
                if box is not None and not box.put(letter, now, effects):
                    box.overflow(letter, effects)
        finally:
            self.sent += sent

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message of a channel; each goes to exactly one of those who wait.

        A cancelled call loses nothing: its message goes to another receiver, or waits.

        Raises:
            RuntimeError: The channel was closed meanwhile.
            Exception: What `end()` was told.
        """
        with self.lock:
            if self.unclaimed:
                self.sweep(self.clock())
            box = self.boxes.get(channel)
            if box is None:
                box = self.open(channel)
            waiter = box.add_receiver()
        try:
            while True:
                if waiter is not None and self._ended is None:
                    await waiter
                with self.lock:
                    message = box.take()
                    if message is not None:
                        return message
                    if self._ended is not None:
                        raise self._ended()
                    if self.boxes.get(channel) is not box:
                        raise closed_meanwhile(channel)
                    waiter = box.receivers.wait()
        finally:
            with self.lock:
                box.remove_receiver(waiter)
                self.tidy(box)

    def end(self, error: Callable[[], Exception]) -> None:
        """Let everybody who waits for a message fail. Needs the lock.

        Args:
            error: Makes what each of them raises.
        """
        self._ended = error
        for box in self.boxes.values():
            box.receivers.wake_all()

    def listen(self, channel: str, notify: Callable[[], None]) -> Mailbox:
        """Attach a consumer to a channel and tell it of the messages that wait already.

        Raises:
            RuntimeError: A consumer listens on the channel already.
        """
        with self.lock:
            box = self.open(channel)
            if box.notify is not None:
                raise RuntimeError(
                    f"a consumer listens on channel {channel!r} already; a channel has only one"
                )
            box.add_consumer(notify)
            waiting = box.qsize()
        if waiting:
            notify_all([notify] * waiting)
        return box

    def stats(self) -> "MailStats":
        """Return the counts so far."""
        # Late: a dataclass takes long to make, and most applications do not ask.
        from fast_channels.layers.stats import MailStats

        with self.lock:
            return MailStats(
                self.sent, self.taken, self.expired, self.discarded, self.dropped_full, self.unheard
            )


class KeepingMailroom(Mailroom):
    """A mailroom that keeps the last mailbox which nobody needs, until there is another one.

    Whoever has received a message mostly comes back for the next one in the same turn of the event loop. It
    finds its mailbox where it was, and need not prove again that its channel was made here.
    """

    _idle: Mailbox | None = None

    def tidy(self, box: Mailbox) -> None:
        """Keep a mailbox; forget the one before it if it is empty and nobody reads it. Needs the lock."""
        before, self._idle = self._idle, box
        if before is not None and before is not box and not before.receivers.count:
            super().tidy(before)
