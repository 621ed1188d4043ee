"""Handlers become a Protocol that says what they take."""

from collections.abc import Mapping
from typing import Annotated, Any, Generic, Literal, TypeVar

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

from fast_channels.codegen.handlers import AnnotationWriter, handlers_of_events, protocol, snake_case
from fast_channels.messages import ChannelEvent

T = TypeVar("T")


class Said(ChannelEvent):
    type: Literal["chat.said", "chat.shouted"] = "chat.said"


class Heard(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"


class Box(BaseModel, Generic[T]):
    content: T

    class Lid(BaseModel):
        """Is in another class."""


Either = TypeAliasType("Either", Said | Heard)
HERE = __name__


@pytest.mark.parametrize(
    ("annotation", "expression", "modules"),
    [
        (Any, "Any", set[str]()),
        (None, "None", set[str]()),
        (int, "int", set[str]()),
        (Said, f"{HERE}.Said", {HERE}),
        (Box.Lid, f"{HERE}.Box.Lid", {HERE}),
        (Said | None, f"{HERE}.Said | None", {HERE}),
        (Annotated[Said | Heard, "x"], f"{HERE}.Said | {HERE}.Heard", {HERE}),
        (Either, f"{HERE}.Either", {HERE}),
        (Box[int], f"{HERE}.Box[int]", {HERE}),
        (Mapping[str, Any], "collections.abc.Mapping[str, Any]", {"collections.abc"}),
        (dict[str, list[int]], "dict[str, list[int]]", set[str]()),
        (Literal["a", 1], "Literal['a', 1]", set[str]()),
        (T, "Any", set[str]()),
        ("Nowhere", "Any", set[str]()),
    ],
    ids=str,
)
def test_an_annotation_is_spelled(annotation: Any, expression: str, modules: set[str]) -> None:
    """As a module does that imports other modules."""
    writer = AnnotationWriter()

    assert writer.of(annotation) == expression
    assert writer.modules == modules


def test_what_is_defined_in_a_function_is_any() -> None:
    """No other module can name it."""

    class Local(ChannelEvent): ...

    assert AnnotationWriter().of(list[Local]) == "list[Any]"


def test_the_handlers_of_events() -> None:
    """One for each type; what has the same type comes to the same handler."""
    assert handlers_of_events([Said, Heard]) == {"chat_said": Said | Heard, "chat_shouted": Said}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Chat", "chat"), ("ChatConsumer", "chat_consumer"), ("HTTPPage2Consumer", "http_page2_consumer")],
)
def test_the_name_of_a_decorator(name: str, expected: str) -> None:
    """Follows from the name of the class."""
    assert snake_case(name) == expected


def test_a_protocol_and_its_decorator() -> None:
    """The handlers take what they take, and may return anything."""
    writer = AnnotationWriter()

    assert (
        protocol("Room", {"chat_said": Said, "chat_left": dict[str, Any]}, writer)
        == f'''\
class RoomHandlers(Protocol):
    """The handlers of Room."""

    async def chat_said(self, event: "{HERE}.Said", /) -> object: ...

    async def chat_left(self, event: "dict[str, Any]", /) -> object: ...


_RoomT = TypeVar("_RoomT", bound=type[RoomHandlers])


def handles_room(consumer: _RoomT, /) -> _RoomT:
    """Return a consumer class; type checkers report a handler that is missing or takes fewer events."""
    return consumer'''
    )
    assert writer.modules == {HERE}
