"""Every rule of every field of every event."""

import copy
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from http import HTTPStatus
from operator import attrgetter
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fast_channels import events
from fast_channels.events import (
    EVENTS,
    AsgiEvent,
    HttpRequestEvent,
    HttpResponseDebugEvent,
    HttpResponseStartEvent,
    ReceiveEvent,
    SendEvent,
    WebSocketAcceptEvent,
    WebSocketConnectEvent,
    WebSocketReceiveEvent,
    WebSocketSendEvent,
)

from .examples import REQUIRED, example, read

every_event = pytest.mark.parametrize("type_", EVENTS)


class Code(IntEnum):
    """How some servers keep close codes."""

    NORMAL = 1000


class Descriptor:
    """Something with a descriptor."""

    def fileno(self) -> int:
        """Return a descriptor."""
        return 7


class Fake:
    """Something that looks like a file."""

    fileno = 7


DESCRIPTOR = Descriptor()


def pairs() -> Iterator[tuple[bytes, bytes]]:
    """Yield headers once."""
    yield b"a", b"1"
    yield b"b", b"2"


def pickled(event: AsgiEvent) -> Any:
    """Return an event that went through another process."""
    return pickle.loads(pickle.dumps(event))


# --------------------------------------------------------------------------- what all events have in common


@every_event
def test_an_event_is_named_after_its_type(type_: str) -> None:
    """Who knows the specification knows the name of the class."""
    words = type_.replace("_", "").split(".")

    assert EVENTS[type_].__name__.lower() == "".join(words) + "event"


@every_event
def test_the_module_exports_every_event(type_: str) -> None:
    """Every model can be imported from the room."""
    name = EVENTS[type_].__name__

    assert name in events.__all__
    assert getattr(events, name) is EVENTS[type_]


@every_event
def test_an_event_needs_only_what_the_specification_requires(type_: str) -> None:
    """Everything else has its default."""
    event = EVENTS[type_](**REQUIRED.get(type_, {}))

    assert event["type"] == type_


@pytest.mark.parametrize(
    ("type_", "field"), [(type_, field) for type_, of in REQUIRED.items() for field in of]
)
def test_a_required_field_cannot_be_left_out(type_: str, field: str) -> None:
    """No event is sent without what its server needs."""
    incomplete = example(type_)
    del incomplete[field]

    with pytest.raises(ValidationError):
        EVENTS[type_].model_validate(incomplete)


@every_event
def test_no_other_type_is_accepted(type_: str) -> None:
    """A model reads its own events only."""
    with pytest.raises(ValidationError):
        EVENTS[type_].model_validate({**example(type_), "type": "other"})


@every_event
def test_keys_that_no_specification_names_are_kept(type_: str) -> None:
    """Additional keys are never errors, in either direction."""
    event = read(type_, x_extra=[1])

    assert event["x_extra"] == [1]
    assert event.to_asgi()["x_extra"] == [1]


@every_event
def test_an_event_is_frozen(type_: str) -> None:
    """What has been checked stays what it is."""
    event = read(type_)

    with pytest.raises(ValidationError):
        event.type = "other"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]  # wrong on purpose: it has to be refused at run time too


@pytest.mark.parametrize(
    ("union", "kind", "prefix"),
    [
        (events.HttpReceive, ReceiveEvent, "http."),
        (events.HttpSend, SendEvent, "http."),
        (events.WebSocketReceive, ReceiveEvent, "websocket."),
        (events.WebSocketSend, SendEvent, "websocket."),
        (events.LifespanReceive, ReceiveEvent, "lifespan."),
        (events.LifespanSend, SendEvent, "lifespan."),
    ],
)
def test_the_unions_hold_every_event_of_their_protocol(union: Any, kind: type, prefix: str) -> None:
    """A handler that takes the union of a protocol and a direction can be given each of them."""
    expected = {
        model for type_, model in EVENTS.items() if type_.startswith(prefix) and issubclass(model, kind)
    }

    assert set(get_args(union)) == expected


