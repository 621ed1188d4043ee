"""One frozen pydantic model for every ASGI event and scope: the source of everything else.

Names follow the specification: the event `http.response.start` is `HttpResponseStartEvent`. Incoming
values are taken as real servers send them, outgoing ones as the specification wants them; wrong types
are never converted. A model is loaded when it is first asked for: an application without HTTP needs none of
HTTP.

Written from the other modules of this package by `nox -s generate`; changes made by hand are lost.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from fast_channels.late import LateMapping, late

if TYPE_CHECKING:
    from typing import TypeAlias

    from .base import AsgiEvent, AsgiModel, ReceiveEvent, SendEvent
    from .extensions import (
        HttpResponseDebugEvent,
        HttpResponseEarlyHintEvent,
        HttpResponsePathSendEvent,
        HttpResponsePushEvent,
        HttpResponseTrailersEvent,
        HttpResponseZeroCopySendEvent,
        WebSocketHttpResponseBodyEvent,
        WebSocketHttpResponseStartEvent,
    )
    from .http import HttpDisconnectEvent, HttpRequestEvent, HttpResponseBodyEvent, HttpResponseStartEvent
    from .lifespan import (
        LifespanShutdownCompleteEvent,
        LifespanShutdownEvent,
        LifespanShutdownFailedEvent,
        LifespanStartupCompleteEvent,
        LifespanStartupEvent,
        LifespanStartupFailedEvent,
    )
    from .scope import AsgiVersions, HttpScope, LifespanScope, TlsExtension, WebSocketScope
    from .websocket import (
        WebSocketAcceptEvent,
        WebSocketCloseEvent,
        WebSocketConnectEvent,
        WebSocketDisconnectEvent,
        WebSocketReceiveEvent,
        WebSocketSendEvent,
    )

    HttpReceive: TypeAlias = HttpRequestEvent | HttpDisconnectEvent
    HttpSend: TypeAlias = (
        HttpResponseStartEvent
        | HttpResponseBodyEvent
        | HttpResponseTrailersEvent
        | HttpResponsePushEvent
        | HttpResponseZeroCopySendEvent
        | HttpResponsePathSendEvent
        | HttpResponseEarlyHintEvent
        | HttpResponseDebugEvent
    )
    WebSocketReceive: TypeAlias = WebSocketConnectEvent | WebSocketReceiveEvent | WebSocketDisconnectEvent
    WebSocketSend: TypeAlias = (
        WebSocketAcceptEvent
        | WebSocketSendEvent
        | WebSocketCloseEvent
        | WebSocketHttpResponseStartEvent
        | WebSocketHttpResponseBodyEvent
    )
    LifespanReceive: TypeAlias = LifespanStartupEvent | LifespanShutdownEvent
    LifespanSend: TypeAlias = (
        LifespanStartupCompleteEvent
        | LifespanStartupFailedEvent
        | LifespanShutdownCompleteEvent
        | LifespanShutdownFailedEvent
    )
else:
    # Checkers that knew of this function would take any name for one of the package.
    def __getattr__(name: str) -> object:
        if name not in _UNIONS:
            return _found(name)
        union, *others = map(_found, _UNIONS[name])
        for other in others:
            union |= other
        globals()[name] = union
        return union


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


RECEIVED: Final = frozenset(
    {
        "http.request",
        "http.disconnect",
        "websocket.connect",
        "websocket.receive",
        "websocket.disconnect",
        "lifespan.startup",
        "lifespan.shutdown",
    }
)
"""The types of the events that servers send."""

_PLACES: Final[Mapping[str, str]] = {
    "AsgiModel": "base",
    "AsgiEvent": "base",
    "ReceiveEvent": "base",
    "SendEvent": "base",
    "HttpResponseTrailersEvent": "extensions",
    "HttpResponsePushEvent": "extensions",
    "HttpResponseZeroCopySendEvent": "extensions",
    "HttpResponsePathSendEvent": "extensions",
    "HttpResponseEarlyHintEvent": "extensions",
    "HttpResponseDebugEvent": "extensions",
    "WebSocketHttpResponseStartEvent": "extensions",
    "WebSocketHttpResponseBodyEvent": "extensions",
    "HttpRequestEvent": "http",
    "HttpDisconnectEvent": "http",
    "HttpResponseStartEvent": "http",
    "HttpResponseBodyEvent": "http",
    "LifespanStartupEvent": "lifespan",
    "LifespanStartupCompleteEvent": "lifespan",
    "LifespanStartupFailedEvent": "lifespan",
    "LifespanShutdownEvent": "lifespan",
    "LifespanShutdownCompleteEvent": "lifespan",
    "LifespanShutdownFailedEvent": "lifespan",
    "AsgiVersions": "scope",
    "TlsExtension": "scope",
    "HttpScope": "scope",
    "WebSocketScope": "scope",
    "LifespanScope": "scope",
    "WebSocketConnectEvent": "websocket",
    "WebSocketAcceptEvent": "websocket",
    "WebSocketReceiveEvent": "websocket",
    "WebSocketSendEvent": "websocket",
    "WebSocketDisconnectEvent": "websocket",
    "WebSocketCloseEvent": "websocket",
}

_found = late(__name__, _PLACES)

_MODELS: Final[Mapping[str, str]] = {
    "http.request": "HttpRequestEvent",
    "http.disconnect": "HttpDisconnectEvent",
    "http.response.start": "HttpResponseStartEvent",
    "http.response.body": "HttpResponseBodyEvent",
    "http.response.trailers": "HttpResponseTrailersEvent",
    "http.response.push": "HttpResponsePushEvent",
    "http.response.zerocopysend": "HttpResponseZeroCopySendEvent",
    "http.response.pathsend": "HttpResponsePathSendEvent",
    "http.response.early_hint": "HttpResponseEarlyHintEvent",
    "http.response.debug": "HttpResponseDebugEvent",
    "websocket.connect": "WebSocketConnectEvent",
    "websocket.accept": "WebSocketAcceptEvent",
    "websocket.receive": "WebSocketReceiveEvent",
    "websocket.send": "WebSocketSendEvent",
    "websocket.disconnect": "WebSocketDisconnectEvent",
    "websocket.close": "WebSocketCloseEvent",
    "websocket.http.response.start": "WebSocketHttpResponseStartEvent",
    "websocket.http.response.body": "WebSocketHttpResponseBodyEvent",
    "lifespan.startup": "LifespanStartupEvent",
    "lifespan.startup.complete": "LifespanStartupCompleteEvent",
    "lifespan.startup.failed": "LifespanStartupFailedEvent",
    "lifespan.shutdown": "LifespanShutdownEvent",
    "lifespan.shutdown.complete": "LifespanShutdownCompleteEvent",
    "lifespan.shutdown.failed": "LifespanShutdownFailedEvent",
}

EVENTS: Mapping[str, "type[AsgiEvent]"] = LateMapping(_MODELS, _found)
"""Every event that a specification names, by its type; a model is loaded when it is asked for."""

_UNIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "HttpReceive": ("HttpRequestEvent", "HttpDisconnectEvent"),
    "HttpSend": (
        "HttpResponseStartEvent",
        "HttpResponseBodyEvent",
        "HttpResponseTrailersEvent",
        "HttpResponsePushEvent",
        "HttpResponseZeroCopySendEvent",
        "HttpResponsePathSendEvent",
        "HttpResponseEarlyHintEvent",
        "HttpResponseDebugEvent",
    ),
    "WebSocketReceive": ("WebSocketConnectEvent", "WebSocketReceiveEvent", "WebSocketDisconnectEvent"),
    "WebSocketSend": (
        "WebSocketAcceptEvent",
        "WebSocketSendEvent",
        "WebSocketCloseEvent",
        "WebSocketHttpResponseStartEvent",
        "WebSocketHttpResponseBodyEvent",
    ),
    "LifespanReceive": ("LifespanStartupEvent", "LifespanShutdownEvent"),
    "LifespanSend": (
        "LifespanStartupCompleteEvent",
        "LifespanStartupFailedEvent",
        "LifespanShutdownCompleteEvent",
        "LifespanShutdownFailedEvent",
    ),
}

__all__ = [
    "EVENTS",
    "AsgiEvent",
    "AsgiModel",
    "AsgiVersions",
    "HttpDisconnectEvent",
    "HttpReceive",
    "HttpRequestEvent",
    "HttpResponseBodyEvent",
    "HttpResponseDebugEvent",
    "HttpResponseEarlyHintEvent",
    "HttpResponsePathSendEvent",
    "HttpResponsePushEvent",
    "HttpResponseStartEvent",
    "HttpResponseTrailersEvent",
    "HttpResponseZeroCopySendEvent",
    "HttpScope",
    "HttpSend",
    "LifespanReceive",
    "LifespanScope",
    "LifespanSend",
    "LifespanShutdownCompleteEvent",
    "LifespanShutdownEvent",
    "LifespanShutdownFailedEvent",
    "LifespanStartupCompleteEvent",
    "LifespanStartupEvent",
    "LifespanStartupFailedEvent",
    "ReceiveEvent",
    "SendEvent",
    "TlsExtension",
    "WebSocketAcceptEvent",
    "WebSocketCloseEvent",
    "WebSocketConnectEvent",
    "WebSocketDisconnectEvent",
    "WebSocketHttpResponseBodyEvent",
    "WebSocketHttpResponseStartEvent",
    "WebSocketReceive",
    "WebSocketReceiveEvent",
    "WebSocketScope",
    "WebSocketSend",
    "WebSocketSendEvent",
]
