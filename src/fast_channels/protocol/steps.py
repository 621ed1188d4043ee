"""What each event does in each state, made of the tables once for every class of connections."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from fast_channels.events import AsgiEvent, ReceiveEvent, SendEvent
from fast_channels.events.wire import Lazy, Validator, WireValidator, wire_validator

from .table import GONE, Cell, Table, columns, flagged

Guard: TypeAlias = Callable[[Any, Mapping[str, Any]], str | None]
"""Takes a connection and a checked event, returns what is wrong with it, or `None`."""


def needs(extension: str) -> Guard:
    """Return the guard of an event that needs an ASGI extension."""

    def offered(connection: Any, _event: Mapping[str, Any]) -> str | None:
        if connection.offers(extension):
            return None
        return f"it needs the extension {extension}, which the server does not offer"

    return offered


@dataclass(frozen=True, slots=True)
class Step:
    """What sending one event does in one state.

    Attributes:
        cell: What the table says.
        guards: What is asked before it is sent.
        free: Whether it is legal and there is nothing to ask.
        next: The state that follows.
    """

    cell: Cell
    guards: tuple[Guard, ...]
    free: bool
    next: str


@dataclass(frozen=True, slots=True)
class Sendable:
    """What is to be known about the events of one type when one is sent.

    Attributes:
        validate: Checks it.
        flag: The field that changes what it does, `None` where there is none.
        plain: What it does in each state without the flag.
        flagged: What it does in each state with it.
        size: How many keys it has at least; where there are no more, none of their values is `None`.
    """

    validate: WireValidator
    flag: str | None
    plain: Mapping[str, Step]
    flagged: Mapping[str, Step]
    size: int


@dataclass(frozen=True, slots=True)
class Steps:
    """What all connections of a class have in common: an attribute of a class is slow to find.

    Attributes:
        initial: The state in which a connection begins.
        first_request: The same for what is received, where that has a table of its own.
        cells: The cells of the table.
        gone: The state that follows each state when the client has left.
        flags: For the received events that have a flag, by type: its field, and the column of those that
            have it set.
        sendable: What is sent, by type.
        receivable: The validators of what is received, by type; they make dictionaries.
    """

    initial: str
    first_request: str
    cells: Mapping[str, Mapping[str, Cell]]
    gone: Mapping[str, str]
    flags: Mapping[str, tuple[str, str]]
    sendable: Lazy[Sendable]
    receivable: Lazy[Validator]


def steps_of(table: Table, requests: Table, guards: Mapping[str, Guard]) -> Steps:
    """Return what the connections of a class have in common.

    Args:
        table: When events may be sent, and which of the received ones change that.
        requests: The table of what is received; it may be the same.
        guards: What is asked before some events are sent, by column.
    """
    received = requests.models(ReceiveEvent)
    # The last event of a protocol without clients is no loss of one.
    last = [type_ for type_, model in received.items() if model.last and GONE in table.cells]

    def sendable(model: type[AsgiEvent]) -> Sendable:
        plain, *with_flag = (_steps(table, name, _guards(model, guards.get(name))) for name in columns(model))
        fields = model.model_fields.values()
        return Sendable(
            validate=wire_validator(model),
            flag=model.flag,
            plain=plain,
            flagged=with_flag[0] if with_flag else plain,
            size=sum(field.default is not None for field in fields) + bool(model.one_of),
        )

    return Steps(
        initial=table.initial,
        first_request=requests.initial,
        cells=table.cells,
        gone={state: row[type_].next for state, row in table.cells.items() for type_ in last if type_ in row},
        flags={
            type_: (model.flag, column)
            for type_, model in received.items()
            if model.flag is not None and (column := flagged(model)) is not None
        },
        sendable=Lazy(table.models(SendEvent), sendable),
        receivable=Lazy(received, wire_validator),
    )


def _guards(model: type[AsgiEvent], guard: Guard | None) -> tuple[Guard, ...]:
    extension = () if model.extension is None else (needs(model.extension),)
    return extension if guard is None else (*extension, guard)


def _steps(table: Table, name: str, guards: tuple[Guard, ...]) -> dict[str, Step]:
    """Return what sending the events of a column does in each state."""
    cells = {state: row[name] for state, row in table.cells.items()}
    return {
        state: Step(cell, guards, free=cell.legal and not guards, next=cell.next)
        for state, cell in cells.items()
    }
