"""Every ASGI event and scope as the dictionary that ASGI calls it, for type checkers and as annotations.

Written from the models by `nox -s generate`; changes made by hand are lost. A model's name
followed by `Dict` is its dictionary, and the same holds for the unions.
"""

import builtins
from collections.abc import Iterable
from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict


class AsgiVersionsDict(TypedDict):
    """The dictionary form of `AsgiVersions`."""

    version: NotRequired[str]
    spec_version: NotRequired[str]


class TlsExtensionDict(TypedDict):
    """The dictionary form of `TlsExtension`."""

    server_cert: NotRequired[str | None]
    client_cert_chain: NotRequired[Iterable[str]]
    client_cert_name: NotRequired[str | None]
    client_cert_error: NotRequired[str | None]
    tls_version: NotRequired[int | None]
    cipher_suite: NotRequired[int | None]


class HttpScopeDict(TypedDict):
    """The dictionary form of `HttpScope`."""

    asgi: NotRequired[AsgiVersionsDict]
    path: str
    raw_path: NotRequired[builtins.bytes | None]
    root_path: NotRequired[str]
    headers: Iterable[tuple[builtins.bytes, builtins.bytes]]
    client: NotRequired[tuple[str, int | None] | None]
    server: NotRequired[tuple[str, int | None] | None]
    state: NotRequired[dict[str, Any] | None]
    extensions: NotRequired[dict[str, dict[str, Any]]]
    type: Literal["http"]
    http_version: str
    method: str
    scheme: NotRequired[str]
    query_string: builtins.bytes


class LifespanScopeDict(TypedDict):
    """The dictionary form of `LifespanScope`."""

    type: Literal["lifespan"]
    asgi: NotRequired[AsgiVersionsDict]
    state: NotRequired[dict[str, Any] | None]


class WebSocketScopeDict(TypedDict):
    """The dictionary form of `WebSocketScope`."""

    asgi: NotRequired[AsgiVersionsDict]
    path: str
    raw_path: NotRequired[builtins.bytes | None]
    root_path: NotRequired[str]
    headers: Iterable[tuple[builtins.bytes, builtins.bytes]]
    client: NotRequired[tuple[str, int | None] | None]
    server: NotRequired[tuple[str, int | None] | None]
    state: NotRequired[dict[str, Any] | None]
    extensions: NotRequired[dict[str, dict[str, Any]]]
    type: Literal["websocket"]
    http_version: NotRequired[str]
    scheme: NotRequired[str]
    query_string: NotRequired[builtins.bytes]
    subprotocols: NotRequired[Iterable[str]]


class HttpRequestEventDict(TypedDict):
    """The dictionary form of `HttpRequestEvent`."""

    type: Literal["http.request"]
    body: NotRequired[builtins.bytes]
    more_body: NotRequired[bool]


class HttpDisconnectEventDict(TypedDict):
    """The dictionary form of `HttpDisconnectEvent`."""

    type: Literal["http.disconnect"]


class HttpResponseStartEventDict(TypedDict):
    """The dictionary form of `HttpResponseStartEvent`."""

    type: Literal["http.response.start"]
    status: int
    headers: NotRequired[Iterable[tuple[builtins.bytes, builtins.bytes]]]
    trailers: NotRequired[bool]


class HttpResponseBodyEventDict(TypedDict):
    """The dictionary form of `HttpResponseBodyEvent`."""

    type: Literal["http.response.body"]
    body: NotRequired[builtins.bytes]
    more_body: NotRequired[bool]


class HttpResponseTrailersEventDict(TypedDict):
    """The dictionary form of `HttpResponseTrailersEvent`."""

    type: Literal["http.response.trailers"]
    headers: Iterable[tuple[builtins.bytes, builtins.bytes]]
    more_trailers: NotRequired[bool]


class HttpResponsePushEventDict(TypedDict):
    """The dictionary form of `HttpResponsePushEvent`."""

    type: Literal["http.response.push"]
    path: str
    headers: Iterable[tuple[builtins.bytes, builtins.bytes]]


class HttpResponseZeroCopySendEventDict(TypedDict):
    """The dictionary form of `HttpResponseZeroCopySendEvent`."""

    type: Literal["http.response.zerocopysend"]
    file: Any
    offset: NotRequired[int | None]
    count: NotRequired[int | None]
    more_body: NotRequired[bool]


class HttpResponsePathSendEventDict(TypedDict):
    """The dictionary form of `HttpResponsePathSendEvent`."""

    type: Literal["http.response.pathsend"]
    path: str


class HttpResponseEarlyHintEventDict(TypedDict):
    """The dictionary form of `HttpResponseEarlyHintEvent`."""

    type: Literal["http.response.early_hint"]
    links: Iterable[builtins.bytes]


class HttpResponseDebugEventDict(TypedDict):
    """The dictionary form of `HttpResponseDebugEvent`."""

    type: Literal["http.response.debug"]
    info: dict[str, Any]


class WebSocketConnectEventDict(TypedDict):
    """The dictionary form of `WebSocketConnectEvent`."""

    type: Literal["websocket.connect"]


class WebSocketAcceptEventDict(TypedDict):
    """The dictionary form of `WebSocketAcceptEvent`."""

    type: Literal["websocket.accept"]
    subprotocol: NotRequired[str | None]
    headers: NotRequired[Iterable[tuple[builtins.bytes, builtins.bytes]]]


