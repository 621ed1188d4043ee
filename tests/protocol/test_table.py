"""Tables say when the events of a protocol are legal."""

import pytest

from fast_channels.events import (
    EVENTS,
    HttpResponseStartEvent,
    SendEvent,
    WebSocketAcceptEvent,
    WebSocketSendEvent,
)
from fast_channels.protocol import CONNECTIONS, Connection, Table, Verdict, columns

every_protocol = pytest.mark.parametrize("kind", CONNECTIONS.values(), ids=list(CONNECTIONS))


def test_a_flag_makes_a_column_of_its_own() -> None:
    """What an event does may depend on one of its flags."""
    assert columns(HttpResponseStartEvent) == ("http.response.start", "http.response.start (trailers)")
    assert columns(WebSocketAcceptEvent) == ("websocket.accept",)


def test_every_flag_that_moves_a_machine_has_its_column() -> None:
    """Only these flags do, and no event has two of them."""
    flagged = {
        type_
        for type_, model in EVENTS.items()
        if {"more_body", "trailers", "more_trailers"} & model.model_fields.keys()
    }

    assert {type_ for type_, model in EVENTS.items() if len(columns(model)) == 2} == flagged


def test_a_table_fills_its_cells_from_few_rules() -> None:
    """A row names what is legal; a received event is tolerated otherwise, a sent one illegal."""
    table = Table(
        initial="A",
        rows={"A": {"websocket.receive": "B"}, "B": {}, "C": {}},
        otherwise={"C": Verdict.CLOSED},
        exceptions={"B": {"websocket.send": Verdict.DROPPED}},
    )

    verdicts = {
        state: {name: (cell.verdict, cell.next) for name, cell in row.items()}
        for state, row in table.cells.items()
    }
    assert verdicts == {
        "A": {"websocket.receive": (Verdict.LEGAL, "B"), "websocket.send": (Verdict.ILLEGAL, "A")},
        "B": {"websocket.receive": (Verdict.TOLERATED, "B"), "websocket.send": (Verdict.DROPPED, "B")},
        "C": {"websocket.receive": (Verdict.TOLERATED, "C"), "websocket.send": (Verdict.CLOSED, "C")},
    }
    assert table.models(SendEvent) == {"websocket.send": WebSocketSendEvent}
    assert table.legal("A") == {}


@every_protocol
def test_every_word_of_a_table_means_something(kind: type[Connection]) -> None:
    """The states that rows and exceptions name are those that there are."""
    for table in (kind.table, *([kind.requests] if kind.requests else [])):
        assert table.initial in table.rows
        assert {state for row in table.rows.values() for state in row.values()} <= {*table.rows}
        assert {*table.otherwise, *table.exceptions} <= {*table.rows}


@pytest.mark.parametrize("name", ["websocket.snd", "websocket.send (more)"])
def test_a_table_names_no_event_that_there_is_not(name: str) -> None:
    """A name that is spelled wrong would be a rule that never applies."""
    with pytest.raises(ValueError, match=r"^a table has rows for unknown events: .+$"):
        Table(initial="A", rows={"A": {name: "A"}})


def test_a_table_is_about_the_events_that_it_names() -> None:
    """In the order in which the events are listed everywhere."""
    table = Table(initial="A", rows={"A": {"websocket.send": "A", "websocket.connect": "A"}})

    assert [model.__name__ for model in table.events] == ["WebSocketConnectEvent", "WebSocketSendEvent"]