def test_the_events_cannot_be_changed() -> None:
    """The vocabulary is that of the specification."""
    with pytest.raises(TypeError):
        EVENTS["http.nonsense"] = HttpRequestEvent  # type: ignore[index]  # pyright: ignore[reportIndexIssue]  # wrong on purpose: it has to be refused at run time too


# ------------------------------------------------------------------------------------------ values of fields

BODIES = ("http.request", "http.response.body", "websocket.http.response.body")
FRAMES = ("websocket.receive", "websocket.send")
WITH_HEADERS = (
    "http.response.start",
    "http.response.trailers",
    "http.response.push",
    "websocket.accept",
    "websocket.http.response.start",
)
WITH_STATUS = ("http.response.start", "websocket.http.response.start")
FLAGS = (
    ("http.request", "more_body"),
    ("http.response.start", "trailers"),
    ("http.response.body", "more_body"),
    ("http.response.trailers", "more_trailers"),
    ("http.response.zerocopysend", "more_body"),
    ("websocket.http.response.body", "more_body"),
)
FAILURES = ("lifespan.startup.failed", "lifespan.shutdown.failed")

ACCEPTED: list[tuple[str, str, Any, Any]] = [
    *(
        (type_, "body", value, b"ab")
        for type_ in BODIES
        for value in (b"ab", bytearray(b"ab"), memoryview(b"ab"))
    ),
    *((type_, name, value, value) for type_, name in FLAGS for value in (True, False)),
    *(
        (type_, "status", value, int(value))
        for type_ in WITH_STATUS
        for value in (100, 599, HTTPStatus.CREATED)
    ),
    *((type_, "message", value, value) for type_ in FAILURES for value in ("", "no database", "Größe")),
    ("http.response.push", "path", "/größe", "/größe"),
    ("http.response.zerocopysend", "file", 0, 0),
    ("http.response.zerocopysend", "file", DESCRIPTOR, DESCRIPTOR),
    *(
        ("http.response.zerocopysend", name, value, value)
        for name in ("offset", "count")
        for value in (None, 0, 2**40)
    ),
    *(("http.response.pathsend", "path", value, value) for value in ("/a/b", r"C:\a\b", r"\\host\share\a")),
    ("http.response.early_hint", "links", [b"</a>", bytearray(b"</b>")], (b"</a>", b"</b>")),
    ("http.response.early_hint", "links", iter([b"</a>"]), (b"</a>",)),
    ("http.response.debug", "info", {"template": DESCRIPTOR}, {"template": DESCRIPTOR}),
    ("websocket.accept", "subprotocol", None, None),
    ("websocket.accept", "subprotocol", "chat", "chat"),
    *(("websocket.close", "code", value, value) for value in (1000, 999, 0, -1, 70000)),
    *(("websocket.close", "reason", value, value or "") for value in (None, "", "bye", "x" * 500)),
    *(("websocket.disconnect", "code", value, value) for value in (1000, 999, 0, 70000)),
    ("websocket.disconnect", "code", None, 1005),
    *(("websocket.disconnect", "reason", value, value or "") for value in (None, "", "bye")),
]

