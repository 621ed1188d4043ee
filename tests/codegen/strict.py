"""What a strict validator, such as ajv in strict mode, does not accept of a JSON Schema 2020-12."""

from collections.abc import Iterator, Mapping
from typing import Any

from fast_channels.codegen.json_schema import FORMATS

TYPES: Mapping[str, tuple[str, ...]] = {
    "string": ("contentEncoding", "contentMediaType", "format", "maxLength", "minLength", "pattern"),
    "number": ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"),
    "array": ("items", "maxItems", "minItems", "prefixItems", "uniqueItems"),
    "object": (
        *("additionalProperties", "maxProperties", "minProperties", "patternProperties", "properties"),
        *("propertyNames", "required"),
    ),
}
"""The keywords that say something of one type only."""

NEEDS = {keyword: type_ for type_, keywords in TYPES.items() for keyword in keywords}
OTHERS = {
    *("$comment", "$defs", "$id", "$ref", "$schema", "allOf", "anyOf", "const", "contentSchema", "default"),
    *("deprecated", "description", "enum", "examples", "not", "oneOf", "readOnly", "title", "type"),
    "writeOnly",
}
BY_NAME = ("$defs", "patternProperties", "properties")
LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLE = ("additionalProperties", "contentSchema", "items", "not", "propertyNames")


def complaints(schema: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a schema and all schemas in it."""
    return [*_complaints(schema, "#", "")]


def _complaints(schema: Mapping[str, Any], path: str, outer: str) -> Iterator[str]:
    type_ = schema.get("type", outer)
    for keyword in schema:
        needed = NEEDS.get(keyword, "")
        if not needed and keyword not in OTHERS:
            yield f"{path}: unknown keyword {keyword}"
        # The constraints of an integer are those of a number.
        if needed and type_.replace("integer", "number") != needed:
            yield f"{path}: {keyword} without the type {needed}"
    if schema.get("format", "date") not in FORMATS:
        yield f"{path}: unknown format {schema['format']}"
    for place, part, outer_type in _parts(schema, type_):
        yield from _complaints(part, f"{path}/{place}", outer_type)


def _parts(schema: Mapping[str, Any], type_: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield the schemas in a schema, each with its place and the type that it inherits."""
    for keyword in BY_NAME:
        for name, part in schema.get(keyword, {}).items():
            yield f"{keyword}/{name}", part, ""
    for keyword in LISTED:
        for index, part in enumerate(schema.get(keyword, ())):
            yield f"{keyword}/{index}", part, "" if keyword == "prefixItems" else type_
    for keyword in SINGLE:
        part = schema.get(keyword, True)
        if not isinstance(part, bool):
            yield keyword, part, type_ if keyword == "not" else ""
