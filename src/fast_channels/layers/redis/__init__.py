"""Channel layers for more than one process, on Redis."""

try:
    from fast_channels.layers.redis.core import RedisChannelLayer
    from fast_channels.layers.redis.pubsub import RedisPubSubChannelLayer
except ImportError as _error:
    raise ImportError(
        f'the Redis layers need more packages: pip install "fast-channels-typed[redis]" ({_error})'
    ) from _error

__all__ = ["RedisChannelLayer", "RedisPubSubChannelLayer"]
