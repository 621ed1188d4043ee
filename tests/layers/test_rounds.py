"""Messages to large groups, which reach a part of the members in each turn of the event loop."""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.layers import InMemoryChannelLayer, rounds
from fast_channels.layers.mailbox import Mailbox
from fast_channels.layers.rounds import LARGE, PER_TURN
from tests.layers.conftest import Clock, soon

SIZE = 3 * PER_TURN + 1
NAMES = [f"m{number}" for number in range(SIZE)]
LAST = NAMES[-1]


class Members:
    """Members of the group "g", whose channels have these names and are read by nobody.

    Attributes:
        told: How often each was told of a message.
    """

    def __init__(self, layer: InMemoryChannelLayer, names: list[str]) -> None:
        self.told: list[str] = []
        self._boxes = {name: layer.listen(name, self._telling(name)) for name in names}

    @classmethod
    async def join(cls, layer: InMemoryChannelLayer, names: list[str] = NAMES) -> "Members":
        """Let them join the group."""
        made = cls(layer, names)
        for name in names:
            await layer.group_add("g", name)
        return made

    def _telling(self, name: str) -> Callable[[], None]:
        return lambda: self.told.append(name)

    def got(self, name: str) -> list[int]:
        """Take the messages of a member."""
        return numbers(self._boxes[name])


def numbers(box: Mailbox) -> list[int]:
    """Take all messages."""
    got: list[int] = []
    while (message := box.take()) is not None:
        got.append(message["n"])
    return got


def step(sending: Coroutine[Any, Any, None]) -> bool:
    """Let a sender go on to its next turn of the event loop; return whether it has ended."""
    try:
        sending.send(None)
    except StopIteration:
        return True
    return False


async def test_no_turn_of_the_loop_serves_more_than_a_part_of_a_large_group() -> None:
    """However large the group is; the members are told in the turn in which they get the message."""
    layer = InMemoryChannelLayer()
    members = await Members.join(layer)
    counts: list[int] = []

    sending = asyncio.create_task(layer.group_send("g", {"n": 1}))
    while not sending.done():
        await asyncio.sleep(0)
        counts.append(len(members.told))

    assert counts[:4] == [PER_TURN, 2 * PER_TURN, 3 * PER_TURN, SIZE]
    assert members.told == NAMES
    assert [members.got(name) for name in NAMES] == [[1]] * SIZE


async def test_a_small_group_needs_no_turn() -> None:
    """All its members get the message before anything else happens."""
    layer = InMemoryChannelLayer()
    members = await Members.join(layer, NAMES[:LARGE])

    assert step(layer.group_send("g", {"n": 1}))

    assert members.told == NAMES[:LARGE]


async def test_later_messages_of_other_senders_come_later() -> None:
    """To the same group, to another one, and to a channel: whoever sends while a message is on its way."""
    layer = InMemoryChannelLayer()
    members = await Members.join(layer)
    await layer.group_add("small", LAST)

    first, second = layer.group_send("g", {"n": 1}), layer.group_send("g", {"n": 2})
    assert not step(first)
    assert not step(second)
    assert step(layer.group_send("small", {"n": 3}))
    assert step(layer.send(LAST, {"n": 4}))
    before = members.got(LAST)
    # The second overtakes the first, which hands out its messages nevertheless.
    while not step(second):
        pass
    while not step(first):
        pass

    assert before == [1, 2, 3, 4]
    assert members.got(LAST) == []
    assert {tuple(members.got(name)) for name in NAMES[:-1]} == {(1, 2)}
    assert sorted(members.told) == sorted([*NAMES, *NAMES, LAST, LAST])


async def test_who_joins_meanwhile_gets_the_next_message() -> None:
    """A message is for the members that the group had when it was sent."""
    layer = InMemoryChannelLayer()
    await Members.join(layer)
    sending = layer.group_send("g", {"n": 1})
    assert not step(sending)

    late = await Members.join(layer, ["late"])
    while not step(sending):
        pass
    await soon(layer.group_send("g", {"n": 2}))

    assert late.got("late") == [2]


@pytest.mark.parametrize("way", ["group_discard", "close_channel", "flush", "close"])
async def test_who_leaves_meanwhile_gets_nothing_more(way: str) -> None:
    """As if it had left before; what a part of the members has already got stays where it is."""
    layer = InMemoryChannelLayer()
    members = await Members.join(layer)
    sending = layer.group_send("g", {"n": 1})
    assert not step(sending)

    arguments = {"group_discard": ("g", LAST), "close_channel": (LAST,)}.get(way, ())
    await getattr(layer, way)(*arguments)
    while not step(sending):
        pass

    assert members.got(LAST) == []
    everybody = way in {"group_discard", "close_channel"}
    assert len(members.told) == (SIZE - 1 if everybody else PER_TURN)
    assert "m1" in layer.channels or not everybody


