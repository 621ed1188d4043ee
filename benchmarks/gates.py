"""What the figures have to be, and whether they are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Figures = dict[str, dict[str, dict[str, float]]]
"""Figures by scenario, contestant and unit."""

Value = Callable[[Figures], float]


@dataclass(frozen=True)
class Gate:
    """A figure with a limit.

    Attributes:
        name: What it is about.
        value: Returns the figure, `KeyError` when it was not measured.
        must: The greatest value that is good enough.
        stretch: The greatest value that is as good as was hoped for.
        exact: Whether the figure is a count, which repeats exactly.
    """

    name: str
    value: Value
    must: float
    stretch: float
    exact: bool = False


def count(scenario: str, unit: str, over: str | None = None) -> Value:
    """Return the value of one of our counts, less that of another contestant in the scenario `text`."""

    def value(figures: Figures) -> float:
        base = figures["text"][over][unit] if over else 0.0
        return figures[scenario]["ours"][unit] - base

    return value


def ratio(scenario: str, unit: str, base: str) -> Value:
    """Return how many times the figure of another contestant ours is."""
    return lambda figures: figures[scenario]["ours"][unit] / figures[scenario][base][unit]


def _growth(unit: str) -> Value:
    return lambda figures: figures["group-1000"]["ours"][unit] / figures["group-100"]["ours"][unit]


def _wrong(unit: str) -> Value:
    return lambda figures: figures["items-wrong"]["ours"][unit] / figures["items"]["ours"][unit]


def _exact(name: str, value: Value, must: float) -> Gate:
    return Gate(name, value, must, must, exact=True)


def gates(unit: str) -> list[Gate]:
    """Return all gates; ratios of work are taken in this unit, `instructions` or `cpu`."""
    return [
        _exact("tasks per event, no layer", count("text", "tasks"), 0),
        _exact("tasks per event, layer", count("text-layer", "tasks"), 0),
        _exact("callbacks over raw, no layer", count("text", "callbacks", "raw"), 0),
        _exact("callbacks over raw, layer", count("text-layer", "callbacks", "raw"), 1.1),
        _exact("tasks per delivery, 100 members", count("group-100", "tasks"), 0),
        _exact("tasks per delivery, 1000 members", count("group-1000", "tasks"), 0),
        _exact("callbacks per delivery, 100 members", count("group-100", "callbacks"), 1.1),
        _exact("callbacks per delivery, 1000 members", count("group-1000", "callbacks"), 1.1),
        _exact("extra tasks at rest, no layer", count("size-text", "tasks"), 0),
        _exact("extra tasks at rest, layer", count("size-text-layer", "tasks"), 1),
        Gate("text echo, x raw", ratio("text", unit, "raw"), 1.65, 1.40),
        Gate("text echo, x fast-channels", ratio("text", unit, "published"), 0.42, 0.36),
        Gate("text echo with layer, x fast-channels", ratio("text-layer", unit, "published"), 0.56, 0.48),
        Gate("typed JSON echo, x raw", ratio("json", unit, "raw"), 1.40, 1.20),
        Gate("typed JSON echo, x fast-channels untyped", ratio("json", unit, "published"), 0.47, 0.40),
        Gate("frame of 10,000 wrong items, x a good one", _wrong(unit), 3.0, 1.5),
        Gate("HTTP, x raw", ratio("http", unit, "raw"), 3.5, 2.7),
        Gate("HTTP, x fast-channels", ratio("http", unit, "published"), 0.42, 0.32),
        Gate("connect cycle with layer, x fast-channels", ratio("connect", unit, "published"), 0.40, 0.32),
        Gate("delivery, 100 members, x fast-channels", ratio("group-100", unit, "published"), 0.09, 0.075),
        Gate("delivery, 1000 members, x 100 members", _growth(unit), 1.10, 1.0),
        Gate("typed JSON echo CPU, x chanx", ratio("json", "cpu", "chanx_"), 0.20, 0.16),
        Gate("HTTP CPU, x Starlette", ratio("http", "cpu", "starlette_"), 0.45, 0.30),
        Gate("fan-out to 1000 CPU, x fast-channels", ratio("group-1000", "cpu", "published"), 1 / 25, 1 / 40),
        Gate(
            "fan-out to 5000 CPU, x fast-channels", ratio("group-5000", "cpu", "published"), 1 / 250, 1 / 390
        ),
        Gate("behind uvicorn CPU, x raw", ratio("uvicorn", "cpu", "raw"), 1.30, 1.20),
        Gate("behind uvicorn CPU, x fast-channels", ratio("uvicorn", "cpu", "published"), 0.75, 0.65),
        Gate(
            "bytes per consumer, no layer, x fast-channels",
            ratio("size-text", "bytes", "published"),
            0.65,
            0.55,
        ),
        Gate(
            "bytes per consumer, layer, x fast-channels",
            ratio("size-text-layer", "bytes", "published"),
            0.60,
            0.50,
        ),
        Gate("import, x pydantic alone", ratio("import", unit, "pydantic"), 1.30, 1.15),
    ]


def verdict(gate: Gate, value: float) -> str:
    if value <= gate.stretch:
        return "reached" if gate.exact else "stretch reached"
    return "reached" if value <= gate.must else "**MISSED**"


def judge(figures: Figures, unit: str) -> tuple[list[list[Any]], bool]:
    """Return the rows of the table of gates, and whether every exact gate that was measured is reached."""
    rows: list[list[Any]] = []
    sound = True
    for gate in gates(unit):
        try:
            value = gate.value(figures)
        except KeyError:
            rows.append([gate.name, gate.must, gate.stretch, "", "not measured"])
            continue
        said = verdict(gate, value)
        sound = sound and not (gate.exact and "MISSED" in said)
        rows.append([gate.name, gate.must, gate.stretch, value, said])
    return rows, sound
