"""Compare the Redis layers with those of fast-channels 1.1.0: CPU of one process, per item.

    python benchmarks/redis_layers.py [ROUNDS]

Needs a redis-server on the PATH, and this library with its extra `redis` in the interpreter that runs it. In
each round both contestants run every scenario, one after the other; the table shows the median of the rounds.
A delivery is counted as consumers get it: pushed into their mailbox here, asked for with `receive()` there.
"""

import asyncio
import json
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import Any

from peers import environment, peers_python

MESSAGE = {"type": "chat.message", "text": "x" * 120, "user": "someone", "n": 1}
MEMBERS = 1000


async def cpu(step: Callable[[], Awaitable[Any]], times: int, items: int = 1) -> float:
    """Return the microseconds of CPU per item."""
    await step()
    start = time.process_time()
    for _ in range(times):
        await step()
    return (time.process_time() - start) / times / items * 1e6


class Members:
    """1,000 consumers in a group, as simple as can be."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer
        self._left = 0
        self._all = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self) -> None:
        """Let them join the group."""
        for _ in range(MEMBERS):
            channel = await self._layer.new_channel()
            if hasattr(self._layer, "listen"):
                self._listen(channel)
            else:
                self._tasks.append(asyncio.create_task(self._receive(channel)))
            await self._layer.group_add("g", channel)
        # The published layer does not say when the server knows of it.
        await asyncio.sleep(0.5)

    async def broadcast(self) -> None:
        """Send one message to all, and wait until all have it."""
        self._left = MEMBERS
        self._all.clear()
        await self._layer.group_send("g", MESSAGE)
        await asyncio.wait_for(self._all.wait(), 60)

    async def leave(self) -> None:
        """End them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _listen(self, channel: str) -> None:
        call_soon = asyncio.get_running_loop().call_soon
        box = self._layer.listen(channel, lambda: call_soon(take))

        def take() -> None:
            box.take()
            self._took()

    async def _receive(self, channel: str) -> None:
        while True:
            await self._layer.receive(channel)
            self._took()

    def _took(self) -> None:
        self._left -= 1
        if not self._left:
            self._all.set()


async def fan_out(layer: Any) -> float:
    members = Members(layer)
    await members.join()
    result = await cpu(members.broadcast, 10, MEMBERS)
    await members.leave()
    return result


async def new_channel(layer: Any) -> float:
    return await cpu(layer.new_channel, 2000)


async def one_sender(layer: Any) -> float:
    return await cpu(lambda: layer.group_send("nobody", MESSAGE), 1000)


async def fifty_senders(layer: Any) -> float:
    return await cpu(
        lambda: asyncio.gather(*(layer.group_send("nobody", MESSAGE) for _ in range(50))), 20, 50
    )


async def work(layer: Any) -> float:
    async def step() -> None:
        await layer.send("work", MESSAGE)
        await layer.receive("work")

    return await cpu(step, 200)


async def idle(layer: Any) -> float:
    members = Members(layer)
    await members.join()
    start = time.process_time()
    await asyncio.sleep(5)
    used = (time.process_time() - start) / 5 * 1e6
    await members.leave()
    return used


SCENARIOS: dict[str, tuple[str, dict[str, Any], Callable[[Any], Awaitable[float]]]] = {
    "delivery to one of 1,000 members, pub/sub": ("PubSub", {}, fan_out),
    "the same, encrypted": ("PubSub", {"symmetric_encryption_keys": ["key"]}, fan_out),
    "the same, queue layer": ("", {"capacity": 10_000}, fan_out),
    "new_channel()": ("PubSub", {}, new_channel),
    "group_send(), one after the other": ("PubSub", {}, one_sender),
    "group_send(), 50 at once": ("PubSub", {}, fifty_senders),
    "send() and receive() of a worker": ("", {"prefix": "work"}, work),
    "one second of 1,000 idle consumers": ("PubSub", {}, idle),
}


async def measure(url: str) -> dict[str, float]:
    """Return the figures of whichever library this interpreter has."""
    from fast_channels.layers import redis

    results: dict[str, float] = {}
    for title, (kind, options, scenario) in SCENARIOS.items():
        # The published layer cannot wait longer than redis-py's time-out, so it gets none.
        host = {"address": url, "socket_timeout": None}
        layer: Any = getattr(redis, f"Redis{kind}ChannelLayer")(hosts=[host], **options)
        results[title] = await scenario(layer)
        await layer.flush()
        if hasattr(layer, "close"):
            await layer.close()
    return results


@contextmanager
def server() -> Any:
    """Start a Redis server; its URL."""
    binary = shutil.which("redis-server")
    if binary is None:
        sys.exit("there is no redis-server on the PATH")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout or ():
        if "eady to accept" in line:
            break
    try:
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def main(rounds: int) -> None:
    """Print the table."""
    interpreters = {"ours": sys.executable, "published": peers_python()}
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in interpreters}
    with server() as url:
        for _ in range(rounds):
            for name, python in interpreters.items():
                done = subprocess.run(
                    [python, __file__, "--measure", url],
                    env=environment(name),
                    stdout=subprocess.PIPE,
                    check=True,
                )
                figures[name].append(json.loads(done.stdout))
    print("| CPU, µs | this library | fast-channels 1.1.0 | ratio |\n|---|--:|--:|--:|")
    for title in SCENARIOS:
        ours, theirs = (statistics.median(f[title] for f in figures[name]) for name in interpreters)
        print(f"| {title} | {ours:.1f} | {theirs:.1f} | {theirs / ours:.1f} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(asyncio.run(measure(sys.argv[2]))))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 3)
