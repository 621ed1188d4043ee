"""The smallest event of every type."""

from collections.abc import Mapping
from typing import Any

from fast_channels.events import EVENTS, AsgiEvent

REQUIRED: Mapping[str, Mapping[str, Any]] = {
    "http.response.start": {"status": 200},
    "http.response.trailers": {"headers": []},
    "http.response.push": {"path": "/style.css", "headers": []},
    "http.response.zerocopysend": {"file": 3},
    "http.response.pathsend": {"path": "/srv/page.html"},
    "http.response.early_hint": {"links": []},
    "http.response.debug": {"info": {}},
    "websocket.receive": {"text": "hello"},
    "websocket.send": {"text": "hello"},
    "websocket.http.response.start": {"status": 403},
}
"""What has no default."""


def example(type_: str, **fields: Any) -> dict[str, Any]:
    """Return the smallest event of a type, with these fields."""
    return {"type": type_, **REQUIRED.get(type_, {}), **fields}


def read(type_: str, **fields: Any) -> AsgiEvent:
    """Return the model of the smallest event of a type, with these fields."""
    return EVENTS[type_].model_validate(example(type_, **fields))
