"""Consumers join typed groups, and leave them."""

import asyncio
from typing import Any, Literal, Protocol

import pytest

from fast_channels.consumer import AsyncConsumer, AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.exceptions import ConnectionClosed, InvalidChannelLayerError
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.messages import ChannelEvent, Group
from fast_channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator

from .driver import WEBSOCKET, Server


class Said(ChannelEvent):
    type: Literal["room.said"] = "room.said"
    text: str


class Left(ChannelEvent):
    type: Literal["room.left"] = "room.left"


class RoomMember(Protocol):
    async def room_said(self, event: Said, /) -> None: ...


EVERYBODY = ["everybody"]


class Room(Group[Said, RoomMember], pattern="room.{room_id}", channel_layer_alias="test"):
    room_id: int


class Strict(Group[Said | Left], pattern="strict", channel_layer_alias="test"):
    pass


class Default(Group[Said], pattern="default"):
    pass


class Chat(AsyncWebsocketConsumer):
    channel_layer_alias = "test"

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is not None:
            command, _, number = text_data.partition(" ")
            await getattr(self, f"{command}")(Room(room_id=int(number)))
            await self.send("done")

    async def room_said(self, event: Said) -> None:
        await self.send(event.text)


async def ask(websocket: WebsocketCommunicator, command: str) -> None:
    await websocket.send_to(command)
    assert await websocket.receive_from() == "done"


async def test_a_member_gets_what_is_sent_to_its_groups(layer: InMemoryChannelLayer) -> None:
    """Until it leaves."""
    async with WebsocketCommunicator(Chat, "/") as websocket:
        await ask(websocket, "join 1")
        await ask(websocket, "join 2")
        await Room(room_id=1).send(Said(text="one"))
        await Room(room_id=2).send(Said(text="two"))
        assert [await websocket.receive_from() for _ in range(2)] == ["one", "two"]

        await ask(websocket, "leave 1")
        await Room(room_id=1).send(Said(text="one"))
        await Room(room_id=2).send(Said(text="two"))
        assert await websocket.receive_from() == "two"


async def test_leaving_twice_or_what_was_never_joined_is_nothing(layer: InMemoryChannelLayer) -> None:
    """As the discarding of a channel is."""
    async with WebsocketCommunicator(Chat, "/") as websocket:
        await ask(websocket, "leave 1")
        await ask(websocket, "join 1")
        await ask(websocket, "leave 1")
        await ask(websocket, "leave 1")

        assert layer.groups == {}


async def test_groups_are_left_in_the_end(layer: InMemoryChannelLayer) -> None:
    """Those that were joined, and those that `groups` names."""

    class Both(Chat):
        groups = EVERYBODY

        async def disconnect(self, code: int) -> None:
            assert set(layer.groups) == {"everybody", "room.1"}

    async with WebsocketCommunicator(Both, "/") as websocket:
        await ask(websocket, "join 1")
        assert set(layer.groups) == {"everybody", "room.1"}

    assert layer.groups == {}
    assert layer.channels == {}


async def test_a_handler_that_crashes_leaves_its_groups(layer: InMemoryChannelLayer) -> None:
    """Like one that returns."""
    websocket = WebsocketCommunicator(Chat, "/")
    await websocket.connect()
    await ask(websocket, "join 1")

    await websocket.send_to("dance 1")

    with pytest.raises(AttributeError, match="dance"):
        await websocket.wait()
    assert layer.groups == {}


async def test_a_handshake_that_is_refused_leaves_what_it_joined(layer: InMemoryChannelLayer) -> None:
    """Although `groups` were not joined yet."""

    class Refusing(Chat):
        async def connect(self) -> None:
            await self.join(Room(room_id=1))
            assert set(layer.groups) == {"room.1"}
            await self.close()

    websocket = WebsocketCommunicator(Refusing, "/")
    assert await websocket.connect() == (False, 1000)
    await websocket.disconnect()

    assert layer.groups == {}


