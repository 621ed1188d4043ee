"""Applications without a framework: each consumer is one, beside plain ASGI to compare with."""

import asyncio
from contextlib import AsyncExitStack

import anyio
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fast_channels.consumer import AsyncHttpConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope
from tests.servers.application import say

register_channel_layer("memory", InMemoryChannelLayer())


class Echo(AsyncWebsocketConsumer):
    """Sends every text back."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Send it back."""
        await self.send(text_data)


class Greeting(BaseModel):
    """What the client of `Greeter` says, and hears."""

    name: str


class Greeter(AsyncJsonWebsocketConsumer[Greeting, Greeting]):
    """Sends every greeting back."""

    async def receive_json(self, content: Greeting, /) -> Greeting:
        """Send it back."""
        return content


class Page(AsyncHttpConsumer):
    """Answers every request with its body."""

    async def handle(self, body: bytes) -> None:
        """Answer."""
        await self.send_response(200, body)


class Busy(AsyncWebsocketConsumer):
    """Has a handler that never ends by itself."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Say that this runs, and run for ever."""
        say("a handler runs")
        await asyncio.sleep(3600)

    async def disconnect(self, code: int) -> None:
        """Say that the consumer ends."""
        say("the end")


class BusyMember(Busy):
    """Is in a group besides."""

    channel_layer_alias = "memory"

    def __init__(self) -> None:
        self.groups = ["all"]


class Scoped(Busy):
    """Enters contexts of anyio when it begins, and leaves them when it ends."""

    stack: AsyncExitStack

    async def connect(self) -> None:
        """Enter a task group and a cancel scope."""
        self.stack = AsyncExitStack()
        tasks = await self.stack.enter_async_context(anyio.create_task_group())
        self.stack.enter_context(anyio.CancelScope())
        tasks.start_soon(anyio.sleep, 0)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave them."""
        await self.stack.aclose()
        say("the end")


class Floods(AsyncWebsocketConsumer):
    """Sends for ever to whoever sends something, and echoes what begins with `echo`."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Send."""
        if text_data == "echo":
            await self.send(text_data)
            return
        say("the flood begins")
        try:
            while True:
                await self.send("drop")
        finally:
            say("the flood ends")

    async def disconnect(self, code: int) -> None:
        """Say that the consumer ends."""
        say("the end")


class Closes(AsyncWebsocketConsumer):
    """Closes with the code that the client asks for."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Close."""
        await self.close(int(text_data or ""))


class Crashes(AsyncWebsocketConsumer):
    """Has a mistake in its handler."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Fail."""
        raise RuntimeError("a mistake in the handler")


class Stream(AsyncHttpConsumer):
    """Sends server-sent events until the server stops."""

    async def handle(self, body: bytes) -> None:
        """Send one event, and wait."""
        await self.send_headers(headers=[(b"content-type", b"text/event-stream")])
        await self.send_body(b"data: hello\n\n", more_body=True)
        await asyncio.sleep(3600)

    async def disconnect(self) -> None:
        """Say that the consumer ends."""
        say("the end")


async def plain_busy(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Do what `Busy` does without this library."""
    if scope["type"] == "lifespan":
        # Without it uvicorn ends before a task that it has cancelled has its turn.
        for _ in ("startup", "shutdown"):
            await send({"type": f"{(await receive())['type']}.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    try:
        await receive()
        say("a handler runs")
        await asyncio.sleep(3600)
    finally:
        say("the end")


async def plain_stream(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Do what `Stream` does without this library."""
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        await send({"type": "http.response.body", "body": b"data: hello\n\n", "more_body": True})
        await asyncio.sleep(3600)
    finally:
        say("the end")


async def look_on(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Do nothing with a request."""
    return await call_next(request)


class PlainStream:
    """`plain_stream` as a class, which Starlette takes for an application, not for a function of requests."""

    async def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Serve."""
        await plain_stream(scope, receive, send)


echo = Echo.as_asgi()
greeter = Greeter.as_asgi()
page = Page.as_asgi()
busy = Busy.as_asgi()
busy_member = BusyMember.as_asgi()
scoped = Scoped.as_asgi()
floods = Floods.as_asgi()
closes = Closes.as_asgi()
crashes = Crashes.as_asgi()
streams = Starlette(
    routes=[Route("/ours", Stream.as_asgi()), Route("/plain", PlainStream())],
    middleware=[Middleware(BaseHTTPMiddleware, dispatch=look_on)],
)
