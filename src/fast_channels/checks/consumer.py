"""All that can be found in one consumer class."""

from collections.abc import Mapping
from typing import Any

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.declaration import declaration_of

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
    declaration = declaration_of(consumer)
    return [
        *check_methods(consumer, declaration),
        *check_handlers(declaration),
        *check_messages(consumer, declaration),
        *check_layer(consumer, arguments or {}),
        *(() if arguments is None else check_arguments(consumer, arguments)),
    ]
