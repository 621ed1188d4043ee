"""Plays the server: gives one application its events, through the event loop, and takes its answers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]


def _scope(type_: str, scheme: str, header: tuple[bytes, bytes]) -> dict[str, Any]:
    return {
        "type": type_,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": scheme,
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8000"), header],
        "state": {},
    }


def websocket_scope() -> dict[str, Any]:
    return {
        **_scope("websocket", "ws", (b"upgrade", b"websocket")),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }


def http_scope() -> dict[str, Any]:
    return {**_scope("http", "http", (b"content-length", b"1024")), "method": "POST"}


class Connection:
    """One connection, served by a task of its own, as every server does it.

    Each event takes one turn of the event loop to arrive, whether or not the application waits for it.

    Attributes:
        sink: Called with each event that the application sends.
        task: The task of the application.
    """

    def __init__(self, application: Application, scope: dict[str, Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._inputs: deque[Message] = deque()
        self._reader: asyncio.Future[None] | None = None
        self.sink: Callable[[Message], None] = ignore
        self.task: asyncio.Task[None] = self._loop.create_task(application(scope, self._receive, self._send))

    def put(self, event: Message) -> None:
        """Give the application an event."""
        self._inputs.append(event)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    async def open(self) -> None:
        """Complete the handshake of a WebSocket."""
        answered = self._loop.create_future()
        self.sink = answered.set_result
        self.put({"type": "websocket.connect"})
        await self.unless_it_ends(answered)
        self.sink = ignore

    async def close(self) -> None:
        """Leave a WebSocket as a client does."""
        self.put({"type": "websocket.disconnect", "code": 1000, "reason": ""})
        await self.task

    async def unless_it_ends(self, future: asyncio.Future[Any]) -> None:
        """Wait for a future; the end of the application, or its error, is an error here."""

        def ended(task: asyncio.Task[None]) -> None:
            error = None if task.cancelled() else task.exception()
            future.set_exception(error or RuntimeError("the application ended early"))

        self.task.add_done_callback(ended)
        await future
        self.task.remove_done_callback(ended)

    async def _receive(self) -> Message:
        if self._inputs:
            await asyncio.sleep(0)
        else:
            self._reader = self._loop.create_future()
            await self._reader
        return self._inputs.popleft()

    async def _send(self, message: Message) -> None:
        self.sink(message)


async def serve(application: Application, scope: dict[str, Any], *events: Message) -> None:
    """Serve one connection in the calling task, with events that are all there from the beginning."""
    inputs = deque(events)

    async def receive() -> Message:
        if not inputs:
            await asyncio.get_running_loop().create_future()
        return inputs.popleft()

    async def send(message: Message) -> None:
        pass

    await application(scope, receive, send)


def ignore(_message: Message) -> None:
    """Do nothing with what the application sends."""
