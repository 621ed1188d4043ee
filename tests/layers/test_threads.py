"""Sending from code without an event loop, with any layer."""

import asyncio
import importlib.util
import os
from collections.abc import Callable
from typing import Literal

import pytest

from fast_channels.exceptions import ChannelFull
from fast_channels.layers import BaseChannelLayer, InMemoryChannelLayer, register_channel_layer, threads
from fast_channels.messages import ChannelEvent, Group
from tests.layers.conftest import soon


class Said(ChannelEvent):
    """What the members of a room hear."""

    type: Literal["said"] = "said"
    text: str


class Room(Group[Said], pattern="room.{number}"):
    """A room."""

    number: int


Send = Callable[[BaseChannelLayer], None]
HI = Said(text="hi")
SENDS: dict[str, tuple[Send, str]] = {
    "send": (lambda layer: layer.sync_send("a", HI), "send"),
    "group_send": (lambda layer: layer.sync_group_send("room.1", HI), "group_send"),
    "Group": (lambda _layer: Room(number=1).sync_send(HI), "group_send"),
    "Group of a layer": (lambda layer: Room(number=1).sync_send(HI, layer=layer), "group_send"),
}


@pytest.mark.parametrize(("send", "call"), SENDS.values(), ids=SENDS)
async def test_a_thread_without_an_event_loop_can_send(send: Send, call: str) -> None:
    """A Django view, a Celery task or a script reaches the consumers of its process."""
    layer = InMemoryChannelLayer()
    register_channel_layer("default", layer)
    await layer.group_add("room.1", "a")

    await asyncio.to_thread(send, layer)

    assert await soon(layer.receive("a")) == {"type": "said", "text": "hi"}


@pytest.mark.parametrize(("send", "call"), SENDS.values(), ids=SENDS)
async def test_a_thread_with_an_event_loop_is_told_to_await(send: Send, call: str) -> None:
    """A synchronous call there would block everything else; nothing is sent."""
    layer = InMemoryChannelLayer()
    register_channel_layer("default", layer)
    await layer.group_add("room.1", "a")

    with pytest.raises(RuntimeError) as caught:
        send(layer)

    assert str(caught.value) == (
        f"this thread runs an event loop, which sync_{call}() would block; use `await ...{call}()` there"
    )
    assert layer.stats().sent == 0


def test_no_event_loop_is_needed_anywhere() -> None:
    """A script that has none sends, and gets the errors that `send()` raises."""
    layer = InMemoryChannelLayer(capacity=2)
    layer.sync_send("a", {"n": 1})
    layer.sync_send("a", {"n": 2})

    with pytest.raises(ChannelFull, match="'a' is full"):
        layer.sync_send("a", {"n": 3})
    assert asyncio.run(layer.receive("a")) == {"n": 1}


def test_a_layer_without_groups_says_so() -> None:
    """As `group_send()` does."""
    with pytest.raises(NotImplementedError, match="does not implement group_send"):
        BaseChannelLayer().sync_group_send("g", {})


def test_where_nothing_forks_there_is_nothing_to_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has no `os.register_at_fork()`, and the module is imported all the same."""
    monkeypatch.delattr(os, "register_at_fork", raising=False)
    spec = importlib.util.spec_from_file_location(threads.__name__, threads.__file__)
    assert spec is not None
    assert spec.loader is not None
    again = importlib.util.module_from_spec(spec)

    spec.loader.exec_module(again)

    assert again.forget is not threads.forget
