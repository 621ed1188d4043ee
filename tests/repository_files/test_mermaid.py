"""The diagram shows what is legal, and nothing else."""

import pytest

from fast_channels.protocol import CONNECTIONS, Connection, Table, Verdict
from repository_files.mermaid import labels, state_diagram

TABLE = Table(
    initial="OPEN",
    rows={
        "OPEN": {
            "websocket.receive": "OPEN",
            "websocket.send": "OPEN",
            "websocket.http.response.body": "LAST",
        },
        "LAST": {"websocket.receive": "LAST"},
        "GONE": {},
    },
    otherwise={"GONE": Verdict.CLOSED},
)


def test_a_diagram_has_an_arrow_for_every_legal_step() -> None:
    """Events between the same two states share an arrow; a state that nothing leaves is an end."""
    assert state_diagram(TABLE) == (
        "stateDiagram-v2\n"
        "    [*] --> OPEN\n"
        "    OPEN --> OPEN: receive websocket.receive<br/>send websocket.send\n"
        "    OPEN --> LAST: send websocket.http.response.body\n"
        "    LAST --> LAST: receive websocket.receive\n"
        "    LAST --> [*]\n"
        "    GONE --> [*]\n"
    )


def test_a_label_says_who_speaks() -> None:
    """What the server sends is received by the application; a flag has a label of its own."""
    assert labels(TABLE) == {
        "websocket.receive": "receive websocket.receive",
        "websocket.send": "send websocket.send",
        "websocket.http.response.body": "send websocket.http.response.body",
        "websocket.http.response.body (more)": "send websocket.http.response.body (more)",
    }


@pytest.mark.parametrize("kind", CONNECTIONS.values(), ids=list(CONNECTIONS))
def test_a_diagram_can_be_read_back(kind: type[Connection]) -> None:
    """Every legal cell of a protocol is on exactly one arrow, and no other cell is on any."""
    arrows = [line.strip().partition(": ") for line in state_diagram(kind.table).splitlines()[2:]]
    drawn = [
        (*states.split(" --> "), event)
        for states, _, events in arrows
        for event in events.split("<br/>")
        if event
    ]
    names = labels(kind.table)
    legal = [
        (state, cell.next, names[name])
        for state, row in kind.table.cells.items()
        for name, cell in row.items()
        if cell.verdict is Verdict.LEGAL
    ]

    assert sorted(drawn) == sorted(legal)
