"""Renders JSON Schemas as Python types: what the messages of an application look like in JSON."""

import json
import keyword
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from fast_channels.events.json_form import BYTES

from .json_schema import subschemas

__all__ = ["Direction", "TypedDicts"]

_Schema: TypeAlias = dict[str, Any]


class Direction(NamedTuple):
    """The schemas of one kind of messages.

    Attributes:
        label: What the names of types begin with that look different in another direction.
        schemas: The schema of each type that gets a name of its own, by that name.
        definitions: The definitions to which the schemas refer.
    """

    label: str
    schemas: Mapping[str, _Schema]
    definitions: Mapping[str, _Schema]


class TypedDicts:
    """Writes a TypedDict for every definition, and an alias for every schema.

    Args:
        directions: What to write. A definition that is the same in all of them is written once.
    """

    def __init__(self, *directions: Direction) -> None:
        self._directions = directions
        self._same = _same([direction.definitions for direction in directions])
        self._written: set[str] = set()

    def statements(self) -> Iterator[str]:
        """Yield the source of every class and alias, each after those that it needs if that is possible."""
        for direction in self._directions:
            for schema in direction.schemas.values():
                yield from self._needed(direction, schema)
            for name, schema in direction.schemas.items():
                yield self._alias(direction, name, schema)

    def _needed(self, direction: Direction, schema: _Schema) -> Iterator[str]:
        for definition in _references(schema):
            yield from self._definition(direction, definition, ())

    def _definition(self, direction: Direction, key: str, around: tuple[str, ...]) -> Iterator[str]:
        name = self._name(direction, key)
        if name in self._written or name in around:
            return
        schema = direction.definitions[key]
        for inner in _references(schema):
            yield from self._definition(direction, inner, (*around, name))
        write = self._class if "properties" in schema else self._alias
        yield write(direction, name, schema)
        self._written.add(name)

    def _name(self, direction: Direction, key: str) -> str:
        label = "" if key in self._same else direction.label
        suffix = _SUFFIXES["properties" not in direction.definitions[key]]
        words = re.sub(r"\W+", "_", key).strip("_")
        return f"{label}{words}{suffix}"

    def _alias(self, direction: Direction, name: str, schema: _Schema) -> str:
        return f"{name}: TypeAlias = {self._value(direction, schema)}"

    def _class(self, direction: Direction, name: str, schema: _Schema) -> str:
        fields = {
            key: self._field(direction, inner, key in schema.get("required", ()))
            for key, inner in schema["properties"].items()
        }
        if not all(map(_fits_a_class, fields)):
            items = "".join(f"    {json.dumps(key)}: {value},\n" for key, value in fields.items())
            return f'{name} = TypedDict("{name}", {{\n{items}}})'
        lines = [*_docstring(schema), *(f"{key}: {value}" for key, value in fields.items())]
        return "\n    ".join([f"class {name}(TypedDict):", *(lines or ["pass"])])

    def _field(self, direction: Direction, schema: _Schema, required: bool) -> str:
        value = self._value(direction, schema)
        return value if required else f"NotRequired[{value}]"

    def _value(self, direction: Direction, schema: _Schema) -> str:
        """Return the expression of a type, as a string while something in it has not been written."""
        expression = _expression(schema, lambda key: self._name(direction, key))
        needed = {self._name(direction, key) for key in _references(schema)}
        return expression if needed <= self._written else repr(expression)


def _same(definitions: list[Mapping[str, _Schema]]) -> set[str]:
    """Return the keys of the definitions that are the same wherever they are, with all that they need."""
    keys = {key for one in definitions for key in one}
    found = {key: [one[key] for one in definitions if key in one] for key in keys}
    same = {key for key, schemas in found.items() if all(schema == schemas[0] for schema in schemas)}
    while unlike := {key for key in same if not {*_references(found[key][0])} <= same}:
        same -= unlike
    return same


