"""The clients of the load, in a process of their own.

python -m benchmarks.load_clients LOAD_ORDER_AS_JSON

With `members` they are members of a group at several servers, and wait for a line with the number of
messages that were sent; else they are idle or busy at one. They print a line when all are connected, and
one each second, or at the end.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from typing import TypedDict

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.tally import Tally, percentile

AT_ONCE = 50
"""Handshakes at the same time."""

STILL_SECONDS = 10.0
"""After so many seconds without a message nothing more comes."""


class LoadOrder(TypedDict):
    """What the clients do.

    Attributes:
        ports: Of the servers.
        idle: How many clients do nothing.
        busy: How many ask once a second.
        members: How many are members of a group, at each server.
        seconds: For how long the busy ones ask.
    """

    ports: list[int]
    idle: int
    busy: int
    members: int
    seconds: float


async def open_all(urls: Iterable[str]) -> list[ClientConnection]:
    """Connect to all URLs, some at the same time."""
    few = asyncio.Semaphore(AT_ONCE)

    async def open_one(url: str) -> ClientConnection:
        async with few:
            return await connect(url, compression=None, ping_interval=None, open_timeout=60)

    return await asyncio.gather(*map(open_one, urls))


class Busy:
    """A client that asks once a second, and expects every number of the news."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._news: int | None = None
        self.missing = 0

    async def ask(self, due: float, until: float, latencies: list[float]) -> None:
        """Ask when it is time; the latency counts from then."""
        number = 0
        while due < until:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            number += 1
            await self._connection.send(json.dumps({"type": "ask", "number": number}))
            await self._hear(number)
            latencies.append((time.perf_counter() - due) * 1000)
            due += 1.0

    async def _hear(self, number: int) -> None:
        while True:
            message = json.loads(await self._connection.recv())
            if message["type"] == "answer":
                if message["number"] != number:
                    raise RuntimeError(f"the answer to {number} is {message['number']}")
                return
            if self._news is not None:
                self.missing += message["number"] - self._news - 1
            self._news = message["number"]


async def put_under_load(order: LoadOrder) -> None:
    (port,) = order["ports"]
    idle = await open_all(f"ws://127.0.0.1:{port}/idle" for _ in range(order["idle"]))
    busy = [Busy(one) for one in await open_all(f"ws://127.0.0.1:{port}/busy" for _ in range(order["busy"]))]
    report({"ready": len(idle) + len(busy)})
    latencies: list[float] = []
    first = time.perf_counter() + 0.5
    until = first + order["seconds"]
    tasks = [
        asyncio.create_task(one.ask(first + n / len(busy), until, latencies)) for n, one in enumerate(busy)
    ]
    all_done = asyncio.gather(*tasks)
    while not all_done.done():
        await asyncio.wait([all_done], timeout=1.0)
        seen = sorted(latencies)
        latencies.clear()
        if seen:
            second = time.perf_counter() - first
            report(
                {
                    "second": second,
                    "answers": len(seen),
                    "p50": percentile(seen, 50),
                    "p99": percentile(seen, 99),
                }
            )
    await all_done
    report(
        {"missing": sum(one.missing for one in busy), "left": sum(one.close_code is not None for one in idle)}
    )


async def account_for_all(order: LoadOrder) -> None:
    urls = [f"ws://127.0.0.1:{port}/member" for port in order["ports"] for _ in range(order["members"])]
    connections = await open_all(urls)
    tallies = [Tally() for _ in connections]
    last = time.perf_counter()

    async def hear(connection: ClientConnection, tally: Tally) -> None:
        nonlocal last
        async for frame in connection:
            tally.add(str(frame))
            last = time.perf_counter()

    tasks = [asyncio.create_task(hear(*pair)) for pair in zip(connections, tallies, strict=True)]
    report({"ready": len(connections)})
    sent = json.loads(await asyncio.to_thread(sys.stdin.readline))["sent"]
    while min(tally.accounted for tally in tallies) < sent and time.perf_counter() - last < STILL_SECONDS:  # noqa: ASYNC110
        await asyncio.sleep(0.1)  # an event for each frame would slow down what is measured
    report(
        {
            "delivered": sum(tally.delivered for tally in tallies),
            "counted": sum(tally.counted for tally in tallies),
            "missing": sum(abs(sent - tally.accounted) for tally in tallies),
            "disorder": sum(tally.disorder for tally in tallies),
        }
    )
    for task in tasks:
        task.cancel()


def report(value: dict[str, float]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    given: LoadOrder = json.loads(sys.argv[1])
    asyncio.run(account_for_all(given) if given["members"] else put_under_load(given))
