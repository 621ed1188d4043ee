"""The clients of an echo server: they connect, wait for a line on stdin, and echo.

python clients.py PORT CONNECTIONS EVENTS
"""

import asyncio
import sys

from websockets.asyncio.client import ClientConnection, connect

from messages import TEXT


async def echo(connection: ClientConnection, events: int) -> None:
    for _ in range(events):
        await connection.send(TEXT)
        await connection.recv()


async def main(port: int, connections: int, events: int) -> None:
    opened = [await connect(f"ws://127.0.0.1:{port}/", compression=None) for _ in range(connections)]
    await asyncio.gather(*(echo(connection, 3) for connection in opened))
    print("ready", flush=True)
    sys.stdin.readline()
    await asyncio.gather(*(echo(connection, events) for connection in opened))
    print("done", flush=True)
    sys.stdin.readline()
    for connection in opened:
        await connection.close()


asyncio.run(main(*map(int, sys.argv[1:])))
