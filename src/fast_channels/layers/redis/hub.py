"""What a Redis layer holds for one event loop: connections, mailboxes and groups."""

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.layers.mailbox import Aftermath, Letter, Mailroom, tell
from fast_channels.layers.memberships import Memberships
from fast_channels.layers.own_channels import OwnChannels
from fast_channels.layers.redis.link import Link
from fast_channels.layers.redis.subscriptions import Subscriptions
from fast_channels.layers.redis.type_defs import ChannelDecodedRedisHost
from fast_channels.layers.redis.utils import close_sentinels, consistent_hash, create_pool, server_name
from fast_channels.layers.values import RESERVED_KEY, Snapshot, snapshot
from fast_channels.untrusted import shown

__all__ = ["Counts", "Hub", "Settings", "open_pool", "owner"]

logger: logging.Logger = logging.getLogger("fast_channels.layers.redis")

DEFAULT_TIMEOUT = 5.0


@dataclass(slots=True)
class Counts:
    """What has happened to a layer, in all its event loops."""

    outages: int = 0
    gaps: int = 0
    undecodable: int = 0
    outdated: int = 0
    unreturned: int = 0


def owner(channel: str) -> str:
    """Return the token of the hub whose channel it is, if its name has a `!`."""
    return channel.partition("!")[0].rpartition(".")[2]


class Signal(Protocol):
    """What a published message without contents is for."""

    def wake(self) -> None:
        """Look what has happened."""

    async def close(self) -> None:
        """Look no more."""


class Settings(Protocol):
    """What a hub needs to know of its layer."""

    prefix: str
    expiry: float
    hosts: list[ChannelDecodedRedisHost]
    ping_interval: float
    counts: Counts

    def serialize(self, message: Any) -> bytes:
        """Return a message as it travels."""
        ...

    def deserialize(self, message: bytes) -> Any:
        """Return the message that bytes stand for."""


def open_pool(host: ChannelDecodedRedisHost) -> tuple[redis.asyncio.ConnectionPool, float]:
    """Return what makes connections to a host, and the seconds that a command waits for one.

    Raises:
        TypeError: A connection of redis-py has no such option.
        ValueError: An option, or the URL, means nothing.
    """
    # RESP2 is what every version of every server speaks.
    pool: Any = create_pool(host, protocol=2, decode_responses=False)
    timeout = float(pool.connection_kwargs.get("socket_timeout") or DEFAULT_TIMEOUT)
    # The link has a watch of its own over silence.
    pool.connection_kwargs["socket_timeout"] = None
    # Checks the options, and connects to nothing yet.
    pool.make_connection()
    return pool, timeout


class Shard:
    """One server: a connection for commands, and one for subscriptions.

    Attributes:
        where: The server, for logs and statistics.
        realm: What all names begin with under which something is published there: the number of the database,
            unless it is 0.
        commands: The connection for commands.
        subscriptions: The connection for subscriptions.
    """

    def __init__(self, host: ChannelDecodedRedisHost, settings: Settings, hub: "Hub") -> None:
        # Of two that ask at the same time, redis-py might forget a Sentinel for both.
        (commands, timeout), (subscriptions, _) = open_pool(host), open_pool(host)
        self._pools = commands, subscriptions
        where = server_name(host)
        # Publish and subscribe know no databases. A "/" is in no name of a channel or group.
        database = int(commands.connection_kwargs.get("db") or 0)
        self.realm: str = f"{database}/" if database else ""
        self.where: str = where
        self.commands: Link = Link(
            commands.make_connection, where, timeout=timeout, ping_interval=settings.ping_interval
        )
        self.subscriptions: Subscriptions = Subscriptions(
            subscriptions.make_connection,
            where,
            timeout=timeout,
            ping_interval=settings.ping_interval,
            realm=self.realm,
            on_message=partial(hub.deliver, len(self.realm)),
            on_return=partial(hub.returned, self),
        )

    async def publish(self, name: str, data: bytes) -> int:
        """Publish; return how many processes the server has passed it to."""
        heard: int = await self.commands.ask("PUBLISH", self.realm + name, data)
        return heard

    @property
    def connected(self) -> bool | None:
        """Whether all connections that are in use are there; `None` if none is."""
        used = [link.established for link in (self.commands, self.subscriptions.link) if link.used]
        return all(used) if used else None

    async def close(self) -> None:
        """End both connections."""
        await self.subscriptions.close()
        await self.commands.close()
        for pool in self._pools:
            await close_sentinels(pool)


