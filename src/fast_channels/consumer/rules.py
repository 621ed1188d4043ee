"""What has to be true of a consumer class, said as soon as it can be known."""

import inspect
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

__all__ = ["require_constructor", "require_names", "signature"]


def signature(function: FunctionType) -> inspect.Signature:
    """Return the signature of a function, without its annotations: perhaps they cannot be resolved."""
    copy = FunctionType(function.__code__, {}, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return inspect.signature(copy)


def require_constructor(consumer: type, arguments: Mapping[str, Any]) -> None:
    """Do nothing if a consumer can be made with the arguments of `as_asgi()`, and can be given attributes.

    Raises:
        TypeError: It cannot.
    """
    parameters: Any = getattr(consumer, "__dataclass_params__", None)
    if parameters is not None and parameters.frozen:
        raise TypeError(
            f"{consumer.__name__} is a frozen dataclass, and a consumer is given its scope, channel and "
            "parameters as attributes; use @dataclass without frozen=True"
        )
    constructor: object = inspect.getattr_static(consumer, "__init__")
    if not isinstance(constructor, FunctionType):
        # Written in another language, or a descriptor: nobody can tell.
        return
    try:
        signature(constructor).bind(None, **arguments)
    except TypeError as error:
        shown = ", ".join(f"{name}=..." for name in arguments)
        text = (
            f"{consumer.__name__}.as_asgi({shown}): each connection would call {consumer.__name__}({shown}), "
            f"which fails: {error}"
        )
    else:
        return
    raise TypeError(text)


_USUAL = frozenset({list, tuple, set, frozenset})


def require_names(owner: str, groups: object) -> None:
    """Do nothing unless `groups` is no collection of names that every consumer could read.

    Raises:
        TypeError: It is a string, whose characters are no names, or an iterator, which can be read once.
    """
    if groups is None or type(groups) in _USUAL:
        # To ask an abstract class takes longer than all the rest, and consumers are made often.
        return
    if isinstance(groups, str):
        raise TypeError(f"{owner}.groups is a list of names, not the string {groups!r}; write [{groups!r}]")
    if isinstance(groups, Iterator):
        text = "is an iterator, which only the first consumer could read; use a list"
        raise TypeError(f"{owner}.groups {text}")
