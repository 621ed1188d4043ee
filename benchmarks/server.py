"""The same applications behind a real server: uvicorn here, and its clients in a process of their own."""

import asyncio
import json
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.contestant import Application, Contestant
from benchmarks.orders import ClientsOrder, Order
from benchmarks.span import Result, Span

ECHOING = 100
LISTENING = 200


class Clients:
    """The process of the clients."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(b"go\n")

    async def said(self) -> Result:
        """Return the next line of theirs."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the clients gave up")
        result: Result = json.loads(line)
        return result

    async def end(self) -> None:
        self.go_on()
        await self._process.wait()


@asynccontextmanager
async def serving(application: Application) -> AsyncGenerator[int]:
    """Serve an application in the running event loop, on a port."""
    import uvicorn  # Late, as it takes time that other scenarios do not have.

    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_level="error",
        ws_ping_interval=None,
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def _clients(
    contestant: Contestant, application: str, connections: int, question: str, events: int, paced: int
) -> AsyncGenerator[Clients]:
    dialect = contestant.dialect
    async with serving(contestant.applications[application]) as port:
        order = ClientsOrder(
            port=port,
            connections=connections,
            path=f"{dialect.path}?{dialect.query}",
            hello=dialect.hello,
            question=question,
            message=dialect.message,
            events=events,
            paced=paced,
        )
        command = [sys.executable, "-m", "benchmarks.clients", json.dumps(order)]
        clients = Clients(await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE))
        await clients.said()
        yield clients
        await clients.end()


async def echo(contestant: Contestant, order: Order) -> Result:
    """Measure the CPU time of the server for an echo, and latencies in milliseconds at a fixed rate."""
    span = Span(order["marks"])
    events = order["events"]
    question = contestant.dialect.questions[order["scenario"]]
    paced = 0 if order["marks"] else events // 2
    async with _clients(contestant, order["scenario"], ECHOING, question, events, paced) as clients:
        span.begin()
        clients.go_on()
        await clients.said()
        return {**span.end(events), **await clients.said()}


async def group(contestant: Contestant, order: Order) -> Result:
    """Measure the CPU time that the server takes for a delivery to one of many members."""
    span = Span(order["marks"])
    times = max(2, order["events"] // LISTENING)
    deliver = contestant.deliver[order["scenario"]]
    async with _clients(contestant, order["scenario"], LISTENING, "", times * LISTENING, 0) as clients:
        await deliver()
        await clients.said()
        span.begin()
        for _ in range(times - 1):
            await deliver()
            await clients.said()
        return span.end((times - 1) * LISTENING)
