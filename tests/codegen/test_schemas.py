"""The schemas of ASGI accept what the models accept, wherever JSON Schema can say it."""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fast_channels.codegen.schemas import jsonable
from fast_channels.events import (
    EVENTS,
    AsgiEvent,
    AsgiModel,
    HttpScope,
    LifespanScope,
    ReceiveEvent,
    SendEvent,
    WebSocketScope,
    WebSocketSendEvent,
)
from fast_channels.events.wire import wire_validator
from fast_channels.exceptions import LocalProtocolError
from fast_channels.protocol import CONNECTIONS, WebSocketConnection
from fast_channels.protocol.states import OPEN
from tests.events.examples import example
from tests.protocol.trace_data import TRACES, Trace

from .bundles import BUNDLES, PARTS, Schema
from .strict import complaints

SCOPES: Mapping[str, type[AsgiModel]] = {
    "http": HttpScope,
    "websocket": WebSocketScope,
    "lifespan": LifespanScope,
}
DIRECTIONS: Mapping[str, type[AsgiModel]] = {"receive": ReceiveEvent, "send": SendEvent}

INTEGRAL = "a number without a fraction is an integer in JSON Schema, however it is written"
TEXT = "JSON has no bytes; what they are in JSON is a text like any other"

EXCEPTIONS: Mapping[str, str] = {
    "v-http-status-float": INTEGRAL,
    "v-ws-close-code-float": INTEGRAL,
    "v-ws-accept-bytes-subprotocol": TEXT,
    "v-ws-close-reason-bytes": TEXT,
    "v-ws-send-bytes-in-text": TEXT,
    "v-ws-send-surrogate": "patterns with surrogates are no regular expressions to many languages",
}
"""The cases that the models refuse and the schemas accept, and why."""

every_trace = pytest.mark.parametrize("trace", TRACES, ids=[trace.name for trace in TRACES])
every_protocol = pytest.mark.parametrize("protocol", BUNDLES)
every_event = pytest.mark.parametrize("type_", EVENTS)


def protocol_of(type_: str) -> str:
    """Return the protocol of an event."""
    return type_.partition(".")[0]


def direction_of(type_: str) -> str:
    """Return the part of a schema in which an event is."""
    return next(name for name, kind in DIRECTIONS.items() if issubclass(EVENTS[type_], kind))


@cache
def models_of(protocol: str, direction: str) -> Mapping[str, type[AsgiEvent]]:
    """Return the models of one part of a schema, by the type of their events."""
    connection = CONNECTIONS[protocol]
    return {
        model.model_fields["type"].default: model
        for table in filter(None, (connection.table, connection.requests))
        for model in table.events
        if issubclass(model, DIRECTIONS[direction])
    }


def fits_model(protocol: str, direction: str, event: Any) -> bool:
    """Tell whether a protocol has such an event, and its model accepts it, or an open WebSocket."""
    try:
        wire_validator(models_of(protocol, direction)[event["type"]])(event)
    except (ValidationError, KeyError, TypeError):
        return False
    return event["type"] != "websocket.close" or may_close(event)


def may_close(event: Mapping[str, Any]) -> bool:
    """Tell whether an open WebSocket may be closed like this."""
    connection = WebSocketConnection({"type": "websocket"})
    connection.state = OPEN
    try:
        connection.send(event)
    except LocalProtocolError:
        return False
    return True


def fits_scope_model(protocol: str, scope: Mapping[str, Any]) -> bool:
    """Tell whether the model of a scope accepts it, its TLS extension included."""
    try:
        read = SCOPES[protocol].model_validate(scope)
        getattr(read, "tls", None)
    except ValidationError:
        return False
    return True


# --------------------------------------------------------------------------- how the bundles are made


