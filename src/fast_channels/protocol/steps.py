"""What each event does in each state, made of the tables once for every class of connections."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from fast_channels.events import AsgiEvent, ReceiveEvent, SendEvent
from fast_channels.events.canonical import Recogniser, recogniser
from fast_channels.events.wire import Validator, WireValidator, model_validator, wire_validator
from fast_channels.late import Lazy

from .states import GONE
from .table import Cell, Table, columns

Guard: TypeAlias = Callable[[Any, Mapping[str, Any]], str | None]
"""Takes a connection and a checked event, returns what is wrong with it, or `None`."""


SelfLoops: TypeAlias = Mapping[str, Mapping[str, Recogniser]]
"""For each state what recognises the canonical form of the events, by type, that leave it as it is."""

NO_GUARDS: Mapping[str, Guard] = MappingProxyType({})


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
        recognise: Tells of one that this library has made whether that would change nothing, `None` where it
            nearly always does.
        flag: The field that changes what it does, `None` for an event without one.
        plain: What it does in each state without the flag.
        flagged: What it does in each state with it.
        size: How many keys it has at least; where there are no more, none of their values is `None`.
    """

    validate: WireValidator
    recognise: Recogniser | None
    flag: str | None
    plain: Mapping[str, Step]
    flagged: Mapping[str, Step]
    size: int


@dataclass(frozen=True, slots=True)
class Receivable:
    """What is to be known about the events of one type when one is received.

    Attributes:
        validate: Checks it.
        recognise: Tells whether that would change nothing, `None` where it nearly always does.
        flag: The field that changes what it does, `None` for an event without one.
        plain: Its column in the table without the flag.
        flagged: Its column with it.
        last: Whether the server says nothing after it.
    """

    validate: Validator
    recognise: Recogniser | None
    flag: str | None
    plain: str
    flagged: str
    last: bool


def receivable(model: type[AsgiEvent], *, as_model: bool = False) -> Receivable:
    """Return what is to be known about the received events of a model.

    Args:
        model: The model.
        as_model: Whether they become instances of it, and not dictionaries.
    """
    plain, *with_flag = columns(model)
    return Receivable(
        validate=model_validator(model) if as_model else wire_validator(model),
        recognise=None if as_model else recogniser(model),
        flag=model.flag if with_flag else None,
        plain=plain,
        flagged=with_flag[0] if with_flag else plain,
        last=model.last,
    )


@dataclass(frozen=True, slots=True)
class Steps:
    """What all connections of a class have in common: an attribute of a class is slow to find.

    Attributes:
        initial: The state in which a connection begins.
        first_request: The same for what is received, where that has a table of its own.
        cells: The cells of the table.
        gone: The state that follows each state when the client has left.
        sendable: What is sent, by type.
        receivable: What is received, by type, as dictionaries.
    """

    initial: str
    first_request: str
    cells: Mapping[str, Mapping[str, Cell]]
    gone: Mapping[str, str]
    sendable: Lazy[type[AsgiEvent], Sendable]
    receivable: Lazy[type[AsgiEvent], Receivable]


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
            recognise=recogniser(model, own=True),
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
        sendable=Lazy(table.models(SendEvent), sendable),
        receivable=Lazy(received, receivable),
    )


def self_loops(table: Table, kind: type[AsgiEvent], guards: Mapping[str, Guard] = NO_GUARDS) -> SelfLoops:
    """Return the events that are always legal in a state, and leave it as it is.

    Args:
        table: When they are legal.
        kind: Those that are sent, which this library has made then, or those that are received.
        guards: What is asked before some events are sent, by column.
    """
    models = {
        type_: known
        for type_, model in table.models(kind).items()
        if not _guards(model, guards.get(type_))
        and model.flag is None
        and (known := recogniser(model, own=issubclass(model, SendEvent))) is not None
    }
    return {
        state: {
            type_: known for type_, known in models.items() if row[type_].legal and row[type_].next == state
        }
        for state, row in table.cells.items()
    }


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
