"""Events and scopes as models: what is built, what is read, and what cannot be changed."""

from typing import Any, Literal, assert_never, assert_type

from fast_channels.events import (
    AsgiVersions,
    HttpRequestEvent,
    HttpResponseBodyEvent,
    HttpResponsePathSendEvent,
    HttpResponseStartEvent,
    HttpScope,
    HttpSend,
    LifespanStartupFailedEvent,
    TlsExtension,
    WebSocketAcceptEvent,
    WebSocketCloseEvent,
    WebSocketConnectEvent,
    WebSocketDisconnectEvent,
    WebSocketReceive,
    WebSocketReceiveEvent,
    WebSocketScope,
    WebSocketSendEvent,
)

# Constructors take the fields of the specification and nothing else.
WebSocketSendEvent(text="")
WebSocketSendEvent(bytes=b"")
WebSocketSendEvent(txt="")  # E
WebSocketSendEvent(text=b"")  # E
WebSocketSendEvent(bytes="")  # E
WebSocketSendEvent("")  # E
WebSocketSendEvent(type="websocket.sent", text="")  # E
WebSocketCloseEvent(code=4000, reason="because")
WebSocketCloseEvent(code="4000")  # E
WebSocketCloseEvent(cod=4000)  # E
WebSocketAcceptEvent(headers=[(b"a", b"b")])
WebSocketAcceptEvent(headers=((name, b"b") for name in (b"a", b"b")))
WebSocketAcceptEvent(headers={b"a": b"b"}.items())
WebSocketAcceptEvent(headers=[("a", "b")])  # E
WebSocketAcceptEvent(subprotocol=b"chat")  # E
HttpResponseStartEvent(status=200)
HttpResponseStartEvent()  # E
HttpResponseStartEvent(status="200")  # E
HttpResponseStartEvent(status=200, header=[])  # E
HttpResponseBodyEvent(body="text")  # E
HttpResponsePathSendEvent()  # E
LifespanStartupFailedEvent(message=b"")  # E
HttpScope(path="/", headers=[], http_version="1.1", method="GET", query_string=b"")
HttpScope(path="/", headers=[], http_version="1.1", method="GET", query_string=b"", asgi={"version": "3.0"})
HttpScope(path="/", headers=[], http_version="1.1", method="GET")  # E
WebSocketScope(path=b"/", headers=[])  # E
WebSocketScope(path="/", headers=[], asgi=AsgiVersions(version=3))  # E


# Keys and attributes have the types of the fields.
def read(event: WebSocketReceiveEvent, request: HttpRequestEvent, scope: HttpScope) -> None:
    assert_type(event.text, str | None)
    assert_type(event["text"], str | None)
    assert_type(event.get("text"), str | None)
    assert_type(event.get("text", ""), str | None)
    assert_type(event["type"], Literal["websocket.receive"])
    assert_type(event["added.by.a.server"], Any)
    assert_type(request["body"], bytes)
    assert_type(request.get("more_body"), bool)
    assert_type(scope["headers"], tuple[tuple[bytes, bytes], ...])
    assert_type(scope.get("client"), tuple[str, int | None] | None)
    assert_type(scope["asgi"], AsgiVersions)
    assert_type(scope.tls, TlsExtension | None)
    assert_type({**event}, dict[str, Any])
    event.txt  # E
    event["text"].upper()  # E
    event.get("bytes").hex()  # E
    request["body"].encode()  # E
    request.body + ""  # E
    scope["method"].decode()  # E
    scope["client"][0]  # E
    scope.headers[0][0].upper().encode()  # E


def changed(event: WebSocketCloseEvent, request: HttpRequestEvent) -> None:
    event.code = 1000  # E
    event["code"] = 1000  # E
    request.body += b""  # E
    del event.code  # E[pyright]: mypy lets a Final attribute be deleted


# Unions can be taken apart by class, by mapping and by their type.
def match(event: WebSocketReceive) -> str:
    match event:
        case WebSocketConnectEvent():
            return ""
        case WebSocketReceiveEvent(text=str(text)):
            return text
        case WebSocketReceiveEvent(bytes=content):
            assert_type(content, bytes | None)
            return ""
        case WebSocketDisconnectEvent(code=code, reason=reason):
            assert_type(code, int)
            return reason


def narrow(event: WebSocketReceive) -> None:
    if event.type == "websocket.receive":
        assert_type(event, WebSocketReceiveEvent)
    elif event.type == "websocket.disconnect":
        assert_type(event.code, int)
    elif event.type == "websocket.connect":
        assert_type(event, WebSocketConnectEvent)
    else:
        assert_never(event)


def forget_one(event: WebSocketReceive) -> None:
    if event.type == "websocket.receive" or event.type == "websocket.connect":
        return
    assert_never(event)  # E


def send(event: HttpSend) -> None: ...


send(HttpResponseStartEvent(status=200))
send(WebSocketSendEvent(text=""))  # E
send(HttpRequestEvent())  # E


class WithExtension(WebSocketAcceptEvent):
    """An event of an extension that no specification names."""

    compression: bool = False


WithExtension(compression=True, subprotocol="chat")
WithExtension(compression="yes")  # E
