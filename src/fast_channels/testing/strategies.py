"""Hypothesis strategies for what travels: ASGI events and scopes, messages and names of channel layers.

Needs the extra `testing`.
"""

import enum
import string
from collections import OrderedDict, UserDict
from collections.abc import Callable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, TypeVar

try:
    from hypothesis import strategies as st
except ImportError as _error:
    from fast_channels.installation import how_to_install

    raise ImportError(
        f"the strategies for hypothesis need more packages: {how_to_install('testing')} ({_error})"
    ) from _error

from pydantic.fields import FieldInfo

from fast_channels.events import EVENTS
from fast_channels.layers import BaseChannelLayer
from fast_channels.layers.values import RESERVED_KEY

from ._scope import connection_scope

__all__ = [
    "FIELDS",
    "Carried",
    "carried_messages",
    "channel_messages",
    "channel_names",
    "events",
    "group_names",
    "scopes",
]

T = TypeVar("T")

# Events

_BYTES = st.binary(max_size=8)
_TEXT = st.text(max_size=8)
_TOKENS = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=8)
_HEADERS = st.lists(
    st.tuples(_TOKENS.map(str.encode), st.text(string.printable.strip(), max_size=8).map(str.encode)),
    max_size=3,
)
_SIZES = st.integers(0, 2**40)

FIELDS: Mapping[str, st.SearchStrategy[Any]] = {
    "headers": _HEADERS,
    "links": st.lists(_BYTES, max_size=2),
    "body": _BYTES,
    "bytes": _BYTES,
    "text": _TEXT,
    "reason": _TEXT,
    "message": _TEXT,
    "subprotocol": _TOKENS,
    "status": st.integers(100, 599),
    "code": st.integers(1000, 4999),
    "path": _TOKENS.map("/{}".format),
    "file": st.integers(0, 255),
    "offset": _SIZES,
    "count": _SIZES,
    "info": st.dictionaries(_TEXT, _TEXT, max_size=2),
    **dict.fromkeys(("more_body", "more_trailers", "trailers"), st.booleans()),
}
"""Legal values of every field of an event, by the name of the field. ASGI HTTP and WebSocket 2.5."""

_PAYLOADS = ("bytes", "text")


