"""What a layer of several processes holds for one event loop: who of it gets what the transport brings.

Theory of operation. A `Delivery` belongs to one event loop of one process, and everything but the mailboxes
is touched in its thread only. It owns three things: the mailboxes (`mailroom`, under a lock, because
receivers and consumers of other threads may read them), the memberships, and the transport, which it makes
and closes.

All names of channels and groups become *addresses*, which is all that a transport knows. A group is an
address of its own, subscribed to while it has a member here. All channels of `new_channel()` share one
address, the inbox of this event loop, because they come and go with every connection; a frame for the inbox
names its channel under `RESERVED_KEY`. A channel whose name the application chose is its own address, from
the first `receive()` until `close_channel()`.

A frame is read once, however many members it is for, and what they get are copies of one snapshot. Whatever a
frame holds, `deliver()` does not raise: the transport's reader has to live.

`join()` adds the member first and subscribes then, so that nothing is missed between the acknowledgement and
the membership. If the subscription fails, the membership goes, unless it had been acknowledged before,
another caller still waits for it, or the channel has left and joined again meanwhile: then it is not this
caller's.

After an outage the transport calls `returned()` when all subscriptions are there again, and every consumer
that was concerned, and wants to know, finds one `ChannelGap` before its next message. The note is made in the
turn of the event loop in which the transport says so, so no message that came after the outage is read before
it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from fast_channels.layers.mailbox import Effects, Letter, notify_all
from fast_channels.layers.mailroom import Mailroom, closed_meanwhile
from fast_channels.layers.memberships import Memberships
from fast_channels.layers.own_channels import OwnChannels
from fast_channels.layers.process import process_id
from fast_channels.layers.rounds import LARGE, PER_TURN
from fast_channels.layers.transport import Receiver, Transport
from fast_channels.layers.values import RESERVED_KEY, Snapshot, snapshot
from fast_channels.untrusted import said, shown

__all__ = ["Counts", "Delivery", "Settings", "Signal", "owner"]

T = TypeVar("T", bound=Transport)
T_co = TypeVar("T_co", bound=Transport, covariant=True)


@dataclass(slots=True)
class Counts:
    """What has happened to a layer, in all its event loops."""

    outages: int = 0
    gaps: int = 0
    undecodable: int = 0


def owner(channel: str) -> str:
    """Return the token of the delivery whose channel it is, if its name has a `!`."""
    return channel.partition("!")[0].rpartition(".")[2]


class Signal(Protocol):
    """What a frame is for that only says that there is something to fetch."""

    def wake(self) -> None:
        """Look what has happened."""

    async def close(self) -> None:
        """Look no more."""


class Settings(Protocol[T_co]):
    """What a delivery needs to know of its layer.

    Attributes:
        logger: Where to say what went wrong.
        closed_error: What whoever waits for a message gets when the layer is closed.
    """

    logger: ClassVar[logging.Logger]
    closed_error: ClassVar[type[Exception]]

    @property
    def prefix(self) -> str:
        """What the addresses of inboxes and groups begin with."""
        ...

    @property
    def expiry(self) -> float:
        """Seconds after which a message expires."""
        ...

    @property
    def counts(self) -> Counts:
        """What has happened so far."""
        ...

    def open_transport(self, receiver: Receiver) -> T_co:
        """Return a new transport of the running event loop."""
        ...

    def serialize(self, message: Any) -> bytes:
        """Return a message as it travels."""
        ...

    def deserialize(self, message: bytes) -> Any:
        """Return the message that bytes stand for."""


class Membership:
    """What is known of a member of a group.

    Attributes:
        acknowledged: Whether the group was subscribed to, so that whatever is sent to it arrives.
        calls: How many callers wait for that.
    """

    __slots__ = ("acknowledged", "calls")

    def __init__(self) -> None:
        self.acknowledged: bool = False
        self.calls: int = 0


class Delivery(Generic[T]):
    """The half of a layer that belongs to one event loop.

    Attributes:
        token: What the names of this event loop's channels have in common, and nobody else's.
        process: The process that it was made in; a forked one inherits it, and not what drives it.
        mailroom: The mailboxes.
        memberships: The groups of the channels here, by their addresses.
        signals: Whom to wake when anything is published to an address.
        counts: What has happened to the layer.
        transport: What brings the frames.
    """

    def __init__(self, settings: Settings[T], mailroom: Mailroom, token: str) -> None:
        self.token: str = token
        self.process: int = process_id()
        self.mailroom = mailroom
        self.memberships: Memberships[Membership] = Memberships()
        self.signals: dict[str, Signal] = {}
        self.counts: Counts = settings.counts
        self._settings = settings
        self._own = OwnChannels()
        self._warned: set[type[Exception]] = set()
        self.transport: T = settings.open_transport(self)

    def new_channel(self, prefix: str) -> str:
        """Return the name of a channel of this event loop that nobody else has and nobody can guess."""
        with self.mailroom.lock:
            return f"{prefix}.{self.token}!{self._own.make()}"

    def has(self, channel: str) -> bool:
        """Tell whether messages to a channel can come here: it is open and was made here, or has any name."""
        _, mark, own = channel.partition("!")
        return not mark or (owner(channel) == self.token and own in self._own)

    def reads(self, channel: str) -> bool:
        """Tell whether a channel that was made here is open, if that takes no proof: it has a mailbox."""
        return channel in self.mailroom.boxes and "!" in channel and self.process == process_id()

    def address(self, channel: str) -> str:
        """Return the address of a channel: its name, or the inbox of the event loop that made it."""
        return f"{self._settings.prefix}__inbox__!{owner(channel)}" if "!" in channel else channel

    async def subscribe(self, address: str, channel: str) -> None:
        """Subscribe to the address of a named channel, unless that was done; it may have no connection now.

        Raises:
            RuntimeError: The channel was closed meanwhile.
            Exception: The transport found no connection in time.
        """
        if not self.transport.subscribed(address):
            await self.transport.subscribe(address)
            if not self.transport.subscribed(address):
                raise closed_meanwhile(channel)

    def put(
        self, channels: Sequence[str], contents: Snapshot, seconds: float, kind: type[Letter] = Letter
    ) -> Effects:
        """Put a message into mailboxes of this event loop.

        Args:
            channels: Their names.
            contents: The message.
            seconds: After which it expires.
            kind: What distinguishes it in a mailbox, if anything does.
        """
        effects = Effects()
        mailroom = self.mailroom
        with mailroom.lock:
            now = mailroom.clock()
            if mailroom.unclaimed:
                mailroom.sweep(now)
            letter = kind(now + seconds, contents)
            mailroom.put_all(channels, letter, now, effects, mailroom.open)
        return effects

    async def join(self, address: str, channel: str) -> None:
        """Make a channel a member of a group; return when whatever is sent to the group arrives."""
        membership = self._membership(address, channel)
        if membership is None:
            membership = Membership()
            self.memberships.add(address, channel, membership)
        membership.calls += 1
        try:
            await self.transport.subscribe(address)
            membership.acknowledged = True
        except BaseException:
            is_mine = membership.calls == 1 and not membership.acknowledged
            if is_mine and self._membership(address, channel) is membership:
                self.leave(address, channel)
            raise
        finally:
            membership.calls -= 1

    def leave(self, address: str, channel: str) -> None:
        """End a membership, if there is one."""
        if self.memberships.discard(address, channel):
            self.transport.unsubscribe(address)

    def close_channel(self, channel: str) -> None:
        """Forget a channel: its unread messages, its consumer and its memberships."""
        for address in self.memberships.of(channel):
            self.leave(address, channel)
        with self.mailroom.lock:
            if owner(channel) == self.token:
                self._own.close(channel.partition("!")[2])
            self.mailroom.empty(channel, detach=True)
        if "!" not in channel:
            self.transport.unsubscribe(channel)

    def forget(self, *, detach: bool) -> None:
        """Forget all unread messages and groups, and the consumers if they are to be detached."""
        for address in self.memberships.members:
            self.transport.unsubscribe(address)
        self.memberships.clear()
        with self.mailroom.lock:
            self.mailroom.empty_all(detach=detach)

    async def close(self) -> None:
        """End the transport, and let whoever waits for a message fail."""
        await asyncio.gather(*(signal.close() for signal in self.signals.values()))
        with self.mailroom.lock:
            self.mailroom.end(partial(self._settings.closed_error, "the channel layer was closed"))
        self.forget(detach=True)
        try:
            await self.transport.close()
        except Exception:
            # Nobody may be there to raise it for: a layer ends with its event loop, too.
            self._settings.logger.warning(
                "%s of a %s could not be closed",
                type(self.transport).__name__,
                type(self._settings).__name__,
                exc_info=True,
            )

    async def deliver(self, address: str, frame: bytes) -> None:
        """Put a frame into the mailboxes that it is for; give the event loop its turns if they are many.

        Readers of half-full mailboxes are given time to read.
        """
        if self.signals and (signal := self.signals.get(address)) is not None:
            signal.wake()
            return
        try:
            target, contents = self.read(frame)
            channels = self._addressees(address, target)
        except Exception as error:
            # Not what was on its way when a subscription ended.
            if self.transport.subscribed(address):
                self.refuse(address, error)
            return
        if len(channels) > LARGE:
            await self._put_in_turns(address, channels, contents)
            return
        effects = self.put(channels, contents, self._settings.expiry)
        if effects.half_full or effects.overflowed:
            await effects.apply()
        else:
            notify_all(effects.callbacks)

    async def _put_in_turns(self, address: str, channels: Sequence[str], contents: Snapshot) -> None:
        """Put a message into many mailboxes, a part in each turn of the event loop.

        The transport brings nothing meanwhile, so the order stays. Who has left before its turn gets nothing.
        """
        for first in range(0, len(channels), PER_TURN):
            members = self.memberships.members.get(address, {})
            part = [channel for channel in channels[first : first + PER_TURN] if channel in members]
            await self.put(part, contents, self._settings.expiry).apply()
            await asyncio.sleep(0)

    def write(self, contents: Snapshot) -> bytes:
        """Return a message as it travels."""
        return self._settings.serialize(contents.own())

    def read(self, frame: bytes) -> tuple[Any, Snapshot]:
        """Return the channel that a frame names, if it does, and the message.

        Raises:
            Exception: It is no message.
        """
        message = self._settings.deserialize(frame)
        target = message.pop(RESERVED_KEY, None)
        return target, snapshot(message)

    def _membership(self, address: str, channel: str) -> Membership | None:
        return self.memberships.members.get(address, {}).get(channel)

    def _addressees(self, address: str, target: Any) -> tuple[str, ...]:
        members = self.memberships.members.get(address)
        if members is not None:
            return tuple(members)
        if "!" not in address:
            return (address,) if self.transport.subscribed(address) else ()
        if not isinstance(target, str) or self.address(target) != address:
            raise ValueError(f"it names no channel of this process: {shown(target)}")
        if target not in self.mailroom.boxes and not self.has(target):
            with self.mailroom.lock:
                self.mailroom.unheard += 1
            return ()
        return (target,)

    def refuse(self, name: str, error: Exception) -> None:
        """Count a frame that is no message, and log the first of its kind."""
        self.counts.undecodable += 1
        if type(error) not in self._warned:
            self._warned.add(type(error))
            self._settings.logger.warning(
                "a message to %r is dropped: %s; more with such an error are dropped without a log entry",
                name,
                said(error),
            )

    def returned(self, concerns: Callable[[str], bool] = lambda address: True) -> None:
        """Tell the consumers that the transport is there again, after they may have missed something.

        Args:
            concerns: Tells whether frames for an address may have been lost.
        """
        self.counts.outages += 1
        for signal in self.signals.values():
            # What was published meanwhile nobody heard.
            signal.wake()
        effects = Effects()
        with self.mailroom.lock:
            for box in tuple(self.mailroom.boxes.values()):
                names = (self.address(box.channel), *self.memberships.of(box.channel))
                if any(map(concerns, names)):
                    self.counts.gaps += box.note_outage(effects)
        notify_all(effects.callbacks)
