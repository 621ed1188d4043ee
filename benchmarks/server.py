"""The text echo behind a real server: uvicorn here, and its clients in a process of their own."""

import asyncio
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenarios import Contestant

CONNECTIONS = 100


async def serve(contestant: "Contestant", scenario: str, events: int) -> dict[str, float]:
    """Measure the CPU time that the server takes for an event, in microseconds."""
    # Not every contestant's interpreter has it.
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    application = contestant.APPLICATIONS[scenario]
    config = uvicorn.Config(
        application,
        loop="asyncio",
        lifespan="off",
        log_level="error",
        ws_per_message_deflate=False,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    port = listener.getsockname()[1]
    clients = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("clients.py")),
        *map(str, (port, CONNECTIONS, max(1, events // CONNECTIONS))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert clients.stdin is not None
    assert clients.stdout is not None
    await clients.stdout.readline()
    begin = time.process_time()
    clients.stdin.write(b"go\n")
    done = await clients.stdout.readline()
    used = time.process_time() - begin
    clients.stdin.close()
    await clients.wait()
    server.should_exit = True
    await serving
    if not done:
        raise RuntimeError("the clients gave up")
    return {"cpu": used / events * 1e6}
