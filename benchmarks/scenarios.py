"""What is measured: a scenario prepares its connections and yields a function that runs some events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol

from driver import Application, Connection, Message, http_scope, serve, websocket_scope
from messages import BODY, ITEMS_TEXT, QUESTION_TEXT, TEXT, WRONG_ITEMS_TEXT

Run = Callable[[int], Awaitable[None]]


class Contestant(Protocol):
    """What a module of `contestants` has."""

    APPLICATIONS: dict[str, Application]

    def reset(self) -> None:
        """Forget what earlier scenarios left behind."""

    async def deliver(self) -> None:
        """Send one message to every connection of the application `group`."""


Scenario = Callable[[Contestant], AbstractAsyncContextManager[Run]]


@asynccontextmanager
async def _echo(name: str, text: str, contestant: Contestant) -> AsyncIterator[Run]:
    connection = Connection(contestant.APPLICATIONS[name], websocket_scope())
    await connection.open()
    missing = 0
    complete = asyncio.get_running_loop().create_future()

    def ask(_answer: Message) -> None:
        nonlocal missing
        missing -= 1
        if missing:
            connection.put({"type": "websocket.receive", "text": text})
        else:
            complete.set_result(None)

    async def run(events: int) -> None:
        """Echo this many frames; each is sent when the one before has come back."""
        nonlocal missing, complete
        missing = events
        complete = asyncio.get_running_loop().create_future()
        connection.sink = ask
        connection.put({"type": "websocket.receive", "text": text})
        await connection.unless_it_ends(complete)

    yield run
    await connection.close()


@asynccontextmanager
async def _http(contestant: Contestant) -> AsyncIterator[Run]:
    application = contestant.APPLICATIONS["http"]

    async def run(events: int) -> None:
        for _ in range(events):
            await serve(application, http_scope(), {"type": "http.request", "body": BODY, "more_body": False})

    yield run


@asynccontextmanager
async def _connect(contestant: Contestant) -> AsyncIterator[Run]:
    application = contestant.APPLICATIONS["connect"]

    async def run(events: int) -> None:
        for _ in range(events):
            await serve(
                application,
                websocket_scope(),
                {"type": "websocket.connect"},
                {"type": "websocket.disconnect", "code": 1000, "reason": ""},
            )

    yield run


@asynccontextmanager
async def _group(members: int, contestant: Contestant) -> AsyncIterator[Run]:
    application = contestant.APPLICATIONS["group"]
    connections = [Connection(application, websocket_scope()) for _ in range(members)]
    for connection in connections:
        await connection.open()
    missing = 0
    complete = asyncio.get_running_loop().create_future()

    def sink(_message: Message) -> None:
        nonlocal missing
        missing -= 1
        if not missing:
            complete.set_result(None)

    for connection in connections:
        connection.sink = sink

    async def run(events: int) -> None:
        """Run this many deliveries; every member gets its share."""
        nonlocal missing, complete
        for _ in range(max(1, events // members)):
            missing = members
            complete = asyncio.get_running_loop().create_future()
            await contestant.deliver()
            await connections[0].unless_it_ends(complete)

    yield run
    for connection in connections:
        await connection.close()


SCENARIOS: dict[str, Scenario] = {
    "text": partial(_echo, "text", TEXT),
    "text-layer": partial(_echo, "text-layer", TEXT),
    "json": partial(_echo, "json", QUESTION_TEXT),
    "items": partial(_echo, "items", ITEMS_TEXT),
    "items-wrong": partial(_echo, "items", WRONG_ITEMS_TEXT),
    "http": _http,
    "connect": _connect,
    "group-100": partial(_group, 100),
    "group-1000": partial(_group, 1000),
    "group-5000": partial(_group, 5000),
}


async def idle(contestant: Contestant, name: str, connections: int) -> list[Connection]:
    """Open connections that do nothing."""
    opened: list[Any] = [None] * connections
    for index in range(connections):
        opened[index] = Connection(contestant.APPLICATIONS[name], websocket_scope())
        await opened[index].open()
    return opened
