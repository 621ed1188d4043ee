"""Middleware, and the applications around and behind it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount, Route, Router, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from fast_channels.consumer import AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.middleware import BaseMiddleware, OriginValidator
from fast_channels.type_defs import (
    ASGIApplication,
    ASGIReceiveCallable,
    ASGISendCallable,
    ChannelApplication,
    ChannelMessage,
    ChannelScope,
)

app = AsyncWebsocketConsumer.as_asgi()
OriginValidator(app, ["https://example.com"])
OriginValidator(OriginValidator(app, ["*"]), ("*",))
OriginValidator(app)  # E
OriginValidator(app, [b"https://example.com"])  # E
OriginValidator("app", ["*"])  # E
OriginValidator(app, ["*"]).validate_origin("https://example.com")  # E
BaseMiddleware(app)
BaseMiddleware()  # E
BaseMiddleware(1)  # E


class Lowercase(BaseMiddleware):
    async def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        scope["path"] = scope["path"].lower()

        async def logged(message: ChannelMessage) -> None:
            await send(message)
            await send("message")  # E

        await self.inner(scope, receive, logged)
        await self.inner(scope, receive)  # E
        await self.iner(scope, receive, send)  # E


class OfFramework(BaseMiddleware):
    """Middleware that a framework of its own types is to mount has the types of the framework."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["path"] = scope["path"].lower()
        await self.inner(scope, receive, send)


class Mistaken(BaseMiddleware):
    async def __call__(self, scope: ChannelScope, receive: ASGIReceiveCallable) -> None: ...  # E


async def plain(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    await app(scope, receive, send)
    await OriginValidator(app, ["*"])(scope, receive, send)


async def no_application(scope: ChannelScope) -> None: ...


wrapped: ChannelApplication = Lowercase(app)
application: ASGIApplication = app
not_one: ASGIApplication = no_application  # E
OriginValidator(no_application, ["*"])  # E
starlette = Starlette(
    routes=[
        WebSocketRoute("/chat", app),
        WebSocketRoute("/lower", Lowercase(app)),
        Route("/upload", AsyncHttpConsumer.as_asgi()),
        WebSocketRoute("/guarded", OriginValidator(app, ["*"])),
        Mount("/mounted", OriginValidator(app, ["*"])),
    ]
)
Router().add_websocket_route("/chat", app)
Router().add_websocket_route("/guarded", OriginValidator(app, ["*"]))
Router().add_websocket_route("/validator", OriginValidator)  # E
FastAPI().router.add_websocket_route("/guarded", OriginValidator(app, ["*"]))
Mount("/framework", OfFramework(app))
TestClient(AsyncWebsocketConsumer.as_asgi())
OriginValidator(starlette, ["*"])
