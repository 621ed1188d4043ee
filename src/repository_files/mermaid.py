"""Draws the table of a protocol as a Mermaid state diagram."""

from collections.abc import Iterator

from fast_channels.events import AsgiEvent, ReceiveEvent
from fast_channels.protocol import Table, Verdict, columns


def labels(table: Table) -> dict[str, str]:
    """Return what documents call the columns of a table: what the application does, and the event."""
    return {name: f"{_direction(model)} {name}" for model in table.events for name in columns(model)}


def _direction(model: type[AsgiEvent]) -> str:
    return "receive" if issubclass(model, ReceiveEvent) else "send"


def state_diagram(table: Table) -> str:
    """Return the legal transitions of a table; a state that none of them leaves is an end."""
    lines = [
        f"[*] --> {table.initial}",
        *(line for state in table.cells for line in _transitions(table, state)),
    ]
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in lines), ""])


def _transitions(table: Table, state: str) -> Iterator[str]:
    names = labels(table)
    arrows: dict[str, list[str]] = {}
    for name, cell in table.cells[state].items():
        if cell.verdict is Verdict.LEGAL:
            arrows.setdefault(cell.next, []).append(names[name])
    for target, events in arrows.items():
        yield f"{state} --> {target}: {'<br/>'.join(events)}"
    if {*arrows} <= {state}:
        yield f"{state} --> [*]"
