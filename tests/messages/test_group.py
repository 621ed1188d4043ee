"""Groups are named by their fields, and carry the events that they declare."""

import string
import types
from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Any, Literal, NewType
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from typing_extensions import TypeAliasType

from fast_channels.exceptions import InvalidChannelLayerError, LocalProtocolError
from fast_channels.layers import (
    BaseChannelLayer,
    InMemoryChannelLayer,
    register_channel_layer,
    unregister_channel_layer,
)
from fast_channels.messages import ChannelEvent, Group
from fast_channels.messages import group as group_module


class Untyped(ChannelEvent):
    """Whose type nobody knows."""


RoomId = NewType("RoomId", int)
Color = Enum("Color", ["RED", "GREEN"])
Alias = TypeAliasType("Alias", Literal["a", "b"])


class Size(StrEnum):
    SMALL = "same"
    LARGE = "other"


class Said(ChannelEvent):
    type: Literal["room.said"] = "room.said"
    text: str


class Left(ChannelEvent):
    type: Literal["room.left"] = "room.left"


class Other(ChannelEvent):
    type: Literal["other"] = "other"


class Room(Group[Said | Left], pattern="room.{room_id}"):
    room_id: int


class Topic(Group[Said], pattern="topic.{language}.{name}"):
    language: Literal["en", "de"]
    name: str


class Everything(Group[Said], pattern="x.{text}.{number}.{truth}.{id}.{day}.{color}.{size}.{new}.{alias}"):
    text: str
    number: int
    truth: bool
    id: UUID
    day: date
    color: Color
    size: Size
    new: RoomId
    alias: Alias


class Lobby(Group["Announced"], pattern="lobby"):
    pass


class Announced(ChannelEvent):
    type: Literal["announced"] = "announced"


@pytest.fixture
def layer() -> Iterator[InMemoryChannelLayer]:
    """A memory layer, registered where groups look."""
    layer = InMemoryChannelLayer()
    register_channel_layer("default", layer)
    yield layer
    unregister_channel_layer("default")


def test_the_pattern_and_the_fields_make_the_name() -> None:
    """Values that are plain stay readable."""
    assert Room(room_id=7).group_name == "room.7"
    assert Topic(language="en", name="cats-and-dogs").group_name == "topic.en.cats-and-dogs"
    assert Lobby().group_name == "lobby"


def test_each_type_of_field_has_a_text() -> None:
    """Enumerations are named by their member, since two members may look alike."""
    group = Everything(
        text="a b",
        number=-1,
        truth=True,
        id=UUID(int=1),
        day=date(2026, 1, 2),
        color=Color.RED,
        size=Size.SMALL,
        new=RoomId(5),
        alias="b",
    )

    assert group.group_name == (
        "x.a_20b.-1.true.00000000-0000-0000-0000-000000000001.2026-01-02.RED.SMALL.5.b"
    )


def test_what_a_name_cannot_have_is_escaped() -> None:
    """The bytes of UTF-8 in hexadecimal, after an underscore; nothing at all is an underscore alone."""
    assert Topic(language="de", name="Zoë.x_").group_name == "topic.de.Zo_c3_ab_2ex_5f"
    assert Topic(language="de", name="").group_name == "topic.de._"


def test_a_long_name_is_shortened() -> None:
    """To the longest that every layer takes: its beginning, and a digest of the whole."""
    long, longer = Topic(language="en", name="x" * 200), Topic(language="en", name="x" * 201)

    assert len(long.group_name) == 99
    assert long.group_name.startswith("topic.en.xxx")
    assert long.group_name != longer.group_name
    assert Topic(language="en", name="x" * 90).group_name == "topic.en." + "x" * 90


names = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=120),
    st.text(st.sampled_from("ab._-"), max_size=120),
    st.text(st.sampled_from(string.hexdigits + "._"), min_size=60, max_size=120),
)
topics = st.builds(Topic, language=st.sampled_from(["en", "de"]), name=names)


@pytest.mark.property
@given(topics)
def test_every_name_is_one_that_every_layer_takes(topic: Topic) -> None:
    """Whatever its fields hold."""
    assert BaseChannelLayer().require_valid_group_name(topic.group_name)


@pytest.mark.property
@given(topics, topics)
def test_different_groups_have_different_names(one: Topic, other: Topic) -> None:
    """And equal ones have the same."""
    assume(one != other)

    assert one.group_name != other.group_name
    assert one.group_name == one.model_copy().group_name


@pytest.mark.property
@given(st.lists(names, min_size=2, max_size=2), st.lists(names, min_size=2, max_size=2))
def test_fields_do_not_run_into_each_other(one: list[str], other: list[str]) -> None:
    """The end of one is never taken for the beginning of the next."""

    class Pair(Group[Said], pattern="{first}.{second}"):
        first: str
        second: str

    assume(one != other)

    assert Pair(first=one[0], second=one[1]).group_name != Pair(first=other[0], second=other[1]).group_name


def test_groups_are_values() -> None:
    """They compare, and can be in sets."""
    assert Room(room_id=1) == Room(room_id=1) != Room(room_id=2)
    assert hash(Room(room_id=1)) == hash(Room(room_id=1))
    with pytest.raises(ValidationError):
        Room.model_validate({"room_id": "one"})


