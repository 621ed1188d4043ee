"""What the Redis layers cost: CPU of one process, per item, of layers alone and of consumers on them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from benchmarks.contestant import Contestant, Layer
from benchmarks.orders import Order
from benchmarks.scenarios import group
from benchmarks.span import Result, Span

MESSAGE = {"type": "chat.message", "text": "x" * 120, "user": "someone", "n": 1}
MEMBERS = 1000
CONSUMERS = 100
IDLE_SECONDS = 2

Step: TypeAlias = Callable[[], Awaitable[Any]]
Scenario: TypeAlias = Callable[[Contestant, Layer, int], Awaitable[Result]]


async def _repeat(step: Step, times: int, items: int = 1) -> Result:
    await step()
    span = Span(marks=False)
    span.begin()
    for _ in range(times):
        await step()
    return span.end(times * items)


class Members:
    """Channels of a group, each with a task that waits for its messages."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._left = 0
        self._all = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def join(self) -> None:
        """Let them join the group."""
        for _ in range(MEMBERS):
            channel = await self._layer.new_channel()
            self._tasks.append(asyncio.create_task(self._receive(channel)))
            await self._layer.group_add("g", channel)
        # The peers' layers do not say when the server knows of it.
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

    async def _receive(self, channel: str) -> None:
        while True:
            await self._layer.receive(channel)
            self._left -= 1
            if not self._left:
                self._all.set()


async def _receivers(_contestant: Contestant, layer: Layer, events: int) -> Result:
    members = Members(layer)
    await members.join()
    result = await _repeat(members.broadcast, max(1, events // MEMBERS), MEMBERS)
    await members.leave()
    return result


async def _consumers(contestant: Contestant, layer: Layer, events: int) -> Result:
    assert contestant.use is not None
    contestant.use(layer)
    async with group(CONSUMERS, "group", contestant) as run:
        await asyncio.sleep(0.5)
        return await _repeat(lambda: run(CONSUMERS), max(1, events // CONSUMERS), CONSUMERS)


async def _new_channel(_contestant: Contestant, layer: Layer, events: int) -> Result:
    return await _repeat(layer.new_channel, events)


async def _send(_contestant: Contestant, layer: Layer, events: int) -> Result:
    return await _repeat(lambda: layer.group_send("nobody", MESSAGE), events)


async def _send_50(_contestant: Contestant, layer: Layer, events: int) -> Result:
    async def step() -> None:
        await asyncio.gather(*(layer.group_send("nobody", MESSAGE) for _ in range(50)))

    return await _repeat(step, max(1, events // 50), 50)


async def _work(_contestant: Contestant, layer: Layer, events: int) -> Result:
    async def step() -> None:
        await layer.send("work", MESSAGE)
        await layer.receive("work")

    return await _repeat(step, events)


async def _idle(_contestant: Contestant, layer: Layer, _events: int) -> Result:
    members = Members(layer)
    await members.join()
    start = time.process_time()
    await asyncio.sleep(IDLE_SECONDS)
    used = time.process_time() - start
    await members.leave()
    return {"cpu": used / IDLE_SECONDS * 1e6}


SCENARIOS: dict[str, tuple[str, dict[str, Any], Scenario]] = {
    "receivers": ("PubSub", {}, _receivers),
    "encrypted": ("PubSub", {"symmetric_encryption_keys": ["key"]}, _receivers),
    "queue": ("", {"capacity": 10_000}, _receivers),
    "consumers": ("PubSub", {}, _consumers),
    "send": ("PubSub", {}, _send),
    "send-50": ("PubSub", {}, _send_50),
    "new-channel": ("PubSub", {}, _new_channel),
    "work": ("", {"prefix": "work"}, _work),
    "idle": ("PubSub", {}, _idle),
}


async def measure(contestant: Contestant, order: Order) -> Result:
    """Measure the CPU time of an item, in microseconds."""
    kind, options, scenario = SCENARIOS[order["scenario"]]
    assert contestant.redis is not None
    layer = contestant.redis(kind, order["url"], **options)
    result = await scenario(contestant, layer, order["events"])
    await layer.flush()
    for name in ("close", "close_pools"):
        if hasattr(layer, name):
            await getattr(layer, name)()
            break
    return result
