"""Mailboxes: who gets a message, and who is told."""

import asyncio
import gc
import logging
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.mailbox import Aftermath, Letter, Mailbox, Mailroom, MailStats, Overflow, tell
from fast_channels.layers.values import snapshot
from tests.layers.conftest import Clock, soon


@pytest.fixture
def room(clock: Clock) -> Mailroom:
    """A room whose mailboxes hold four messages."""
    return Mailroom(clock, lambda _: 4)


def put(room: Mailroom, number: int, expiry: float = 60, channel: str = "a") -> Aftermath | None:
    """Put a message into a mailbox; return what is left to do, or `None` if it was refused."""
    aftermath = Aftermath()
    with room.lock:
        now = room.clock()
        letter = Letter(now + expiry, snapshot({"n": number}))
        return aftermath if room.open(channel).put(letter, now, aftermath) else None


def listen(room: Mailroom, notify: Any, channel: str = "a") -> Mailbox:
    """Attach a consumer to a channel."""
    with room.lock:
        box = room.open(channel)
        box.attend(notify)
    return box


async def start(room: Mailroom, channel: str = "a") -> asyncio.Task[dict[str, Any]]:
    """Return a task that already waits for a message."""
    task = asyncio.create_task(room.receive(channel))
    await asyncio.sleep(0)
    return task


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_waited_for_needs_no_place(room: Mailroom) -> None:
    """A burst finds as many places as there are receivers, however few messages the channel holds."""
    tasks = [await start(room) for _ in range(6)]

    accepted = [put(room, number) is not None for number in range(7)]

    assert accepted == [True] * 6 + [False]
    assert [await soon(task) for task in tasks] == [{"n": number} for number in range(6)]


async def test_messages_come_out_in_the_order_in_which_they_went_in(room: Mailroom) -> None:
    """A mailbox is first in, first out."""
    for number in range(4):
        put(room, number)

    assert [await room.receive("a") for _ in range(4)] == [{"n": number} for number in range(4)]


def test_a_mailbox_looks_like_a_queue(room: Mailroom) -> None:
    """`len()`, `qsize()` and `empty()` say how many messages wait."""
    box = listen(room, lambda: None)
    assert (len(box), box.qsize(), box.empty()) == (0, 0, True)

    put(room, 1)
    put(room, 2)

    assert (len(box), box.qsize(), box.empty()) == (2, 2, False)


def test_a_full_mailbox_refuses_and_keeps_what_it_has(room: Mailroom) -> None:
    """The newest message is the one that is lost."""
    box = listen(room, lambda: None)
    accepted = [put(room, number) is not None for number in range(6)]

    assert accepted == [True] * 4 + [False] * 2
    assert [box.take() for _ in range(5)] == [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}, None]


def test_messages_that_are_due_make_room(room: Mailroom, clock: Clock) -> None:
    """A mailbox is full only of messages that somebody may still get."""
    for number in range(4):
        put(room, number, expiry=10 if number < 2 else 20)
    clock.now += 10

    assert put(room, 4) is not None
    assert len(room.boxes["a"]) == 3
    assert room.stats() == MailStats(sent=5, taken=0, expired=2, discarded=0, dropped_full=0, unheard=0)


def test_messages_that_are_due_are_not_delivered(room: Mailroom, clock: Clock) -> None:
    """`take()` skips what is due, at the very second, and counts it."""
    box = listen(room, lambda: None)
    put(room, 1, expiry=10)
    put(room, 2, expiry=10)
    put(room, 3, expiry=10.5)
    clock.now += 10

    assert [box.take(), box.take()] == [{"n": 3}, None]
    assert room.stats() == MailStats(sent=3, taken=1, expired=2, discarded=0, dropped_full=0, unheard=0)


def test_taking_from_a_mailbox_of_due_messages_gives_nothing(room: Mailroom, clock: Clock) -> None:
    """When all that waited is due, `take()` answers `None`."""
    box = listen(room, lambda: None)
    put(room, 1)
    clock.now += 60

    assert box.take() is None
    assert box.empty()


def test_a_sweep_frees_what_is_due_and_the_mailboxes_it_leaves_empty(room: Mailroom, clock: Clock) -> None:
    """Messages that nobody comes for go in the order in which they are due, wherever they are."""
    put(room, 1, expiry=10, channel="a")
    put(room, 2, expiry=10, channel="b")
    put(room, 3, expiry=20, channel="b")

    room.sweep(clock.now + 10)

    assert {channel: len(box) for channel, box in room.boxes.items()} == {"b": 1}
    assert len(room.unclaimed) == 1