def events(*types: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for ASGI events, as the plain dictionaries that servers and applications exchange.

    Args:
        types: Which types, such as `"websocket.receive"`; all that the specification has unless given.

    Raises:
        KeyError: There is no event of a type.
    """
    return st.one_of([_event(type_) for type_ in types or EVENTS])


def _event(type_: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: field for name, field in EVENTS[type_].model_fields.items() if name != "type"}
    start = {"type": st.just(type_)}
    if fields.keys() >= {*_PAYLOADS}:
        # A frame holds one payload, a text or bytes (ASGI HTTP and WebSocket 2.5, "Receive" and "Send").
        return st.one_of([st.fixed_dictionaries({**start, name: FIELDS[name]}) for name in _PAYLOADS])
    values = {name: _field(name, field) for name, field in fields.items()}
    needed = {name: values[name] for name, field in fields.items() if field.is_required()}
    optional = {name: values[name] for name in fields.keys() - needed.keys()}
    return st.fixed_dictionaries({**start, **needed}, optional=dict(sorted(optional.items())))


def _field(name: str, field: FieldInfo) -> st.SearchStrategy[Any]:
    # A field that needs more than its type says has a strategy of its own.
    kind: Any = field.annotation
    return FIELDS[name] if name in FIELDS else st.from_type(kind)


# Scopes

_OF_PROTOCOL: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "http": {
        "type": st.just("http"),
        "method": st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
        "scheme": st.sampled_from(["http", "https"]),
        "http_version": st.sampled_from(["1.0", "1.1", "2", "3"]),
    },
    "websocket": {
        "type": st.just("websocket"),
        "subprotocols": st.lists(_TOKENS, max_size=2),
        "scheme": st.sampled_from(["ws", "wss"]),
        "http_version": st.sampled_from(["1.1", "2"]),
    },
}
_PATHS = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5), max_size=3)
_PEERS = st.none() | st.tuples(st.ip_addresses().map(str), st.integers(1, 65535))
_VERSIONS = st.just({"version": "3.0", "spec_version": "2.0"})


def scopes(protocol: Literal["http", "websocket", "lifespan"]) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for connection scopes, each complete, new and free to be changed.

    Args:
        protocol: The `type` of the scope. ASGI specification, "Connection Scope".
    """
    if protocol == "lifespan":
        return st.fixed_dictionaries(
            {"type": st.just(protocol), "asgi": _VERSIONS}, optional={"state": st.builds(dict[str, Any])}
        )
    return st.builds(
        _scope, st.fixed_dictionaries({**_OF_PROTOCOL[protocol]}), _PATHS, _TEXT, _HEADERS, _PEERS
    )


def _scope(
    of_protocol: dict[str, Any],
    steps: list[str],
    query: str,
    headers: list[tuple[bytes, bytes]],
    client: tuple[str, int] | None,
) -> dict[str, Any]:
    path = "/" + "/".join(steps)
    return connection_scope("/", headers, of_protocol, {"client": client}) | {
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
    }


# Names of channel layers

_NAME_CHARACTERS = string.ascii_letters + string.digits + "-_."
_LONGEST = BaseChannelLayer.MAX_NAME_LENGTH - 1


def group_names() -> st.SearchStrategy[str]:
    """Return a strategy for valid names of groups."""
    return st.text(_NAME_CHARACTERS, min_size=1, max_size=_LONGEST)


def channel_names() -> st.SearchStrategy[str]:
    """Return a strategy for valid names of channels, with and without a part that belongs to a process."""
    shared = st.text(_NAME_CHARACTERS, min_size=1, max_size=_LONGEST // 2)
    local = st.text(_NAME_CHARACTERS, max_size=_LONGEST // 2)
    return group_names() | st.tuples(shared, local).map("!".join)


# Messages of channel layers

Carried: TypeAlias = tuple[Any, Any]
"""A message as an application may write it, and as its receiver gets it."""


class _Colour(enum.StrEnum):
    RED = "red"


class _Level(enum.IntEnum):
    HIGH = 3


class _Text(str):
    __slots__ = ()


class _Number(int):
    pass


class _Real(float):
    pass


def channel_messages() -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for the messages that every channel layer carries, as their receivers get them."""
    return carried_messages().map(itemgetter(1))


def carried_messages() -> st.SearchStrategy[Carried]:
    """Return a strategy for pairs: a message as an application may write it, and as its receiver gets it.

    What is written may hold tuples, buffers, enum members and any kind of mapping; what arrives is made of
    plain types. See `fast_channels.layers.values`. NaN is left out, because it does not equal itself.
    """
    scalars = st.one_of(
        st.sampled_from([(None, None), (True, True), (False, False), (_Colour.RED, "red"), (_Level.HIGH, 3)]),
        _dressed(st.integers(-(2**63), 2**64 - 1), _Number),
        _dressed(st.floats(allow_nan=False), _Real),
        _dressed(_TEXT, _Text),
        _dressed(_BYTES, bytearray, memoryview),
    )
    return _mappings(st.recursive(scalars, _containers, max_leaves=12))


def _as_it_is(value: T) -> T:
    return value


def _twice(value: Any) -> Carried:
    return value, value


def _wrap(made: tuple[Carried, Callable[[Any], Any]]) -> Carried:
    (written, expected), wrapper = made
    return wrapper(written), expected


def _dressed(values: st.SearchStrategy[Any], *disguises: Callable[[Any], Any]) -> st.SearchStrategy[Carried]:
    return _wrapped(values.map(_twice), *disguises)


def _wrapped(
    pairs: st.SearchStrategy[Carried], *wrappers: Callable[[Any], Any]
) -> st.SearchStrategy[Carried]:
    choice: st.SearchStrategy[Callable[[Any], Any]] = st.sampled_from([_as_it_is, *wrappers])
    return st.tuples(pairs, choice).map(_wrap)


def _zipped(pairs: list[Carried]) -> Carried:
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _mapped(pairs: dict[str, Carried]) -> Carried:
    return {_Text(key): pair[0] for key, pair in pairs.items()}, {key: pair[1] for key, pair in pairs.items()}


def _containers(inner: st.SearchStrategy[Carried]) -> st.SearchStrategy[Carried]:
    return _wrapped(st.lists(inner, max_size=4).map(_zipped), tuple) | _mappings(inner)


def _mappings(inner: st.SearchStrategy[Carried]) -> st.SearchStrategy[Carried]:
    keys = _TEXT.filter(RESERVED_KEY.__ne__)
    return _wrapped(
        st.dictionaries(keys, inner, max_size=4).map(_mapped), OrderedDict, UserDict, MappingProxyType
    )
