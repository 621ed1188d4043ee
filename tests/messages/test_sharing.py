"""Events that nobody can change are made once for all who get a message."""

import datetime as dt
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PrivateAttr,
    Tag,
    computed_field,
    field_serializer,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.errors import PydanticUserError
from typing_extensions import TypedDict

from fast_channels.exceptions import InvalidEventError
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import converter
from fast_channels.messages.snapshot import Snapshot
from fast_channels.testing.strategies import channel_messages


class Color(Enum):
    RED = 1


class Part(BaseModel, frozen=True):
    number: int = 0


class Loose(BaseModel):
    number: int = 0


class Node(BaseModel, frozen=True):
    value: int = 0
    inner: "Node | None" = None


class Circle(BaseModel, frozen=True):
    kind: Literal["circle"] = "circle"


class Square(BaseModel, frozen=True):
    kind: Literal["square"] = "square"


class Flat(ChannelEvent):
    type: Literal["a"] = "a"
    text: str = ""
    number: int | float | None = None
    when: dt.datetime | dt.date | dt.time | dt.timedelta | None = None
    id: UUID | None = None
    price: Decimal = Decimal(1)
    data: bytes = b""
    color: Color = Color.RED
    flag: Annotated[bool, Field(alias="flagged")] = True


class Deep(ChannelEvent):
    type: Literal["b"] = "b"
    part: Part = Part()
    parts: tuple[Part, ...] = ()
    names: frozenset[str] = frozenset()
    pair: tuple[int, Node] = (0, Node())
    shape: Annotated[Circle | Square, Field(discriminator="kind")] = Circle()


class Silent(ChannelEvent):
    model_config = ConfigDict(extra="forbid")

    type: Literal["c"] = "c"


SHARED: list[Any] = [Flat, Deep, Silent, Part, Node, Flat | Deep, Flat | None]


class WithList(ChannelEvent):
    names: list[str] = Field([])


class WithDict(ChannelEvent):
    names: dict[str, str] = Field({})


class WithSet(ChannelEvent):
    names: set[str] = Field(set())


class WithAnything(ChannelEvent):
    value: Any = None


class WithAnyOfMany(ChannelEvent):
    values: frozenset[Any] = frozenset()


class WithLoosePart(ChannelEvent):
    part: Loose = Loose()


class NotFrozen(ChannelEvent):
    model_config = ConfigDict(frozen=False)

    text: str = ""


class WithMore(ChannelEvent):
    model_config = ConfigDict(extra="allow")


class WithPrivate(ChannelEvent):
    _seen: list[int] = PrivateAttr(default_factory=list[int])


class WithCache(ChannelEvent):
    @cached_property
    def seen(self) -> list[int]:
        """What somebody has seen."""
        return []


class WithSetter(ChannelEvent):
    text: str = ""

    def __setattr__(self, name: str, value: object) -> None:
        vars(self)[name] = value


class WithInit(ChannelEvent):
    def __init__(self, **values: Any) -> None:
        super().__init__(**values)


class WithPostInit(ChannelEvent):
    def model_post_init(self, context: object, /) -> None:
        """Do what an application does."""


class WithFactory(ChannelEvent):
    id: UUID = Field(default_factory=uuid4)


class WithStrangeDefault(ChannelEvent):
    pair: tuple[Any, ...] | None = ([],)


class WithFieldValidator(ChannelEvent):
    text: str = ""

    @field_validator("text")
    @classmethod
    def check(cls, text: str) -> str:
        """Do what an application does."""
        return text


class WithAnnotatedValidator(ChannelEvent):
    text: Annotated[str, AfterValidator(str)] = ""


class WithModelValidator(ChannelEvent):
    @model_validator(mode="before")
    @classmethod
    def check(cls, values: Any) -> Any:
        """Do what an application does."""
        return values


class WithFieldSerializer(ChannelEvent):
    text: str = ""

    @field_serializer("text")
    def write(self, text: str) -> str:
        """Do what an application does."""
        return text


class WithAnnotatedSerializer(ChannelEvent):
    text: Annotated[str, PlainSerializer(str)] = ""


class WithModelSerializer(ChannelEvent):
    @model_serializer
    def write(self) -> dict[str, Any]:
        """Do what an application does."""
        return {}


class WithComputed(ChannelEvent):
    @computed_field  # type: ignore[prop-decorator]  # as pydantic documents it
    @property
    def now(self) -> float:
        """What is another one each time."""
        return 0.0


class WithExclusion(ChannelEvent):
    text: str = Field("", exclude_if=lambda text: not text)


def kind_of(value: Any) -> str:
    """Tell one shape from the other."""
    return "circle"


class WithDiscriminator(ChannelEvent):
    shape: Annotated[
        Annotated[Circle, Tag("circle")] | Annotated[Square, Tag("square")], Discriminator(kind_of)
    ] = Circle()


@dataclass(frozen=True)
class Data:
    text: str = ""


class Keys(TypedDict, total=False):
    type: str
    names: list[str]


