"""What the attributes of a consumer class may be, said when the class is defined."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import FunctionType, MappingProxyType
from typing import Any

from fast_channels.consumer.handlers import USUAL_HANDLER_NAMES, is_library
from fast_channels.untrusted import kind_of, shown

__all__ = ["require_group_names", "require_methods_to_be_called", "require_names", "require_settings"]

_USUAL = frozenset({list, tuple, set, frozenset})


def _is_size(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def _is_time(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 0)


def _is_alias(value: object) -> bool:
    return value is None or (isinstance(value, str) and value != "")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


_SETTINGS: Mapping[str, tuple[Callable[[object], bool], str]] = MappingProxyType(
    {
        "max_message_size": (_is_size, "a number of bytes, or None for no limit"),
        "max_body_size": (_is_size, "a number of bytes, or None for no limit"),
        "max_concurrent": (_is_number, "a number of handlers"),
        "max_streams": (_is_number, "a number of streams"),
        "handshake_grace": (_is_time, "a number of seconds, or None for no warning"),
        "channel_layer_alias": (_is_alias, "the alias of a channel layer, or None for no layer"),
    }
)
"""For each attribute of the library's consumers what may be in it, and how that is called."""


def require_settings(consumer: type, settings: Mapping[str, object], *, of_class: bool) -> None:
    """Do nothing if the settings of a consumer are such that each connection can be served with them.

    Args:
        consumer: The class.
        settings: Attributes by their names, those of the application included.
        of_class: Whether they are of the class, and not arguments of `as_asgi()`.

    Raises:
        TypeError: One is something else.
    """
    for name in _SETTINGS.keys() & settings.keys():
        value = settings[name]
        fits, text = _SETTINGS[name]
        # What other libraries leave in a class, a field of a dataclass for instance, becomes something else.
        is_plain = type(value).__module__ == "builtins" and not hasattr(value, "__get__")
        if is_plain and not fits(value) and hasattr(consumer, name):
            owner = f"{consumer.__name__}." if of_class else f"{consumer.__name__}.as_asgi(): "
            raise TypeError(f"{owner}{name} has to be {text}, not {shown(value)}")


def require_names(owner: str, groups: object) -> None:
    """Do nothing unless `groups` is no collection of names that every consumer could read.

    Raises:
        TypeError: It is a string, whose characters are no names, or an iterator, which can be read once.
    """
    if groups is None or type(groups) in _USUAL:
        # To ask an abstract class takes longer than all the rest, and consumers are made often.
        return
    if isinstance(groups, str):
        raise TypeError(f"{owner}.groups has to be a list, not the string {groups!r}; write [{groups!r}]")
    if isinstance(groups, Iterator):
        text = "is an iterator, which only the first consumer can read; use a list"
        raise TypeError(f"{owner}.groups {text}")


def require_group_names(owner: str, groups: Any) -> None:
    """Do what `require_names()` does for a class, whose names are looked at too: that is done once.

    Raises:
        TypeError: It is no collection of names, or one of them is no string.
    """
    require_names(owner, groups)
    if type(groups) in _USUAL:
        for name in groups:
            if not isinstance(name, str):
                raise TypeError(
                    f"{owner}.groups has to be a list of names, and {shown(name)} is {kind_of(name)}; "
                    "write the name of the group, or join() a Group in connect() after accept()"
                )


def require_methods_to_be_called(consumer: type) -> None:
    """Do nothing if what a class has in place of the methods of the library can be called as they are.

    Raises:
        TypeError: It has an attribute, a property or a class method there.
    """
    library = [base for base in consumer.__mro__ if is_library(base)]
    for base in consumer.__mro__:
        if base is object or base in library:
            continue
        for name, value in vars(base).items():
            hidden = next((vars(one)[name] for one in library if name in vars(one)), None)
            if isinstance(hidden, FunctionType) and name not in USUAL_HANDLER_NAMES and _is_no_method(value):
                raise TypeError(
                    f"{consumer.__name__}.{name} is {kind_of(value)}, and replaces the method {name}() of "
                    "the library; write a method, or choose another name"
                )


def _is_no_method(value: object) -> bool:
    if isinstance(value, property | cached_property | classmethod | type):
        return True
    # Whatever else can be called, or binds itself to an instance, may be a method.
    return not callable(value) and not hasattr(type(value), "__get__")
