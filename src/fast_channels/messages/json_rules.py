"""How JSON texts are read and written: what pydantic does, less what JSON Schema would not agree to.

pydantic makes of every type a *core schema*, a tree of plain dictionaries, and of that the validators and
serializers that do the work. Here the tree is changed before they are made of it, so that no message pays
for a rule of ours in Python:

* a field that can only have one value is required, as in the published schema, although it has a default;
* `true` is not the literal `1`, nor `1` the literal `true`;
* numbers are finite: JSON has no others. A model that sets `ser_json_inf_nan` makes its own rules;
* the first wrong item of a list or a dictionary ends the search for more, so that a wrong message costs
  little more than a right one.
"""

import math
import re
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import (
    CoreSchema,
    PydanticCustomError,
    SchemaSerializer,
    SchemaValidator,
    core_schema,
)

__all__ = ["checker", "dumper", "is_tag", "reader", "tag_depth", "writer"]

_OWN_RULES = "ser_json_inf_nan"
"""The setting with which a model says what becomes of numbers that JSON does not have."""

_NO_SCHEMAS = frozenset({"metadata", "expected", "default", "serialization", "config", "cls", "members"})
_WRITTEN = frozenset(
    [
        *("list", "tuple", "set", "frozenset", "dict", "bytes", "decimal", "enum"),
        *("model", "dataclass", "typed-dict"),
    ]
)
"""What is of a class of Python that nobody can send, and in JSON of another."""

_WRITTEN_AS_TEXT = frozenset(["date", "time", "datetime", "timedelta", "uuid", "url", "multi-host-url"])
"""What JSON has no type for, so that it is a string."""

_BY_NAME = frozenset({"fields", "choices"})
_CLASSES = frozenset({"model", "dataclass"})

_SUSPICIOUS = re.compile(r"NaN|Infinity|[eE]\+?[0-9]{3}|[0-9]{309}")
"""What a text has in it that holds a number that is not finite, or only looks like it."""

_building = threading.RLock()


class Rules(NamedTuple):
    """What a core schema is changed to.

    Attributes:
        strict: Take no string for a number, and the like, except where a model or a field asks for it.
        tags: Require the fields that can only have one value.
        untyped: Look for numbers that are not finite also where the schema says nothing of a value.
        again: Validate what is an instance of its model already.
        written: Take for anything but numbers, strings and booleans what JSON writes, although `strict`.
    """

    strict: bool = False
    tags: bool = True
    untyped: bool = False
    again: bool = False
    written: bool = False


def is_tag(schema: Any) -> bool:
    """Tell whether a core schema allows a single literal: what tells messages apart."""
    return schema["type"] == "literal" and len(schema["expected"]) == 1


def tag_depth(schema: CoreSchema) -> int:
    """Return how many tags, one after the other, tell the members of a union apart; 0 for no union."""
    part: Any = schema
    while part["type"] != "tagged-union":
        # Where a union is a definition, or may also be null.
        part = part.get("schema")
        if part is None or part["type"] in _CLASSES:
            return 0
    choices = part["choices"].values()
    return 1 + max(tag_depth(choice) for choice in choices if _is_a(choice, dict))


def reader(schema: CoreSchema, *, strict: bool) -> Callable[[str], Any]:
    """Return the function that makes of a JSON text what a core schema describes.

    It raises a `pydantic.ValidationError` for any other text.

    Args:
        schema: The core schema.
        strict: Take no string for a number, and the like, except where a model or a field asks for it.
    """
    read: Callable[[str], Any] = _validator(schema, Rules(strict=strict)).validate_json
    if not _holds(schema, {"any"}):
        return read
    careful = _validator(schema, Rules(strict=strict, untyped=True)).validate_json

    def read_untyped(text: str) -> Any:
        return read(text) if _SUSPICIOUS.search(text) is None else careful(text)

    return read_untyped


