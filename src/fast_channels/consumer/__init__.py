"""Consumers: one object per connection, whose methods handle its events."""

from .authentication import Authenticated, bearer_token, session_value
from .base import AsyncConsumer
from .http import AsyncHttpConsumer
from .json import AsyncJsonWebsocketConsumer
from .websocket import AsyncWebsocketConsumer

__all__ = [
    "AsyncConsumer",
    "AsyncHttpConsumer",
    "AsyncJsonWebsocketConsumer",
    "AsyncWebsocketConsumer",
    "Authenticated",
    "bearer_token",
    "session_value",
]