async def test_what_was_taken_is_not_remembered(room: Mailroom) -> None:
    """Neither the mailbox nor the list of unclaimed messages outlives the last message."""
    for number in range(3):
        put(room, number)
        await room.receive("a")

    assert not room.boxes
    assert not room.unclaimed


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


async def test_a_mailbox_is_there_while_somebody_receives(room: Mailroom) -> None:
    """The entry of a channel goes with its last receiver."""
    first, second = await start(room), await start(room)

    await cancel(first)
    assert "a" in room.boxes

    await cancel(second)
    assert "a" not in room.boxes


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


async def test_a_consumer_is_told_once_for_each_message(room: Mailroom) -> None:
    """A consumer is told when its message is in the mailbox and the lock is free."""
    seen: list[Any] = []
    box: Mailbox = listen(room, lambda: seen.append(box.take()))

    for number in range(2):
        aftermath = put(room, number)
        assert aftermath is not None
        await aftermath.settle()

    assert seen == [{"n": 0}, {"n": 1}]


async def test_a_consumer_that_fails_keeps_nobody_from_being_told(
    room: Mailroom, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of one consumer is logged; the others are told, and the sender knows nothing of it."""
    aftermath, told = Aftermath(), list[int]()
    aftermath.notices += [lambda: told.append(1), lambda: told.remove(7), lambda: told.append(3)]

    await aftermath.settle()

    assert told == [1, 3]
    assert [(record.name, record.levelno) for record in caplog.records] == [
        ("fast_channels.layers", logging.ERROR)
    ]


async def test_a_channel_with_a_consumer_can_be_received_from_too(room: Mailroom) -> None:
    """A message goes to the consumer or to the receiver, whoever is first, and to one of them only."""
    box = listen(room, lambda: None)
    task = await start(room)
    put(room, 1)
    put(room, 2)

    assert await soon(task) == {"n": 1}
    assert [box.take(), box.take()] == [{"n": 2}, None]


def test_throwing_away_is_counted(room: Mailroom) -> None:
    """What is discarded is neither taken nor waiting."""
    box = listen(room, lambda: None)
    put(room, 1)
    put(room, 2)
    box.take()

    box.discard_all()

    assert room.stats() == MailStats(sent=2, taken=1, expired=0, discarded=1, dropped_full=0, unheard=0)
    assert room.stats().waiting == 0


async def test_turns_end_when_the_mailbox_has_been_read(room: Mailroom) -> None:
    """The sender waits no longer than until the mailbox is less than half full."""
    box = listen(room, lambda: None)
    put(room, 1)
    aftermath = put(room, 2)
    assert aftermath is not None
    turns = Turns()
    turns.at(2, box.take)

    await aftermath.settle()

    assert turns.count == 2


async def test_a_mailbox_that_nobody_reads_gets_its_turns_once(room: Mailroom) -> None:
    """After turns in which nothing was taken there are no more, until something is taken."""
    box = listen(room, lambda: None)
    crowded = list[int]()
    for number in range(4):
        aftermath = put(room, number)
        assert aftermath is not None
        crowded.append(len(aftermath.crowded))
    box.take()
    aftermath = put(room, 4)
    assert aftermath is not None

    assert crowded == [0, 1, 0, 0]
    assert aftermath.crowded == [box]


async def test_turns_are_limited(room: Mailroom) -> None:
    """The readers get five turns of the event loop."""
    listen(room, lambda: None)
    put(room, 1)
    aftermath = put(room, 2)
    assert aftermath is not None
    turns = Turns()

    await aftermath.settle()

    assert turns.count == 5


def test_a_mailbox_that_nobody_ever_read_gets_no_turns(room: Mailroom) -> None:
    """Messages to a channel without a reader never make their sender wait."""
    aftermaths = [put(room, number) for number in range(4)]

    assert not any(aftermath.crowded for aftermath in aftermaths if aftermath)


class Turns:
    """Counts the turns of the running event loop."""

    def __init__(self) -> None:
        self.count = 0
        self._plans: dict[int, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._turn)

    def at(self, turn: int, call: Any) -> None:
        """Call something in a turn."""
        self._plans[turn] = call

    def _turn(self) -> None:
        self.count += 1
        self._plans.get(self.count, lambda: None)()
        if self.count < 20:
            self._loop.call_soon(self._turn)


# Overflows and outages


def full(clock: Clock, policy: Overflow, *, hears: bool = True) -> tuple[Mailroom, Mailbox, list[None]]:
    """Return a room whose only mailbox is full of four messages, and what its consumer was told."""
    room = Mailroom(clock, lambda _: 4, policy)
    told: list[None] = []
    box = listen(room, lambda: told.append(None))
    box.hears_gaps = hears
    for number in range(4):
        add(room, number)
    return room, box, told


def add(room: Mailroom, number: int, channel: str = "a") -> Aftermath:
    """Put a message into a mailbox, as a layer does whose senders cannot be told."""
    aftermath = Aftermath()
    with room.lock:
        letter = Letter(room.clock() + 60, snapshot({"n": number}))
        if not room.open(channel).put(letter, room.clock(), aftermath):
            room.open(channel).overflow(letter, aftermath)
    tell(aftermath.notices)
    return aftermath


def take_all(box: Mailbox) -> list[dict[str, Any]]:
    """Return everything that a mailbox holds."""
    taken: list[dict[str, Any]] = []
    while (message := box.take()) is not None:
        taken.append(message)
    return taken


def gap(lost: int) -> dict[str, Any]:
    """Return what a consumer is told of an overflow."""
    return {"type": "channel.gap", "reason": "overflow", "lost": lost}


OUTAGE = {"type": "channel.gap", "reason": "outage", "lost": None}


@pytest.mark.parametrize(("policy", "kept"), [("drop_oldest", [3, 4, 5, 6]), ("drop_newest", [0, 1, 2, 3])])
def test_an_overflow_is_told_before_what_is_left(clock: Clock, policy: Overflow, kept: list[int]) -> None:
    """A consumer that wants to know hears exactly how many messages it missed, once."""
    room, box, told = full(clock, policy)

    aftermaths = [add(room, number) for number in (4, 5, 6)]

    assert take_all(box) == [gap(3), *({"n": number} for number in kept)]
    # One call for each message that there was to take, and one for the gap.
    assert len(told) == 5
    assert [len(aftermath.overflowed) for aftermath in aftermaths] == [1, 0, 0]
    assert room.stats() == MailStats(4, 4, 0, 0, 3, 0)


def test_a_consumer_that_stays_slow_is_not_told_of_every_message(clock: Clock) -> None:
    """After a first gap the next one comes when it has caught up, with all that it missed meanwhile."""
    room, box, _ = full(clock, "drop_oldest")
    got: list[dict[str, Any] | None] = []
    for number in range(4, 10):
        add(room, number)
        add(room, number + 100)
        got.append(box.take())

    # One message was lost at first, and two more with each of those that came later.
    assert [message for message in got if message is not None and "type" in message] == [gap(2)]
    assert take_all(box)[-1] == gap(room.dropped_full - 2)
    assert box.take() is None

    for number in range(5):
        add(room, number)
    assert take_all(box) == [gap(1), *({"n": number} for number in range(1, 5))]


def test_who_does_not_want_to_know_gets_messages_only(clock: Clock) -> None:
    """Without a handler for gaps there are none; the room counts all the same."""
    room, box, told = full(clock, "drop_oldest", hears=False)

    add(room, 4)
    aftermath = Aftermath()
    with room.lock:
        assert not box.note_outage(aftermath)

    assert take_all(box) == [{"n": number} for number in range(1, 5)]
    assert len(told) == 4
    assert aftermath.notices == []
    assert room.dropped_full == 1


def test_an_outage_is_told_once(clock: Clock) -> None:
    """However often the layer was away, the consumer that comes late hears of it once, which counts once."""
    room, box, told = full(clock, "drop_oldest")
    aftermath = Aftermath()
    with room.lock:
        assert box.note_outage(aftermath)
        assert not box.note_outage(aftermath)
    tell(aftermath.notices)

    assert box.take() == OUTAGE
    assert box.take() == {"n": 0}
    assert len(told) == 5


def test_messages_without_a_reader_are_replaced_too(clock: Clock) -> None:
    """What is dropped from a mailbox that nobody reads is forgotten, and the rest still expires."""
    room = Mailroom(clock, lambda _: 2, "drop_oldest")
    for number in range(5):
        add(room, number)
    assert len(room.unclaimed) == 2

    clock.now += 60
    room.sweep(clock.now)

    assert room.boxes == {}
    assert room.unclaimed == {}
    assert room.stats() == MailStats(2, 0, 2, 0, 3, 0)


async def test_an_overflow_may_fail_the_reader(clock: Clock) -> None:
    """With the policy "close" the consumer is told by an error, and everything begins anew."""
    room, box, told = full(clock, "close")

    add(room, 4)

    assert len(told) == 5
    with pytest.raises(ChannelFull, match="channel 'a' was not read in time"):
        box.take()
    assert box.take() is None
    add(room, 5)
    assert box.take() == {"n": 5}
    assert room.stats().discarded == 4


async def test_a_receiver_fails_too(clock: Clock) -> None:
    """Whoever waits in `receive()` when it happens gets the error."""
    room = Mailroom(clock, lambda _: 1, "close")
    for number in range(2):
        add(room, number)

    with pytest.raises(ChannelFull):
        await soon(room.receive("a"))
