"""Consumers: one object per connection, whose methods handle its events."""

from fast_channels.events.close_codes import CloseCodes

from .authentication import Authenticated, bearer_token, session_value
from .base import AsyncConsumer
from .http import AsyncHttpConsumer
from .json import AsyncJsonWebsocketConsumer
from .markers import Cookie, Header, Path, Query
from .message import AsyncMessageConsumer
from .subprotocols import BySubprotocol
from .websocket import AsyncWebsocketConsumer

__all__ = [
    "AsyncConsumer",
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
    "bearer_token",
    "session_value",
]
