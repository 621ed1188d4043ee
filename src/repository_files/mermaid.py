"""Draws the table of a protocol as a Mermaid state diagram."""

from collections.abc import Iterator, Mapping

from fast_channels.events import AsgiEvent, ReceiveEvent
from fast_channels.protocol import Table, Verdict, columns


def labels(table: Table) -> dict[str, str]:
    """Return what documents call the columns of a table: what the application does, and the event."""
    return {name: f"{_direction(model)} {name}" for model in table.events for name in columns(model)}


def _direction(model: type[AsgiEvent]) -> str:
    return "receive" if issubclass(model, ReceiveEvent) else "send"


def state_diagram(table: Table) -> str:
    """Return the legal transitions of a table; a state that none of them leaves is an end."""
    names = labels(table)
    legal = {
        state: {names[name]: cell.next for name, cell in row.items() if cell.verdict is Verdict.LEGAL}
        for state, row in table.cells.items()
    }
    return diagram(table.initial, legal)


def diagram(initial: str, transitions: Mapping[str, Mapping[str, str]]) -> str:
    """Return a diagram of transitions; a state that none of them leaves is an end.

    Args:
        initial: The state in which everything begins.
        transitions: For each state the state that follows, by what happens.
    """
    lines = [f"[*] --> {initial}", *(line for state in transitions.items() for line in _arrows(*state))]
    return "\n".join(["stateDiagram-v2", *(f"    {line}" for line in lines), ""])


def _arrows(state: str, transitions: Mapping[str, str]) -> Iterator[str]:
    arrows: dict[str, list[str]] = {}
    for what, target in transitions.items():
        arrows.setdefault(target, []).append(what)
    for target, events in arrows.items():
        yield f"{state} --> {target}: {'<br/>'.join(events)}"
    if {*arrows} <= {state}:
        yield f"{state} --> [*]"
