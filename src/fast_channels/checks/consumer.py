"""All that can be found in one consumer class."""

from collections.abc import Mapping
from typing import Any

from fast_channels.consumer import AsyncConsumer

from .finding import Finding
from .layers import check_arguments, check_layer
from .messages import check_messages
from .methods import check_handlers, check_methods

__all__ = ["check"]


def check(consumer: type[AsyncConsumer], arguments: Mapping[str, Any] | None = None) -> list[Finding]:
    """Return what would fail, or not happen, when connections come.

    Args:
        consumer: The class. Every module that it needs has been imported.
        arguments: Those of `as_asgi()`, `None` if they are not known.
    """
    return [
        *check_methods(consumer),
        *check_handlers(consumer),
        *check_messages(consumer),
        *check_layer(consumer, arguments or {}),
        *(() if arguments is None else check_arguments(consumer, arguments)),
    ]
