"""A network that can be made to fail."""

import asyncio
import ssl
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self


class Proxy:
    """Passes bytes between clients and a server on the loopback interface, from entry to exit.

    Args:
        target: The port of the server, which may be changed for new connections.
        delay: Seconds that each piece of data takes on its way to the server.
        tls: What clients have to speak TLS with, if they have to.

    Attributes:
        port: The port for clients.
        accepted: How many connections clients have made.
        fatal: What ends a connection when a client or the server sends it, and does not arrive.
    """

    def __init__(self, target: int, delay: float = 0.0, tls: ssl.SSLContext | None = None) -> None:
        self.delay = delay
        self.port = 0
        self.accepted = 0
        self.fatal: bytes | None = None
        self.target = target
        self._tls = tls
        self._flows = _open()
        self._came = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"redis{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def freeze(self) -> None:
        """Pass nothing on in the connections that are there, and keep them open; new ones work."""
        self._flows.clear()
        self._flows = _open()

    def cut(self) -> None:
        """End all connections."""
        for writer in self._writers:
            writer.transport.abort()

    async def next_connection(self) -> None:
        """Return when a client connects."""
        await self._came.wait()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self._came.set()
        self._came = asyncio.Event()
        self._start(self._connect(reader, writer))

    def _start(self, step: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(step)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
            return
        self._writers |= {writer, there_writer}
        self._start(self._pump(reader, there_writer, self._flows, self.delay))
        self._start(self._pump(there_reader, writer, self._flows, 0.0))

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, flows: asyncio.Event, delay: float
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if self.fatal is not None and self.fatal in data:
                    break
                if delay:
                    await asyncio.sleep(delay)
                await flows.wait()
                sink.write(data)
                await sink.drain()
        sink.transport.abort()


def _open() -> asyncio.Event:
    flows = asyncio.Event()
    flows.set()
    return flows
