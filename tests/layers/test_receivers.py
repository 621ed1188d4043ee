"""Receivers: which of those who wait gets a message, and what a receiver that ends leaves behind."""

import asyncio
import gc
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from fast_channels.layers.mailroom import Mailroom
from tests.layers.conftest import soon
from tests.layers.mail import cancel, listen, put, start


async def test_each_message_goes_to_one_of_those_who_wait(room: Mailroom) -> None:
    """Receivers of one channel share its messages, first come, first served."""
    tasks = [await start(room) for _ in range(3)]

    for number in range(3):
        put(room, number)

    assert await asyncio.gather(*tasks) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert not room.boxes


async def test_a_cancelled_receiver_strands_nobody(room: Mailroom) -> None:
    """When one of two receivers is cancelled, the other gets the next message."""
    first, second = await start(room), await start(room)
    await cancel(first)

    put(room, 1)

    assert await soon(second) == {"n": 1}


async def test_a_receiver_cancelled_when_it_was_just_woken_passes_the_message_on(room: Mailroom) -> None:
    """A message whose receiver is cancelled before it ran goes to the next receiver."""
    first, second = await start(room), await start(room)

    put(room, 1)
    first.cancel()

    assert await soon(second) == {"n": 1}
    assert first.cancelled()


async def test_a_receiver_cancelled_alone_leaves_the_message(room: Mailroom) -> None:
    """A message whose only receiver is cancelled waits for the next one."""
    task = await start(room)
    put(room, 1)
    await cancel(task)

    assert await soon(room.receive("a")) == {"n": 1}


async def test_a_receiver_that_is_already_cancelled_is_not_counted_on(room: Mailroom) -> None:
    """A message sent between the cancellation of a receiver and its end goes to the next one, or waits."""
    first, second = await start(room), await start(room)

    first.cancel()
    put(room, 1)
    assert await soon(second) == {"n": 1}

    third = await start(room)
    third.cancel()
    put(room, 2)
    assert await soon(room.receive("a")) == {"n": 2}


async def test_an_abandoned_receiver_passes_the_message_on(room: Mailroom) -> None:
    """A receiver that is closed by the garbage collector strands nobody."""
    abandoned = room.receive("a")
    abandoned.send(None)
    second = await start(room)
    put(room, 1)

    del abandoned
    gc.collect()

    assert await soon(second) == {"n": 1}


async def test_receivers_that_give_up_leave_nothing_behind(room: Mailroom) -> None:
    """Polling a channel that somebody else keeps open, again and again, takes no memory."""
    listen(room, lambda: None)
    await cancel(await start(room))
    before = count_futures()

    for _ in range(20):
        await cancel(await start(room))

    assert count_futures() == before


def count_futures() -> int:
    """Return how many futures there are, apart from tasks."""
    gc.collect()
    return sum(type(thing) is asyncio.Future for thing in gc.get_objects())


async def test_a_receiver_waits_again_when_another_was_faster(room: Mailroom) -> None:
    """A receiver that was woken for a message which somebody else took goes on waiting."""
    task = await start(room)

    put(room, 1)
    taken = room.boxes["a"].take()
    await asyncio.sleep(0)
    put(room, 2)

    assert taken == {"n": 1}
    assert await soon(task) == {"n": 2}


async def test_receivers_of_a_closed_loop_are_passed_over(room: Mailroom) -> None:
    """A receiver whose event loop was closed under it does not swallow a message."""
    dead: list[asyncio.Task[dict[str, Any]]] = []
    threads = [threading.Thread(target=receive_and_close_the_loop, args=(room, dead)) for _ in range(2)]
    for thread in threads:
        thread.start()
        await asyncio.to_thread(thread.join)
    alive = await start(room)

    put(room, 1)

    assert await soon(alive) == {"n": 1}
    end(dead)


def test_a_receiver_of_a_loop_closed_in_the_same_thread_is_passed_over(room: Mailroom) -> None:
    """One thread may run one loop after another; what was left in the first one is passed over."""
    dead: list[asyncio.Task[dict[str, Any]]] = []
    receive_and_close_the_loop(room, dead)

    async def receive_alone() -> dict[str, Any]:
        alive = await start(room)
        put(room, 1)
        return await soon(alive)

    assert asyncio.run(receive_alone()) == {"n": 1}
    end(dead)


def receive_and_close_the_loop(room: Mailroom, tasks: list[asyncio.Task[dict[str, Any]]]) -> None:
    """Leave a task that waits for a message in a loop which is closed, with nobody having cancelled it."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)
    tasks.append(loop.run_until_complete(start(room)))
    loop.close()


def end(tasks: list[asyncio.Task[dict[str, Any]]]) -> None:
    """Close what tasks of closed loops were doing."""
    for task in tasks:
        coroutine = task.get_coro()
        assert isinstance(coroutine, Coroutine)
        coroutine.close()


async def test_a_message_from_another_thread_wakes_a_receiver(room: Mailroom) -> None:
    """A receiver is woken in its own event loop."""
    task = await start(room)

    await asyncio.to_thread(put, room, 1)

    assert await asyncio.wait_for(task, 5) == {"n": 1}


async def test_a_receiver_may_be_cancelled_while_another_thread_wakes_it(
    room: Mailroom, caplog: pytest.LogCaptureFixture
) -> None:
    """The message of a receiver that ends before the call from the other thread reaches it is not lost."""
    task = await start(room)
    sender = threading.Thread(target=put, args=(room, 1))
    sender.start()
    sender.join()

    await cancel(task)

    assert await soon(room.receive("a")) == {"n": 1}
    assert not caplog.records


async def test_all_receivers_can_be_told_to_look(room: Mailroom) -> None:
    """Those of a closed channel find that it is closed; nobody waits any more."""
    tasks = [await start(room) for _ in range(3)]
    receivers = room.boxes["a"].receivers

    with room.lock:
        receivers.wake_all()
    assert not receivers.waiting
    for number in range(3):
        put(room, number)

    assert [await soon(task) for task in tasks] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert receivers.count == 0
