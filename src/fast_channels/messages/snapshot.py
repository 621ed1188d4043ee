"""What a message of a channel layer was when it was sent, for all who get it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

__all__ = ["Snapshot", "own"]

_CONTAINERS: Final = frozenset({dict, list})
_NO_OTHERS: Final[Mapping[object, object]] = MappingProxyType({})


class Snapshot(dict[str, Any]):
    """A message as it was when it was sent, whatever happens to the sender's objects afterwards.

    All recipients share it, so it must not be changed, and a handler of an application never gets it: it gets
    a copy, or an event that is kept here, which cannot be changed. It lives until the last recipient has the
    message.

    Args:
        message: The message, made of the plain values that layers carry. No other object refers to its parts.

    Attributes:
        flat: Whether none of its values can be changed, so that a copy of it shares nothing that can.
        kind: What the first handler asked for that has been given an event that cannot be changed.
        event: That event.
        others: Such events of other handlers, by what they ask for.
    """

    __slots__ = ("event", "flat", "kind", "others")

    def __init__(self, message: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.flat: bool = _CONTAINERS.isdisjoint(map(type, self.values()))
        self.kind: object = None
        self.event: object = None
        self.others: Mapping[object, object] = _NO_OTHERS

    def keep(self, kind: object, event: object) -> None:
        """Keep an event that cannot be changed, for the other handlers that ask for the same."""
        if self.kind is None:
            self.event = event
            # Last, because consumers in other threads look at it first.
            self.kind = kind
        else:
            self.others = {**self.others, kind: event}

    def own(self) -> dict[str, Any]:
        """Return the message as a dictionary that belongs to the caller alone."""
        return self.copy() if self.flat else _copied_dict(self)


def own(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message that belongs to the caller alone: a copy of what is shared, any other as it is."""
    if type(message) is not Snapshot:
        return message
    # Once for each recipient, so without another call.
    return message.copy() if message.flat else _copied_dict(message)


def _copied_dict(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _COPIES[type(item)](item) if type(item) in _CONTAINERS else item for key, item in value.items()
    }


def _copied_list(value: list[Any]) -> list[Any]:
    return [_COPIES[type(item)](item) if type(item) in _CONTAINERS else item for item in value]


_COPIES: dict[type[Any], Callable[[Any], Any]] = {dict: _copied_dict, list: _copied_list}
