"""Tests without a server: connections that a test controls, in virtual time (see `tests/virtual_time.py`)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fast_channels.layers.redis import transport
from fast_channels.layers.redis.connection import Command, Connection, Greeting, Reply
from fast_channels.layers.redis.link import Link
from tests.layers.redis.server import is_true


class FakeServer:
    """What a server says to those who are connected to it.

    Attributes:
        away: Why nobody can connect, if so.
        refusal: What it says to those who connect before it closes the connection, if it does.
        answers: What a command gets by its name: a reply, an error, or a function that makes one of the
            command. What is published reaches all who have subscribed, unless there is an answer for PUBLISH.
        silent: Names of commands that get no answer.
        commands: What came, in order, without the PING of new connections.
        writes: How many commands came together each time.
        reads: Set while it reads what is written to it; otherwise whoever writes has to wait.
        connections: All connections that there ever were.
    """

    def __init__(self) -> None:
        self.away: Exception | None = None
        self.refusal: Exception | None = None
        self.answers: dict[str, Reply] = {"PING": b"PONG"}
        self.silent: set[str] = set()
        self.commands: list[Command] = []
        self.writes: list[int] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.connections: list[FakeConnection] = []

    def connect(self) -> Connection:
        """Return a connection that is not connected."""
        self.connections.append(FakeConnection(self))
        return self.connections[-1]

    def publish(self, name: str, data: bytes) -> int:
        """Tell all who have subscribed to a name of a message; return how many they are."""
        heard = [connection for connection in self.connections if name in connection.names]
        for connection in heard:
            connection.say([b"message", name.encode(), data])
        return len(heard)

    def cut(self, reason: str = "cut") -> None:
        """End all connections."""
        for connection in self.connections:
            connection.names.clear()
            connection.say(ConnectionError(reason))

    def names(self) -> list[str]:
        """Return the names of the commands that came."""
        return [str(command[0]) for command in self.commands]


class FakeConnection:
    """A connection of redis-py, as a link uses it."""

    def __init__(self, server: FakeServer) -> None:
        self.closed = False
        self.names: set[str] = set()
        self._server = server
        self._replies: asyncio.Queue[Reply] = asyncio.Queue()
        self._knocked = False

    def say(self, reply: Reply) -> None:
        """Let a reply arrive, or an error."""
        self._replies.put_nowait(reply)

    async def connect(self) -> None:
        """Connect, unless the server is away."""
        if self._server.away is not None:
            raise self._server.away
        if self._server.refusal is not None:
            self.say(self._server.refusal)

    async def disconnect(self, nowait: bool = False) -> None:
        """End the connection."""
        self.closed = True
        self.names.clear()

    def pack_commands(self, commands: Sequence[Command]) -> list[bytes]:
        """Note the commands, and answer them when they are written."""
        return [repr(command).encode() for command in commands]

    async def send_packed_command(self, command: list[bytes], check_health: bool = True) -> None:
        """Answer commands, unless the connection has been closed from the other side."""
        if self._server.refusal is not None:
            raise ConnectionError("Connection lost")
        self._server.writes.append(len(command))
        for packed in command:
            self._answer(eval(packed))
        await self._server.reads.wait()

    async def read_response(self, *, timeout: float | None = None) -> Reply:
        """Return the next reply."""
        if timeout == 0 and self._replies.empty():
            return None
        reply = await self._replies.get()
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _answer(self, command: Command) -> None:
        name, *arguments = command
        if not self._knocked:
            self._knocked = True
        else:
            self._server.commands.append(command)
        if name in self._server.silent:
            return
        answer = self._server.answers.get(str(name))
        if answer is None and name == "PUBLISH":
            channel, data = arguments
            answer = self._server.publish(str(channel), data if isinstance(data, bytes) else b"")
        if callable(answer):
            answer = answer(command)
        if name not in ("SUBSCRIBE", "UNSUBSCRIBE") or isinstance(answer, Exception):
            self.say(answer)
            return
        for argument in map(str, arguments):
            (self.names.add if name == "SUBSCRIBE" else self.names.discard)(argument)
            self.say([str(name).lower().encode(), argument.encode(), len(self.names)])


class _Pool:
    """What redis-py makes connections with."""

    def __init__(self, server: FakeServer) -> None:
        self.connection_kwargs: dict[str, Any] = {}
        self.make_connection = server.connect


def on_fakes(monkeypatch: pytest.MonkeyPatch, *servers: FakeServer) -> list[str]:
    """Let all layers connect to such servers; return their addresses."""
    places = {f"redis://fake{n}": server for n, server in enumerate(servers)}

    def open_pool(host: dict[str, Any]) -> tuple[Any, float]:
        return _Pool(places[host["address"]]), 5.0

    monkeypatch.setattr(transport, "open_pool", open_pool)
    return [*places]


@asynccontextmanager
async def linked(
    server: FakeServer,
    *,
    greet: Callable[[], Greeting | None] = lambda: None,
    on_message: Callable[[bytes, bytes], Awaitable[None]] | None = None,
) -> AsyncGenerator[Link]:
    """A link to a server, which is closed at the end."""
    link = Link(server.connect, "the server", timeout=5, ping_interval=5, greet=greet, on_message=on_message)
    yield link
    await link.close()
    assert all(connection.closed for connection in server.connections)


def times(caplog: pytest.LogCaptureFixture, reason: str) -> int:
    """Return how often the log gives a reason."""
    return sum(reason in message for message in caplog.messages)


async def until(condition: Callable[[], bool], seconds: float = 1000) -> None:
    """Let time pass until something is true."""

    async def pass_by() -> bool:
        await asyncio.sleep(0.001)
        return condition()

    await is_true(pass_by, seconds)
