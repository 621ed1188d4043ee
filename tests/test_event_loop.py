"""Consumers, layers and communicators run on asyncio, and say so anywhere else."""

import asyncio
import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal

import pytest

from fast_channels.consumer import AsyncWebsocketConsumer
from fast_channels.event_loop import is_cancelled, runs_trio
from fast_channels.layers import BaseChannelLayer, InMemoryChannelLayer
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from fast_channels.messages import ChannelEvent, Group
from fast_channels.testing import HttpCommunicator, WebsocketCommunicator
from fast_channels.worker import Worker
from tests.layers.bus import BusLayer

# Without types, and where it is not installed the tests that need it are left out.
trio: Any = pytest.importorskip("trio")

LAYERS: dict[str, Callable[[], BaseChannelLayer]] = {
    "memory": InMemoryChannelLayer,
    "redis": RedisChannelLayer,
    "redis_pubsub": RedisPubSubChannelLayer,
    "bus": lambda: BusLayer(1),
}

WITHOUT_LOOP = {
    "compile_capacities",
    "deserialize",
    "get_capacity",
    "match_type_and_length",
    "non_local_name",
    "open_transport",
    "require_valid_channel_name",
    "require_valid_group_name",
    "serialize",
    "stats",
    "valid_channel_name",
    "valid_group_name",
}
"""The methods of layers that need no event loop, or are never called by an application."""

ARGUMENTS: dict[str, Any] = {
    "app": None,
    "channel": "a!b",
    "group": "g",
    "message": {"type": "a"},
    "notify": lambda: None,
}


class Said(ChannelEvent):
    """What the members of a room hear."""

    type: Literal["said"] = "said"


class Room(Group[Said], pattern="room"):
    """A room."""


def calls() -> Iterator[Any]:
    """Yield each layer with each of its methods."""
    for layer, make in LAYERS.items():
        kind = type(make())
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if name not in WITHOUT_LOOP and not name.startswith("_"):
                yield pytest.param(make, name, method, id=f"{layer}-{name}")


async def finish(outcome: Any) -> None:
    """Await whatever a method returned."""
    if isinstance(outcome, AbstractAsyncContextManager):
        async with outcome:
            """Enter it."""
    else:
        await outcome


@pytest.mark.parametrize(("make", "name", "method"), [*calls()])
def test_each_method_of_a_layer_says_under_trio_that_it_needs_asyncio(
    make: Callable[[], BaseChannelLayer], name: str, method: Callable[..., Any]
) -> None:
    """At the line of the caller, in one sentence; nothing waits, and nothing is blocked."""
    layer = make()
    needed = [
        parameter.name
        for parameter in [*inspect.signature(method).parameters.values()][1:]
        if parameter.default is parameter.empty
    ]

    async def main() -> None:
        with trio.fail_after(5):
            await finish(getattr(layer, name)(*(ARGUMENTS[each] for each in needed)))

    with pytest.raises(RuntimeError) as caught:
        trio.run(main)

    remedy = f"call {name}() in another thread" if name.startswith("sync_") else "run the server on asyncio"
    assert str(caught.value) == (
        f"{type(layer).__name__} needs asyncio, and no asyncio event loop is running; "
        f"{remedy} (fast_channels does not support trio)"
    )
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


WEBSOCKET: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}

OTHERS: dict[str, Callable[[], Awaitable[Any]]] = {
    "AsyncWebsocketConsumer": lambda: AsyncWebsocketConsumer.as_asgi()(WEBSOCKET, _unused, _unused),
    "WebsocketCommunicator": lambda: WebsocketCommunicator(AsyncWebsocketConsumer, "/").connect(),
    "HttpCommunicator": lambda: HttpCommunicator(AsyncWebsocketConsumer, "GET", "/").get_response(),
    "Worker": lambda: Worker(InMemoryChannelLayer(), {"a": AsyncWebsocketConsumer}).serve(),
    "InMemoryChannelLayer": lambda: Room().send(Said(), layer=InMemoryChannelLayer()),
}


async def _unused(*_: Any) -> Any:
    """Never called."""


@pytest.mark.parametrize("name", OTHERS)
def test_everything_else_that_runs_says_so_too(name: str) -> None:
    """A consumer at its first connection, a communicator, a worker, a group."""

    async def main() -> None:
        with trio.fail_after(5):
            await OTHERS[name]()

    with pytest.raises(RuntimeError, match=rf"^{name} needs asyncio, .* does not support trio"):
        trio.run(main)


async def test_it_is_known_who_has_cancelled_a_task() -> None:
    """Somebody, or only what it waited for; of what runs in no task nobody can say."""
    seen: list[bool] = []

    async def look() -> None:
        seen.append(is_cancelled())

    def drive() -> None:
        with pytest.raises(StopIteration):
            look().send(None)

    # Without an event loop, and without a task.
    await asyncio.to_thread(drive)
    await look()
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await look()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    task.uncancel()

    assert seen == [True, False, True]


def test_a_thread_beside_trio_can_send() -> None:
    """As a thread beside any event loop can."""
    layer = InMemoryChannelLayer()

    async def main() -> None:
        await trio.to_thread.run_sync(layer.sync_send, "a", {"type": "a"})

    trio.run(main)

    assert layer.stats().waiting == 1


def test_it_is_known_without_trio_whether_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is imported to find out."""
    assert not runs_trio()
    monkeypatch.delitem(sys.modules, "trio")
    assert not runs_trio()
