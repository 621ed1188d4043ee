"""A real browser, and a network that can fail."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.servers.server import ROOT, Server

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=30_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The Chromium of this machine, without a window."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "there is no chromium on the PATH; `nox -s browser` installs Debian's"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """The chat behind uvicorn."""
    with Server("uvicorn", "examples.chat.app:app") as running:
        yield running


class Line:
    """A network connection to a server that a test can cut and restore.

    Attributes:
        port: The port of the loopback interface at which the server is reached through it.
    """

    port: int

    def __init__(self, server: Server) -> None:
        self._target = server.port
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Lose all connections, and let no new ones through."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def restore(self) -> None:
        """Let new connections through again."""
        self._is_cut = False

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@pytest_asyncio.fixture(loop_scope="module")
async def line(server: Server) -> AsyncIterator[Line]:
    """A connection to the chat that can be cut."""
    async with Line(server) as line:
        yield line


@pytest.fixture
def screenshot() -> Path | None:
    """Where a picture of the chat is to be saved, if anywhere."""
    path = os.environ.get("CHAT_SCREENSHOT")
    return ROOT / path if path else None
