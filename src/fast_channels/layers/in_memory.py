"""The channel layer of a single process, which needs no server."""

import time
from asyncio import get_running_loop
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, TypeAlias

from fast_channels.event_loop import refuse_trio
from fast_channels.exceptions import ChannelFull
from fast_channels.layers.base import BaseChannelLayer, ReceivedMessage, SentMessage, require_seconds
from fast_channels.layers.mailbox import Effects, Letter, Mailbox
from fast_channels.layers.mailroom import Mailroom
from fast_channels.layers.memberships import Memberships
from fast_channels.layers.overflow import DEFAULT_OVERFLOW, Overflow, require_overflow
from fast_channels.layers.own_channels import OwnChannels
from fast_channels.layers.rounds import LARGE, Rounds
from fast_channels.layers.values import snapshot
from fast_channels.type_defs import ChannelCapacityDict, ChannelMessage

if TYPE_CHECKING:
    from fast_channels.layers.stats import MailStats

__all__ = ["InMemoryChannelLayer", "InMemoryGroups", "InMemoryQueueData"]

_PREFIX: Final = "specific."
_OWN: Final = ".inmemory"
_NONE: Final = object()

InMemoryGroups: TypeAlias = dict[str, dict[str, float]]
"""When each channel joined, by group and channel."""

InMemoryQueueData: TypeAlias = tuple[float, ChannelMessage]
"""When a message is due, and the message."""


