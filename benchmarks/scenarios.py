"""What is measured: a scenario prepares its connections and yields a function that runs some events."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TypeAlias

from benchmarks.contestant import Contestant
from benchmarks.driver import Connection, Message, http_scope, serve, websocket_scope
from benchmarks.messages import BODY, ITEMS_TEXT, WRONG_ITEMS_TEXT

SOCKETS = 20
"""How many connections have an echo at the same time: one alone pays for each turn of the event loop."""

Run: TypeAlias = Callable[[int], Awaitable[None]]
Scenario: TypeAlias = Callable[[Contestant], AbstractAsyncContextManager[Run]]


async def connect(contestant: Contestant, name: str, connections: int) -> list[Connection]:
    """Open connections of an application."""
    opened: list[Connection] = []
    for _ in range(connections):
        opened.append(Connection(contestant.applications[name], contestant.dialect))
        await opened[-1].open()
    return opened


async def disconnect(connections: list[Connection]) -> None:
    """Let all clients leave."""
    for connection in connections:
        await connection.close()


@asynccontextmanager
async def _echo(name: str, question: str, contestant: Contestant) -> AsyncGenerator[Run]:
    text = contestant.dialect.questions.get(question, question)
    connections = await connect(contestant, name, SOCKETS)
    unsent = missing = 0
    complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def client(connection: Connection) -> Callable[[Message], None]:
        def ask_again(_answer: Message) -> None:
            nonlocal unsent, missing
            missing -= 1
            if unsent:
                unsent -= 1
                connection.say(text)
            elif not missing:
                complete.set_result(None)

        return ask_again

    for connection in connections:
        connection.listen(client(connection))

    async def run(events: int) -> None:
        """Echo this many frames; a client sends its next one when the last has come back."""
        nonlocal unsent, missing, complete
        missing = events
        complete = asyncio.get_running_loop().create_future()
        unsent = max(0, events - SOCKETS)
        for connection in connections[:events]:
            connection.say(text)
        await connections[0].unless_it_ends(complete)

    yield run
    await disconnect(connections)


@asynccontextmanager
async def _http(contestant: Contestant) -> AsyncGenerator[Run]:
    application, scope = contestant.applications["http"], http_scope(contestant.dialect)

    async def run(events: int) -> None:
        for _ in range(events):
            await serve(application, scope, {"type": "http.request", "body": BODY, "more_body": False})

    yield run


@asynccontextmanager
async def _connect(contestant: Contestant) -> AsyncGenerator[Run]:
    application, scope = contestant.applications["connect"], websocket_scope(contestant.dialect)

    async def run(events: int) -> None:
        for _ in range(events):
            await serve(
                application,
                scope,
                {"type": "websocket.connect"},
                {"type": "websocket.disconnect", "code": 1000, "reason": ""},
            )

    yield run


@asynccontextmanager
async def group(members: int, name: str, contestant: Contestant) -> AsyncGenerator[Run]:
    """Deliver one message to every member of a group."""
    deliver = contestant.deliver[name]
    connections = await connect(contestant, name, members)
    missing = 0
    complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def sink(_message: Message) -> None:
        nonlocal missing
        missing -= 1
        if not missing:
            complete.set_result(None)

    for connection in connections:
        connection.listen(sink)

    async def run(events: int) -> None:
        """Run this many deliveries; every member gets its share."""
        nonlocal missing, complete
        for _ in range(max(1, events // members)):
            missing = members
            complete = asyncio.get_running_loop().create_future()
            await deliver()
            await connections[0].unless_it_ends(complete)

    yield run
    await disconnect(connections)


SCENARIOS: dict[str, Scenario] = {
    "text": partial(_echo, "text", "text"),
    "text-layer": partial(_echo, "text-layer", "text"),
    "json": partial(_echo, "json", "json"),
    "items": partial(_echo, "items", ITEMS_TEXT),
    "items-wrong": partial(_echo, "items", WRONG_ITEMS_TEXT),
    "http": _http,
    "connect": _connect,
    "group-10": partial(group, 10, "group"),
    "group-100": partial(group, 100, "group"),
    "group-json": partial(group, 100, "group-json"),
    "group-1000": partial(group, 1000, "group"),
    "group-5000": partial(group, 5000, "group"),
    "group-10000": partial(group, 10_000, "group"),
}
