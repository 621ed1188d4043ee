"""JSON Schema documents out of types: pydantic's, made exact and always the same. JSON Schema 2020-12."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any, Final, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, JsonSchemaWarningKind
from pydantic_core import MISSING, PydanticSerializationError, core_schema, to_jsonable_python

from fast_channels.events.json_form import BASE64, BYTES

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_Field: TypeAlias = core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField

_CONTENT_ENCODINGS: Mapping[str, str] = {"base64": "base64url", "hex": "base16"}

_AS_IT_IS = TypeAdapter[Any](Any)

FORMATS: Final = frozenset(
    {
        *("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "json-pointer", "regex"),
        *("relative-json-pointer", "time", "uri", "uri-reference", "uri-template", "uuid"),
    }
)
"""The formats that JSON Schema defines (Validation, section 7.3) and validators commonly know."""

_LIMITS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("maxLength", "minLength", "pattern"), ("string",)),
    **dict.fromkeys(("maxItems", "minItems", "uniqueItems"), ("array",)),
    **dict.fromkeys(("maxProperties", "minProperties"), ("object",)),
    **dict.fromkeys(
        ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"), ("integer", "number")
    ),
}

# As pydantic calls them beside a union.
_PYTHON: Mapping[str, tuple[str, ...]] = {
    "ge": ("minimum",),
    "gt": ("exclusiveMinimum",),
    "le": ("maximum",),
    "lt": ("exclusiveMaximum",),
    "multiple_of": ("multipleOf",),
    "min_length": ("minLength", "minItems"),
    "max_length": ("maxLength", "maxItems"),
}

_UNSAID: set[JsonSchemaWarningKind] = {"skipped-choice", "non-serializable-default"}


class MessageSchema(GenerateJsonSchema):
    """Describes the JSON texts that pydantic reads and writes."""

    # A default that JSON cannot express is left out.
    ignored_warning_kinds = _UNSAID

    def field_is_required(self, field: _Field, total: bool) -> bool:
        """Require the fields that distinguish messages, and in output every field that is always present."""
        schema: Any = field["schema"]
        if schema["type"] != "default" or field["type"] == "typed-dict-field":
            return super().field_is_required(field, total)
        if self.mode == "serialization":
            return "serialization_exclude_if" not in field and schema.get("default") is not MISSING
        return _is_tag(schema["schema"])

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        """Use the docstring of a dataclass, if it has one; not every version of pydantic does."""
        described = super().dataclass_schema(schema)
        doc = schema["cls"].__doc__
        if doc and not doc.startswith(f"{schema['cls'].__name__}("):
            described.setdefault("description", cleandoc(doc))
        return described

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Give a title to nothing but types: that of a field would only repeat its name."""
        return False

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        """Name the encoding in which pydantic is told to read or write bytes; by default it is UTF-8."""
        reads = self.mode == "validation"
        encoding = self._config.val_json_bytes if reads else self._config.ser_json_bytes
        named = _CONTENT_ENCODINGS.get(encoding)
        return {"type": "string"} if named is None else {"type": "string", "contentEncoding": named}

    def encode_default(self, dft: Any) -> Any:
        """Refuse numbers that JSON does not have, and sort sets."""
        # Now, because pydantic compares defaults with each other.
        default = _in_order(super().encode_default(dft), _AS_IT_IS.dump_python(dft))
        try:
            json.dumps(default, allow_nan=False)
        except ValueError as error:
            raise PydanticSerializationError(str(error)) from error
        return default


