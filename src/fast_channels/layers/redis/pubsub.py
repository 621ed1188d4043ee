"""The channel layer for many processes, on Redis' publish and subscribe."""

import asyncio
import itertools
import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final, cast

from fast_channels.layers.base import BaseChannelLayer, ReceivedMessage, SentMessage
from fast_channels.layers.mailbox import (
    DEFAULT_OVERFLOW,
    Mailbox,
    Mailroom,
    MailStats,
    Overflow,
    require_overflow,
)
from fast_channels.layers.redis.hub import Counts, Hub, open_pool, owner
from fast_channels.layers.redis.loops import before_close, not_before_close
from fast_channels.layers.redis.serializers import registry
from fast_channels.layers.redis.type_defs import (
    ChannelDecodedRedisHost,
    ChannelRawRedisHost,
    SymmetricEncryptionKeys,
)
from fast_channels.layers.redis.utils import decode_hosts, require_text
from fast_channels.layers.values import RESERVED_KEY, plain_message
from fast_channels.type_defs import ChannelCapacityDict, ChannelMessage

__all__ = ["RedisPubSubChannelLayer", "RedisStats"]

_NO_MAIL: Final = MailStats(0, 0, 0, 0, 0, 0)

LOOK_SECONDS: Final = 0.01
"""How often to look whether an event loop of another thread still runs, while the layer is closed."""


@dataclass(frozen=True, slots=True)
class RedisStats(MailStats):
    """What has become of the messages that reached this process, and of its connections.

    Attributes:
        outages: How often a subscribed connection was lost and came back.
        gaps: How many `ChannelGap` events consumers got because of that.
        undecodable: Frames that were thrown away: of another form, encrypted with another key, or for nobody.
        outdated: Messages that expired in a queue in Redis, as far as this process had to throw them away.
        unreturned: Messages of a queue that were taken for a receiver which had gone, and that Redis did not
            take back, as far as this process knows.
        connected: Whether the layer is connected to each server that it uses, by the server's name as in the
            log. Without all its subscriptions it is not. A server of which nothing was needed yet is left
            out.
    """

    outages: int
    gaps: int
    undecodable: int
    outdated: int
    unreturned: int
    connected: dict[str, bool]