OWN: list[Any] = [
    WithList,
    WithDict,
    WithSet,
    WithAnything,
    WithAnyOfMany,
    WithLoosePart,
    Loose,
    NotFrozen,
    WithMore,
    WithPrivate,
    WithCache,
    WithSetter,
    WithInit,
    WithPostInit,
    WithStrangeDefault,
    WithFieldValidator,
    WithAnnotatedValidator,
    WithModelValidator,
    WithFieldSerializer,
    WithAnnotatedSerializer,
    WithModelSerializer,
    WithComputed,
    WithExclusion,
    WithDiscriminator,
    Data,
    Keys,
    Flat | WithList,
    Flat | dict[str, Any],
]
CONVERTERS = [converter(annotation) for annotation in (*SHARED, *OWN)]


@pytest.mark.parametrize("annotation", SHARED)
def test_what_cannot_be_changed_is_made_once(annotation: Any) -> None:
    """Frozen models of plain values, all the way down: the same object for all recipients."""
    convert = converter(annotation)
    contents: dict[str, Any] = {} if annotation is Silent else {"type": "b" if annotation is Deep else "a"}
    message = Snapshot(contents)

    assert convert(message) is convert(message)
    assert convert(message) == convert(contents)
    assert convert(contents) is not convert(message)


@pytest.mark.parametrize("annotation", [*OWN, WithFactory])
def test_what_can_be_changed_or_is_made_by_an_application_is_made_for_each(annotation: Any) -> None:
    """Whatever is not a frozen model of plain values, and whatever code of the application takes part in."""
    convert = converter(annotation)
    message = Snapshot({})

    assert convert(message) is not convert(message)


def test_handlers_that_ask_for_the_same_class_get_the_same() -> None:
    """Those that ask for something else get something else."""
    message = Snapshot({"type": "a"})
    kinds: list[Any] = [Flat, Part, Flat | Deep, Node]

    first, second = ([converter(kind)(message) for kind in kinds] for _ in range(2))

    assert [type(event) for event in first] == [Flat, Part, Flat, Node]
    assert [one is other for one, other in zip(first, second, strict=True)] == [True, True, False, True]


def test_an_event_is_kept_no_longer_than_its_message() -> None:
    """The message refers to the event, nothing else does, and there is no cycle."""
    message = Snapshot({"type": "a"})
    events = [weakref.ref(converter(kind)(message)) for kind in (Flat, Part)]
    assert None not in [event() for event in events]

    del message

    assert [event() for event in events] == [None, None]


class Late(ChannelEvent):
    other: "Missing"  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]  # never defined


def test_what_cannot_be_built_is_said_by_the_first_message() -> None:
    """And not before."""
    convert = converter(Late)

    with pytest.raises(PydanticUserError, match="not fully defined"):
        convert({})


TYPES: dict[str, st.SearchStrategy[Any]] = {"type": st.sampled_from("abc")}
NUMBERS: dict[str, st.SearchStrategy[Any]] = {"number": st.integers() | st.text()}
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(),
    "number": st.integers() | st.floats() | st.text(),
    "names": st.lists(st.text()) | st.dictionaries(st.text(), st.text()),
    "part": st.fixed_dictionaries(NUMBERS),
    "parts": st.lists(st.fixed_dictionaries(NUMBERS)),
    "value": st.lists(st.integers()),
    "values": st.lists(st.integers()),
    "more": st.lists(st.integers()),
    "when": st.datetimes().map(str),
    "id": st.uuids().map(str),
    "flagged": st.booleans(),
}
messages = st.one_of(channel_messages(), st.fixed_dictionaries(TYPES, optional=FIELDS))


def outcome(index: int, message: Snapshot) -> Any:
    """Return what a handler gets of a message that others get too, or what is wrong with it."""
    try:
        return CONVERTERS[index](message)
    except InvalidEventError as error:
        return str(error), error.errors, type(error.event) is dict, error.event


def spoil(value: Any) -> None:
    """Change everything that a handler could change without tricks."""
    for part in parts_of(value):
        spoil(part)
    if isinstance(value, dict | list | set):
        value.clear()
    for name in ("text", "number", "names", "more"):
        with suppress(AttributeError, TypeError, ValueError):
            setattr(value, name, None)  # pyright: ignore[reportUnknownArgumentType]  # of any kind


def parts_of(value: Any) -> list[Any]:
    """Return what is in a value."""
    if isinstance(value, Mapping):
        return [*value.values()]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # of any kind
    if isinstance(value, list | set | tuple | frozenset):
        return [*value]  # pyright: ignore[reportUnknownVariableType]  # of any kind
    return [*vars(value).values()] if isinstance(value, BaseModel | Data) else []


indexes = st.integers(0, len(CONVERTERS) - 1)


@pytest.mark.property
@given(messages, indexes, indexes)
def test_every_handler_gets_what_it_would_get_alone(message: dict[str, Any], one: int, other: int) -> None:
    """Equal, and of the same type, or the same error; whatever others have asked for, and done with it."""
    expected = repr(outcome(other, Snapshot(message)))
    shared = Snapshot(message)

    for index in (one, other):
        spoil(outcome(index, shared))

    assert repr(outcome(other, shared)) == expected
    assert repr(shared) == repr(message)
