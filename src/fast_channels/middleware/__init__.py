"""ASGI applications that stand before a consumer."""

from .base import BaseMiddleware
from .websocket import OriginValidator, WebsocketDenier

__all__ = ["BaseMiddleware", "OriginValidator", "WebsocketDenier"]
