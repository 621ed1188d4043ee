"""Helpers under the path from which existing code imports them."""

from fast_channels.layers.redis.hosts import close_redis, consistent_hash, create_pool, decode_hosts
from fast_channels.layers.redis.type_defs import ChannelDecodedRedisHost, ChannelRawRedisHost

__all__ = [
    "ChannelDecodedRedisHost",
    "ChannelRawRedisHost",
    "close_redis",
    "consistent_hash",
    "create_pool",
    "decode_hosts",
]