async def test_who_leaves_and_comes_back_meanwhile_gets_it_once() -> None:
    """It is a member when its turn comes."""
    layer = InMemoryChannelLayer()
    members = await Members.join(layer)
    sending = layer.group_send("g", {"n": 1})
    assert not step(sending)

    for name in (NAMES[0], LAST):
        await layer.group_discard("g", name)
        await layer.group_add("g", name)
    while not step(sending):
        pass

    assert (members.got(NAMES[0]), members.got(LAST)) == ([1], [1])


@pytest.mark.parametrize("end", ["cancel", "close"])
async def test_a_sender_that_is_cancelled_has_sent_to_all(end: str) -> None:
    """A message never reaches a part of its group, also when the garbage collector ends its sender."""
    layer = InMemoryChannelLayer()
    members = await Members.join(layer)

    if end == "cancel":
        task = asyncio.create_task(layer.group_send("g", {"n": 1}))
        await asyncio.sleep(0)
        assert len(members.told) == PER_TURN
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        sending = layer.group_send("g", {"n": 1})
        assert not step(sending)
        sending.close()

    assert members.told == NAMES
    assert step(layer.send(LAST, {"n": 2}))
    assert members.got(LAST) == [1, 2]


async def test_a_message_expires_from_when_it_was_sent(clock: Clock) -> None:
    """Not from when its turn came."""
    layer = InMemoryChannelLayer(expiry=10, clock=clock)
    members = await Members.join(layer)
    sending = layer.group_send("g", {"n": 1})
    assert not step(sending)

    clock.now += 9
    while not step(sending):
        pass
    clock.now += 1

    assert members.got(LAST) == []


async def test_full_members_are_told_of_as_in_a_small_group(caplog: pytest.LogCaptureFixture) -> None:
    """Each once, although a message comes in parts."""
    layer = InMemoryChannelLayer(capacity=1)
    await Members.join(layer)

    for number in range(3):
        await soon(layer.group_send("g", {"n": number}))

    assert layer.stats().dropped_full == 2 * SIZE
    assert len(caplog.records) == SIZE


def test_code_without_an_event_loop_sends_to_a_large_group() -> None:
    """Its call returns when all members have the message."""
    layer = InMemoryChannelLayer()
    members = asyncio.run(Members.join(layer))

    layer.sync_group_send("g", {"n": 1})

    assert members.told == NAMES


@contextmanager
def parts_of(size: int) -> Generator[None]:
    """Let a large group be one with more members than this."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "PER_TURN", size)
        patch.setattr("fast_channels.layers.in_memory.LARGE", size)
        yield


CHANNELS = ["a", "b", "c", "d"]
GROUPS = {"g": CHANNELS, "h": CHANNELS[1:3]}


class World:
    """A layer whose senders go on when a test says so, and what every channel should get.

    Attributes:
        expected: The messages of each channel.
    """

    def __init__(self) -> None:
        self.expected: dict[str, list[int]] = {name: [] for name in CHANNELS}
        self._sending: list[Coroutine[Any, Any, None]] = []
        self._layer = InMemoryChannelLayer()
        self._boxes = {name: self._layer.listen(name, lambda: None) for name in CHANNELS}
        for group, names in GROUPS.items():
            for name in names:
                step(self._layer.group_add(group, name))

    def send(self, number: int, target: str) -> None:
        """Begin to send a message to a group or a channel."""
        send = self._layer.group_send if target in GROUPS else self._layer.send
        for name in GROUPS.get(target, [target]):
            self.expected[name].append(number)
        self._go_on(send(target, {"n": number}))

    def step(self, _number: int, index: int) -> None:
        """Let a sender go on."""
        if self._sending:
            self._go_on(self._sending.pop(index % len(self._sending)))

    def cancel(self, _number: int, index: int) -> None:
        """End a sender."""
        if self._sending:
            self._sending.pop(index % len(self._sending)).close()

    def _go_on(self, sender: Coroutine[Any, Any, None]) -> None:
        if not step(sender):
            self._sending.append(sender)

    def got(self) -> dict[str, list[int]]:
        """Let all senders end, and return what each channel has got."""
        while self._sending:
            self.step(0, 0)
        return {name: numbers(box) for name, box in self._boxes.items()}


acts = st.one_of(
    st.tuples(st.just(World.send), st.sampled_from([*CHANNELS, *GROUPS])),
    st.tuples(st.sampled_from([World.step, World.cancel]), st.integers(0, 3)),
)


@pytest.mark.property
@given(st.lists(acts, max_size=12), st.integers(1, 4))
def test_turns_change_no_order(acts: list[tuple[Any, Any]], size: int) -> None:
    """Each channel gets exactly what it would get if every message reached all members when it was sent."""
    with parts_of(size):
        world = World()

        for number, (act, target) in enumerate(acts):
            act(world, number, target)

        assert world.got() == world.expected
