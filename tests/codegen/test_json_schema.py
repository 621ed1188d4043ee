"""The schemas of pydantic, made exact and always the same."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, NotRequired

import pytest
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    Tag,
    TypeAdapter,
    WithJsonSchema,
    computed_field,
    create_model,
    field_serializer,
)
from pydantic_core import MISSING
from typing_extensions import TypeAliasType, TypedDict

from fast_channels.codegen.json_schema import (
    EventSchema,
    MessageSchema,
    define_titled,
    describe,
    subschemas,
    text_of,
)


class Join(BaseModel):
    """Somebody comes.

    With a name.
    """

    type: Literal["join"] = "join"
    name: str = ""


@dataclass
class Say:
    type: Literal["say"] = "say"
    text: str = ""
    to: list[str] = field(default_factory=list[str])


class Leave(TypedDict):
    type: Literal["leave"]
    reason: NotRequired[str]


class Move(BaseModel):
    type: Literal["up", "down"] = "up"
    steps: Literal[1, 2] = 1


def reads(type_: Any, generator: type[MessageSchema] = MessageSchema) -> tuple[Any, Any]:
    """Return the schema and the definitions of what is read as a type."""
    schemas, definitions = describe({"it": TypeAdapter(type_)}, "validation", generator)
    return schemas["it"], definitions


def writes(type_: Any) -> tuple[Any, Any]:
    """Return the schema and the definitions of what is written of a type."""
    schemas, definitions = describe({"it": TypeAdapter(type_)}, "serialization", MessageSchema)
    return schemas["it"], definitions


# --------------------------------------------------------------------------- what is required


@pytest.mark.parametrize("kind", [Join, Say, Leave])
def test_a_field_with_one_value_is_required(kind: type) -> None:
    """It says which message it is; that the class can do without it is no help to a reader."""
    assert reads(kind)[1][kind.__name__]["required"] == ["type"]


def test_a_field_with_several_values_may_be_left_out() -> None:
    """It has a default, and tells nothing apart."""
    assert "required" not in reads(Move)[1]["Move"]


def test_what_a_union_is_discriminated_by_is_required() -> None:
    """Even if it can have several values."""
    union = Annotated[Join | Move | Leave | Say, Field(discriminator="type")]

    schema, definitions = reads(union)

    assert schema == {"oneOf": [{"$ref": f"#/$defs/{name}"} for name in ("Join", "Move", "Leave", "Say")]}
    assert {name: kind["required"] for name, kind in definitions.items()} == {
        name: ["type"] for name in ("Join", "Leave", "Move", "Say")
    }


Inner = TypeAliasType("Inner", Annotated[Join | Move, Field(discriminator="type")])


def test_a_discriminated_union_may_be_part_of_another() -> None:
    """The discriminator of the outer one is required in every message of the inner one."""
    outer: Any = Annotated[Inner | Leave, Field(discriminator="type")]
    schema, definitions = reads(outer)

    assert schema == {"oneOf": [{"$ref": "#/$defs/Inner"}, {"$ref": "#/$defs/Leave"}]}
    assert definitions["Inner"] == {"oneOf": [{"$ref": "#/$defs/Join"}, {"$ref": "#/$defs/Move"}]}
    assert definitions["Move"]["required"] == ["type"]


def test_a_union_may_be_discriminated_by_a_function() -> None:
    """Which JSON Schema knows nothing of."""
    union = Annotated[
        Annotated[int, Tag("int")] | Annotated[str, Tag("str")],
        Discriminator(lambda value: type(value).__name__),
    ]

    assert reads(union)[0] == {"oneOf": [{"type": "integer"}, {"type": "string"}]}


class Everything(BaseModel):
    """What is written has more in it than what is read."""

    plain: int
    default: int = 1
    made: list[int] = Field(default_factory=list[int])
    hidden: int = Field(default=1, exclude=True)
    sometimes: int = Field(default=1, exclude_if=lambda value: value == 1)

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorators of properties
    @property
    def computed(self) -> int:
        return 1


def test_what_is_always_written_is_required() -> None:
    """Defaults are filled in by whoever writes, so a reader can count on them."""
    definition = writes(Everything)[1]["Everything"]

    assert definition["required"] == ["computed", "default", "made", "plain"]
    assert {*definition["properties"]} == {"computed", "default", "made", "plain", "sometimes"}


def test_what_is_read_need_not_have_defaults() -> None:
    """They are filled in by whoever reads."""
    definition = reads(Everything)[1]["Everything"]

    assert definition["required"] == ["plain"]


@pytest.mark.parametrize("kind", [Say, Leave])
def test_other_messages_are_written_as_they_are_declared(kind: type) -> None:
    """A dataclass always has all its fields, a TypedDict has what it says."""
    required = {"Say": ["text", "to", "type"], "Leave": ["type"]}

    assert writes(kind)[1][kind.__name__]["required"] == required[kind.__name__]


def test_a_missing_field_is_not_written() -> None:
    """So a reader cannot count on it."""
    missing: Any = MISSING
    either: Any = str | missing
    patch = create_model("Patch", name=(either, missing))

    assert "required" not in writes(patch)[1]["Patch"]


# --------------------------------------------------------------------------- names and words


class Told(BaseModel):
    """What a user wrote about a field is kept."""

    silent: int
    told: int = Field(title="Told", description="Told by the user.")


def test_titles_are_those_of_types() -> None:
    """A field has one only if somebody wrote it."""
    definition = reads(Told)[1]["Told"]

    assert definition["title"] == "Told"
    assert definition["properties"] == {
        "silent": {"type": "integer"},
        "told": {"type": "integer", "title": "Told", "description": "Told by the user."},
    }


def test_descriptions_are_docstrings() -> None:
    """As they were written, without their indentation; what has none has none."""
    _, definitions = reads(Join | Say | Leave)

    assert definitions["Join"]["description"] == "Somebody comes.\n\nWith a name."
    assert "description" not in definitions["Say"] | definitions["Leave"]


def test_aliases_are_the_names_in_json() -> None:
    """Those for reading and for writing."""

    class Both(BaseModel):
        one: int = Field(alias="eins")
        two: int = Field(validation_alias="zwei", serialization_alias="deux")

    assert {*reads(Both)[1]["Both"]["properties"]} == {"eins", "zwei"}
    assert {*writes(Both)[1]["Both"]["properties"]} == {"eins", "deux"}


def test_what_is_written_is_what_serializers_return() -> None:
    """Not what the field holds."""

    class Shown(BaseModel):
        at: int

        @field_serializer("at")
        def show(self, value: int) -> str:
            return str(value)

    assert writes(Shown)[1]["Shown"]["properties"]["at"] == {"type": "string"}
    assert reads(Shown)[1]["Shown"]["properties"]["at"] == {"type": "integer"}


class Point(NamedTuple):
    x: int
    y: int = 0


class Route(RootModel[list[Point]]):
    """A root model is the type that it holds."""


def test_a_root_model_has_the_schema_of_its_root() -> None:
    """And its own name and description."""
    schema, definitions = reads(Route)

    assert schema == {"$ref": "#/$defs/Route"}
    assert definitions["Route"] == {
        "title": "Route",
        "description": "A root model is the type that it holds.",
        "type": "array",
        "items": {"$ref": "#/$defs/Point"},
    }


# --------------------------------------------------------------------------- bytes


class Text(BaseModel):
    data: bytes = b"\xc3\xa9"


class Base64(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    data: bytes = b"\xff\xff"


class Hex(BaseModel):
    model_config = ConfigDict(ser_json_bytes="hex", val_json_bytes="hex")

    data: bytes = b"\xff"


class ReadOnly(BaseModel):
    model_config = ConfigDict(val_json_bytes="hex")

    data: bytes


@pytest.mark.parametrize(
    ("kind", "encoding", "default"),
    [(Text, None, "é"), (Base64, "base64url", "__8="), (Hex, "base16", "ff")],
)
def test_bytes_are_written_as_the_model_says(
    kind: type[BaseModel], encoding: str | None, default: str
) -> None:
    """By default as text; the encodings have the names that JSON Schema gives them."""
    for definitions in (reads(kind)[1], writes(kind)[1]):
        schema = definitions[kind.__name__]["properties"]["data"]

        assert schema["type"] == "string"
        assert schema.get("contentEncoding") == encoding
        assert schema["default"] == default
        assert kind.model_validate_json(f'{{"data": "{default}"}}') == kind()


def test_bytes_may_be_read_and_written_differently() -> None:
    """As they are configured."""
    assert reads(ReadOnly)[1]["ReadOnly"]["properties"]["data"]["contentEncoding"] == "base16"
    assert "contentEncoding" not in writes(ReadOnly)[1]["ReadOnly"]["properties"]["data"]


def test_bytes_of_events_are_base64() -> None:
    """They stay bytes, so no model says how they are written."""
    definitions = reads(Hex, EventSchema)[1]

    assert definitions["Hex"]["properties"]["data"]["contentEncoding"] == "base64"
    assert definitions["Hex"]["properties"]["data"]["default"] == "/w=="


# --------------------------------------------------------------------------- defaults


class Words(RootModel[set[str]]):
    root: set[str] = {"c", "a", "b"}


class Deep(BaseModel):
    words: Words | None = Words()


class Odd(BaseModel):
    """Defaults that JSON does not have, and one that has no order."""

    never: float = math.inf
    call: Annotated[Any, Field()] = len
    tags: set[str] = {"c", "a", "b"}
    words: list[str] = ["c", "a"]
    inside: Annotated[list[set[int]] | None, Field(title="Inside")] = [{3, 1}]
    named: dict[str, set[int]] = {"a": {3, 1}}
    deep: Deep = Deep()
    any_: Annotated[list[Any], WithJsonSchema({"prefixItems": [{}], "items": False})] = [{"b": 1}]


@pytest.mark.filterwarnings("error")
def test_a_default_that_json_does_not_have_is_left_out() -> None:
    """Silently; the field is described all the same."""
    properties = reads(Odd)[1]["Odd"]["properties"]

    assert properties["never"] == {"type": "number"}
    assert properties["call"] == {}


def test_a_set_is_sorted_and_a_list_is_not() -> None:
    """Because the order of a set is another in every process."""
    properties = reads(Odd)[1]["Odd"]["properties"]

    assert properties["tags"]["default"] == ["a", "b", "c"]
    assert properties["words"]["default"] == ["c", "a"]
    assert properties["inside"]["default"] == [[1, 3]]
    assert properties["named"]["default"] == {"a": [1, 3]}
    assert properties["deep"]["default"] == {"words": ["a", "b", "c"]}
    assert properties["any_"]["default"] == [{"b": 1}]


# --------------------------------------------------------------------------- the helpers


def test_only_schemas_are_subschemas() -> None:
    """Not names of properties, defaults, constants or examples that look like one."""
    leaf: dict[str, Any] = {
        "const": {"properties": {"no": {}}},
        "default": {"not": {}},
        "examples": [{"items": {}}],
    }
    schema: dict[str, Any] = {
        "properties": {"items": leaf, "discriminator": {"anyOf": [{"title": "a"}, True]}},
        "items": {"title": "b"},
        "additionalProperties": False,
    }

    assert [*subschemas(schema)] == [
        schema,
        leaf,
        schema["properties"]["discriminator"],
        {"title": "a"},
        {"title": "b"},
    ]


def test_what_has_a_title_is_defined_once() -> None:
    """Also what is part of another; a default belongs to the place where it is."""
    definitions: dict[str, Any] = {
        "Event": {
            "title": "Event",
            "properties": {
                "one": {"title": "Pair", "items": {"title": "Bytes", "type": "string"}},
                "two": {"title": "Bytes", "type": "string", "default": ""},
            },
        }
    }

    define_titled(definitions)

    assert definitions == {
        "Event": {
            "title": "Event",
            "properties": {
                "one": {"$ref": "#/$defs/Pair"},
                "two": {"$ref": "#/$defs/Bytes", "default": ""},
            },
        },
        "Pair": {"title": "Pair", "items": {"$ref": "#/$defs/Bytes"}},
        "Bytes": {"title": "Bytes", "type": "string"},
    }


def test_a_text_is_sorted_and_ends_with_a_line() -> None:
    """And every character of it can be read."""
    assert text_of({"b": "é", "a": []}) == '{\n  "a": [],\n  "b": "é"\n}\n'


def test_a_second_limit_of_a_union_stays_beside_it() -> None:
    """Where a member has one of its own, both hold."""
    schema, _ = reads(Annotated[Annotated[int, Field(ge=0)] | str, Field(ge=1)])

    assert schema == {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}], "minimum": 1}
