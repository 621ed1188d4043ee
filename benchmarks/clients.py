"""The clients of a server, in a process of their own: lines on stdin say when, lines on stdout say what.

python -m benchmarks.clients CLIENTS_ORDER_AS_JSON
"""

import asyncio
import json
import sys
import time

from websockets.asyncio.client import ClientConnection, connect

from benchmarks.orders import ClientsOrder

PER_SECOND = 1000
"""Questions of all clients together while the latency is measured."""


class Client:
    """One connection, and what it does."""

    def __init__(self, connection: ClientConnection, order: ClientsOrder) -> None:
        self._connection = connection
        self._order = order

    @classmethod
    async def begin(cls, order: ClientsOrder) -> "Client":
        url = f"ws://127.0.0.1:{order['port']}{order['path']}"
        client = cls(await connect(url, compression=None, ping_interval=None, open_timeout=60), order)
        if order["hello"]:
            await client._connection.send(order["hello"])
            while not str(await client._connection.recv()).startswith(order["hello"]):
                pass
        return client

    async def hear(self) -> None:
        """Wait for an answer."""
        while not str(await self._connection.recv()).startswith(self._order["message"]):
            pass

    async def ask(self, times: int) -> None:
        """Ask when the last answer has come."""
        for _ in range(times):
            await self._connection.send(self._order["question"])
            await self.hear()

    async def ask_in_time(self, first: float, times: int, latencies: list[float]) -> None:
        """Ask at fixed times; what begins late, because an answer was late, counts from its time."""
        pause = self._order["connections"] / PER_SECOND
        for number in range(times):
            due = first + number * pause
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await self.ask(1)
            latencies.append((time.perf_counter() - due) * 1000)

    async def close(self) -> None:
        await self._connection.close()


async def measure_latency(clients: list[Client], events: int) -> dict[str, float]:
    latencies: list[float] = []
    now = time.perf_counter() + 0.1
    each = max(1, events // len(clients))
    await asyncio.gather(
        *(client.ask_in_time(now + n / PER_SECOND, each, latencies) for n, client in enumerate(clients))
    )
    latencies.sort()
    return {name: latencies[int(len(latencies) * part)] for name, part in (("p50", 0.5), ("p99", 0.99))}


async def main(order: ClientsOrder) -> None:
    clients = [await Client.begin(order) for _ in range(order["connections"])]
    each = max(1, order["events"] // len(clients))
    if order["question"]:
        await asyncio.gather(*(client.ask(3) for client in clients))
        report({"ready": 1})
        sys.stdin.readline()
        await asyncio.gather(*(client.ask(each) for client in clients))
        report({"done": 1})
        report(await measure_latency(clients, order["paced"]) if order["paced"] else {})
    else:
        report({"ready": 1})
        for _ in range(each):
            await asyncio.gather(*(client.hear() for client in clients))
            report({"heard": 1})
    sys.stdin.readline()
    await asyncio.gather(*(client.close() for client in clients))


def report(value: dict[str, float]) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