def checker(schema: CoreSchema, *, strict: bool = False) -> Callable[[object], Any]:
    """Return the function that does for values of Python what that of `reader()` does for texts.

    Args:
        schema: The core schema.
        strict: Take no string for a number, and the like, except where a model or a field asks for it. What
            no number, string or boolean says, such as a date or a tuple, may still be written as in JSON.
    """
    return _validator(schema, Rules(strict=strict, untyped=True, written=strict)).validate_python


def dumper(schema: CoreSchema, *, omit_none: bool = False) -> Callable[[Any], Any]:
    """Return the function that makes plain values of what a core schema describes, as `model_dump()` does.

    It raises a `pydantic.ValidationError` for numbers that are not finite, as that of `writer()` does.

    Args:
        schema: The core schema.
        omit_none: Whether a field that is `None` is left out.
    """
    dump = partial(SchemaSerializer(schema).to_python, by_alias=True, exclude_none=omit_none)
    if not _holds(schema, {"float", "any"}):
        return dump
    check = _validator(schema, Rules(tags=False, untyped=True, again=True)).validate_python

    def checked(value: Any) -> Any:
        check(value)
        return dump(value)

    return checked


def writer(schema: CoreSchema, *, omit_none: bool = False) -> Callable[[Any], bytes] | None:
    """Return the function that writes what a core schema describes as JSON, with no number but finite ones.

    It raises a `pydantic.ValidationError` for any other. It is `None` if there can be no other, so that any
    serializer of the type will do.

    Args:
        schema: The core schema.
        omit_none: Whether a field that is `None` is left out.
    """
    if not _holds(schema, {"float", "any"}):
        return None
    with _unfinished(schema):
        serialize = SchemaSerializer(
            _changed(schema, _with_constants), {"ser_json_inf_nan": "constants"}
        ).to_json
    check = _validator(schema, Rules(tags=False, untyped=True, again=True)).validate_python

    def write(value: Any) -> bytes:
        text = serialize(value, by_alias=True, exclude_none=omit_none)
        if b"NaN" in text or b"Infinity" in text:
            # Perhaps in a string, or in a model that has rules of its own.
            check(value)
        return text

    return write


def _validator(schema: CoreSchema, rules: Rules) -> SchemaValidator:
    with _unfinished(schema):
        return SchemaValidator(_changed(schema, partial(_with_rules, rules)), {"strict": rules.strict})


@contextmanager
def _unfinished(schema: CoreSchema) -> Generator[None, None, None]:
    """Let pydantic build the classes of a schema anew, not take what they have built for themselves."""
    classes: set[type[Any]] = {part["cls"] for part, _ in _parts(schema) if part.get("type") in _CLASSES}
    with _building:
        complete = [cls for cls in classes if vars(cls).get("__pydantic_complete__", False)]
        for cls in complete:
            cls.__pydantic_complete__ = False
        try:
            yield
        finally:
            for cls in complete:
                cls.__pydantic_complete__ = True


