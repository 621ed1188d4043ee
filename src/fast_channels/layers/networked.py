"""The base of every channel layer of several processes: all of it but what carries the frames."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar, cast

from fast_channels.layers.base import BaseChannelLayer, ReceivedMessage, SentMessage
from fast_channels.layers.deliveries import Deliveries
from fast_channels.layers.delivery import Counts, Delivery
from fast_channels.layers.mailbox import Mailbox
from fast_channels.layers.mailroom import KeepingMailroom, MailStats
from fast_channels.layers.overflow import DEFAULT_OVERFLOW, Overflow, require_overflow
from fast_channels.layers.transport import Receiver, Transport
from fast_channels.layers.values import RESERVED_KEY, plain_message
from fast_channels.type_defs import ChannelCapacityDict, ChannelMessage

__all__ = ["NetworkedChannelLayer", "NetworkedStats", "Receiver", "Serializer", "Transport"]

T = TypeVar("T", bound=Transport)


def require_string(option: str, value: object) -> str:
    """Return the value of an option; refuse bytes, which a name would show with quotes, in silence.

    Raises:
        TypeError: The value is no `str`.
    """
    if not isinstance(value, str):
        # Without the value: it may be the list of hosts, with their passwords.
        raise TypeError(f"{option} is a str, not of type {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class NetworkedStats(MailStats):
    """What has become of the messages that reached this process, and of its connections.

    Attributes:
        outages: How often a subscribed connection was lost and came back.
        gaps: How many `ChannelGap` events consumers got because of that.
        undecodable: Frames that were thrown away: of another form, encrypted with another key, or for nobody.
        connected: Whether the layer is connected to each server that it uses, by the server's name as in the
            log. Without all its subscriptions it is not. A server of which nothing was needed yet is left
            out.
    """

    outages: int
    gaps: int
    undecodable: int
    connected: dict[str, bool]


class Serializer(Protocol):
    """Turns messages into frames and back."""

    def serialize(self, raw_message: Any, /) -> bytes:
        """Return a message as it travels."""
        ...

    def deserialize(self, message: bytes, /) -> Any:
        """Return the message that has travelled."""
        ...


class NetworkedChannelLayer(BaseChannelLayer, Generic[T]):
    """Carries messages between the consumers of many processes, over a transport.

    Subclasses write `open_transport()`, and nothing else if they need no arguments of their own. All else is
    here: channels, groups, capacities, expiry, gaps, statistics, and what happens with several event loops,
    with forks and at the end.

    Delivery is at most once, and first in, first out per sending process and group or channel, if the
    transport keeps the order. Channels and memberships belong to the process that made them and end with it.

    Args:
        prefix: What the addresses of groups and inboxes begin with.
        serializer: Turns messages into frames; of the values that layers carry, it must keep every one.
        expiry: Seconds after which a message that nobody has taken is thrown away.
        capacity: How many unread messages a channel holds.
        channel_capacity: Other capacities, by glob or compiled regular expression.
        overflow: What a full channel does: `"drop_oldest"`, `"drop_newest"`, or `"close"`, which fails its
            consumer with `ChannelFull`.
        clock: Returns the time in seconds; it must never go back.

    Raises:
        TypeError: The prefix is no string.
        ValueError: A capacity is less than 1, the expiry is not more than 0, or there is no such policy.

    Attributes:
        logger: Where to say what went wrong.
        carrier: What the transport is called in errors.
        closed_error: What whoever waits in `receive()` gets when the layer is closed.
    """

    extensions: ClassVar[list[str]] = ["groups", "flush"]
    logger: ClassVar[logging.Logger] = logging.getLogger("fast_channels.layers")
    carrier: ClassVar[str] = "the transport"
    closed_error: ClassVar[type[Exception]] = ConnectionError

    def __init__(
        self,
        prefix: str = "asgi",
        *,
        serializer: Serializer,
        expiry: float = 60,
        capacity: int = 100,
        channel_capacity: ChannelCapacityDict | None = None,
        overflow: Overflow = DEFAULT_OVERFLOW,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self.prefix: str = require_string("prefix", prefix)
        self.overflow: Overflow = require_overflow(overflow)
        self.counts: Counts
        self._serializer = serializer
        self._clock = clock
        self._deliveries: Deliveries[T] = Deliveries(self._new_delivery, self._begin_counts)
        self._begin_counts()

    def open_transport(self, receiver: Receiver) -> T:
        """Return a new transport of the running event loop.

        Called when an event loop first uses the layer, and again when it uses it after `close()`. It connects
        to nothing yet, or does so in the background.

        Args:
            receiver: What it hands frames to.
        """
        raise NotImplementedError(f"{type(self).__name__} has no open_transport()")

    def require_valid_channel_name(self, name: str, receive: bool = False) -> bool:
        """Do what every layer does, and refuse names that are addresses of groups or inboxes.

        Raises:
            TypeError: The name is not valid.
        """
        super().require_valid_channel_name(name, receive)
        if "__group__" in name or "__inbox__" in name:
            raise self._invalid_name(
                "Channel", name, f"{self.carrier} knows groups and inboxes by such names"
            )
        return True

    def serialize(self, message: Any) -> bytes:
        """Return a message as it travels."""
        return self._serializer.serialize(message)

    def deserialize(self, message: bytes) -> ChannelMessage:
        """Return the message that has travelled.

        Raises:
            TypeError: It is no mapping.
            Exception: It has another form, or was encrypted with another key.
        """
        contents: object = self._serializer.deserialize(message)
        if not isinstance(contents, dict):
            raise TypeError(f"a message is a mapping, not of type {type(contents).__name__}")
        return cast("dict[str, Any]", contents)  # its keys are checked when it is read

    async def send(self, channel: str, message: SentMessage) -> None:
        """Send a message to a channel; if nobody listens to it, the message is lost and counted.

        Raises:
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
            Exception: The transport could not pass it on.
        """
        self.require_valid_channel_name(channel)
        contents = plain_message(message)
        delivery = self._deliveries.here()
        address = delivery.address(channel)
        if address != channel:
            contents[RESERVED_KEY] = channel
        if not await delivery.transport.publish(address, self.serialize(contents)):
            delivery.mailroom.unheard += 1

    async def receive(self, channel: str) -> ReceivedMessage:
        """Wait for the next message of a channel; each goes to one receiver of this process only.

        Messages to a channel of `new_channel()` are kept from the beginning, in the event loop that made it,
        and can be read in any other. Those to another channel are kept from the first call on, and until
        `close_channel()`. A cancelled call loses no message.

        Raises:
            TypeError: The name is not valid.
            RuntimeError: The channel is closed, or was closed meanwhile, or is of another process, or of an
                event loop that has ended: no message can come.
            ChannelFull: The channel was full, and the policy is "close".
            Exception: The first call found no connection in time, or the layer was closed meanwhile.
        """
        delivery = self._deliveries.here()
        if type(channel) is not str or not delivery.reads(channel):
            self.require_valid_channel_name(channel)
            if "!" in channel:
                delivery = self._deliveries.that_made(channel)
            else:
                await delivery.subscribe(channel, channel)
        return await delivery.mailroom.receive(channel)

    async def new_channel(self, prefix: str = "specific.") -> str:
        """Return the name of a channel that nobody else has and nobody can guess.

        Whatever is sent to it from then on arrives, while there is a connection.

        Raises:
            TypeError: The prefix is not the beginning of a valid name, or is too long.
            Exception: The transport found no connection in time.
        """
        self._require_name("Channel", prefix, self.group_name_regex)
        delivery = self._deliveries.here()
        name = delivery.new_channel(prefix.removesuffix("."))
        self.require_valid_channel_name(name)
        await delivery.transport.subscribe(delivery.address(name))
        return name

    def listen(self, channel: str, notify: Callable[[], None]) -> Mailbox | None:
        """Attach a consumer to a channel of this process, until `close_channel()`.

        Args:
            channel: From `new_channel()`.
            notify: Called once for each message, those that wait already included, when the message is in
                the mailbox; in the thread of the event loop.

        Returns:
            The mailbox to take the messages from.

        Raises:
            RuntimeError: A consumer listens on the channel already, or it is closed, or of another process or
                event loop.
            TypeError: The name is not valid.
        """
        self.require_valid_channel_name(channel)
        return self._deliveries.own(channel).mailroom.listen(channel, notify)

    async def close_channel(self, channel: str) -> None:
        """Forget a channel: its unread messages, its consumer and its memberships.

        Whoever waits in `receive()` gets a `RuntimeError`. What is sent to a channel of `new_channel()`
        later is counted as unheard.

        Raises:
            TypeError: The name is not valid.
        """
        self.require_valid_channel_name(channel)
        self._deliveries.here().close_channel(channel)

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel of this process a member of a group.

        Whatever is sent to the group from then on arrives, while there is a connection.

        Raises:
            TypeError: A name is not valid.
            RuntimeError: The channel is closed, or of another process or event loop.
            Exception: The transport found no connection in time; the channel is no member.
        """
        address = self._group_address(group)
        self.require_valid_channel_name(channel)
        delivery = self._deliveries.own(channel)
        await delivery.join(address, channel)
        if not delivery.has(channel):
            # It was closed meanwhile.
            raise self._deliveries.not_here(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """End a membership, if there is one.

        Raises:
            TypeError: A name is not valid.
        """
        address = self._group_address(group)
        self.require_valid_channel_name(channel)
        self._deliveries.here().leave(address, channel)

    async def group_send(self, group: str, message: SentMessage) -> None:
        """Send a message to every member of a group, in every process; return when the transport has it.

        Raises:
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
            Exception: The transport could not pass it on.
        """
        address = self._group_address(group)
        await self._deliveries.here().transport.publish(address, self.serialize(plain_message(message)))

    async def flush(self) -> None:
        """Throw away all unread messages and groups of this event loop; consumers stay attached."""
        self._deliveries.here().forget(detach=False)

    async def close(self) -> None:
        """Forget everything, and end the connections of all event loops that are running.

        Those of an event loop that does not run end when it is closed. Whoever waits in `receive()` gets an
        error. The layer can be used again.
        """
        await self._deliveries.close()

    def stats(self) -> NetworkedStats:
        """Return the counts of this process so far; a forked one begins with 0."""
        return NetworkedStats(**self._figures())

    def _figures(self) -> dict[str, Any]:
        # First: a forked process begins to count anew.
        mail = self._deliveries.mail()
        return {**asdict(mail), **asdict(self.counts), "connected": self._deliveries.connected()}

    def _group_address(self, group: str) -> str:
        self.require_valid_group_name(group)
        return f"{self.prefix}__group__{group}"

    def _begin_counts(self) -> None:
        self.counts = Counts()

    def _new_delivery(self, token: str) -> Delivery[T]:
        return Delivery(self, KeepingMailroom(self._clock, self.get_capacity, self.overflow), token)
