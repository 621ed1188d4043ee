"""What was sent to a group once is validated once, and written once, for all members of a process."""

import asyncio
import gc
import weakref
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from fast_channels.consumer import AsyncConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.messages import ChannelEvent, Group
from fast_channels.testing import WebsocketCommunicator
from fast_channels.type_defs import ChannelMessage
from tests.blocked import wait_all_tasks_blocked
from tests.layers.bus import Bus, BusLayer

EVERYBODY = ["everybody"]


class Said(ChannelEvent):
    type: Literal["room.said"] = "room.said"
    text: str


class OtherSaid(ChannelEvent):
    type: Literal["room.said"] = "room.said"
    text: str = ""


class Listed(ChannelEvent):
    type: Literal["room.listed"] = "room.listed"
    names: list[str]


class Left(ChannelEvent):
    type: Literal["room.left"] = "room.left"
    name: str | None = None


class SaidDict(TypedDict):
    type: str
    text: str


class Say(BaseModel):
    type: Literal["say"] = "say"


class Lobby(Group[Said | Listed], pattern="everybody", channel_layer_alias="test"):
    """Everybody."""


class Member(AsyncWebsocketConsumer):
    """Keeps what it gets."""

    channel_layer_alias = "test"
    groups = EVERYBODY
    got: ClassVar[list[Any]] = []


class OfModel(Member):
    async def room_said(self, event: Said) -> None:
        self.got.append(event)


class OfSameModel(Member):
    async def room_said(self, event: Said) -> None:
        self.got.append(event)


class OfOtherModel(Member):
    async def room_said(self, event: OtherSaid) -> None:
        self.got.append(event)


class OfUnion(Member):
    async def room_said(self, event: Said | Listed) -> None:
        self.got.append(event)


class OfTypedDict(Member):
    async def room_said(self, event: SaidDict) -> None:
        self.got.append({**event})
        event["text"] = "changed"


class OfMapping(Member):
    async def room_said(self, event: Mapping[str, Any]) -> None:
        self.got.append(event)


class OfAnything(Member):
    async def room_said(self, event: Any) -> None:
        self.got.append({**event})
        event.clear()


class Dispatching(Member):
    async def dispatch(self, message: ChannelMessage) -> None:
        if message["type"] == "room.said":
            self.got.append(type(message))
        await super().dispatch(message)

    async def room_said(self, event: Said) -> None:
        self.got.append(event)


class OfList(Member):
    async def room_listed(self, event: Listed) -> None:
        self.got.append([*event.names])
        event.names.append("changed")


@asynccontextmanager
async def members(*consumers: type[AsyncConsumer]) -> AsyncGenerator[list[WebsocketCommunicator]]:
    """Connect a client to each of some consumers."""
    Member.got.clear()
    async with asyncio.TaskGroup() as tasks:
        opened = [WebsocketCommunicator(one, "/") for one in consumers]
        waiting = [tasks.create_task(one.connect()) for one in opened]
    assert all(task.result() for task in waiting)
    yield opened
    for one in opened:
        await one.disconnect()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OfModel, Said(text="hi")),
        (OfOtherModel, OtherSaid(text="hi")),
        (OfUnion, Said(text="hi")),
        (OfTypedDict, {"type": "room.said", "text": "hi"}),
        (OfMapping, {"type": "room.said", "text": "hi"}),
        (OfAnything, {"type": "room.said", "text": "hi"}),
    ],
)
async def test_each_handler_gets_what_it_asks_for(
    layer: InMemoryChannelLayer, kind: type[Member], expected: Any
) -> None:
    """Whatever other members of the group ask for, and do with what they get."""
    async with members(OfAnything, OfTypedDict, OfModel, kind, kind):
        await Lobby().send(Said(text="hi"))
        await wait_for(5)

    assert Member.got[3:] == [expected, expected]
    assert {type(event) for event in Member.got[3:]} == {type(expected)}


async def wait_for(count: int) -> None:
    """Wait until the members have got so many events."""
    await wait_all_tasks_blocked()
    assert len(Member.got) == count


async def test_an_event_is_validated_once_for_all_members(layer: InMemoryChannelLayer) -> None:
    """They get one object, in consumers of other classes too; in a `dispatch()` of one's own each its own."""
    async with members(OfModel, OfModel, OfSameModel, Dispatching):
        await Lobby().send(Said(text="first"))
        await wait_for(5)
        Member.got.clear()
        await Lobby().send(Said(text="hi"))
        await wait_for(5)

    first, second, third, message, alone = Member.got
    assert first is second is third
    assert message is dict
    assert alone == first
    assert alone is not first


