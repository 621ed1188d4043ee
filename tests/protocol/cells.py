"""Reads the tables of the tests, which are written by hand, and checks one cell of a connection."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from fast_channels.events import EVENTS, ReceiveEvent, SendEvent
from fast_channels.exceptions import ConnectionClosed, LocalProtocolError
from fast_channels.protocol import Connection, Table, Verdict
from tests.events.examples import example

LOGGER = "fast_channels.protocol"

WORDS: Mapping[str, Verdict] = {
    "tolerated": Verdict.TOLERATED,
    "dropped": Verdict.DROPPED,
    "ignored": Verdict.IGNORED,
    "closed": Verdict.CLOSED,
    "illegal": Verdict.ILLEGAL,
}
"""What a cell says; any other word is the state that a legal event leads to."""

FLAGS: Mapping[str, str] = {
    "http.request": "more_body",
    "http.response.start": "trailers",
    "http.response.body": "more_body",
    "http.response.zerocopysend": "more_body",
    "http.response.trailers": "more_trailers",
    "websocket.http.response.body": "more_body",
}

EXTENSIONS: Mapping[str, Any] = {model.extension: {} for model in EVENTS.values() if model.extension}
"""Everything that a server can offer."""

SCOPE: Mapping[str, Any] = {"extensions": EXTENSIONS, "subprotocols": ["chat"]}


@dataclass(frozen=True)
class Row:
    """One cell of a table."""

    state: str
    column: str
    verdict: Verdict
    next: str

    def __str__(self) -> str:
        return f"{self.state}: {self.column}"

    @property
    def type(self) -> str:
        """The type of the event."""
        return self.column.split(" ")[0]

    def event(self) -> dict[str, Any]:
        """Return an event of the column."""
        flag = {FLAGS[self.type]: True} if "(" in self.column else {}
        return example(self.type, **flag)


def rows(table: str) -> list[Row]:
    """Read a table whose columns are states and whose rows are events."""
    head, *body = ([cell.strip() for cell in line.split("|")] for line in table.strip().splitlines())
    return [
        Row(state, name, WORDS.get(word, Verdict.LEGAL), state if word in WORDS else word)
        for name, *words in body
        for state, word in zip(head[1:], words, strict=True)
    ]


def cells(table: Table) -> set[Row]:
    """Return the same of a table of the package."""
    return {
        Row(state, name, cell.verdict, cell.next)
        for state, row in table.cells.items()
        for name, cell in row.items()
    }


def legal(expected: list[Row], state: str) -> tuple[str, ...]:
    """Return the types that may be sent in a state, as the table of a test has them."""
    found = {
        row.type
        for row in expected
        if row.state == state and row.verdict is Verdict.LEGAL and issubclass(EVENTS[row.type], SendEvent)
    }
    return tuple(type_ for type_ in EVENTS if type_ in found)


def check(connection: Connection, row: Row, expected: list[Row], caplog: pytest.LogCaptureFixture) -> None:
    """Do what a cell says and see that it happens."""
    caplog.set_level(logging.DEBUG, LOGGER)
    if issubclass(EVENTS[row.type], ReceiveEvent):
        _check_receive(connection, row, caplog)
    else:
        _check_send(connection, row, expected, caplog)


def _logged(caplog: pytest.LogCaptureFixture) -> list[tuple[str, bool]]:
    return [(record.levelname, record.name == LOGGER) for record in caplog.records]


def _check_receive(connection: Connection, row: Row, caplog: pytest.LogCaptureFixture) -> None:
    event = connection.receive(row.event())

    assert event["type"] == row.type
    assert _logged(caplog) == ([("DEBUG", True)] if row.verdict is Verdict.TOLERATED else [])


def _check_send(
    connection: Connection, row: Row, expected: list[Row], caplog: pytest.LogCaptureFixture
) -> None:
    if row.verdict is Verdict.ILLEGAL:
        may_be_sent = legal(expected, row.state)
        with pytest.raises(LocalProtocolError) as refusal:
            connection.send(row.event())
        assert (refusal.value.state, refusal.value.event) == (row.state, row.type)
        assert refusal.value.legal == may_be_sent
        assert str(refusal.value) == (
            f"{row.type} is not legal in state {row.state}; legal: {', '.join(may_be_sent) or 'nothing'}"
        )
    elif row.verdict is Verdict.CLOSED:
        with pytest.raises(ConnectionClosed) as closed:
            connection.send(row.event())
        assert isinstance(closed.value, OSError)
        assert (closed.value.state, closed.value.event) == (row.state, row.type)
    elif row.verdict is Verdict.LEGAL:
        assert connection.send(row.event()) == EVENTS[row.type].model_validate(row.event()).to_asgi()
    else:
        assert connection.send(row.event()) is None
    assert _logged(caplog) == ([("WARNING", True)] if row.verdict is Verdict.DROPPED else [])
