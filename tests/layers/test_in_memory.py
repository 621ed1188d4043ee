"""The channel layer of a single process."""

import asyncio
import gc
import inspect
import logging
import re
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from fast_channels.exceptions import ChannelFull
from fast_channels.layers import InMemoryChannelLayer
from fast_channels.layers import in_memory as module
from tests.layers.conftest import Clock, soon

Message = dict[str, Any]


def finish(step: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that does not wait, without any event loop."""
    with pytest.raises(StopIteration) as caught:
        step.send(None)
    return caught.value.value


async def start(layer: InMemoryChannelLayer, channel: str) -> asyncio.Task[Message]:
    """Return a task that already waits for a message."""
    task = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)
    return task


def members(layer: InMemoryChannelLayer) -> dict[str, set[str]]:
    """Return the names of the members of all groups."""
    return {group: set(names) for group, names in layer.groups.items()}


# What the published package promises


def test_the_arguments_are_those_of_the_published_package() -> None:
    """Names, order and defaults of the constructor are what existing code passes."""
    parameters = inspect.signature(InMemoryChannelLayer).parameters.values()

    assert [(p.name, p.default) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD] == [
        ("expiry", 60),
        ("group_expiry", 86400),
        ("capacity", 100),
        ("channel_capacity", None),
    ]
    assert InMemoryChannelLayer.extensions == ["groups", "flush"]
    assert {"InMemoryGroups", "InMemoryQueueData"} <= set(module.__all__)


async def test_a_channel_is_listed_while_a_message_waits() -> None:
    """`channels` has an entry by the full name, and none when the last message was taken."""
    layer = InMemoryChannelLayer()
    channel = await layer.new_channel()
    await layer.send(channel, {"n": 1})
    await layer.send(channel, {"n": 2})

    assert await layer.receive(channel) == {"n": 1}
    assert layer.channels[channel].qsize() == 1

    assert await layer.receive(channel) == {"n": 2}
    assert channel not in layer.channels


async def test_a_channel_is_listed_while_somebody_receives() -> None:
    """`channels` has an entry while a receiver waits, and none when it has given up."""
    layer = InMemoryChannelLayer()
    task = await start(layer, "a")
    assert layer.channels["a"].empty()

    task.cancel()
    await asyncio.wait([task])

    assert layer.channels == {}


async def test_a_receiver_outlives_the_removal_of_its_entry() -> None:
    """A test that deletes the entry of a channel takes no message away from its receiver or the next one."""
    layer = InMemoryChannelLayer()
    task = await start(layer, "a")
    await layer.send("a", {"n": 1})

    del layer.channels["a"]
    await layer.send("a", {"n": 2})

    assert await soon(task) == {"n": 1}
    assert len(layer.channels["a"]) == 1


async def test_an_empty_message_is_a_message() -> None:
    """Messages need no type and no content."""
    layer = InMemoryChannelLayer()

    await layer.send("a", {})

    assert await layer.receive("a") == {}


async def test_the_error_of_a_full_channel_names_it() -> None:
    """`ChannelFull` says which channel is full, and how much it holds."""
    layer = InMemoryChannelLayer(channel_capacity={"small.*": 2})
    await layer.send("small.a", {})
    await layer.send("small.a", {})

    with pytest.raises(ChannelFull, match=r"channel 'small\.a' is full: its capacity is 2 unread messages"):
        await layer.send("small.a", {})
    await layer.send("other", {})


async def test_every_receiver_owns_what_it_gets() -> None:
    """Members of a group get equal messages and share none of their parts."""
    layer = InMemoryChannelLayer()
    message = {"users": [{"name": "ada"}]}
    for channel in ("a", "b"):
        await layer.group_add("g", channel)
    await layer.group_send("g", message)
    message["users"].clear()

    first = await layer.receive("a")
    first["users"][0]["name"] = "eve"

    assert await layer.receive("b") == {"users": [{"name": "ada"}]}


@pytest.mark.parametrize("name", ["", "a b", "a\n", "x" * 100, None])
async def test_names_are_checked_wherever_they_are_given(name: Any) -> None:
    """Every method refuses a bad name with `TypeError`."""
    layer = InMemoryChannelLayer()
    calls: list[Callable[[], Coroutine[Any, Any, Any]]] = [
        lambda: layer.send(name, {}),
        lambda: layer.receive(name),
        lambda: layer.group_add(name, "a"),
        lambda: layer.group_add("g", name),
        lambda: layer.group_discard(name, "a"),
        lambda: layer.group_discard("g", name),
        lambda: layer.group_send(name, {}),
        lambda: layer.new_channel(name),
    ]

    for call in calls:
        with pytest.raises(TypeError, match="name must be a valid unicode string"):
            await call()
    with pytest.raises(TypeError, match="Channel name must be"):
        layer.listen(name, lambda: None)
    assert (layer.channels, layer.groups) == ({}, {})


async def test_bad_messages_are_refused_before_anything_happens() -> None:
    """A message that no layer can carry is an error of its sender, with and without a receiver."""
    layer = InMemoryChannelLayer()
    await layer.group_add("g", "a")

    with pytest.raises(TypeError, match=r'message\["when"\] is a set'):
        await layer.send("a", {"when": {1}})
    with pytest.raises(TypeError, match=r'message\["when"\] is a set'):
        await layer.group_send("g", {"when": {1}})
    assert layer.channels == {}


@pytest.mark.parametrize(
    ("prefix", "pattern"),
    [
        ("specific.", r"specific\.inmemory![0-9a-f]{24}"),
        ("chat", r"chat\.inmemory![0-9a-f]{24}"),
        ("a..", r"a\.\.inmemory![0-9a-f]{24}"),
    ],
)
async def test_new_channels_have_names_that_nobody_can_guess(prefix: str, pattern: str) -> None:
    """A new name begins with the prefix, is valid, and is another one each time."""
    layer = InMemoryChannelLayer()

    names = [await layer.new_channel(prefix) for _ in range(3)]

    assert len(set(names)) == 3
    assert all(re.fullmatch(pattern, name) and layer.require_valid_channel_name(name) for name in names)


async def test_the_default_prefix_is_that_of_channels() -> None:
    """Without an argument a name begins with "specific."."""
    assert (await InMemoryChannelLayer().new_channel()).startswith("specific.inmemory!")


@pytest.mark.parametrize("prefix", ["a!b", "a!", "x" * 80])
async def test_a_prefix_that_leads_to_no_name_is_refused(prefix: str) -> None:
    """A prefix cannot hold a "!", nor make the name too long."""
    with pytest.raises(TypeError, match="Channel name must be"):
        await InMemoryChannelLayer().new_channel(prefix)


# Expiry


async def test_a_message_that_nobody_takes_is_freed(clock: Clock) -> None:
    """A receiver that comes to another channel frees it, and so does a message to any group."""
    layer = InMemoryChannelLayer(clock=clock)
    for event in (layer.receive("b"), layer.group_send("g", {})):
        await layer.send("a", {})
        clock.now += 60
        await layer.send("b", {})
        assert set(layer.channels) == {"a", "b"}
        await event
        assert "a" not in layer.channels
    assert layer.stats().expired == 2


async def test_a_message_to_a_group_is_freed_in_every_channel(clock: Clock) -> None:
    """Members that nobody reads hold a message until it is due, each its own."""
    layer = InMemoryChannelLayer(clock=clock)
    for channel in ("a", "b"):
        await layer.group_add("g", channel)
    await layer.group_send("g", {})
    assert set(layer.channels) == {"a", "b"}
    clock.now += 60

    await layer.group_send("other", {})

    assert layer.channels == {}


async def test_messages_are_freed_by_sends_alone(clock: Clock) -> None:
    """A layer on which nobody ever receives does not grow: a send frees what was due at the send before."""
    layer = InMemoryChannelLayer(clock=clock)

    for number in range(300):
        await layer.send(f"c{number}", {})
        clock.now += 1

    assert len(layer.channels) == 61


async def test_an_expired_message_ends_no_membership(clock: Clock) -> None:
    """A channel is a member of its groups, however old its unread messages are."""
    layer = InMemoryChannelLayer(clock=clock)
    box = layer.listen("a", lambda: None)
    await layer.group_add("g", "a")
    await layer.send("a", {"n": 1})
    clock.now += 61

    await layer.group_send("g", {"n": 2})

    assert [box.take(), box.take()] == [{"n": 2}, None]


@pytest.mark.parametrize(("age", "expected"), [(99, 1), (100, 0)])
async def test_a_membership_without_a_reader_ends(clock: Clock, age: float, expected: int) -> None:
    """A membership whose channel nobody reads ends after `group_expiry` seconds."""
    layer = InMemoryChannelLayer(expiry=1000, group_expiry=100, clock=clock)
    await layer.group_add("g", "a")
    clock.now += age

    await layer.group_send("g", {})

    assert len(layer.channels) == len(layer.groups) == expected


async def test_joining_again_begins_the_membership_anew(clock: Clock) -> None:
    """Each `group_add()` starts the time again."""
    layer = InMemoryChannelLayer(group_expiry=100, clock=clock)
    await layer.group_add("g", "a")
    clock.now += 60
    await layer.group_add("g", "a")
    clock.now += 60

    await layer.group_send("g", {})

    assert members(layer) == {"g": {"a"}}


async def test_a_channel_that_is_read_stays_a_member(clock: Clock) -> None:
    """Neither a listening consumer nor a waiting receiver ever loses its membership."""
    layer = InMemoryChannelLayer(group_expiry=100, clock=clock)
    box = layer.listen("a", lambda: None)
    task = await start(layer, "b")
    for channel in ("a", "b"):
        await layer.group_add("g", channel)
    clock.now += 1_000_000

    await layer.group_send("g", {"n": 1})

    assert box.take() == await soon(task) == {"n": 1}


# Consumers


async def test_a_consumer_is_told_of_what_waits_already() -> None:
    """A message that came before the consumer is announced like any other."""
    layer, told = InMemoryChannelLayer(), list[int]()
    await layer.send("a", {"n": 1})
    await layer.send("a", {"n": 2})

    box = layer.listen("a", lambda: told.append(1))

    assert told == [1, 1]
    assert box.take() == {"n": 1}


async def test_a_channel_has_one_consumer() -> None:
    """A second consumer would steal messages; it is a `RuntimeError`."""
    layer = InMemoryChannelLayer()
    layer.listen("a", lambda: None)

    with pytest.raises(RuntimeError, match="a consumer listens on channel 'a' already"):
        layer.listen("a", lambda: None)


async def test_a_consumer_that_is_told_may_use_the_layer() -> None:
    """The callback runs when the layer is free, in the middle of nothing."""
    layer, seen = InMemoryChannelLayer(), list[Message | None]()

    def leave(channel: str) -> None:
        seen.append(layer.channels[channel].take())
        finish(layer.close_channel(channel))

    for channel in ("a", "b"):
        await layer.group_add("g", channel)
        layer.listen(channel, partial(leave, channel))

    await layer.group_send("g", {"n": 1})

    assert seen == [{"n": 1}, {"n": 1}]
    assert (layer.channels, layer.groups) == ({}, {})


async def test_closing_a_channel_forgets_it() -> None:
    """Its unread messages, its consumer and all its memberships go; doing it again changes nothing."""
    layer, told = InMemoryChannelLayer(), list[int]()
    box = layer.listen("a", lambda: told.append(1))
    for group in ("g", "h"):
        await layer.group_add(group, "a")
    await layer.group_add("h", "b")
    await layer.group_send("g", {})

    await layer.close_channel("a")
    await layer.close_channel("a")

    assert members(layer) == {"h": {"b"}}
    assert layer.channels == {}
    assert box.take() is None
    assert layer.stats().discarded == 1

    await layer.send("a", {"n": 2})
    assert told == [1]
    assert await layer.receive("a") == {"n": 2}


async def failure(task: asyncio.Task[Message]) -> str:
    """Return why a receiver got nothing."""
    with pytest.raises(RuntimeError) as caught:
        await soon(task)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a", None])
async def test_closing_a_channel_fails_its_receivers(name: str | None) -> None:
    """Nobody waits for what cannot come."""
    layer = InMemoryChannelLayer()
    channel = name or await layer.new_channel()
    tasks = [await start(layer, channel) for _ in range(2)]

    await layer.close_channel(channel)

    for task in tasks:
        assert await failure(task) == f"channel '{channel}' was closed while receive() waited for a message"
    assert layer.channels == {}


async def test_a_closed_channel_is_refused() -> None:
    """Who reads it, listens to it or makes it a member of a group is told so; leaving a group is no error."""
    layer = InMemoryChannelLayer()
    channel = await layer.new_channel()
    await layer.close_channel(channel)
    told = re.escape(f"channel '{channel}' is closed, or was made by another channel layer")

    with pytest.raises(RuntimeError, match=told):
        await layer.receive(channel)
    with pytest.raises(RuntimeError, match=told):
        layer.listen(channel, lambda: None)
    with pytest.raises(RuntimeError, match=told):
        await layer.group_add("g", channel)
    await layer.group_discard("g", channel)
    assert (layer.channels, layer.groups) == ({}, {})


async def test_a_message_to_a_closed_channel_is_counted() -> None:
    """It is no error of its sender, and makes no mailbox."""
    layer = InMemoryChannelLayer()
    channel, other = await layer.new_channel(), await layer.new_channel()
    await layer.close_channel(channel)

    await layer.send(channel, {"n": 1})
    await layer.send(other, {"n": 2})

    assert set(layer.channels) == {other}
    assert (layer.stats().unheard, layer.stats().sent) == (1, 1)


async def test_a_channel_of_another_layer_is_refused() -> None:
    """Two memory layers do not reach each other, so nothing would ever come."""
    layer, other = InMemoryChannelLayer(), InMemoryChannelLayer()
    channel = await other.new_channel()

    with pytest.raises(RuntimeError, match="was made by another channel layer"):
        await layer.receive(channel)
    await layer.send(channel, {})
    assert layer.stats().unheard == 1


async def test_a_channel_with_a_name_of_ones_own_can_be_used_again() -> None:
    """Who chooses the names of channels decides when one begins and ends, whatever it looks like."""
    layer = InMemoryChannelLayer()
    for channel in ("worker", "specific!abc"):
        await layer.close_channel(channel)

        await layer.group_add("g", channel)
        await layer.group_send("g", {"n": 1})

        assert await layer.receive(channel) == {"n": 1}


async def test_flush_keeps_who_listens_and_who_waits() -> None:
    """Messages and groups go; consumers and receivers get what comes later."""
    layer, told = InMemoryChannelLayer(), list[int]()
    box = layer.listen("a", lambda: told.append(1))
    task = await start(layer, "b")
    await layer.group_add("g", "a")
    await layer.group_send("g", {"n": 0})
    await layer.send("c", {"n": 0})

    await layer.flush()

    assert set(layer.channels) == {"a", "b"}
    assert layer.groups == {}
    await layer.send("a", {"n": 1})
    await layer.send("b", {"n": 2})
    assert box.take() == {"n": 1}
    assert await soon(task) == {"n": 2}
    assert told == [1, 1]


async def test_closing_a_layer_forgets_everything() -> None:
    """Messages, groups, consumers and channels go, and receivers fail; the layer can be used again."""
    layer, told = InMemoryChannelLayer(), list[int]()
    channel = await layer.new_channel()
    layer.listen("a", lambda: told.append(1))
    tasks = [await start(layer, "b"), await start(layer, channel)]
    await layer.group_add("g", "a")

    await layer.close()

    assert (layer.channels, layer.groups) == ({}, {})
    for task in tasks:
        assert "was closed while receive() waited" in await failure(task)
    with pytest.raises(RuntimeError, match="is closed"):
        await layer.receive(channel)
    await layer.send("a", {"n": 1})
    assert await layer.receive("a") == {"n": 1}
    new = await layer.new_channel()
    await layer.send(new, {"n": 2})
    assert await layer.receive(new) == {"n": 2}
    assert told == []


@pytest.mark.parametrize("end", ["close_channel", "group_discard", "group_expiry", "flush", "close"])
async def test_nothing_remains_of_channels_that_have_ended(clock: Clock, end: str) -> None:
    """Whichever way a member ends, the layer holds nothing that once belonged to it."""
    layer = InMemoryChannelLayer(clock=clock)
    for number in range(3):
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        await layer.group_add(f"own.{number}", channel)
        await layer.group_send("g", {})
        await layer.receive(channel)
        if end == "close_channel":
            await layer.close_channel(channel)
        elif end == "group_discard":
            await layer.group_discard("g", channel)
            await layer.group_discard(f"own.{number}", channel)
        elif end == "group_expiry":
            clock.now += layer.group_expiry
            await layer.group_send("g", {})
            await layer.group_send(f"own.{number}", {})
    if end in {"flush", "close"}:
        await getattr(layer, end)()

    assert {name: value for name, value in vars(layer).items() if isinstance(value, dict) and value} == {}


async def test_groups_cleared_behind_the_layers_back_do_no_harm() -> None:
    """A test may clear `groups` itself; channels can be closed all the same."""
    layer = InMemoryChannelLayer()
    await layer.group_add("g", "a")
    layer.groups.clear()

    await layer.group_discard("g", "a")
    await layer.close_channel("a")

    assert layer.groups == {}


async def test_a_member_that_goes_while_a_group_is_served_is_passed_over() -> None:
    """Memberships may end while a message goes out, as when the garbage collector ends a consumer."""

    class Ending(InMemoryChannelLayer):
        def get_capacity(self, channel: str) -> int:
            for member in ("a", "b"):
                finish(self.close_channel(member))
            return super().get_capacity(channel)

    layer = Ending()
    for channel in ("a", "b"):
        await layer.group_add("g", channel)

    await layer.group_send("g", {})

    assert layer.groups == {}
    assert set(layer.channels) == {"a"}


# Full channels


async def test_a_full_member_misses_its_oldest_message() -> None:
    """`group_send()` does not fail because of one member; the others get the message, and it is counted."""
    layer = InMemoryChannelLayer(channel_capacity={"a": 1})
    for channel in ("a", "b"):
        await layer.group_add("g", channel)

    for number in range(3):
        await layer.group_send("g", {"n": number})

    assert (len(layer.channels["a"]), len(layer.channels["b"])) == (1, 3)
    assert layer.stats().dropped_full == 2
    assert await layer.receive("a") == {"n": 2}


@pytest.mark.parametrize(
    "arguments", [{"expiry": 0}, {"expiry": -1}, {"group_expiry": 0}, {"overflow": "drop"}]
)
def test_a_layer_that_would_lose_everything_is_refused(arguments: dict[str, Any]) -> None:
    """A time of nothing, and a policy that does not exist, are errors where the layer is made."""
    [name] = arguments

    with pytest.raises(ValueError, match=f"^{name} has to be "):
        InMemoryChannelLayer(**arguments)


async def test_an_overflow_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    """A channel that stays full is logged once, and again when it was read and is full again."""
    layer = InMemoryChannelLayer(capacity=2)
    await layer.group_add("g", "a")

    for _ in range(5):
        await layer.group_send("g", {})
    await layer.receive("a")
    for _ in range(5):
        await layer.group_send("g", {})

    assert [(record.name, record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            "fast_channels.layers",
            logging.WARNING,
            "channel 'a' is full (2 unread messages); it misses messages to its groups until it is read",
        )
    ] * 2


# Bursts


class Consumer:
    """Reads its mailbox in a task of its own, one message for each time it was told."""

    def __init__(self, layer: InMemoryChannelLayer, channel: str) -> None:
        self.got: list[Message | None] = []
        self._told = asyncio.Event()
        self._box = layer.listen(channel, self._told.set)
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while await self._told.wait():
            self._told.clear()
            while (message := self._box.take()) is not None:
                self.got.append(message)

    async def end(self) -> None:
        """End the task."""
        self._task.cancel()
        await asyncio.wait([self._task])


async def receive_some(layer: InMemoryChannelLayer, channel: str, count: int) -> list[Message]:
    """Receive so many messages, with something else to wait for after each."""
    got: list[Message] = []
    while len(got) < count:
        got.append(await layer.receive(channel))
        await asyncio.sleep(0)
    return got


@pytest.mark.parametrize("to_group", [True, False])
async def test_a_burst_overflows_no_reader_that_is_alive(to_group: bool) -> None:
    """Of 300 messages sent in a row by one task, a consumer and a receiver miss none.

    A member beside them that hangs misses what its channel cannot hold.
    """
    layer = InMemoryChannelLayer()
    consumer = Consumer(layer, "consumer")
    receiver = asyncio.create_task(receive_some(layer, "receiver", 300))
    layer.listen("hung", lambda: None)
    await asyncio.sleep(0)
    for channel in ("consumer", "receiver", "hung"):
        await layer.group_add("g", channel)

    for number in range(300):
        if to_group:
            await layer.group_send("g", {"n": number})
        else:
            await layer.send("consumer", {"n": number})
            await layer.send("receiver", {"n": number})
    received = await asyncio.wait_for(receiver, 5)

    assert consumer.got == received == [{"n": number} for number in range(300)]
    assert layer.stats().dropped_full == (200 if to_group else 0)
    await consumer.end()


async def test_a_hung_consumer_costs_its_senders_one_grace() -> None:
    """Senders give the loop five turns for a mailbox that is not read, and then no more."""
    layer = InMemoryChannelLayer()
    layer.listen("hung", lambda: None)
    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1
        if turns < 100:
            loop.call_soon(turn)

    loop = asyncio.get_running_loop()
    loop.call_soon(turn)
    for _ in range(100):
        await layer.send("hung", {})

    assert turns == 5


def test_what_does_not_wait_needs_no_event_loop() -> None:
    """Senders without an event loop can use the layer, and so can a receiver when a message waits."""
    layer = InMemoryChannelLayer(capacity=4)
    channel = finish(layer.new_channel())

    finish(layer.group_add("g", channel))
    for number in range(4):
        finish(layer.group_send("g", {"n": number}))

    assert finish(layer.receive(channel)) == {"n": 0}
    finish(layer.group_discard("g", channel))
    finish(layer.close())


async def test_the_cost_of_a_delivery_does_not_grow_with_the_layer() -> None:
    """Members of other groups, other channels and their messages are not looked at: counted in calls."""
    counts: list[int] = []
    for others in (10, 500):
        layer = InMemoryChannelLayer()
        for number in range(others):
            await layer.group_add("others", f"o{number}")
            layer.listen(f"o{number}", lambda: None)
            await layer.send(f"p{number}", {})
        await layer.group_add("g", "a")
        layer.listen("a", lambda: None)
        counts.append(count_calls(layer.group_send("g", {"n": 1})))

    assert counts[0] == counts[1]


def count_calls(step: Coroutine[Any, Any, Any]) -> int:
    """Return how many functions, of Python and of C, are called to finish a coroutine."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    # What the collector happens to finish meanwhile would be counted too.
    gc.collect()
    gc.disable()
    sys.setprofile(profile)
    try:
        step.send(None)
    except StopIteration:
        pass
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


# Threads


async def test_two_event_loops_share_a_layer() -> None:
    """Receivers in the loops of two threads share the messages of a channel; each message arrives once."""
    layer = InMemoryChannelLayer(capacity=1000)

    async def receive_until_told(count: int) -> list[int]:
        got: list[int] = []
        while (message := await layer.receive("work"))["n"] >= 0:
            got.append(message["n"])
        return got

    async def send_all(first: int) -> None:
        for number in range(first, first + 200):
            await layer.send("work", {"n": number})
            await asyncio.sleep(0)

    elsewhere = [asyncio.to_thread(asyncio.run, receive_until_told(i)) for i in range(2)]
    readers = asyncio.gather(*elsewhere, receive_until_told(2), receive_until_told(3))
    await asyncio.gather(send_all(0), asyncio.to_thread(asyncio.run, send_all(200)))
    for _ in range(4):
        await layer.send("work", {"n": -1})
    shares = await asyncio.wait_for(readers, 20)

    assert sorted(number for share in shares for number in share) == list(range(400))
    assert layer.channels == {}
    assert layer.stats().waiting == 0


async def test_a_group_has_members_in_two_event_loops() -> None:
    """A message to a group reaches consumers of other threads; each is told in its own way."""
    layer, ready = InMemoryChannelLayer(), asyncio.Event()
    here = asyncio.get_running_loop()

    async def consume() -> list[Message | None]:
        told, loop = asyncio.Event(), asyncio.get_running_loop()

        def notify() -> None:
            loop.call_soon_threadsafe(told.set)

        box = layer.listen("there", notify)
        await layer.group_add("g", "there")
        here.call_soon_threadsafe(ready.set)
        await asyncio.wait_for(told.wait(), 20)
        await layer.close_channel("elsewhere")
        return [box.take()]

    there = asyncio.create_task(asyncio.to_thread(asyncio.run, consume()))
    await asyncio.wait_for(ready.wait(), 20)
    await layer.group_send("g", {"n": 1})

    assert await there == [{"n": 1}]
