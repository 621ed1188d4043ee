"""The processes of the contestants, seen from the runner; and valgrind around them."""

import json
import resource
import subprocess
import tempfile
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.orders import Order
from benchmarks.peers import ROOT, environment, python_of
from benchmarks.plans import IMPORTS, PLANS
from benchmarks.span import Result

CALLGRIND = ("valgrind", "-q", "--tool=callgrind")


class Worker:
    """The process of a contestant."""

    def __init__(self, name: str, prefix: Sequence[str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [*prefix, python_of(name), "-m", "benchmarks.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(name),
            cwd=ROOT,
        )
        self.file = self._answer().get("file")

    def obey(self, order: Order) -> Result:
        """Return what the worker has measured."""
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._answer()

    def end(self) -> None:
        """Let it end, and wait for that."""
        self._process.communicate()

    def _answer(self) -> Result:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            # Peers log to their standard output.
            if line.startswith("{"):
                answer: Result = json.loads(line)
                return answer
        raise SystemExit(f"the process of {self.name} ended")


@contextmanager
def worker(name: str, *prefix: str) -> Generator[Worker]:
    """Start the process of a contestant."""
    started = Worker(name, prefix)
    try:
        yield started
    finally:
        started.end()


def order(scenario: str, *, marks: bool = False, url: str = "") -> Order:
    """Return what is to be said to a worker for a round of a scenario."""
    plan = PLANS[scenario]
    return Order(
        meter=plan.meter,
        scenario=plan.subject or scenario,
        events=plan.instructions if marks else plan.events,
        marks=marks,
        uvloop=plan.uvloop,
        url=url,
    )


def require_difference(workers: Iterable[Worker]) -> None:
    """Refuse to compare an interpreter with itself."""
    files = {one.name: one.file for one in workers}
    if files["ours"] == files["published"]:
        raise SystemExit(f"both contestants are {files['ours']}; install this library where this runs")


def count_instructions(name: str, scenarios: Sequence[str]) -> dict[str, float]:
    """Run scenarios under valgrind, and return the thousands of instructions of an event."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        with worker(
            name, *CALLGRIND, "--instr-atstart=no", "--dump-before=getppid", f"--callgrind-out-file={out}"
        ) as one:
            for scenario in scenarios:
                one.obey(order(scenario, marks=True))
        # The worker marks the beginning and the end of each: part 1 is what came before the first.
        return {
            scenario: total(out.with_suffix(f".{2 * index + 2}").read_text())
            / PLANS[scenario].instructions
            / 1000
            for index, scenario in enumerate(scenarios)
        }


def total(text: str) -> int:
    """Return the instructions that a file of callgrind has in all.

    Raises:
        ValueError: It has no such line.
    """
    for line in text.splitlines():
        if line.startswith("totals:"):
            return int(line.split()[1])
    raise ValueError("callgrind has written no totals")


def import_microseconds(name: str) -> float:
    """Return the CPU time of a process that imports what a contestant imports, and ends."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _import(name)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e6


def import_instructions(name: str) -> float:
    """Return the thousands of instructions of such a process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        _import(name, *CALLGRIND, f"--callgrind-out-file={out}")
        return total(out.read_text()) / 1000


def _import(name: str, *prefix: str) -> None:
    command = [*prefix, python_of(name), "-c", IMPORTS.get(name, "pass")]
    subprocess.run(command, check=True, env=environment(name))