REFUSED: list[tuple[str, str, Any]] = [
    *((type_, "body", value) for type_ in BODIES for value in (None, "ab", 1, [97])),
    *((type_, name, value) for type_, name in FLAGS for value in (None, 0, 1, "true", "")),
    *(
        (type_, "status", value)
        for type_ in WITH_STATUS
        for value in (None, 99, 600, 1000, -200, True, "200", 200.0, b"200")
    ),
    *((type_, "message", value) for type_ in FAILURES for value in (None, b"no", 1, "\ud800")),
    *(("http.response.push", "path", value) for value in (None, b"/", "\ud800")),
    *(("http.response.zerocopysend", "file", value) for value in (None, True, "/a", 1.0, Fake())),
    *(
        ("http.response.zerocopysend", name, value)
        for name in ("offset", "count")
        for value in (-1, True, 1.0, "1")
    ),
    *(("http.response.pathsend", "path", value) for value in (None, "", "a/b", "./a", b"/a")),
    *(
        ("http.response.early_hint", "links", value)
        for value in (None, b"</a>", "</a>", ["</a>"], {b"</a>": 1}, 3)
    ),
    ("http.response.debug", "info", None),
    ("http.response.debug", "info", ["x"]),
    ("http.response.debug", "info", {1: 2}),
    ("http.response.debug", "info", "x"),
    *(("websocket.accept", "subprotocol", value) for value in ("", b"chat", 1, ["chat"])),
    *(("websocket.close", "code", value) for value in (None, True, 1000.0, "1000", b"1000")),
    *(("websocket.close", "reason", value) for value in (b"bye", 3, ["bye"], "\udfff")),
    *(("websocket.disconnect", "code", value) for value in (True, 1000.0, "1000")),
    *(("websocket.disconnect", "reason", value) for value in (b"bye", 3)),
]


@pytest.mark.parametrize(("type_", "field", "given", "expected"), ACCEPTED)
def test_a_right_value_is_accepted_and_normalised(type_: str, field: str, given: Any, expected: Any) -> None:
    """What comes out has exactly the type that the specification names."""
    value = read(type_, **{field: given})[field]

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(("type_", "field", "value"), REFUSED)
def test_a_wrong_value_is_refused(type_: str, field: str, value: Any) -> None:
    """No type is converted into another, and nothing is cut to fit."""
    with pytest.raises(ValidationError) as refusal:
        read(type_, **{field: value})

    assert {error["loc"][0] for error in refusal.value.errors()} == {field}


def test_a_relative_path_is_called_what_it_is() -> None:
    """The message names the mistake."""
    with pytest.raises(ValidationError, match="the path is not absolute"):
        read("http.response.pathsend", path="page.html")


@given(st.integers())
def test_a_status_is_one_of_http(status: int) -> None:
    """HTTP knows 100 to 599 and nothing else."""
    try:
        HttpResponseStartEvent(status=status)
    except ValidationError:
        accepted = False
    else:
        accepted = True

    assert accepted == (100 <= status <= 599)


@pytest.mark.parametrize("type_", ["websocket.close", "websocket.disconnect"])
def test_a_close_code_becomes_a_plain_number(type_: str) -> None:
    """Servers and applications pass members of enumerations, which would be written as such."""
    value = read(type_, code=Code.NORMAL)["code"]

    assert value == 1000
    assert type(value) is int


@pytest.mark.parametrize(
    ("type_", "field", "default"),
    [
        ("http.request", "body", b""),
        ("http.request", "more_body", False),
        ("http.response.start", "headers", ()),
        ("http.response.start", "trailers", False),
        ("http.response.zerocopysend", "offset", None),
        ("websocket.disconnect", "code", 1005),
        ("websocket.disconnect", "reason", ""),
        ("websocket.close", "code", 1000),
        ("websocket.close", "reason", ""),
        ("lifespan.startup.failed", "message", ""),
    ],
)
def test_what_is_left_out_has_the_default_of_the_specification(type_: str, field: str, default: Any) -> None:
    """A reader never asks whether a key is there."""
    assert read(type_)[field] == default


