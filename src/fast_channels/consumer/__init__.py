"""Consumers: one object per connection, whose methods handle its events."""

from .base import AsyncConsumer
from .http import AsyncHttpConsumer
from .websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer

__all__ = [
    "AsyncConsumer",
    "AsyncHttpConsumer",
    "AsyncJsonWebsocketConsumer",
    "AsyncWebsocketConsumer",
]
