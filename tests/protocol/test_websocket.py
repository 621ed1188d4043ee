"""When the events of a WebSocket are legal, cell by cell."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.exceptions import ConnectionClosed, LocalProtocolError
from fast_channels.protocol import WebSocketConnection
from fast_channels.protocol.websocket import TABLE

from .cells import SCOPE, Row, cells, check, rows

EXPECTED = [
    *rows(
        """
                                    | CONNECTING | HANDSHAKE | OPEN      | DENYING
websocket.connect                   | HANDSHAKE  | tolerated | tolerated | tolerated
websocket.receive                   | tolerated  | tolerated | OPEN      | tolerated
websocket.disconnect                | GONE       | GONE      | GONE      | GONE
websocket.accept                    | OPEN       | OPEN      | illegal   | illegal
websocket.send                      | illegal    | illegal   | OPEN      | illegal
websocket.close                     | DENIED     | DENIED    | CLOSED    | illegal
websocket.http.response.start       | DENYING    | DENYING   | illegal   | illegal
websocket.http.response.body        | illegal    | illegal   | illegal   | DENIED
websocket.http.response.body (more) | illegal    | illegal   | illegal   | DENYING
"""
    ),
    *rows(
        """
                                    | DENIED    | CLOSED    | GONE
websocket.connect                   | tolerated | tolerated | tolerated
websocket.receive                   | tolerated | CLOSED    | tolerated
websocket.disconnect                | GONE      | GONE      | tolerated
websocket.accept                    | closed    | closed    | closed
websocket.send                      | closed    | closed    | closed
websocket.close                     | ignored   | ignored   | ignored
websocket.http.response.start       | closed    | closed    | closed
websocket.http.response.body        | dropped   | closed    | closed
websocket.http.response.body (more) | dropped   | closed    | closed
"""
    ),
]

ROUTES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "CONNECTING": [],
    "HANDSHAKE": [("receive", {"type": "websocket.connect"})],
    "OPEN": [("receive", {"type": "websocket.connect"}), ("send", {"type": "websocket.accept"})],
    "DENYING": [("send", {"type": "websocket.http.response.start", "status": 401})],
    "DENIED": [("send", {"type": "websocket.close"})],
    "CLOSED": [("send", {"type": "websocket.accept"}), ("send", {"type": "websocket.close"})],
    "GONE": [("receive", {"type": "websocket.disconnect"})],
}
"""How a connection comes into a state."""


def connection(state: str = "CONNECTING", **scope: Any) -> WebSocketConnection:
    """Return a connection that came into a state by its events."""
    machine = WebSocketConnection({**SCOPE, **scope})
    for direction, event in ROUTES[state]:
        getattr(machine, direction)(event)
    assert machine.state == state
    return machine


def test_the_tables_have_the_same_cells() -> None:
    """Every cell of the package is one of this test, and the other way round."""
    assert cells(TABLE) == {*EXPECTED}


@pytest.mark.parametrize("row", EXPECTED, ids=str)
def test_a_cell_does_what_it_says(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    """Every event in every state: what comes back, what is raised or logged, and which state follows."""
    machine = connection(row.state)

    check(machine, row, EXPECTED, caplog)

    assert machine.state == row.next


def test_a_connection_begins_before_the_handshake() -> None:
    """Nothing has been read yet."""
    assert WebSocketConnection({}).state == "CONNECTING"


@pytest.mark.parametrize("state", ["CONNECTING", "HANDSHAKE"])
def test_a_refused_handshake_has_neither_code_nor_reason(state: str) -> None:
    """The server answers 403 whatever they are, so they are not checked."""
    machine = connection(state)

    assert machine.send({"type": "websocket.close", "code": 3403, "reason": "x" * 500}) is not None
    assert machine.state == "DENIED"


@given(st.one_of(st.integers(), st.integers(990, 1020), st.integers(2990, 3010), st.integers(4990, 5010)))
def test_only_codes_of_the_protocol_close_an_open_socket(code: int) -> None:
    """RFC 6455, section 7.4: the rest is reserved, or means that no code was sent."""
    machine = connection("OPEN")
    sendable = {*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)}

    if code in sendable:
        assert machine.send({"type": "websocket.close", "code": code}) == {
            "type": "websocket.close",
            "code": code,
            "reason": "",
        }
    else:
        with pytest.raises(LocalProtocolError, match=f"{code} is not a close code"):
            machine.send({"type": "websocket.close", "code": code})

    assert machine.state == ("CLOSED" if code in sendable else "OPEN")


@given(st.text(st.sampled_from("aß€😀"), min_size=29, max_size=125))
def test_a_close_reason_fits_into_its_frame(reason: str) -> None:
    """A control frame has 125 bytes, of which the code takes two."""
    machine = connection("OPEN")
    size = len(reason.encode())

    if size <= 123:
        assert machine.send({"type": "websocket.close", "reason": reason}) is not None
    else:
        with pytest.raises(LocalProtocolError, match=f"{size} bytes of UTF-8, and at most 123 are allowed"):
            machine.send({"type": "websocket.close", "reason": reason})

    assert machine.state == ("CLOSED" if size <= 123 else "OPEN")


@pytest.mark.parametrize("reason", ["x" * 123, "ß" * 61 + "x", "€" * 41])
def test_a_reason_of_123_bytes_fits(reason: str) -> None:
    """The limit counts bytes and is inclusive."""
    assert connection("OPEN").send({"type": "websocket.close", "reason": reason}) is not None


@pytest.mark.parametrize("reason", ["x" * 124, "ß" * 62, "€" * 42])
def test_a_reason_of_124_bytes_does_not_fit(reason: str) -> None:
    """Nothing is cut off silently."""
    with pytest.raises(LocalProtocolError, match="bytes of UTF-8"):
        connection("OPEN").send({"type": "websocket.close", "reason": reason})


def test_a_subprotocol_that_the_client_offered_is_accepted() -> None:
    """The choice is sent to the client."""
    assert connection(subprotocols=["chat", "v2"]).send(
        {"type": "websocket.accept", "subprotocol": "v2"}
    ) == {
        "type": "websocket.accept",
        "subprotocol": "v2",
        "headers": [],
    }


@pytest.mark.parametrize("offered", [["chat"], ("chat",), [], None])
def test_a_subprotocol_that_the_client_did_not_offer_is_refused(offered: Any) -> None:
    """The client would fail the handshake."""
    machine = connection(subprotocols=offered)

    with pytest.raises(LocalProtocolError, match="did not offer the subprotocol 'v2'"):
        machine.send({"type": "websocket.accept", "subprotocol": "v2"})

    assert machine.state == "CONNECTING"


def test_no_subprotocol_is_always_right() -> None:
    """A server is not obliged to choose one."""
    assert connection().send({"type": "websocket.accept", "subprotocol": None}) == {
        "type": "websocket.accept",
        "headers": [],
    }


def test_a_denial_response_has_to_be_offered() -> None:
    """Without the extension only a plain close refuses the handshake, and the error says so."""
    machine = connection("HANDSHAKE", extensions={})

    with pytest.raises(LocalProtocolError, match=r"needs the extension websocket\.http\.response") as refusal:
        machine.send({"type": "websocket.http.response.start", "status": 401})

    assert refusal.value.legal == ("websocket.accept", "websocket.close")
    assert machine.state == "HANDSHAKE"


@pytest.mark.parametrize("type_", ["http.response.start", "http.response.body", "http.response.pathsend"])
def test_an_http_response_is_none_here(type_: str) -> None:
    """A framework's 404 for HTTP is not an answer to a handshake, even if a server offers its extensions."""
    with pytest.raises(LocalProtocolError, match=f"websocket applications cannot send {type_}"):
        connection("HANDSHAKE").send({"type": type_, "status": 404})


