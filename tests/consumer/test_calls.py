"""Calls of other threads into an event loop."""

import asyncio
import threading

import pytest

from fast_channels.consumer.calls import call_in_turns
from fast_channels.layers.rounds import PER_TURN
from tests.blocked import wait_all_tasks_blocked


def in_another_thread(loop: asyncio.AbstractEventLoop, called: list[int], *numbers: int) -> None:
    """Let another thread make calls, while the event loop does nothing."""

    def call() -> None:
        for number in numbers:
            call_in_turns(loop, called.append, number)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


async def test_no_turn_makes_more_than_a_part_of_many_calls() -> None:
    """They are made in order, and the event loop does something else in between."""
    called: list[int] = []
    counts: list[int] = []
    numbers = range(3 * PER_TURN + 1)

    in_another_thread(asyncio.get_running_loop(), called, *numbers)
    while len(called) < len(numbers):
        await asyncio.sleep(0)
        counts.append(len(called))

    assert called == [*numbers]
    assert max(after - before for before, after in zip([0, *counts], counts, strict=False)) == PER_TURN


async def test_calls_come_at_any_time() -> None:
    """Also when all before them have been made, or while some have not."""
    called: list[int] = []
    loop = asyncio.get_running_loop()

    for number in range(3):
        in_another_thread(loop, called, *[number] * (PER_TURN + 1))
        await asyncio.sleep(0)
    await wait_all_tasks_blocked()

    assert called == [number for number in range(3) for _ in range(PER_TURN + 1)]


def test_a_closed_event_loop_takes_no_call() -> None:
    """Whoever calls is told, each time."""
    loop = asyncio.new_event_loop()
    loop.close()

    for _ in range(2):
        with pytest.raises(RuntimeError, match="closed"):
            call_in_turns(loop, print)
