"""When an event is legal, as data: a table for each protocol, which the machine reads and documents show."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from fast_channels.events import EVENTS, AsgiEvent, ReceiveEvent, SendEvent

logger: logging.Logger = logging.getLogger("fast_channels.protocol")


class Verdict(Enum):
    """What the machine makes of an event in a state."""

    LEGAL = "legal"
    TOLERATED = "tolerated"
    """Out of order, and not the application's doing: passed on, with one debug log line."""
    DROPPED = "dropped"
    """The specification says that it is ignored: nothing is sent, with one warning."""
    IGNORED = "ignored"
    """What it asks for has happened already: nothing is sent."""
    CLOSED = "closed"
    """The connection is gone: `ConnectionClosed`."""
    ILLEGAL = "illegal"
    """The application broke the rules: `LocalProtocolError`."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one event does in one state."""

    verdict: Verdict
    next: str
    # Asked for every event, and the members of an Enum are slow to find.
    legal: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "legal", self.verdict is Verdict.LEGAL)


def flagged(model: type[AsgiEvent]) -> str | None:
    """Return the column of an event whose flag is set, `None` for a model without one."""
    if model.flag is None:
        return None
    return f"{model.model_fields['type'].default} ({model.flag.partition('_')[0]})"


def columns(model: type[AsgiEvent]) -> tuple[str, ...]:
    """Return the columns that events of a model can have: its type, and what a flag makes of that."""
    type_: str = model.model_fields["type"].default
    with_flag = flagged(model)
    return (type_,) if with_flag is None else (type_, with_flag)


@dataclass(frozen=True)
class Table:
    """When the events of a protocol are legal.

    Raises:
        ValueError: A row names an event that there is not.

    Attributes:
        initial: The state in which a connection begins.
        rows: For each state the legal events, with the state that follows.
        known: The models that there are, by the type of their events.
        otherwise: For each state what becomes of a *sent* event that its row does not name; by default
            it is illegal. A *received* event that a row does not name is tolerated.
        exceptions: The single cells that `rows` and `otherwise` do not describe.
        events: The models that the table is about: those that a row names.
        cells: The whole table, made from the rest: `cells[state][column]`.
    """

    initial: str
    rows: Mapping[str, Mapping[str, str]]
    otherwise: Mapping[str, Verdict] = field(default_factory=dict[str, Verdict])
    exceptions: Mapping[str, Mapping[str, Verdict]] = field(default_factory=dict[str, Mapping[str, Verdict]])
    known: Mapping[str, type[AsgiEvent]] = field(default_factory=lambda: EVENTS)
    events: tuple[type[AsgiEvent], ...] = field(init=False)
    cells: Mapping[str, Mapping[str, Cell]] = field(init=False)

    def __post_init__(self) -> None:
        named = {name for row in (*self.rows.values(), *self.exceptions.values()) for name in row}
        # By their types, so that no model is loaded of which the table knows nothing.
        types = {name.partition(" ")[0] for name in named}
        events = tuple(self.known[type_] for type_ in self.known if type_ in types)
        if unknown := named.difference(*map(columns, events)):
            # Such a rule would never apply.
            raise ValueError(f"a table has rows for unknown events: {', '.join(sorted(unknown))}")
        object.__setattr__(self, "events", events)
        cells = {
            state: {name: self._cell(state, model, name) for model in self.events for name in columns(model)}
            for state in self.rows
        }
        object.__setattr__(self, "cells", cells)

    def _cell(self, state: str, model: type[AsgiEvent], name: str) -> Cell:
        if name in self.rows[state]:
            return Cell(Verdict.LEGAL, self.rows[state][name])
        exception = self.exceptions.get(state, {}).get(name)
        if exception is not None:
            return Cell(exception, state)
        if issubclass(model, ReceiveEvent):
            return Cell(Verdict.TOLERATED, state)
        return Cell(self.otherwise.get(state, Verdict.ILLEGAL), state)

    def models(self, kind: type[AsgiEvent]) -> dict[str, type[AsgiEvent]]:
        """Return the models of one kind, by the type of their events."""
        return {model.model_fields["type"].default: model for model in self.events if issubclass(model, kind)}

    def legal(self, state: str) -> dict[str, type[AsgiEvent]]:
        """Return the models of the events that may be sent in a state, by their type."""
        return {
            type_: model
            for type_, model in self.models(SendEvent).items()
            if any(self.cells[state][name].verdict is Verdict.LEGAL for name in columns(model))
        }


def tolerant(table: Table, state: str, name: str) -> str:
    """Return the state that follows a received event that is out of order, which is only logged."""
    # The server's doing, of which the application could make nothing: a warning would blame it.
    logger.debug("%s is out of order in state %s; tolerated", name, state)
    return table.cells[state][name].next