class InMemoryChannelLayer(BaseChannelLayer):
    """Carries messages between the consumers of one process.

    Delivery is at most once and first in, first out per channel. Messages contain the values that every layer
    can carry (see `fast_channels.layers.values`); each receiver gets its own copy. A member of a group whose
    channel is full loses a message; the loss is logged and counted, and a consumer with a handler for
    `ChannelGap` is told. Several event loops and threads may share a layer; several processes need a Redis
    layer.

    Args:
        expiry: Seconds after which an unread message is dropped.
        group_expiry: Seconds after which a membership ends, unless a consumer or a receiver uses the channel.
        capacity: The largest number of unread messages of a channel.
        channel_capacity: Other capacities, by glob or compiled regular expression.
        overflow: What a full channel does with a message to one of its groups: `"drop_oldest"` drops the
            oldest message, `"drop_newest"` drops the new message, `"close"` fails the consumer with
            `ChannelFull`.
        clock: Returns the time in seconds; it must never go back.

    Raises:
        ValueError: A capacity is less than 1, an expiry is not more than 0, or there is no such policy.

    Attributes:
        channels: Mailboxes by channel. A channel is present while a consumer or a receiver uses it or a
            message waits.
        groups: Members by group, with the time of the clock at which they joined.
    """

    extensions: ClassVar[list[str]] = ["groups", "flush"]

    def __init__(
        self,
        expiry: float = 60,
        group_expiry: float = 86400,
        capacity: int = 100,
        channel_capacity: ChannelCapacityDict | None = None,
        *,
        overflow: Overflow = DEFAULT_OVERFLOW,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self.group_expiry: float = require_seconds("group_expiry", group_expiry)
        self._memberships: Memberships[float] = Memberships()
        self.groups: InMemoryGroups = self._memberships.members
        self._mailroom = Mailroom(clock, self.get_capacity, require_overflow(overflow))
        self.channels: dict[str, Mailbox] = self._mailroom.boxes
        self._rounds = Rounds(self._mailroom, self.groups, self._hand_out)
        self._own = OwnChannels()
        self._last_send = clock()
        self._newest: object = _NONE

    async def send(self, channel: str, message: SentMessage) -> None:
        """Send a message to a channel, which does not need a reader yet.

        When the channel is half full, the call yields to the event loop a few times, so that a reader can
        catch up. A message to a closed channel of `new_channel()` is dropped and counted.

        Raises:
            ChannelFull: The channel holds as many unread messages as its capacity allows.
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
        """
        self._require_channel(channel)
        contents = snapshot(message)
        effects = Effects()
        mailroom = self._mailroom
        with mailroom.lock:
            now = mailroom.clock()
            # What has just become due goes with the next send: existing suites look for it in `channels`
            # after a send, and are content when it goes with the next receive.
            mailroom.sweep(self._last_send)
            self._last_send = now
            if self._rounds.active:
                self._rounds.catch_up((channel,), now, effects)
            box = self.channels.get(channel)
            if box is None:
                if self._is_closed(channel):
                    mailroom.unheard += 1
                    return
                box = mailroom.open(channel)
            if not box.put(Letter(now + self.expiry, contents), now, effects):
                raise ChannelFull(
                    f"channel {channel!r} is full: its capacity is {box.capacity} unread messages"
                )
        await effects.apply()

    async def receive(self, channel: str) -> ReceivedMessage:
        """Wait for the next message of a channel; each goes to one receiver only.

        A cancelled call loses no message.

        Raises:
            TypeError: The name is not valid.
            RuntimeError: The channel of `new_channel()` is closed or was made by another layer; or the
                channel or the layer was closed while the call waited.
        """
        self._require_channel(channel)
        self._require_open(channel)
        return await self._mailroom.receive(channel)

    async def new_channel(self, prefix: str = _PREFIX) -> str:
        """Return the name of a new channel, which is unique and cannot be guessed.

        Raises:
            TypeError: The prefix is not the beginning of a valid name, or is too long.
        """
        try:
            get_running_loop()
        except RuntimeError:
            refuse_trio(type(self))
        if prefix is not _PREFIX:
            self._require_name("Channel", prefix, self.group_name_regex)
        with self._mailroom.lock:
            name = f"{prefix.removesuffix('.')}{_OWN}!{self._own.make()}"
        # The prefix is valid and so is what follows it; the length is what is left to look at.
        if len(name) >= self.MAX_NAME_LENGTH:
            self.require_valid_channel_name(name)
        self._newest = name
        return name

    def listen(self, channel: str, notify: Callable[[], None]) -> Mailbox:
        """Attach a consumer to a channel, until `close_channel()`.

        Args:
            channel: Usually from `new_channel()`.
            notify: Called once for each message, those that wait already included, when the message is in
                the mailbox; from the thread of the sender, so it must not block. It may come once too often
                when another thread sends while the channel is closed.

        Returns:
            The mailbox to take the messages from.

        Raises:
            RuntimeError: A consumer listens on the channel already, or the channel of `new_channel()` is
                closed or was made by another layer.
            TypeError: The name is not valid.
        """
        self._require_channel(channel)
        self._require_open(channel)
        return self._mailroom.listen(channel, notify)

    async def close_channel(self, channel: str) -> None:
        """Close a channel: remove its unread messages and its memberships, and detach its consumer.

        A waiting `receive()` raises a `RuntimeError`. A channel of `new_channel()` stays closed; a channel
        with a name of your choice can be used again.
        """
        try:
            get_running_loop()
        except RuntimeError:
            refuse_trio(type(self))
        with self._mailroom.lock:
            for group in self._memberships.of(channel):
                self._memberships.discard(group, channel)
            shared, _, own = channel.rpartition("!")
            # There is no mailbox for a name that was never made, so most names need no other proof.
            self._own.close(own, proven=shared.endswith(_OWN) and channel in self.channels)
            self._mailroom.empty(channel, detach=True)
            self._newest = _NONE

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel a member of a group; for a member, the time of `group_expiry` starts again.

        Raises:
            TypeError: A name is not valid.
            RuntimeError: The channel of `new_channel()` is closed or was made by another layer.
        """
        self._require_group(group)
        self._require_channel(channel)
        with self._mailroom.lock:
            self._require_open(channel)
            self._memberships.add(group, channel, self._mailroom.clock())

    async def group_discard(self, group: str, channel: str) -> None:
        """End a membership, if there is one.

        Raises:
            TypeError: A name is not valid.
        """
        self._require_group(group)
        self._require_channel(channel)
        with self._mailroom.lock:
            self._memberships.discard(group, channel)

    async def group_send(self, group: str, message: SentMessage) -> None:
        """Send a message to every member of a group; a member whose channel is full loses a message.

        Between the parts of a large group the call yields to the event loop. If it is cancelled there, all
        members get the message nevertheless; a member that leaves meanwhile may miss it. When the channel of
        a member is half full, the call yields a few times, so that its reader can catch up.

        Raises:
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
        """
        try:
            get_running_loop()
        except RuntimeError:
            refuse_trio(type(self))
        self._require_group(group)
        contents = snapshot(message)
        effects = Effects()
        mailroom = self._mailroom
        with mailroom.lock:
            now = mailroom.clock()
            mailroom.sweep(now)
            letter = Letter(now + self.expiry, contents)
            # A copy of the names: the garbage collector may end a consumer while they are gone through.
            channels = tuple(self.groups.get(group, ()))
            large = self._rounds.begin(group, letter, channels) if len(channels) > LARGE else None
            if large is None:
                if self._rounds.active:
                    self._rounds.catch_up(channels, now, effects)
                self._hand_out(group, channels, letter, now, effects)
        if large is not None:
            await self._rounds.run(large, effects)
        await effects.apply()

    async def flush(self) -> None:
        """Remove all unread messages and groups; consumers and receivers stay attached."""
        refuse_trio(type(self))
        with self._mailroom.lock:
            self._memberships.clear()
            self._mailroom.empty_all(detach=False)

    async def close(self) -> None:
        """Remove all unread messages and groups, and close all channels.

        A waiting `receive()` raises a `RuntimeError`. The layer can be used again, with new channels.
        """
        refuse_trio(type(self))
        with self._mailroom.lock:
            self._memberships.clear()
            self._mailroom.empty_all(detach=True)
            self._own = OwnChannels()
            self._newest = _NONE

    def stats(self) -> "MailStats":
        """Return the counts of messages since the layer was made."""
        return self._mailroom.stats()

    def _require_channel(self, channel: str) -> None:
        try:
            # With each message: what follows would take longer.
            get_running_loop()
        except RuntimeError:
            refuse_trio(type(self))
        # A name under which something is kept was valid when it came, and one that was made here always is.
        if channel is not self._newest and (type(channel) is not str or channel not in self.channels):
            self.require_valid_channel_name(channel)

    def _is_closed(self, channel: str) -> bool:
        """Return whether a name is that of a channel which was made somewhere, and is not open here."""
        shared, _, own = channel.partition("!")
        return shared.endswith(_OWN) and own not in self._own

    def _require_open(self, channel: str) -> None:
        if channel is not self._newest and channel not in self.channels and self._is_closed(channel):
            raise RuntimeError(f"channel {channel!r} is closed, or was made by another channel layer")

    def _require_group(self, group: str) -> None:
        if type(group) is not str or group not in self.groups:
            self.require_valid_group_name(group)

    def _hand_out(
        self, group: str, channels: Iterable[str], letter: Letter, now: float, effects: Effects
    ) -> None:
        unread = partial(self._unread_member, group, now)
        self._mailroom.put_all(channels, letter, now, effects, unread)

    def _unread_member(self, group: str, now: float, channel: str) -> Mailbox | None:
        """Return the mailbox of a member that nobody reads, or `None` if its membership is over."""
        if now - self.groups.get(group, {}).get(channel, float("-inf")) >= self.group_expiry:
            self._memberships.discard(group, channel)
            return None
        return self._mailroom.open(channel)
