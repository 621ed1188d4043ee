"""Consumers: one object per connection, whose methods handle its events."""

from typing import TYPE_CHECKING

from fast_channels.events.close_codes import CloseCodes
from fast_channels.late import late

if TYPE_CHECKING:
    from .authentication import Authenticated, bearer_token, session_value
    from .base import AsyncConsumer
    from .event_stream import AsyncEventStreamConsumer
    from .http import AsyncHttpConsumer
    from .json import AsyncJsonWebsocketConsumer
    from .markers import Cookie, Header, Path, Query
    from .message import AsyncMessageConsumer
    from .subprotocols import BySubprotocol
    from .timers import TimeoutKind, Timeouts
    from .websocket import AsyncWebsocketConsumer
else:
    # Checkers that knew of this function would take any name for one of the package.
    __getattr__ = late(
        __name__,
        {
            "AsyncConsumer": "base",
            "AsyncEventStreamConsumer": "event_stream",
            "AsyncHttpConsumer": "http",
            "AsyncJsonWebsocketConsumer": "json",
            "AsyncMessageConsumer": "message",
            "AsyncWebsocketConsumer": "websocket",
            "Authenticated": "authentication",
            "BySubprotocol": "subprotocols",
            "Cookie": "markers",
            "Header": "markers",
            "Path": "markers",
            "Query": "markers",
            "TimeoutKind": "timers",
            "Timeouts": "timers",
            "bearer_token": "authentication",
            "session_value": "authentication",
        },
    )

__all__ = [
    "AsyncConsumer",
    "AsyncEventStreamConsumer",
    "AsyncHttpConsumer",
    "AsyncJsonWebsocketConsumer",
    "AsyncMessageConsumer",
    "AsyncWebsocketConsumer",
    "Authenticated",
    "BySubprotocol",
    "CloseCodes",
    "Cookie",
    "Header",
    "Path",
    "Query",
    "TimeoutKind",
    "Timeouts",
    "bearer_token",
    "session_value",
]
