"""Hand-written ASGI applications without any library but pydantic, for typed JSON: the floor."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from benchmarks.contestant import Contestant
from benchmarks.messages import TEXT
from benchmarks.models import Leave, Left, Said, Say

_members: list[Any] = []
_question: TypeAdapter[Say | Leave] = TypeAdapter(Annotated[Say | Leave, Field(discriminator="action")])
_validate = _question.validator.validate_json


async def text(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})


async def json(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        message = _validate(event["text"])
        answer = Said(payload=message.payload) if isinstance(message, Say) else Left()
        text = answer.__pydantic_serializer__.to_json(answer).decode()
        await send({"type": "websocket.send", "text": text})


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
    try:
        await receive()
    finally:
        _members.remove(send)


async def deliver() -> None:
    for send in _members:
        await send({"type": "websocket.send", "text": TEXT})


CONTESTANT = Contestant(
    {"text": text, "json": json, "http": http, "connect": text, "group": group}, {"group": deliver}
)