@every_protocol
def test_a_bundle_is_a_json_schema(protocol: str) -> None:
    """It fits the meta-schema, and has the name of its file."""
    bundle = BUNDLES[protocol]

    assert Schema(bundle).errors({"type": "mystery"})
    assert bundle["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert bundle["$id"] == f"urn:fast-channels:asgi:{protocol}.json"


@every_event
def test_an_event_has_a_place(type_: str) -> None:
    """It is in the bundle of its protocol, in the part of its direction, and in no other."""
    event = jsonable(example(type_))

    found = [place for place, schema in PARTS.items() if schema.accepts(event)]

    assert found == [(protocol_of(type_), direction_of(type_))]
    assert Schema(BUNDLES[protocol_of(type_)]).accepts(event)


@every_event
def test_an_event_is_told_apart_by_its_type(type_: str) -> None:
    """The type is required, although its model has a default for it."""
    definitions = BUNDLES[protocol_of(type_)]["$defs"]
    definition = definitions[EVENTS[type_].__name__]
    forms = [definitions[form["$ref"].rpartition("/")[2]] for form in definition.get("oneOf", ())]

    for form in forms or [definition]:
        assert "type" in form["required"]
        assert form["properties"]["type"]["const"] == type_


@pytest.mark.parametrize("event", ["WebSocketReceive", "WebSocketSend"])
def test_each_form_of_a_frame_has_a_name(event: str) -> None:
    """So that tools which make a class of every definition need not number them."""
    definitions = BUNDLES["websocket"]["$defs"]

    assert definitions[f"{event}Event"]["oneOf"] == [
        {"$ref": f"#/$defs/{event}Bytes"},
        {"$ref": f"#/$defs/{event}Text"},
    ]
    for form in ("Bytes", "Text"):
        assert definitions[f"{event}{form}"]["title"] == f"{event}{form}"


@every_protocol
def test_a_strict_validator_accepts_the_schema(protocol: str) -> None:
    """It has no keyword and no format that not every validator knows, and no limit without its type."""
    assert complaints(BUNDLES[protocol]) == []


@every_event
def test_an_event_is_described_by_its_docstring(type_: str) -> None:
    """With the extension that it needs."""
    model = EVENTS[type_]
    description: str = BUNDLES[protocol_of(type_)]["$defs"][model.__name__]["description"]

    assert description.startswith((model.__doc__ or "").partition("\n")[0])
    assert (f"the extension {model.extension}." in description) == (model.extension is not None)


@every_protocol
def test_every_definition_is_used(protocol: str) -> None:
    """And what is referred to is there."""
    text = json.dumps(BUNDLES[protocol])
    used = {*re.findall(r'"\$ref": "#/\$defs/(\w+)"', text)}

    assert used == {*BUNDLES[protocol]["$defs"]}
    assert text.count('"$ref"') == len(re.findall(r'"\$ref": "#/\$defs/\w+"', text))


@every_protocol
def test_no_pattern_looks_ahead(protocol: str) -> None:
    """So that it is a regular expression in every language."""
    for pattern in re.findall(r'"pattern": "([^"]*)"', json.dumps(BUNDLES[protocol])):
        assert "(?" not in pattern.replace("(?:", "")


# --------------------------------------------------------------------------- what was recorded


@every_trace
def test_every_recorded_scope_fits(trace: Trace) -> None:
    """Whatever a server wrote."""
    assert PARTS[trace.scope["type"], "scope"].errors(jsonable(trace.scope)) == []


@every_trace
def test_a_recorded_event_fits_if_its_model_accepts_it(trace: Trace) -> None:
    """And only then, but for the table of exceptions."""
    protocol = trace.scope["type"]
    for step in trace.steps:
        accepted = fits_model(protocol, step.direction, step.event)
        fits = PARTS[protocol, step.direction].accepts(jsonable(step.event))

        assert fits == accepted or (fits and trace.case in EXCEPTIONS)


@pytest.mark.parametrize("case", EXCEPTIONS)
def test_every_exception_is_one(case: str) -> None:
    """The table names no case on which models and schemas agree."""
    steps = [(trace.scope["type"], step) for trace in TRACES if trace.case == case for step in trace.steps]

    assert any(
        not fits_model(protocol, step.direction, step.event)
        and PARTS[protocol, step.direction].accepts(jsonable(step.event))
        for protocol, step in steps
    )


def test_a_reason_is_measured_in_characters() -> None:
    """RFC 6455 counts bytes, and JSON Schema cannot: so only reasons in ASCII are measured exactly."""
    event = example("websocket.close", reason="é" * 123)

    assert not may_close(event)
    assert PARTS["websocket", "send"].accepts(event)


# --------------------------------------------------------------------------- what is generated


class Missing:
    """Stands for a field that is left out."""


MISSING = Missing()


def encoded(value: bytes) -> str:
    """Return bytes as JSON has them."""
    return base64.b64encode(value).decode()


# Words near the border of some rule: of the names and values of headers, of subprotocols and of paths.
WORDS = [
    b"",
    b"a",
    b"A",
    b"a:",
    b":a",
    b"a b",
    b"ab\t",
    b"\0a",
    b"a\r\nb",
    b"abc\n",
    b"Sec-WebSocket-Protocol",
    b"sec-websocket-protocol",
    b"sec-websocket-protocols",
    b"\xff\xfe",
]
BYTES = st.builds(encoded, st.sampled_from(WORDS) | st.binary(max_size=8))
PATHS = ["*", "/a", "a/b", "C:\\a", "c:/a", "1:/a", "\\\\host", "\\a", "\n/a"]
LENGTHS = st.sampled_from([122, 123, 124]).map("x".__mul__)
# Of others at most 120 bytes of UTF-8, because what is longer may be an exception.
TEXTS = st.sampled_from(["", "a", "a*b=", *PATHS]) | LENGTHS | st.text(max_size=30)
CODES = st.sampled_from([999, 1000, 1003, 1004, 1006, 1007, 1014, 1015, 2999, 3000, 4999, 5000])
LIMITS = st.sampled_from([-1, 0, 1, 99, 100, 599, 600, 65535, 65536])
NUMBERS = CODES | LIMITS | st.integers(990, 5010)
PAIRS = st.lists(BYTES, min_size=2, max_size=2) | st.lists(BYTES | TEXTS | NUMBERS, max_size=3)
SCALARS = st.none() | st.booleans() | NUMBERS | st.just(1.5) | TEXTS | BYTES
ENDPOINTS = st.lists(TEXTS | NUMBERS | st.none() | st.booleans(), max_size=3)
ANYTHING = SCALARS | st.lists(SCALARS | PAIRS, max_size=3) | st.dictionaries(TEXTS, SCALARS, max_size=2)
TLS = st.fixed_dictionaries(
    {},
    optional={
        "server_cert": ANYTHING,
        "client_cert_chain": st.lists(TEXTS, max_size=2) | ANYTHING,
        "client_cert_name": ANYTHING,
        "client_cert_error": ANYTHING,
        "tls_version": NUMBERS | ANYTHING,
        "cipher_suite": NUMBERS | ANYTHING,
    },
)

LIKELY: Mapping[str, st.SearchStrategy[Any]] = {
    "asgi": st.dictionaries(st.sampled_from(["version", "spec_version"]), TEXTS | NUMBERS),
    "body": BYTES,
    "bytes": BYTES,
    "client": ENDPOINTS,
    "code": NUMBERS,
    "count": NUMBERS,
    "extensions": st.dictionaries(st.just("tls"), TLS | ANYTHING) | st.dictionaries(TEXTS, ANYTHING),
    "file": NUMBERS,
    "headers": st.lists(PAIRS, max_size=3),
    "info": st.dictionaries(TEXTS, ANYTHING, max_size=2),
    "links": st.lists(BYTES, max_size=2),
    "more_body": st.booleans(),
    "offset": NUMBERS,
    "path": TEXTS,
    "query_string": BYTES,
    "raw_path": BYTES,
    "reason": TEXTS,
    "server": ENDPOINTS,
    "state": st.dictionaries(TEXTS, ANYTHING, max_size=2),
    "status": NUMBERS,
    "subprotocols": st.lists(TEXTS, max_size=2),
}
"""Of what a field is likely to be made, by its name; otherwise of a text."""


@st.composite
def near(draw: st.DrawFn, model: type[AsgiModel], valid: Mapping[str, Any]) -> dict[str, Any]:
    """Return something valid with some fields that may not be."""
    event = {**jsonable(valid)}
    names = [*({*model.model_fields} - {"type"}), "unknown"]
    for name in draw(st.lists(st.sampled_from(sorted(names)), max_size=3, unique=True)):
        value = draw(st.just(MISSING) | ANYTHING | LIKELY.get(name, TEXTS) | LIKELY.get(name, TEXTS))
        event[name] = value
    return {name: value for name, value in event.items() if value is not MISSING}


def as_bytes(value: Any) -> Any:
    """Return the bytes that something is in JSON, and anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True) if value.isascii() else value
    except binascii.Error:
        return value


def all_as_bytes(value: Any) -> Any:
    """Return the same for every part of an array."""
    return [all_as_bytes(part) for part in value] if hasattr(value, "append") else as_bytes(value)


def from_json(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event as it is in Python, according to the names of its fields."""
    named = {"body", "bytes", "headers", "links", "query_string", "raw_path"}
    return {name: all_as_bytes(value) if name in named else value for name, value in event.items()}


EXAMPLE_SCOPES: Mapping[str, Mapping[str, Any]] = {
    "http": {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"a")],
    },
    "websocket": {"type": "websocket", "path": "/", "headers": []},
    "lifespan": {"type": "lifespan"},
}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    "type_",
    ["http.response.start", "http.response.push", "websocket.accept", "websocket.http.response.start"],
)
def test_the_schema_accepts_headers_exactly_if_the_model_does(type_: str, word: bytes) -> None:
    """Names and values have rules, which are said of their base64."""
    place = protocol_of(type_), direction_of(type_)
    for header in ((word, b"a"), (b"a", word)):
        event = example(type_, headers=[(b"b", b"c"), header])

        assert PARTS[place].accepts(jsonable(event)) == fits_model(*place, event)


