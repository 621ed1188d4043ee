"""What a client may send depends on the phase of its connection."""

from __future__ import annotations

import asyncio
import json
from types import new_class
from typing import Any, ClassVar, Literal

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from typing_extensions import TypedDict

from fast_channels.checks import check
from fast_channels.codegen.schemas import consumer_schemas
from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncMessageConsumer, AsyncWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError, SchemaError
from fast_channels.messages import ChannelEvent, Phase
from fast_channels.messages.message_pack import MessagePack
from fast_channels.testing import WebsocketCommunicator


class Login(BaseModel):
    type: Literal["login"] = "login"
    name: str = ""


class Say(BaseModel):
    type: Literal["say"] = "say"


class Ping(BaseModel):
    type: Literal["ping"] = "ping"


class Logout(BaseModel):
    type: Literal["logout"] = "logout"


class Told(BaseModel):
    told: str


class Greeting(Phase[Login | Ping]):
    """Before the client has said who it is."""


class Commands(Phase[Say | Ping | Logout]):
    pass


Client = Login | Say | Ping | Logout
Contract = AsyncJsonWebsocketConsumer[Client, Told]


class Chat(Contract):
    phases = (Greeting, Commands)

    async def receive_json(self, content: Client) -> Told:
        if isinstance(content, Login):
            self.enter(Commands)
        elif isinstance(content, Logout):
            self.enter(Greeting)
        return Told(told=content.type)

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        await self.send_json(Told(told=f"{error.kind}: {error}: {error.reason}: {json.dumps(error.value)}"))


class Packed(AsyncMessageConsumer[Client, Told]):
    codec = MessagePack()
    phases = (Greeting, Commands)

    async def receive_message(self, content: Client) -> Told:
        return Told(told=content.type)

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        await self.send_message(Told(told=error.kind))


async def told(consumer: type[AsyncJsonWebsocketConsumer[Any, Any]], *kinds: str) -> list[str]:
    """Return what a consumer answers to messages of some kinds."""
    async with WebsocketCommunicator(consumer, "/") as websocket:
        answers: list[str] = []
        for kind in kinds:
            await websocket.send_json_to({"type": kind})
            answers.append((await websocket.receive_json_from())["told"])
        return answers


WRONG = (
    "wrong_phase: a client has sent Say, which does not belong to the phase Greeting: the message is not "
    'allowed now: {"type": "say"}'
)


async def test_a_message_of_another_phase_is_refused() -> None:
    """It is an invalid message of its own kind; nothing else changes."""
    assert await told(Chat, "say", "ping", "login", "say", "ping") == [WRONG, "ping", "login", "say", "ping"]


async def test_a_phase_can_be_entered_again() -> None:
    """Whatever the application says."""
    assert await told(Chat, "login", "logout", "say") == ["login", "logout", WRONG]


async def test_what_is_no_message_is_told_what_it_could_be() -> None:
    """The phase plays no part in that."""
    [answer] = await told(Chat, "shout")
    assert answer.startswith("unknown_tag: ")
    assert "'login', 'say', 'ping', 'logout'" in answer


async def test_by_default_the_connection_ends() -> None:
    """With the code of a policy violation."""

    class Default(Contract):
        phases = (Greeting, Commands)

        async def receive_json(self, content: Client) -> None: ...

    async with WebsocketCommunicator(Default, "/") as websocket:
        await websocket.send_json_to({"type": "say"})
        event = await websocket.receive_output()

    assert (event["code"], event["reason"]) == (1008, "")


async def test_a_decoder_of_the_application_keeps_to_phases() -> None:
    """What it returns is looked at like any message."""

    class Decoding(Chat):
        @classmethod
        async def decode_json(cls, text_data: str) -> Any:
            return json.loads(text_data)

    assert await told(Decoding, "say", "login", "say") == [WRONG, "login", "say"]


async def test_frames_of_any_form_have_phases() -> None:
    """A codec reads them."""
    async with WebsocketCommunicator(Packed, "/") as websocket:
        for kind, answer in (("say", "wrong_phase"), ("ping", "ping"), ("?", "unknown_tag")):
            await websocket.send_to(bytes_data=ormsgpack.packb({"type": kind}))
            frame = await websocket.receive_from()
            assert isinstance(frame, bytes)
            assert ormsgpack.unpackb(frame) == {"told": answer}


def test_a_phase_that_is_not_of_the_class_cannot_be_entered() -> None:
    """It would have no messages."""

    class Other(Phase[Login]):
        pass

    with pytest.raises(ValueError, match="Other is not one of the phases of Chat"):
        Chat().enter(Other)


class Foreign(BaseModel):
    type: Literal["foreign"] = "foreign"


class OfForeign(Phase[Foreign]):
    pass