async def test_a_response_can_be_fed_by_a_group(layer: InMemoryChannelLayer) -> None:
    """Consumers of HTTP join groups too, for server-sent events."""

    class Feed(AsyncHttpConsumer):
        channel_layer_alias = "test"

        async def handle(self, body: bytes) -> None:
            await self.send_headers()
            await self.join(Room(room_id=1))
            await self.send_body(b"ready ", more_body=True)

        async def room_said(self, event: Said) -> None:
            await self.send_body(event.text.encode())

    http = HttpCommunicator(Feed, "GET", "/")
    await http.send_input({"type": "http.request"})
    assert (await http.receive_output())["type"] == "http.response.start"
    assert (await http.receive_output())["body"] == b"ready "
    await Room(room_id=1).send(Said(text="news"))

    assert (await http.receive_output())["body"] == b"news"
    await http.wait()
    assert layer.groups == {}


async def test_a_group_whose_events_are_not_handled_cannot_be_joined(layer: InMemoryChannelLayer) -> None:
    """The error says which handlers are missing; every member would have failed at the first event."""

    class Deaf(AsyncWebsocketConsumer):
        channel_layer_alias = "test"

        async def connect(self) -> None:
            await self.join(Strict())

        async def room_left(self, event: Left) -> None: ...

    websocket = WebsocketCommunicator(Deaf, "/")
    with pytest.raises(
        TypeError, match=r"^Deaf cannot join Strict: it has no handler for room\.said; write room_said\(\)$"
    ):
        await websocket.connect()
    assert layer.groups == {}


async def test_a_group_of_another_layer_cannot_be_joined(layer: InMemoryChannelLayer) -> None:
    """Its events would never come."""

    class Elsewhere(Chat):
        async def connect(self) -> None:
            await self.join(Default())

    with pytest.raises(
        InvalidChannelLayerError, match=r"through the channel layer 'default', .* 'test'; declare"
    ):
        await WebsocketCommunicator(Elsewhere, "/").connect()


async def test_two_names_of_one_layer_are_the_same_layer(layer: InMemoryChannelLayer) -> None:
    """It is the layer that counts."""
    register_channel_layer("default", layer)

    class Same(Chat):
        async def connect(self) -> None:
            await self.join(Default())
            await self.accept()

    async with WebsocketCommunicator(Same, "/") as websocket:
        await Default().send(Said(text="hello"))
        assert await websocket.receive_from() == "hello"


async def test_joining_needs_a_layer() -> None:
    """A consumer without one says so."""

    class Alone(AsyncWebsocketConsumer):
        async def room_said(self, event: Said) -> None: ...

        async def connect(self) -> None:
            await self.leave(Room(room_id=1))
            await self.join(Room(room_id=1))

    with pytest.raises(
        InvalidChannelLayerError, match=r"Alone cannot join Room\(room_id=1\) without a channel"
    ):
        await WebsocketCommunicator(Alone, "/").connect()


@pytest.mark.parametrize("method", ["join", "leave"])
@pytest.mark.parametrize(("group", "called"), [(Room, "the class Room"), ("room.1", "a str"), (None, "None")])
async def test_what_is_no_group_is_said(
    method: str, group: Any, called: str, layer: InMemoryChannelLayer
) -> None:
    """At the line of the application, and with what to do about a name."""

    class Confused(Chat):
        async def connect(self) -> None:
            await self.accept()
            await getattr(self, method)(group)

    with pytest.raises(TypeError) as caught:
        async with WebsocketCommunicator(Confused, "/") as websocket:
            await websocket.receive_from()

    assert str(caught.value) == (
        f"Confused.{method}() needs an instance of a Group, not {called}; for a group of which you only have "
        "the name, use channel_layer"
    )