# --------------------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize("type_", WITH_HEADERS)
@pytest.mark.parametrize(
    "headers",
    [
        lambda: [(b"a", b"1"), (b"b", b"2")],
        lambda: ((b"a", b"1"), (b"b", b"2")),
        lambda: [[b"a", b"1"], [b"b", b"2"]],
        {b"a": b"1", b"b": b"2"}.items,
        pairs,
        lambda: [iter(pair) for pair in pairs()],
        lambda: [(bytearray(b"a"), memoryview(b"1")), (memoryview(b"b"), bytearray(b"2"))],
        lambda: [(b"A", b"1"), (b"B", b"2")],
    ],
    ids=["list", "tuple", "lists", "items", "generator", "iterators", "buffers", "upper-case"],
)
def test_headers_are_any_iterable_of_pairs(type_: str, headers: Callable[[], Iterable[Any]]) -> None:
    """Whatever an application passes is read once; names come out in lower case."""
    event = read(type_, headers=headers())

    assert event["headers"] == ((b"a", b"1"), (b"b", b"2"))
    assert event.to_asgi()["headers"] == [(b"a", b"1"), (b"b", b"2")]


@pytest.mark.parametrize("type_", WITH_HEADERS)
@pytest.mark.parametrize(
    "headers",
    [
        None,
        3,
        "ab",
        b"ab",
        {b"a": b"1"},
        [None],
        ["ab"],
        [b"ab"],
        [{b"a": 1, b"b": 2}],
        [(b"a",)],
        [(b"a", b"1", b"2")],
        [("a", b"1")],
        [(b"a", "1")],
        [(b"a", None)],
        [(b"a", 1)],
    ],
    ids=repr,
)
def test_what_is_no_headers_is_refused(type_: str, headers: Any) -> None:
    """Two bytes are not a header, and a mapping would be read as its names."""
    with pytest.raises(ValidationError):
        read(type_, headers=headers)


@pytest.mark.parametrize("type_", WITH_HEADERS)
@pytest.mark.parametrize(
    "name", [b"", b":status", b"a b", b"a:", b" a", b"a\t", b"a\r\n", b"a\n", b"a\0"], ids=repr
)
def test_a_bad_header_name_is_refused(type_: str, name: bytes) -> None:
    """A name that a peer would read as something else never leaves."""
    with pytest.raises(ValidationError, match="is not a header name"):
        read(type_, headers=[(name, b"1")])


@pytest.mark.parametrize("type_", WITH_HEADERS)
@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\r", b"\n", b"a\0b"], ids=repr)
def test_a_header_cannot_smuggle_another(type_: str, value: bytes) -> None:
    """CR, LF and NUL end a header, so no value contains one."""
    with pytest.raises(ValidationError, match="CR, LF or NUL"):
        read(type_, headers=[(b"x-a", value)])


@given(st.lists(st.tuples(st.sampled_from([b"A", b"b", b"X-Name"]), st.binary(max_size=4))))
def test_headers_keep_their_order_and_their_duplicates(headers: list[tuple[bytes, bytes]]) -> None:
    """Lower-casing the names is all that happens to headers that are legal."""
    legal = [(name, value) for name, value in headers if not {*value} & {*b"\r\n\0"}]

    event = HttpResponseStartEvent(status=200, headers=tuple(legal))

    assert event.headers == tuple((name.lower(), value) for name, value in legal)


@pytest.mark.parametrize("name", [b"sec-websocket-protocol", b"Sec-WebSocket-Protocol"])
def test_the_subprotocol_is_no_header_of_accept(name: bytes) -> None:
    """The subprotocol has a field of its own."""
    with pytest.raises(ValidationError, match="field subprotocol"):
        WebSocketAcceptEvent(headers=((name, b"chat"),))


# ---------------------------------------------------------------------------------------------------- frames


@pytest.mark.parametrize("type_", FRAMES)
@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"text": "a"}, {"text": "a"}),
        ({"bytes": b"a"}, {"bytes": b"a"}),
        ({"bytes": bytearray(b"a")}, {"bytes": b"a"}),
        pytest.param({"bytes": memoryview(b"a")}, {"bytes": b"a"}, id="memoryview"),
        ({"text": ""}, {"text": ""}),
        ({"bytes": b""}, {"bytes": b""}),
        ({"text": "a", "bytes": None}, {"text": "a"}),
        ({"text": None, "bytes": b""}, {"bytes": b""}),
    ],
    ids=repr,
)
def test_a_frame_is_text_or_bytes(type_: str, fields: dict[str, Any], kept: dict[str, Any]) -> None:
    """Empty frames are frames, and a key with None is no payload."""
    event = EVENTS[type_].model_validate({"type": type_, **fields})

    assert event.to_asgi() == {"type": type_, **kept}


