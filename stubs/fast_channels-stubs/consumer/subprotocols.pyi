# Written by `nox -s generate`; changes made by hand are lost.

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from fast_channels.consumer.application import ConsumerApplication
from fast_channels.consumer.foreign import ANSWERS, refuse
from fast_channels.consumer.websocket import AsyncWebsocketConsumer

_Served: TypeAlias = type[AsyncWebsocketConsumer] | ConsumerApplication[AsyncWebsocketConsumer]
__all__ = ["NONE_FITS", "BySubprotocol", "negotiated", "require_subprotocols"]
NONE_FITS = b"None of the subprotocols that you offer is served here.\n"

def negotiated(scope: Mapping[str, Any], served: Sequence[str]) -> str | None:
    """Return the first subprotocol that a client offers and that is served, `None` if there is none.

    Args:
        scope: The connection scope. A client names first what it likes best.
        served: The names of those that are served.
    """

def require_subprotocols(owner: str, served: object) -> None:
    """Do nothing if `subprotocols` are names.

    Raises:
        TypeError: It is a string, whose characters are no names.
    """

class BySubprotocol:
    """An ASGI application that serves each subprotocol with a consumer of its own.

        application = BySubprotocol(ChatV2, ChatV1)

    Each consumer names its own in `subprotocols`. The first one that a client offers, and a consumer has,
    decides.

    Args:
        *consumers: Classes of consumers, or what their `as_asgi()` returned.
        default: What serves a client that offers none of them; `None` to refuse it with status 400, or 403
            where the server has no denial responses.

    Raises:
        TypeError: A consumer names none, or two have one in common.
    """
    def __init__(self, *consumers: "_Served", default: "_Served | None" = None) -> None: ...
    _served: dict[str, ConsumerApplication[AsyncWebsocketConsumer]]
    async def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Serve one connection.

        Raises:
            ValueError: Nobody can answer a connection of this type.
        """