class SparseSchema(MessageSchema):
    """Describes what is written without the fields that are `None`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._defined: dict[str, Any] = {}

    def definitions_schema(self, schema: core_schema.DefinitionsSchema) -> JsonSchemaValue:
        """Remember what fields may refer to."""
        self._defined |= {one["ref"]: one for one in schema["definitions"] if "ref" in one}
        return super().definitions_schema(schema)

    def field_is_required(self, field: _Field, total: bool) -> bool:
        """Require no field that may be `None`."""
        return super().field_is_required(field, total) and not self._may_be_none(field["schema"])

    def _may_be_none(self, schema: Any) -> bool:
        kind = schema["type"]
        if kind in {"any", "none", "nullable"}:
            return True
        if kind == "literal":
            return None in schema["expected"]
        if kind in {"union", "tagged-union"}:
            return any(map(self._may_be_none, _choices(schema)))
        inner = self._defined[schema["schema_ref"]] if kind == "definition-ref" else schema.get("schema")
        # Of a model it is the fields that may be None.
        return kind not in {"model", "dataclass"} and inner is not None and self._may_be_none(inner)

    def model_field_schema(self, schema: core_schema.ModelField) -> JsonSchemaValue:
        """Describe the field of a model."""
        return _without_null(super().model_field_schema(schema))

    def dataclass_field_schema(self, schema: core_schema.DataclassField) -> JsonSchemaValue:
        """Describe the field of a dataclass."""
        return _without_null(super().dataclass_field_schema(schema))

    def typed_dict_field_schema(self, schema: core_schema.TypedDictField) -> JsonSchemaValue:
        """Describe a key of a TypedDict."""
        return _without_null(super().typed_dict_field_schema(schema))


class EventSchema(MessageSchema):
    """Describes events, whose bytes are bytes: JSON has none, so they are written in base64."""

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        """Describe bytes in base64."""
        return {**BASE64}

    def encode_default(self, dft: Any) -> Any:
        """Write bytes in base64."""
        return b64encode(dft).decode() if isinstance(dft, bytes) else super().encode_default(dft)


class SparseEventSchema(SparseSchema, EventSchema):
    """Describes what is written with bytes that are bytes, and without the fields that are `None`."""


def schema_of(*, is_json: bool, omit_none: bool = False) -> type[MessageSchema]:
    """Return what describes messages.

    Args:
        is_json: Whether they are JSON, which has no bytes.
        omit_none: Whether a field that is `None` is left out of them.
    """
    if is_json:
        return SparseSchema if omit_none else MessageSchema
    return SparseEventSchema if omit_none else EventSchema


class AsgiSchema(EventSchema):
    """Describes the events of ASGI, with a title for what many of them have."""

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        """Describe bytes in base64."""
        return {**BYTES}


def _choices(schema: Any) -> list[Any]:
    choices = schema["choices"]
    listed = choices.values() if _is_a(choices, dict) else choices
    # With a label, or without.
    return [choice[0] if _is_a(choice, tuple) else choice for choice in listed]


def _without_null(schema: JsonSchemaValue) -> JsonSchemaValue:
    """Return the schema of a field that is left out where it would be null."""
    described = {key: value for key, value in schema.items() if key != "default" or value is not None}
    if "enum" in described:
        described["enum"] = [value for value in described["enum"] if value is not None]
    choices = [choice for choice in described.pop("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**described, **choices[0]}
    return {**described, "anyOf": choices} if choices else described


def _is_tag(schema: Any) -> bool:
    return schema["type"] == "literal" and len(schema["expected"]) == 1


def describe(
    types: Mapping[str, TypeAdapter[Any]], mode: JsonSchemaMode, generator: type[MessageSchema]
) -> tuple[dict[str, JsonSchemaValue], dict[str, JsonSchemaValue]]:
    """Return the schema of each type, and the definitions that all of them share.

    Args:
        types: Adapters of the types, by any names.
        mode: Whether to describe what is read or what is written.
        generator: How to describe it.
    """
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (name, mode, adapter) for name, adapter in types.items()
    ]
    found, rest = TypeAdapter.json_schemas(inputs, schema_generator=generator)
    # Copied all the way, so that changing one changes no other.
    schemas, definitions = to_jsonable_python(
        [{name: schema for (name, _), schema in found.items()}, rest.get("$defs", {})]
    )
    for schema in [*schemas.values(), *definitions.values()]:
        for part in subschemas(schema):
            _tidy(part, definitions)
    return schemas, definitions


def text_of(document: Mapping[str, Any]) -> str:
    """Return a document as text, always the same."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


_BY_NAME = ("$defs", "dependentSchemas", "patternProperties", "properties")
_LISTED = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames")


def subschemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and all the schemas in it, without values that only look like one, such as defaults."""
    yield schema
    inner: list[Any] = [
        *(part for name in _BY_NAME for part in schema.get(name, {}).values()),
        *(part for name in _LISTED for part in schema.get(name, ())),
        *(schema[name] for name in _SINGLE if name in schema),
    ]
    for part in inner:
        if not isinstance(part, bool):
            yield from subschemas(part)


def _tidy(schema: dict[str, Any], definitions: Mapping[str, Any]) -> None:
    # OpenAPI's word: JSON Schema says the same with a constant that is required.
    discriminator = schema.pop("discriminator", None)
    if discriminator is not None:
        for choice in schema["oneOf"]:
            require(choice, discriminator["propertyName"], definitions)
    if "required" in schema:
        schema["required"].sort()
    # Only annotations, which a strict validator does not accept: pydantic's own, such as "path".
    if schema.get("format", "regex") not in FORMATS:
        del schema["format"]
    _move_to_choices(schema)


def _move_to_choices(schema: dict[str, Any]) -> None:
    """Write what limits values of one type where that type is said: `anyOf` of a string and null has none."""
    choices = schema.get("anyOf", ())
    for word in _PYTHON.keys() & schema.keys():
        limit = schema.pop(word)
        schema.update(dict.fromkeys(_PYTHON[word], limit))
    if "type" in schema or not choices or not all("type" in choice for choice in choices):
        return
    for keyword in _LIMITS.keys() & schema.keys():
        limited = [choice for choice in choices if choice["type"] in _LIMITS[keyword]]
        if not any(keyword in choice for choice in limited):
            limit = schema.pop(keyword)
            for choice in limited:
                choice[keyword] = limit


def _in_order(shown: Any, value: Any) -> Any:
    """Return a value as JSON shows it with the sets in it sorted: their order is another in every process."""
    if _is_a(value, set) or _is_a(value, frozenset):
        return sorted(shown, key=json.dumps)
    if _is_a(value, dict):
        pairs = zip(shown.items(), value.values(), strict=True)
        return {name: _in_order(item, was) for (name, item), was in pairs}
    if _is_a(value, list):
        return [_in_order(item, was) for item, was in zip(shown, value, strict=True)]
    return shown


def _is_a(value: object, kind: type) -> bool:
    return isinstance(value, kind)


def _target(schema: Any, definitions: Mapping[str, Any]) -> Any:
    return definitions[schema["$ref"].rpartition("/")[2]]


def define_titled(definitions: dict[str, Any]) -> None:
    """Give whatever has a title a definition of that name, and refer to it."""
    for schema in [*definitions.values()]:
        _, *parts = subschemas(schema)
        for part in reversed(parts):
            name = part.get("title")
            if name is not None:
                kept = {"default": part.pop("default")} if "default" in part else {}
                definitions[name] = {**part}
                part.clear()
                part.update({"$ref": f"#/$defs/{name}"}, **kept)


def require(schema: Any, name: str, definitions: Mapping[str, Any]) -> None:
    """Make a property of an object required, or of each of the objects in a union."""
    target = _target(schema, definitions) if "$ref" in schema else schema
    for choice in target.get("oneOf", ()):
        require(choice, name, definitions)
    if name in target.get("properties", {}):
        target["required"] = sorted({*target.get("required", ()), name})
