"""Whatever an application and a server do, what comes out of `send` is legal ASGI.

Hypothesis plays any sequence of sends and receives, legal or not. Each event that came out is one letter, and
the letters of a whole connection have to match a regular expression, which is the protocol once more, written
without the tables of the package.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fast_channels.events import EVENTS, ReceiveEvent
from fast_channels.exceptions import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from fast_channels.protocol import (
    CONNECTIONS,
    Connection,
    HttpConnection,
    LifespanConnection,
    WebSocketConnection,
)
from tests.events.examples import example

from .cells import FLAGS, SCOPE

WEBSOCKET = re.compile(
    """
    (?: A S* C?     # accepted, any number of frames, closed
      | C           # refused with 403
      | D m* b?     # refused with a response: start, parts of the body, the last part
    )?
    X*              # nothing is sent to a client that is gone
    """,
    re.VERBOSE,
)
WEBSOCKET_LETTERS = {
    "websocket.accept": "A",
    "websocket.send": "S",
    "websocket.close": "C",
    "websocket.http.response.start": "D",
    "websocket.http.response.body": "b",
    "websocket.http.response.body+": "m",
    "websocket.disconnect": "X",
}

HTTP = re.compile(
    """
    h* d? h*                # hints and pushes, and the debug event at most once
    (?: s h*                # a response without trailers:
        (?: p               # one file,
          | (?:m[mh]*)? b?  # or any number of parts and the last one
        )
      | S h*                # a response with trailers:
        (?: (?: p | (?:m[mh]*)? b ) t* T?
          | (?:m[mh]*)?
        )
    )?
    X*                      # nothing is sent to a client that is gone
    """,
    re.VERBOSE,
)
HTTP_LETTERS = {
    "http.response.debug": "d",
    "http.response.early_hint": "h",
    "http.response.push": "h",
    "http.response.start": "s",
    "http.response.start+": "S",
    "http.response.body": "b",
    "http.response.body+": "m",
    "http.response.zerocopysend": "b",
    "http.response.zerocopysend+": "m",
    "http.response.pathsend": "p",
    "http.response.trailers": "T",
    "http.response.trailers+": "t",
    "http.disconnect": "X",
}

LIFESPAN = re.compile(
    """
    V*                              # a shutdown before the startup is out of order, and means nothing
    (?: U [UV]*                     # asked to start
        (?: F [UV]*                 # could not
          | c U*                    # did
            (?: V [UV]*             # asked to stop
                (?: e [UV]* )?      # did, or could not
            )?
        )?
    )?
    """,
    re.VERBOSE,
)
LIFESPAN_LETTERS = {
    "lifespan.startup": "U",
    "lifespan.startup.complete": "c",
    "lifespan.startup.failed": "F",
    "lifespan.shutdown": "V",
    "lifespan.shutdown.complete": "e",
    "lifespan.shutdown.failed": "e",
}


def _events(protocol: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return events of all protocols, but mostly of one, with any flag, sometimes with wrong fields."""
    own = [type_ for type_ in EVENTS if type_.startswith(f"{protocol}.")]
    wrong = {"body": "text", "headers": None, "code": True, "status": "200", "message": 1, "text": b""}

    def build(type_: str, flag: bool, broken: bool) -> dict[str, Any]:
        flags = {FLAGS[type_]: flag} if type_ in FLAGS else {}
        return example(type_, **flags, **(wrong if broken else {}))

    return st.builds(
        build,
        st.sampled_from([*own, *own, *own, *EVENTS]),
        st.booleans(),
        st.sampled_from([False] * 9 + [True]),
    )


def _attributes(connection: Connection) -> dict[str, Any]:
    """Return all that a connection knows."""
    return {name: getattr(connection, name) for name in Connection.__slots__}


PLAYED = {protocol: _events(protocol) for protocol in CONNECTIONS}


