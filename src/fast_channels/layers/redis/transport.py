"""Redis' publish and subscribe as the transport of a layer, on one server or several."""

import inspect
from collections.abc import Awaitable, Sequence
from functools import partial
from typing import Any, Final

import redis.asyncio

from fast_channels.layers.redis.hosts import close_sentinels, consistent_hash, create_pool, server_name
from fast_channels.layers.redis.link import Link
from fast_channels.layers.redis.subscriptions import Subscriptions
from fast_channels.layers.redis.type_defs import ChannelDecodedRedisHost
from fast_channels.layers.transport import Receiver

__all__ = ["RedisTransport", "Shard", "open_pool"]

DEFAULT_TIMEOUT: Final = 5.0
"""Seconds that a command waits for a connection."""

# What redis-py would tell a server of itself before it has listened. One that takes no more clients says so
# and closes the connection; whoever has written to it meanwhile cannot hear that.
_INTRODUCTION: Final = (
    ("driver_info",)
    if "driver_info" in inspect.signature(redis.asyncio.Connection.__base__ or object).parameters
    else ("lib_name", "lib_version")
)


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
    for option in _INTRODUCTION:
        pool.connection_kwargs.setdefault(option, None)
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

    def __init__(
        self, host: ChannelDecodedRedisHost, ping_interval: float, transport: "RedisTransport"
    ) -> None:
        # Of two that ask at the same time, redis-py might forget a Sentinel for both.
        (commands, timeout), (subscriptions, _) = open_pool(host), open_pool(host)
        self._pools = commands, subscriptions
        where = server_name(host)
        # Publish and subscribe know no databases. A "/" is in no name of a channel or group.
        database = int(commands.connection_kwargs.get("db") or 0)
        self.realm: str = f"{database}/" if database else ""
        self._skip = len(self.realm)
        self._deliver = transport.receiver.deliver
        self.where: str = where
        self.commands: Link = Link(
            commands.make_connection, where, timeout=timeout, ping_interval=ping_interval
        )
        self.subscriptions: Subscriptions = Subscriptions(
            subscriptions.make_connection,
            where,
            timeout=timeout,
            ping_interval=ping_interval,
            realm=self.realm,
            on_message=self.arrived,
            on_return=partial(transport.returned, self),
        )

    @property
    def connected(self) -> bool | None:
        """Whether all connections that are in use are there; `None` if none is."""
        used = [link.established for link in (self.commands, self.subscriptions.link) if link.used]
        return all(used) if used else None

    def arrived(self, name: bytes, frame: bytes) -> Awaitable[None]:
        """Hand on a frame that was published under a name here."""
        return self._deliver(name[self._skip :].decode(), frame)

    async def close(self) -> None:
        """End both connections."""
        await self.subscriptions.close()
        await self.commands.close()
        for pool in self._pools:
            await close_sentinels(pool)


class RedisTransport:
    """Publishes and subscribes to names in Redis, for one event loop.

    Each name belongs to one of the servers, the same in every process.

    Args:
        hosts: The servers.
        ping_interval: Seconds of silence after which a server is asked whether it is there.
        receiver: What frames are handed to.
    """

    def __init__(
        self, hosts: Sequence[ChannelDecodedRedisHost], ping_interval: float, receiver: Receiver
    ) -> None:
        self.receiver = receiver
        self._shards = [Shard(host, ping_interval, self) for host in hosts]

    def shard(self, address: str) -> Shard:
        """Return the server that is responsible for a name in Redis."""
        return self._shards[consistent_hash(address, len(self._shards))]

    def links(self) -> list[Link]:
        """Return the connections for commands to all servers."""
        return [shard.commands for shard in self._shards]

    async def publish(self, address: str, frame: bytes) -> bool:
        """Publish; return whether the server has passed it to anybody."""
        shard = self.shard(address)
        heard: int = await shard.commands.ask("PUBLISH", shard.realm + address, frame)
        return heard > 0

    async def subscribe(self, address: str) -> None:
        """Subscribe; return when the server has acknowledged it, on the present connection."""
        await self.shard(address).subscriptions.add(address)

    def unsubscribe(self, address: str) -> None:
        """End a subscription, if there is one."""
        self.shard(address).subscriptions.remove(address)

    def subscribed(self, address: str) -> bool:
        """Return whether the server has ever acknowledged a subscription that was not ended since."""
        return address in self.shard(address).subscriptions

    def connected(self) -> dict[str, bool]:
        """Return each server that is in use, and whether all connections to it are there."""
        connected: dict[str, bool] = {}
        for shard in self._shards:
            if (state := shard.connected) is not None:
                connected[shard.where] = connected.get(shard.where, True) and state
        return connected

    async def close(self) -> None:
        """End all connections."""
        for shard in self._shards:
            await shard.close()

    def returned(self, shard: Shard) -> None:
        """Tell the receiver that a server is there again."""
        self.receiver.returned(lambda address: self.shard(address) is shard)