@pytest.mark.property
@pytest.mark.parametrize("direction", DIRECTIONS)
@every_protocol
@given(data=st.data())
def test_the_schema_accepts_an_event_exactly_if_the_model_does(
    protocol: str, direction: str, data: st.DataObject
) -> None:
    """For events that are valid, or nearly so."""
    place = protocol, direction
    type_ = data.draw(st.sampled_from(sorted(models_of(*place))))
    event = data.draw(near(EVENTS[type_], example(type_)))

    assert PARTS[place].accepts(event) == fits_model(*place, from_json(event))


@pytest.mark.property
@every_protocol
@given(data=st.data())
def test_the_schema_accepts_a_scope_exactly_if_the_model_does(protocol: str, data: st.DataObject) -> None:
    """For scopes that are valid, or nearly so."""
    scope = data.draw(near(SCOPES[protocol], EXAMPLE_SCOPES[protocol]))

    assert PARTS[protocol, "scope"].accepts(scope) == fits_scope_model(protocol, from_json(scope))


# --------------------------------------------------------------------------- how events become JSON


class Case(NamedTuple):
    """A value of ASGI, and what it is in JSON."""

    value: Any
    json: Any


class OpenFile:
    """Something with a descriptor."""

    def fileno(self) -> int:
        """Return a descriptor."""
        return 7