class Sequence(RuleBasedStateMachine):
    """One connection, and a record of what came out of it."""

    kind: ClassVar[type[Connection]]
    letters: ClassVar[Mapping[str, str]]
    acceptor: ClassVar[re.Pattern[str]]

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.kind(SCOPE)
        self.record = ""

    def _note(self, event: Mapping[str, Any]) -> None:
        flag = FLAGS.get(event["type"])
        self.record += self.letters[event["type"] + ("+" if flag and event[flag] else "")]

    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        """The application sends something."""
        event = data.draw(PLAYED[self.kind.protocol])
        before = _attributes(self.connection)
        sent = None
        with suppress(LocalProtocolError, ConnectionClosed):
            sent = self.connection.send(event)
        if sent is None:
            assert _attributes(self.connection) == before
        else:
            self._note(sent)

    @rule(data=st.data())
    def receive(self, data: st.DataObject) -> None:
        """The server delivers something."""
        event = data.draw(PLAYED[self.kind.protocol])
        before = _attributes(self.connection)
        try:
            received = self.connection.receive(event)
        except RemoteProtocolError:
            assert _attributes(self.connection) == before
        else:
            if event["type"] in self.letters and issubclass(EVENTS[event["type"]], ReceiveEvent):
                self._note(received)

    @invariant()
    def what_came_out_is_legal(self) -> None:
        """The record is a sequence that the specification allows."""
        assert self.acceptor.fullmatch(self.record), self.record


class WebSocketSequence(Sequence):
    """A WebSocket ends."""

    kind = WebSocketConnection
    letters = WEBSOCKET_LETTERS
    acceptor = WEBSOCKET

    def teardown(self) -> None:
        """A disconnect ends it, whatever happened before."""
        self.connection.receive(example("websocket.disconnect"))
        assert self.connection.state == "GONE"


class HttpSequence(Sequence):
    """A response ends."""

    kind = HttpConnection
    letters = HTTP_LETTERS
    acceptor = HTTP

    def teardown(self) -> None:
        """A disconnect ends it, unless it is complete."""
        complete = self.connection.state == "COMPLETE"
        self.connection.receive(example("http.disconnect"))
        assert self.connection.state == ("COMPLETE" if complete else "GONE")


class LifespanSequence(Sequence):
    """An application's life may go on, but never backwards."""

    kind = LifespanConnection
    letters = LIFESPAN_LETTERS
    acceptor = LIFESPAN


for _sequence in (WebSocketSequence, HttpSequence, LifespanSequence):
    _sequence.TestCase.settings = settings(stateful_step_count=20)

TestWebSocket = pytest.mark.property(WebSocketSequence.TestCase)
TestHttp = pytest.mark.property(HttpSequence.TestCase)
TestLifespan = pytest.mark.property(LifespanSequence.TestCase)


@pytest.mark.parametrize(
    ("kind", "ends"),
    [
        (HttpConnection, {"COMPLETE", "GONE"}),
        (WebSocketConnection, {"GONE"}),
        (LifespanConnection, {"FAILED", "STOPPED"}),
    ],
)
def test_every_state_leads_to_an_end(kind: type[Connection], ends: set[str]) -> None:
    """No connection can get stuck: from everywhere some legal events lead to an end, and no further."""
    rows = kind.table.rows

    for start in rows:
        reached = {start}
        while new := {state for place in reached for state in rows[place].values()} - reached:
            reached |= new
        assert reached & ends

    assert {state for state, row in rows.items() if {*row.values()} <= {state}} == ends


@pytest.mark.parametrize("kind", [HttpConnection, WebSocketConnection, LifespanConnection])
def test_every_state_can_be_reached(kind: type[Connection]) -> None:
    """A state that no events lead to would be a rule that never applies."""
    reached = {kind.table.initial}
    while new := {state for place in reached for state in kind.table.rows[place].values()} - reached:
        reached |= new

    assert reached == {*kind.table.rows}
