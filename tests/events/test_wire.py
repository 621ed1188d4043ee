"""Checking an event without a model is checking it with one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import pytest
from hypothesis import example as with_example
from hypothesis import given
from pydantic import ValidationError

from fast_channels.events import (
    EVENTS,
    AsgiEvent,
    HttpResponseStartEvent,
    ReceiveEvent,
    WebSocketAcceptEvent,
    WebSocketConnectEvent,
    WebSocketSendEvent,
)
from fast_channels.events.wire import Validator, model_validator, summary, wire_validator
from fast_channels.late import Lazy

from .examples import REQUIRED, example, read
from .mappings import MESSAGES, Message, constant

every_event = pytest.mark.parametrize("type_", EVENTS)


def _without_none(event: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if value is not None}


def _read(value: Any) -> Any:
    return list(value) if issubclass(type(value), Iterator) else value


def _comparable(event: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: _read(value) for key, value in event.items()}
    if "headers" in EVENTS[event["type"]].model_fields and "headers" in plain:
        # What came as a list of lists goes on as one; a model has tuples.
        plain["headers"] = [tuple(pair) for pair in plain["headers"]]
    return plain


def _types(event: Mapping[str, Any]) -> dict[str, type]:
    return {key: type(value) for key, value in event.items()}


def _accepts(validator: Validator, message: Mapping[Any, Any]) -> Mapping[str, Any] | None:
    try:
        return validator(message)
    except ValidationError:
        return None


@pytest.mark.property
@given(MESSAGES)
@with_example(Message("websocket.connect", dict, {"type": constant("websocket.connect"), 1: constant(1)}))
def test_the_two_validators_agree(message: Message) -> None:
    """Whatever the mapping, both accept it or both refuse it, and both say the same to the server."""
    model = EVENTS[message.type]

    event = _accepts(model_validator(model), message())
    wire = _accepts(wire_validator(model), message())

    assert (event is None) == (wire is None)
    if isinstance(event, AsgiEvent) and wire is not None:
        for_server, from_model = _without_none(wire), event.to_asgi()
        assert _types(for_server) == _types(from_model)
        assert _comparable(for_server) == _comparable(from_model)


@pytest.mark.property
@given(MESSAGES)
def test_checking_twice_changes_nothing(message: Message) -> None:
    """What has been normalised is normal."""
    validator = wire_validator(EVENTS[message.type])
    once = _accepts(validator, message())

    if once is not None:
        assert validator(once) == once
        assert validator(_without_none(once)) == _without_none(once)


@every_event
def test_unknown_keys_are_kept(type_: str) -> None:
    """Additional keys are never errors."""
    message = example(type_, x_extra=[None], x_none=None)

    checked = wire_validator(EVENTS[type_])(message)

    assert checked["x_extra"] == [None]
    assert checked["x_none"] is None


def test_headers_that_came_as_lists_go_on_as_lists() -> None:
    """A handler that was written for one server still finds what that server sends."""
    headers = [[b"A", b"1"], (b"b", b"2")]

    checked = wire_validator(EVENTS["websocket.accept"])(example("websocket.accept", headers=headers))

    assert checked["headers"] == [[b"a", b"1"], (b"b", b"2")]


@every_event
def test_the_result_is_a_new_plain_dictionary(type_: str) -> None:
    """Neither the caller's dictionary nor a model reaches the server."""
    message = example(type_)

    checked = wire_validator(EVENTS[type_])(message)

    assert type(checked) is dict
    assert checked is not message
    assert message == example(type_)


@every_event
def test_a_model_is_a_mapping_too(type_: str) -> None:
    """Both validators take the model of an event for the event."""
    event = read(type_)

    assert _without_none(wire_validator(EVENTS[type_])(event)) == event.to_asgi()
    assert model_validator(EVENTS[type_])(event) == event


@every_event
def test_the_model_validator_makes_models(type_: str) -> None:
    """A handler that asks for the model gets it."""
    assert model_validator(EVENTS[type_])(example(type_)) == EVENTS[type_](**REQUIRED.get(type_, {}))


