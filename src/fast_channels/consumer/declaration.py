"""What a consumer class declares, for tools that look at classes and serve no connection."""

from collections.abc import Mapping
from dataclasses import dataclass

from fast_channels.consumer.base import AsyncConsumer
from fast_channels.consumer.handlers import ASGI_HANDLERS, Handler
from fast_channels.messages.codec import Codec

__all__ = ["Declaration", "application_classes", "declaration_of"]

_LIBRARY = "fast_channels.consumer."


@dataclass(frozen=True, slots=True)
class Declaration:
    """The messages and handlers of a consumer class.

    Attributes:
        client: The codec of what clients send, `None` where the consumer does not declare it.
        server: The codec of what clients are sent, `None` where the consumer does not declare it.
        handlers: The handlers of channel-layer events by name; those of ASGI's events are not among them.
    """

    client: Codec | None
    server: Codec | None
    handlers: Mapping[str, Handler]


def declaration_of(consumer: type[AsyncConsumer]) -> Declaration:
    """Return what a consumer class declares; nothing of it is resolved yet."""
    table: Mapping[str, Handler] = vars(consumer)["_handlers"]
    own = {name: handler for name, handler in table.items() if name not in ASGI_HANDLERS}
    return Declaration(getattr(consumer, "_client", None), getattr(consumer, "_server", None), own)


def application_classes(consumer: type[AsyncConsumer]) -> list[type]:
    """Return the classes of a consumer that are not the library's, the nearest first."""
    return [
        base for base in consumer.__mro__ if base is not object and not base.__module__.startswith(_LIBRARY)
    ]
