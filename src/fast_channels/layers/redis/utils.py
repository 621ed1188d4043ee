"""Helpers under the path from which existing code imports them."""

from fast_channels.layers.redis.hosts import close_redis, consistent_hash, create_pool, decode_hosts

__all__ = ["close_redis", "consistent_hash", "create_pool", "decode_hosts"]
