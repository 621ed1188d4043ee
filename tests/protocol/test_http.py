"""When the events of an HTTP request are legal, cell by cell."""

from typing import Any

import pytest

from fast_channels.exceptions import ConnectionClosed, LocalProtocolError
from fast_channels.protocol import HttpConnection
from fast_channels.protocol.http import REQUEST, RESPONSE
from tests.events.examples import example

from .cells import SCOPE, Row, cells, check, rows

REQUESTS = rows(
    """
                    | BODY | DONE      | GONE
http.request        | DONE | tolerated | tolerated
http.request (more) | BODY | tolerated | tolerated
http.disconnect     | GONE | GONE      | tolerated
"""
)

RESPONSES = [
    *rows(
        """
                                  | INIT                  | DEBUGGED              | STARTED   | STREAMING
http.disconnect                   | GONE                  | GONE                  | GONE      | GONE
http.response.debug               | DEBUGGED              | illegal               | illegal   | illegal
http.response.early_hint          | INIT                  | DEBUGGED              | STARTED   | STREAMING
http.response.push                | INIT                  | DEBUGGED              | STARTED   | STREAMING
http.response.start               | STARTED               | STARTED               | illegal   | illegal
http.response.start (trailers)    | STARTED_WITH_TRAILERS | STARTED_WITH_TRAILERS | illegal   | illegal
http.response.body                | illegal               | illegal               | COMPLETE  | COMPLETE
http.response.body (more)         | illegal               | illegal               | STREAMING | STREAMING
http.response.zerocopysend        | illegal               | illegal               | COMPLETE  | COMPLETE
http.response.zerocopysend (more) | illegal               | illegal               | STREAMING | STREAMING
http.response.pathsend            | illegal               | illegal               | COMPLETE  | illegal
http.response.trailers            | illegal               | illegal               | illegal   | illegal
http.response.trailers (more)     | illegal               | illegal               | illegal   | illegal
"""
    ),
    *rows(
        """
                                  | STARTED_WITH_TRAILERS   | STREAMING_WITH_TRAILERS
http.disconnect                   | GONE                    | GONE
http.response.debug               | illegal                 | illegal
http.response.early_hint          | STARTED_WITH_TRAILERS   | STREAMING_WITH_TRAILERS
http.response.push                | STARTED_WITH_TRAILERS   | STREAMING_WITH_TRAILERS
http.response.start               | illegal                 | illegal
http.response.start (trailers)    | illegal                 | illegal
http.response.body                | TRAILERS                | TRAILERS
http.response.body (more)         | STREAMING_WITH_TRAILERS | STREAMING_WITH_TRAILERS
http.response.zerocopysend        | TRAILERS                | TRAILERS
http.response.zerocopysend (more) | STREAMING_WITH_TRAILERS | STREAMING_WITH_TRAILERS
http.response.pathsend            | TRAILERS                | illegal
http.response.trailers            | illegal                 | illegal
http.response.trailers (more)     | illegal                 | illegal
"""
    ),
    *rows(
        """
                                  | TRAILERS | COMPLETE | GONE
http.disconnect                   | GONE     | COMPLETE | tolerated
http.response.debug               | illegal  | illegal  | closed
http.response.early_hint          | illegal  | illegal  | closed
http.response.push                | illegal  | illegal  | closed
http.response.start               | illegal  | illegal  | closed
http.response.start (trailers)    | illegal  | illegal  | closed
http.response.body                | illegal  | dropped  | closed
http.response.body (more)         | illegal  | dropped  | closed
http.response.zerocopysend        | illegal  | dropped  | closed
http.response.zerocopysend (more) | illegal  | dropped  | closed
http.response.pathsend            | illegal  | dropped  | closed
http.response.trailers            | COMPLETE | dropped  | closed
http.response.trailers (more)     | TRAILERS | dropped  | closed
"""
    ),
]

START = example("http.response.start")
START_WITH_TRAILERS = example("http.response.start", trailers=True)
MORE = example("http.response.body", more_body=True)
LAST = example("http.response.body")

ROUTES: dict[str, list[dict[str, Any]]] = {
    "INIT": [],
    "DEBUGGED": [example("http.response.debug")],
    "STARTED": [START],
    "STREAMING": [START, MORE],
    "STARTED_WITH_TRAILERS": [START_WITH_TRAILERS],
    "STREAMING_WITH_TRAILERS": [START_WITH_TRAILERS, MORE],
    "TRAILERS": [START_WITH_TRAILERS, LAST],
    "COMPLETE": [START, LAST],
}
"""What is sent to come into a state."""

REQUEST_ROUTES: dict[str, list[dict[str, Any]]] = {
    "BODY": [],
    "DONE": [example("http.request")],
    "GONE": [example("http.disconnect")],
}
"""What is received to come into a state."""


