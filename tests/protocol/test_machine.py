"""The machine that reads the tables of all protocols."""

import logging
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest

from fast_channels.events import (
    EVENTS,
    AsgiEvent,
    HttpRequestEvent,
    SendEvent,
    WebSocketSendEvent,
)
from fast_channels.exceptions import ConnectionClosed, LocalProtocolError, ProtocolError, RemoteProtocolError
from fast_channels.late import Lazy
from fast_channels.protocol import (
    CONNECTIONS,
    Connection,
    HttpConnection,
    LifespanConnection,
    WebSocketConnection,
)
from fast_channels.protocol.steps import receivable
from tests.events.examples import example

from .cells import SCOPE

every_protocol = pytest.mark.parametrize("kind", CONNECTIONS.values(), ids=list(CONNECTIONS))


def opened(**scope: Any) -> WebSocketConnection:
    """Return a WebSocket that has been accepted."""
    machine = WebSocketConnection(scope)
    machine.send({"type": "websocket.accept"})
    return machine


def test_a_connection_is_found_by_the_type_of_its_scope() -> None:
    """There is one class for each protocol of ASGI."""
    assert [*CONNECTIONS.items()] == [
        ("http", HttpConnection),
        ("websocket", WebSocketConnection),
        ("lifespan", LifespanConnection),
    ]


# ----------------------------------------------------------------------------------------------------- send


def test_what_is_sent_is_a_plain_normalised_dictionary() -> None:
    """Names in lower case, a generator read once, defaults filled in, None left out, extra keys kept."""
    headers = ((name, b"1") for name in (b"X-A", b"b"))
    sent = WebSocketConnection({}).send(
        {"type": "websocket.accept", "subprotocol": None, "headers": headers, "x_extra": 1, "x_none": None}
    )

    assert sent == {"type": "websocket.accept", "headers": [(b"x-a", b"1"), (b"b", b"1")], "x_extra": 1}
    assert type(sent) is dict


class _Compares:
    """A value whose comparison has no truth, like that of an array."""

    def __eq__(self, other: object) -> Any:
        raise ValueError("the truth value is ambiguous")

    __hash__ = object.__hash__


def test_a_value_of_the_application_is_not_compared() -> None:
    """Whatever an additional key holds: it is sent as it is."""
    value = _Compares()

    sent = HttpConnection({}).send({"type": "http.response.start", "status": 200, "x_extra": value})

    assert sent is not None
    assert sent["x_extra"] is value


@pytest.mark.parametrize("kind", [dict, MappingProxyType, WebSocketSendEvent.model_validate])
def test_any_mapping_can_be_sent(kind: Any) -> None:
    """A dictionary, another mapping, or the model of the event."""
    assert opened().send(kind({"type": "websocket.send", "text": "a"})) == {
        "type": "websocket.send",
        "text": "a",
    }


@every_protocol
@pytest.mark.parametrize(
    "message",
    [
        None,
        3,
        "websocket.send",
        ["websocket.send"],
        {},
        {"type": None},
        {"type": b"websocket.send"},
        {"type": []},
    ],
    ids=repr,
)
def test_what_has_no_type_is_no_event(kind: type[Connection], message: Any) -> None:
    """An event is a mapping with a text under "type"; the error says what would have been right."""
    machine = kind(SCOPE)

    with pytest.raises(LocalProtocolError, match="a mapping with a string as its 'type'; legal: ") as refusal:
        machine.send(message)

    assert refusal.value.event is None
    assert refusal.value.state == machine.state == kind.table.initial


def test_a_wrong_field_is_named_with_everything_that_helps() -> None:
    """Path, reason and found type of every mistake, the state, and what would have been legal."""
    machine = opened()

    with pytest.raises(LocalProtocolError) as refusal:
        machine.send({"type": "websocket.close", "code": True, "reason": 3})

    assert str(refusal.value) == (
        "websocket.close is not valid: code: Input should be a valid integer (got bool); "
        "reason: Input should be a valid string (got int)"
    )
    assert refusal.value.state == machine.state == "OPEN"
    assert refusal.value.event == "websocket.close"
    assert refusal.value.legal == ("websocket.send", "websocket.close")
    assert refusal.value.__cause__ is None


# ---------------------------------------------------------------------------------------- types of no table


@every_protocol
def test_a_type_that_nobody_knows_is_not_sent(kind: type[Connection]) -> None:
    """A server would refuse it; the error says what would have been right."""
    machine = kind(SCOPE)

    with pytest.raises(LocalProtocolError, match=f"{kind.protocol} applications cannot send chat") as refusal:
        machine.send({"type": "chat.message"})

    assert refusal.value.event == "chat.message"
    assert machine.state == kind.table.initial


@every_protocol
def test_what_only_servers_send_is_not_sent(kind: type[Connection]) -> None:
    """A received event cannot be sent back."""
    for type_, model in EVENTS.items():
        if not issubclass(model, SendEvent):
            with pytest.raises(LocalProtocolError, match=f"{kind.protocol} applications cannot send {type_}"):
                kind(SCOPE).send({"type": type_})


