"""The mailroom: which mailboxes there are, and what has become of the messages."""

import pytest

from fast_channels.layers.mailroom import KeepingMailroom, Mailroom
from fast_channels.layers.stats import MailStats
from tests.layers.conftest import Clock, soon
from tests.layers.mail import cancel, put, start


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


async def test_a_mailbox_is_there_while_somebody_receives(room: Mailroom) -> None:
    """The entry of a channel goes with its last receiver."""
    first, second = await start(room), await start(room)

    await cancel(first)
    assert "a" in room.boxes

    await cancel(second)
    assert "a" not in room.boxes


async def test_a_keeping_mailroom_keeps_one_mailbox_that_nobody_needs(clock: Clock) -> None:
    """Whoever comes back finds the same one; another channel takes its place, so no more are kept."""
    room = KeepingMailroom(clock, lambda channel: 100)
    put(room, 1)
    await room.receive("a")
    kept = room.boxes["a"]

    put(room, 2)
    assert await room.receive("a") == {"n": 2}
    assert room.boxes == {"a": kept}

    put(room, 3, channel="b")
    await room.receive("b")
    assert [*room.boxes] == ["b"]


async def test_a_keeping_mailroom_forgets_nothing_that_is_needed(clock: Clock) -> None:
    """A mailbox that is read again, or has a message, stays when another one is kept in its place."""
    room = KeepingMailroom(clock, lambda channel: 100)
    put(room, 1, channel="read")
    await room.receive("read")
    reader = await start(room, "read")
    put(room, 1, channel="full")
    put(room, 2, channel="full")
    await room.receive("full")

    put(room, 1, channel="kept")
    await room.receive("kept")

    assert {channel: len(box) for channel, box in room.boxes.items()} == {"read": 0, "full": 1, "kept": 0}
    await cancel(reader)


def test_a_consumer_is_told_of_the_messages_that_wait_already(room: Mailroom) -> None:
    """Once for each, as if they had come after it."""
    told: list[None] = []
    put(room, 1)
    put(room, 2)

    box = room.listen("a", lambda: told.append(None))

    assert len(told) == 2
    assert [box.take(), box.take(), box.take()] == [{"n": 1}, {"n": 2}, None]


def test_a_channel_has_one_consumer(room: Mailroom) -> None:
    """The second is refused, and the first goes on."""
    box = room.listen("a", lambda: None)

    with pytest.raises(
        RuntimeError, match="a consumer listens on channel 'a' already; a channel has only one"
    ):
        room.listen("a", lambda: None)

    assert room.boxes == {"a": box}


async def test_whoever_waits_for_a_channel_that_is_closed_fails(room: Mailroom) -> None:
    """All of them, also when the name is used again at once."""
    tasks = [await start(room), await start(room)]

    with room.lock:
        room.empty("a", detach=True)
        room.empty("b", detach=True)
    put(room, 1)

    for task in tasks:
        with pytest.raises(RuntimeError, match=r"channel 'a' was closed while receive\(\) waited"):
            await soon(task)
    assert await soon(room.receive("a")) == {"n": 1}


async def test_consumers_and_receivers_stay_when_all_messages_are_thrown_away(room: Mailroom) -> None:
    """A mailbox that nobody reads goes with its messages."""
    box, waiting = room.listen("a", lambda: None), await start(room, "b")
    put(room, 1, channel="a")
    put(room, 2, channel="c")

    with room.lock:
        room.empty_all(detach=False)
    put(room, 3, channel="a")
    put(room, 4, channel="b")

    assert sorted(room.boxes) == ["a", "b"]
    assert box.take() == {"n": 3}
    assert await soon(waiting) == {"n": 4}
    assert room.stats() == MailStats(sent=4, taken=2, expired=0, discarded=2, dropped_full=0, unheard=0)


async def test_whoever_waits_when_a_mailroom_ends_gets_its_error(room: Mailroom) -> None:
    """An error of its own each, and so does whoever comes later; what waits already can be taken."""
    tasks = [await start(room), await start(room, "b")]
    with room.lock:
        room.end(lambda: ConnectionError("no more"))
    put(room, 1, channel="c")

    errors: list[ConnectionError] = []
    for task in (*tasks, room.receive("a")):
        with pytest.raises(ConnectionError, match="no more") as caught:
            await soon(task)
        errors.append(caught.value)
    assert len({id(error) for error in errors}) == 3
    assert await soon(room.receive("c")) == {"n": 1}


def test_counts_can_be_added() -> None:
    """A layer has a mailroom in each of its event loops."""
    total = MailStats(9, 1, 2, 3, 4, 5) + MailStats(1, 1, 1, 1, 1, 1)

    assert total == MailStats(10, 2, 3, 4, 5, 6)
    assert total.waiting == 1
