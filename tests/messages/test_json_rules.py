"""JSON is read as its published schema says, whatever pydantic would convert; its numbers are finite."""

import json
import math
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, validators
from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema
from pydantic_core import core_schema
from typing_extensions import TypedDict

from fast_channels.codegen.json_schema import MessageSchema, describe
from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.messages.codec import Codec


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: float
    y: float = 0.0
    kind: Literal["point"] = "point"


class Leaf(TypedDict):
    name: str
    size: NotRequired[int]


class Branch(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: Literal["branch"] = "branch"
    version: Literal[1] = 1
    flag: bool = False
    items: list[int | str] = []
    colour: Colour = Colour.RED
    at: Point | None = None
    leaf: Leaf | None = None
    by_name: dict[str, float] = {}


class Tree(BaseModel):
    type: Literal["tree"] = "tree"
    branches: list[Branch] = []
    left: "Tree | None" = None
    mode: Literal["on", True, 2] = "on"
    label: str = Field("", max_length=5)


class Untyped(BaseModel):
    type: Literal["untyped"] = "untyped"
    value: Any = None


class Free(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")

    type: Literal["free"] = "free"
    number: float = 0.0
    value: Any = None
    inner: Untyped | None = None


class Lenient(BaseModel):
    model_config = ConfigDict(strict=False)

    number: int


CODEC = Codec(lambda: Branch | Tree | Untyped, strict=True)
BRANCH = {"type": "branch", "version": 1}


def _is_integer(_: object, instance: object) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool)


# The one difference: JSON Schema calls 1.0 an integer.
_TYPES = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
_VALIDATORS: Any = validators
_VALIDATOR: Any = _VALIDATORS.extend(Draft202012Validator, type_checker=_TYPES)
_SCHEMAS, _DEFINITIONS = describe({"messages": CODEC.adapter}, "validation", MessageSchema)
SCHEMA = _VALIDATOR({**_SCHEMAS["messages"], "$defs": _DEFINITIONS})


def accepts(codec: Codec, text: str) -> bool:
    try:
        codec.decode(text)
    except InvalidMessageError:
        return False
    return True


values = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 2, 1.5, "", "1", "on", "red", "point", "branch", "tree"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "x", "kind", "name", "size", "left"]), inner, max_size=3)
    ),
    max_leaves=4,
)
points = st.fixed_dictionaries(
    {"x": st.floats(-9, 9) | st.integers(-9, 9)}, optional={"y": st.floats(-9, 9)}
).map(lambda point: {**point, "kind": "point"})
leaves = st.fixed_dictionaries({"name": st.text(max_size=3)}, optional={"size": st.integers()})
TAGS: dict[str, st.SearchStrategy[Any]] = {"type": st.just("branch"), "version": st.just(1)}
branches: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    TAGS,
    optional={
        "flag": st.booleans(),
        "items": st.lists(st.integers() | st.text(max_size=3), max_size=3),
        "colour": st.sampled_from(["red", "blue"]),
        "at": st.none() | points,
        "leaf": st.none() | leaves,
        "by_name": st.dictionaries(st.text(max_size=3), st.integers(-9, 9), max_size=3),
    },
)
TREE: dict[str, st.SearchStrategy[Any]] = {"type": st.just("tree")}
trees: st.SearchStrategy[dict[str, Any]] = st.deferred(
    lambda: st.fixed_dictionaries(
        {**TREE},
        optional={
            "branches": st.lists(branches, max_size=2),
            "left": st.none() | trees,
            "mode": st.sampled_from(["on", True, 2]),
            "label": st.text(max_size=5),
        },
    )
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Return a message with one change somewhere in it."""
    message: Any = draw(branches | trees)
    place = message
    while True:
        inner = [key for key, item in place.items() if isinstance(item, dict) and item]
        if not inner or draw(st.booleans()):
            break
        place = place[draw(st.sampled_from(inner))]
    key = draw(st.sampled_from(sorted([*place, "more"])))
    if draw(st.booleans()) and key in place:
        del place[key]
    else:
        place[key] = draw(values)
    return message


@pytest.mark.property
@settings(max_examples=10_000 if settings().max_examples > 300 else 300)
@given(branches | trees | mutated() | values)
def test_the_schema_and_the_consumer_agree(frame: Any) -> None:
    """What one of them takes the other takes too."""
    assert accepts(CODEC, json.dumps(frame)) == SCHEMA.is_valid(frame)


@pytest.mark.parametrize(
    ("frame", "is_message"),
    [
        ({"version": 1}, False),
        ({"type": "branch"}, False),
        ({**BRANCH, "version": True}, False),
        ({**BRANCH, "flag": 1}, False),
        ({**BRANCH, "items": ["1", 1]}, True),
        ({**BRANCH, "by_name": {"a": "1"}}, False),
        ({**BRANCH, "at": {"x": 1}}, False),
        ({**BRANCH, "at": {"x": 1, "kind": "point"}}, True),
        ({"type": "tree", "mode": 1}, False),
        ({"type": "tree", "mode": True}, True),
        ({"type": "tree", "mode": 2}, True),
    ],
)
def test_a_frame_is_read_as_it_is_written(frame: Any, is_message: bool) -> None:
    """Its tags are there, texts are no numbers, and `true` is not `1`."""
    assert accepts(CODEC, json.dumps(frame)) is is_message
    assert SCHEMA.is_valid(frame) is is_message


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400 + ".0"])
def test_a_number_that_is_not_finite_is_not_read(number: str) -> None:
    """Wherever it stands, unless its own model says what becomes of such numbers."""
    places = [
        f'{{"type": "branch", "version": 1, "by_name": {{"a": {number}}}}}',
        f'{{"type": "branch", "version": 1, "at": {{"kind": "point", "x": {number}}}}}',
        f'{{"type": "untyped", "value": {number}}}',
        f'{{"type": "untyped", "value": [{{"a": [{number}]}}]}}',
    ]
    for strict in (True, False):
        codec = Codec(lambda: Branch | Tree | Untyped, strict=strict)
        assert not any(accepts(codec, place) for place in places)
    assert accepts(CODEC, '{"type": "untyped", "value": ["NaN 1e999"]}')
    free = Codec(lambda: Free)
    assert accepts(free, f'{{"type": "free", "number": {number}, "value": [{number}]}}')
    assert not accepts(free, f'{{"type": "free", "inner": {{"type": "untyped", "value": {number}}}}}')


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_not_sent(number: float) -> None:
    """The client would read null."""
    for message in (
        Branch(by_name={"a": number}),
        Branch(at=Point(number)),
        Untyped(value=[number]),
        Point(number),
    ):
        with pytest.raises(LocalProtocolError, match=r"is not a message that may be sent: .*finite"):
            Codec(lambda: Branch | Untyped | Point).encode(message)
    free = Codec(lambda: Free)
    assert free.decode(free.encode(Free(number=number))).number == pytest.approx(number, nan_ok=True)
    with pytest.raises(LocalProtocolError, match=r"inner\.value: Input should hold finite"):
        free.encode(Free(inner=Untyped(value=number)))
    assert Codec(lambda: Untyped).encode(Untyped(value="NaN")) == '{"type":"untyped","value":"NaN"}'


def test_a_model_may_be_lenient_in_a_strict_consumer() -> None:
    """Its own setting is nearer; without `strict_json` all are."""
    assert accepts(Codec(lambda: Lenient, strict=True), '{"number": "1"}')
    assert not accepts(Codec(lambda: list[int], strict=True), '["1"]')
    assert accepts(Codec(lambda: list[int]), '["1"]')


def test_the_classes_are_as_they_were() -> None:
    """Their own validators and serializers are not changed by a consumer that uses them."""
    CODEC.decode('{"type": "tree"}')

    assert Tree.__pydantic_complete__
    assert Branch.model_validate_json('{"by_name": {"a": "1"}}') == Branch(by_name={"a": 1})


class Pair(NamedTuple):
    x: float
    y: float


def test_the_rules_reach_every_part_of_a_schema() -> None:
    """What a NamedTuple has, and what a type says of itself: a union with labels, for instance."""
    labelled: Any = [(core_schema.float_schema(), "number"), (core_schema.none_schema(), "none")]
    own: Any = Annotated[Any, GetPydanticSchema(lambda _kind, _handler: core_schema.union_schema(labelled))]
    for kind, good, bad in [(Pair, "[1, 2]", "[1, NaN]"), (own, "1.5", "NaN")]:
        codec = Codec(partial(_same, kind), strict=True)
        assert accepts(codec, good)
        assert not accepts(codec, bad)


def _same(kind: Any) -> Any:
    return kind