class RedisPubSubChannelLayer(BaseChannelLayer):
    """Carries messages between the consumers of many processes, through Redis' publish and subscribe.

    Delivery is at most once, and first in, first out per sending process and group or channel. Redis stores
    nothing: a message is for those who are there. Channels and memberships belong to the process that
    made them and end with it. Each process has two connections to a server, for each event loop that uses
    the layer. After an outage, and when its channel has overflowed, a consumer gets a `ChannelGap`.

    A Django process whose layer is `channels_redis.pubsub.RedisPubSubChannelLayer` with the same hosts,
    prefix and keys shares its groups with this one.

    Args:
        hosts: The servers: a URL, host and port, or arguments of a redis-py connection each; Sentinel needs
            `sentinels` and `master_name`. Names are distributed over several servers, in the same order in
            every process.
        prefix: What the names of groups in Redis begin with.
        expiry: Seconds after which a message that nobody has taken is thrown away.
        capacity: How many unread messages a channel holds.
        channel_capacity: Other capacities, by glob or compiled regular expression.
        overflow: What a full channel does: `"drop_oldest"`, `"drop_newest"`, or `"close"`, which fails its
            consumer with `ChannelFull`.
        ping_interval: Seconds of silence after which a server is asked whether it is there. A connection
            without an answer is given up after twice that time.
        symmetric_encryption_keys: The first encrypts all messages, any of them decrypts.
        serializer_format: The name of a registered serializer, `"msgpack"` or `"json"`.
        clock: Returns the time in seconds; it must never go back.

    Raises:
        TypeError: The prefix is no string, or a host has an option that redis-py does not know.
        ValueError: A capacity is less than 1, the expiry is not more than 0, hosts or keys are one string
            instead of a list, a host means
            nothing, there is no such policy, or there is no time between two pings.
        KeyError: No serializer has the name.
    """

    extensions: ClassVar[list[str]] = ["groups", "flush"]

    def __init__(
        self,
        hosts: Sequence[ChannelRawRedisHost] | None = None,
        prefix: str = "asgi",
        *,
        expiry: float = 60,
        capacity: int = 100,
        channel_capacity: ChannelCapacityDict | None = None,
        overflow: Overflow = DEFAULT_OVERFLOW,
        ping_interval: float = 5.0,
        symmetric_encryption_keys: SymmetricEncryptionKeys | None = None,
        serializer_format: str = "msgpack",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(expiry=expiry, capacity=capacity, channel_capacity=channel_capacity)
        self.hosts: list[ChannelDecodedRedisHost] = decode_hosts(hosts)
        for host in self.hosts:
            # What is wrong with one is said here, rather than by the first who connects.
            open_pool(host)
        self.prefix: str = require_text("prefix", prefix)
        if not ping_interval > 0:
            raise ValueError(f"ping_interval is more than 0 seconds, not {ping_interval!r}")
        self.overflow: Overflow = require_overflow(overflow)
        self.ping_interval = ping_interval
        self.counts: Counts = Counts()
        self._serializer = registry.get_serializer(
            serializer_format, symmetric_encryption_keys=symmetric_encryption_keys
        )
        self._clock = clock
        self._hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
        self._ending: dict[Hub, asyncio.Task[None]] = {}
        self._past = _NO_MAIL
        self._process = os.getpid()
        # What the names of this process have in common, and the numbers of its event loops.
        self._token = secrets.token_hex(8)
        self._numbers = itertools.count()

    def require_valid_channel_name(self, name: str, receive: bool = False) -> bool:
        """Do what every layer does, and refuse names under which Redis knows a group or an inbox.

        Raises:
            TypeError: The name is not valid.
        """
        super().require_valid_channel_name(name, receive)
        if "__group__" in name or "__inbox__" in name:
            raise self._invalid_name("Channel", name, "Redis knows groups and inboxes by such names")
        return True

    def serialize(self, message: Any) -> bytes:
        """Return a message as it travels."""
        data: bytes = self._serializer.serialize(message)
        return data

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
            redis.exceptions.ConnectionError: There was no connection in time, or it was lost before the
                server had answered.
        """
        self.require_valid_channel_name(channel)
        contents = plain_message(message)
        hub = self._hub()
        address = hub.address(channel)
        if address != channel:
            contents[RESERVED_KEY] = channel
        if not await hub.publish(address, self.serialize(contents)):
            hub.room.unheard += 1

    async def receive(self, channel: str) -> ReceivedMessage:
        """Wait for the next message of a channel; each goes to one receiver of this process only.

        Messages to a channel of `new_channel()` are kept from the beginning, in the event loop that made it,
        and can be read in any other. Those to another channel are kept from the first call on, and until
        `close_channel()`. A cancelled call loses no message.

        Raises:
            TypeError: The name is not valid.
            RuntimeError: The channel is closed, or of another process, or of an event loop that has ended: no
                message can come.
            ChannelFull: The channel was full, and the policy is "close".
            redis.exceptions.ConnectionError: The first call found no connection in time, or the layer was
                closed meanwhile.
        """
        self.require_valid_channel_name(channel)
        hub = self._hub()
        if "!" not in channel:
            await hub.attend(channel, once=True)
        else:
            if owner(channel) != hub.token:
                hub = self._hub_of(channel)
            if not hub.has(channel):
                raise self._not_here(channel)
        return await hub.room.receive(channel)

    async def new_channel(self, prefix: str = "specific.") -> str:
        """Return the name of a channel that nobody else has and nobody can guess.

        The server has acknowledged that this process listens to it.

        Raises:
            TypeError: The prefix is not the beginning of a valid name, or is too long.
            redis.exceptions.ConnectionError: There was no connection in time.
        """
        self._require_name("Channel", prefix, self.group_name_regex)
        hub = self._hub()
        name = hub.new_channel(prefix.removesuffix("."))
        self.require_valid_channel_name(name)
        await hub.attend(hub.address(name))
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
        return self._own_hub(channel).room.listen(channel, notify)

    async def close_channel(self, channel: str) -> None:
        """Forget a channel: its unread messages, its consumer and its memberships.

        Whoever waits in `receive()` gets a `RuntimeError`. What is sent to a channel of `new_channel()`
        later is counted as unheard.

        Raises:
            TypeError: The name is not valid.
        """
        self.require_valid_channel_name(channel)
        self._hub().close_channel(channel)

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel of this process a member of a group; return when the server has acknowledged it.

        Whatever is sent to the group from then on arrives, while there is a connection.

        Raises:
            TypeError: A name is not valid.
            RuntimeError: The channel is closed, or of another process or event loop.
            redis.exceptions.ConnectionError: There was no connection in time; the channel is no member.
        """
        address = self._group_address(group)
        self.require_valid_channel_name(channel)
        hub = self._own_hub(channel)
        await hub.join(address, channel)
        if not hub.has(channel):
            # It was closed meanwhile.
            raise self._not_here(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """End a membership, if there is one.

        Raises:
            TypeError: A name is not valid.
        """
        address = self._group_address(group)
        self.require_valid_channel_name(channel)
        self._hub().leave(address, channel)

    async def group_send(self, group: str, message: SentMessage) -> None:
        """Send a message to every member of a group, in every process; return when the server has it.

        Raises:
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
            redis.exceptions.ConnectionError: There was no connection in time, or it was lost before the
                server had answered.
        """
        address = self._group_address(group)
        await self._hub().publish(address, self.serialize(plain_message(message)))

    async def flush(self) -> None:
        """Throw away all unread messages and groups of this event loop; consumers stay attached.

        Redis holds nothing that could be thrown away.
        """
        self._hub().forget(detach=False)

    async def close(self) -> None:
        """Forget everything, and end the connections of all event loops that are running.

        Those of an event loop that does not run end when it is closed. Whoever waits in `receive()` gets an
        error. The layer can be used again.
        """
        for loop, hub in tuple(self._hubs.items()):
            if loop is asyncio.get_running_loop():
                await self._end(loop)
            elif loop.is_running() and hub.process == os.getpid():
                await self._end_elsewhere(loop, hub)

    def stats(self) -> RedisStats:
        """Return the counts of this process so far; a forked one begins with 0."""
        self._begin_anew_after_fork()
        hubs = [hub for hub in (*self._hubs.values(), *self._ending) if hub.process == self._process]
        mail = sum((hub.room.stats() for hub in hubs), self._past)
        connected: dict[str, bool] = {}
        for where, state in (each for hub in hubs for each in hub.connected()):
            connected[where] = connected.get(where, True) and state
        return RedisStats(**asdict(mail), **asdict(self.counts), connected=connected)

    def _group_address(self, group: str) -> str:
        self.require_valid_group_name(group)
        return f"{self.prefix}__group__{group}"

    def _hub(self) -> Hub:
        loop = asyncio.get_running_loop()
        hub = self._hubs.get(loop)
        if hub is None:
            self._begin_anew_after_fork()
            room = Mailroom(self._clock, self.get_capacity, self.overflow)
            hub = self._hubs[loop] = Hub(self, room, f"{self._token}-{next(self._numbers):x}")
            # Nothing is left pending by whoever never calls close().
            before_close(loop, self._end)
        return hub

    def _hub_of(self, channel: str) -> Hub:
        """Return the hub of another event loop of this process, in which a channel was made.

        Raises:
            RuntimeError: There is none, so nobody here can receive on the channel.
        """
        for hub in tuple(self._hubs.values()):
            if owner(channel) == hub.token and hub.process == os.getpid():
                return hub
        raise self._not_here(channel)

    def _own_hub(self, channel: str) -> Hub:
        """Return the hub of this event loop.

        Raises:
            RuntimeError: The channel is closed, or of another event loop or process.
        """
        hub = self._hub()
        if not hub.has(channel):
            raise self._not_here(channel)
        return hub

    def _not_here(self, channel: str) -> RuntimeError:
        token, loop = owner(channel), self._hubs.get(asyncio.get_running_loop())
        if not token.startswith(f"{self._token}-"):
            why = "it is of another process or layer, so its own consumer has to call this"
        elif loop is not None and token == loop.token:
            why = "it is closed"
        else:
            why = (
                "it belongs to another event loop, in which it was made; if that has ended, its messages are "
                "lost. Make and use a channel in one event loop: async_to_sync() has a new one for each call"
            )
        return RuntimeError(f"channel {channel!r} cannot be used here: {why}")

    def _begin_anew_after_fork(self) -> None:
        if self._process != os.getpid():
            self._process, self._past, self.counts = os.getpid(), _NO_MAIL, Counts()
            self._token = secrets.token_hex(8)

    async def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        self._begin_to_end(loop)
        for task in [task for task in tuple(self._ending.values()) if task.get_loop() is loop]:
            await asyncio.wait([task])

    async def _end_elsewhere(self, loop: asyncio.AbstractEventLoop, hub: Hub) -> None:
        # It may have been closed since.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._begin_to_end, loop)
        while self._hubs.get(loop) is hub or hub in self._ending:
            # No loop tells that it stops.
            if not loop.is_running():
                break
            await asyncio.sleep(LOOK_SECONDS)

    def _begin_to_end(self, loop: asyncio.AbstractEventLoop) -> None:
        hub = self._hubs.pop(loop, None)
        if hub is not None:
            # A task of its own: nobody could end the hub any more if whoever waits for it were cancelled.
            self._ending[hub] = loop.create_task(self._end_hub(loop, hub))

    async def _end_hub(self, loop: asyncio.AbstractEventLoop, hub: Hub) -> None:
        try:
            await hub.close()
        finally:
            self._past += hub.room.stats()
            del self._ending[hub]
            if loop not in self._hubs:
                not_before_close(loop, self._end)
