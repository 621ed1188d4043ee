"""Renders the document that shows when the events of every protocol are legal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from fast_channels.consumer.phases import BEGIN, DISCONNECT, EVENT, FINISH, INITIAL, LEAVE, PHASES
from fast_channels.events.close_codes import CLOSE_CODES, CloseCode
from fast_channels.protocol import CONNECTIONS, Connection, Table, Verdict

from .mermaid import diagram, labels, state_diagram

NOTICE = "<!-- Written by `nox -s generate`; changes made by hand are lost. -->"

INTRODUCTION = """\
# When an event is legal

The ASGI specification defines which events an application and its server may exchange, and in which order.
This page shows the order: for each protocol a diagram of the legal events, and a table of every event in
every state. The diagrams, the tables and the texts of errors are generated from the same rows of
`fast_channels.protocol`.

*Send* and *receive* are meant from the side of the application. Some events have two rows, because a flag
changes their effect: `(more)` stands for `more_body` or `more_trailers`, `(trailers)` for `trailers`. An
event of an extension is legal only if the `extensions` of the scope contain the extension.

Only events from the server's `receive` change the state. An event from another source, such as a channel
layer, is checked and passed to its handler; the state stays the same."""

MEANINGS: Mapping[Verdict, str] = {
    Verdict.LEGAL: "The event is passed on, and the connection changes to this state.",
    Verdict.TOLERATED: "The server sent the event out of order. It is passed on, and logged at debug level.",
    Verdict.DROPPED: "ASGI ignores events after the end of a response. Nothing is sent; a warning is logged.",
    Verdict.IGNORED: "The event has no effect any more. Nothing is sent, and nothing is logged.",
    Verdict.CLOSED: "The connection is over. `ConnectionClosed` is raised, and nothing is sent.",
    Verdict.ILLEGAL: "The application broke the rules. `LocalProtocolError` is raised, and nothing is sent.",
}


class Section(NamedTuple):
    """What the document says of one protocol besides its tables."""

    title: str
    text: str
    table: str = "The connection"


SECTIONS: Mapping[str, Section] = {
    "http": Section(
        "HTTP",
        """\
A response may begin before the request is complete, so each of the two has its own states. If the response
announces trailers, which needs the extension `http.response.trailers`, it is complete only after them.""",
        "The response",
    ),
    "websocket": Section(
        "WebSocket",
        """\
An open WebSocket is closed with one of the codes below and a reason of at most 123 bytes of UTF-8; a
refused handshake has neither. The subprotocol must be one that the client offered.""",
    ),
    "lifespan": Section(
        "Lifespan",
        """\
A server opens one such connection for each of its event loops. It has no client.""",
    ),
}


LIFE = """\
In every protocol, a consumer goes through the same phases. They only move forward, so each step happens at
most once. `disconnect()` begins when LIVE becomes ENDING, so it runs exactly once for every connection of
which an event was handled, whether the client leaves, a handler raises, the consumer is cancelled or the
response is complete. In ENDING the consumer cannot send and cannot join groups. After `disconnect()` has
returned, the groups are left, and then the channel of the consumer is closed. An empty cell means that the
phase does not change."""

WHAT_HAPPENS: Mapping[str, str] = {
    BEGIN: "a connection begins",
    EVENT: "an event is handled",
    DISCONNECT: "the connection ends",
    LEAVE: "the groups are left",
    FINISH: "the clean-up has run",
}


def protocol_document() -> str:
    """Return the whole document, as Markdown with Mermaid diagrams."""
    blocks = [NOTICE, INTRODUCTION, _verdicts()]
    for protocol, connection in CONNECTIONS.items():
        blocks += _section(SECTIONS[protocol], connection)
        if protocol == "websocket":
            blocks += _close_codes()
    blocks += _life()
    return "\n\n".join(blocks) + "\n"


def _verdicts() -> str:
    words = ([_word(verdict), meaning] for verdict, meaning in MEANINGS.items())
    return _markdown(["cell", "what happens"], words)


def _word(verdict: Verdict) -> str:
    return "`STATE`" if verdict is Verdict.LEGAL else verdict.value


def _section(section: Section, connection: type[Connection]) -> Iterator[str]:
    yield f"## {section.title}"
    yield section.text
    if connection.requests is not None:
        yield from _table("The request", connection.requests)
    yield from _table(section.table, connection.table)


def _close_codes() -> Iterator[str]:
    yield "### Close codes"
    rows = [[str(code.value), code.meaning, "yes" if code.may_be_sent else "no"] for code in CloseCode]
    low, high = CLOSE_CODES[-1]
    rows.append([f"{low}-{high}", "defined by applications and libraries", "yes"])
    yield _markdown(["code", "meaning", "may be sent"], rows)


def _life() -> Iterator[str]:
    yield "## The life of a consumer"
    yield LIFE
    yield f"```mermaid\n{diagram(INITIAL, PHASES)}```"
    yield _markdown(["phase", *WHAT_HAPPENS.values()], (_phase(phase, row) for phase, row in PHASES.items()))


def _phase(phase: str, row: Mapping[str, str]) -> list[str]:
    return [_code(phase), *(_code(row[what]) if what in row else "" for what in WHAT_HAPPENS)]


def _table(title: str, table: Table) -> Iterator[str]:
    yield f"### {title}"
    yield f"```mermaid\n{state_diagram(table)}```"
    yield _markdown(["event", *map(_code, table.cells)], _rows(table))


def _rows(table: Table) -> Iterator[list[str]]:
    for name, label in labels(table).items():
        cells = (row[name] for row in table.cells.values())
        words = (_code(cell.next) if cell.verdict is Verdict.LEGAL else _word(cell.verdict) for cell in cells)
        yield [label, *words]


def _code(text: str) -> str:
    return f"`{text}`"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
