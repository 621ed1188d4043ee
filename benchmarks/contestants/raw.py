"""Hand-written ASGI applications without any library: the floor."""

import json
from typing import Any

from messages import ANSWER_ACTION, TEXT

_members: list[Any] = []


async def text(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})


async def json_(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        message = json.loads(event["text"])
        answer = {"action": ANSWER_ACTION, "payload": message["payload"]}
        await send({"type": "websocket.send", "text": json.dumps(answer)})


async def http(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    more = True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def group(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    _members.append(send)
    await receive()
    _members.remove(send)


APPLICATIONS = {"text": text, "json": json_, "http": http, "connect": text, "group": group}


def reset() -> None:
    _members.clear()


async def deliver() -> None:
    for send in _members:
        await send({"type": "websocket.send", "text": TEXT})
