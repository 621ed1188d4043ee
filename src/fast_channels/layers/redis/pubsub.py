"""The channel layer for many processes, on Redis' publish and subscribe."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.layers.base import require_seconds
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
    """Counts of the messages that reached this process, and of its connections.

    The attributes are those of `NetworkedStats`, and:

    Attributes:
        outdated: Messages that expired in a queue in Redis, and that this process removed.
        unreturned: Messages of a queue that were taken for a receiver which was cancelled meanwhile, and that
            could not be given back to Redis.
    """

    outdated: int
    unreturned: int


class RedisPubSubChannelLayer(NetworkedChannelLayer[RedisTransport]):
    """Carries messages between the consumers of many processes, through Redis' publish and subscribe.

    Delivery is at most once, and first in, first out per sending process and group or channel. Redis stores
    no messages, so only channels that exist when a message is sent get it. Channels and memberships belong to
    the process that made them and end with it. Each event loop that uses the layer has two connections to
    each server. After an outage, and when its channel has overflowed, a consumer gets a `ChannelGap`.

    A Django process whose layer is `channels_redis.pubsub.RedisPubSubChannelLayer` with the same hosts,
    prefix and keys shares its groups with this one.

    Args:
        hosts: The servers, each as a URL, a pair of host name and port, or a dictionary of arguments of a
            redis-py connection; Sentinel needs `sentinels` and `master_name`. Groups are distributed over
            several servers, which must have the same order in every process.
        prefix: The beginning of the names of groups in Redis.
        expiry: Seconds after which an unread message is dropped.
        capacity: The largest number of unread messages of a channel.
        channel_capacity: Other capacities, by glob or compiled regular expression.
        overflow: What a full channel does: `"drop_oldest"`, `"drop_newest"`, or `"close"`, which fails its
            consumer with `ChannelFull`.
        ping_interval: Seconds of silence after which a PING is sent to a server. A connection without an
            answer is closed after twice that time.
        symmetric_encryption_keys: The first key encrypts all messages; each of them decrypts.
        serializer_format: The name of a registered serializer, `"msgpack"` or `"json"`.
        clock: Returns the time in seconds; it must never go back.

    Raises:
        TypeError: The prefix is not a string, or a host has an option that redis-py does not know.
        ValueError: A capacity is less than 1, the expiry or the ping interval is not more than 0, hosts or
            keys are a string instead of a list, a host is malformed, or `overflow` is not a policy.
        KeyError: No serializer is registered under the name.
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
        self.ping_interval: float = require_seconds("ping_interval", ping_interval)

    def open_transport(self, receiver: Receiver) -> RedisTransport:
        """Return the connections of the running event loop, which connect when they are needed."""
        return RedisTransport(self.hosts, self.ping_interval, receiver)

    def stats(self) -> RedisStats:
        """Return the counts of this process; a forked process begins with 0."""
        figures = self._figures()
        return RedisStats(**figures, **asdict(self.queue_counts))

    def _begin_counts(self) -> None:
        super()._begin_counts()
        self.queue_counts: QueueCounts = QueueCounts()
