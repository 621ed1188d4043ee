"""What an annotation asks for, and how a message becomes it."""

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel
from pydantic.errors import PydanticUserError
from typing_extensions import TypeAliasType, TypedDict

from fast_channels.exceptions import InvalidEventError
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import (
    annotation_of,
    converter,
    event_types,
    local_names,
    members,
)
from fast_channels.messages.snapshot import own


class Said(ChannelEvent):
    type: Literal["said"] = "said"


class Heard(ChannelEvent):
    type: Literal["heard", "overheard"]


class Free(ChannelEvent):
    type: str = "free"


class Typeless(ChannelEvent):
    text: str = ""


class SaidDict(TypedDict):
    type: str
    number: int


class Engine:
    """Nothing that pydantic knows."""


@dataclass
class SaidData:
    type: str
    number: int


Alias = TypeAliasType("Alias", Said | Heard)


async def handler(self: Any, event: "Said", other: int, untyped: Any) -> None:
    """Handle it."""


del handler.__annotations__["untyped"]


def test_an_annotation_is_read_as_it_was_written() -> None:
    """Text stays text until it is needed; nothing is `Any`."""
    assert isinstance(handler, FunctionType)
    assert annotation_of(handler, 0) is Any
    assert annotation_of(handler, 1) == "Said"
    assert annotation_of(handler, 2) is int
    assert annotation_of(handler, 3) is Any


def test_local_names_are_those_of_the_function_around() -> None:
    """Of the module that is asked for, and not of the helper that asks."""
    local = object()

    assert local_names(__name__)["local"] is local


def test_a_module_has_no_local_names() -> None:
    """Its globals are known anyway."""
    found: dict[str, Any] = {}
    source = "names.update(found=local_names(__name__))"

    exec(
        compile(source, "<a module>", "exec"),
        {"__name__": "a_module", "names": found, "local_names": local_names},
    )

    assert found == {"found": {}}
    assert local_names("no.such.module") == {}


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Said, [Said]),
        (Said | None, [Said, type(None)]),
        (Said | typing.ForwardRef("Later"), [Said, typing.ForwardRef("Later")]),
        (Annotated[Said | Annotated[Heard, 1], 2], [Said, Heard]),
        (Alias, [Said, Heard]),
        (list[Said], [list[Said]]),
    ],
)
def test_the_members_of_a_union_are_found(annotation: Any, expected: list[Any]) -> None:
    """Through aliases and `Annotated`, but not inside other types."""
    assert list(members(annotation)) == expected


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (Said, ["said"]),
        (Heard, ["heard", "overheard"]),
        (Alias, ["said", "heard", "overheard"]),
        (Free, []),
        (Typeless, []),
        (ChannelEvent, []),
        (dict[str, Any], []),
        (5, []),
    ],
)
def test_the_types_of_channel_events_are_their_literals(annotation: Any, expected: list[str]) -> None:
    """An event whose type may be any text names none."""
    assert event_types(annotation) == expected


@pytest.mark.parametrize(
    "annotation", [Any, Mapping[str, Any], dict[str, Any], object, list[Said], 5, "text"]
)
def test_whatever_has_no_structure_gets_the_message_itself(annotation: Any) -> None:
    """Existing handlers are annotated with anything."""
    assert converter(annotation) is own
    message = {"type": "said"}
    assert own(message) is message


class Numbered(BaseModel):
    number: int


def test_models_and_dataclasses_are_made() -> None:
    """Laxly: behind a channel layer a number may have become a text."""
    message = {"type": "said", "number": "5"}

    assert converter(Numbered)(message) == Numbered(number=5)
    assert converter(SaidData)(message) == SaidData("said", 5)
    assert converter(Numbered | None)(message) == Numbered(number=5)
    assert converter(Numbered | dict[str, Any])(message) == message


def test_a_typed_dictionary_keeps_what_it_does_not_name() -> None:
    """A type that names some keys of a message does not take the others away."""
    assert converter(SaidDict)({"type": "said", "number": "5", "more": 1}) == {
        "type": "said",
        "number": 5,
        "more": 1,
    }


def test_a_message_that_does_not_fit_is_an_error() -> None:
    """It says what is wrong."""
    with pytest.raises(InvalidEventError, match=r"'said'.*number: Field required") as raised:
        converter(Numbered)({"type": "said"})

    assert raised.value.event == {"type": "said"}
    assert raised.value.errors == (("number", "Field required"),)


def test_what_pydantic_cannot_validate_is_its_error() -> None:
    """Whoever asks knows whose annotation it is, and can say so."""
    with pytest.raises(PydanticUserError, match="Unable to generate pydantic-core schema for"):
        converter(Said | Engine)