@pytest.mark.parametrize("type_", FRAMES)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"text": None},
        {"text": None, "bytes": None},
        {"text": "a", "bytes": b"a"},
        {"text": "", "bytes": b""},
    ],
    ids=repr,
)
def test_a_frame_is_not_both_and_not_neither(type_: str, fields: dict[str, Any]) -> None:
    """Exactly one payload: servers disagree on which of two they would send."""
    with pytest.raises(ValidationError, match="exactly one of text and bytes"):
        EVENTS[type_].model_validate({"type": type_, **fields})


@pytest.mark.parametrize("type_", FRAMES)
@pytest.mark.parametrize(
    "fields", [{"text": b"a"}, {"text": 1}, {"bytes": "a"}, {"bytes": 1}, {"bytes": [1]}], ids=repr
)
def test_text_and_bytes_are_never_confused(type_: str, fields: dict[str, Any]) -> None:
    """Text is `str` and binary data is `bytes`."""
    with pytest.raises(ValidationError):
        EVENTS[type_].model_validate({"type": type_, **fields})


@every_event
def test_only_frames_have_a_rule_that_no_field_can_say(type_: str) -> None:
    """What is wrong with another event is wrong with one of its fields."""
    broken = EVENTS[type_].rule({"type": type_}) is not None

    assert broken == (type_ in FRAMES)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_a_lone_surrogate_is_not_sent(text: str) -> None:
    """It has no UTF-8 form, so no server could send it."""
    with pytest.raises(ValidationError, match="surrogates not allowed"):
        WebSocketSendEvent(text=text)


@given(st.text())
def test_any_text_can_be_sent_and_received(text: str) -> None:
    """Unicode text passes unchanged."""
    assert WebSocketSendEvent(text=text).text == WebSocketReceiveEvent(text=text).text == text


# ------------------------------------------------------------------------------------ an event is a mapping


@pytest.fixture
def frame() -> WebSocketReceiveEvent:
    """Return a frame with a key that no specification names."""
    return WebSocketReceiveEvent.model_validate({"type": "websocket.receive", "text": "hi", "x_trace": 7})


def test_a_field_is_an_attribute_and_an_item(frame: WebSocketReceiveEvent) -> None:
    """Code that was written for dictionaries goes on working."""
    assert frame.text == frame["text"] == frame.get("text") == "hi"


def test_an_additional_key_is_an_attribute_and_an_item(frame: WebSocketReceiveEvent) -> None:
    """What a server adds can be read the same way."""
    assert attrgetter("x_trace")(frame) == frame["x_trace"] == frame.get("x_trace") == 7


def test_a_missing_key_is_missing(frame: WebSocketReceiveEvent) -> None:
    """As in a dictionary: an error for [], a default for get, and not in it."""
    assert frame.get("nothing", "default") == "default"
    assert "nothing" not in frame
    with pytest.raises(KeyError, match="nothing"):
        frame["nothing"]


def test_a_method_is_no_item(frame: WebSocketReceiveEvent) -> None:
    """Only keys of the event are keys."""
    assert "to_asgi" not in frame
    assert frame.get("model_config") is None


def test_an_event_iterates_over_its_keys(frame: WebSocketReceiveEvent) -> None:
    """Fields first, in the order of the specification, then the additional keys."""
    assert list(frame) == list(frame.keys()) == ["type", "bytes", "text", "x_trace"]
    assert len(frame) == 4
    assert list(frame.values()) == ["websocket.receive", None, "hi", 7]


