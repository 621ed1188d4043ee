"""Mappings that may be events: most are close to one, and few are one."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias, TypeVar

from hypothesis import strategies as st

from fast_channels.events import EVENTS
from fast_channels.testing.strategies import FIELDS

from .examples import example


class File:
    """Something with a descriptor."""

    def fileno(self) -> int:
        """Return a descriptor."""
        return 7


FILE = File()

BYTES = st.binary(max_size=3)
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([100, 200, 599, 600, 1000, 1005, 4001]),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.sampled_from(["/srv/a", "chat", "\ud800"]),
    BYTES,
    st.just(FILE),
)
NAMES = st.sampled_from([b"a", b"X-A", b"", b":a", b"a b", b"Sec-WebSocket-Protocol"])
PAIRS = st.lists(
    st.one_of(
        st.tuples(NAMES, BYTES),
        st.tuples(NAMES, BYTES).map(list),
        st.tuples(NAMES, BYTES.map(bytearray)),
        SCALARS,
    ),
    max_size=2,
)

Made = Callable[[], Any]
"""A value that is made anew for everyone who reads it: an iterator can be read once."""


def constant(value: Any) -> Made:
    return lambda: value


def _iterator(value: list[Any]) -> Made:
    return lambda: iter(value)


def _view(value: bytes) -> Any:
    return memoryview(value)


VALUES: st.SearchStrategy[Made] = st.one_of(
    SCALARS.map(constant),
    PAIRS.map(constant),
    PAIRS.map(tuple).map(constant),
    PAIRS.map(_iterator),
    st.lists(BYTES, max_size=2).map(constant),
    st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), SCALARS, max_size=2).map(constant),
    BYTES.map(bytearray).map(constant),
    BYTES.map(_view).map(constant),
)


Fields: TypeAlias = dict[Any, Made]
Kind: TypeAlias = Callable[[dict[Any, Any]], Mapping[Any, Any]]


class Message(NamedTuple):
    """A mapping that may be an event, made anew for everyone who reads it."""

    type: str
    kind: Kind
    fields: Fields

    def __call__(self) -> Mapping[Any, Any]:
        """Make it."""
        return self.kind({key: made() for key, made in self.fields.items()})


T = TypeVar("T")


def _mostly(usual: st.SearchStrategy[T], other: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    return st.sampled_from([usual, usual, usual, other]).flatmap(lambda chosen: chosen)


def _message(type_: str) -> st.SearchStrategy[Message]:
    # Close to an event, because most mappings are none, and for the same reason. The type is always there,
    # though not always right, because a model knows its type without being told.
    required = {key: _mostly(st.just(constant(value)), VALUES) for key, value in example(type_).items()}
    fields = {
        name: _mostly(FIELDS[name].map(constant), VALUES)
        for name in EVENTS[type_].model_fields
        if name != "type"
    }
    keys = _mostly(st.text(max_size=3), st.integers())

    def build(start: Fields, some: Fields, more: Fields, kind: Kind) -> Message:
        return Message(type_, kind, {**more, **start, **some})

    return st.builds(
        build,
        st.fixed_dictionaries({"type": required.pop("type")}, optional=required),
        st.fixed_dictionaries({}, optional=fields),
        st.dictionaries(keys, VALUES, max_size=1),
        st.sampled_from([dict[Any, Any], MappingProxyType]),
    )


MESSAGES = st.sampled_from([*EVENTS]).flatmap(_message)
