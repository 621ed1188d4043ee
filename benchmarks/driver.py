"""Plays the server: gives one application its events, through the event loop, and takes its answers."""

import asyncio
from collections import deque
from collections.abc import Callable, MutableMapping
from typing import Any, TypeAlias

from benchmarks.contestant import Application, Dialect

Message: TypeAlias = MutableMapping[str, Any]
Sink: TypeAlias = Callable[[Message], None]


Scope: TypeAlias = dict[str, Any]


def _scope(type_: str, scheme: str, dialect: Dialect, **more: Any) -> Scope:
    return {
        "type": type_,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": scheme,
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "root_path": "",
        "path": dialect.path,
        "raw_path": dialect.path.encode(),
        "query_string": dialect.query.encode(),
        "state": {},
        **more,
    }


def websocket_scope(dialect: Dialect) -> Scope:
    """Return what all connections of a dialect have in common."""
    headers = [(b"host", b"127.0.0.1:8000"), (b"connection", b"Upgrade"), (b"upgrade", b"websocket")]
    extensions: dict[str, Any] = {"websocket.http.response": {}}
    return _scope("websocket", "ws", dialect, headers=headers, subprotocols=[], extensions=extensions)


def http_scope(dialect: Dialect) -> Scope:
    """Return what all requests of a dialect have in common."""
    headers = [(b"host", b"127.0.0.1:8000"), (b"content-length", b"1024")]
    return _scope("http", "http", dialect, headers=headers, method="POST")


class Connection:
    """One connection, served by a task of its own, as every server does it.

    What a client says arrives by a callback of the event loop, as it does from a transport; the application
    waits for it by then.

    Attributes:
        sink: Called with each event that the application sends.
        task: The task of the application.
    """

    __slots__ = ("_dialect", "_inputs", "_loop", "_reader", "sink", "task")

    def __init__(self, application: Application, dialect: Dialect) -> None:
        self._loop = asyncio.get_running_loop()
        self._dialect = dialect
        self._inputs: deque[Message] = deque()
        self._reader: asyncio.Future[None] | None = None
        self.sink: Sink = ignore
        running = application(websocket_scope(dialect), self._receive, self._send)
        self.task: asyncio.Task[None] = self._loop.create_task(running)

    def put(self, event: Message) -> None:
        """Give the application an event."""
        self._inputs.append(event)
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def say(self, text: str) -> None:
        """Let a text frame arrive in the next turn of the event loop."""
        self._loop.call_soon(self.put, {"type": "websocket.receive", "text": text})

    def listen(self, sink: Sink) -> None:
        """Call a function with each message of the application, whatever else it says."""
        begin = self._dialect.message

        def messages_only(event: Message) -> None:
            if (event.get("text") or "").startswith(begin):
                sink(event)

        self.sink = messages_only if begin else sink

    async def open(self) -> None:
        """Complete the handshake of a WebSocket, and that of the dialect."""
        self.put({"type": "websocket.connect"})
        await self._until(lambda event: event["type"] == "websocket.accept")
        if self._dialect.hello:
            self.say(self._dialect.hello)
            await self._until(lambda event: (event.get("text") or "").startswith(self._dialect.welcome))

    async def _until(self, is_it: Callable[[Message], bool]) -> None:
        answered: asyncio.Future[None] = self._loop.create_future()

        def look(event: Message) -> None:
            if is_it(event) and not answered.done():
                answered.set_result(None)

        self.sink = look
        await self.unless_it_ends(answered)
        self.sink = ignore

    async def close(self) -> None:
        """Leave a WebSocket as a client does."""
        self.sink = ignore
        self.put({"type": "websocket.disconnect", "code": 1000, "reason": ""})
        await self.task

    async def unless_it_ends(self, future: asyncio.Future[None]) -> None:
        """Wait for a future; the end of the application, or its error, is an error here."""

        def ended(task: asyncio.Task[None]) -> None:
            if not future.done():
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


async def serve(application: Application, scope: Scope, *events: Message) -> None:
    """Serve one connection in the calling task, with events that are all there from the beginning."""
    inputs = deque(events)

    async def receive() -> Message:
        if not inputs:
            await asyncio.get_running_loop().create_future()
        return inputs.popleft()

    async def send(message: Message) -> None:
        pass

    await application(scope.copy(), receive, send)


def ignore(_message: Message) -> None:
    """Do nothing with what the application sends."""