@every_protocol
def test_an_event_of_another_protocol_is_not_sent(kind: type[Connection]) -> None:
    """Not even when the server offers the extension of that event in the wrong scope."""
    own = kind.table.models(AsgiEvent)
    for type_ in {*EVENTS} - {*own}:
        with pytest.raises(LocalProtocolError, match=f"{kind.protocol} applications cannot send {type_}"):
            kind(SCOPE).send({"type": type_})


@pytest.mark.parametrize("offered", ["http.response.informational", "http.response"])
def test_an_extension_of_a_server_is_passed_on(offered: str) -> None:
    """An event that is named like an offered extension, or after it, is between server and application."""
    machine = HttpConnection({"extensions": {offered: {}}})
    message = {"type": "http.response.informational", "status": 103, "note": None}

    sent = machine.send(MappingProxyType(message))

    assert sent == message
    assert type(sent) is dict
    assert machine.state == "INIT"


@pytest.mark.parametrize(
    "extensions", [{}, None, {"http.response.info": {}}, {"http.response.informational.late": {}}]
)
def test_the_extension_of_a_server_has_to_be_offered(extensions: Any) -> None:
    """The beginning of a word is not its name."""
    with pytest.raises(LocalProtocolError, match="http applications cannot send"):
        HttpConnection({"extensions": extensions}).send({"type": "http.response.informational"})


def test_the_extension_of_a_server_ends_with_the_connection() -> None:
    """Nothing is sent to a client that is gone."""
    machine = WebSocketConnection({"extensions": {"websocket.ping": {}}})
    machine.receive({"type": "websocket.disconnect"})

    with pytest.raises(ConnectionClosed, match=r"websocket\.ping cannot be sent"):
        machine.send({"type": "websocket.ping"})


# -------------------------------------------------------------------------------------------------- receive


def test_what_is_received_is_normalised() -> None:
    """A reader never asks whether a key is there, and servers may add their own."""
    received = HttpConnection({}).receive({"type": "http.request", "x_extra": 1})

    assert received == {"type": "http.request", "body": b"", "more_body": False, "x_extra": 1}


