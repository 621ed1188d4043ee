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

ASGI says what an application and its server may say to each other, and when. Here is all of the *when*: for
each protocol a diagram of what is legal, and a table of everything that can happen. Error messages, diagrams
and tables come from the same rows of `fast_channels.protocol`, so they cannot disagree.

It is the application that sends and receives. Some events have two rows, because a flag changes what they do:
`(more)` stands for `more_body` or `more_trailers`, `(trailers)` for `trailers`. An event of an extension is
legal only if the `extensions` of the scope offer it.

Only events that came from the server's `receive` change a state. One that came another way, through a channel
layer for instance, is checked and handed to its handler, and changes nothing."""

MEANINGS: Mapping[Verdict, str] = {
    Verdict.LEGAL: "It is passed on, and the connection is then in the state that the cell names.",
    Verdict.TOLERATED: "The server sent it out of order. It is passed on, with one debug log line.",
    Verdict.DROPPED: "ASGI ignores what follows the end of a response. Nothing is sent, with one warning.",
    Verdict.IGNORED: "What it asks for has happened already. Nothing is sent, silently.",
    Verdict.CLOSED: "The connection is gone: `ConnectionClosed`, an `OSError`, and nothing is sent.",
    Verdict.ILLEGAL: "The application broke the rules: `LocalProtocolError`, and nothing is sent.",
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
A request and its response do not wait for each other, so each has its own states. A response whose trailers
are promised, which needs the extension `http.response.trailers`, is complete only after them.""",
        "The response",
    ),
    "websocket": Section(
        "WebSocket",
        """\
Once open, a WebSocket is closed with one of the codes below and a reason of at most 123 bytes of UTF-8; a
refused handshake has neither. A subprotocol has to be one that the client offered.""",
    ),
    "lifespan": Section(
        "Lifespan",
        """\
There is one such connection for each event loop of a server, and it has no client that could leave.""",
    ),
}


LIFE = """\
Behind the events of a connection, whatever its protocol, is the life of the consumer that serves it. Its
phases only go forward, so that each thing happens once at most: `disconnect()` begins in LIVE, so it runs
exactly once for every connection of which an event was handled, whether the client leaves, a handler
raises, the consumer is cancelled or the response is complete. In ENDING nothing can be sent and no group
can be joined; the groups are left after `disconnect()` has returned, then the consumer's channel is closed.
What a cell does not name changes nothing."""

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
    rows.append([f"{low}-{high}", "what applications and libraries agree on", "yes"])
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