def _references(schema: _Schema) -> Iterator[str]:
    """Yield the keys of the definitions to which a schema refers, its inner schemas included."""
    for part in subschemas(schema):
        if "$ref" in part:
            yield _key(part)


def _key(schema: _Schema) -> str:
    reference: str = schema["$ref"]
    return reference.rpartition("/")[2]


def _fits_a_class(key: str) -> bool:
    """Tell whether a key can stand in the body of a class, and hides nothing there that others need."""
    return (
        key.isidentifier()
        and not keyword.iskeyword(key)
        and not key.startswith("__")
        and not key.endswith(_SUFFIXES)
        and key not in _USED
    )


def _docstring(schema: _Schema) -> list[str]:
    lines = schema.get("description", "").splitlines()[:1]
    # Nothing in it may end the text, or mean something else there.
    texts = [line.replace("\\", "\\\\").replace('"', "'") for line in lines]
    return [f'"""{text}"""\n' for text in texts]


_NameOf: TypeAlias = Callable[[str], str]


def _expression(schema: _Schema, name_of: _NameOf) -> str:
    render = next((render for word, render in _RENDERERS.items() if word in schema), _any)
    return render(schema, name_of)


def _any(_schema: _Schema, _name_of: _NameOf) -> str:
    return "Any"


def _reference(schema: _Schema, name_of: _NameOf) -> str:
    return name_of(_key(schema))


def _constant(schema: _Schema, _name_of: _NameOf) -> str:
    return _literal([schema["const"]])


def _enumeration(schema: _Schema, _name_of: _NameOf) -> str:
    return _literal(schema["enum"])


def _literal(values: list[Any]) -> str:
    if not all(isinstance(value, str | int | None) for value in values):
        return "Any"
    words = [json.dumps(value) if isinstance(value, str) else repr(value) for value in values]
    return f"Literal[{', '.join(words)}]"


def _choice(schema: _Schema, name_of: _NameOf) -> str:
    return _union([*schema.get("anyOf", ()), *schema.get("oneOf", ())], name_of)


def _union(schemas: list[_Schema], name_of: _NameOf) -> str:
    expressions = [_expression(schema, name_of) for schema in schemas]
    return " | ".join(dict.fromkeys(expressions)) or "Any"


def _kind(schema: _Schema, name_of: _NameOf) -> str:
    return _KINDS[schema["type"]](schema, name_of)


def _string(schema: _Schema, _name_of: _NameOf) -> str:
    # Only events have this encoding, and events are not yet JSON when they are sent.
    return "bytes" if schema.get("contentEncoding") == BYTES["contentEncoding"] else "str"


def _array(schema: _Schema, name_of: _NameOf) -> str:
    items = [schema["items"]] if "items" in schema else []
    return f"list[{_union([*items, *schema.get('prefixItems', ())], name_of)}]"


def _object(schema: _Schema, name_of: _NameOf) -> str:
    # A boolean is a schema too, and says nothing of the type.
    schemas = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties", True)]
    return f"dict[str, {_union([one for one in schemas if one not in (True, False)], name_of)}]"


def _named(name: str) -> "_Renderer":
    return lambda _schema, _name_of: name


_Renderer: TypeAlias = Callable[[_Schema, _NameOf], str]

_RENDERERS: Mapping[str, _Renderer] = {
    "$ref": _reference,
    "const": _constant,
    "enum": _enumeration,
    "anyOf": _choice,
    "oneOf": _choice,
    "type": _kind,
}
_KINDS: Mapping[str, _Renderer] = {
    "string": _string,
    "integer": _named("int"),
    "number": _named("float"),
    "boolean": _named("bool"),
    "null": _named("None"),
    "array": _array,
    "object": _object,
}
_SUFFIXES = ("Dict", "Value")
_USED = frozenset({"Any", "Literal", "NotRequired", "bool", "bytes", "dict", "float", "int", "list", "str"})
