"""The same rules as the models, checked without building an object.

A consumer that reads two fields of an event needs no model of it. For every event there is a validator
that takes any mapping and returns a new plain dictionary: normalised, with defaults filled in. It is
derived from the fields of the model, so there is nothing to keep in step.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from types import NoneType, UnionType
from typing import Annotated, Any, NotRequired, TypeAlias, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    with_config,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, ErrorDetails, SchemaValidator, core_schema
from typing_extensions import TypedDict

from fast_channels.untrusted import MAX_MISTAKES, printable

from .base import HEADERS_AS_LIST, AsgiEvent, Rule, encodable, no_rule, usual_headers

Validator: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes a mapping, returns the checked event; raises `pydantic.ValidationError` if it is not valid."""


WireValidator: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Takes a mapping, returns a new dictionary; raises `pydantic.ValidationError` as well."""

Form: TypeAlias = Callable[[Any, Sequence[Any]], Any]
"""Makes of the annotation and the metadata of a field the type of a key."""


def _as_list(given: Any, validate: ValidatorFunctionWrapHandler) -> list[Any]:
    """Return the items as a list: that of servers, with pairs that are lists still lists."""
    items: list[Any] = list(validate(given))
    if _is_list(given):
        return [list(item) if _is_list(was) else item for item, was in zip(items, given, strict=True)]
    return items


def _is_list(value: object) -> bool:
    return type(value) is list


def _any_form(annotation: Any, metadata: Sequence[Any]) -> Any:
    """Return the type of whatever a field may be given."""
    if any(isinstance(item, PlainSerializer) for item in metadata):
        return _annotated(annotation, [*metadata, WrapValidator(_as_list)])
    return _annotated(annotation, metadata)


_USUAL_HEADERS: Any = Annotated[Any, PlainValidator(usual_headers)]
# A constraint makes pydantic look at the characters, as `encodable` does.
_INSTEAD: Mapping[Any, list[Any]] = {AfterValidator(encodable): [Field(min_length=0)]}


def _usual_form(annotation: Any, metadata: Sequence[Any]) -> Any:
    """Return the type of what a field nearly always is: what no function has to make regular first."""
    if HEADERS_AS_LIST in metadata:
        return _USUAL_HEADERS
    if get_origin(annotation) is Annotated:
        return _usual_form(get_args(annotation)[0], [*annotation.__metadata__, *metadata])
    if get_origin(annotation) in {Union, UnionType}:
        kinds: list[Any] = [_usual_form(kind, ()) for kind in get_args(annotation)]
        return reduce(lambda one, other: one | other, kinds)
    kept = [item for item in metadata if not isinstance(item, BeforeValidator)]
    return _annotated(annotation, [new for item in kept for new in _INSTEAD.get(item, [item])])


def _annotated(annotation: Any, metadata: Sequence[Any]) -> Any:
    return Annotated[(annotation, *metadata)] if metadata else annotation


def _key(field: FieldInfo, form: Form) -> Any:
    annotation = form(field.annotation, field.metadata)
    if field.is_required():
        return annotation
    if field.default == ():
        annotation = Annotated[annotation, Field(default_factory=list)]
    elif field.default is not None:
        annotation = Annotated[annotation, Field(default=field.default)]
    # A default of None stays absent: None means absent to every server.
    return NotRequired[annotation]


def _ruled(rule: Rule) -> AfterValidator:
    def keep_rule(event: dict[str, Any]) -> dict[str, Any]:
        if (wrong := rule(event)) is not None:
            raise ValueError(wrong)
        return event

    return AfterValidator(keep_rule)


def _keys(model: type[AsgiEvent], form: Form) -> dict[str, Any]:
    fields = {name: _key(field, form) for name, field in model.model_fields.items()}
    return {**fields, "type": model.model_fields["type"].annotation}


def _only(model: type[AsgiEvent], given: str) -> dict[str, Any]:
    """Return the keys of `one_of` when this one has a value, and the others are absent or `None`."""
    field = model.model_fields[given]
    (kind,) = (kind for kind in get_args(field.annotation) if kind is not NoneType)
    return {**dict.fromkeys(model.one_of, NotRequired[None]), given: _usual_form(kind, field.metadata)}


def _usual_shapes(model: type[AsgiEvent]) -> list[dict[str, Any]]:
    """Return the keys of a model's usual events, for which no function of ours has to be called."""
    if model.extension is not None:
        return []
    keys = _keys(model, _usual_form)
    return [{**keys, **_only(model, given)} for given in model.one_of] or [keys]


# Checkers know TypedDict only as a class statement with a literal name.
_TypedDict: Any = TypedDict


def _schema(model: type[AsgiEvent], keys: dict[str, Any], *rules: AfterValidator) -> CoreSchema:
    wire: Any = with_config(ConfigDict(strict=True, extra="allow"))(_TypedDict(f"{model.__name__}Dict", keys))
    # The fields stay strict; a strict dictionary would be no other mapping, and no model.
    ruled: Any = Annotated[(wire, Strict(False), *rules)]
    return TypeAdapter(ruled).core_schema


_USUAL = "regular"
_ANY = "general"


@cache
def wire_validator(model: type[AsgiEvent]) -> WireValidator:
    """Return the function that checks a mapping against `model` and returns a normalised dictionary.

    Keys whose value is `None` may remain. Raises `pydantic.ValidationError` for an invalid mapping.
    """
    rules = () if model.rule is no_rule else (_ruled(model.rule),)
    choices = [(_schema(model, keys), _USUAL) for keys in _usual_shapes(model)]
    general = (_schema(model, _keys(model, _any_form), *rules), _ANY)
    # The usual event is checked without a call back into Python; any other has to be asked again.
    union = core_schema.union_schema([*choices, general], mode="left_to_right")
    return SchemaValidator(union).validate_python


def error_details(error: ValidationError) -> list[ErrorDetails]:
    """Return what is wrong with an event, each mistake once, whichever validator found it."""
    found = error.errors(include_url=False)
    return [
        {**item, "loc": item["loc"][1:] if item["loc"][:1] == (_ANY,) else item["loc"]}
        for item in found
        if item["loc"][:1] != (_USUAL,)
    ]


def summary(error: ValidationError) -> str:
    """Say in one line what a validation found: every path with its reason and the type that was found."""
    if (count := error.error_count()) > MAX_MISTAKES:
        return f"{count} mistakes"
    parts: list[str] = []
    for item in error_details(error):
        path = printable(".".join(str(step) for step in item["loc"]))
        text = printable(item["msg"].removeprefix("Value error, "), 200)
        got = "" if item["type"] == "missing" else f" (got {type(item['input']).__name__})"
        parts.append(f"{path}: {text}{got}" if path else text)
    return printable("; ".join(parts), 600)


@cache
def model_validator(model: type[AsgiEvent]) -> Validator:
    """Return the function that makes an instance of `model` out of a mapping."""
    if not model.__pydantic_complete__:
        model.model_rebuild()
    validate = model.__pydantic_validator__.validate_python

    def build(message: Mapping[str, Any]) -> AsgiEvent:
        # pydantic's strict mode takes a dict and no other mapping.
        event: AsgiEvent = validate(message if isinstance(message, dict) else dict(message))
        return event

    return build