def test_an_event_can_be_unpacked(frame: WebSocketReceiveEvent) -> None:
    """`{**event}` is the dictionary that ASGI calls it."""
    assert (
        {**frame}
        == dict(frame.items())
        == {
            "type": "websocket.receive",
            "bytes": None,
            "text": "hi",
            "x_trace": 7,
        }
    )


def test_an_event_matches_the_pattern_of_a_mapping(frame: Mapping[str, Any]) -> None:
    """`match` reads it as the dictionary that ASGI calls it."""
    match frame:
        case {"type": "websocket.receive", "text": str(text)}:
            assert text == "hi"
        case _:
            pytest.fail("it is a mapping")


def test_an_event_matches_the_pattern_of_its_class(frame: ReceiveEvent) -> None:
    """`match` tells the events of a union apart by their classes."""
    match frame:
        case WebSocketReceiveEvent(text=text):
            assert text == "hi"
        case _:
            pytest.fail("it is of its class")


def test_equal_events_are_equal(frame: WebSocketReceiveEvent) -> None:
    """Equality looks at the class, at the fields and at the additional keys."""
    same = WebSocketReceiveEvent.model_validate({**frame})

    assert frame == same
    assert hash(frame) == hash(same)
    assert frame != WebSocketReceiveEvent(text="hi")
    assert WebSocketReceiveEvent(text="hi") != WebSocketSendEvent(text="hi")


@every_event
def test_equal_events_have_one_hash(type_: str) -> None:
    """Frozen things have a hash, unless they hold what has none."""
    event = read(type_)

    if type_ == "http.response.debug":
        with pytest.raises(TypeError):
            hash(event)
    else:
        assert hash(event) == hash(read(type_))


@every_event
@pytest.mark.parametrize(
    "duplicate",
    [pickled, copy.copy, copy.deepcopy, AsgiEvent.model_copy],
    ids=["pickle", "copy", "deepcopy", "model_copy"],
)
def test_an_event_can_be_copied(type_: str, duplicate: Callable[[AsgiEvent], AsgiEvent]) -> None:
    """A copy is equal and has the same keys."""
    event = read(type_, x_extra=1)

    copied = duplicate(event)

    assert copied == event
    assert {**copied} == {**event}


def test_an_event_is_read_from_another_mapping() -> None:
    """A model is made from a model as from a dictionary."""
    assert WebSocketConnectEvent.model_validate({**WebSocketConnectEvent()}) == WebSocketConnectEvent()
    assert isinstance(WebSocketConnectEvent(), Mapping)


# ------------------------------------------------------------------------------------------ for the server


def test_the_server_gets_the_defaults_but_no_none() -> None:
    """Some servers need every key with a default, and some take None for a value."""
    assert WebSocketAcceptEvent().to_asgi() == {"type": "websocket.accept", "headers": []}
    assert HttpResponseStartEvent(status=200).to_asgi() == {
        "type": "http.response.start",
        "status": 200,
        "headers": [],
        "trailers": False,
    }


def test_the_server_gets_objects_as_they_are() -> None:
    """Only the event is made a dictionary; what an application passes through it is not looked at."""
    info = {"file": DESCRIPTOR, "nothing": None}

    assert HttpResponseDebugEvent(info=info).to_asgi() == {"type": "http.response.debug", "info": info}


def test_the_package_tells_what_is_in_it() -> None:
    """Although it loads its models at their first use."""
    assert {"EVENTS", "HttpRequestEvent", "WebSocketSendEvent"} <= {*dir(events)}


def test_a_model_gives_its_headers_to_pydantic_as_a_list() -> None:
    """As servers and existing code expect them."""
    event = events.HttpResponseStartEvent(status=200, headers=((b"a", b"b"),))
    assert event.model_dump()["headers"] == [(b"a", b"b")]
