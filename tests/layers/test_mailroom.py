"""The mailroom: which mailboxes there are, and what has become of the messages."""

from fast_channels.layers.mailroom import Mailroom
from tests.layers.conftest import Clock
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
