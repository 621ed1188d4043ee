"""The selection of subprotocols and of their consumers. RFC 6455, sections 1.9 and 4.2.2."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from fast_channels.consumer.application import ConsumerApplication
from fast_channels.consumer.foreign import ANSWERS, refuse
from fast_channels.type_defs import GivenReceive, GivenScope, GivenSend
from fast_channels.untrusted import shown

if TYPE_CHECKING:
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
    offered: Iterable[str] = scope.get("subprotocols") or ()
    return next((name for name in offered if name in served), None)


def require_subprotocols(owner: str, served: object) -> None:
    """Check that `subprotocols` is a list of names.

    Raises:
        TypeError: It is a string and not a list of names.
    """
    if isinstance(served, str):
        text = f"has to be a list of names, not the string {served!r}; write [{served!r}]"
        raise TypeError(f"{owner}.subprotocols {text}")


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

    def __init__(self, *consumers: "_Served", default: "_Served | None" = None) -> None:
        self.routes = tuple(map(_application, consumers))
        self.default = None if default is None else _application(default)
        self._served: dict[str, ConsumerApplication[AsyncWebsocketConsumer]] = {}
        for application in self.routes:
            name = application.consumer_class.__name__
            declared = application.consumer_class.subprotocols
            known = application.consumer_initkwargs.get("subprotocols", declared)
            if not known:
                raise TypeError(f"{name} has no subprotocols, so it can never be selected")
            for subprotocol in known:
                other = self._served.setdefault(subprotocol, application)
                if other is not application:
                    first = other.consumer_class.__name__
                    raise TypeError(f"{first} and {name} both have the subprotocol {subprotocol!r}")

    async def __call__(self, scope: GivenScope, receive: GivenReceive, send: GivenSend) -> None:
        """Serve one connection.

        Raises:
            ValueError: Nobody can answer a connection of this type.
        """
        type_ = scope.get("type")
        chosen = None if type_ != "websocket" else negotiated(scope, [*self._served])
        application = self.default if chosen is None else self._served[chosen]
        if application is not None:
            await application(scope, receive, send)
        elif type_ == "websocket":
            await refuse(type(self), scope, receive, send, 400, NONE_FITS)
        else:
            answer = ANSWERS.get(type_) if isinstance(type_, str) else None
            if answer is None:
                raise ValueError(f"BySubprotocol cannot serve a connection of the type {shown(type_)}")
            await answer(type(self), scope, receive, send)


def _application(consumer: "_Served") -> "ConsumerApplication[AsyncWebsocketConsumer]":
    return consumer if isinstance(consumer, ConsumerApplication) else consumer.as_asgi()
