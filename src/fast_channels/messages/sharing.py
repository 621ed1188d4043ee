"""Which events can be one object for all recipients, because they cannot be changed.

Theory of operation. Each member of a group would validate an event of the group, and all members would get
equal objects. If no part of such an object can be changed, and only pydantic has taken part in making it, a
handler cannot see whether the others have the same object or an equal one. Then the event is made once, and
kept with the message until the last member has it (see `Snapshot`). Nothing else is shared: a handler
may change a list, a dictionary or a model that is not frozen.

This is decided once for each type, by its core schema: a tree in which pydantic has described all that
validation does. Only the kinds of nodes in the tables below are accepted. So code of the application (a
validator, a serializer, a computed field, a default factory), which may do something else in each call, keeps
an event from being shared.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from pydantic import BaseModel

__all__ = ["is_shareable"]

_SCALARS: Final = frozenset(
    {
        "none",
        "bool",
        "int",
        "float",
        "decimal",
        "str",
        "bytes",
        "date",
        "time",
        "datetime",
        "timedelta",
        "uuid",
        "literal",
        "enum",
    }
)


def is_shareable(schema: Any) -> bool:
    """Tell whether what a core schema describes cannot be changed, and is equal each time that it is made."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        # What JSON it becomes is shared too.
        if "function" in part.get("serialization", {}):
            return False
        if part["type"] in _SCALARS:
            continue
        inner = _INNER.get(part["type"])
        if inner is None or not _REQUIRED.get(part["type"], _always)(part):
            return False
        waiting += inner(part)
    return True


def _always(_part: Any) -> bool:
    return True


def _is_frozen(model: Any) -> bool:
    """Tell whether no instance of a model can be changed, or has anything of its own but its fields."""
    cls: type[BaseModel] = model["cls"]
    config = cls.model_config
    members = [value for base in cls.__mro__ for value in vars(base).values()]
    return (
        bool(config.get("frozen"))
        and config.get("extra") != "allow"
        and not (model.get("custom_init") or model.get("post_init") or cls.__private_attributes__)
        and cls.__setattr__ is BaseModel.__setattr__
        and not any(isinstance(member, cached_property) for member in members)
    )


def _has_one_default(part: Any) -> bool:
    if "default_factory" in part:
        return False
    try:
        # Of any other pydantic makes a copy each time.
        hash(part["default"])
    except TypeError:
        return False
    return True


def _choices(part: Any) -> Iterator[Any]:
    for choice in part["choices"]:
        # A choice may have a label.
        yield choice[0] if isinstance(choice, tuple) else choice


_INNER: Final[Mapping[str, Callable[[Any], Any]]] = {
    "model": lambda part: [part["schema"]],
    "model-fields": lambda part: part["fields"].values(),
    "model-field": lambda part: [part["schema"]],
    "default": lambda part: [part["schema"]],
    "nullable": lambda part: [part["schema"]],
    "union": _choices,
    "tagged-union": lambda part: part["choices"].values(),
    "tuple": lambda part: part["items_schema"],
    "frozenset": lambda part: [part["items_schema"]] if "items_schema" in part else [{"type": "any"}],
    "definitions": lambda part: [part["schema"], *part["definitions"]],
    # What it refers to is one of the definitions, which are looked at once.
    "definition-ref": lambda part: (),
}

_REQUIRED: Final[Mapping[str, Callable[[Any], bool]]] = {
    "model": _is_frozen,
    "model-fields": lambda part: not part.get("computed_fields"),
    "model-field": lambda part: "serialization_exclude_if" not in part,
    "default": _has_one_default,
    "tagged-union": lambda part: isinstance(part["discriminator"], str),
}