@pytest.mark.parametrize("message", [None, 3, "websocket.connect", ["type"]], ids=repr)
def test_what_is_no_mapping_is_no_event(message: Any) -> None:
    """Only a mapping can be an event."""
    with pytest.raises(ValidationError):
        wire_validator(WebSocketConnectEvent)(message)


def test_lists_of_two_checks_do_not_share_a_default() -> None:
    """A server may add its headers to the list that it is given."""
    validator = wire_validator(EVENTS["websocket.accept"])

    first, second = (validator({"type": "websocket.accept"})["headers"] for _ in range(2))
    first.append((b"a", b"1"))

    assert second == []


def test_a_model_that_was_never_used_is_built() -> None:
    """Models are built late, and the first validator of one builds it."""

    class ChatEvent(ReceiveEvent):
        type: Literal["chat"] = "chat"
        text: str

    assert model_validator(ChatEvent)({"type": "chat", "text": "hi"}) == ChatEvent(text="hi")


def test_a_validator_is_built_when_its_first_event_comes() -> None:
    """Importing the package builds nothing."""
    built: list[type] = []

    def build(model: Any) -> Validator:
        built.append(model)
        return wire_validator(model)

    validators = Lazy({"websocket.send": WebSocketSendEvent}, build)
    assert built == []

    assert validators["websocket.send"] is validators["websocket.send"]
    assert built == [WebSocketSendEvent]


def test_other_types_have_no_validator() -> None:
    """A protocol knows its own events only."""
    with pytest.raises(KeyError):
        Lazy({}, wire_validator)["websocket.send"]


def test_however_many_header_names_there_are_all_are_accepted() -> None:
    """An application may make up its names; only some of them are remembered."""
    validator = wire_validator(EVENTS["http.response.start"])
    headers = [(b"x-%d" % number, b"1") for number in range(2000)]

    for _ in range(2):
        checked = validator(example("http.response.start", headers=headers))
        assert checked["headers"] == headers
        assert checked["headers"] is not headers


@pytest.mark.parametrize("name", [b"a b", b"", b"a:"])
def test_a_name_that_was_refused_is_refused_again(name: bytes) -> None:
    """What is remembered of a name is whether it is one."""
    validator = wire_validator(EVENTS["http.response.start"])

    for _ in range(2):
        with pytest.raises(ValidationError):
            validator(example("http.response.start", headers=[(name, b"1")]))


@pytest.mark.parametrize("pair", [(b"a", "1"), ("a", b"1"), (b"a",), (b"a", b"1", b"2"), 3], ids=repr)
def test_what_is_no_pair_of_bytes_is_no_header(pair: Any) -> None:
    """Neither text nor a number of values passes, whatever name went before."""
    validator = wire_validator(EVENTS["http.response.start"])
    validator(example("http.response.start", headers=[(b"a", b"1")]))

    with pytest.raises(ValidationError):
        validator(example("http.response.start", headers=[pair]))


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_of_another_kind_become_bytes(kind: Callable[[bytes], Any]) -> None:
    """Also those of a name that is remembered, which they are equal to."""
    validator = wire_validator(EVENTS["http.response.start"])
    validator(example("http.response.start", headers=[(b"a", b"1")]))

    checked = validator(example("http.response.start", headers=[(kind(b"a"), kind(b"1"))]))

    assert [(type(name), type(value)) for name, value in checked["headers"]] == [(bytes, bytes)]


def test_an_error_is_summed_up_in_one_line() -> None:
    """A missing field has nothing to show, a rule of the whole event has no path."""
    with pytest.raises(ValidationError) as missing:
        HttpResponseStartEvent.model_validate({"type": "http.response.start"})
    with pytest.raises(ValidationError) as nothing:
        WebSocketSendEvent()
    with pytest.raises(ValidationError) as nested:
        WebSocketAcceptEvent.model_validate({"headers": [("a", b"1")]})

    assert summary(missing.value) == "status: Field required"
    assert summary(nothing.value) == "a frame carries exactly one of text and bytes"
    assert summary(nested.value) == "headers.0.0: Input should be a valid bytes (got str)"