def connection(state: str = "INIT", request: str = "BODY", **scope: Any) -> HttpConnection:
    """Return a connection that came into its states by its events."""
    machine = HttpConnection({**SCOPE, **scope})
    for event in ROUTES.get(state, ()):
        machine.send(event)
    for event in REQUEST_ROUTES[request]:
        machine.receive(event)
    assert (machine.state, machine.request_state) == (state, request)
    return machine


def test_the_tables_have_the_same_cells() -> None:
    """Every cell of the package is one of this test, and the other way round."""
    assert cells(REQUEST) == {*REQUESTS}
    assert cells(RESPONSE) == {*RESPONSES}


@pytest.mark.parametrize("row", RESPONSES, ids=str)
def test_a_cell_of_the_response_does_what_it_says(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    """Every event in every state: what comes back, what is raised or logged, and which state follows."""
    machine = connection(row.state, "GONE" if row.state == "GONE" else "BODY")

    check(machine, row, RESPONSES, caplog)

    assert machine.state == row.next


@pytest.mark.parametrize("response", ROUTES)
@pytest.mark.parametrize("row", REQUESTS, ids=str)
def test_a_cell_of_the_request_does_what_it_says(
    row: Row, response: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A request goes on whatever the application has answered so far."""
    machine = HttpConnection(SCOPE)
    for event in REQUEST_ROUTES[row.state]:
        machine.receive(event)
    machine.state = response

    check(machine, row, REQUESTS, caplog)

    left = row.type == "http.disconnect" and response != "COMPLETE"
    assert machine.request_state == row.next
    assert machine.state == ("GONE" if left else response)


def test_a_connection_begins_with_the_body_of_the_request() -> None:
    """More of the request may come, and nothing has been answered."""
    machine = HttpConnection({})

    assert (machine.state, machine.request_state) == ("INIT", "BODY")


@pytest.mark.parametrize(
    "events", [(), ("http.response.early_hint",), ("http.response.debug", "http.response.push")]
)
def test_trailers_have_to_be_offered_before_they_are_promised(events: tuple[str, ...]) -> None:
    """A server that does not know trailers would wait for the end of the body for ever, or forget them."""
    machine = connection(extensions={name: {} for name in events})
    for type_ in events:
        machine.send(example(type_))
    state = machine.state

    with pytest.raises(LocalProtocolError, match=r"needs the extension http\.response\.trailers"):
        machine.send(START_WITH_TRAILERS)

    assert machine.state == state
    assert machine.send(START) is not None


EXTENDED = [
    ("INIT", "http.response.debug"),
    ("INIT", "http.response.early_hint"),
    ("INIT", "http.response.push"),
    ("STARTED", "http.response.zerocopysend"),
    ("STARTED", "http.response.pathsend"),
]


@pytest.mark.parametrize("extensions", [{}, None, {"http.response.template": {}}])
@pytest.mark.parametrize(("state", "type_"), EXTENDED)
def test_an_extension_has_to_be_offered(state: str, type_: str, extensions: Any) -> None:
    """An event that the server does not offer is refused, and not named among the legal ones."""
    machine = connection(state, extensions=extensions)

    with pytest.raises(LocalProtocolError, match=f"needs the extension {type_}") as refusal:
        machine.send(example(type_))

    assert type_ not in refusal.value.legal
    assert machine.state == state


@pytest.mark.parametrize(("state", "type_"), EXTENDED)
def test_an_extension_that_is_offered_may_be_used(state: str, type_: str) -> None:
    """One extension is offered, and it is that one which counts."""
    assert connection(state, extensions={type_: {}}).send(example(type_)) is not None


def test_a_denial_response_is_none_here() -> None:
    """Granian offers the denial response of WebSockets in the scopes of HTTP too."""
    with pytest.raises(LocalProtocolError, match=r"http applications cannot send websocket\."):
        connection().send(example("websocket.http.response.start"))


def test_a_client_that_left_hears_nothing() -> None:
    """A response that was not complete when the client left cannot be continued."""
    machine = connection("STREAMING")

    machine.receive(example("http.disconnect"))

    with pytest.raises(ConnectionClosed, match=r"response\.body cannot be sent: the connection is closed"):
        machine.send(LAST)


def test_a_client_that_leaves_after_the_response_has_it() -> None:
    """The end of the response stays its end: a late body is dropped, not an error."""
    machine = connection("COMPLETE", "GONE")

    assert machine.send(LAST) is None


def test_a_complete_response_cannot_be_lost() -> None:
    """Whoever sends more of it is told in a warning, whatever became of the client."""
    machine = connection("COMPLETE")

    machine.lost()

    assert machine.send(LAST) is None


@pytest.mark.parametrize("state", sorted(ROUTES.keys() - {"COMPLETE"}))
def test_a_lost_client_is_gone(state: str) -> None:
    """A server that refuses an event because the client left says what a disconnect says."""
    machine = connection(state)

    machine.lost()

    with pytest.raises(ConnectionClosed):
        machine.send(START)
