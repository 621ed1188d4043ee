"""Workers in processes of their own, which real signals stop and real outages disturb."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from fast_channels.layers.redis import RedisChannelLayer
from tests.layers.redis.process import ROOT
from tests.layers.redis.server import RedisServer

SECONDS = 20


class Process:
    """A worker of one channel.

    Attributes:
        pid: Its process.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def said(self, text: str) -> str:
        """Return the next line of its log that has a text in it."""
        assert self._process.stderr is not None
        async with asyncio.timeout(SECONDS):
            while True:
                line = (await self._process.stderr.readline()).decode()
                assert line, f"it has ended without saying {text!r}"
                if text in line:
                    return line

    async def ended(self) -> int:
        """Return its exit code when it has ended."""
        return await asyncio.wait_for(self._process.wait(), SECONDS)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it like a power cut, if it has not ended."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()


@asynccontextmanager
async def a_worker(url: str, prefix: str, *options: str) -> AsyncGenerator[Process]:
    """Start a worker, and return it when it listens."""
    module = "tests.layers.redis.jobs"
    arguments = ["worker", f"{module}:layer", f"work={module}:Job", "--app-dir", str(ROOT), *options]
    environment = {**os.environ, "JOBS_REDIS": url, "JOBS_PREFIX": prefix}
    process = Process(
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fast_channels", *arguments),
            cwd=ROOT,
            env=environment,
            stderr=asyncio.subprocess.PIPE,
        )
    )
    try:
        await process.said("listening to work")
        yield process
    finally:
        await process.kill()


Starter = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(redis: RedisServer, prefix: str) -> AsyncGenerator[Starter]:
    """Starts workers on the shared server, and kills those that are left."""
    async with AsyncExitStack() as stack:

        async def one(*options: str) -> Process:
            return await stack.enter_async_context(a_worker(redis.url, prefix, *options))

        yield one


@pytest.fixture
async def layer(redis: RedisServer, prefix: str) -> AsyncGenerator[RedisChannelLayer]:
    """The layer of whoever has work, and hears what became of it."""
    async with RedisChannelLayer([redis.url], prefix, capacity=1000) as layer:
        yield layer


async def reported(layer: RedisChannelLayer) -> dict[str, Any]:
    """Return what a worker says next."""
    return await asyncio.wait_for(layer.receive("report"), SECONDS)


async def hold(layer: RedisChannelLayer) -> int:
    """Return which worker has begun to work, and goes on until it is told to end."""
    await layer.send("work", {"type": "hold"})
    pid: int = (await reported(layer))["begun"]
    return pid


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_handler_finish(
    layer: RedisChannelLayer, start: Starter, number: signal.Signals
) -> None:
    """Then the worker ends with 0; what it has not begun waits for others, in order."""
    worker = await start()
    await hold(layer)
    for n in range(3):
        await layer.send("work", {"type": "count", "number": n})

    worker.signal(number)
    await worker.said("stopping")
    await layer.send(f"go.{worker.pid}", {})

    assert await reported(layer) == {"ended": worker.pid}
    assert await worker.ended() == 0
    left = [(await asyncio.wait_for(layer.receive("work"), SECONDS))["number"] for _ in range(3)]
    assert left == [0, 1, 2]


async def test_a_worker_that_waits_stops_at_once(layer: RedisChannelLayer, start: Starter) -> None:
    """With nothing to do it loses nothing either: what comes now is for others."""
    worker = await start()

    worker.signal(signal.SIGTERM)

    assert await worker.ended() == 0
    await layer.send("work", {"type": "later"})
    assert await asyncio.wait_for(layer.receive("work"), SECONDS) == {"type": "later"}


async def test_a_handler_that_takes_too_long_is_cancelled(layer: RedisChannelLayer, start: Starter) -> None:
    """After `--stop-timeout` seconds, with an error in the log."""
    worker = await start("--stop-timeout", "0.2")
    await hold(layer)

    worker.signal(signal.SIGTERM)

    await worker.said("the consumer of channel 'work' did not finish within 0.2 s, and is cancelled")
    assert await worker.ended() == 0


async def test_the_second_signal_ends_it_at_once(layer: RedisChannelLayer, start: Starter) -> None:
    """Whoever is in a hurry need not know the number of the process's kill."""
    worker = await start()
    await hold(layer)

    worker.signal(signal.SIGTERM)
    await worker.said("stopping")
    worker.signal(signal.SIGTERM)

    assert await worker.ended() == -signal.SIGTERM


async def test_two_workers_share_a_queue(layer: RedisChannelLayer, start: Starter) -> None:
    """Both work at the same time, and each message is handled exactly once."""
    one, two = await start(), await start()
    assert {await hold(layer), await hold(layer)} == {one.pid, two.pid}
    for worker in (one, two):
        await layer.send(f"go.{worker.pid}", {})
        assert await reported(layer) == {"ended": worker.pid}

    for n in range(300):
        await layer.send("work", {"type": "count", "number": n})

    reports = [await reported(layer) for _ in range(300)]
    assert sorted(report["number"] for report in reports) == list(range(300))
    for worker in (one, two):
        own = [report["number"] for report in reports if report["pid"] == worker.pid]
        assert own == sorted(own)
        worker.signal(signal.SIGTERM)
        assert await worker.ended() == 0
    # Nobody has said anything else.
    await layer.send("report", {"end": True})
    assert await reported(layer) == {"end": True}


async def test_a_worker_that_is_killed_leaves_the_queue_to_others(
    layer: RedisChannelLayer, start: Starter
) -> None:
    """All but the message that it was working on."""
    one = await start()
    await hold(layer)
    for n in range(10):
        await layer.send("work", {"type": "count", "number": n})

    await one.kill()
    two = await start()

    assert [await reported(layer) for _ in range(10)] == [{"number": n, "pid": two.pid} for n in range(10)]


async def test_a_worker_that_stops_under_load_loses_nothing(layer: RedisChannelLayer, start: Starter) -> None:
    """Each message is handled exactly once, by the one that stops or by the one that comes after it."""
    one = await start()
    for n in range(500):
        await layer.send("work", {"type": "count", "number": n})
    numbers = [(await reported(layer))["number"] for _ in range(50)]

    one.signal(signal.SIGTERM)
    assert await one.ended() == 0
    await start()

    numbers += [(await reported(layer))["number"] for _ in range(450)]
    assert numbers == list(range(500))


async def test_a_worker_goes_on_after_an_outage(own_redis: RedisServer) -> None:
    """It waits for Redis, during its work and from the beginning."""
    async with (
        RedisChannelLayer([own_redis.url], capacity=1000) as layer,
        a_worker(own_redis.url, "asgi") as worker,
    ):
        await layer.send("work", {"type": "count", "number": 1})
        assert await reported(layer) == {"number": 1, "pid": worker.pid}

        own_redis.kill()
        async with a_worker(own_redis.url, "asgi") as late:
            own_redis.start()
            assert {await hold(layer), await hold(layer)} == {worker.pid, late.pid}
            worker.signal(signal.SIGTERM)
            await worker.said("stopping")
            await layer.send(f"go.{worker.pid}", {})
            assert await worker.ended() == 0
