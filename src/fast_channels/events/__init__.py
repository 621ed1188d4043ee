"""One frozen pydantic model for every ASGI event and scope: the source of everything else.

Names follow the specification: the event `http.response.start` is `HttpResponseStartEvent`. Incoming
values are taken as real servers send them, outgoing ones as the specification wants them; wrong types
are never converted.

Written from the other modules of this package by `nox -s generate`; changes made by hand are lost.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from . import extensions, http, lifespan, websocket
from .base import AsgiEvent, AsgiModel, ReceiveEvent, SendEvent, events_of
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

EVENTS: Mapping[str, type[AsgiEvent]] = MappingProxyType(events_of(http, websocket, lifespan, extensions))
"""Every event that a specification names, by its type."""

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
