"""Which events are already what their validation would return."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest
from hypothesis import example as with_example
from hypothesis import given
from pydantic import AfterValidator, StrictStr

from fast_channels.events import EVENTS, AsgiEvent
from fast_channels.events.canonical import recogniser
from fast_channels.events.wire import wire_validator

from .mappings import MESSAGES, Message, constant

HEADERS = [(b"content-type", b"text/plain"), (b"x-a", b"")]
USUAL: list[dict[str, Any]] = [
    {"type": "http.request", "body": b"x", "more_body": False},
    {"type": "http.response.start", "status": 200, "headers": HEADERS, "trailers": False},
    {"type": "http.response.body", "body": b"x", "more_body": True},
    {"type": "websocket.connect"},
    {"type": "websocket.accept", "headers": HEADERS},
    {"type": "websocket.receive", "text": "hello"},
    {"type": "websocket.receive", "text": "h\u00e9llo"},
    {"type": "websocket.receive", "bytes": b"hello"},
    {"type": "websocket.send", "text": "hello"},
    {"type": "websocket.send", "text": "\U0001f44b"},
    {"type": "websocket.send", "bytes": b"hello"},
    {"type": "websocket.disconnect", "code": 1000, "reason": ""},
]


def made(**fields: Any) -> Any:
    """Return the fields of an event, each made anew for everyone who reads it."""
    return {key: constant(value) for key, value in fields.items()}


@pytest.mark.property
@given(MESSAGES)
@with_example(
    Message("websocket.send", dict, {"type": constant("websocket.send"), "text": constant("\ud800")})
)
@with_example(
    Message("http.request", dict, {"type": constant("http.request"), "a": constant(1), "b": constant(2)})
)
def test_what_is_recognised_is_what_validation_would_return(message: Message) -> None:
    """Equal, and of the same types, whatever the mapping."""
    event = message()
    recognise = recogniser(EVENTS[message.type])

    if recognise is not None and event.get("type") == message.type and recognise(event):
        validated = wire_validator(EVENTS[message.type])(event)
        assert validated == event
        assert [*map(type, validated.values())] == [type(event[key]) for key in validated]


@pytest.mark.property
@given(MESSAGES)
def test_of_a_dictionary_nobody_has_to_ask_whether_it_is_one(message: Message) -> None:
    """So it is with the events that the library makes: both recognisers agree about them."""
    event = message()
    model = EVENTS[message.type]
    recognise, recognise_own = recogniser(model), recogniser(model, own=True)

    if isinstance(event, dict):
        assert (recognise and recognise(event)) == (recognise_own and recognise_own(event))


@pytest.mark.parametrize("event", USUAL, ids=lambda event: event["type"])
@pytest.mark.parametrize("own", [False, True])
def test_the_usual_events_are_recognised(event: dict[str, Any], own: bool) -> None:
    """Those that servers and this library make, whatever the text says."""
    recognise = recogniser(EVENTS[event["type"]], own=own)

    assert recognise is not None
    assert recognise(event) is True


@pytest.mark.parametrize(
    "event",
    [
        {"type": "websocket.receive", "text": "a", "x": 1},
        {"type": "websocket.receive", "text": None},
        {"type": "websocket.receive", "text": 1},
        {"type": "websocket.receive", "x": "a"},
        {"type": "websocket.send", "text": "\ud800"},
        {"type": "websocket.send", "bytes": bytearray(b"a")},
        {"type": "http.request", "body": b"", "more_body": 0},
        {"type": "http.request", "body": b""},
        {"type": "http.response.start", "status": 99, "headers": [], "trailers": False},
        {"type": "http.response.start", "status": 600, "headers": [], "trailers": False},
        {"type": "http.response.start", "status": True, "headers": [], "trailers": False},
        {"type": "http.response.start", "status": 200, "headers": (), "trailers": False},
        {"type": "http.response.start", "status": 200, "headers": [(b"X-A", b"")], "trailers": False},
        {"type": "http.response.start", "status": 200, "headers": [(b"a", b"\n")], "trailers": False},
        {"type": "http.response.start", "status": 200, "headers": [[b"a", b"b"]], "trailers": False},
        {"type": "http.response.start", "status": 200, "headers": [(b"a",)], "trailers": False},
        {"type": "http.response.start", "status": 200, "headers": [(b"a", "b")], "trailers": False},
        {"type": "websocket.accept", "headers": [(b"sec-websocket-protocol", b"chat")]},
    ],
    ids=str,
)
def test_what_has_to_be_changed_or_refused_is_not_recognised(event: dict[str, Any]) -> None:
    """It is validated, which makes it usual or says what is wrong with it."""
    recognise = recogniser(EVENTS[event["type"]])

    assert recognise is not None
    assert recognise(event) is False


def test_a_header_is_looked_at_once() -> None:
    """The same pair is known again, however many others there were meanwhile."""
    recognise = recogniser(EVENTS["websocket.accept"], own=True)
    assert recognise is not None
    constant = (b"x-constant", b"1")

    for number in range(3000):
        assert recognise({"type": "websocket.accept", "headers": [constant, (b"x-number", b"%d" % number)]})
    assert recognise({"type": "websocket.accept", "headers": [(b"x-long", b"x" * 5000)]})
    assert not recognise({"type": "websocket.accept", "headers": [constant, (b"x bad", b"")]})


def _shout(value: str) -> str:
    return value.upper()


class Shouted(AsgiEvent):
    """An event with a rule of its own for a field."""

    type: Literal["x.shouted"] = "x.shouted"
    text: Annotated[StrictStr, AfterValidator(_shout)]


def accept_all(_event: Mapping[str, Any]) -> str | None:
    """Find nothing wrong with an event."""
    return None


class Ruled(AsgiEvent):
    """An event with a rule about all of its fields."""

    rule = accept_all

    type: Literal["x.ruled"] = "x.ruled"


@pytest.mark.parametrize("model", [Shouted, Ruled])
def test_a_rule_of_which_nothing_is_known_leaves_its_model_without_a_recogniser(
    model: type[AsgiEvent],
) -> None:
    """Nothing is taken for normal that a rule would change."""
    assert recogniser(model) is None
