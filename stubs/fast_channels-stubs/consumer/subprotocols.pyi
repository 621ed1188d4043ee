# Written by `nox -s generate`; changes made by hand are lost.

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from fast_channels.consumer.application import ConsumerApplication
from fast_channels.consumer.websocket import AsyncWebsocketConsumer

_Served: TypeAlias = type[AsyncWebsocketConsumer] | ConsumerApplication[AsyncWebsocketConsumer]
__all__ = ["NONE_FITS", "BySubprotocol", "negotiated", "require_subprotocols"]
NONE_FITS = b"None of the subprotocols that you offer is served here.\n"

def negotiated(scope: Mapping[str, Any], served: Sequence[str]) -> str | None:
    """Return the first subprotocol of a client that is served, `None` without one.

    Args:
        scope: The connection scope. A client lists its subprotocols in the order of preference.
        served: The subprotocols that are served.
    """

def require_subprotocols(owner: str, served: object) -> None:
    """Check that `subprotocols` is a list of names.

    Raises:
        TypeError: It is a string and not a list of names.
    """

class BySubprotocol:
    """An ASGI application that serves each subprotocol with its own consumer.

        application = BySubprotocol(ChatV2, ChatV1)

    Each consumer declares its subprotocols in `subprotocols`. The first subprotocol of the client's list that
    a consumer has declared selects this consumer.

    Args:
        *consumers: Consumer classes, or the results of their `as_asgi()`.
        default: The application for a client that offers none of them. With `None`, such a client is refused
            with status 400, or with 403 if the server does not offer denial responses.

    Raises:
        TypeError: A consumer declares no subprotocols, or two consumers declare the same one.
    """
    def __init__(self, *consumers: "_Served", default: "_Served | None" = None) -> None: ...
    _served: dict[str, ConsumerApplication[AsyncWebsocketConsumer]]
    async def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Serve one connection.

        Raises:
            ValueError: Nobody can answer a connection of this type.
        """
