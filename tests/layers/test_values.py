"""What a channel layer can carry."""

import datetime as dt
import decimal
import enum
import json
import uuid
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.layers.values import MAX_DEPTH, RESERVED_KEY, snapshot
from fast_channels.messages import ChannelEvent
from fast_channels.testing.strategies import Carried, carried_messages


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Number(int):
    pass


class Chat(ChannelEvent):
    type: str = "chat.message"
    text: str = "hi"
    tags: tuple[str, ...] = ("a", "b")


class Point(NamedTuple):
    x: int
    y: int


def is_plain(value: Any) -> bool:
    """Whether msgpack packs a value, and unpacks it as the very same value of the very same type."""
    if type(value) in {dict, list}:
        texts, inner = contents(value)
        return all(type(text) is str for text in texts) and all(map(is_plain, inner))
    return type(value) in {type(None), bool, int, float, str, bytes}


def contents(value: dict[str, Any] | list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the keys and the items of a dictionary or a list."""
    return ([*value], [*value.values()]) if isinstance(value, dict) else ([], value)


def spoil(value: Any) -> None:
    """Change everything inside a value that can be changed."""
    for item in contents(value)[1]:
        if type(item) in {dict, list}:
            spoil(item)
    value.clear()


@given(carried_messages())
def test_a_receiver_gets_what_was_sent_made_of_plain_types(message: Carried) -> None:
    """Subclasses, tuples, buffers and mappings arrive as the plain types that msgpack gives back."""
    written, expected = message

    got = snapshot(written).own()

    assert got == expected
    assert is_plain(got)


@given(carried_messages())
def test_nobody_notices_what_a_receiver_does_with_its_copy(message: Carried) -> None:
    """Each copy, nested ones included, belongs to its receiver alone."""
    written, expected = message
    kept = snapshot(written)

    spoil(kept.own())

    assert kept.own() == expected


@given(carried_messages())
def test_a_snapshot_does_not_change_with_the_message(message: Carried) -> None:
    """What the sender does with its own objects afterwards reaches nobody."""
    _, plain = message
    before = snapshot(plain).own()
    kept = snapshot(plain)

    spoil(plain)

    assert kept.own() == before


@given(carried_messages())
def test_what_was_received_can_be_sent_again(message: Carried) -> None:
    """A copy is a message that layers carry without any change."""
    got = snapshot(message[0]).own()

    assert snapshot(got).own() == got


def test_a_copy_is_json_like_any_dictionary() -> None:
    """A received message goes through `json.dumps` as it is."""
    got = snapshot({"type": "chat", "users": ({"name": Colour.RED},)}).own()

    assert json.dumps(got) == '{"type": "chat", "users": [{"name": "red"}]}'


def test_infinities_and_nan_are_floats() -> None:
    """As in msgpack, a layer carries every float."""
    got = snapshot({"a": float("inf"), "b": float("nan")}).own()

    assert str(got) == "{'a': inf, 'b': nan}"


def test_a_subclass_cannot_lie_about_its_text() -> None:
    """The text of a `str` subclass is what it holds, not what its `__str__` says."""

    class Liar(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "lie"

    got = snapshot({Liar("key"): Liar("truth")}).own()

    assert got == {"key": "truth"}


def test_a_named_tuple_is_a_list() -> None:
    """Tuples of any class arrive as lists."""
    assert snapshot({"at": Point(1, 2)}).own() == {"at": [1, 2]}


def test_a_channel_event_is_sent_as_its_message() -> None:
    """What `to_message()` returns is what is carried."""
    assert snapshot(Chat()).own() == {"type": "chat.message", "text": "hi", "tags": ["a", "b"]}


FOREIGN: list[tuple[Any, str]] = [
    ({1}, "a set"),
    (frozenset(), "a frozenset"),
    (dt.datetime(2020, 1, 1, tzinfo=dt.UTC), "a datetime"),
    (dt.date(2020, 1, 1), "a date"),
    (uuid.UUID(int=1), "an UUID"),
    (decimal.Decimal(1), "a Decimal"),
    (1j, "a complex"),
    (object(), "an object"),
    (range(3), "a range"),
    (iter(()), "a tuple_iterator"),
    (len, "a builtin_function_or_method"),
]


@pytest.mark.parametrize(("value", "name"), FOREIGN)
def test_what_no_layer_can_carry_is_named_with_its_path(value: Any, name: str) -> None:
    """A value of another type is a `TypeError` that says where it is and what to send instead."""
    message = {"type": "chat", "users": [{}, {}, {"when": value}]}

    with pytest.raises(TypeError) as caught:
        snapshot(message)

    assert str(caught.value) == (
        f'message["users"][2]["when"] is {name}, which no channel layer can carry; '
        "send a str, int, float, bool, None, bytes, list or dict"
    )


steps = st.integers(0, 3) | st.text(st.characters(codec="ascii", exclude_characters="[]"), max_size=5)


@given(st.lists(steps, max_size=6))
def test_the_path_leads_to_the_value(path: list[int | str]) -> None:
    """Following the steps of the error text leads to the value that was refused."""
    culprit = {1, 2}
    value: Any = culprit
    for step in reversed(path):
        value = {step: value} if isinstance(step, str) else [*range(step), value]

    with pytest.raises(TypeError) as caught:
        snapshot({"": value})

    found: Any = {"": value}
    written = str(caught.value).removeprefix("message").partition(" is a set")[0]
    for step in json.loads(written.replace("][", ", ")):
        found = found[step]
    assert found is culprit


@pytest.mark.parametrize(
    ("message", "error", "text"),
    [
        (
            {"a": 2**64},
            ValueError,
            'message["a"] is an int outside the range of channel layers, -2**63 to 2**64 - 1',
        ),
        ({"a": -(2**63) - 1}, ValueError, 'message["a"] is an int outside'),
        ({"a": [Number(10**5000)]}, ValueError, 'message["a"][0] is an int outside'),
        ({"a": "\ud800"}, ValueError, 'message["a"] holds a lone surrogate, which is not valid Unicode'),
        ({"\udfff": 1}, ValueError, "message holds a lone surrogate"),
        ({"a": {1: 2}}, TypeError, 'message["a"] has the key 1, an int; the keys of a mapping are str'),
        ({b"type": 1}, TypeError, "message has the key b'type', a bytes; the keys of a mapping are str"),
        ({"k" * 60: {1}}, TypeError, f'message["{"k" * 40}"] is a set'),
        (
            {"a": Chat()},
            TypeError,
            'message["a"] is a Chat, a pydantic model inside a message; send its model_dump()',
        ),
        ([("type", "chat")], TypeError, "a message has to be a mapping with str keys, not a list"),
        ("chat", TypeError, "a message has to be a mapping with str keys, not a str"),
        (None, TypeError, "a message has to be a mapping with str keys, not None"),
        ({RESERVED_KEY: 1}, ValueError, f'message has the key "{RESERVED_KEY}", which is reserved'),
    ],
)
def test_what_is_refused_and_how(message: Any, error: type[Exception], text: str) -> None:
    """A wrong type is a `TypeError`, a value out of range a `ValueError`; both say where."""
    with pytest.raises(error) as caught:
        snapshot(message)

    assert str(caught.value).startswith(text)
    assert caught.value.__cause__ is None


def test_values_may_be_nested_as_deep_as_the_bound() -> None:
    """A hundred levels are carried."""
    message: dict[str, Any] = {}
    for _ in range(MAX_DEPTH - 1):
        message = {"a": message}

    assert snapshot(message).own() == message


@pytest.mark.parametrize("key", ["a", 0])
def test_deeper_values_are_refused(key: str | int) -> None:
    """One level more is a `ValueError`; the path in its text is cut short."""
    value: Any = 1
    for _ in range(MAX_DEPTH):
        value = {key: value} if isinstance(key, str) else [value]

    with pytest.raises(ValueError, match=r"^message(\[.{1,3}\]){8}\[\.\.\.\] is nested more than 100 levels"):
        snapshot({"a": value})


def test_a_value_inside_itself_is_named() -> None:
    """A cycle is a `ValueError` that names the value which contains itself."""
    users: list[Any] = [1]
    users.append({"friends": users})

    with pytest.raises(ValueError, match=r'^message\["users"\] contains itself, which no channel layer can'):
        snapshot({"type": "chat", "users": users})


def test_a_message_inside_itself_is_named() -> None:
    """The message may be the value that contains itself."""
    message: dict[str, Any] = {"type": "chat"}
    message["again"] = [message]

    with pytest.raises(ValueError, match=r"^message contains itself"):
        snapshot(message)


def test_the_same_value_in_two_places_is_sent_twice() -> None:
    """Sharing is no cycle: receivers get two values."""
    user = {"name": "ada"}

    got = snapshot({"from": user, "to": user}).own()
    got["from"]["name"] = "eve"

    assert got["to"] == {"name": "ada"}
