"""One small consumer for each thing that a real server is asked about; they print what a test waits for."""

import asyncio
import sys

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from fast_channels.consumer import AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.exceptions import ConnectionClosed, DenyConnection

client_has_left = asyncio.Event()


def say(text: str) -> None:
    """Tell the test something."""
    sys.stderr.write(f"{text}\n")


class Echo(AsyncWebsocketConsumer):
    """Sends every frame back, and speaks `v2` if the client does."""

    async def connect(self) -> None:
        """Choose the subprotocol."""
        await self.accept("v2" if "v2" in self.scope["subprotocols"] else None)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Send it back."""
        await self.send(text_data, bytes_data)

    async def disconnect(self, code: int) -> None:
        """Print the close code."""
        say(f"echo ended with {code}")


class Closes(AsyncWebsocketConsumer):
    """Closes at the first frame."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Close, twice."""
        await self.close(4001, "enough, señor")
        await self.close(4002)


class Denies(AsyncWebsocketConsumer):
    """Refuses everybody, with a response."""

    async def connect(self) -> None:
        """Refuse."""
        raise DenyConnection(401, {b"x-reason": b"stranger"}, b"Who are you?")


class Refuses(AsyncWebsocketConsumer):
    """Refuses everybody."""

    async def connect(self) -> None:
        """Refuse."""
        await self.close()


class Crashes(AsyncWebsocketConsumer):
    """Has a mistake in its handler."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Fail."""
        raise RuntimeError("a mistake in the handler")

    async def disconnect(self, code: int) -> None:
        """Print the close code."""
        say(f"crash ended with {code}")


class Works(AsyncWebsocketConsumer):
    """Works for a client until somebody says that it has left."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Wait for the client to leave, and send to it."""
        await self.send("working")
        await client_has_left.wait()
        try:
            await self.send("done")
        except ConnectionClosed as error:
            say(f"the worker found out: {error}")
            raise

    async def disconnect(self, code: int) -> None:
        """Print that the consumer ends."""
        say("the worker ended")


class Releases(AsyncHttpConsumer):
    """Says that the client of `Works` has left."""

    async def handle(self, body: bytes) -> None:
        """Say it."""
        client_has_left.set()
        await self.send_response(204, b"")


class Upload(AsyncHttpConsumer):
    """Says how large the request body was."""

    max_body_size = 1000

    async def handle(self, body: bytes) -> None:
        """Answer with a number."""
        await self.send_response(
            200, f"{len(body)} bytes".encode(), headers=[(b"content-type", b"text/plain")]
        )


class Parts(AsyncHttpConsumer):
    """Answers in several parts."""

    async def handle(self, body: bytes) -> None:
        """Send three parts."""
        await self.send_headers(headers=[(b"content-type", b"text/plain")])
        for number in range(3):
            await self.send_body(f"part {number}\n".encode(), more_body=number < 2)


class Endless(AsyncHttpConsumer):
    """Begins a response that never ends by itself."""

    async def handle(self, body: bytes) -> None:
        """Send the first part."""
        await self.send_headers()
        await self.send_body(b"the first part", more_body=True)

    async def disconnect(self) -> None:
        """Print that the consumer ends."""
        say("the endless response ended")


class Fails(AsyncHttpConsumer):
    """Has a mistake in its handler."""

    async def handle(self, body: bytes) -> None:
        """Fail."""
        raise RuntimeError("a mistake in handle()")


app = Starlette(
    routes=[
        WebSocketRoute("/echo", Echo.as_asgi()),
        WebSocketRoute("/closes", Closes.as_asgi()),
        WebSocketRoute("/denies", Denies.as_asgi()),
        WebSocketRoute("/refuses", Refuses.as_asgi()),
        WebSocketRoute("/crashes", Crashes.as_asgi()),
        WebSocketRoute("/works", Works.as_asgi()),
        Route("/releases", Releases.as_asgi(), methods=["POST"]),
        Route("/upload", Upload.as_asgi(), methods=["POST"]),
        Route("/parts", Parts.as_asgi()),
        Route("/endless", Endless.as_asgi()),
        Route("/fails", Fails.as_asgi()),
    ]
)
