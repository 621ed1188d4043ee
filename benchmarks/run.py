"""Compare this library with its peers: the same events, the same machine, the same minute.

    python benchmarks/run.py [--quick] [--instructions] [--large] [--check] [--json FILE] [SCENARIO ...]

Run it with an interpreter in which this library is installed. The peers get an environment of their own,
made at the first run. Every contestant is a process; in each round all of them run a few events, one after
the other, and the tables show the median of the rounds. Times are noisy on a busy machine; instructions
(`--instructions`, needs valgrind) and counts are not.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gates import Figures, judge
from peers import OURS, environment, peers_python

HERE = Path(__file__).resolve().parent

TITLES = {
    "raw": "raw ASGI",
    "ours": "**this library**",
    "published": "fast-channels 1.1.0",
    "chanx_": "chanx 2.13",
    "starlette_": "Starlette",
    "pydantic": "pydantic alone",
}


@dataclass(frozen=True)
class Plan:
    """How a scenario is measured.

    Attributes:
        title: What it is.
        contestants: Who takes part.
        events: How many events a round has.
        rounds: How many rounds there are.
        instructions: How many events are run under valgrind, 0 for none.
        counted: Whether tasks and callbacks are counted too.
        meter: What measures a round.
        subject: The application, where its name is not that of the scenario.
    """

    title: str
    contestants: tuple[str, ...]
    events: int
    rounds: int = 40
    instructions: int = 0
    counted: bool = True
    meter: str = "cpu"
    subject: str = ""


ALL = tuple(TITLES)[:5]
LAYERED = ("ours", "published")
PLANS = {
    "text": Plan("Text echo", ("raw", "ours", "published", "starlette_"), 500, instructions=400),
    "text-layer": Plan("Text echo with a memory layer", LAYERED, 500, instructions=400),
    "json": Plan("Typed JSON echo (fast-channels, Starlette, raw: untyped)", ALL, 300, instructions=300),
    "items": Plan("A frame of 10,000 numbers", ("ours",), 20, 20, instructions=20, counted=False),
    "items-wrong": Plan("The same, all wrong", ("ours",), 20, 20, instructions=20, counted=False),
    "http": Plan("HTTP, 1 KiB body", ("raw", "ours", "published", "starlette_"), 300, instructions=200),
    "connect": Plan("Connect and disconnect with a memory layer", ("raw", *LAYERED), 100, instructions=100),
    "group-100": Plan("One delivery, 100 members", ("raw", *LAYERED, "starlette_"), 500, 20, 1000),
    "group-1000": Plan("One delivery, 1000 members", ("raw", *LAYERED), 2000, 7, 2000),
    "group-5000": Plan("One delivery, 5000 members", ("raw", *LAYERED), 5000, 3, counted=False),
    "size-text": Plan(
        "Idle consumer", ("raw", *LAYERED), 500, 1, counted=False, meter="size", subject="text"
    ),
    "size-text-layer": Plan(
        "Idle consumer with a memory layer",
        LAYERED,
        500,
        1,
        counted=False,
        meter="size",
        subject="text-layer",
    ),
    "uvicorn": Plan(
        "Text echo behind uvicorn, 100 connections, CPU of the server",
        ("raw", "ours", "published"),
        5000,
        5,
        counted=False,
        meter="uvicorn",
        subject="text",
    ),
}
LARGE = ("group-5000",)

IMPORTS = {
    "pydantic": "from pydantic import BaseModel, TypeAdapter",
    "ours": "import fast_channels.consumer, fast_channels.layers",
    "published": "import fast_channels.consumer, fast_channels.layers",
}


class Worker:
    """The process of a contestant."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [*command, str(HERE / "worker.py"), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(name),
        )
        self.file = self._answer()["file"]

    def order(self, meter: str, scenario: str, events: int) -> dict[str, float]:
        assert self._process.stdin is not None
        print(
            json.dumps({"meter": meter, "scenario": scenario, "events": events}),
            file=self._process.stdin,
            flush=True,
        )
        return self._answer()

    def end(self) -> None:
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # Peers log to their standard output.
            if line.startswith("{"):
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise SystemExit(f"the process of {self.name} ended")


@contextmanager
def worker(name: str, *prefix: str) -> Iterator[Worker]:
    started = Worker(name, [*prefix, python_of(name)])
    try:
        yield started
    finally:
        started.end()


def python_of(name: str) -> str:
    return sys.executable if name in (*OURS, "pydantic") else peers_python()


def require_difference(workers: Iterable[Worker]) -> None:
    files = {one.name: one.file for one in workers}
    if files["ours"] == files["published"]:
        raise SystemExit(f"both contestants are {files['ours']}; install this library where run.py runs")


