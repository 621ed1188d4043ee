"""What the promises of a channel layer are checked with: layers of one test, and sentences about failures."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

from fast_channels.layers import BaseChannelLayer
from fast_channels.type_defs import ChannelCapacityDict, ChannelMessage

T = TypeVar("T")

_BARRIER = {"type": "layer_contract.barrier"}


class BrokenPromise(AssertionError):
    """A channel layer does not do what channel layers promise; the text says which promise, and how."""


class LayerOptions(TypedDict, total=False):
    """What a test may ask of a layer, under the names that `BaseChannelLayer` has for it.

    Attributes:
        expiry: Seconds after which a message that nobody has taken is thrown away.
        capacity: How many unread messages a channel holds.
        channel_capacity: Other capacities, by glob or compiled regular expression.
    """

    expiry: float
    capacity: int
    channel_capacity: ChannelCapacityDict


class Subject(Protocol):
    """What a test has to know of the layers that it is about: see `ChannelLayerContract`."""

    @property
    def patience(self) -> float:
        """Seconds to wait for what has to happen."""
        ...

    def has(self, capability: Any) -> bool:
        """Return whether the layer claims to have a capability."""
        ...

    def make_layer(self, **options: Unpack[LayerOptions]) -> BaseChannelLayer:
        """Return a new layer."""
        ...

    async def settle(self, layers: Sequence[BaseChannelLayer]) -> None:
        """Return when everything that was sent has arrived."""
        ...


class Bench(AbstractAsyncContextManager["Bench"]):
    """The layers of one test; they are closed at its end.

    Args:
        subject: Makes the layers.
    """

    def __init__(self, subject: Subject) -> None:
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
        usual: LayerOptions = {"capacity": 100, "expiry": 60}
        layer = self._subject.make_layer(**{**usual, **options})
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
        try:
            async with asyncio.timeout(patience) as limit:
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
        return [(await self.receive(layer, channel)).get("n") for _ in range(count)]

    async def start(self, layer: BaseChannelLayer, channel: str) -> "asyncio.Task[ChannelMessage]":
        """Return a task that has begun to receive."""
        task = asyncio.ensure_future(layer.receive(channel))
        await asyncio.sleep(0)
        return task

    async def settle(self) -> None:
        """Return when everything that was sent has arrived where it waits to be read."""
        await self.within(self._subject.settle(self._layers), "settle()")

    async def nothing_more(self, sender: BaseChannelLayer, receiver: BaseChannelLayer, channel: str) -> None:
        """Check that no message waits in a channel, which must have room for one.

        Raises:
            BrokenPromise: A message that was not sent, or was sent before, arrives.
        """
        await self.settle()
        await sender.send(channel, _BARRIER)
        same(await self.receive(receiver, channel), _BARRIER, "the next message after all expected ones")


def unique(stem: str) -> str:
    """Return a name that no other test uses, because tests may share a server."""
    return f"{stem}.{secrets.token_hex(6)}"


async def numbered(send: Callable[[dict[str, Any]], Awaitable[None]], *numbers: int) -> None:
    """Send numbered messages, one after the other."""
    for number in numbers:
        await send({"n": number})


def check(condition: bool, otherwise: str) -> None:
    """Raise `BrokenPromise` unless a condition holds."""
    if not condition:
        raise BrokenPromise(otherwise)


def same(got: object, expected: object, what: str) -> None:
    """Raise `BrokenPromise` unless two values are equal and of the same plain types."""
    check(_typed(got) == _typed(expected), f"{what} was {got!r}, and should have been {expected!r}")


def _typed(value: Any) -> object:
    # Neither 1 == True nor nan != nan: what msgpack tells apart is told apart.
    if isinstance(value, dict):
        return type(value), {(type(key), key): _typed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [_typed(item) for item in value]
    return type(value), repr(value)


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