def test_the_first_code_of_a_disconnect_is_followed_by_others() -> None:
    """Servers repeat the disconnect as often as they are asked; it changes nothing."""
    machine = connection("OPEN")

    first = machine.receive({"type": "websocket.disconnect", "code": 4001, "reason": "bye"})
    second = machine.receive({"type": "websocket.disconnect"})

    assert first == {"type": "websocket.disconnect", "code": 4001, "reason": "bye"}
    assert second == {"type": "websocket.disconnect", "code": 1005, "reason": ""}
    assert machine.state == "GONE"


def test_a_lost_client_is_gone() -> None:
    """A server that refuses an event because the client left says what a disconnect says."""
    machine = connection("OPEN")

    machine.lost()

    with pytest.raises(ConnectionClosed, match=r"websocket\.send cannot be sent: the connection is closed"):
        machine.send({"type": "websocket.send", "text": "a"})


@pytest.mark.parametrize("code", [*range(1001, 1004), *range(1007, 1015)])
def test_a_code_of_the_protocol_has_a_substitute(code: int) -> None:
    """A server that keeps such codes to itself takes one that is free: 1007 becomes 4007."""
    event = {"type": "websocket.close", "code": code, "reason": "why"}

    machine = connection("OPEN")
    machine.send(event)

    assert machine.substitute(event) == {**event, "code": code + 3000}


def test_a_refusal_has_no_substitute() -> None:
    """It has no code either."""
    machine = connection("HANDSHAKE")
    event = machine.send({"type": "websocket.close", "code": 1008})

    assert event is not None
    assert machine.substitute(event) is None


@pytest.mark.parametrize(
    "event",
    [
        {"type": "websocket.close", "code": 1000},
        {"type": "websocket.close", "code": 3000},
        {"type": "websocket.close"},
        {"type": "websocket.send", "text": "hi"},
    ],
)
def test_nothing_else_has_a_substitute(event: dict[str, object]) -> None:
    """What every server takes is refused for another reason."""
    assert connection("CLOSED").substitute(event) is None