async def test_nobody_joins_once_the_groups_are_left(layer: InMemoryChannelLayer) -> None:
    """A task of the application that outlives the connection cannot leave a member behind."""
    consumers: list[Chat] = []

    class Kept(Chat):
        async def connect(self) -> None:
            consumers.append(self)
            await self.accept()

    async with WebsocketCommunicator(Kept, "/"):
        pass

    with pytest.raises(ConnectionClosed, match="Kept has ended, and cannot join"):
        await consumers[0].join(Room(room_id=1))
    assert layer.groups == {}


async def test_a_join_that_is_cancelled_leaves_nothing(layer: InMemoryChannelLayer) -> None:
    """Whether the layer had added the member or not."""
    added = asyncio.Event()
    group_add = layer.group_add

    async def slow(group: str, channel: str) -> None:
        await group_add(group, channel)
        added.set()
        await asyncio.Event().wait()

    layer.group_add = slow  # type: ignore[method-assign]  # a layer that hangs after it has added the member
    websocket = WebsocketCommunicator(Chat, "/")
    await websocket.connect()
    await websocket.send_to("join 1")
    await added.wait()

    websocket.stop()
    with pytest.raises(asyncio.CancelledError):
        await websocket.future

    assert layer.groups == {}


async def test_a_join_that_the_layer_refuses_is_an_error(layer: InMemoryChannelLayer) -> None:
    """The consumer is alive, so it hears of it."""

    async def broken(group: str, channel: str) -> None:
        raise ZeroDivisionError

    layer.group_add = broken  # type: ignore[method-assign]  # a layer that has a fault
    websocket = WebsocketCommunicator(Chat, "/")
    await websocket.connect()
    await websocket.send_to("join 1")

    with pytest.raises(ZeroDivisionError):
        await websocket.receive_from()


async def test_a_join_that_is_under_way_when_the_consumer_ends_leaves_nothing(
    layer: InMemoryChannelLayer,
) -> None:
    """A task of the application joins, and the layer is slow: it adds the member after the end."""
    over = asyncio.Event()
    group_add = layer.group_add
    joining: list[asyncio.Task[None]] = []

    async def slow(group: str, channel: str) -> None:
        await over.wait()
        await group_add(group, channel)

    class Spawning(Chat):
        async def connect(self) -> None:
            await self.accept()
            joining.append(asyncio.ensure_future(self.join(Room(room_id=1))))
            await asyncio.sleep(0)

    layer.group_add = slow  # type: ignore[method-assign]  # a layer that is slow
    async with WebsocketCommunicator(Spawning, "/"):
        pass
    over.set()

    with pytest.raises(ConnectionClosed, match="Spawning has ended, and cannot join"):
        await joining[0]
    assert layer.groups == {}


async def test_handlers_may_be_called_join_and_leave(layer: InMemoryChannelLayer) -> None:
    """Channels has no methods of these names, so code written for it may."""

    class Old(AsyncConsumer):
        channel_layer_alias = "test"

        async def join(self, event: dict[str, Any]) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # what old code has
            await self.send({"type": "joined", "who": event["who"]})

    application = ApplicationCommunicator(Old, {"type": "own"})
    await application.send_input({"type": "join", "who": "Ann"})
    assert await application.receive_output() == {"type": "joined", "who": "Ann"}
    await application.send_input({"type": "leave", "who": "Ann"})

    with pytest.raises(ValueError, match=r"^No handler for message type leave$"):
        await application.wait()


async def test_a_connection_that_ends_before_its_first_event_leaves_no_groups(
    layer: InMemoryChannelLayer,
) -> None:
    """The connection ends before its first event, so no group was joined; the channel is closed."""

    class Lobby(AsyncWebsocketConsumer):
        channel_layer_alias = "test"
        groups = EVERYBODY

    server = Server(Lobby.as_asgi(), WEBSOCKET)
    server.give(ConnectionResetError("gone"))

    with pytest.raises(ConnectionResetError, match="gone"):
        await server.end()
    assert (dict(layer.groups), dict(layer.channels)) == ({}, {})
