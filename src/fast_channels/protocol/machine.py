"""The machine that reads the tables of all protocols: says of every event what it is and whether it is legal.

Theory of operation. A protocol is a table (`table`): for each state the legal events and the state that
follows, and what becomes of every other event. The machine knows no protocol. It names no event and no state
but the one in which the client has gone: what it has to know of an event, that is which field changes what it
does (`flag`), which extension the scope has to offer (`extension`), and whether the server says nothing after
it (`last`), stands on the model of the event. Rules that no table can say, such as which close codes there
are, are guards of a protocol's own class.

Nothing here waits or does input and output, so a test can try every event in every state. An event is checked
in two ways: *what* it is, by the model's validator, and *when* it may happen, by the table. Both come before
anything changes: an event that is refused leaves the state as it was, and its error names the event, the
state, and what would have been legal. A received event that is out of order is the server's doing and
changes nothing, but it is never an error: servers differ, and an application cannot fix them.

What all connections of a class have in common (`steps`) is made once, when the class is defined, the
validators when their first event comes. So a connection is two states and a few references, and sending an
event is one look at a dictionary, one validation and one more look.
"""

import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import ValidationError

from fast_channels.events import EVENTS, AsgiEvent, ReceiveEvent, SendEvent
from fast_channels.events.wire import summary
from fast_channels.exceptions import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from fast_channels.late import Lazy
from fast_channels.untrusted import printable

from .states import GONE
from .steps import Guard, Receivable, SelfLoops, Step, Steps, self_loops, steps_of
from .table import Table, Verdict, tolerant

logger: logging.Logger = logging.getLogger("fast_channels.protocol")


def _without_none(event: dict[str, Any]) -> dict[str, Any]:
    # By identity: an application's own value may compare as it likes.
    for value in event.values():
        if value is None:
            return {key: value for key, value in event.items() if value is not None}
    return event


class Connection:
    """The state of one connection: says of every event what it is and whether it may happen now.

    Args:
        scope: The connection scope.
        receivable: What is received, by type: a consumer whose handlers want models passes another than that
            of the class, by which events become dictionaries.

    Attributes:
        protocol: The `type` of the scopes that it is for.
        table: When events may be sent, and which of the received ones change that.
        requests: The table of what is received, where that is not the same.
        failures: What tells a client that the application has failed, by state.
        state: The state that decides what may be sent, a row of `table`.
        request_state: The same for what is received, a row of `requests` where there is one.
        ended: Whether the server has said the last that it says.
        receivable: What is received, by type, as dictionaries.
        received_self_loops: The received events that leave the state as it is.
        sent_self_loops: The sent events that leave the state as it is.
    """

    __slots__ = ("_receivable", "_steps", "ended", "request_state", "scope", "state")

    protocol: ClassVar[str]
    table: ClassVar[Table]
    requests: ClassVar[Table | None] = None
    guards: ClassVar[Mapping[str, Guard]] = MappingProxyType({})
    failures: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType({})
    receivable: ClassVar[Lazy[type[AsgiEvent], Receivable]]
    received_self_loops: ClassVar[SelfLoops]
    sent_self_loops: ClassVar[SelfLoops]
    _steps_of_class: ClassVar[Steps]

    def __init_subclass__(cls) -> None:
        cls._steps_of_class = steps_of(cls.table, cls.requests or cls.table, cls.guards)
        cls.receivable = cls._steps_of_class.receivable
        cls.sent_self_loops = self_loops(cls.table, SendEvent, cls.guards)
        # Where two tables say what follows a received event, it always has to be asked.
        cls.received_self_loops = {} if cls.requests else self_loops(cls.table, ReceiveEvent)

    @classmethod
    def prepare(cls) -> None:
        """Make what sending events needs, for which the first of each type would otherwise have to wait."""
        sendable = cls._steps_of_class.sendable
        for type_, model in sendable.models.items():
            if model.extension is None:
                _ = sendable[type_]

    def __init__(self, scope: Mapping[str, Any], receivable: Mapping[str, Receivable] | None = None) -> None:
        self._steps = steps = self._steps_of_class
        self.scope: Mapping[str, Any] = scope
        self.state: str = steps.initial
        self.request_state: str = steps.first_request
        self.ended: bool = False
        self._receivable = steps.receivable if receivable is None else receivable

    def receive(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take an event that came from the server, check it and move.

        Events of types that the protocol does not name are returned as they are and move nothing.

        Raises:
            RemoteProtocolError: The event does not have the fields that the specification gives it.
        """
        try:
            type_ = message["type"]
            known = self._receivable[type_]
        except (KeyError, TypeError):
            return message
        event = message
        recognise = known.recognise
        if recognise is None or not recognise(message):
            try:
                event = known.validate(message)
            except ValidationError as error:
                text = f"{type_} is not valid: {summary(error)}"
                raise RemoteProtocolError(text, state=self.state, event=type_) from None
        self.ended = known.last
        self._received(known.plain if known.flag is None or not event[known.flag] else known.flagged)
        return event

    def _received(self, name: str) -> None:
        cell = self._steps.cells[self.state][name]
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
            sendable = self._steps.sendable[type_]
        except (KeyError, TypeError):
            return self._foreign(message)
        validate = sendable.validate
        try:
            event = validate(message)
        except ValidationError as error:
            raise self._invalid(type_, summary(error)) from None
        flag = sendable.flag
        row = sendable.plain if flag is None or not event[flag] else sendable.flagged
        step = row[self.state]
        if not step.free and not self._permits(step, event, type_):
            return None
        if move:
            self.state = step.next
        return event if len(event) == sendable.size else _without_none(event)

    def send_own(self, event: dict[str, Any]) -> bool:
        """Move by an event of this library's own, if it needs no change and may be sent.

        Args:
            event: The event: a dictionary with all keys that have a default, to which nobody else refers.

        Returns:
            Whether it is such an event; otherwise nothing has changed, and `send()` says what is the matter.
        """
        type_ = event["type"]
        sendable = self._steps.sendable[type_]
        recognise = sendable.recognise
        if recognise is None or not recognise(event):
            return False
        flag = sendable.flag
        step = (sendable.plain if flag is None or not event[flag] else sendable.flagged)[self.state]
        if step.free or (step.cell.legal and not any(guard(self, event) for guard in step.guards)):
            self.state = step.next
            return True
        return False

    def failure(self) -> Mapping[str, Any] | None:
        """Return what tells the client that the application has failed, `None` if the server does that."""
        return self.failures.get(self.state)

    def substitute(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return what can be sent in place of an event that the server refused, `None` if nothing can."""
        return None

    def lost(self) -> None:
        """Move as if the client had left, although the server does not say so."""
        self.state = self._steps.gone.get(self.state, self.state)

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.table.otherwise.get(self.state) is Verdict.CLOSED

    def offers(self, extension: str) -> bool:
        """Tell whether the server offers an ASGI extension on this connection."""
        return extension in (self.scope.get("extensions") or ())

    def _permits(self, step: Step, event: Mapping[str, Any], type_: str) -> bool:
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
            logger.warning("%s was sent after the response was complete; it is dropped", type_)

    def _foreign(self, message: Any) -> dict[str, Any]:
        try:
            type_ = message["type"]
        except (KeyError, TypeError):
            type_ = None
        if not isinstance(type_, str):
            raise self._illegal("an event has to be a mapping with a string as its 'type'", None) from None
        # An event of another protocol is not foreign: granian offers the extensions of all to each.
        if type_ in EVENTS or not self._extended(type_):
            raise self._illegal(
                f"{self.protocol} applications cannot send {printable(type_)}", type_
            ) from None
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
