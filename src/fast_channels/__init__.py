"""Channels-style consumers and channel layers for any ASGI framework, typed and protocol-first.

The classes and functions that applications need can be imported from here; each is loaded at its first use.
Each is also in the module that documents it.
"""

import sys

# No import stands here that everybody would have to wait for, not even that of typing.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from fast_channels.consumer import (
        AsyncConsumer,
        AsyncEventStreamConsumer,
        AsyncHttpConsumer,
        AsyncJsonWebsocketConsumer,
        AsyncMessageConsumer,
        AsyncWebsocketConsumer,
        Authenticated,
        BySubprotocol,
        CloseCodes,
        Cookie,
        Header,
        Path,
        Query,
        TimeoutKind,
        Timeouts,
        bearer_token,
        session_value,
    )
    from fast_channels.exceptions import (
        AcceptConnection,
        ChannelFull,
        ConnectionClosed,
        DenyConnection,
        InvalidChannelLayerError,
        InvalidEventError,
        InvalidMessageError,
        InvalidMessageKind,
        InvalidParamsError,
        LocalProtocolError,
        MessageTooLarge,
        MessageValueError,
        NotAuthenticated,
        ProtocolError,
        RemoteProtocolError,
        ReplyError,
        SchemaError,
        StopConsumer,
    )
    from fast_channels.layers import (
        BaseChannelLayer,
        ChannelGap,
        ChannelLayerRegistry,
        ChannelLayerSettings,
        InMemoryChannelLayer,
        channel_layer_class,
        channel_layers,
        configure_channel_layers,
        get_channel_layer,
        has_layers,
        register_channel_layer,
        unregister_channel_layer,
    )

    # Not in __all__: whoever imports everything may do without Redis.
    from fast_channels.layers.redis import RedisChannelLayer as RedisChannelLayer
    from fast_channels.layers.redis import RedisPubSubChannelLayer as RedisPubSubChannelLayer
    from fast_channels.messages import ChannelEvent, FrameCodec, Group, Phase, Request
    from fast_channels.middleware import BaseMiddleware, OriginValidator, WebsocketDenier
    from fast_channels.worker import Worker
else:
    # Checkers that knew of this function would take any name for one of the package.
    def __getattr__(name: str) -> object:
        if name not in _PUBLIC:
            # With the module, Python asks what might have been meant.
            problem = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(problem, name=name, obj=sys.modules[__name__])
        from importlib import import_module

        names = ("layers",) if name in _REDIS else _PACKAGES
        modules = (import_module(f"{__name__}.{module}") for module in names)
        module = next(module for module in modules if name in module.__all__ or name in _REDIS)
        value: object = getattr(module, name)
        globals()[name] = value
        return value


__version__ = "0.1.0"

__all__ = [
    "AcceptConnection",
    "AsyncConsumer",
    "AsyncEventStreamConsumer",
    "AsyncHttpConsumer",
    "AsyncJsonWebsocketConsumer",
    "AsyncMessageConsumer",
    "AsyncWebsocketConsumer",
    "Authenticated",
    "BaseChannelLayer",
    "BaseMiddleware",
    "BySubprotocol",
    "ChannelEvent",
    "ChannelFull",
    "ChannelGap",
    "ChannelLayerRegistry",
    "ChannelLayerSettings",
    "CloseCodes",
    "ConnectionClosed",
    "Cookie",
    "DenyConnection",
    "FrameCodec",
    "Group",
    "Header",
    "InMemoryChannelLayer",
    "InvalidChannelLayerError",
    "InvalidEventError",
    "InvalidMessageError",
    "InvalidMessageKind",
    "InvalidParamsError",
    "LocalProtocolError",
    "MessageTooLarge",
    "MessageValueError",
    "NotAuthenticated",
    "OriginValidator",
    "Path",
    "Phase",
    "ProtocolError",
    "Query",
    "RemoteProtocolError",
    "ReplyError",
    "Request",
    "SchemaError",
    "StopConsumer",
    "TimeoutKind",
    "Timeouts",
    "WebsocketDenier",
    "Worker",
    "__version__",
    "bearer_token",
    "channel_layer_class",
    "channel_layers",
    "configure_channel_layers",
    "get_channel_layer",
    "has_layers",
    "register_channel_layer",
    "session_value",
    "unregister_channel_layer",
]

_REDIS = ("RedisChannelLayer", "RedisPubSubChannelLayer")
_PUBLIC = frozenset([*__all__, *_REDIS])
# Where names are looked for, in this order.
_PACKAGES = ("exceptions", "layers", "messages", "consumer", "middleware", "worker")


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