@every_protocol
@pytest.mark.parametrize(
    "message", [None, 3, "x", {}, {"type": None}, {"type": []}, {"type": "chat.message"}], ids=repr
)
def test_what_no_protocol_names_is_handed_through(
    kind: type[Connection], message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it is, it is not for the machine: it comes back as it is, and nothing moves."""
    machine = kind(SCOPE)

    assert machine.receive(message) is message
    assert machine.state == kind.table.initial
    assert not caplog.records


@every_protocol
def test_a_sent_event_that_is_received_moves_nothing(kind: type[Connection]) -> None:
    """Only what servers send moves the machine."""
    machine = kind(SCOPE)

    for type_ in kind.table.models(SendEvent):
        message = {"type": type_}
        assert machine.receive(message) is message

    assert machine.state == kind.table.initial


def test_a_server_that_breaks_the_types_is_told() -> None:
    """Which event, in which state, what is wrong with it; and nothing moved."""
    machine = opened()

    with pytest.raises(RemoteProtocolError) as refusal:
        machine.receive({"type": "websocket.disconnect", "code": "1000"})

    assert "websocket.disconnect is not valid: code: Input should be a valid integer (got str)" in str(
        refusal.value
    )
    assert (refusal.value.state, refusal.value.event, refusal.value.legal) == (
        "OPEN",
        "websocket.disconnect",
        (),
    )
    assert refusal.value.__cause__ is None
    assert machine.state == "OPEN"


def test_of_many_mistakes_only_the_number_is_told() -> None:
    """A server or a handler can send any number of headers."""
    headers = [("a", "b")] * 30

    with pytest.raises(LocalProtocolError, match=r"http\.response\.start is not valid: \d+ mistakes"):
        HttpConnection(SCOPE).send({"type": "http.response.start", "status": 200, "headers": headers})


def test_only_a_close_has_a_substitute() -> None:
    """What a server refused of any other event is the error that it is."""
    assert HttpConnection(SCOPE).substitute({"type": "http.response.body"}) is None


def test_a_reader_may_ask_for_models() -> None:
    """What a consumer receives decides what its handlers get."""
    received = Lazy({"http.request": HttpRequestEvent}, partial(receivable, as_model=True))
    machine = HttpConnection({}, received)

    event = machine.receive({"type": "http.request", "more_body": False})

    assert event == HttpRequestEvent()
    assert machine.request_state == "DONE"


def test_a_tolerated_event_is_logged_with_its_state(caplog: pytest.LogCaptureFixture) -> None:
    """Who looks for the reason finds the event and the state."""
    machine = WebSocketConnection({})
    with caplog.at_level(logging.DEBUG, "fast_channels.protocol"):
        machine.receive({"type": "websocket.receive", "text": "early"})

    assert caplog.messages == ["websocket.receive is out of order in state CONNECTING; tolerated"]


def test_a_dropped_event_is_logged_with_its_type(caplog: pytest.LogCaptureFixture) -> None:
    """Who wonders where the bytes went finds a warning."""
    machine = HttpConnection({})
    machine.send({"type": "http.response.start", "status": 204})
    machine.send({"type": "http.response.body"})

    machine.send({"type": "http.response.body", "body": b"late"})

    assert caplog.messages == ["http.response.body was sent after the response was complete; it is dropped"]


# --------------------------------------------------------------------------------------------------- states


@pytest.mark.parametrize(
    ("kind", "closed"),
    [
        (HttpConnection, {"GONE"}),
        (WebSocketConnection, {"DENIED", "CLOSED", "GONE"}),
        (LifespanConnection, set[str]()),
    ],
)
def test_a_connection_says_whether_it_is_closed(kind: type[Connection], closed: set[str]) -> None:
    """In these states nothing can be sent any more."""
    found: set[str] = set()
    for state in kind.table.rows:
        machine = kind(SCOPE)
        machine.state = state
        found |= {state} if machine.closed else set()

    assert found == closed


@pytest.mark.parametrize("extensions", [{"http.response.push": {}}, {"http.response.push": None}])
def test_an_extension_is_offered_by_its_name(extensions: Any) -> None:
    """What stands beside the name is for the application."""
    assert HttpConnection({"extensions": extensions}).offers("http.response.push")


@pytest.mark.parametrize("scope", [{}, {"extensions": None}, {"extensions": {}}])
def test_nothing_is_offered_without_extensions(scope: Any) -> None:
    """Servers without extensions leave the key out."""
    assert not HttpConnection(scope).offers("http.response.push")


def test_connections_do_not_share_their_state() -> None:
    """The tables are shared, and nothing else."""
    first, second = WebSocketConnection({}), WebSocketConnection({})

    first.send({"type": "websocket.accept"})

    assert (first.state, second.state) == ("OPEN", "CONNECTING")


def test_every_error_is_one_of_the_protocol() -> None:
    """One clause catches them all; a closed connection is an OSError, as servers' own errors are."""
    assert issubclass(LocalProtocolError, ProtocolError)
    assert issubclass(RemoteProtocolError, ProtocolError)
    assert issubclass(ConnectionClosed, ProtocolError)
    assert issubclass(ConnectionClosed, OSError)
    assert not issubclass(LocalProtocolError, OSError)


def own_event(type_: str, **fields: Any) -> dict[str, Any]:
    """Return an event as this library makes it: with everything that has a default."""
    return EVENTS[type_].model_validate(example(type_, **fields)).to_asgi()


def in_state(kind: type[Connection], state: str) -> Connection:
    """Return a connection in a state, with everything that a server can offer."""
    machine = kind(SCOPE)
    machine.state = state
    return machine


@every_protocol
def test_an_event_of_the_library_itself_moves_as_any_other(kind: type[Connection]) -> None:
    """In every state: it needs no validation, or it is left to `send()` and nothing has changed."""
    taken = 0
    for state in kind.table.cells:
        for type_, model in kind.table.models(SendEvent).items():
            for flag in [{}, {model.flag: True}] if model.flag else [{}]:
                event = own_event(type_, **flag)
                machine, twin = in_state(kind, state), in_state(kind, state)
                if machine.send_own(event):
                    taken += 1
                    assert twin.send(event) == event
                    assert machine.state == twin.state
                else:
                    assert machine.state == state
    assert taken or kind is LifespanConnection


@every_protocol
def test_self_loops_change_neither_the_event_nor_the_state(kind: type[Connection]) -> None:
    """What is recognised as one is what `receive()` and `send()` would pass on."""
    for state, row in kind.sent_self_loops.items():
        for type_, recognise in row.items():
            event, machine = own_event(type_), in_state(kind, state)
            assert not recognise(event) or (machine.send(event), machine.state) == (event, state)
    for state, row in kind.received_self_loops.items():
        for type_, recognise in row.items():
            event, machine = example(type_), in_state(kind, state)
            assert not recognise(event) or (machine.receive(event), machine.state) == (event, state)


def test_frames_are_self_loops_of_an_open_websocket() -> None:
    """So nothing has to be validated for the usual frame."""
    assert [*WebSocketConnection.sent_self_loops["OPEN"]] == ["websocket.send"]
    assert [*WebSocketConnection.received_self_loops["OPEN"]] == ["websocket.receive"]
    assert not WebSocketConnection.sent_self_loops["HANDSHAKE"]
    assert not HttpConnection.received_self_loops


def test_an_event_of_the_library_itself_may_be_refused_by_a_guard() -> None:
    """`send()` says why."""
    machine = WebSocketConnection({"subprotocols": []})
    close = {"type": "websocket.close", "code": 1005, "reason": ""}
    machine.send_own({"type": "websocket.accept", "headers": []})

    assert machine.send_own(close) is False
    with pytest.raises(LocalProtocolError, match="1005 is not a close code"):
        machine.send(close)
