"""Events that a scope has to offer before they may be sent. ASGI, "Extensions"."""

from typing import Any, Literal

from .base import (
    AbsolutePath,
    Bytes,
    FileDescriptor,
    Links,
    Offset,
    ResponseHeaders,
    SendEvent,
    Status,
    Text,
)


class HttpResponseTrailersEvent(SendEvent):
    """Headers that follow the response body. "HTTP Trailers"."""

    extension = "http.response.trailers"
    flag = "more_trailers"

    type: Literal["http.response.trailers"] = "http.response.trailers"
    headers: ResponseHeaders
    more_trailers: bool = False


class HttpResponsePushEvent(SendEvent):
    """A request whose response the server pushes. "HTTP/2 Server Push"."""

    extension = "http.response.push"

    type: Literal["http.response.push"] = "http.response.push"
    path: Text
    headers: ResponseHeaders


class HttpResponseZeroCopySendEvent(SendEvent):
    """A part of the response body that the operating system copies. "Zero Copy Send"."""

    extension = "http.response.zerocopysend"
    flag = "more_body"

    type: Literal["http.response.zerocopysend"] = "http.response.zerocopysend"
    file: FileDescriptor
    offset: Offset | None = None
    count: Offset | None = None
    more_body: bool = False


class HttpResponsePathSendEvent(SendEvent):
    """A file that is the whole response body. "Path Send"."""

    extension = "http.response.pathsend"

    type: Literal["http.response.pathsend"] = "http.response.pathsend"
    path: AbsolutePath


class HttpResponseEarlyHintEvent(SendEvent):
    """Link headers that the client may use before the response starts. "Early Hints"."""

    extension = "http.response.early_hint"

    type: Literal["http.response.early_hint"] = "http.response.early_hint"
    links: Links


class HttpResponseDebugEvent(SendEvent):
    """What a test client may know of a response. "Debug"."""

    extension = "http.response.debug"

    type: Literal["http.response.debug"] = "http.response.debug"
    info: dict[str, Any]


class WebSocketHttpResponseStartEvent(SendEvent):
    """Status and headers of the response that refuses a handshake. "Websocket Denial Response"."""

    extension = "websocket.http.response"

    type: Literal["websocket.http.response.start"] = "websocket.http.response.start"
    status: Status
    headers: ResponseHeaders = ()


class WebSocketHttpResponseBodyEvent(SendEvent):
    """A part of the body of the response that refuses a handshake. "Websocket Denial Response"."""

    extension = "websocket.http.response"
    flag = "more_body"

    type: Literal["websocket.http.response.body"] = "websocket.http.response.body"
    body: Bytes = b""
    more_body: bool = False
