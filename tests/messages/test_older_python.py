"""The TypedDicts of `typing` are validated on every version of Python."""

import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, NotRequired, Required, TypeVar, get_args

import pytest
import typing_extensions
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypeAliasType, is_typeddict

from fast_channels.messages.annotations import converter
from fast_channels.messages.codec import Codec
from fast_channels.messages.older_python import without_typing_dicts

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")


class Part(typing.TypedDict, total=False):
    number: int
    name: Required[str]


class Whole(Part):
    type: Literal["whole"]
    parts: list[Part]
    more: "NotRequired[Whole]"


class Left(typing.TypedDict):
    type: Literal["left"]


Parts = TypeAliasType("Parts", list[Part])
Numbers = TypeAliasType("Numbers", list[int])


class Box(typing.TypedDict, Generic[T]):
    content: list[T]


class Careful(typing.TypedDict):
    number: int


Careful.__pydantic_config__ = ConfigDict(strict=True)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # as pydantic documents it


class Undefined(typing.TypedDict):
    number: "Decimal"


class Modern(typing_extensions.TypedDict):
    number: int


class Model(BaseModel):
    number: int


def read(annotation: Any, value: object) -> Any:
    """Return what pydantic makes of a value."""
    return TypeAdapter[Any](without_typing_dicts(annotation)).validate_python(value)


WHOLE: dict[str, Any] = {"type": "whole", "name": "a", "parts": [{"name": "b"}]}


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (Part, {"name": "a", "number": "5"}, {"name": "a", "number": 5}),
        (Whole, {**WHOLE, "more": {**WHOLE, "number": "5"}}, {**WHOLE, "more": {**WHOLE, "number": 5}}),
        (Part | None, None, None),
        (list[Part] | Model, [{"name": "a", "number": "5"}], [{"name": "a", "number": 5}]),
        (Annotated[Part, "of something"], {"name": "a"}, {"name": "a"}),
        (Box[int], {"content": ["5"]}, {"content": [5]}),
        (Box[Part], {"content": [{"name": "a"}]}, {"content": [{"name": "a"}]}),
        (Parts, [{"name": "a"}], [{"name": "a"}]),
        (tuple[Part], [{"name": "a"}], ({"name": "a"},)),
    ],
)
def test_what_is_given_is_validated(annotation: Any, value: object, expected: object) -> None:
    """Wherever in an annotation a TypedDict stands, in itself too."""
    assert read(annotation, value) == expected


@pytest.mark.parametrize(
    ("annotation", "value", "text"),
    [
        (Part, {"number": 5}, "name"),
        (Whole, {**WHOLE, "parts": [{"number": 5}]}, r"parts\.0\.name"),
        (Whole, {**WHOLE, "more": {**WHOLE, "type": "part"}}, r"more\.type"),
        (Careful, {"number": "5"}, "number"),
    ],
)
def test_what_does_not_fit_is_refused(annotation: Any, value: object, text: str) -> None:
    """Required keys are, and a configuration for pydantic counts."""
    with pytest.raises(ValidationError, match=f"(?m)^{text}$"):
        read(annotation, value)


@pytest.mark.parametrize(
    "annotation",
    [
        Any,
        Literal["a"],
        Modern,
        Modern | None,
        Model,
        dict[str, list[int]],
        Callable[[int], str],
        "Part",
        Numbers,
    ],
)
def test_whatever_pydantic_reads_already_is_left_alone(annotation: Any) -> None:
    """It is the very same annotation."""
    assert without_typing_dicts(annotation) is annotation


def test_a_class_has_one_equal() -> None:
    """With its name, so that a schema describes it once."""
    found, part = without_typing_dicts(Whole), without_typing_dicts(Part)

    assert found is without_typing_dicts(Whole)
    assert found is not Whole
    assert is_typeddict(found)
    assert (found.__name__, found.__module__, found.__doc__) == ("Whole", __name__, Whole.__doc__)
    assert found.__required_keys__ == Whole.__required_keys__
    assert get_args(found.__annotations__["parts"]) == (part,)


def test_a_name_that_is_not_defined_is_an_error() -> None:
    """Each time: nothing half-made is kept."""
    for _ in range(2):
        with pytest.raises(NameError, match="Decimal"):
            without_typing_dicts(Undefined)


def test_events_and_messages_may_be_dictionaries_of_typing() -> None:
    """Of handlers as of clients, which are told apart by their tags."""
    codec = Codec(lambda: Whole | Left)

    assert converter(Part)({"type": "part", "name": "a", "number": "5"}) == {
        "type": "part",
        "name": "a",
        "number": 5,
    }
    assert codec.decode('{"type": "left"}') == {"type": "left"}
    assert codec.encode({"type": "left"}) == '{"type":"left"}'
