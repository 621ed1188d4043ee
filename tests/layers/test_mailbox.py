"""Mailboxes: who gets a message, and who is told."""

import asyncio
import logging
from typing import Any

import pytest

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.mailbox import Effects, Letter, Mailbox
from fast_channels.layers.mailroom import Mailroom
from fast_channels.layers.overflow import Overflow
from fast_channels.layers.stats import MailStats
from fast_channels.layers.values import snapshot
from tests.layers.conftest import Clock, soon
from tests.layers.mail import listen, put, start


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


async def test_a_consumer_is_told_once_for_each_message(room: Mailroom) -> None:
    """A consumer is told when its message is in the mailbox and the lock is free."""
    seen: list[Any] = []
    box: Mailbox = listen(room, lambda: seen.append(box.take()))

    for number in range(2):
        effects = put(room, number)
        assert effects is not None
        await effects.apply()

    assert seen == [{"n": 0}, {"n": 1}]


async def test_a_consumer_that_fails_keeps_nobody_from_being_told(
    room: Mailroom, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of one consumer is logged; the others are told, and the sender knows nothing of it."""
    effects, told = Effects(), list[int]()
    effects.callbacks += [lambda: told.append(1), lambda: told.remove(7), lambda: told.append(3)]

    await effects.apply()

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
    effects = put(room, 2)
    assert effects is not None
    turns = Turns()
    turns.at(2, box.take)

    await effects.apply()

    assert turns.count == 2


async def test_a_mailbox_that_nobody_reads_gets_its_turns_once(room: Mailroom) -> None:
    """After turns in which nothing was taken there are no more, until something is taken."""
    box = listen(room, lambda: None)
    crowded = list[int]()
    for number in range(4):
        effects = put(room, number)
        assert effects is not None
        crowded.append(len(effects.half_full))
    box.take()
    effects = put(room, 4)
    assert effects is not None

    assert crowded == [0, 1, 0, 0]
    assert effects.half_full == [box]


async def test_turns_are_limited(room: Mailroom) -> None:
    """The readers get five turns of the event loop."""
    listen(room, lambda: None)
    put(room, 1)
    effects = put(room, 2)
    assert effects is not None
    turns = Turns()

    await effects.apply()

    assert turns.count == 5


def test_a_mailbox_that_nobody_ever_read_gets_no_turns(room: Mailroom) -> None:
    """Messages to a channel without a reader never make their sender wait."""
    all_effects = [put(room, number) for number in range(4)]

    assert not any(effects.half_full for effects in all_effects if effects)


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("drop_oldest", [{"n": 2}, {"n": 3}]),
        ("drop_newest", [{"n": 0}, {"n": 1}]),
        ("close", [ChannelFull, {"n": 3}, None, None]),
    ],
)
async def test_a_full_mailbox_does_what_the_policy_says(
    clock: Clock, caplog: pytest.LogCaptureFixture, policy: Overflow, kept: list[object]
) -> None:
    """Its consumer is called for whatever it can take, and the log names the channel once."""
    room, told = Mailroom(clock, lambda _: 2, policy), list[None]()
    box = listen(room, lambda: told.append(None))
    box.hears_gaps = True
    for number in range(4):
        await put_or_overflow(room, box, number)

    got = [taken(box) for _ in told]

    assert [one for one in got if not (isinstance(one, dict) and "type" in one)] == kept
    assert [record.message for record in caplog.records] == [
        "channel 'a' is full (2 unread messages); it misses messages to its groups until it is read"
    ]


def test_an_outage_is_told_once_to_a_consumer_that_wants_to_know(room: Mailroom) -> None:
    """Until it has heard of it; nobody else is told."""
    told: list[None] = []
    box = listen(room, lambda: told.append(None))
    effects = Effects()

    with room.lock:
        unwanted = box.note_outage(effects)
        box.hears_gaps = True
        noted = [box.note_outage(effects) for _ in range(2)]

    assert (unwanted, noted, len(effects.callbacks)) == (False, [True, False], 1)
    assert box.take() == {"type": "channel.gap", "reason": "outage", "lost": None}
    assert box.take() is None


def test_messages_of_a_kind_can_be_taken_elsewhere(room: Mailroom) -> None:
    """They count as never sent, and the others keep their order."""

    class Special(Letter):
        """A letter that can go back."""

    box = room.open("a")
    with room.lock:
        for number, kind in enumerate((Letter, Special, Letter, Special)):
            box.put(kind(room.clock() + 60, snapshot({"n": number})), room.clock(), Effects())
        withdrawn = box.withdraw(Special)

    assert [letter.snapshot.copy() for letter in withdrawn] == [{"n": 1}, {"n": 3}]
    assert [box.take(), box.take(), box.take()] == [{"n": 0}, {"n": 2}, None]
    assert room.stats() == MailStats(sent=2, taken=2, expired=0, discarded=0, dropped_full=0, unheard=0)
    assert not room.unclaimed
    assert box.withdraw(Special) == []


async def test_a_mailbox_of_which_messages_were_taken_elsewhere_may_overflow_anew(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """It was not full in between, so the log says it again."""
    room = Mailroom(clock, lambda _: 2)
    box = room.open("a")
    for number in range(3):
        await put_or_overflow(room, box, number)
    with room.lock:
        box.withdraw(Letter)

    for number in range(3):
        await put_or_overflow(room, box, number)

    assert [record.message for record in caplog.records if "is full" in record.message] == [
        "channel 'a' is full (2 unread messages); it misses messages to its groups until it is read"
    ] * 2


@pytest.mark.parametrize(("policy", "left"), [("drop_oldest", 2), ("drop_newest", 2), ("close", 0)])
async def test_a_mailbox_that_nobody_reads_overflows_too(clock: Clock, policy: Overflow, left: int) -> None:
    """What is dropped is forgotten, each message that overflows counts, and the rest still expires."""
    room = Mailroom(clock, lambda _: 2, policy)
    box = room.open("a")

    for number in range(3):
        await put_or_overflow(room, box, number)

    assert len(box) == len(room.unclaimed) == left
    assert room.stats().dropped_full == 1


async def test_a_receiver_that_leaves_a_message_wakes_the_next(room: Mailroom) -> None:
    """A receiver that leaves nothing wakes nobody."""
    box = room.open("a")
    with room.lock:
        first, second, third = (box.add_receiver() for _ in range(3))
        box.remove_receiver(first)
    assert second is not None
    assert not second.done()

    put(room, 1)
    with room.lock:
        box.remove_receiver(second)

    assert [waiter and waiter.done() for waiter in (first, second, third)] == [False, True, True]


async def test_what_receivers_leave_expires_like_any_other_message(room: Mailroom, clock: Clock) -> None:
    """A sweep finds it without a search, although somebody was there when it came."""
    taker, cancelled = await start(room), await start(room)
    for number in range(4):
        put(room, number, expiry=10)
    cancelled.cancel()

    assert await taker == {"n": 0}
    assert len(room.unclaimed) == 3
    room.sweep(clock.now + 10)

    assert room.stats() == MailStats(sent=4, taken=1, expired=3, discarded=0, dropped_full=0, unheard=0)
    assert not room.boxes


async def put_or_overflow(room: Mailroom, box: Mailbox, number: int) -> None:
    """Put a message into a mailbox, as a layer does whose senders cannot be told."""
    effects = Effects()
    with room.lock:
        letter = Letter(room.clock() + 60, snapshot({"n": number}))
        if not box.put(letter, room.clock(), effects):
            box.overflow(letter, effects)
    await effects.apply()


def taken(box: Mailbox) -> object:
    """Return what a consumer takes, or the type of the error that it gets."""
    try:
        return box.take()
    except ChannelFull as error:
        return type(error)


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


def test_what_a_receiver_leaves_is_listed_once(room: Mailroom, clock: Clock) -> None:
    """With what was there before it came, and had been listed then."""
    put(room, 1, expiry=10)
    box = room.boxes["a"]
    with room.lock:
        waiter = box.add_receiver()
    put(room, 2, expiry=10)
    with room.lock:
        box.remove_receiver(waiter)

    assert len(room.unclaimed) == 2
    clock.now += 11
    with room.lock:
        room.sweep(clock())
    assert (room.unclaimed, room.stats().expired) == ({}, 2)
