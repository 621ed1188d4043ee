"""ASGI middleware: applications that wrap a consumer or another application."""

from .base import BaseMiddleware
from .websocket import OriginValidator, WebsocketDenier

__all__ = ["BaseMiddleware", "OriginValidator", "WebsocketDenier"]