class Membership:
    """What is known of a member of a group.

    Attributes:
        acknowledged: Whether the server has answered, so that whatever is sent to the group arrives.
        calls: How many callers wait for that.
    """

    __slots__ = ("acknowledged", "calls")

    def __init__(self) -> None:
        self.acknowledged: bool = False
        self.calls: int = 0


class Hub:
    """The half of a Redis layer that belongs to one event loop.

    Attributes:
        token: What the names of this hub's channels have in common, and nobody else's.
        process: The process that it was made in; a forked one inherits it, and not what drives it.
        room: The mailboxes.
        memberships: The groups of the channels here; of a group, the name under which Redis knows it.
        signals: Whom to wake when anything is published under a name in Redis.
    """

    def __init__(self, settings: Settings, room: Mailroom, token: str) -> None:
        self.token: str = token
        self.process: int = os.getpid()
        self.room = room
        self.memberships: Memberships[Membership] = Memberships()
        self.signals: dict[str, Signal] = {}
        self.counts: Counts = settings.counts
        self._settings = settings
        self._shards = [Shard(host, settings, self) for host in settings.hosts]
        self._own = OwnChannels()
        self._warned: set[type[Exception]] = set()

    def shard(self, address: str) -> Shard:
        """Return the server that is responsible for a name in Redis."""
        return self._shards[consistent_hash(address, len(self._shards))]

    def connected(self) -> list[tuple[str, bool]]:
        """Return each server that is in use, by its name, and whether all connections to it are there."""
        states = [(shard.where, shard.connected) for shard in self._shards]
        return [(where, state) for where, state in states if state is not None]

    def new_channel(self, prefix: str) -> str:
        """Return the name of a channel of this event loop that nobody else has and nobody can guess."""
        with self.room.lock:
            return f"{prefix}.{self.token}!{self._own.make()}"

    def has(self, channel: str) -> bool:
        """Tell whether messages to a channel can come here: it is open and was made here, or has any name."""
        _, mark, own = channel.partition("!")
        return not mark or (owner(channel) == self.token and own in self._own)

    def links(self) -> list[Link]:
        """Return the connections for commands to all servers."""
        return [shard.commands for shard in self._shards]

    def address(self, channel: str) -> str:
        """Return the name under which Redis knows a channel: its own, or that of its process's inbox."""
        return f"{self._settings.prefix}__inbox__!{owner(channel)}" if "!" in channel else channel

    async def publish(self, address: str, data: bytes) -> int:
        """Publish; return how many processes the server has passed it to."""
        return await self.shard(address).publish(address, data)

    async def attend(self, address: str, *, once: bool = False) -> None:
        """Subscribe to a name in Redis, or do nothing if that was done `once`."""
        await self.shard(address).subscriptions.add(address, once=once)

    def put(
        self, channels: Sequence[str], contents: Snapshot, seconds: float, kind: type[Letter] = Letter
    ) -> Aftermath:
        """Put a message into mailboxes of this event loop.

        Args:
            channels: Their names.
            contents: The message.
            seconds: After which it expires.
            kind: What distinguishes it in a mailbox, if anything does.
        """
        aftermath = Aftermath()
        room = self.room
        with room.lock:
            now = room.clock()
            room.sweep(now)
            letter = kind(now + seconds, contents)
            for channel in channels:
                box = room.open(channel)
                if not box.put(letter, now, aftermath):
                    box.overflow(letter, aftermath)
        return aftermath

    async def join(self, address: str, channel: str) -> None:
        """Make a channel a member of a group; return when the server has acknowledged it."""
        membership = self._membership(address, channel)
        if membership is None:
            membership = Membership()
            self.memberships.add(address, channel, membership)
        membership.calls += 1
        try:
            await self.shard(address).subscriptions.add(address)
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
            self.shard(address).subscriptions.remove(address)

    def close_channel(self, channel: str) -> None:
        """Forget a channel: its unread messages, its consumer and its memberships."""
        for address in self.memberships.of(channel):
            self.leave(address, channel)
        with self.room.lock:
            if owner(channel) == self.token:
                self._own.close(channel.partition("!")[2])
            self.room.empty(channel, detach=True)
        if "!" not in channel:
            self.shard(channel).subscriptions.remove(channel)

    def forget(self, *, detach: bool) -> None:
        """Forget all unread messages and groups, and the consumers if they are to be detached."""
        for address in self.memberships.members:
            self.shard(address).subscriptions.remove(address)
        self.memberships.clear()
        with self.room.lock:
            self.room.empty_all(detach=detach)

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*(signal.close() for signal in self.signals.values()))
        with self.room.lock:
            self.room.end(partial(RedisConnectionError, "the channel layer was closed"))
        self.forget(detach=True)
        for shard in self._shards:
            await shard.close()

    async def deliver(self, skip: int, name: bytes, data: bytes) -> None:
        """Put a published message into the mailboxes that it is for.

        Args:
            skip: How long the realm is with which the name begins.
            name: The name under which it was published.
            data: The frame.
        """
        address = name[skip:].decode()
        if (signal := self.signals.get(address)) is not None:
            signal.wake()
            return
        try:
            target, contents = self.read(data)
            channels = self._addressees(address, target)
        except Exception as error:
            # Not what was on its way when a subscription ended.
            if address in self.shard(address).subscriptions:
                self.refuse(address, error)
            return
        await self.put(channels, contents, self._settings.expiry).settle()

    def write(self, contents: Snapshot) -> bytes:
        """Return a message as it travels."""
        return self._settings.serialize(contents.copy())

    def read(self, data: bytes) -> tuple[Any, Snapshot]:
        """Return the channel that a frame names, if it does, and the message.

        Raises:
            Exception: It is no message.
        """
        message = self._settings.deserialize(data)
        target = message.pop(RESERVED_KEY, None)
        return target, snapshot(message)

    def _membership(self, address: str, channel: str) -> Membership | None:
        return self.memberships.members.get(address, {}).get(channel)

    def _addressees(self, address: str, target: Any) -> tuple[str, ...]:
        members = self.memberships.members.get(address)
        if members is not None:
            return tuple(members)
        if "!" not in address:
            return (address,) if address in self.shard(address).subscriptions else ()
        if not isinstance(target, str) or self.address(target) != address:
            raise ValueError(f"it names no channel of this process: {shown(target)}")
        if target not in self.room.boxes and not self.has(target):
            with self.room.lock:
                self.room.unheard += 1
            return ()
        return (target,)

    def refuse(self, name: str, error: Exception) -> None:
        """Count a frame that is no message, and log the first of its kind."""
        self.counts.undecodable += 1
        if type(error) not in self._warned:
            self._warned.add(type(error))
            logger.warning(
                "a message to %r is thrown away, like all that are wrong in the same way: %r", name, error
            )

    def returned(self, shard: Shard) -> None:
        """Tell the consumers that a server is there again, after they may have missed something."""
        self.counts.outages += 1
        for signal in self.signals.values():
            # What was published meanwhile nobody heard.
            signal.wake()
        aftermath = Aftermath()
        with self.room.lock:
            for box in tuple(self.room.boxes.values()):
                names = (self.address(box.channel), *self.memberships.of(box.channel))
                if shard in map(self.shard, names):
                    self.counts.gaps += box.note_outage(aftermath)
        tell(aftermath.notices)
