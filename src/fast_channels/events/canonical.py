"""Which events are already what their validation would return.

Theory of operation. Validating an event normalises it: it makes a plain dictionary, fills in defaults, turns
`bytearray` into `bytes`. Nearly every event that a server or this library makes is that dictionary already,
and to see it takes a tenth of the time of validating it. For each model there is therefore a recogniser: a
function that is true of an event only if validation would return an equal one. It looks for exactly the
known keys, with values of exactly the known types, so it is never true of what would have to be changed or
refused; of an event in any other form it says nothing, and that is validated.

It is made of the fields of the model, as the validators are, so there is nothing to keep in step: a field
that has a rule of which nothing is known here leaves its model without a recogniser.
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeAlias, Union, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Strict

from .base import HEADERS_AS_LIST, AsgiEvent, are_usual, encodable, no_rule

Recogniser: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Tells whether validation would return an equal event."""


def _is_encodable(value: str) -> bool:
    try:
        encodable(value)
    except UnicodeEncodeError:
        return False
    return True


_NAMES: Final[Mapping[str, Any]] = {"is_encodable": _is_encodable, "are_usual": are_usual}
_UNCHANGED: Final = frozenset({str, bytes, bool, int})
_BOUNDS: Final[Mapping[str, str]] = {"ge": ">=", "le": "<="}


class _Unknown(Exception):
    """A field has a rule of which nothing is known here."""


def _conditions(given: str, annotation: Any, metadata: tuple[Any, ...]) -> list[str]:
    """Return what is true of a value only if validation leaves it as it is.

    Args:
        given: The expression of the value, which the first condition calls `value`.
        annotation: The type of the field.
        metadata: Its rules.
    """
    if HEADERS_AS_LIST in metadata:
        return [f"type(value := {given}) is list", "are_usual(value)"]
    if get_origin(annotation) is Annotated:
        return _conditions(given, get_args(annotation)[0], (*annotation.__metadata__, *metadata))
    if get_origin(annotation) in {Union, UnionType}:
        # What is `None` is left out, of what is sent always, and nearly always of what is received.
        (annotation,) = (kind for kind in get_args(annotation) if kind is not NoneType)
        return _conditions(given, annotation, metadata)
    if annotation not in _UNCHANGED:
        raise _Unknown
    rules = [text for item in metadata for text in _rule(item)]
    return [f"type(value := {given}) is {annotation.__name__}", *rules]


def _rule(item: Any) -> list[str]:
    if isinstance(item, Strict | BeforeValidator):
        # It is for values of other types.
        return []
    if item == AfterValidator(encodable):
        return ["(value.isascii() or is_encodable(value))"]
    if bounds := [
        f"value {sign} {getattr(item, name)}" for name, sign in _BOUNDS.items() if hasattr(item, name)
    ]:
        return bounds
    raise _Unknown


def _field(model: type[AsgiEvent], name: str) -> str:
    field = model.model_fields[name]
    return " and ".join(_conditions(f"event.get({name!r})", field.annotation, tuple(field.metadata)))


def _source(model: type[AsgiEvent], *, own: bool) -> str:
    """Return the expression that is true of the canonical form of a model's events."""
    if model.rule is not no_rule and not model.one_of:
        raise _Unknown
    # What has a default is filled in, and what is `None` is left out.
    always = [name for name, field in model.model_fields.items() if field.default is not None]
    required = [_field(model, name) for name in always if name != "type"]
    one_of = [_field(model, name) for name in model.one_of]
    size = len(always) + bool(one_of)
    alternatives = [f"({' or '.join(one_of)})"] if one_of else []
    keys = [f"len(event) == {size}"] if own else ["type(event) is dict", f"len(event) == {size}"]
    return " and ".join([*keys, *required, *alternatives])


@cache
def recogniser(model: type[AsgiEvent], *, own: bool = False) -> Recogniser | None:
    """Return what recognises the canonical form of a model's events, given that the `type` is the model's.

    Args:
        model: The model.
        own: Whether the events are made by this library, so that they are dictionaries.

    Returns:
        The recogniser, `None` for a model whose events have no such form.
    """
    try:
        source = _source(model, own=own)
    except _Unknown:
        return None
    # Of the names of fields only. A function that looks at a table for each event takes three times as long.
    recognise: Recogniser = eval(f"lambda event: {source}", dict(_NAMES))
    return recognise
