"""What the promises of a channel layer are checked with: layers of one test, and sentences about failures."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar, Unpack

from fast_channels.layers import BaseChannelLayer
from fast_channels.type_defs import ChannelCapacityDict, ChannelMessage
from fast_channels.untrusted import plain_repr

T = TypeVar("T")

Capability: TypeAlias = Literal["groups", "flush", "named_channels", "several_layers", "several_loops"]
"""What a layer may lack: see `LayerHooks.lacks`."""

WhenFull: TypeAlias = Literal["raise", "drop_oldest", "drop_newest"]
"""What becomes of a message to a full channel: `ChannelFull` for the sender, or one message is lost."""

_BARRIER = {"type": "layer_contract.barrier"}


class BrokenPromise(AssertionError):
    """A channel layer does not do what channel layers promise; the text says which promise, and how."""


class LayerOptions(TypedDict, total=False):
    """What a test may ask of a layer, under the names that `BaseChannelLayer` has for it.

    Attributes:
        expiry: Seconds after which an unread message is dropped.
        capacity: How many unread messages a channel holds.
        channel_capacity: Other capacities, by glob or compiled regular expression.
    """

    expiry: float
    capacity: int
    channel_capacity: ChannelCapacityDict


class LayerHooks:
    """What the tests have to know of a layer, and what the author of one may change.

    Attributes:
        lacks: What the layer does not have, and is not tested for:
            "groups" and "flush", the extensions;
            "named_channels", channels whose name the application chose, which keep messages for readers yet
            to come, as those of worker queues do;
            "several_layers", layers that reach one another, as those of several processes do;
            "several_loops", event loops of several threads that share a layer.
        when_full: What becomes of a message to a full channel.
        when_member_full: What becomes of a message to a group for a member whose channel is full; its sender
            gets no error.
        smallest_expiry: Seconds, the least that the layer can be told. Only used by the default of
            `pass_time()`, so that nothing has to wait long.
        patience: Seconds to wait for what has to happen. Waited for in full only when a test fails.
    """

    lacks: AbstractSet[Capability] = frozenset()
    when_full: WhenFull = "raise"
    when_member_full: WhenFull = "drop_oldest"
    smallest_expiry: float = 1.0
    patience: float = 10.0

    def make_layer(self, **options: Unpack[LayerOptions]) -> BaseChannelLayer:
        """Return a new layer. Called with an event loop running.

        Unless the layer lacks "several_layers", those made by one test use one server, or whatever lies
        behind them, and reach each other. Tests use different names, so they may all use the same server.

        Args:
            options: Arguments of `BaseChannelLayer`; `expiry` and `capacity` are always given.
        """
        raise NotImplementedError(f"{type(self).__name__}.make_layer() returns a new layer to be tested")

    async def pass_time(self, layer: BaseChannelLayer, seconds: float) -> None:
        """Return when some seconds have gone by for a layer.

        A layer with a clock of its own moves it. The default lets real time go by in a `receive()` for which
        there is no message.

        Raises:
            BrokenPromise: The `receive()` ended.
        """
        idle = await layer.new_channel()
        task = _task_of(layer.receive(idle))
        done, _ = await asyncio.wait([task], timeout=seconds)
        task.cancel()
        await asyncio.wait([task])
        check(not done, f"receive() ended without a message, within {seconds} s: {plain_repr(task)}")
        await layer.close_channel(idle)

    async def settle(self, layers: Sequence[BaseChannelLayer]) -> None:
        """Return when everything that was sent by some layers has arrived where it waits to be read.

        The default sends one more message from each layer to each layer, and waits for it. A layer whose
        messages may overtake each other on their way to different channels needs something better.
        """
        for target in layers:
            channel = await target.new_channel()
            for sender in layers:
                await sender.send(channel, {})
                same(await target.receive(channel), {}, "what a new channel received unasked")
            await target.close_channel(channel)

    def examine(self, layers: Sequence[BaseChannelLayer]) -> None:
        """Look at the layers after each step of the model; the default does nothing.

        Raises:
            AssertionError: One of them is in a state in which it should never be.
        """

    def has(self, capability: Capability) -> bool:
        """Return whether the layer has something that a layer may lack."""
        return capability not in self.lacks

    @property
    def moves_time(self) -> bool:
        """Whether `pass_time()` takes no real time, because it was overridden."""
        return type(self).pass_time is not LayerHooks.pass_time


class Bench(AbstractAsyncContextManager["Bench"]):
    """The layers of one test; they are closed at its end.

    Args:
        subject: Makes the layers.
    """

    def __init__(self, subject: LayerHooks) -> None:
        self._subject = subject
        self._layers: list[BaseChannelLayer] = []

    async def __aexit__(self, kind: type[BaseException] | None, *error: object) -> None:
        for layer in self._layers:
            try:
                await self.within(layer.close(), "close()")
            except Exception:
                # What went wrong first is what the test tells.
                if kind is None:
                    raise

    def layer(self, **options: Unpack[LayerOptions]) -> BaseChannelLayer:
        """Return a new layer, of 100 messages for each channel and 60 seconds of expiry unless given."""
        complete: LayerOptions = {"capacity": 100, "expiry": 60, **options}
        layer = self._subject.make_layer(**complete)
        self._layers.append(layer)
        return layer

    def pair(self, **options: Unpack[LayerOptions]) -> tuple[BaseChannelLayer, BaseChannelLayer]:
        """Return two layers that reach each other, to send with and to receive with; they may be the same."""
        first = self.layer(**options)
        return first, self.layer(**options) if self._subject.has("several_layers") else first

    async def within(self, step: Awaitable[T], name: str) -> T:
        """Return the outcome of something that has to happen.

        Raises:
            BrokenPromise: It did not happen within the patience of the test.
        """
        patience = self._subject.patience
        limit = asyncio.timeout(patience)
        try:
            async with limit:
                return await step
        except TimeoutError:
            if not limit.expired():
                raise
        raise BrokenPromise(f"{name} did not return within {patience} s")

    async def receive(self, layer: BaseChannelLayer, channel: str) -> ChannelMessage:
        """Return the next message of a channel, which has to be there or to come soon."""
        return await self.within(layer.receive(channel), f"receive({channel!r})")

    async def receive_numbers(self, layer: BaseChannelLayer, channel: str, count: int) -> list[Any]:
        """Return the `n` of the next messages of a channel."""
        return [number_of(await self.receive(layer, channel)) for _ in range(count)]

    async def fails(self, step: Awaitable[object], what: str) -> None:
        """Check that something raises an error, and soon.

        Raises:
            BrokenPromise: It returns, or does not end.
        """
        try:
            got = await self.within(step, what)
        except BrokenPromise:
            raise
        except Exception:
            return
        raise BrokenPromise(f"{what} returned {plain_repr(got)}, and should have raised an error")

    async def served_or_refused(
        self, layer: BaseChannelLayer, channel: str, message: ChannelMessage, what: str
    ) -> None:
        """Check that a `receive()` returns a message or raises an error, and soon.

        Raises:
            BrokenPromise: It returns something else, or does not end.
        """
        try:
            got = await self.within(layer.receive(channel), what)
        except BrokenPromise:
            raise
        except Exception:
            return
        same(got, message, what)

    async def start(self, layer: BaseChannelLayer, channel: str) -> "asyncio.Task[ChannelMessage]":
        """Return a task that has begun to receive."""
        begun = asyncio.Event()

        async def receive() -> ChannelMessage:
            begun.set()
            return await layer.receive(channel)

        task = _task_of(receive())
        # An eager task has begun already, and then this takes no turn of the event loop.
        await begun.wait()
        return task

    async def settle(self) -> None:
        """Return when everything that was sent has arrived where it waits to be read."""
        await self.within(self._subject.settle(self._layers), "settle(), which sends and receives itself,")
        # Who was woken meanwhile has not run yet when nothing had to be waited for.
        await asyncio.sleep(0)

    async def nothing_more(self, sender: BaseChannelLayer, receiver: BaseChannelLayer, channel: str) -> None:
        """Check that no message waits in a channel, which must have room for one.

        Raises:
            BrokenPromise: A message that was not sent, or was sent before, arrives.
        """
        await self.settle()
        await sender.send(channel, _BARRIER)
        same(await self.receive(receiver, channel), _BARRIER, "the next message after all expected ones")


def _task_of(receiving: Coroutine[Any, Any, ChannelMessage]) -> "asyncio.Task[ChannelMessage]":
    task = asyncio.ensure_future(receiving)
    # The test says what is wrong with it, or has failed before; the log need not say it again, later.
    task.add_done_callback(_retrieve)
    return task


def _retrieve(task: "asyncio.Task[ChannelMessage]") -> None:
    if not task.cancelled():
        task.exception()


def unique(stem: str) -> str:
    """Return a name that no other test uses, because tests may share a server."""
    return f"{stem}.{secrets.token_hex(6)}"


async def numbered(send: Callable[[dict[str, Any]], Awaitable[None]], *numbers: int) -> None:
    """Send numbered messages, one after the other."""
    for number in numbers:
        await send({"n": number})


def number_of(message: Mapping[str, Any]) -> Any:
    """Return the number of a message, and of one that was not sent with a number all of it."""
    return message.get("n", message)


def check(condition: bool, otherwise: str) -> None:
    """Raise `BrokenPromise` unless a condition holds."""
    if not condition:
        raise BrokenPromise(otherwise)


def same(got: object, expected: object, what: str) -> None:
    """Raise `BrokenPromise` unless two values are equal and of the same plain types."""
    check(
        _typed(got) == _typed(expected),
        f"{what} was {plain_repr(got)}, and should have been {plain_repr(expected)}",
    )


def _typed(value: object) -> object:
    # Unlike ==: 1 and True differ, and nan equals nan, as in msgpack.
    return type(value).__name__, _PARTS.get(type(value), repr)(value)


def _typed_items(values: Mapping[str, Any]) -> object:
    return {key: _typed(value) for key, value in values.items()}


def _typed_list(values: Sequence[Any]) -> object:
    return [*map(_typed, values)]


_PARTS: Mapping[type[Any], Callable[[Any], object]] = {
    dict: _typed_items,
    list: _typed_list,
    tuple: _typed_list,
}


async def raises(kind: type[Exception], step: Awaitable[object], what: str) -> None:
    """Check that something fails with one kind of error.

    Raises:
        BrokenPromise: It does not fail, or with another error.
    """
    try:
        await step
    except kind:
        return
    except Exception as error:
        raise BrokenPromise(
            f"{what} raised {type(error).__name__} ({error}), and should have raised {kind.__name__}"
        ) from error
    raise BrokenPromise(f"{what} was accepted, and should have raised {kind.__name__}")
