"""A transport of another kind: every frame goes through one socket to everybody, who keeps what is for him.

`python -m tests.layers.bus PORT GROUP` is another process, which answers what is sent to a group.
"""

import asyncio
import struct
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Self, TypeVar, Unpack

from fast_channels.layers.networked import NetworkedChannelLayer, Receiver
from fast_channels.layers.redis.serializers import MsgPackSerializer
from fast_channels.testing.layer_contract import LayerOptions

T = TypeVar("T")

HEADER = struct.Struct(">II")


async def read(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Return the next address and frame."""
    address, frame = HEADER.unpack(await reader.readexactly(HEADER.size))
    return (await reader.readexactly(address)).decode(), await reader.readexactly(frame)


def packed(address: str, frame: bytes) -> bytes:
    """Return an address and a frame as `read()` reads them."""
    return HEADER.pack(len(address), len(frame)) + address.encode() + frame


class BusTransport:
    """Publishes to a bus, and hears all that anybody publishes."""

    def __init__(self, port: int, receiver: Receiver) -> None:
        self._port = port
        self._receiver = receiver
        self._addresses: set[str] = set()
        self._writer: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())

    async def publish(self, address: str, frame: bytes) -> bool:
        """Write a frame; nobody knows who hears it."""
        writer = await asyncio.shield(self._writer)
        writer.write(packed(address, frame))
        await writer.drain()
        return True

    async def subscribe(self, address: str) -> None:
        """Keep the frames for an address, once all frames are heard."""
        await asyncio.shield(self._writer)
        self._addresses.add(address)

    def unsubscribe(self, address: str) -> None:
        """Do not keep the frames for an address."""
        self._addresses.discard(address)

    def subscribed(self, address: str) -> bool:
        """Return whether the frames for an address are kept."""
        return address in self._addresses

    def connected(self) -> dict[str, bool]:
        """Return whether there is a connection to the bus."""
        return {f"bus:{self._port}": self._writer.done()}

    async def close(self) -> None:
        """End the connection."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._writer.done():
            self._writer.set_exception(ConnectionError("the layer was closed before there was a bus"))
            # Whoever waits is told; there may be nobody.
            self._writer.exception()

    async def _run(self) -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                # The system takes connections of which the bus has not heard yet.
                await read(reader)
                self._writer.set_result(writer)
                await self._hear(reader, writer)
            if self._writer.done():
                self._writer = asyncio.get_running_loop().create_future()

    async def _hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._addresses:
                self._receiver.returned()
            while True:
                address, frame = await read(reader)
                if address in self._addresses:
                    await self._receiver.deliver(address, frame)
        finally:
            writer.close()


class BusLayer(NetworkedChannelLayer[BusTransport]):
    """A layer of all processes that are connected to a bus."""

    def __init__(
        self, port: int, clock: Callable[[], float] = time.monotonic, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__(serializer=MsgPackSerializer(), clock=clock, **options)
        self._port = port

    def open_transport(self, receiver: Receiver) -> BusTransport:
        """Return a connection to the bus."""
        return BusTransport(self._port, receiver)


class Bus:
    """Passes on what any connection sends to all of them, in a thread of its own.

    Attributes:
        port: Where it listens.
    """

    def __init__(self) -> None:
        self.port: int = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._do(self._open())
        return self

    def __exit__(self, *error: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """End all connections."""
        self._do(self._cut())

    def _do(self, step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result()

    async def _open(self) -> int:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _close(self) -> None:
        self._server.close()
        await self._cut()

    async def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        writer.write(packed("", b"welcome"))
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    data = packed(*await read(reader))
                    for each in self._writers:
                        each.write(data)
        finally:
            self._writers.discard(writer)
            writer.close()


async def answer(port: int, group: str) -> None:
    """Join a group, say so, and answer whatever is said."""
    async with BusLayer(port) as layer:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        await layer.group_send(group, {"type": "joined", "channel": channel})
        while (message := await layer.receive(channel))["type"] != "ended":
            if message["type"] == "said":
                await layer.group_send(group, {"type": "answered", "text": message["text"]})


if __name__ == "__main__":
    asyncio.run(answer(int(sys.argv[1]), sys.argv[2]))
