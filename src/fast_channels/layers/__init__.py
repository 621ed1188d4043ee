"""Channel layers: how one part of an application reaches the consumers of another."""

import importlib
from typing import TYPE_CHECKING

from fast_channels.layers.base import BaseChannelLayer
from fast_channels.layers.configuration import (
    ChannelLayerSettings,
    channel_layer_class,
    configure_channel_layers,
)
from fast_channels.layers.in_memory import InMemoryChannelLayer
from fast_channels.layers.registry import (
    ChannelLayerRegistry,
    channel_layers,
    get_channel_layer,
    has_layers,
    register_channel_layer,
    unregister_channel_layer,
)

if TYPE_CHECKING:
    from fast_channels.layers.gap import ChannelGap

    # Not in __all__: whoever imports everything may do without Redis.
    from fast_channels.layers.redis import RedisChannelLayer as RedisChannelLayer
    from fast_channels.layers.redis import RedisPubSubChannelLayer as RedisPubSubChannelLayer
else:
    # Checkers that knew of this function would take any name for one of the package.
    def __getattr__(name: str) -> object:
        if name == "ChannelGap":
            # A model, which takes long to build.
            return importlib.import_module(f"{__name__}.gap").ChannelGap
        # Whoever does without Redis need not have its packages, nor wait for their import.
        if name not in _REDIS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            module = importlib.import_module(f"{__name__}.redis")
        except AttributeError as error:
            # `from fast_channels.layers import ...` would take it for "no such name", and lose its text.
            raise ImportError(f"the Redis layers cannot be imported: {error}") from error
        return getattr(module, name)


__all__ = [
    "BaseChannelLayer",
    "ChannelGap",
    "ChannelLayerRegistry",
    "ChannelLayerSettings",
    "InMemoryChannelLayer",
    "channel_layer_class",
    "channel_layers",
    "configure_channel_layers",
    "get_channel_layer",
    "has_layers",
    "register_channel_layer",
    "unregister_channel_layer",
]

_REDIS = frozenset({"RedisChannelLayer", "RedisPubSubChannelLayer"})
