"""The promises of a channel layer, as tests that the author of a layer inherits.

    class TestMyLayer(ChannelLayerContract):
        def make_layer(self, **options: Unpack[LayerOptions]) -> MyLayer:
            return MyLayer(**options)

Each promise is the docstring of one test. Needs the extra `testing`. The tests are synchronous methods that
run their own event loop, so pytest needs no plugin or setting.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from functools import partial, update_wrapper
from typing import Any, Literal, TypeAlias, TypeVar

try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis.stateful import (
        run_state_machine_as_test,  # pyright: ignore[reportUnknownVariableType]  # hypothesis annotates none of its parameters
    )
except ImportError as _error:
    from fast_channels.installation import how_to_install

    raise ImportError(
        f"the tests of a channel layer need more packages: {how_to_install('testing')} ({_error})"
    ) from _error

from fast_channels.exceptions import ChannelFull
from fast_channels.layers import BaseChannelLayer
from fast_channels.messages import ChannelEvent
from fast_channels.untrusted import plain_repr

from ._bench import (
    Bench,
    BrokenPromise,
    Capability,
    LayerHooks,
    LayerOptions,
    WhenFull,
    check,
    number_of,
    numbered,
    raises,
    same,
    unique,
)
from ._layer_model import LayerMachine
from .strategies import Carried, carried_messages

__all__ = ["BrokenPromise", "Capability", "ChannelLayerContract", "LayerHooks", "LayerOptions", "WhenFull"]

Contract = TypeVar("Contract", bound="ChannelLayerContract")
Promise: TypeAlias = Callable[[Contract, Bench], Coroutine[Any, Any, None]]

_NEEDS: dict[str, AbstractSet[Capability]] = {}


@contextmanager
def _told(test: object) -> Generator[None]:
    """Say which promise is broken when anything fails inside."""
    try:
        yield
    except Exception as error:
        promise = " ".join((test.__doc__ or "").split())
        how = error if isinstance(error, BrokenPromise) else f"{type(error).__name__}: {error}"
        hints: list[str] = list(getattr(error, "__notes__", ()))
        if isinstance(error, NotImplementedError):
            hints.append("A layer that is meant to lack this says so in `lacks` of its test class.")
        told = "\n".join([f"A channel layer promises: {promise}", f"But {how}", *hints])
        raise BrokenPromise(told) from error


def _promise(*needs: Capability) -> Callable[[Promise[Contract]], Callable[[Contract], None]]:
    """Make a test of a coroutine; it is left out for layers that lack what it needs."""

    def decorate(promise: Promise[Contract]) -> Callable[[Contract], None]:
        def run(self: Contract) -> None:
            with _told(promise):
                asyncio.run(_on_a_bench(self, partial(promise, self)))

        _NEEDS[promise.__name__] = frozenset(needs)
        test = update_wrapper(run, promise)
        # pytest would look for the arguments of the coroutine among its fixtures.
        del test.__wrapped__
        return test

    return decorate


async def _on_a_bench(
    contract: "ChannelLayerContract", work: Callable[[Bench], Coroutine[Any, Any, None]]
) -> None:
    async with Bench(contract) as bench:
        await work(bench)


class _Said(ChannelEvent):
    type: Literal["contract.said"] = "contract.said"
    tags: tuple[str, ...] = ("a", "b")


_NO_NAMES: Sequence[Any] = ("", "a b", "a\n", "é", "a/b", "x" * 100, "a!b!c", "!a", None, b"a", 1)

_EMPTY: list[Any] = []
_VALUES: Mapping[str, tuple[Any, Any]] = {
    "None": (None, None),
    "booleans": ([True, False], [True, False]),
    "the smallest int": (-(2**63), -(2**63)),
    "the largest int": (2**64 - 1, 2**64 - 1),
    "floats": ([0.5, -0.0, 1e308], [0.5, -0.0, 1e308]),
    "a float without a fraction": (1.0, 1.0),
    "infinities and NaN": (
        [float("inf"), float("-inf"), float("nan")],
        [float("inf"), float("-inf"), float("nan")],
    ),
    "text": ("", ""),
    "text outside ASCII": ("caf\u00e9 \u0000 \U0001f600", "caf\u00e9 \u0000 \U0001f600"),
    "bytes": (b"\x00\xff", b"\x00\xff"),
    "a bytearray": (bytearray(b"a"), b"a"),
    "a tuple": ((1, ("a",)), [1, ["a"]]),
    "nested values": ({"a": [{"b": [_EMPTY]}, {}]}, {"a": [{"b": [_EMPTY]}, {}]}),
    "text of 100,000 characters": ("x" * 100_000, "x" * 100_000),
}

_NO_MESSAGES: Mapping[str, tuple[Any, type[Exception]]] = {
    "a set": ({"value": {1}}, TypeError),
    "an object": ({"value": object()}, TypeError),
    "a complex number": ({"value": [1j]}, TypeError),
    "an int as a key": ({"value": {1: 2}}, TypeError),
    "bytes as a key": ({b"value": 1}, TypeError),
    "no mapping": ([("value", 1)], TypeError),
    "None as the message": (None, TypeError),
    "too large an int": ({"value": 2**64}, ValueError),
    "too small an int": ({"value": -(2**63) - 1}, ValueError),
    "a lone surrogate": ({"value": "\ud800"}, ValueError),
}


class ChannelLayerContract(LayerHooks):
    """The tests that every channel layer passes. Derive from it, and write `make_layer()`."""

    def __init_subclass__(cls) -> None:
        """Leave out the tests of what the layer lacks."""
        for test, needs in _NEEDS.items():
            if not needs.isdisjoint(cls.lacks):
                setattr(cls, test, None)

    def search(self) -> settings:
        """Return the settings of hypothesis for the model test: how many examples, of how many steps."""
        return settings(
            deadline=None,
            stateful_step_count=30,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow],
        )

    # Delivery

    @_promise()
    async def test_a_message_reaches_its_channel(self, bench: Bench) -> None:
        """A message reaches the channel that it was sent to, and no other."""
        sender, receiver = bench.pair()
        channels = [await receiver.new_channel() for _ in range(3)]
        for number, channel in enumerate(channels):
            await sender.send(channel, {"n": number})
        # Not in the order of sending, which channels that are one channel would keep.
        for number, channel in reversed([*enumerate(channels)]):
            same(await bench.receive(receiver, channel), {"n": number}, f"the message of channel {number}")
        for channel in channels:
            await bench.nothing_more(sender, receiver, channel)

    @_promise()
    async def test_a_message_needs_no_content(self, bench: Bench) -> None:
        """A message needs neither a type nor any content."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        await sender.send(channel, {})
        same(await bench.receive(receiver, channel), {}, "an empty message")

    @_promise()
    async def test_a_message_arrives_once(self, bench: Bench) -> None:
        """A message arrives at most once; without a fault it arrives."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        await numbered(partial(sender.send, channel), 1)
        same(await bench.receive(receiver, channel), {"n": 1}, "the message")
        await bench.nothing_more(sender, receiver, channel)

    @_promise()
    async def test_messages_of_a_sender_arrive_in_order(self, bench: Bench) -> None:
        """Messages that one sender sends to a channel arrive in the order in which they were sent."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        await numbered(partial(sender.send, channel), *range(50))
        same(await bench.receive_numbers(receiver, channel, 50), [*range(50)], "the order")

    @_promise()
    async def test_senders_keep_their_order_among_others(self, bench: Bench) -> None:
        """The messages of each sender arrive in order, also while others send to the same channel."""
        layers = bench.pair()
        channel = await layers[0].new_channel()
        numbers = [range(first, first + 20) for first in (0, 20, 40)]
        await asyncio.gather(
            *(numbered(partial(layers[i % 2].send, channel), *some) for i, some in enumerate(numbers))
        )
        got = await bench.receive_numbers(layers[0], channel, 60)
        same(sorted(got), [*range(60)], "what three senders sent")
        for some in numbers:
            same([number for number in got if number in some], [*some], "the order of one of three senders")

    @_promise()
    async def test_a_waiting_receiver_gets_the_next_message(self, bench: Bench) -> None:
        """A receiver that waits before a message is sent gets it, after any time of waiting."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        task = await bench.start(receiver, channel)
        await self.pass_time(receiver, self.smallest_expiry)
        check(not task.done(), f"receive() ended before there was a message: {plain_repr(task)}")
        await sender.send(channel, {"n": 1})
        same(await bench.within(task, "a waiting receive()"), {"n": 1}, "the message")

    @_promise()
    async def test_a_message_goes_to_one_receiver(self, bench: Bench) -> None:
        """When several receivers wait on a channel, each message goes to exactly one of them."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        tasks = [await bench.start(receiver, channel) for _ in range(3)]
        await numbered(partial(sender.send, channel), 0, 1, 2)
        got = [number_of(await bench.within(task, "one of three receive()")) for task in tasks]
        same(sorted(got), [0, 1, 2], "what the three receivers got")
        await bench.nothing_more(sender, receiver, channel)

    @_promise("named_channels")
    async def test_a_named_channel_keeps_messages_for_its_readers(self, bench: Bench) -> None:
        """A channel with a name of the application's choice keeps messages until some layer reads them.

        If several layers read it, each message goes to one of them.
        """
        sender, receiver = bench.pair()
        channel = unique("worker")
        await numbered(partial(sender.send, channel), *range(10))
        got = [
            *await bench.receive_numbers(sender, channel, 5),
            *await bench.receive_numbers(receiver, channel, 5),
        ]
        same(got, [*range(10)], "what two layers read one after the other")
        await bench.nothing_more(sender, receiver, channel)

    # Capacity

    @_promise()
    async def test_a_channel_holds_its_capacity(self, bench: Bench) -> None:
        """A channel holds as many unread messages as its capacity; more are refused, or one is dropped."""
        sender, receiver = bench.pair(capacity=3)
        channel, other = await receiver.new_channel(), await receiver.new_channel()
        refused = await _send_until_refused(sender, channel, 5)
        await bench.settle()
        same(refused, [3, 4] if self.when_full == "raise" else [], "the messages refused with ChannelFull")
        kept = [2, 3, 4] if self.when_full == "drop_oldest" else [0, 1, 2]
        await numbered(partial(sender.send, other), 9)
        same(
            await bench.receive_numbers(receiver, channel, 3), kept, "what a channel for 3 kept of 5 messages"
        )
        await bench.nothing_more(sender, receiver, channel)
        same(await bench.receive_numbers(receiver, other, 1), [9], "what the channel beside a full one got")

    @_promise()
    async def test_a_channel_that_is_read_has_room_again(self, bench: Bench) -> None:
        """After a message was taken from a full channel, the channel accepts one more."""
        sender, receiver = bench.pair(capacity=2)
        channel = await receiver.new_channel()
        await numbered(partial(sender.send, channel), 0, 1)
        for number in (2, 3, 4):
            same(await bench.receive_numbers(receiver, channel, 1), [number - 2], "the oldest message")
            await numbered(partial(sender.send, channel), number)
        same(await bench.receive_numbers(receiver, channel, 2), [3, 4], "the last two messages")

    @_promise()
    async def test_capacities_may_differ(self, bench: Bench) -> None:
        """A pattern in `channel_capacity` gives the channels that it matches another capacity."""
        sender, receiver = bench.pair(capacity=3, channel_capacity={"small*": 1})
        small, usual = await receiver.new_channel("small"), await receiver.new_channel("usual")
        refused = [await _send_until_refused(sender, channel, 2) for channel in (small, usual)]
        await bench.settle()
        same(refused, [[1] if self.when_full == "raise" else [], []], "the messages refused with ChannelFull")
        kept = [1] if self.when_full == "drop_oldest" else [0]
        same(await bench.receive_numbers(receiver, small, 1), kept, "what a channel for 1 kept of 2 messages")
        same(await bench.receive_numbers(receiver, usual, 2), [0, 1], "what the other channel got")
        await bench.nothing_more(sender, receiver, small)

    @_promise("groups")
    async def test_a_full_member_hinders_nobody(self, bench: Bench) -> None:
        """A message to a group raises no error if a member is full, and reaches all others."""
        sender, receiver = bench.pair(capacity=3)
        group, full, reader = unique("group"), await receiver.new_channel(), await receiver.new_channel()
        for channel in (full, reader):
            await receiver.group_add(group, channel)
        for number in range(5):
            await sender.group_send(group, {"n": number})
            same(await bench.receive_numbers(receiver, reader, 1), [number], "what the member that reads got")
        await bench.settle()
        kept = [2, 3, 4] if self.when_member_full == "drop_oldest" else [0, 1, 2]
        same(await bench.receive_numbers(receiver, full, 3), kept, "what a member for 3 kept of 5 messages")
        await bench.nothing_more(sender, receiver, full)

    # Expiry

    @_promise()
    async def test_an_old_message_is_thrown_away(self, bench: Bench) -> None:
        """A message that is not taken within `expiry` seconds is dropped, and frees its place."""
        sender, receiver = bench.pair(expiry=self.smallest_expiry, capacity=1)
        channel = await receiver.new_channel()
        await sender.send(channel, {"n": 1})
        await bench.settle()
        await self.pass_time(receiver, self.smallest_expiry * 1.5)
        await sender.send(channel, {"n": 2})
        same(await bench.receive(receiver, channel), {"n": 2}, "the message after one that had expired")

    @_promise("groups")
    async def test_an_old_message_to_a_group_is_thrown_away(self, bench: Bench) -> None:
        """A message to a group expires like any other; the member stays in the group."""
        sender, receiver = bench.pair(expiry=self.smallest_expiry, capacity=2)
        group, channel = unique("group"), await receiver.new_channel()
        await receiver.group_add(group, channel)
        await sender.group_send(group, {"n": 1})
        await bench.settle()
        await self.pass_time(receiver, self.smallest_expiry * 1.5)
        await sender.group_send(group, {"n": 2})
        same(await bench.receive(receiver, channel), {"n": 2}, "the message after one that had expired")

    # Groups

    @_promise("groups")
    async def test_a_message_to_a_group_reaches_its_members(self, bench: Bench) -> None:
        """A message to a group reaches each member once and in order, and no other channel."""
        layers = bench.pair()
        group, channels = unique("group"), [await layers[i % 2].new_channel() for i in range(4)]
        for i in range(3):
            await layers[i % 2].group_add(group, channels[i])
        await numbered(partial(layers[0].group_send, group), *range(20))
        for i, expected in enumerate([[*range(20)]] * 3 + [[]]):
            got = await bench.receive_numbers(layers[i % 2], channels[i], len(expected))
            same(got, expected, f"what channel {i} got, of which 0, 1 and 2 are members")
            await bench.nothing_more(layers[0], layers[i % 2], channels[i])

    @_promise("groups")
    async def test_a_member_misses_nothing(self, bench: Bench) -> None:
        """When `group_add()` has returned, the new member gets every later message to the group."""
        sender, receiver = bench.pair()
        for number in range(20):
            group, channel = unique("group"), await receiver.new_channel()
            await receiver.group_add(group, channel)
            await sender.group_send(group, {"n": number})
            same(await bench.receive(receiver, channel), {"n": number}, "the first message to the group")

    @_promise("groups")
    async def test_joining_twice_is_joining_once(self, bench: Bench) -> None:
        """A channel that is added to a group twice gets each message once, and leaves it with one discard."""
        sender, receiver = bench.pair()
        group, channel = unique("group"), await receiver.new_channel()
        for _ in range(2):
            await receiver.group_add(group, channel)
        await sender.group_send(group, {"n": 1})
        same(await bench.receive(receiver, channel), {"n": 1}, "the message to the group")
        await bench.nothing_more(sender, receiver, channel)
        await receiver.group_discard(group, channel)
        await sender.group_send(group, {"n": 2})
        await bench.nothing_more(sender, receiver, channel)

    @_promise("groups")
    async def test_a_discarded_member_gets_nothing(self, bench: Bench) -> None:
        """A channel that was discarded gets no more messages of that group; its other groups stay."""
        sender, receiver = bench.pair()
        left, kept, channel = unique("left"), unique("kept"), await receiver.new_channel()
        for group in (left, kept):
            await receiver.group_add(group, channel)
        await receiver.group_discard(left, channel)
        await sender.group_send(left, {"n": 1})
        await sender.group_send(kept, {"n": 2})
        same(await bench.receive(receiver, channel), {"n": 2}, "the first message after the discard")

    @_promise("groups")
    async def test_leaving_without_having_joined_is_no_error(self, bench: Bench) -> None:
        """`group_discard()` of a channel that is not a member, or of an empty group, does nothing."""
        sender, receiver = bench.pair()
        group, member, other = unique("group"), await receiver.new_channel(), await receiver.new_channel()
        await receiver.group_discard(group, other)
        await receiver.group_add(group, member)
        await receiver.group_discard(group, other)
        await sender.group_send(group, {"n": 1})
        same(await bench.receive(receiver, member), {"n": 1}, "the message to the other member")

    @_promise("groups")
    async def test_a_group_may_be_empty(self, bench: Bench) -> None:
        """A message to a group without members raises no error, and later members do not get it."""
        sender, receiver = bench.pair()
        group, channel = unique("group"), await receiver.new_channel()
        await sender.group_send(group, {"n": 1})
        await bench.settle()
        await receiver.group_add(group, channel)
        await sender.group_send(group, {"n": 2})
        same(await bench.receive(receiver, channel), {"n": 2}, "the first message to the new member")

    @_promise("groups", "named_channels")
    async def test_a_group_and_a_channel_may_have_the_same_name(self, bench: Bench) -> None:
        """A group and a channel with the same name are independent."""
        sender, receiver = bench.pair()
        name, member = unique("same"), await receiver.new_channel()
        await receiver.group_add(name, member)
        await sender.send(name, {"n": 1})
        await sender.group_send(name, {"n": 2})
        same(await bench.receive(receiver, name), {"n": 1}, "the message to the channel")
        same(await bench.receive(receiver, member), {"n": 2}, "the message to the group")
        await bench.nothing_more(sender, receiver, name)

    # Names

    @_promise()
    async def test_valid_names_of_channels_are_accepted(self, bench: Bench) -> None:
        """Up to 99 ASCII letters, digits, "-", "_" and "." name a channel, at most one "!" among them."""
        layer = bench.layer()
        for name in (*_names(), *(f"{start[:95]}!{end}" for start in _names() for end in ("", "b.c"))):
            await layer.send(name, {})

    @_promise("groups")
    async def test_valid_names_of_groups_are_accepted(self, bench: Bench) -> None:
        """Up to 99 ASCII letters, digits, "-", "_" and "." name a group."""
        layer = bench.layer()
        channel = await layer.new_channel()
        for name in _names():
            await layer.group_add(name, channel)
            await layer.group_send(name, {})
            await layer.group_discard(name, channel)

    @_promise()
    async def test_other_names_of_channels_are_refused(self, bench: Bench) -> None:
        """`send()` and `receive()` raise a `TypeError` for an invalid name of a channel."""
        layer = bench.layer()
        for name in _NO_NAMES:
            await raises(TypeError, layer.send(name, {}), f"send({name!r})")
            step = bench.within(layer.receive(name), f"receive({name!r})")
            await raises(TypeError, step, f"receive({name!r})")

    @_promise("groups")
    async def test_other_names_of_groups_are_refused(self, bench: Bench) -> None:
        """The methods of groups raise a `TypeError` for an invalid name of a group or a channel."""
        layer = bench.layer()
        channel = await layer.new_channel()
        for name in (*_NO_NAMES, "a!b"):
            await raises(TypeError, layer.group_add(name, channel), f"group_add({name!r}, ...)")
            await raises(TypeError, layer.group_discard(name, channel), f"group_discard({name!r}, ...)")
            await raises(TypeError, layer.group_send(name, {}), f"group_send({name!r}, ...)")
        for name in _NO_NAMES:
            await raises(TypeError, layer.group_add("group", name), f"group_add(..., {name!r})")
            await raises(TypeError, layer.group_discard("group", name), f"group_discard(..., {name!r})")

    @_promise()
    async def test_new_channels_have_names_of_their_own(self, bench: Bench) -> None:
        """`new_channel()` returns a valid and unique name with the prefix and one "!"."""
        layers = bench.pair()
        names = [await layers[i % 2].new_channel("chat") for i in range(1000)]
        same(len(set(names)), 1000, "the number of different names of 1000")
        for name in (names[0], await layers[0].new_channel()):
            layers[0].require_valid_channel_name(name)
            check(name.count("!") == 1, f"the name {name!r} has no part of its own behind a '!'")
        check(names[0].startswith("chat"), f'the name {names[0]!r} does not begin with "chat"')

    @_promise()
    async def test_prefixes_that_lead_to_no_name_are_refused(self, bench: Bench) -> None:
        """`new_channel()` raises a `TypeError` for a prefix that is not the beginning of a valid name."""
        layer = bench.layer()
        for prefix in (*_NO_NAMES, "a!b", "a!"):
            await raises(TypeError, layer.new_channel(prefix), f"new_channel({prefix!r})")

    # Values

    @_promise()
    async def test_values_arrive_as_plain_values(self, bench: Bench) -> None:
        """Values that msgpack can carry arrive equal, as plain types; tuples arrive as lists."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        for name, (value, expected) in _VALUES.items():
            await sender.send(channel, {"value": value})
            same(await bench.receive(receiver, channel), {"value": expected}, f"a message with {name}")

    @_promise()
    async def test_other_values_are_refused(self, bench: Bench) -> None:
        """A value that msgpack cannot carry raises a `TypeError`, or a `ValueError` if it is out of range."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        for name, (message, error) in _NO_MESSAGES.items():
            await raises(error, sender.send(channel, message), f"a message with {name}")
        await bench.nothing_more(sender, receiver, channel)

    @_promise("groups")
    async def test_other_values_are_refused_for_groups(self, bench: Bench) -> None:
        """An invalid message to a group is refused like one to a channel, even if the group is empty."""
        layer = bench.layer()
        group = unique("group")
        for name, (message, error) in _NO_MESSAGES.items():
            await raises(error, layer.group_send(group, message), f"a message with {name}")

    @_promise()
    async def test_a_channel_event_is_sent_as_its_message(self, bench: Bench) -> None:
        """A `ChannelEvent` arrives as what its `to_message()` returns."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        await sender.send(channel, _Said())
        same(await bench.receive(receiver, channel), _Said().to_message(), "the event")

    def test_any_message_arrives_as_it_was_written(self) -> None:
        """Any message of the values that layers carry arrives, equal and made of plain types."""
        with _told(type(self).test_any_message_arrives_as_it_was_written), asyncio.Runner() as runner:

            async def carry(written: Any, expected: Any, bench: Bench) -> None:
                sender, receiver = bench.pair()
                channel = await receiver.new_channel()
                await sender.send(channel, written)
                same(await bench.receive(receiver, channel), expected, "a message")

            @self.search()
            @given(carried_messages())
            def any_message(message: Carried) -> None:
                runner.run(_on_a_bench(self, partial(carry, *message)))

            any_message()

    @_promise()
    async def test_a_sender_may_change_its_message(self, bench: Bench) -> None:
        """If the sender changes a message after it was sent, the receiver does not see the change."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        message: dict[str, Any] = {"users": [{"name": "ada"}], "flat": 1}
        await sender.send(channel, message)
        message["users"][0]["name"] = "eve"
        message["flat"] = 2
        expected = {"users": [{"name": "ada"}], "flat": 1}
        same(await bench.receive(receiver, channel), expected, "the message that was changed afterwards")

    @_promise("groups")
    async def test_receivers_share_nothing(self, bench: Bench) -> None:
        """Each receiver has its own copy: if one member changes a message, the others do not see it."""
        sender, receiver = bench.pair()
        group, channels = unique("group"), [await receiver.new_channel() for _ in range(3)]
        for channel in channels:
            await receiver.group_add(group, channel)
        expected = {"users": [{"name": "ada"}], "flat": 1}
        await sender.group_send(group, expected)
        for channel in channels:
            got: Any = await bench.receive(receiver, channel)
            same(got, expected, "the message, which another member has changed for itself")
            got["users"][0]["name"] = "eve"
            got["flat"] = 2

    # Cancellation

    @_promise()
    async def test_a_cancelled_receiver_loses_nothing(self, bench: Bench) -> None:
        """A `receive()` that is cancelled loses no message, delivers none twice and changes no order."""
        sender, receiver = bench.pair(capacity=1000)
        channel, chance, got = await receiver.new_channel(), random.Random(5), list[Any]()
        sent = 0
        for _ in range(1000):
            task = await bench.start(receiver, channel)
            if chance.random() < 0.6:
                await sender.send(channel, {"n": sent})
                sent += 1
            # From no time at all to about as long as a message takes.
            if chance.random() < 0.5:
                await asyncio.wait([task], timeout=chance.random() / 500)
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                got.append(number_of(task.result()))
        await bench.settle()
        got += await bench.receive_numbers(receiver, channel, sent - len(got))
        same(got, [*range(sent)], "what arrived in spite of 1000 cancellations")
        await bench.nothing_more(sender, receiver, channel)

    @_promise()
    async def test_the_message_of_a_cancelled_receiver_goes_to_another(self, bench: Bench) -> None:
        """When one of several receivers is cancelled, the message goes to one that still waits."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        for number in range(20):
            first, second = await bench.start(receiver, channel), await bench.start(receiver, channel)
            await sender.send(channel, {"n": number})
            first.cancel()
            await asyncio.wait([first])
            one = second if first.cancelled() else first
            same(await bench.within(one, "a receive() beside a cancelled one"), {"n": number}, "the message")
            second.cancel()
            await asyncio.wait([second])

    @_promise("named_channels")
    async def test_cancelled_receivers_of_a_named_channel_change_no_order(self, bench: Bench) -> None:
        """If all receivers of a named channel are cancelled, the other messages can be read in order."""
        sender, receiver = bench.pair(capacity=1000)
        channel, chance = unique("worker"), random.Random(5)
        for _ in range(40):
            await numbered(partial(sender.send, channel), *range(10))
            tasks = [await bench.start(receiver, channel) for _ in range(5)]
            # From no time at all to about as long as five messages take.
            if chance.random() < 0.5:
                await asyncio.wait(tasks, timeout=chance.random() / 500)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            got = [number_of(task.result()) for task in tasks if not task.cancelled()]
            left = await bench.receive_numbers(receiver, channel, 10 - len(got))
            same(left, sorted({*range(10)} - {*got}), "what five cancelled receivers left of ten messages")
        await bench.nothing_more(sender, receiver, channel)

    # Consumers

    @_promise()
    async def test_a_listening_consumer_is_told_of_each_message(self, bench: Bench) -> None:
        """A consumer that listens is notified of each message, also of those that wait, and takes them.

        A layer whose `listen()` returns `None` only offers `receive()`.
        """
        sender, receiver = bench.pair()
        channel, loop, told = await receiver.new_channel(), asyncio.get_running_loop(), asyncio.Queue[None]()
        await sender.send(channel, {"n": 0})
        await bench.settle()

        def notify() -> None:
            loop.call_soon_threadsafe(told.put_nowait, None)

        box = receiver.listen(channel, notify)
        if box is not None:
            await numbered(partial(sender.send, channel), 1, 2)
            for number in range(3):
                await bench.within(told.get(), f"the notice of message {number}")
                same(box.take(), {"n": number}, "what the consumer took")
            same(box.take(), None, "what the consumer took from an empty mailbox")
            await receiver.close_channel(channel)
            await sender.send(channel, {"n": 3})
            await bench.settle()
            check(told.empty(), "a consumer was told of something after its channel was closed")

    # Closing

    @_promise()
    async def test_a_closed_channel_forgets_its_messages(self, bench: Bench) -> None:
        """`close_channel()` removes unread messages; a second call changes nothing."""
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        await sender.send(channel, {"n": 1})
        await bench.settle()
        for _ in range(2):
            await receiver.close_channel(channel)
        await self._nothing_comes(bench, receiver, channel)

    @_promise("groups")
    async def test_a_closed_channel_is_in_no_group(self, bench: Bench) -> None:
        """`close_channel()` ends all memberships of the channel, and only these."""
        sender, receiver = bench.pair()
        groups, closed, other = (
            [unique("g"), unique("g")],
            await receiver.new_channel(),
            await receiver.new_channel(),
        )
        for group in groups:
            await receiver.group_add(group, closed)
            await receiver.group_add(group, other)
        await receiver.close_channel(closed)
        for group in groups:
            await sender.group_send(group, {"n": 1})
            same(await bench.receive(receiver, other), {"n": 1}, "what the other member got")
        await self._nothing_comes(bench, receiver, closed)

    async def _nothing_comes(self, bench: Bench, layer: BaseChannelLayer, channel: str) -> None:
        """Check that nothing waits in a channel to which nothing more may come."""
        task = await bench.start(layer, channel)
        await bench.settle()
        task.cancel()
        await asyncio.wait([task])
        # Some layers refuse to receive on a channel that is closed.
        if not task.cancelled() and task.exception() is None:
            raise BrokenPromise(f"the closed channel still delivered {plain_repr(task.result())}")

    @_promise()
    async def test_a_receiver_of_a_closed_channel_fails(self, bench: Bench) -> None:
        """A waiting `receive()` raises when its channel is closed, and so does a later `receive()`.

        A later message to the channel is lost, without an error for its sender.
        """
        sender, receiver = bench.pair()
        channel = await receiver.new_channel()
        task = await bench.start(receiver, channel)
        await receiver.close_channel(channel)
        await bench.fails(task, "a receive() whose channel was closed")
        await sender.send(channel, {"n": 1})
        await bench.settle()
        await bench.fails(receiver.receive(channel), "a receive() of a closed channel")

    @_promise("groups")
    async def test_a_closed_channel_joins_no_group(self, bench: Bench) -> None:
        """`group_add()` of a closed channel raises; the other members of the group are not affected."""
        sender, receiver = bench.pair()
        group, closed, other = unique("group"), await receiver.new_channel(), await receiver.new_channel()
        await receiver.group_add(group, other)
        await receiver.close_channel(closed)
        await bench.fails(receiver.group_add(group, closed), "group_add() of a closed channel")
        await sender.group_send(group, {"n": 1})
        same(await bench.receive(receiver, other), {"n": 1}, "what the other member got")

    @_promise()
    async def test_a_receiver_of_a_closed_layer_fails(self, bench: Bench) -> None:
        """A `receive()` raises when its layer is closed."""
        layer = bench.layer()
        task = await bench.start(layer, await layer.new_channel())
        await layer.close()
        await bench.fails(task, "a receive() whose layer was closed")

    @_promise()
    async def test_a_channel_of_another_layer_is_served_or_refused(self, bench: Bench) -> None:
        """A `receive()` of a channel that another layer has made gets its message, or raises."""
        here, elsewhere = bench.layer(), bench.layer()
        channel = await elsewhere.new_channel()
        await elsewhere.send(channel, {"n": 1})
        await bench.served_or_refused(here, channel, {"n": 1}, "receive() of a channel of another layer")

    @_promise()
    async def test_a_layer_closes_at_any_time(self, bench: Bench) -> None:
        """`close()` works at once, twice, with messages and receivers waiting, and leaves no task behind."""
        before = asyncio.all_tasks()
        await bench.within(bench.layer().close(), "close() of a layer that was never used")
        layer = bench.layer()
        read, unread = await layer.new_channel(), await layer.new_channel()
        task = await bench.start(layer, read)
        await layer.send(unread, {"n": 1})
        for _ in range(2):
            await bench.within(layer.close(), "close()")
        task.cancel()
        await asyncio.wait([task])
        left = asyncio.all_tasks() - before
        check(not left, f"close() left these tasks running: {left}")

    # Extensions

    @_promise("flush")
    async def test_flush_throws_messages_away(self, bench: Bench) -> None:
        """`flush()` removes all unread messages; waiting receivers get the later ones."""
        layer = bench.layer()
        read, unread = await layer.new_channel(), await layer.new_channel()
        task = await bench.start(layer, read)
        await layer.send(unread, {"n": 1})
        await bench.settle()
        await layer.flush()
        await bench.nothing_more(layer, layer, unread)
        await layer.send(read, {"n": 2})
        same(await bench.within(task, "a receive() from before flush()"), {"n": 2}, "the message")

    @_promise("flush", "groups")
    async def test_flush_ends_memberships(self, bench: Bench) -> None:
        """`flush()` ends all memberships, and channels may join again."""
        layer = bench.layer()
        group, channel = unique("group"), await layer.new_channel()
        await layer.group_add(group, channel)
        await layer.flush()
        await layer.group_send(group, {"n": 1})
        await bench.nothing_more(layer, layer, channel)
        await layer.group_add(group, channel)
        await layer.group_send(group, {"n": 2})
        same(await bench.receive(layer, channel), {"n": 2}, "the message after joining again")

    # Reach

    @_promise("several_layers")
    async def test_one_layer_ends_alone(self, bench: Bench) -> None:
        """When one of several layers is closed, the others keep working, with their messages."""
        gone, sender, receiver = bench.layer(), bench.layer(), bench.layer()
        channel = await receiver.new_channel()
        await gone.send(channel, {"n": 1})
        await gone.close()
        await sender.send(channel, {"n": 2})
        same(await bench.receive_numbers(receiver, channel, 2), [1, 2], "what was sent before and after")

    @_promise("several_loops")
    async def test_event_loops_of_several_threads_share_a_layer(self, bench: Bench) -> None:
        """A layer carries messages between the event loops of several threads."""
        layer, here = bench.layer(), asyncio.get_running_loop()
        opened: asyncio.Future[str] = here.create_future()
        answers = await layer.new_channel()

        async def elsewhere() -> None:
            channel = await layer.new_channel()
            here.call_soon_threadsafe(opened.set_result, channel)
            got = await bench.receive_numbers(layer, channel, 3)
            await layer.send(answers, {"n": got})

        thread = asyncio.ensure_future(asyncio.to_thread(asyncio.run, elsewhere()))
        either: list[asyncio.Future[Any]] = [thread, opened]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if opened.done():
            await numbered(partial(layer.send, opened.result()), 1, 2, 3)
        await thread
        same(await bench.receive(layer, answers), {"n": [1, 2, 3]}, "what the other loop got and sent back")

    @_promise("several_loops")
    async def test_a_channel_of_an_ended_loop_is_served_or_refused(self, bench: Bench) -> None:
        """A `receive()` of a channel of an event loop that has ended gets its message, or raises."""
        layer = bench.layer()

        async def elsewhere() -> str:
            channel = await layer.new_channel()
            await layer.send(channel, {"n": 1})
            return channel

        channel = await asyncio.to_thread(asyncio.run, elsewhere())
        await bench.served_or_refused(layer, channel, {"n": 1}, "receive() of a channel of an ended loop")

    # Everything at once

    def test_the_layer_does_what_its_model_does(self) -> None:
        """Any sequence of calls, cancellations and closings has the result that a simple model predicts."""
        with _told(type(self).test_the_layer_does_what_its_model_does):
            machine = type("LayerMachine", (LayerMachine,), {"subject": self})
            run_state_machine_as_test(machine, settings=self.search())


def _names() -> list[str]:
    """Return names of one part that are as short, as mixed and as long as names may be."""
    return [unique("a"), unique("A-b_c.9"), unique("x").ljust(99, "x")]


async def _send_until_refused(sender: BaseChannelLayer, channel: str, count: int) -> list[int]:
    """Send numbered messages and return the numbers of those that were refused with `ChannelFull`."""
    refused: list[int] = []
    for number in range(count):
        try:
            await sender.send(channel, {"n": number})
        except ChannelFull:
            refused.append(number)
    return refused
