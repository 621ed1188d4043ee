"""Events and scopes as dictionaries."""

from collections.abc import Mapping
from typing import Any, assert_type

from fast_channels.events import WebSocketCloseEvent, WebSocketReceiveEvent
from fast_channels.events.dicts import (
    HttpScopeDict,
    HttpSendDict,
    LifespanSendDict,
    ReceiveEventDict,
    SendEventDict,
    WebSocketCloseEventDict,
    WebSocketReceiveDict,
    WebSocketSendDict,
    WebSocketSendEventDict,
)


def send(event: WebSocketSendDict) -> None: ...
def send_http(event: HttpSendDict) -> None: ...
def send_any(event: SendEventDict) -> None: ...
def received(event: ReceiveEventDict) -> None: ...


send({"type": "websocket.send", "text": ""})
send({"type": "websocket.send", "bytes": b"", "text": None})
send({"type": "websocket.accept", "headers": [(b"a", b"b")], "subprotocol": "chat"})
send({"type": "websocket.accept", "headers": ()})
send({"type": "websocket.close"})
send({"type": "websocket.http.response.start", "status": 401, "headers": []})
send({"type": "websocket.send", "txt": ""})  # E
send({"type": "websocket.send", "text": b""})  # E
send({"type": "websocket.sent", "text": ""})  # E
send({"text": ""})  # E
send({"type": "websocket.close", "code": "1000"})  # E
send({"type": "websocket.close", "text": ""})  # E
send({"type": "websocket.accept", "headers": [("a", "b")]})  # E
send({"type": "websocket.http.response.start"})  # E
send({"type": "http.response.body", "body": b""})  # E
send({})  # E
send_http({"type": "http.response.start", "status": 200, "headers": [], "trailers": True})
send_http({"type": "http.response.body"})
send_http({"type": "http.response.pathsend", "path": "/file"})
send_http({"type": "http.response.start"})  # E
send_http({"type": "http.response.start", "status": "200"})  # E
send_http({"type": "http.response.pathsend"})  # E
send_http({"type": "http.response.trailers", "headers": None})  # E
send_any({"type": "lifespan.startup.complete"})
send_any({"type": "lifespan.startup"})  # E
send_any({"type": "lifespan.startup.complete", "message": ""})  # E
received({"type": "websocket.disconnect", "code": 1000})
received({"type": "websocket.disconnect", "reason": 1000})  # E

event: WebSocketSendEventDict = {"type": "websocket.send", "text": ""}
event["txt"]  # E
event["text"] = b""  # E
failed: LifespanSendDict = {"type": "lifespan.startup.failed", "mesage": ""}  # E
scope: HttpScopeDict = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "headers": [(b"host", b"a")],
}
scope["methd"]  # E
assert_type(scope["method"], str)
assert_type(scope.get("client"), tuple[str, int | None] | None)


def read(event: WebSocketReceiveDict, close: WebSocketCloseEventDict) -> None:
    if event["type"] == "websocket.receive":
        assert_type(event.get("text"), str | None)
        event["code"]  # E
    elif event["type"] == "websocket.disconnect":
        assert_type(event.get("code", 1005), int)
    WebSocketCloseEvent(**close)
    WebSocketCloseEvent.model_validate(close)
    WebSocketReceiveEvent(**close)  # E


def plain(event: WebSocketSendDict) -> Mapping[str, object]:
    return event


def plain_any(message: Mapping[str, Any]) -> None: ...


plain_any(event)
