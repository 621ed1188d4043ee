"""What is written for an application says what its consumers declare."""

import json
from types import ModuleType, new_class
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from fast_channels.codegen.application import application_schemas, application_types, foreign_types
from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer, CloseCodes
from fast_channels.exceptions import SchemaError
from fast_channels.messages import ChannelEvent, Group
from fast_channels.targets import Target, TargetError

if TYPE_CHECKING:
    from decimal import Decimal

    class RoomHandlers: ...


class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str


class Left(ChannelEvent):
    type: Literal["chat.left"] = "chat.left"


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str
    volume: int = 1


class Chat(AsyncJsonWebsocketConsumer[Say, Said | Left]):
    async def chat_said(self, event: Said) -> None: ...

    async def chat_left(self, event: "Decimal") -> None: ...

    async def receive_json(self, content: Say) -> None: ...


class Engine:
    """Something that JSON has no form for."""


class Started(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    engine: Engine


class Quiet(AsyncWebsocketConsumer):
    """Says nothing and hears nothing."""


class Listener(AsyncWebsocketConsumer):
    """Only hears something."""

    async def chat_said(self, event: dict[str, Any]) -> None: ...


class Hearer(AsyncWebsocketConsumer):
    """Hears a declared event."""

    async def chat_said(self, event: Said) -> None: ...


def target(value: Any, text: str = "app:Chat") -> Target:
    """Return what somebody named."""
    return Target(text, value)


def test_the_module_of_a_consumer() -> None:
    """Its messages as TypedDicts, its handlers as a Protocol, and no import that nothing uses."""
    assert (
        application_types([target(Chat)])
        == f'''\
"""Written by `fast-channels stubs app:Chat`; changes made by hand are lost."""

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, TypeVar

from typing_extensions import NotRequired, TypedDict

if TYPE_CHECKING:
    import {__name__}


class SayDict(TypedDict):
    type: Literal["say"]
    text: str
    volume: NotRequired[int]


ChatClientMessage: TypeAlias = SayDict


class SaidDict(TypedDict):
    type: Literal["chat.said"]
    text: str


class LeftDict(TypedDict):
    type: Literal["chat.left"]


ChatServerMessage: TypeAlias = SaidDict | LeftDict
ChatEventMessage: TypeAlias = SaidDict


class ChatHandlers(Protocol):
    """The handlers of Chat."""

    async def chat_said(self, event: "{__name__}.Said", /) -> object: ...

    async def chat_left(self, event: "Any", /) -> object: ...


_ChatT = TypeVar("_ChatT", bound=type[ChatHandlers])


def handles_chat(consumer: _ChatT, /) -> _ChatT:
    """Return a consumer class; type checkers report a handler that is missing or takes fewer events."""
    return consumer
'''
    )


def test_the_module_runs() -> None:
    """Without the application, which may import it."""
    module = ModuleType("app_types")
    exec(application_types([target(Chat)]), vars(module))

    assert module.SayDict.__required_keys__ == {"type", "text"}
    assert module.SayDict.__optional_keys__ == {"volume"}
    assert module.handles_chat(Quiet) is Quiet


def test_the_module_of_a_union_of_events() -> None:
    """Its name is that of the union, and nothing is called event twice."""
    source = application_types([target(Said | Left, "app:RoomEvent")])

    assert "RoomEventMessage: TypeAlias = SaidDict | LeftDict\n" in source
    assert f'async def chat_left(self, event: "{__name__}.Left", /) -> object: ...' in source
    assert "def handles_room_event(" in source
    assert "NotRequired" not in source


class Room(Group[Said | Left, "RoomHandlers"], pattern="room.{number}"):
    """The Protocol of its members is what is written for it."""

    number: int


def test_the_module_of_a_group() -> None:
    """The handlers of its events are those that its members need."""
    source = application_types([target(Room, "app:Room")])

    assert "class RoomHandlers(Protocol):" in source
    assert "RoomEventMessage: TypeAlias = SaidDict | LeftDict\n" in source


def test_the_module_of_one_event() -> None:
    """It is a union of one."""
    source = application_types([target(Said, "app:Said")])

    assert "SaidEventMessage: TypeAlias = SaidDict\n" in source
    assert "def handles_said(" in source


def test_a_consumer_without_messages_has_handlers() -> None:
    """And nothing has to be imported for them."""
    source = application_types([target(Listener)])

    assert 'async def chat_said(self, event: "dict[str, Any]", /) -> object: ...' in source
    assert "TYPE_CHECKING" not in source
    assert "TypedDict" not in source


def test_a_consumer_that_sends_no_null_has_keys_that_may_be_missing() -> None:
    """Beside one that sends the same message with null."""

    class Seat(BaseModel):
        name: str | None

    class Full(AsyncJsonWebsocketConsumer[Any, Seat]): ...

    class Sparse(AsyncJsonWebsocketConsumer[Any, Seat]):
        omit_none = True

    module = application_types([target(Full), target(Sparse)])

    assert "class ServerSeatDict(TypedDict):\n    name: str | None" in module
    assert "class SparseServerSeatDict(TypedDict):\n    name: NotRequired[str]" in module
    assert "SparseServerMessage: TypeAlias = SparseServerSeatDict" in module


def test_a_consumer_has_close_codes() -> None:
    """As numbers, also where it declares nothing else."""

    class Codes(CloseCodes):
        UNAUTHORIZED = 4401
        GONE = 4404

    class Plain(AsyncWebsocketConsumer):
        close_codes = Codes

    module = application_types([target(Plain)])

    assert "PlainCloseCode: TypeAlias = Literal[4401, 4404]" in module
    assert [*application_schemas([target(Plain)]).files] == ["Plain.close_codes.json"]


def test_a_consumer_without_handlers_has_messages() -> None:
    """There is no Protocol then."""

    class Counter(AsyncJsonWebsocketConsumer[Say, None]): ...

    source = application_types([target(Counter)])

    assert "CounterServerMessage: TypeAlias = None\n" in source
    assert "Protocol" not in source


def test_what_is_named_twice_is_written_once() -> None:
    """A module and a class of it, for instance."""
    once = application_types([target(Chat)])
    twice = application_types([target(Chat), target(Chat.as_asgi(), "app:app")])

    assert twice.partition("\n")[2] == once.partition("\n")[2]


def test_two_things_of_the_same_name_are_refused() -> None:
    """One would hide the other."""
    other = type("Chat", (Listener,), {})

    with pytest.raises(SchemaError, match=r"2 different classes have the name .+\.Chat; use one command"):
        application_types([target(Chat), target(other)])
    with pytest.raises(SchemaError, match=r"2 different classes have the name .+\.Chat"):
        application_schemas([target(Chat), target(type("Chat", (Chat,), {}))])


def in_module(name: str, consumer: type) -> Any:
    """Return a consumer of the same name in another module."""
    return type(consumer.__name__, (consumer,), {"__module__": name})


def test_things_that_share_a_name_are_called_by_their_modules() -> None:
    """As far as that tells them apart, and somebody is told of it."""
    both = [target(in_module("app.rooms", Chat)), target([in_module("app.lobby_v2", Chat), Hearer])]
    notes: list[str] = []

    schemas = application_schemas(both, note=notes.append)
    types = application_types(both, note=notes.append)

    assert {name.partition(".Chat")[0] for name in schemas.files} == {
        "rooms",
        "lobby_v2",
        "Hearer.events.json",
    }
    assert json.loads(schemas.files["rooms.Chat.client.json"])["title"] == "rooms.Chat client"
    for name in ("RoomsChat", "LobbyV2Chat", "Hearer"):
        assert f"class {name}Handlers(Protocol):" in types
    assert "def handles_lobby_v2_chat(" in types
    assert (
        notes == ["the same name is used more than once, so the files use rooms.Chat and lobby_v2.Chat"] * 2
    )


def test_a_consumer_that_declares_nothing_is_passed_over_in_an_application() -> None:
    """Somebody is told of it, and the others are written."""
    app = target([Quiet, Chat], "app:app")
    notes: list[str] = []

    schemas = application_schemas([app], note=notes.append)
    types = application_types([app], note=notes.append)

    assert {name.partition(".")[0] for name in schemas.files} == {"Chat"}
    assert "class ChatHandlers(Protocol):" in types
    assert notes == [
        f"{__name__}.Quiet declares neither messages nor channel events, and is skipped",
        f"{__name__}.Quiet has neither handlers of channel events nor declared messages, and is skipped",
    ]


def test_an_application_that_declares_nothing_has_no_types() -> None:
    """There is no use in an empty module; nor are there schemas."""
    app = target([Quiet], "app:app")

    assert application_types([app]) == ""
    assert application_schemas([app]).files == {}


def test_a_consumer_without_anything_to_write_is_refused() -> None:
    """As there is no use in an empty module."""
    with pytest.raises(
        SchemaError, match="Quiet has neither handlers of channel events nor declared messages"
    ):
        application_types([target(Quiet)])
    with pytest.raises(SchemaError, match="Quiet declares neither messages nor channel events: give Async"):
        application_schemas([target(Quiet.as_asgi())])


def test_what_is_no_consumer_is_refused() -> None:
    """And no event either."""
    with pytest.raises(TargetError, match="app:Say is not a consumer"):
        application_types([target(Say, "app:Say")])


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (Engine, "no types can be written for the messages of types.Broken: Unable to generate"),
        (Started, "a message has no JSON form: Cannot generate a JsonSchema"),
    ],
)
def test_messages_that_nothing_can_describe_are_refused(message: Any, problem: str) -> None:
    """The sentence says what pydantic says."""
    generic: Any = AsyncJsonWebsocketConsumer
    broken = new_class("Broken", (generic[message, None],))

    with pytest.raises(SchemaError, match=problem):
        application_types([target(broken)])
    with pytest.raises(SchemaError, match="the messages of Broken have no JSON Schema"):
        application_schemas([target([broken])])


