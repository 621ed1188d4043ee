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
from fast_channels.layers.mailroom import KeepingMailroom
from fast_channels.layers.overflow import DEFAULT_OVERFLOW, Overflow, require_overflow
from fast_channels.layers.stats import MailStats
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
        raise TypeError(f"{option} has to be a str, not {type(value).__name__}")
    return value


@dataclass(frozen=True, slots=True)
class NetworkedStats(MailStats):
    """Counts of the messages that reached this process, and of its connections.

    Attributes:
        outages: How often a connection with subscriptions was lost and made again.
        gaps: How many `ChannelGap` events consumers got because of outages.
        undecodable: Frames that were dropped, because they have another format, were encrypted with another
            key, or name no channel of this process.
        connected: For each server, by its name in the log, whether the layer is connected to it and has all
            its subscriptions. A server that was not used yet is left out.
    """

    outages: int
    gaps: int
    undecodable: int
    connected: dict[str, bool]


class Serializer(Protocol):
    """Turns messages into frames and back."""

    def serialize(self, raw_message: Any, /) -> bytes:
        """Return a message as a frame."""
        ...

    def deserialize(self, message: bytes, /) -> Any:
        """Return the message of a frame."""
        ...


class NetworkedChannelLayer(BaseChannelLayer, Generic[T]):
    """Carries messages between the consumers of many processes, over a transport.

    A subclass has to define only `open_transport()`, which returns a transport. This class does everything
    else: channels, groups, capacities, expiry, gaps, statistics, several event loops, forks, and closing.

    Delivery is at most once, and first in, first out per sending process and group or channel, if the
    transport keeps the order. Channels and memberships belong to the process that made them and end with it.

    Args:
        prefix: The beginning of the addresses of groups and inboxes.
        serializer: Turns messages into frames and back; it must keep all values that layers carry.
        expiry: Seconds after which an unread message is dropped.
        capacity: The largest number of unread messages of a channel.
        channel_capacity: Other capacities, by glob or compiled regular expression.
        overflow: What a full channel does: `"drop_oldest"`, `"drop_newest"`, or `"close"`, which fails its
            consumer with `ChannelFull`.
        clock: Returns the time in seconds; it must never go back.

    Raises:
        TypeError: The prefix is not a string.
        ValueError: A capacity is less than 1, the expiry is not more than 0, or `overflow` is not a policy.

    Attributes:
        logger: The logger for frames that cannot be decoded.
        carrier: The name of the transport in errors.
        closed_error: The exception that a waiting `receive()` raises when the layer is closed.
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
        self._deliveries: Deliveries[T] = Deliveries(type(self), self._new_delivery, self._begin_counts)
        self._begin_counts()

    def open_transport(self, receiver: Receiver) -> T:
        """Return a new transport of the running event loop.

        Called when an event loop first uses the layer, and again when it uses the layer after `close()`. The
        transport connects later or in the background, not in this call.

        Args:
            receiver: Takes the frames of the transport.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement open_transport()")

    def require_valid_channel_name(self, name: str, receive: bool = False) -> bool:
        """Do what every layer does, and refuse names that are addresses of groups or inboxes.

        Raises:
            TypeError: The name is not valid.
        """
        super().require_valid_channel_name(name, receive)
        if "__group__" in name or "__inbox__" in name:
            reserved = f"__group__ and __inbox__ are reserved for groups and inboxes on {self.carrier}"
            raise self._invalid_name("Channel", name, reserved)
        return True

    def serialize(self, message: Any) -> bytes:
        """Return a message as a frame."""
        return self._serializer.serialize(message)

    def deserialize(self, message: bytes) -> ChannelMessage:
        """Return the message of a frame.

        Raises:
            TypeError: It is not a mapping.
            Exception: The frame has another format, or was encrypted with another key.
        """
        contents: object = self._serializer.deserialize(message)
        if not isinstance(contents, dict):
            raise TypeError(f"a message has to be a mapping, not {type(contents).__name__}")
        return cast("dict[str, Any]", contents)  # its keys are checked when it is read

    async def send(self, channel: str, message: SentMessage) -> None:
        """Send a message to a channel; without a receiver, the message is lost and counted.

        Raises:
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
            Exception: The transport could not publish the message.
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
        and can be received in any event loop of the process. Messages to another channel are kept from the
        first call until `close_channel()`. A cancelled call loses no message.

        Raises:
            TypeError: The name is not valid.
            RuntimeError: No message can arrive: the channel is closed, was closed while the call waited, or
                belongs to another process or to an event loop that has ended.
            ChannelFull: The channel was full, and the policy is "close".
            Exception: The first call got no connection in time, or the layer was closed while the call
                waited.
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
        """Return the name of a new channel, which is unique and cannot be guessed.

        While there is a connection, every later message to it arrives.

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
        """Close a channel: remove its unread messages and its memberships, and detach its consumer.

        A waiting `receive()` raises a `RuntimeError`. Later messages to a channel of `new_channel()` are
        counted as unheard.

        Raises:
            TypeError: The name is not valid.
        """
        self.require_valid_channel_name(channel)
        self._deliveries.here().close_channel(channel)

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel of this process a member of a group.

        While there is a connection, every later message to the group arrives.

        Raises:
            TypeError: A name is not valid.
            RuntimeError: The channel is closed, or of another process or event loop.
            Exception: The transport found no connection in time; the channel is not a member.
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
        """Remove all unread messages and groups of this event loop; consumers stay attached."""
        self._deliveries.here().forget(detach=False)

    async def close(self) -> None:
        """Remove all messages, channels and groups, and close the connections of all running event loops.

        The connections of other event loops are closed together with their event loop. A waiting `receive()`
        raises an error. The layer can be used again.
        """
        await self._deliveries.close()

    def stats(self) -> NetworkedStats:
        """Return the counts of this process; a forked process begins with 0."""
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
