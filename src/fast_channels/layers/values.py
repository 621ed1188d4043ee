"""What a channel layer can carry, and the private copy of a message that a layer keeps.

The values are those of msgpack: `None`, `bool`, `int` from -2**63 to 2**64 - 1, `float`, `str`, `bytes`,
lists, and mappings with `str` keys. Every layer accepts exactly these, so that an application that works
in memory works between processes too.
"""

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, cast

from pydantic import BaseModel

from fast_channels.exceptions import MessageValueError
from fast_channels.messages import ChannelEvent
from fast_channels.messages.snapshot import Snapshot
from fast_channels.type_defs import ChannelMessage
from fast_channels.untrusted import kind_of, shown

__all__ = ["MAX_DEPTH", "RESERVED_KEY", "Snapshot", "plain_message", "snapshot"]

MAX_DEPTH = 100
"""How many mappings and lists may stand inside one another, the message itself included."""

RESERVED_KEY = "__asgi_channel__"
"""Key that Redis layers add to a message in transit; applications cannot use it."""

_INTEGERS = range(-(2**63), 2**64)
_UNCHECKED = frozenset({NoneType, bool, float, bytes})
_SHOWN_STEPS = 8


def plain_message(message: ChannelMessage | ChannelEvent) -> dict[str, Any]:
    """Return a private copy of a message, made of plain types only.

    Subclasses of `str`, `int` and `float` (enum members among them) become the plain type, `bytearray` and
    `memoryview` become `bytes`, tuples become lists, mappings become dictionaries. A `ChannelEvent` is
    taken as its `to_message()`.

    Raises:
        TypeError: The message is not a mapping, or holds a value or a key of a type that cannot be carried.
            The text names the path to it.
        MessageValueError: An integer is out of range, a string holds a lone surrogate, or values are nested
            more than `MAX_DEPTH` deep or contain themselves. A `ValueError`.
        ValueError: The message uses the key `RESERVED_KEY`.
    """
    # Nearly always it is one; to ask a model, or an abstract class, takes longer than all the rest.
    is_dict = type(message) is dict
    mapping = cast("ChannelMessage", message) if is_dict else _mapping(message)
    try:
        data = _plain_dict(mapping, 1)
    except _Refusal as refusal:
        raise refusal.to_error() from None
    if RESERVED_KEY in data:
        raise ValueError(f'message has the key "{RESERVED_KEY}", which is reserved for channel layers')
    return data


def snapshot(message: ChannelMessage | ChannelEvent) -> Snapshot:
    """Return what several recipients can each have a copy of.

    Raises:
        TypeError: As `plain_message()`.
        ValueError: As `plain_message()`.
    """
    return Snapshot(plain_message(message))


class _Refusal(Exception):
    """A value cannot be carried; collects the path to the value while the stack unwinds."""

    def __init__(self, error: type[Exception], reason: str) -> None:
        super().__init__(reason)
        self._error = error
        self._reason = reason
        self._steps: list[str] = []
        self._left: set[int] = set()

    def leave(self, container: object, step: str) -> None:
        self._steps.append(step)
        if id(container) in self._left:
            # The stack holds it more than once, so it was too deep because it never ends.
            self._reason = "contains itself, which no channel layer can carry"
            self._steps.clear()
        self._left.add(id(container))

    def to_error(self) -> Exception:
        steps = self._steps[::-1]
        # A few steps of at most 40 characters each, which JSON has escaped.
        path = "".join(steps[:_SHOWN_STEPS]) + "[...]" * (len(steps) > _SHOWN_STEPS)
        return self._error(f"message{path} {self._reason}")


def _mapping(message: ChannelMessage | ChannelEvent) -> ChannelMessage:
    if isinstance(message, ChannelEvent):
        return message.to_message()
    _require_mapping(message)
    return message


def _require_mapping(message: object) -> None:
    if not isinstance(message, Mapping):
        raise TypeError(f"a message has to be a mapping with str keys, not {kind_of(message)}")


def _plain(value: object, depth: int) -> Any:
    kind = type(value)
    if kind in _UNCHECKED:
        return value
    check = _CHECKS.get(kind)
    if check is not None:
        return check(value)
    walk = _WALKS.get(kind)
    if walk is not None:
        return walk(value, depth)
    return _plain(_adopted(value), depth)


def _plain_dict(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    _require_depth(depth)
    result: dict[str, Any] = {}
    for key, item in value.items():
        name = key if type(key) is str and key.isascii() else _key(key)
        if type(item) in _UNCHECKED or (type(item) is str and item.isascii()):
            # Most of most messages; a call for each of them takes longer than all the rest.
            result[name] = item
            continue
        try:
            result[name] = _plain(item, depth + 1)
        except _Refusal as refusal:
            refusal.leave(value, _step(name))
            raise
    return result


def _step(name: str) -> str:
    # Late, because only errors need it.
    import json

    # JSON leaves one control character as it is.
    return f"[{json.dumps(name[:40])}]".replace("\x7f", "\\u007f")


def _plain_list(value: list[Any], depth: int) -> list[Any]:
    _require_depth(depth)
    result: list[Any] = []
    for index, item in enumerate(value):
        try:
            result.append(_plain(item, depth + 1))
        except _Refusal as refusal:
            refusal.leave(value, f"[{index}]")
            raise
    return result


def _require_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _Refusal(MessageValueError, f"is nested more than {MAX_DEPTH} levels deep")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise _Refusal(TypeError, f"has the key {shown(key)}, {kind_of(key)}; the keys of a mapping are str")
    return _text(str.__str__(key))


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Refusal(MessageValueError, "holds a lone surrogate, which is not valid Unicode") from None
    return value


def _integer(value: int) -> int:
    if value not in _INTEGERS:
        raise _Refusal(
            MessageValueError, "is an int outside the range of channel layers, -2**63 to 2**64 - 1"
        )
    return value


_CHECKS: dict[type[Any], Callable[[Any], Any]] = {str: _text, int: _integer}
_WALKS: dict[type[Any], Callable[[Any, int], Any]] = {dict: _plain_dict, list: _plain_list}


def _refuse_model(value: BaseModel) -> BaseModel:
    raise _Refusal(
        TypeError, f"is {kind_of(value)}, a pydantic model inside a message; send its model_dump()"
    )


# In this order: a model may be a Mapping too, and an enum member is a str or an int first.
_ADOPTED: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (BaseModel, _refuse_model),
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    ((bytes, bytearray, memoryview), bytes),
    ((list, tuple), list),
    (Mapping, dict),
)


def _adopted(value: object) -> Any:
    for base, convert in _ADOPTED:
        if isinstance(value, base):
            return convert(value)
    raise _Refusal(
        TypeError,
        f"is {kind_of(value)}, which no channel layer can carry; "
        "send a str, int, float, bool, None, bytes, list or dict",
    )
