"""The channel layer for many processes, on Redis' publish and subscribe."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.layers.networked import NetworkedChannelLayer, NetworkedStats
from fast_channels.layers.overflow import DEFAULT_OVERFLOW, Overflow
from fast_channels.layers.redis.hosts import decode_hosts
from fast_channels.layers.redis.queue import QueueCounts
from fast_channels.layers.redis.serializers import registry
from fast_channels.layers.redis.transport import RedisTransport, open_pool
from fast_channels.layers.redis.type_defs import (
    ChannelDecodedRedisHost,
    ChannelRawRedisHost,
    SymmetricEncryptionKeys,
)
from fast_channels.layers.transport import Receiver
from fast_channels.type_defs import ChannelCapacityDict

__all__ = ["RedisPubSubChannelLayer", "RedisStats"]


@dataclass(frozen=True, slots=True)
class RedisStats(NetworkedStats):
    """What has become of the messages that reached this process, and of its connections.

    The attributes are those of `NetworkedStats`, and:

    Attributes:
        outdated: Messages that expired in a queue in Redis, as far as this process had to throw them away.
        unreturned: Messages of a queue that were taken for a receiver which had gone, and that Redis did not
            take back, as far as this process knows.
    """

    outdated: int
    unreturned: int


class RedisPubSubChannelLayer(NetworkedChannelLayer[RedisTransport]):
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
            instead of a list, a host means nothing, there is no such policy, or there is no time between two
            pings.
        KeyError: No serializer has the name.
    """

    logger: ClassVar[logging.Logger] = logging.getLogger("fast_channels.layers.redis")
    carrier: ClassVar[str] = "Redis"
    closed_error: ClassVar[type[Exception]] = RedisConnectionError

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
        super().__init__(
            prefix,
            serializer=registry.get_serializer(
                serializer_format, symmetric_encryption_keys=symmetric_encryption_keys
            ),
            expiry=expiry,
            capacity=capacity,
            channel_capacity=channel_capacity,
            overflow=overflow,
            clock=clock,
        )
        self.hosts: list[ChannelDecodedRedisHost] = decode_hosts(hosts)
        for host in self.hosts:
            # What is wrong with one is said here, rather than by the first who connects.
            open_pool(host)
        if not ping_interval > 0:
            raise ValueError(f"ping_interval is more than 0 seconds, not {ping_interval!r}")
        self.ping_interval = ping_interval

    def open_transport(self, receiver: Receiver) -> RedisTransport:
        """Return the connections of the running event loop, which connect when they are needed."""
        return RedisTransport(self.hosts, self.ping_interval, receiver)

    def stats(self) -> RedisStats:
        """Return the counts of this process so far; a forked one begins with 0."""
        figures = self._figures()
        return RedisStats(**figures, **asdict(self.queue_counts))

    def _begin_counts(self) -> None:
        super()._begin_counts()
        self.queue_counts: QueueCounts = QueueCounts()