class WebSocketReceiveEventDict(TypedDict):
    """The dictionary form of `WebSocketReceiveEvent`."""

    type: Literal["websocket.receive"]
    bytes: NotRequired[builtins.bytes | None]
    text: NotRequired[str | None]


class WebSocketSendEventDict(TypedDict):
    """The dictionary form of `WebSocketSendEvent`."""

    type: Literal["websocket.send"]
    bytes: NotRequired[builtins.bytes | None]
    text: NotRequired[str | None]


class WebSocketDisconnectEventDict(TypedDict):
    """The dictionary form of `WebSocketDisconnectEvent`."""

    type: Literal["websocket.disconnect"]
    code: NotRequired[int]
    reason: NotRequired[str]


class WebSocketCloseEventDict(TypedDict):
    """The dictionary form of `WebSocketCloseEvent`."""

    type: Literal["websocket.close"]
    code: NotRequired[int]
    reason: NotRequired[str | None]


class WebSocketHttpResponseStartEventDict(TypedDict):
    """The dictionary form of `WebSocketHttpResponseStartEvent`."""

    type: Literal["websocket.http.response.start"]
    status: int
    headers: NotRequired[Iterable[tuple[builtins.bytes, builtins.bytes]]]


class WebSocketHttpResponseBodyEventDict(TypedDict):
    """The dictionary form of `WebSocketHttpResponseBodyEvent`."""

    type: Literal["websocket.http.response.body"]
    body: NotRequired[builtins.bytes]
    more_body: NotRequired[bool]


class LifespanStartupEventDict(TypedDict):
    """The dictionary form of `LifespanStartupEvent`."""

    type: Literal["lifespan.startup"]


class LifespanStartupCompleteEventDict(TypedDict):
    """The dictionary form of `LifespanStartupCompleteEvent`."""

    type: Literal["lifespan.startup.complete"]


class LifespanStartupFailedEventDict(TypedDict):
    """The dictionary form of `LifespanStartupFailedEvent`."""

    type: Literal["lifespan.startup.failed"]
    message: NotRequired[str]


class LifespanShutdownEventDict(TypedDict):
    """The dictionary form of `LifespanShutdownEvent`."""

    type: Literal["lifespan.shutdown"]


class LifespanShutdownCompleteEventDict(TypedDict):
    """The dictionary form of `LifespanShutdownCompleteEvent`."""

    type: Literal["lifespan.shutdown.complete"]


class LifespanShutdownFailedEventDict(TypedDict):
    """The dictionary form of `LifespanShutdownFailedEvent`."""

    type: Literal["lifespan.shutdown.failed"]
    message: NotRequired[str]


HttpReceiveDict: TypeAlias = HttpRequestEventDict | HttpDisconnectEventDict
HttpSendDict: TypeAlias = (
    HttpResponseStartEventDict
    | HttpResponseBodyEventDict
    | HttpResponseTrailersEventDict
    | HttpResponsePushEventDict
    | HttpResponseZeroCopySendEventDict
    | HttpResponsePathSendEventDict
    | HttpResponseEarlyHintEventDict
    | HttpResponseDebugEventDict
)
WebSocketReceiveDict: TypeAlias = (
    WebSocketConnectEventDict | WebSocketReceiveEventDict | WebSocketDisconnectEventDict
)
WebSocketSendDict: TypeAlias = (
    WebSocketAcceptEventDict
    | WebSocketSendEventDict
    | WebSocketCloseEventDict
    | WebSocketHttpResponseStartEventDict
    | WebSocketHttpResponseBodyEventDict
)
LifespanReceiveDict: TypeAlias = LifespanStartupEventDict | LifespanShutdownEventDict
LifespanSendDict: TypeAlias = (
    LifespanStartupCompleteEventDict
    | LifespanStartupFailedEventDict
    | LifespanShutdownCompleteEventDict
    | LifespanShutdownFailedEventDict
)
ReceiveEventDict: TypeAlias = HttpReceiveDict | WebSocketReceiveDict | LifespanReceiveDict
SendEventDict: TypeAlias = HttpSendDict | WebSocketSendDict | LifespanSendDict

__all__ = [
    "AsgiVersionsDict",
    "HttpDisconnectEventDict",
    "HttpReceiveDict",
    "HttpRequestEventDict",
    "HttpResponseBodyEventDict",
    "HttpResponseDebugEventDict",
    "HttpResponseEarlyHintEventDict",
    "HttpResponsePathSendEventDict",
    "HttpResponsePushEventDict",
    "HttpResponseStartEventDict",
    "HttpResponseTrailersEventDict",
    "HttpResponseZeroCopySendEventDict",
    "HttpScopeDict",
    "HttpSendDict",
    "LifespanReceiveDict",
    "LifespanScopeDict",
    "LifespanSendDict",
    "LifespanShutdownCompleteEventDict",
    "LifespanShutdownEventDict",
    "LifespanShutdownFailedEventDict",
    "LifespanStartupCompleteEventDict",
    "LifespanStartupEventDict",
    "LifespanStartupFailedEventDict",
    "ReceiveEventDict",
    "SendEventDict",
    "TlsExtensionDict",
    "WebSocketAcceptEventDict",
    "WebSocketCloseEventDict",
    "WebSocketConnectEventDict",
    "WebSocketDisconnectEventDict",
    "WebSocketHttpResponseBodyEventDict",
    "WebSocketHttpResponseStartEventDict",
    "WebSocketReceiveDict",
    "WebSocketReceiveEventDict",
    "WebSocketScopeDict",
    "WebSocketSendDict",
    "WebSocketSendEventDict",
]
