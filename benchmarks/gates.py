"""What the figures have to be, and whether they are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from benchmarks.figures import Figures, Rounds, Spread, quotient, spread

Value: TypeAlias = Callable[[Figures, str], Rounds]
"""Returns the figure of a contestant, `KeyError` when it was not measured."""

OURS: Final = "ours"
MISSED: Final = "**missed**"
NOT_MEASURED: Final = "not measured"

STEADY: Final = ("count", "instructions", "bytes")
"""Units that repeat on a busy machine: a gate of theirs that is missed is a failure."""


@dataclass(frozen=True)
class Gate:
    """A figure with a limit.

    Attributes:
        name: What it is about.
        unit: What was counted or measured.
        scenario: Whose contestants are shown beside ours.
        value: The figure of a contestant.
        must: The greatest value that is good enough.
        stretch: The greatest value that is as good as was hoped for.
        base: The contestant to which all are compared, if it is one.
    """

    name: str
    unit: str
    scenario: str
    value: Value
    must: float
    stretch: float
    base: str = ""


@dataclass(frozen=True)
class Finding:
    """What became of a gate.

    Attributes:
        gate: Which.
        reached: Our figure, `None` if it was not measured.
        peers: That of others, by contestant; not that of the one to which the gate compares.
        verdict: What to say.
    """

    gate: Gate
    reached: Spread | None
    peers: dict[str, float]
    verdict: str

    @property
    def is_failure(self) -> bool:
        """Whether something is worse than it may be, and not for noise."""
        return self.verdict == MISSED and self.gate.unit in STEADY


def _count(name: str, scenario: str, unit: str, must: float, over: str | None = None) -> Gate:
    """Make a gate of exact counts, less those of another contestant in the scenario `text`."""

    def value(figures: Figures, who: str) -> Rounds:
        base = figures["text"][over][unit][0] if over else 0.0
        return [figures[scenario][who][unit][0] - base]

    return Gate(name, "count", scenario, value, must, must)


def _ratio(
    name: str, unit: str, scenario: str, base: str, must: float, stretch: float, base_scenario: str = ""
) -> Gate:
    """Make a gate of how many times the figure of another contestant ours is."""

    def value(figures: Figures, who: str) -> Rounds:
        return quotient(figures[scenario][who][unit], figures[base_scenario or scenario][base][unit])

    return Gate(name, _SHOWN.get(unit, unit), scenario, value, must, stretch, base)


def _growth(name: str, unit: str, scenario: str, base_scenario: str, must: float, stretch: float) -> Gate:
    """Make a gate of how many times its own figure in another scenario a contestant has."""

    def value(figures: Figures, who: str) -> Rounds:
        return quotient(figures[scenario][who][unit], figures[base_scenario][who][unit])

    return Gate(name, _SHOWN.get(unit, unit), scenario, value, must, stretch)


def _plain(name: str, unit: str, scenario: str, must: float, stretch: float) -> Gate:
    return Gate(name, _SHOWN.get(unit, unit), scenario, lambda f, who: f[scenario][who][unit], must, stretch)


_SHOWN: Final = {"cpu": "CPU", "hold": "ms"}

_WORK: Final = "instructions"

GATES: Final = (
    _count("tasks per event, no layer", "text", "tasks", 0),
    _count("tasks per event, layer", "text-layer", "tasks", 0),
    _count("callbacks per event over raw, no layer", "text", "callbacks", 0, "raw"),
    _count("callbacks per event over raw, layer", "text-layer", "callbacks", 1.1, "raw"),
    _count("tasks per delivery, 100 members", "group-100", "tasks", 0),
    _count("tasks per delivery, 1000 members", "group-1000", "tasks", 0),
    _count("callbacks per delivery, 100 members", "group-100", "callbacks", 1.1),
    _count("callbacks per delivery, 1000 members", "group-1000", "callbacks", 1.1),
    _count("extra tasks at rest, no layer", "size-text", "tasks", 0),
    _count("extra tasks at rest, layer", "size-layer", "tasks", 1),
    _ratio("text echo, x raw", _WORK, "text", "raw", 1.30, 1.20),
    _ratio("text echo, x fast-channels", _WORK, "text", "published", 0.33, 0.31),
    _ratio("text echo, x Starlette", _WORK, "text", "starlette_", 1.0, 0.9),
    _ratio("text echo with layer, x fast-channels", _WORK, "text-layer", "published", 0.50, 0.45),
    _ratio("typed JSON echo, x raw (validates both ways)", _WORK, "json", "raw", 1.20, 1.10),
    _ratio("typed JSON echo, x fast-channels untyped", _WORK, "json", "published", 0.40, 0.37),
    _growth("frame of 10,000 wrong items, x a good one", _WORK, "items-wrong", "items", 3.0, 1.5),
    _ratio("HTTP, x raw", _WORK, "http", "raw", 3.3, 2.7),
    _ratio("HTTP, x fast-channels", _WORK, "http", "published", 0.40, 0.32),
    _ratio("connect cycle with layer, x fast-channels", _WORK, "connect", "published", 0.43, 0.36),
    _ratio("group delivery, 100 members, x fast-channels", _WORK, "group-100", "published", 0.095, 0.075),
    _ratio("group delivery, 100 members, x Litestar", _WORK, "group-100", "litestar_", 1.0, 0.9),
    _ratio(
        "typed group and typed JSON to 100 sockets, x a plain one of fast-channels",
        *(_WORK, "group-json", "published", 0.11, 0.08, "group-100"),
    ),
    _growth("growth of a delivery, 1000 members over 100", "cpu", "group-1000", "group-100", 1.10, 1.0),
    _growth("growth of a delivery, 5000 members over 100", "cpu", "group-5000", "group-100", 1.15, 1.0),
    _plain("longest time a send to 10,000 members holds the loop", "hold", "hold", 10, 5),
    _ratio("typed JSON echo, x chanx", "cpu", "json", "chanx_", 0.21, 0.16),
    _ratio("HTTP, x Starlette", "cpu", "http", "starlette_", 0.45, 0.30),
    _ratio("behind uvicorn, asyncio, text echo, x raw", _WORK, "uvicorn-text", "raw", 1.12, 1.08),
    _ratio("behind uvicorn, uvloop, text echo, x raw", _WORK, "uvicorn-text-uvloop", "raw", 1.12, 1.08),
    _ratio("behind uvicorn, delivery to a group of 200, x raw loop", "cpu", "uvicorn-group", "raw", 2.0, 1.5),
    _ratio("Redis pub/sub, `receive()`, x channels_redis", "cpu", "redis-receivers", "channels_", 1.0, 0.8),
    _ratio(
        "Redis, `group_send()` one after the other, x fast-channels",
        "cpu",
        "redis-send",
        "published",
        0.8,
        0.8,
    ),
    _ratio("bytes per consumer, no layer, x fast-channels", "bytes", "size-text", "published", 0.60, 0.50),
    _ratio("bytes per consumer, layer, x fast-channels", "bytes", "size-layer", "published", 0.52, 0.45),
    _ratio("import, x asyncio, pydantic and one model", _WORK, "import", "base", 1.12, 1.05),
)


def verdict(gate: Gate, value: float) -> str:
    """Return what a value is, for a gate."""
    if value <= gate.stretch < gate.must:
        return "stretch reached"
    return "reached" if value <= gate.must else MISSED


def judge(figures: Figures, gates: tuple[Gate, ...] = GATES) -> list[Finding]:
    """Return what became of each gate."""
    return [_finding(gate, figures) for gate in gates]


def _finding(gate: Gate, figures: Figures) -> Finding:
    try:
        reached = spread(gate.value(figures, OURS))
    except KeyError:
        return Finding(gate, None, {}, NOT_MEASURED)
    peers: dict[str, float] = {}
    for who in figures[gate.scenario]:
        if who not in (OURS, gate.base):
            try:
                peers[who] = spread(gate.value(figures, who)).median
            except KeyError:  # Not everybody was measured in every unit.
                continue
    return Finding(gate, reached, peers, verdict(gate, reached.median))
