"""With which types a class parametrises a generic base of its."""

import sys
from collections import ChainMap
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, TypeVar, get_args, get_origin

from typing_extensions import NoDefault, TypeIs, get_original_bases, get_type_hints

from fast_channels.untrusted import plain_repr


def type_arguments(cls: type, base: type) -> tuple[Any, ...]:
    """Return what the type parameters of a generic base are in one of its subclasses.

    Follows generic classes in between; a parameter that is nowhere bound is its default, or `Any`.

    Args:
        cls: The subclass, or the base itself.
        base: The generic base.
    """
    return tuple(_find(cls, base, {}))


def _find(cls: type, base: type, bound: Mapping[Any, Any]) -> list[Any]:
    if cls is base:
        return [_substitute(parameter, bound) for parameter in _parameters(base)]
    for written in get_original_bases(cls):
        origin, given = _split(written)
        if isinstance(origin, type) and issubclass(origin, base):
            arguments = [_substitute(argument, bound) for argument in given]
            return _find(origin, base, dict(zip(_parameters(origin), arguments, strict=False)))
    raise TypeError(f"{cls!r} is not a subclass of {base!r}")


def _split(written: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return a base class and its type arguments; a parametrised pydantic model is a class of its own."""
    made = getattr(written, "__pydantic_generic_metadata__", None)
    if made is not None and made["origin"] is not None:
        return made["origin"], made["args"]
    return get_origin(written) or written, get_args(written)


def _parameters(cls: Any) -> tuple[Any, ...]:
    return getattr(cls, "__parameters__", ())


def _substitute(argument: Any, bound: Mapping[Any, Any]) -> Any:
    if isinstance(argument, TypeVar):
        if argument in bound:
            return bound[argument]
        default = getattr(argument, "__default__", NoDefault)
        return Any if default is NoDefault else _substitute(default, bound)
    inner = _parameters(argument)
    return argument[tuple(_substitute(parameter, bound) for parameter in inner)] if inner else argument


def resolve_in(cls: type, annotation: Any) -> Any:
    """Return a type argument of a class, with all the names that it gives as strings looked up.

    They were written in the module of the class or of one of its bases, perhaps inside a function; the
    classes keep the local names of that in `_local_names`.

    Raises:
        NameError: A name is not defined.
    """
    spaces = [
        space
        for base in cls.__mro__
        for space in (vars(base).get("_local_names", {}), vars(sys.modules.get(base.__module__, base)))
    ]
    return resolve(annotation, ChainMap(*map(dict, spaces)))


def resolve(annotation: Any, names: Mapping[str, Any]) -> Any:
    """Return an annotation with all the names that it gives as strings looked up.

    Args:
        annotation: A type, possibly with strings or forward references in it.
        names: What the names may refer to.

    Raises:
        NameError: A name is not defined.
    """
    holder = SimpleNamespace(__annotations__={"annotation": annotation})
    return get_type_hints(holder, {}, names, include_extras=True)["annotation"]


def require_two_types(name: str, types: object) -> None:
    """Do nothing if a class is given a type for each direction.

    Raises:
        TypeError: It is not.
    """
    given: tuple[Any, ...] = types if _is_tuple(types) else (types,)
    if len(given) != 2:
        first = getattr(given[0], "__name__", plain_repr(given[0])) if given else "Any"
        raise TypeError(
            f"{name} takes two types, the client's and the server's messages: "
            f"write {name}[{first}, Any] if the server may send anything"
        )


def _is_tuple(value: object) -> TypeIs[tuple[Any, ...]]:
    return isinstance(value, tuple)