@pytest.mark.parametrize(
    ("pattern", "fields", "reason"),
    [
        ("{a}{b}", {"a": str, "b": str}, "two fields .* no period between them"),
        ("{a}-{b}", {"a": str, "b": str}, "two fields .* no period between them"),
        ("room", {"a": str}, "names none, and the fields are a"),
        ("{a}.{b}", {"a": str}, "names a, b, and the fields are a"),
        ("{a}.{a}", {"a": str}, "names a, a, and the fields are a"),
        ("{a", {"a": str}, "cannot be read"),
        ("{a!r}", {"a": str}, "has to be the name of a field"),
        ("{a:>5}", {"a": str}, "has to be the name of a field"),
        ("{a.b}", {"a": str}, "has to be the name of a field"),
        ("{}", {}, "has to be the name of a field"),
        ("rööm.{a}", {"a": str}, "may contain only ASCII letters"),
        ("room..{a}", {"a": str}, "single periods"),
        ("{a}", {"a": float}, "a is <class 'float'>"),
        ("{a}", {"a": str | None}, "values have one string form each"),
        ("{a}", {"a": int | str}, "values have one string form each"),
        ("{a}", {"a": datetime}, "values have one string form each"),
        ("{a}", {"a": Literal["1", 1]}, "values have one string form each"),
        ("{a}", {"a": list[str]}, "values have one string form each"),
    ],
)
def test_a_pattern_that_cannot_tell_groups_apart_is_refused(
    pattern: str, fields: dict[str, Any], reason: str
) -> None:
    """When the class is defined."""
    with pytest.raises(TypeError, match=f"Bad: .*{reason}"):
        types.new_class(
            "Bad", (Group,), {"pattern": pattern}, lambda body: body.update(__annotations__=fields)
        )


@pytest.mark.parametrize(
    ("events", "text"),
    [
        (str, "Wrong: a group carries events, .*"),
        (Untyped, r"Wrong: Untyped has no field `type: Literal\[\.\.\.\]` with a default"),
    ],
)
def test_a_group_carries_events_that_find_their_handlers(events: Any, text: str) -> None:
    """Anything else would find none, so it is refused where it is written."""
    with pytest.raises(TypeError, match=f"^{text}$"):
        types.new_class("Wrong", (Group[events],), {"pattern": "wrong"})


def test_a_group_may_name_events_that_are_defined_later() -> None:
    """They are looked at when the first one is sent."""
    later: Any = "Undefined"

    made = types.new_class("Later", (Group[later],), {"pattern": "later"})

    assert made().group_name == "later"
    assert types.new_class("Free", (Group[Any],), {"pattern": "free"})().group_name == "free"


def test_a_group_without_a_pattern_has_no_name() -> None:
    """It is a base of others."""

    class Base(Group[Said]):
        room_id: int

    class Derived(Base, pattern="{room_id}"):
        pass

    assert Derived(room_id=1).group_name == "1"
    with pytest.raises(TypeError, match="Base has no pattern"):
        _ = Base(room_id=1).group_name
    with pytest.raises(TypeError, match="Base has no pattern"):
        Base(room_id=1).sync_send(Said(text=""))


def test_the_events_of_a_group_are_known() -> None:
    """Those of a base are, and those that are named before they are defined."""

    class Special(Room):
        pass

    assert Room.event_types() == Special.event_types() == ["room.said", "room.left"]
    assert Lobby.event_types() == ["announced"]


async def test_an_event_reaches_every_member(layer: InMemoryChannelLayer) -> None:
    """From anywhere: no consumer is needed."""
    channel = await layer.new_channel()
    await layer.group_add("room.1", channel)

    await Room(room_id=1).send(Said(text="hello"))
    await Room(room_id=2).send(Said(text="not here"))
    await Room(room_id=1).send(Left())

    assert await layer.receive(channel) == {"type": "room.said", "text": "hello"}
    assert await layer.receive(channel) == {"type": "room.left"}


async def test_another_layer_can_carry_an_event() -> None:
    """One that is not registered."""
    layer = InMemoryChannelLayer()
    channel = await layer.new_channel()
    await layer.group_add("room.1", channel)

    await Room(room_id=1).send(Left(), layer=layer)

    assert await layer.receive(channel) == {"type": "room.left"}


@pytest.mark.parametrize("event", [Other(), {"type": "room.said"}, None, {"type": "other"}])
async def test_an_event_that_the_group_does_not_carry_is_refused(
    layer: InMemoryChannelLayer, event: Any
) -> None:
    """Where it is sent; no member sees it."""
    channel = await layer.new_channel()
    await layer.group_add("room.1", channel)

    with pytest.raises(LocalProtocolError, match="is not a message that may be sent"):
        await Room(room_id=1).send(event)

    assert layer.channels == {}


async def test_a_group_says_which_layer_it_needs() -> None:
    """And which there are."""

    class Elsewhere(Group[Left], pattern="elsewhere", channel_layer_alias="chat"):
        pass

    with pytest.raises(
        InvalidChannelLayerError, match=r"Elsewhere uses the channel layer 'chat', .*: none\."
    ):
        await Elsewhere().send(Left())


async def test_groups_know_no_layer_before_one_can_be_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as nobody has imported the registry of layers."""
    monkeypatch.setattr(group_module, "_find_layer", vars(group_module)["_no_layers"])

    with pytest.raises(InvalidChannelLayerError, match="no channel layer is registered"):
        await Room(room_id=1).send(Left())
