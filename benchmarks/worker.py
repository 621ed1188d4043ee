"""Runs the scenarios of one contestant, when the runner says so: one JSON object per line, in and out.

    python worker.py CONTESTANT

Each order has `meter` (a key of METERS), `scenario` and `events`.
"""

import asyncio
import gc
import importlib
import json
import os
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from typing import Any

from scenarios import SCENARIOS, Contestant, idle
from server import serve

Result = dict[str, float]
Meter = Callable[[Contestant, str, int], Awaitable[Result]]


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts every task that is made and every callback that is scheduled."""

    tasks = 0
    callbacks = 0

    def create_task(self, *args: Any, **kwargs: Any) -> Any:
        self.tasks += 1
        return super().create_task(*args, **kwargs)

    def call_soon(self, *args: Any, **kwargs: Any) -> asyncio.Handle:
        self.callbacks += 1
        return super().call_soon(*args, **kwargs)

    def call_soon_threadsafe(self, *args: Any, **kwargs: Any) -> asyncio.Handle:
        self.callbacks += 1
        return super().call_soon_threadsafe(*args, **kwargs)

    def call_at(self, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:
        self.callbacks += 1
        return super().call_at(*args, **kwargs)


async def cpu(contestant: Contestant, scenario: str, events: int) -> Result:
    """Measure the CPU time of an event, in microseconds."""
    async with SCENARIOS[scenario](contestant) as run:
        await run(events // 10)
        gc.collect()
        begin = time.process_time()
        await run(events)
        return {"cpu": (time.process_time() - begin) / events * 1e6}


async def counts(contestant: Contestant, scenario: str, events: int) -> Result:
    """Count the tasks and the callbacks of an event; its loop is a CountingLoop."""
    loop: Any = asyncio.get_running_loop()
    async with SCENARIOS[scenario](contestant) as run:
        await run(events)
        tasks, callbacks = loop.tasks, loop.callbacks
        await run(events)
        return {"tasks": (loop.tasks - tasks) / events, "callbacks": (loop.callbacks - callbacks) / events}


async def marks(contestant: Contestant, scenario: str, events: int) -> Result:
    """Call getppid() before and after: valgrind writes down its counters there."""
    async with SCENARIOS[scenario](contestant) as run:
        await run(events)
        gc.collect()
        os.getppid()
        await run(events)
        os.getppid()
    return {}


async def size(contestant: Contestant, scenario: str, events: int) -> Result:
    """Measure what one of many idle connections keeps: bytes, and tasks besides the server's own."""
    for connection in await idle(contestant, scenario, 10):
        await connection.close()
    gc.collect()
    tracemalloc.start()
    connections = await idle(contestant, scenario, events)
    await asyncio.sleep(0)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    tasks = len(asyncio.all_tasks()) - 1
    for connection in connections:
        await connection.close()
    return {"bytes": kept / events, "tasks": tasks / events - 1}


METERS: dict[str, Meter] = {"cpu": cpu, "counts": counts, "marks": marks, "size": size, "uvicorn": serve}


def main(name: str) -> None:
    contestant: Any = importlib.import_module(f"contestants.{name}")
    answer({"file": getattr(sys.modules.get("fast_channels"), "__file__", None)})
    for line in sys.stdin:
        order = json.loads(line)
        contestant.reset()
        loop_factory = CountingLoop if order["meter"] == "counts" else asyncio.SelectorEventLoop
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            meter = METERS[order["meter"]]
            answer(runner.run(meter(contestant, order["scenario"], order["events"])))


def answer(value: Any) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
