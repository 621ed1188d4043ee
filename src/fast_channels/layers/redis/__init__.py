"""Channel layers for more than one process, on Redis."""

from fast_channels.installation import how_to_install

try:
    from fast_channels.layers.redis.core import RedisChannelLayer
    from fast_channels.layers.redis.pubsub import RedisPubSubChannelLayer
except ImportError as _error:
    raise ImportError(
        f"the Redis layers need more packages: {how_to_install('redis')} ({_error})"
    ) from _error

__all__ = ["RedisChannelLayer", "RedisPubSubChannelLayer"]