def measure(
    workers: dict[str, Worker], scenario: str, plan: Plan, quick: bool
) -> dict[str, dict[str, float]]:
    """Let all contestants of a scenario run in turn, and return the figures of each."""
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in plan.contestants}
    subject = plan.subject or scenario
    for _ in range(max(1, plan.rounds // 5) if quick else plan.rounds):
        for name, results in rounds.items():
            results.append(workers[name].order(plan.meter, subject, plan.events))
    figures: dict[str, dict[str, float]] = {}
    for name, results in rounds.items():
        figures[name] = {unit: statistics.median(one[unit] for one in results) for unit in results[0]}
        if "cpu" in figures[name]:
            figures[name]["lowest"] = low([one["cpu"] for one in results])
        if plan.counted:
            figures[name] |= workers[name].order("counts", subject, max(100, plan.events))
    return figures


def low(values: list[float]) -> float:
    """Return the first percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[0] if len(values) > 1 else values[0]


def count_instructions(name: str, scenarios: dict[str, int]) -> dict[str, float]:
    """Run scenarios under valgrind, and return the thousands of instructions of an event."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        valgrind = [
            "valgrind",
            "-q",
            "--tool=callgrind",
            "--dump-before=getppid",
            f"--callgrind-out-file={out}",
        ]
        with worker(name, *valgrind) as one:
            for scenario, events in scenarios.items():
                one.order("marks", scenario, events)
        # The worker marks the beginning and the end of each: part 1 is what came before the first.
        return {
            scenario: total(out.with_suffix(f".{2 * index + 2}")) / events / 1000
            for index, (scenario, events) in enumerate(scenarios.items())
        }


def total(file: Path) -> int:
    line = next(line for line in file.read_text().splitlines() if line.startswith("totals:"))
    return int(line.split()[1])


def import_seconds(name: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_import(name)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run_import(name: str, *prefix: str) -> None:
    statement = IMPORTS.get(name, "pass")
    subprocess.run([*prefix, python_of(name), "-c", statement], check=True, env=environment(name))


def measure_import(quick: bool) -> dict[str, dict[str, float]]:
    """Return the milliseconds that an import takes in a new process, less those of an empty one."""
    seconds: dict[str, list[float]] = {"": [], **{name: [] for name in IMPORTS}}
    for name in seconds:
        run_import(name)
    for _ in range(5 if quick else 20):
        for name, values in seconds.items():
            values.append(import_seconds(name))
    empty = statistics.median(seconds.pop(""))
    return {
        name: {"cpu": (statistics.median(values) - empty) * 1e6, "lowest": (low(values) - empty) * 1e6}
        for name, values in seconds.items()
    }


def import_instructions(name: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        run_import(name, "valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={out}")
        return total(out) / 1000


def add_instructions(figures: Figures) -> None:
    """Add the instructions of every scenario that was measured."""
    names = {name for found in figures.values() for name in found} & set(ALL)
    for name in sorted(names):
        # The published layer takes minutes for a thousand members here.
        events = {
            scenario: PLANS[scenario].instructions
            for scenario, found in figures.items()
            if scenario in PLANS and name in found and PLANS[scenario].instructions
            if scenario != "group-1000" or name == "ours"
        }
        for scenario, value in count_instructions(name, events).items() if events else ():
            figures[scenario][name]["instructions"] = value
    if "import" in figures:
        empty = import_instructions("")
        for name, found in figures["import"].items():
            found["instructions"] = import_instructions(name) - empty


COLUMNS = {
    "cpu": "CPU, µs",
    "lowest": "lowest 1 %, µs",
    "instructions": "instructions, thousands",
    "tasks": "tasks",
    "callbacks": "callbacks",
    "bytes": "bytes",
}
COMPARED = ("instructions", "cpu", "bytes")
BASES = {"raw": "x raw", "pydantic": "x pydantic", "published": "x fast-channels"}


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *([show(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"


def scenario_table(found: dict[str, dict[str, float]]) -> str:
    units = [unit for unit in COLUMNS if any(unit in one for one in found.values())]
    # What repeats best, of what both have.
    compared = {
        base: next(unit for unit in COMPARED if unit in found[base] and unit in found["ours"])
        for base in BASES
        if base in found
    }
    head = ["", *(COLUMNS[unit] for unit in units), *(BASES[base] for base in compared)]
    rows = [
        [
            TITLES[name],
            *(one.get(unit, "") for unit in units),
            *(one[unit] / found[base][unit] if unit in one else "" for base, unit in compared.items()),
        ]
        for name, one in found.items()
    ]
    return table(head, rows)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"{', '.join([*PLANS, 'import'])}")
    parser.add_argument("--quick", action="store_true", help="a fifth of the rounds")
    parser.add_argument("--large", action="store_true", help="with a group of 5000, which takes minutes")
    parser.add_argument("--instructions", action="store_true", help="count instructions with valgrind")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 when a gate of exact counts is missed"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to a file")
    given = parser.parse_args()
    unknown = set(given.scenarios) - {*PLANS, "import"}
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    if given.instructions and shutil.which("valgrind") is None:
        parser.error("valgrind is not on the PATH")
    if not given.scenarios:
        given.scenarios = [name for name in (*PLANS, "import") if given.large or name not in LARGE]
    return given


def main() -> int:
    given = arguments()
    figures: Figures = {}
    with ExitStack() as stack:
        names = {
            name for scenario in given.scenarios if scenario in PLANS for name in PLANS[scenario].contestants
        }
        workers = {name: stack.enter_context(worker(name)) for name in sorted(names | {"ours", "published"})}
        require_difference(workers.values())
        for scenario in given.scenarios:
            print(f"measuring {scenario} ...", file=sys.stderr)
            if scenario == "import":
                figures[scenario] = measure_import(given.quick)
            else:
                figures[scenario] = measure(workers, scenario, PLANS[scenario], given.quick)
    if given.instructions:
        print("counting instructions ...", file=sys.stderr)
        add_instructions(figures)
    for scenario, found in figures.items():
        title = PLANS[scenario].title if scenario in PLANS else "Import in a new process"
        print(f"\n## {title}\n\n{scenario_table(found)}")
    unit = "instructions" if given.instructions else "cpu"
    rows, sound = judge(figures, unit)
    print(f"\n## Gates (ratios in {unit})\n\n{table(['', 'must', 'stretch', 'measured', ''], rows)}")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if given.check and not sound else 0


if __name__ == "__main__":
    sys.exit(main())