def _inner(part: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a part of a core schema has other parts in, by its key."""
    return ((key, value) for key, value in part.items() if key not in _NO_SCHEMAS)


def _parts(schema: Any, own: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield all parts of a core schema, and of each whether it is in a model that has rules of its own."""
    if _is_a(schema, list) or _is_a(schema, tuple):
        for item in schema:
            yield from _parts(item, own)
    elif _is_a(schema, dict):
        own = _OWN_RULES in schema["config"] if "config" in schema else own
        yield schema, own
        for key, value in _inner(schema):
            yield from _parts([*value.values()] if key in _BY_NAME and _is_a(value, dict) else value, own)


def _holds(schema: CoreSchema, types: set[str]) -> bool:
    return any(part.get("type") in types and not own for part, own in _parts(schema))


Change: TypeAlias = Callable[[Any, bool], Any]
"""Takes a part of a core schema whose own parts are changed already; returns what it becomes."""


def _changed(schema: Any, change: Change, own: bool = False) -> Any:
    if _is_a(schema, list):
        return [_changed(item, change, own) for item in schema]
    if _is_a(schema, tuple):
        return tuple(_changed(item, change, own) for item in schema)
    if not _is_a(schema, dict):
        return schema
    own = _OWN_RULES in schema["config"] if "config" in schema else own
    new = dict(schema)
    for key, value in _inner(schema):
        if key in _BY_NAME and _is_a(value, dict):
            new[key] = {name: _changed(item, change, own) for name, item in value.items()}
        else:
            new[key] = _changed(value, change, own)
    return change(new, own) if "type" in new else new


def _with_constants(part: Any, own: bool) -> Any:
    return (
        {**part, "config": {_OWN_RULES: "constants", **part.get("config", {})}}
        if part["type"] in _CLASSES
        else part
    )


def _with_rules(rules: Rules, part: Any, own: bool) -> Any:
    change = _RULES.get(part["type"])
    if rules.written:
        part = _as_written(part)
    return part if change is None else change(rules, part, own)


def _as_written(part: Any) -> Any:
    """Return a part of a strict core schema that takes what JSON would say, as a value of Python."""
    if part["type"] in _WRITTEN:
        return {"strict": False, **part}
    if part["type"] not in _WRITTEN_AS_TEXT:
        return part
    written: Any = {"strict": False, **part}
    return core_schema.no_info_before_validator_function(_no_number, written)


def _no_number(value: Any) -> Any:
    """Return a value, or raise the error for a number, which is no date although it could be made one."""
    if _is_a(value, int) or _is_a(value, float):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    return value


def _class(rules: Rules, part: Any, own: bool) -> Any:
    if rules.again:
        part["revalidate_instances"] = "always"
    return {**part, "config": {"strict": rules.strict, **part.get("config", {})}}


def _field(rules: Rules, part: Any, own: bool) -> Any:
    inner = part["schema"]
    # What the constructor does not take stays as it is.
    if not rules.tags or not part.get("init", True) or inner["type"] != "default":
        return part
    tag = is_tag(inner["schema"]) or _is_guarded_tag(inner["schema"])
    return {**part, "schema": inner["schema"]} if tag else part


def _is_guarded_tag(schema: Any) -> bool:
    return schema["type"] == "function-before" and is_tag(schema["schema"])


def _float(rules: Rules, part: Any, own: bool) -> Any:
    return part if own else {**part, "allow_inf_nan": False}


def _eager(rules: Rules, part: Any, own: bool) -> Any:
    return {**part, "fail_fast": True}


def _untyped(rules: Rules, part: Any, own: bool) -> Any:
    return core_schema.no_info_after_validator_function(_finite, part) if rules.untyped and not own else part


def _literal(rules: Rules, part: Any, own: bool) -> Any:
    numbers = [value for value in part["expected"] if _is_a(value, int)]
    if not numbers:
        return part

    def tell_apart(value: Any) -> Any:
        if _is_a(value, int) or _is_a(value, float):
            equal = [number for number in numbers if number == value]
            if equal and isinstance(value, bool) not in {isinstance(number, bool) for number in equal}:
                raise PydanticCustomError(
                    "literal_error", "Input should be a number, or true or false, as declared"
                )
        return value

    return core_schema.no_info_before_validator_function(tell_apart, part)


_RULES: Mapping[str, Callable[[Rules, Any, bool], Any]] = {
    **dict.fromkeys(_CLASSES, _class),
    "model-field": _field,
    "dataclass-field": _field,
    "float": _float,
    **dict.fromkeys(("list", "set", "frozenset", "tuple", "dict"), _eager),
    "any": _untyped,
    "literal": _literal,
}


def _finite(value: Any) -> Any:
    """Return a value that may be anything, or raise the error for a number in it that is not finite."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if _is_a(one, float) and not math.isfinite(one):
            raise PydanticCustomError("finite_number", "Input should hold finite numbers only")
        if _is_a(one, dict):
            waiting += one.values()
        elif _is_a(one, list):
            waiting += one
    return value


def _is_a(value: object, kind: type) -> bool:
    return isinstance(value, kind)