@pytest.mark.parametrize(
    ("phases", "text"),
    [
        ((Greeting,), "Wrong has no phase with Say, Logout"),
        (
            (Greeting, Commands, OfForeign),
            "Wrong has the phase OfForeign with Foreign, which is not a client",
        ),
        ((Login,), r"Wrong.phases has <class '.*Login'> in it, which is not a subclass of Phase"),
        (("Greeting",), "Wrong.phases has 'Greeting' in it, which is not a subclass of Phase"),
    ],
)
def test_phases_are_those_of_the_messages(phases: Any, text: str) -> None:
    """Whatever else is a mistake that the definition of the class says."""
    with pytest.raises(TypeError, match=text):
        type("Wrong", (Chat,), {"phases": phases})


def test_each_phase_has_a_schema() -> None:
    """A definition in that of the messages, with the description of its class."""
    schema = json.loads(consumer_schemas(Chat)["Chat.client.json"])

    assert schema["$defs"]["Greeting"]["description"] == "Before the client has said who it is."
    assert schema["$defs"]["Commands"]["description"] == "What a client may send to Chat in this phase."
    assert {"$ref": "#/$defs/Login"} in schema["$defs"]["Greeting"]["oneOf"]
    assert {"$ref": "#/$defs/Login"} not in schema["$defs"]["Commands"]["oneOf"]


def test_a_phase_and_a_message_have_different_names() -> None:
    """They are definitions of one schema."""
    same: Any = new_class("Login", (Phase[Client],))
    wrong: Any = type("Same", (Chat,), {"phases": (same,)})

    with pytest.raises(SchemaError, match="Same has a phase and a message with the name Login"):
        consumer_schemas(wrong)


class Later(AsyncJsonWebsocketConsumer["Login | Late", Told]):
    async def receive_json(self, content: Any) -> Told:
        self.enter(Afterwards)
        return Told(told=content.type)


class Afterwards(Phase["Late"]):
    pass


class Before(Phase["Login"]):
    pass


class EvenLater(Later):
    phases = (Before, Afterwards)


class Late(BaseModel):
    type: Literal["late"] = "late"


async def test_messages_that_are_defined_later_have_phases() -> None:
    """They are looked at when a connection begins."""
    assert await told(EvenLater, "login", "late") == ["login", "late"]


def test_mistakes_that_show_later_are_found() -> None:
    """`fast-channels check` looks at what could not be seen when the class was defined."""

    class Unknown(Phase["Nothing"]):  # type: ignore[name-defined]  # pyright: ignore[reportUndefinedVariable]  # what is planted here
        pass

    class NotFound(Later):
        phases = (Unknown,)

    Later_ = AsyncJsonWebsocketConsumer["Login | Late2", Told]  # pyright: ignore[reportUndefinedVariable]  # noqa: N806  # defined below

    class Left(Later_):
        phases = (Before,)

        async def receive_json(self, content: Any) -> None: ...

    class Late2(BaseModel):
        type: Literal["late2"] = "late2"

    globals()["Late2"] = Late2
    try:
        texts = [str(found) for consumer in (NotFound, Left) for found in check(consumer)]
    finally:
        del globals()["Late2"]
    assert any("FC201" in text and "a message of its phases cannot be resolved" in text for text in texts)
    assert any("FC208" in text and "has no phase with Late2" in text for text in texts)


class Item(TypedDict):
    type: Literal["item"]


class Other(TypedDict):
    type: Literal["other"]


class Items(Phase[Item]):
    pass


class Others(Phase[Other]):
    pass


async def test_dictionaries_have_phases() -> None:
    """Their class would not tell them apart."""

    class Dicts(AsyncJsonWebsocketConsumer[Item | Other, Told]):
        phases = (Items, Others)

        async def receive_json(self, content: Item | Other) -> Told:
            self.enter(Others)
            return Told(told=content["type"])

        async def receive_invalid(self, error: InvalidMessageError) -> None:
            await self.send_json(Told(told=error.kind))

    assert await told(Dicts, "other", "item", "item", "other") == [
        "wrong_phase",
        "item",
        "wrong_phase",
        "other",
    ]


def test_who_declares_no_messages_has_no_phases() -> None:
    """An attribute of that name, in code that knows of none, means nothing."""

    class Event(ChannelEvent):
        type: Literal["enter"] = "enter"

    class Old(AsyncJsonWebsocketConsumer):
        phases: ClassVar[Any] = ("new", "full")

        async def enter(self, event: Event) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # as code for Channels does it, which has no types

    class Older(AsyncWebsocketConsumer):
        async def enter(self, event: Event) -> None: ...

    for consumer in (Old, Older):
        assert "enter" in consumer._rules.handlers  # pyright: ignore[reportPrivateUsage]  # what no handler would show without a layer


@given(st.lists(st.sampled_from(["login", "say", "ping", "logout", "?"]), max_size=12))
def test_no_message_of_another_phase_reaches_a_handler(kinds: list[str]) -> None:
    """Whatever is sent, in any order."""
    phase = {"login", "ping"}
    expected: list[str] = []
    for kind in kinds:
        expected.append(kind if kind in phase else "unknown_tag" if kind == "?" else "wrong_phase")
        if kind in phase:
            phase = {"login": {"say", "ping", "logout"}, "logout": {"login", "ping"}}.get(kind, phase)

    answers = asyncio.run(told(Chat, *kinds))

    assert [answer.partition(":")[0] for answer in answers] == expected
