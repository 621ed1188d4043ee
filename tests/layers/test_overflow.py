"""What becomes of messages to a full mailbox, and what its consumer hears of them and of outages."""

from typing import Any

import pytest

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.mailbox import Effects, Letter, Mailbox, notify_all
from fast_channels.layers.mailroom import Mailroom
from fast_channels.layers.overflow import Overflow, require_overflow
from fast_channels.layers.stats import MailStats
from fast_channels.layers.values import snapshot
from tests.layers.conftest import Clock, soon
from tests.layers.mail import listen


def full(clock: Clock, policy: Overflow, *, hears: bool = True) -> tuple[Mailroom, Mailbox, list[None]]:
    """Return a room whose only mailbox is full of four messages, and what its consumer was told."""
    room = Mailroom(clock, lambda _: 4, policy)
    told: list[None] = []
    box = listen(room, lambda: told.append(None))
    box.hears_gaps = hears
    for number in range(4):
        add(room, number)
    return room, box, told


def add(room: Mailroom, number: int, channel: str = "a") -> Effects:
    """Put a message into a mailbox, as a layer does whose senders cannot be told."""
    effects = Effects()
    with room.lock:
        letter = Letter(room.clock() + 60, snapshot({"n": number}))
        if not room.open(channel).put(letter, room.clock(), effects):
            room.open(channel).overflow(letter, effects)
    notify_all(effects.callbacks)
    return effects


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

    all_effects = [add(room, number) for number in (4, 5, 6)]

    assert take_all(box) == [gap(3), *({"n": number} for number in kept)]
    # One call for each message that there was to take, and one for the gap.
    assert len(told) == 5
    assert [len(effects.overflowed) for effects in all_effects] == [1, 0, 0]
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
    effects = Effects()
    with room.lock:
        assert not box.note_outage(effects)

    assert take_all(box) == [{"n": number} for number in range(1, 5)]
    assert len(told) == 4
    assert effects.callbacks == []
    assert room.dropped_full == 1


def test_an_outage_is_told_once(clock: Clock) -> None:
    """However often the layer was away, the consumer that comes late hears of it once, which counts once."""
    room, box, told = full(clock, "drop_oldest")
    effects = Effects()
    with room.lock:
        assert box.note_outage(effects)
        assert not box.note_outage(effects)
    notify_all(effects.callbacks)

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


def test_a_policy_that_there_is_not_is_refused() -> None:
    """With the names of those that there are."""
    policy: Any = "drop"

    assert require_overflow("drop_newest") == "drop_newest"
    with pytest.raises(ValueError, match=r"overflow has to be one of .*'drop_oldest'.*'close'.*, not 'drop'"):
        require_overflow(policy)
