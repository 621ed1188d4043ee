"""A method for every kind of message: which method of a class takes which."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["check_receivers", "received_by", "receivers", "receives"]

_MARK = "_fast_channels_receives"

_F = TypeVar("_F", bound=Callable[..., Any])


def receives(kind: type[Any]) -> Callable[[_F], _F]:
    """Return a decorator that makes a method take one kind of message."""

    def mark(method: _F) -> _F:
        setattr(method, _MARK, kind)
        return method

    return mark


def received_by(method: object) -> Any:
    """Return the kind of message that a method takes, `None` for a method that takes none."""
    return getattr(method, _MARK, None)


def receivers(bases: Iterable[type]) -> dict[Any, list[str]]:
    """Return the names of the methods that take each kind of message.

    An override takes what the method took that it overrides, unless it says otherwise.

    Args:
        bases: The classes in method resolution order, the nearest first.
    """
    kinds: dict[str, Any] = {}
    for base in reversed(list(bases)):
        for name, attribute in vars(base).items():
            kind = received_by(attribute)
            if kind is not None:
                kinds[name] = kind
            elif attribute is None:
                kinds.pop(name, None)
    names: dict[Any, list[str]] = {}
    for name, kind in kinds.items():
        names.setdefault(kind, []).append(name)
    return names


def check_receivers(
    owner: str, names: Mapping[Any, list[str]], messages: Iterable[Any], *, complete: bool
) -> None:
    """Raise a `TypeError` unless every kind of message has exactly one method, and nothing else has.

    Args:
        owner: The class, for the text of the error.
        names: The methods of each kind.
        messages: The kinds of messages that there are.
        complete: Whether each of them needs a method.
    """
    kinds = list(messages)
    found = {
        "no method receives": [_named(kind) for kind in kinds if complete and kind not in names],
        "more than one method receives": [
            f"{_named(kind)} ({', '.join(methods)})" for kind, methods in names.items() if len(methods) > 1
        ],
        "not a message of the client is": [
            f"{_named(kind)} ({', '.join(methods)})" for kind, methods in names.items() if kind not in kinds
        ],
    }
    wrong = [f"{what} {', '.join(which)}" for what, which in found.items() if which]
    if wrong:
        raise TypeError(f"{owner}: {'; '.join(wrong)}")


def _named(kind: Any) -> str:
    return getattr(kind, "__name__", repr(kind))
