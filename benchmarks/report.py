"""What a run says, as tables in Markdown: on the terminal, and on the page of the documentation."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from benchmarks.figures import Account, Figures, LoadRecord, Rounds, spread
from benchmarks.gates import OURS, Finding
from benchmarks.plans import SCENARIOS, TITLES

Cell: TypeAlias = str | float

UNITS: Final = {
    "instructions": "instructions, thousands",
    "cpu": "CPU, µs",
    "p50": "latency p50, ms",
    "p99": "latency p99, ms",
    "hold": "one callback, ms",
    "turn": "one turn of the loop, ms",
    "tasks": "tasks",
    "callbacks": "callbacks",
    "bytes": "bytes",
}
SPREAD: Final = ("cpu", "hold")
"""Units whose p10 and p90 have a column."""


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], texts: Sequence[str] = ("",)) -> str:
    """Return a table, with numbers aligned to the right.

    Args:
        head: The names of the columns.
        rows: What is in them.
        texts: The names of the columns that hold no numbers.
    """
    alignment = ["---" if name in texts else "--:" for name in head]
    lines = [[*head], alignment, *([show(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show(value: Cell) -> str:
    """Return a number with as many digits as mean something."""
    if isinstance(value, str):
        return value
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.4g}"


def between(rounds: Rounds) -> str:
    """Return p10 and p90, and nothing for what is the same in each round."""
    if len(rounds) == 1:
        return ""
    found = spread(rounds)
    return f"{show(found.p10)} .. {show(found.p90)}"


def gates(findings: Iterable[Finding]) -> str:
    """Return the table of what had to be reached, and what was."""
    head = ["gate", "of", "must", "stretch", "reached", "p10 .. p90", "peers", ""]
    return table(head, [_gate_row(one) for one in findings], ("gate", "of", "peers", ""))


def _gate_row(finding: Finding) -> list[Cell]:
    gate, reached = finding.gate, finding.reached
    row: list[Cell] = [gate.name, gate.unit, gate.must, gate.stretch]
    if reached is None:
        return [*row, "", "", "", finding.verdict]
    noisy = "" if reached.p10 == reached.p90 else f"{show(reached.p10)} .. {show(reached.p90)}"
    peers = ", ".join(f"{TITLES[who]} {show(value)}" for who, value in finding.peers.items())
    return [*row, f"**{show(reached.median)}**", noisy, peers, finding.verdict]


def scenarios(figures: Figures, level: int = 2) -> str:
    """Return a table for each scenario."""
    return "\n\n".join(
        f"{'#' * level} {SCENARIOS[scenario]}\n\n{scenario_table(found)}"
        for scenario, found in figures.items()
    )


def scenario_table(found: Mapping[str, Mapping[str, Rounds]]) -> str:
    """Return what each contestant has needed."""
    units = [unit for unit in UNITS if any(unit in one for one in found.values())]
    head = [""]
    for unit in units:
        head += [UNITS[unit], *(["p10 .. p90"] if unit in SPREAD else [])]
    rows: list[list[Cell]] = []
    for name, one in found.items():
        row: list[Cell] = [f"**{TITLES[name]}**" if name == OURS else TITLES[name]]
        for unit in units:
            rounds = one.get(unit)
            row.append("" if rounds is None else spread(rounds).median)
            if unit in SPREAD:
                row.append("" if rounds is None else between(rounds))
        rows.append(row)
    return table(head, rows)


def load_table(load: LoadRecord) -> str:
    """Return what a server did under load."""
    first, last = load.samples[0], load.samples[-1]
    quarter = load.samples[: max(1, len(load.samples) // 4)]
    worst = max(load.samples, key=lambda sample: sample.p99)
    rows: list[list[Cell]] = [
        ["seconds", last.second],
        ["idle consumers", load.idle],
        ["busy consumers", load.busy],
        ["answers", sum(sample.answers for sample in load.samples)],
        ["tasks of the event loop, in the first and last second", f"{first.tasks} and {last.tasks}"],
        ["memory of the server, MiB, at most in the first quarter", max(one.memory for one in quarter)],
        ["memory of the server, MiB, in the last second", last.memory],
        ["p50 of the latency, ms, median of all seconds", spread([one.p50 for one in load.samples]).median],
        ["p99 of the latency, ms, median of all seconds", spread([one.p99 for one in load.samples]).median],
        ["p99 of the latency, ms, in the worst second", worst.p99],
    ]
    return table(["", "value"], rows)


def accounts(found: Mapping[str, Account]) -> str:
    """Return what has become of the messages between two servers."""
    names = {
        "seconds": "seconds",
        "members": "members of the group, at both servers",
        "sent": "messages sent, by both servers",
        "delivered": "deliveries",
        "counted": "lost, and counted by the library",
        "missing": "lost without account",
        "disorder": "out of order, or twice",
        "delivery": "CPU of both servers for a delivery, µs",
    }
    rows = [[title, *(getattr(one, name) for one in found.values())] for name, title in names.items()]
    return table(["", *(f"at {name} rate" for name in found)], rows)