async def test_an_event_of_another_process_is_validated_once() -> None:
    """What comes over a network is one message for all members of a process."""
    with Bus() as bus:
        async with BusLayer(bus.port) as here, BusLayer(bus.port) as there:
            register_channel_layer("test", here)
            channel = await here.new_channel()
            await here.group_add("everybody", channel)
            async with members(OfModel, OfModel, OfTypedDict):
                for text in ("first", "hi"):
                    await Lobby().send(Said(text=text), layer=there)
                    await here.receive(channel)
                await wait_for(6)

    events = [event for event in Member.got if event == Said(text="hi")]
    assert events[0] is events[1]
    assert Member.got[3:].count({"type": "room.said", "text": "hi"}) == 1


async def test_an_event_that_can_be_changed_belongs_to_its_handler(layer: InMemoryChannelLayer) -> None:
    """What one does with its list nobody else sees."""
    async with members(OfList, OfList, OfList):
        for _ in range(2):
            await Lobby().send(Listed(names=["ann"]))
        await wait_for(6)

    assert Member.got == [["ann"]] * 6


async def test_nothing_is_kept_of_an_event(layer: InMemoryChannelLayer) -> None:
    """When every handler has ended, nothing refers to what they got."""
    gc.collect()
    gc.disable()
    try:
        async with members(OfModel, OfModel):
            await Lobby().send(Said(text="hi"))
            await wait_for(2)
            event = weakref.ref(Member.got[0])
            await asyncio.sleep(0)
            Member.got.clear()
            assert event() is None
    finally:
        gc.enable()


class Passing(AsyncJsonWebsocketConsumer[Say, Said | Listed]):
    """Passes on what its group says."""

    channel_layer_alias = "test"
    groups = EVERYBODY

    async def receive_json(self, content: Say) -> None:
        await Lobby().send(Said(text="hi"))

    async def room_said(self, event: Said) -> None:
        await self.send_json(event)

    async def room_listed(self, event: Listed) -> None:
        event.names.append(self.channel_name)
        await self.send_json(event)


class PassingWithAnotherContract(AsyncJsonWebsocketConsumer[Say, Said]):
    """Passes on the same event, and may send nothing else."""

    channel_layer_alias = "test"
    groups = EVERYBODY

    async def receive_json(self, content: Say) -> None: ...

    async def room_said(self, event: Said) -> None:
        await self.send_json(event)


async def test_what_is_passed_on_as_it_is_is_written_once(layer: InMemoryChannelLayer) -> None:
    """All clients get one string, those of another class too; a changed copy is another text."""

    class Changing(PassingWithAnotherContract):
        async def room_said(self, event: Said) -> None:
            await self.send_json(event)
            await self.send_json(event.model_copy(update={"text": "changed"}))

    async with members(Passing, Passing, PassingWithAnotherContract, Changing) as websockets:
        # The first message finds out what the handlers ask for.
        for text in ("first", "hi"):
            await Lobby().send(Said(text=text))
        frames = [[await websocket.receive_from() for _ in range(2)] for websocket in websockets[:3]]
        frames.append([await websockets[3].receive_from() for _ in range(4)][::2])

    second = [texts[1] for texts in frames]
    assert second == ['{"type":"room.said","text":"hi"}'] * 4
    assert len(set(map(id, second))) == 1


async def test_a_consumer_that_writes_it_differently_has_a_text_of_its_own(
    layer: InMemoryChannelLayer,
) -> None:
    """One that leaves out what is `None`, beside one that does not: the event is the same, but no text."""

    class Leaving(AsyncJsonWebsocketConsumer[Say, Left]):
        channel_layer_alias = "test"
        groups = EVERYBODY

        async def receive_json(self, content: Say) -> None: ...

        async def room_left(self, event: Left) -> None:
            await self.send_json(event)

    class Short(Leaving):
        omit_none = True

    async with members(Leaving, Short, Leaving, Short) as websockets:
        for _ in range(2):
            await layer.group_send("everybody", Left())
        texts = [[await websocket.receive_from() for _ in range(2)] for websocket in websockets]

    full, short = '{"type":"room.left","name":null}', '{"type":"room.left"}'
    assert texts == [[full] * 2, [short] * 2] * 2


async def test_what_a_handler_has_changed_is_written_as_it_is(layer: InMemoryChannelLayer) -> None:
    """An event that can be changed is written for each client."""
    async with members(Passing, Passing) as websockets:
        for _ in range(2):
            await Lobby().send(Listed(names=[]))
        got = [await websocket.receive_json_from() for websocket in websockets for _ in range(2)]

    assert got[0] == got[1] != got[2] == got[3]
    assert all(len(message["names"]) == 1 for message in got)