def one_header() -> Iterator[tuple[bytes, bytes]]:
    """Yield headers once."""
    yield b"a", b"\xff"


@pytest.mark.parametrize(
    "case",
    [
        Case(None, None),
        Case(value=True, json=True),
        Case(HTTPStatus.OK, 200),
        Case(1.5, 1.5),
        Case("é", "é"),
        Case(b"\xff", "/w=="),
        Case(bytearray(b"a"), "YQ=="),
        Case(memoryview(b"a"), "YQ=="),
        Case((b"a", [b""]), ["YQ==", [""]]),
        Case(one_header(), [["YQ==", "/w=="]]),
        Case({"a": {"b": (1,)}}, {"a": {"b": [1]}}),
        Case(WebSocketSendEvent(bytes=b"a"), {"type": "websocket.send", "bytes": "YQ==", "text": None}),
        Case(OpenFile(), 7),
        Case(object(), None),
    ],
    ids=lambda case: type(case.value).__name__,
)
def test_every_value_of_asgi_has_a_form_in_json(case: Case) -> None:
    """Bytes in base64, iterables as arrays, files as descriptors; other objects mean nothing elsewhere."""
    assert jsonable(case.value) == case.json


def test_an_open_file_is_not_read(tmp_path: Path) -> None:
    """Although it could be iterated over."""
    path = tmp_path / "page.html"
    path.write_bytes(b"a\nb\n")
    with path.open("rb") as file:
        assert jsonable({"file": file}) == {"file": file.fileno()}
