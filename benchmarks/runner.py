"""Runs the scenarios: rounds of all contestants in turn, then valgrind."""

import datetime as dt
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.figures import Figures, Record, Rounds
from benchmarks.machine import load_average, this_machine, versions
from benchmarks.plans import IMPORT, IMPORTS, PLANS
from benchmarks.progress import Steps
from benchmarks.redis_server import redis_server
from benchmarks.span import Result
from benchmarks.workers import (
    Worker,
    count_instructions,
    import_instructions,
    import_microseconds,
    order,
    require_difference,
    worker,
)

EMPTY = "empty"
"""A process that imports nothing."""

COUNTED_IMPORTS = (EMPTY, "base", "ours", "published")
"""Whose instructions are counted while they are imported: a whole framework takes valgrind long."""

QUICK_SLOWNESS = 4
"""How many times fewer rounds a quick run has."""

IMPORT_ROUNDS = 10
LEFT_OUT_OF_QUICK = (
    "redis-encrypted",
    "redis-queue",
    "redis-idle",
    "redis-work",
    "redis-new-channel",
)


@dataclass(frozen=True)
class Run:
    """What is to be measured.

    Attributes:
        scenarios: Their names.
        quick: Whether there are few rounds.
        slow: Whether contestants take part that need minutes.
        valgrind: Whether instructions are counted.
    """

    scenarios: Sequence[str]
    quick: bool
    slow: bool
    valgrind: bool

    def rounds(self, rounds: int) -> int:
        return max(1, rounds // QUICK_SLOWNESS) if self.quick else rounds

    def contestants(self, scenario: str) -> list[str]:
        plan = PLANS[scenario]
        return [name for name in plan.contestants if self.slow or name not in plan.slow]

    def counted(self) -> dict[str, list[str]]:
        """Return the scenarios whose instructions are counted, by contestant."""
        found: dict[str, list[str]] = {}
        for scenario in self.scenarios if self.valgrind else ():
            plan = PLANS.get(scenario)
            for name in self.contestants(scenario) if plan and plan.instructions else ():
                found.setdefault(name, []).append(scenario)
        return found

    def steps(self) -> int:
        plans = [(PLANS[name], len(self.contestants(name))) for name in self.scenarios if name in PLANS]
        steps = sum(self.rounds(plan.rounds) * n + plan.counted * n for plan, n in plans)
        steps += len(self.counted())
        if IMPORT in self.scenarios:
            steps += self.rounds(IMPORT_ROUNDS) * (len(IMPORTS) + 1)
            steps += len(COUNTED_IMPORTS) * self.counts_imports
        return steps

    @property
    def counts_imports(self) -> bool:
        return self.valgrind and IMPORT in self.scenarios


def measure(run: Run, workers: dict[str, Worker], url: str, steps: Steps) -> Figures:
    """Let all contestants of each scenario run in turn."""
    figures: Figures = {}
    for scenario in run.scenarios:
        if scenario == IMPORT:
            figures[scenario] = measure_import(run.rounds(IMPORT_ROUNDS), steps)
            continue
        plan, contestants = PLANS[scenario], run.contestants(scenario)
        found: dict[str, dict[str, Rounds]] = {name: {} for name in contestants}
        figures[scenario] = found
        for number in range(run.rounds(plan.rounds)):
            for name in contestants:
                if number == 0 or name not in plan.slow:
                    steps.begin(f"{scenario}: {name}")
                    add(found[name], workers[name].obey(order(scenario, url=url)))
                steps.done()
        for name in contestants if plan.counted else ():
            counts = order(scenario)
            counts["meter"] = "counts"
            counts["events"] = max(100, plan.events)
            add(found[name], workers[name].obey(counts))
            steps.done()
    return figures


def add(found: dict[str, Rounds], result: Result) -> None:
    """Add what a round has measured; four digits are more than there is to know."""
    for unit, value in result.items():
        found.setdefault(unit, []).append(float(f"{value:.4g}"))


def measure_import(rounds: int, steps: Steps) -> dict[str, dict[str, Rounds]]:
    """Measure what imports take in a new process, less what an empty one takes."""
    found: dict[str, dict[str, Rounds]] = {name: {} for name in IMPORTS}
    for name in (EMPTY, *IMPORTS):  # Compiles their modules.
        import_microseconds(name)
    for _ in range(rounds):
        empty = import_microseconds(EMPTY)
        steps.done()
        for name, values in found.items():
            steps.begin(f"import: {name}")
            add(values, {"cpu": import_microseconds(name) - empty})
            steps.done()
    return found


def add_instructions(run: Run, figures: Figures, steps: Steps) -> None:
    """Add the instructions of what was measured; processes side by side do not disturb that."""

    def count(name: str, scenarios: Sequence[str]) -> None:
        steps.begin(f"counting instructions: {name}")
        for scenario, value in count_instructions(name, scenarios).items():
            add(figures[scenario][name], {"instructions": value})
        steps.done()

    def count_import(name: str) -> float:
        steps.begin(f"counting instructions: import {name}")
        value = import_instructions(name)
        steps.done()
        return value

    with ThreadPoolExecutor() as threads:
        waiting = [threads.submit(count, *item) for item in run.counted().items()]
        names = COUNTED_IMPORTS if run.counts_imports else ()
        imports = {name: threads.submit(count_import, name) for name in names}
        for future in waiting:
            future.result()
        values = {name: future.result() for name, future in imports.items()}
    for name in values.keys() & {*IMPORTS}:
        add(figures[IMPORT][name], {"instructions": values[name] - values[EMPTY]})


def perform(run: Run) -> Record:
    """Measure everything that a run has."""
    before = load_average()
    with ExitStack() as stack:
        names = {
            name for scenario in run.scenarios if scenario in PLANS for name in run.contestants(scenario)
        }
        needs_redis = any(PLANS[one].meter == "redis" for one in run.scenarios if one in PLANS)
        url = stack.enter_context(redis_server()) if needs_redis else ""
        workers = {name: stack.enter_context(worker(name)) for name in sorted(names | {"ours", "published"})}
        require_difference(workers.values())
        steps = stack.enter_context(Steps(run.steps()))
        figures = measure(run, workers, url, steps)
        add_instructions(run, figures, steps)
    return Record(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        machine=this_machine(before),
        versions=versions(),
        figures=figures,
    )