def test_the_schemas_of_consumers() -> None:
    """The files of all of them, and those that they might have had."""
    generated = application_schemas([target(Chat)], "https://x.y/")

    assert sorted(generated.files) == ["Chat.client.json", "Chat.events.json", "Chat.server.json"]
    assert {*generated.owned} == {*generated.files, "Chat.close_codes.json", "Chat.params.json"}
    assert {*generated.owners.values()} == {f"{__name__}.Chat"}
    assert json.loads(generated.files["Chat.client.json"])["$id"] == "https://x.y/Chat.client.json"


def test_schemas_that_a_consumer_has_no_more_are_its_own() -> None:
    """So that they are deleted."""

    class Counter(AsyncJsonWebsocketConsumer[Say, Any]): ...

    generated = application_schemas([target(Counter)])

    assert [*generated.files] == ["Counter.client.json"]
    kinds = ("client", "server", "events", "close_codes", "params")
    assert generated.owned == [f"Counter.{kind}.json" for kind in kinds]


@pytest.mark.parametrize("current", ["no JSON", "[]", "{}", '{"title": "Chat server"}', "\ufffd"])
def test_a_schema_that_nobody_has_written_here_is_foreign(current: str) -> None:
    """Whatever is in the file, it stays."""
    generated = application_schemas([target(Chat)])

    assert generated.foreign("Chat.client.json", current) == (
        "was not written by this command; choose another folder, or delete it"
    )


def test_a_schema_knows_for_which_consumer_it_was_written() -> None:
    """So one of the same name in another module is told, and the consumer itself may write it again."""
    ours = application_schemas([target(Chat)])
    theirs = application_schemas([target(in_module("lobby", Chat))])
    name = "Chat.client.json"

    assert ours.foreign(name, ours.files[name]) is None
    assert ours.foreign(name, "") is None
    assert ours.foreign(name, '{"title": "Chat client"}') is None, "as version 0.1 wrote it"
    assert theirs.foreign(name, ours.files[name]) == (
        f"was written for {__name__}.Chat, not for lobby.Chat; name both in one command, choose another "
        "folder, or delete it"
    )


def test_a_module_of_types_knows_for_what_it_was_written() -> None:
    """It may be written again for the same and for more, and not for less."""
    one, both = [target(Chat)], [target(Chat), target(Listener, "app:Listener")]

    assert foreign_types(both, application_types(one)) is None
    assert foreign_types(both, application_types(both)) is None
    assert foreign_types(one, "") is None
    assert foreign_types(one, application_types(both)) == (
        "was written for app:Listener; name all in one command, choose another file, or delete it"
    )
    assert (
        foreign_types(one, "import os")
        == "was not written by this command; choose another file, or delete it"
    )
