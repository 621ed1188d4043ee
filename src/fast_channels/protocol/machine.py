"""The one small machine that reads the tables of all protocols. It never awaits."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias

from pydantic import ValidationError

from fast_channels.events import EVENTS, AsgiEvent, ReceiveEvent, SendEvent
from fast_channels.events.wire import Lazy, Validator, WireValidator, mistakes, wire_validator
from fast_channels.exceptions import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from fast_channels.untrusted import MAX_MISTAKES, printable

logger: logging.Logger = logging.getLogger("fast_channels.protocol")

Guard: TypeAlias = Callable[[Any, Mapping[str, Any]], str | None]
"""Takes a connection and a checked event, returns what is wrong with it, or `None`."""

GONE = "GONE"
"""The state of a connection whose client has left, in every protocol that has clients."""


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


_FLAGS: Mapping[str, tuple[str, str]] = {
    "http.request": ("more_body", "http.request (more)"),
    "http.response.start": ("trailers", "http.response.start (trailers)"),
    "http.response.body": ("more_body", "http.response.body (more)"),
    "http.response.zerocopysend": ("more_body", "http.response.zerocopysend (more)"),
    "http.response.trailers": ("more_trailers", "http.response.trailers (more)"),
    "websocket.http.response.body": ("more_body", "websocket.http.response.body (more)"),
}


def _column(event: Mapping[str, Any], type_: str) -> str:
    """Return the column of a validated event of a type that has a flag."""
    flag, flagged = _FLAGS[type_]
    return flagged if event[flag] else type_


def columns(model: type[AsgiEvent]) -> tuple[str, ...]:
    """Return the columns that events of a model can have: its type, and what a flag makes of that."""
    type_: str = model.model_fields["type"].default
    return (type_, _FLAGS[type_][1]) if type_ in _FLAGS else (type_,)


@dataclass(frozen=True)
class Table:
    """When the events of a protocol are legal.

    Attributes:
        initial: The state in which a connection begins.
        rows: For each state the legal events, with the state that follows.
        events: The models that the table is about.
        otherwise: For each state what becomes of a *sent* event that its row does not name; by default
            it is illegal. A *received* event that a row does not name is tolerated.
        exceptions: The single cells that `rows` and `otherwise` do not describe.
        cells: The whole table, made from the rest: `cells[state][column]`.
    """

    initial: str
    rows: Mapping[str, Mapping[str, str]]
    events: tuple[type[AsgiEvent], ...]
    otherwise: Mapping[str, Verdict] = field(default_factory=dict[str, Verdict])
    exceptions: Mapping[str, Mapping[str, Verdict]] = field(default_factory=dict[str, Mapping[str, Verdict]])
    cells: Mapping[str, Mapping[str, Cell]] = field(init=False)

    def __post_init__(self) -> None:
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
    logger.debug("%s is out of order in state %s; tolerated", name, state)
    return table.cells[state][name].next


def describe(error: ValidationError) -> str:
    """Say in one line what a validation found: every path with its reason and the type that was found."""
    if (count := error.error_count()) > MAX_MISTAKES:
        return f"{count} mistakes"
    parts: list[str] = []
    for item in mistakes(error):
        path = printable(".".join(str(step) for step in item["loc"]))
        text = printable(item["msg"].removeprefix("Value error, "), 200)
        got = "" if item["type"] == "missing" else f" (got {type(item['input']).__name__})"
        parts.append(f"{path}: {text}{got}" if path else text)
    return printable("; ".join(parts), 600)


def needs(extension: str) -> Guard:
    """Return the guard of an event that needs an ASGI extension."""

    def offered(connection: "Connection", _event: Mapping[str, Any]) -> str | None:
        if connection.offers(extension):
            return None
        return f"it needs the extension {extension}, which the server does not offer"

    return offered


def _without_none(event: dict[str, Any]) -> dict[str, Any]:
    # By identity: an application's own value may compare as it likes.
    for value in event.values():
        if value is None:
            return {key: value for key, value in event.items() if value is not None}
    return event


def _guards(model: type[AsgiEvent], guard: Guard | None) -> tuple[Guard, ...]:
    extension = () if model.extension is None else (needs(model.extension),)
    return extension if guard is None else (*extension, guard)


@dataclass(frozen=True, slots=True)
class _Step:
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


def _steps(table: Table, name: str, guards: tuple[Guard, ...]) -> dict[str, _Step]:
    """Return what sending the events of a column does in each state."""
    cells = {state: row[name] for state, row in table.cells.items()}
    return {
        state: _Step(cell, guards, free=cell.legal and not guards, next=cell.next)
        for state, cell in cells.items()
    }


@dataclass(frozen=True, slots=True)
class _Sendable:
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
    plain: Mapping[str, _Step]
    flagged: Mapping[str, _Step]
    size: int


@dataclass(frozen=True, slots=True)
class _Rules:
    """What all connections of a class have in common: an attribute of a class is slow to find.

    Attributes:
        initial: The state in which a connection begins.
        first_request: The same for `request_state`.
        cells: The table of the class.
        gone: The state that follows each state when the client has left.
        sendable: What is sent, by type.
        receivable: The validators of what is received, by type.
    """

    initial: str
    first_request: str
    cells: Mapping[str, Mapping[str, Cell]]
    gone: Mapping[str, str]
    sendable: Lazy[_Sendable]
    receivable: Lazy[Validator]


class Connection:
    """The state of one connection: says of every event what it is and whether it may happen now.

    Args:
        scope: The connection scope.
        validators: How events from the server are checked, by type: a consumer whose handlers want models
            passes the validators of the models. By default events become dictionaries.

    Attributes:
        protocol: The `type` of the scopes that it is for.
        table: When events may be sent, and which of the received ones change that.
        requests: The table of what is received, where that is not the same.
        failures: What tells a client that the application has failed, by state.
        state: The state that decides what may be sent, a row of `table`.
        request_state: The same for what is received, a row of `requests` where there is one.
        receivable: The validators of the received events that make dictionaries.
    """

    __slots__ = ("_rules", "_validators", "request_state", "scope", "state")

    protocol: ClassVar[str]
    table: ClassVar[Table]
    requests: ClassVar[Table | None] = None
    guards: ClassVar[Mapping[str, Guard]] = MappingProxyType({})
    failures: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    receivable: ClassVar[Lazy[Validator]]
    _common: ClassVar[_Rules]

    def __init_subclass__(cls) -> None:
        requests = cls.requests or cls.table
        cls.receivable = Lazy(requests.models(ReceiveEvent), wire_validator)
        cells = cls.table.cells
        leaving = f"{cls.protocol}.disconnect"
        cls._common = _Rules(
            initial=cls.table.initial,
            first_request=requests.initial,
            cells=cells,
            gone={state: row[leaving].next for state, row in cells.items() if leaving in row},
            sendable=Lazy(cls.table.models(SendEvent), cls._sendable),
            receivable=cls.receivable,
        )

    @classmethod
    def _sendable(cls, model: type[AsgiEvent]) -> _Sendable:
        plain, *flagged = (
            _steps(cls.table, name, _guards(model, cls.guards.get(name))) for name in columns(model)
        )
        fields = model.model_fields
        return _Sendable(
            validate=wire_validator(model),
            flag=_FLAGS[fields["type"].default][0] if flagged else None,
            plain=plain,
            flagged=flagged[0] if flagged else plain,
            size=sum(field.default is not None for field in fields.values()) + bool(model.one_of),
        )

    def __init__(self, scope: Mapping[str, Any], validators: Mapping[str, Validator] | None = None) -> None:
        self._rules = rules = self._common
        self.scope: Mapping[str, Any] = scope
        self.state: str = rules.initial
        self.request_state: str = rules.first_request
        self._validators = rules.receivable if validators is None else validators

    def receive(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take an event that came from the server, check it and move.

        Events of types that the protocol does not name are returned as they are and move nothing.

        Raises:
            RemoteProtocolError: The event does not have the fields that the specification gives it.
        """
        try:
            type_ = message["type"]
            validate = self._validators[type_]
        except (KeyError, TypeError):
            return message
        try:
            event = validate(message)
        except ValidationError as error:
            text = f"{type_} is not valid: {describe(error)}"
            raise RemoteProtocolError(text, state=self.state, event=type_) from None
        self._received(_column(event, type_) if type_ in _FLAGS else type_)
        return event

    def _received(self, name: str) -> None:
        cell = self._rules.cells[self.state][name]
        self.state = cell.next if cell.legal else tolerant(self.table, self.state, name)

    def send(self, message: Mapping[str, Any], *, move: bool = True) -> dict[str, Any] | None:
        """Check an event that the application wants to send, and move.

        Args:
            message: The event, a model or any other mapping.
            move: Whether it is about to be sent; without, the question is only whether it could be.

        Returns:
            The normalised event as a plain dictionary, or `None` when nothing is to be sent.

        Raises:
            LocalProtocolError: The event is not one, or not legal now; nothing has changed.
            ConnectionClosed: The connection is gone.
        """
        try:
            type_ = message["type"]
            sendable = self._rules.sendable[type_]
        except (KeyError, TypeError):
            return self._foreign(message)
        validate = sendable.validate
        try:
            event = validate(message)
        except ValidationError as error:
            raise self._invalid(type_, describe(error)) from None
        flag = sendable.flag
        steps = sendable.plain if flag is None or not event[flag] else sendable.flagged
        step = steps[self.state]
        if not step.free and not self._permits(step, event, type_):
            return None
        if move:
            self.state = step.next
        return event if len(event) == sendable.size else _without_none(event)

    def failure(self) -> Mapping[str, Any] | None:
        """Return what tells the client that the application has failed, `None` if the server does that."""
        return self.failures.get(self.state)

    def substitute(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what can be sent in place of an event that the server refused, `None` if nothing can."""
        return None

    def lost(self) -> None:
        """Move as if the client had left, although the server does not say so."""
        self.state = self._rules.gone.get(self.state, self.state)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.table.otherwise.get(self.state) is Verdict.CLOSED

    def offers(self, extension: str) -> bool:
        """Tell whether the server offers an ASGI extension on this connection."""
        return extension in (self.scope.get("extensions") or ())

    def _permits(self, step: _Step, event: Mapping[str, Any], type_: str) -> bool:
        if not step.cell.legal:
            self._refuse(step.cell.verdict, type_)
            return False
        for guard in step.guards:
            if (wrong := guard(self, event)) is not None:
                raise self._invalid(type_, wrong)
        return True

    def _refuse(self, verdict: Verdict, type_: str) -> None:
        if verdict is Verdict.ILLEGAL:
            raise self._illegal(f"{type_} is not legal in state {self.state}", type_) from None
        if verdict is Verdict.CLOSED:
            closed = "" if self.state == GONE else " by this consumer"
            text = f"{type_} cannot be sent: the connection is closed{closed}"
            raise ConnectionClosed(text, state=self.state, event=type_) from None
        if verdict is Verdict.DROPPED:
            logger.warning("%s after the response is complete; dropped", type_)

    def _foreign(self, message: Any) -> dict[str, Any]:
        try:
            type_ = message["type"]
        except (KeyError, TypeError):
            type_ = None
        if not isinstance(type_, str):
            raise self._illegal("an event is a mapping with a string under 'type'", None) from None
        # An event of another protocol is not foreign: granian offers the extensions of all to each.
        if type_ in EVENTS or not self._extended(type_):
            raise self._illegal(f"no {self.protocol} application sends {printable(type_)}", type_) from None
        self._refuse(self.table.otherwise.get(self.state, Verdict.LEGAL), type_)
        return dict(message)

    def _extended(self, type_: str) -> bool:
        # Servers name the events of their own extensions after the extension.
        names = self.scope.get("extensions") or ()
        return any(type_ == name or type_.startswith(f"{name}.") for name in names)

    def _invalid(self, type_: str, wrong: str) -> LocalProtocolError:
        return LocalProtocolError(
            f"{type_} is not valid: {wrong}", state=self.state, event=type_, legal=self._legal()
        )

    def _illegal(self, text: str, type_: str | None) -> LocalProtocolError:
        legal = self._legal()
        return LocalProtocolError(
            f"{text}; legal: {', '.join(legal) or 'nothing'}", state=self.state, event=type_, legal=legal
        )

    def _legal(self) -> list[str]:
        return [
            type_
            for type_, model in self.table.legal(self.state).items()
            if model.extension is None or self.offers(model.extension)
        ]
