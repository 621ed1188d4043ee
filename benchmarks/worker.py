"""Runs the scenarios of one contestant, when the runner says so: one JSON object per line, in and out.

python -m benchmarks.worker CONTESTANT
"""

import asyncio
import gc
import importlib
import json
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Any, TypeAlias, TypeVarTuple

from benchmarks import redis_scenarios, server
from benchmarks.contestant import Contestant
from benchmarks.orders import Order
from benchmarks.scenarios import SCENARIOS, connect, disconnect
from benchmarks.span import Result, Span

Ts = TypeVarTuple("Ts")
Callback: TypeAlias = Callable[[*Ts], object]
Meter: TypeAlias = Callable[[Contestant, Order], Awaitable[Result]]


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts every task that is made and every callback that is scheduled."""

    tasks = 0
    callbacks = 0

    def create_task(self, *args: Any, **kwargs: Any) -> Any:
        self.tasks += 1
        return super().create_task(*args, **kwargs)

    def call_soon(
        self, callback: Callback[*Ts], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self.callbacks += 1
        return super().call_soon(callback, *args, context=context)

    def call_soon_threadsafe(
        self, callback: Callback[*Ts], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self.callbacks += 1
        return super().call_soon_threadsafe(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callback[*Ts], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self.callbacks += 1
        return super().call_at(when, callback, *args, context=context)


class TimingLoop(asyncio.SelectorEventLoop):
    """Notes for how long a callback has kept all others waiting, in seconds of CPU time."""

    longest = 0.0

    def call_soon(
        self, callback: Callback[*Ts], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        def timed() -> None:
            begin = time.thread_time()
            callback(*args)
            self.longest = max(self.longest, time.thread_time() - begin)

        return super().call_soon(timed, context=context)


async def cpu(contestant: Contestant, order: Order) -> Result:
    """Measure the CPU time of an event, in microseconds; or mark its beginning and end."""
    span = Span(order["marks"])
    async with SCENARIOS[order["scenario"]](contestant) as run:
        await run(order["events"] if order["marks"] else order["events"] // 10)
        span.begin()
        await run(order["events"])
        return span.end(order["events"])


async def counts(contestant: Contestant, order: Order) -> Result:
    """Count the tasks and the callbacks of an event."""
    loop: Any = asyncio.get_running_loop()
    events = order["events"]
    async with SCENARIOS[order["scenario"]](contestant) as run:
        await run(events)
        tasks, callbacks = loop.tasks, loop.callbacks
        await run(events)
        return {"tasks": (loop.tasks - tasks) / events, "callbacks": (loop.callbacks - callbacks) / events}


async def hold(contestant: Contestant, order: Order) -> Result:
    """Measure for how long the event loop does one thing, in milliseconds, while a group gets a message."""
    loop: Any = asyncio.get_running_loop()
    longest_turn = 0.0

    async def others() -> None:
        """Get a turn whenever all others had one."""
        nonlocal longest_turn
        while True:
            begin = time.thread_time()
            await asyncio.sleep(0)
            longest_turn = max(longest_turn, time.thread_time() - begin)

    async with SCENARIOS[order["scenario"]](contestant) as run:
        await run(order["events"])
        gc.collect()
        task = asyncio.create_task(others())
        await asyncio.sleep(0)
        loop.longest = longest_turn = 0.0
        await run(order["events"])
        await asyncio.sleep(0)  # The step that has just run is measured when it ends.
        task.cancel()
        return {"hold": loop.longest * 1000, "turn": longest_turn * 1000}


async def size(contestant: Contestant, order: Order) -> Result:
    """Measure what one of many idle connections keeps: bytes, and tasks besides the server's own."""
    events, application = order["events"], order["scenario"]
    await disconnect(await connect(contestant, application, 10))
    gc.collect()
    idle_tasks = len(asyncio.all_tasks())
    tracemalloc.start()
    connections = await connect(contestant, application, events)
    await asyncio.sleep(0)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    tasks = len(asyncio.all_tasks()) - idle_tasks
    await disconnect(connections)
    return {"bytes": kept / events, "tasks": tasks / events - 1}


METERS: dict[str, Meter] = {
    "cpu": cpu,
    "counts": counts,
    "hold": hold,
    "size": size,
    "server-echo": server.echo,
    "server-group": server.group,
    "redis": redis_scenarios.measure,
}
LOOPS: dict[str, type[asyncio.SelectorEventLoop]] = {"counts": CountingLoop, "hold": TimingLoop}


def loop_of(order: Order) -> Callable[[], asyncio.AbstractEventLoop]:
    if order["uvloop"]:
        import uvloop  # Not everybody who runs a few scenarios has it.

        return uvloop.new_event_loop
    return LOOPS.get(order["meter"], asyncio.SelectorEventLoop)


async def obey(contestant: Contestant, order: Order) -> Result:
    async with contestant.running():
        return await METERS[order["meter"]](contestant, order)


def main(name: str) -> None:
    contestant: Contestant = importlib.import_module(f"benchmarks.contestants.{name}").CONTESTANT
    answer({"file": getattr(sys.modules.get("fast_channels"), "__file__", None)})
    for line in sys.stdin:
        order: Order = json.loads(line)
        with asyncio.Runner(loop_factory=loop_of(order)) as runner:
            answer(runner.run(obey(contestant, order)))


def answer(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
