"""JSON Schemas become Python types that say the same."""

import enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, JsonValue, RootModel, StringConstraints, TypeAdapter
from typing_extensions import TypeAliasType

from fast_channels.codegen.json_schema import EventSchema, MessageSchema, describe
from fast_channels.codegen.typed_dicts import Direction, TypedDicts


class Colour(enum.Enum):
    """A choice."""

    RED = "red"
    BLUE = 2


class Node(BaseModel):
    r"""Has "children",\ of its own kind.

    And more.
    """

    name: str
    children: list["Node"] = []


class Ping(BaseModel):
    pong: "Pong | None" = None


class Pong(BaseModel):
    ping: Ping


class Odd(BaseModel):
    """Has keys that cannot stand in a class."""

    from_: int = Field(alias="from")
    str: bool = True


class Empty(BaseModel): ...


class Point(RootModel[tuple[int, int]]): ...


Names = TypeAliasType("Names", list[str])


def direction(
    label: str, annotation: Any, mode: Literal["validation", "serialization"] = "validation"
) -> Direction:
    """Return one direction with one type."""
    return Direction(label, *describe({f"{label}Message": TypeAdapter(annotation)}, mode, MessageSchema))


def written(*directions: Direction) -> str:
    """Return the source of all types."""
    return "\n".join(TypedDicts(*directions).statements())


@pytest.mark.parametrize(
    ("annotation", "expression"),
    [
        (str, "str"),
        (int, "int"),
        (float, "float"),
        (bool, "bool"),
        (None, "None"),
        (bytes, "str"),
        (Any, "Any"),
        (int | None, "int | None"),
        (int | Annotated[int, Field(gt=3)], "int"),
        (list[int], "list[int]"),
        (list[Any], "list[Any]"),
        (set[int], "list[int]"),
        (tuple[int, str, int], "list[int | str]"),
        (tuple[()], "list[Any]"),
        (dict[str, int], "dict[str, int]"),
        (dict[str, Any], "dict[str, Any]"),
        (dict[Annotated[str, StringConstraints(pattern="^x")], int], "dict[str, int]"),
        (Literal["a", 1, True], 'Literal["a", 1, True]'),
        (Literal['"'], 'Literal["\\""]'),
    ],
    ids=str,
)
def test_a_type_is_written_as_what_it_is_in_json(annotation: Any, expression: str) -> None:
    """Scalars, containers, unions and choices."""
    assert written(direction("Client", annotation)) == f"ClientMessage: TypeAlias = {expression}"


def test_a_choice_that_is_no_literal_is_any() -> None:
    """Python has no literal of a float or a list."""
    schemas: dict[str, dict[str, Any]] = {"A": {"enum": ["a", None]}, "B": {"enum": [1.5, []]}}

    assert (
        written(Direction("Client", schemas, {})) == 'A: TypeAlias = Literal["a", None]\nB: TypeAlias = Any'
    )


def test_the_bytes_of_events_are_bytes() -> None:
    """A channel layer carries them as they are."""
    schemas, definitions = describe({"Event": TypeAdapter(bytes)}, "validation", EventSchema)

    assert written(Direction("Event", schemas, definitions)) == "Event: TypeAlias = bytes"


def test_a_model_is_a_typed_dict() -> None:
    """With the first line of its description; what it refers to while it is being defined is a text."""
    assert written(direction("Client", Node)) == (
        "class NodeDict(TypedDict):\n"
        '    """Has \'children\',\\\\ of its own kind."""\n'
        "\n"
        "    name: str\n"
        "    children: NotRequired['list[NodeDict]']\n"
        "ClientMessage: TypeAlias = NodeDict"
    )


def test_models_that_need_each_other() -> None:
    """The one that comes first names the other in a text."""
    assert written(direction("Client", Ping)) == (
        "class PongDict(TypedDict):\n"
        "    ping: 'PingDict'\n"
        "class PingDict(TypedDict):\n"
        "    pong: NotRequired[PongDict | None]\n"
        "ClientMessage: TypeAlias = PingDict"
    )


def test_keys_that_cannot_stand_in_a_class() -> None:
    """Keywords, and names that the types of other keys need."""
    source = written(direction("Client", Odd))

    assert source == (
        'OddDict = TypedDict("OddDict", {\n'
        '    "from": int,\n'
        '    "str": NotRequired[bool],\n'
        "})\n"
        "ClientMessage: TypeAlias = OddDict"
    )


@pytest.mark.parametrize("key", ["from", "a-b", "1", "__private", "str", "Any", "NodeDict", "NodeValue"])
def test_what_such_keys_are(key: str) -> None:
    """They are keys of a TypedDict in its other form."""
    schema: dict[str, Any] = {"type": "object", "properties": {key: {"type": "integer"}}}
    one = Direction("Client", {"Message": {"$ref": "X"}}, {"X": schema})

    assert written(one).startswith(f'XDict = TypedDict("XDict", {{\n    "{key}": NotRequired[int],')


def test_other_definitions_are_aliases() -> None:
    """Enumerations, root models and type aliases are no objects."""
    source = written(direction("Client", Colour | Point | Names | JsonValue))

    assert source == (
        'ColourValue: TypeAlias = Literal["red", 2]\n'
        "PointValue: TypeAlias = list[int]\n"
        "NamesValue: TypeAlias = list[str]\n"
        "JsonValueValue: TypeAlias = Any\n"
        "ClientMessage: TypeAlias = ColourValue | PointValue | NamesValue | JsonValueValue"
    )


def test_what_is_the_same_in_all_directions_is_written_once() -> None:
    """What looks different, or needs what does, has the direction in its name."""

    class Same(BaseModel):
        x: int

    class Differs(BaseModel):
        x: int = 1

    class Needs(BaseModel):
        differs: Differs

    source = written(
        direction("Client", Same | Needs),
        direction("Server", Same | Needs, "serialization"),
    )

    assert source == (
        "class SameDict(TypedDict):\n    x: int\n"
        "class ClientDiffersDict(TypedDict):\n    x: NotRequired[int]\n"
        "class ClientNeedsDict(TypedDict):\n    differs: ClientDiffersDict\n"
        "ClientMessage: TypeAlias = SameDict | ClientNeedsDict\n"
        "class ServerDiffersDict(TypedDict):\n    x: int\n"
        "class ServerNeedsDict(TypedDict):\n    differs: ServerDiffersDict\n"
        "ServerMessage: TypeAlias = SameDict | ServerNeedsDict"
    )
