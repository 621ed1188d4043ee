"""The same rules as the models, checked without building an object.

A consumer that reads two fields of an event needs no model of it. For every event there is a validator
that takes any mapping and returns a new plain dictionary: normalised, with defaults filled in. It is
derived from the fields of the model, so there is nothing to keep in step.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, NotRequired, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    with_config,
)
from pydantic.fields import FieldInfo
from typing_extensions import TypedDict

from .base import AsgiEvent, Rule, no_rule, usual_headers

Validator: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes a mapping, returns the checked event; raises `pydantic.ValidationError` when it is none."""


WireValidator: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Takes a mapping, returns a new dictionary; raises `pydantic.ValidationError` as well."""

_V = TypeVar("_V", bound=Validator)


class Validators(dict[str, _V]):
    """The validators of some events by type, each built when its first event comes.

    Args:
        models: The models of the events, by type.
        build: Makes the validator of a model.
    """

    def __init__(self, models: Mapping[str, type[AsgiEvent]], build: Callable[[type[AsgiEvent]], _V]) -> None:
        super().__init__()
        self.models = models
        self._build = build

    def __missing__(self, type_: str) -> _V:
        validator = self[type_] = self._build(self.models[type_])
        return validator


def _as_list(given: Any, validate: ValidatorFunctionWrapHandler) -> list[Any]:
    """Return the items as a list: that of servers, with pairs that are lists still lists."""
    if (usual := usual_headers(given)) is not None:
        return usual
    items: list[Any] = list(validate(given))
    if _is_list(given):
        return [list(item) if _is_list(was) else item for item, was in zip(items, given, strict=True)]
    return items


def _is_list(value: object) -> bool:
    return type(value) is list


# Checkers know TypedDict only as a class statement with a literal name.
_TypedDict: Any = TypedDict


def _wire_field(field: FieldInfo) -> Any:
    annotation: Any = field.annotation
    extra: list[Any] = [*field.metadata]
    if any(isinstance(item, PlainSerializer) for item in field.metadata):
        extra.append(WrapValidator(_as_list))
    if field.is_required():
        return Annotated[(annotation, *extra)] if extra else annotation
    if field.default == ():
        extra.append(Field(default_factory=list))
    elif field.default is not None:
        extra.append(Field(default=field.default))
    # A default of None stays absent: None means absent to every server.
    return NotRequired[Annotated[(annotation, *extra)] if extra else annotation]


def _ruled(rule: Rule) -> AfterValidator:
    def keep_rule(event: dict[str, Any]) -> dict[str, Any]:
        if (wrong := rule(event)) is not None:
            raise ValueError(wrong)
        return event

    return AfterValidator(keep_rule)


@cache
def wire_validator(model: type[AsgiEvent]) -> WireValidator:
    """Return the function that checks a mapping against `model` and returns a normalised dictionary.

    Keys whose value is `None` may remain. Raises `pydantic.ValidationError` for a mapping that does not fit.
    """
    fields = {name: _wire_field(field) for name, field in model.model_fields.items()}
    fields["type"] = model.model_fields["type"].annotation
    wire: Any = with_config(ConfigDict(strict=True, extra="allow"))(
        _TypedDict(f"{model.__name__}Dict", fields)
    )
    # The fields stay strict; a strict dictionary would be no other mapping, and no model.
    rules = () if model.rule is no_rule else (_ruled(model.rule),)
    ruled: Any = Annotated[(wire, Strict(False), *rules)]
    return TypeAdapter(ruled).validator.validate_python


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
