"""What pydantic does not read on Python 3.11, made of what it does: the TypedDicts of `typing`."""

import sys
from collections import ChainMap
from collections.abc import Callable, MutableMapping
from types import UnionType, new_class
from typing import Any, Generic, Literal, Union, get_args, get_origin
from weakref import WeakKeyDictionary

from typing_extensions import TypeAliasType, TypedDict, get_type_hints, is_typeddict

__all__ = ["validatable", "without_typing_dicts"]

_KEPT = (
    "__module__",
    "__qualname__",
    "__doc__",
    "__required_keys__",
    "__optional_keys__",
    "__pydantic_config__",
)

_MADE: MutableMapping[type, Any] = WeakKeyDictionary()
"""The equal classes that have been made, so that a class has one wherever it is used."""


def without_typing_dicts(annotation: Any) -> Any:
    """Return an annotation with an equal TypedDict of `typing_extensions` in place of each of `typing`.

    Dataclasses and models are left alone: nothing else may be made in their place.

    Raises:
        NameError: A key is annotated with a name that is not defined.
    """
    # Those that are not complete yet: a TypedDict can have itself in it.
    made: dict[type, Any] = {}
    result = _without(annotation, ChainMap(made, _MADE))
    _MADE.update(made)
    return result


validatable: Callable[[Any], Any] = (
    without_typing_dicts if sys.version_info < (3, 12) else lambda annotation: annotation
)
"""Returns an annotation as pydantic can validate it on this version of Python."""


def _without(annotation: Any, made: MutableMapping[type, Any]) -> Any:
    if isinstance(annotation, TypeAliasType):
        value = _without(annotation.__value__, made)
        return annotation if value is annotation.__value__ else value
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None or origin is Literal:
        return _equal(annotation, made) if _is_of_typing(annotation) else annotation
    parts = (origin, *arguments)
    replaced = [_without(part, made) for part in parts]
    if all(new is old for new, old in zip(replaced, parts, strict=True)):
        return annotation
    form = Union if origin is UnionType else replaced[0]
    # Some special forms, such as NotRequired, take no tuple.
    return form[tuple(replaced[1:])] if len(arguments) > 1 else form[replaced[1]]


def _is_of_typing(kind: Any) -> bool:
    return is_typeddict(kind) and type(kind).__module__ == "typing"


def _equal(kind: Any, made: MutableMapping[type, Any]) -> Any:
    if kind in made:
        return made[kind]
    parameters = getattr(kind, "__parameters__", ())
    generic: Any = Generic
    bases: tuple[Any, ...] = (TypedDict, generic[parameters]) if parameters else (TypedDict,)
    equal: Any = new_class(kind.__name__, bases)
    made[kind] = equal
    hints = get_type_hints(kind, include_extras=True)
    equal.__annotations__ = {name: _without(hint, made) for name, hint in hints.items()}
    for name in _KEPT:
        if hasattr(kind, name):
            setattr(equal, name, getattr(kind, name))
    return equal
