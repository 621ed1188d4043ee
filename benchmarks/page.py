"""The page of the documentation, and the files from which it is written."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from benchmarks import report
from benchmarks.figures import LoadRecord, Machine, Record
from benchmarks.gates import MISSED, NOT_MEASURED, Finding, judge

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "docs" / "benchmarks.md"
PICTURES: Final = ROOT / "docs" / "benchmarks"
FIGURES: Final = PICTURES / "figures.json"
LOAD: Final = PICTURES / "load.json"


def compact_json(record: BaseModel) -> str:
    """Return a record as JSON, with the rounds of a figure on one line."""
    text = json.dumps(record.model_dump(mode="json"), indent=1)
    one_line = re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", text)
    return f"{one_line}\n"


def stored() -> tuple[Record, LoadRecord | None]:
    """Return the figures of the last runs."""
    record = Record.model_validate_json(FIGURES.read_bytes())
    return record, LoadRecord.model_validate_json(LOAD.read_bytes()) if LOAD.exists() else None


def store(file: Path, record: BaseModel) -> None:
    """Write a record into a file."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(compact_json(record), encoding="utf-8")


def write() -> None:
    """Write the page and its pictures from what is stored; without figures there is none."""
    if FIGURES.exists():
        from benchmarks import plots  # Late: a library that takes time to import, and is not everywhere.

        record, load = stored()
        PAGE.write_text(text(record, load), encoding="utf-8")
        plots.draw(record, load, PICTURES)


def text(record: Record, load: LoadRecord | None) -> str:
    """Return the page of the documentation."""
    findings = judge(record.figures)
    parts = [
        _INTRODUCTION,
        _where(record.date, record.machine, record.versions),
        f"## Gates\n\n{_summary(findings)}\n\n{_GATES.strip()}\n\n{report.gates(findings)}",
        _PICTURES,
        f"## All figures\n\n{_FIGURES.strip()}\n\n{report.scenarios(record.figures, 3)}",
        *([_load(load)] if load else []),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _where(date: str, machine: Machine, versions: Mapping[str, str]) -> str:
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    before, after = machine.load
    return (
        f"* Measured on {date}.\n"
        f"* Machine: {machine.cpu}, {machine.cores} cores, {machine.memory} GiB; {machine.system}.\n"
        f"* Load average before and after, on {machine.cores} cores: {before} and {after}.\n"
        f"* Versions: {listed}."
    )


def _summary(findings: Sequence[Finding]) -> str:
    missed = [one.gate.name for one in findings if one.verdict == MISSED]
    unknown = [one.gate.name for one in findings if one.verdict == NOT_MEASURED]
    text = f"{len(findings) - len(missed) - len(unknown)} of {len(findings)} gates are reached."
    if missed:
        text += f" **Missed:** {'; '.join(missed)}."
    if unknown:
        text += f" Not measured: {'; '.join(unknown)}."
    return text


def _load(load: LoadRecord) -> str:
    return "\n\n".join(
        [
            _LOAD.strip(),
            _where(load.date, load.machine, load.versions),
            report.load_table(load),
            "![Memory, tasks and latency over time](benchmarks/load.svg)",
            _ACCOUNTS.strip(),
            report.accounts(load.accounts),
        ]
    )


_INTRODUCTION = """
# Benchmarks

This page compares the CPU time and memory of this library with other libraries. `nox -s bench` measures them
and writes this page; with `-- --quick` it takes less than three minutes and only prints the tables.
`nox -s load -- --long` measures the last part, a server under load.

This library validates everything that it receives and sends. The method of measurement:

* Each library runs in a separate process. In each round, all of them handle the same events, one after the
  other. The tables show the median of the rounds, and p10 and p90 of noisy figures.
* Instructions are counted by callgrind; a repeated count differs by a few tenths of a percent on any machine.
  CPU time is that of the process. Waiting does not count, except in latencies.
* "Raw ASGI" is a hand-written application without a library, with the same driver. Its typed JSON is
  validated by pydantic in both directions, too.
* Each event arrives through the event loop. An echo uses 20 concurrent connections, because with a single one
  the turns of the event loop would dominate.
* For Redis, `receive()` is compared with `receive()`, and consumers with consumers.
* Bytes and instructions include those of the driver, which are the same for all.
"""

_GATES = """
A gate is a target. Most compare with raw ASGI or with another library: 0.33 is a third of its work. "Peers"
contains the results of others in the same comparison. If a gate of counts, instructions or bytes is missed,
the session `bench` fails; gates of CPU time and of milliseconds depend on the load of the machine, and are
only reported.
"""

_PICTURES = """
## At a glance

![Instructions per event, beside the peers](benchmarks/instructions.svg)

![CPU time of a delivery over the number of members](benchmarks/delivery.svg)

![Latency behind uvicorn](benchmarks/latency.svg)

![Memory of an idle consumer](benchmarks/memory.svg)
"""

_FIGURES = """
The figures are for one event: an echoed frame, a request, a connection, or a delivery to one member. A
callback is any callback that the event loop runs.
"""

_LOAD = """
## Under load

uvicorn runs in one process and its clients in another, on the same cores. Every consumer has a memory layer
and is a member of a group. Each busy consumer gets typed JSON once a second and answers, and each second one
message is sent to all of them. The other consumers are idle. A latency counts from the time at which a client
was to ask, and includes whatever else the machine was busy with: see the load average.
"""

_ACCOUNTS = """
Two servers in two processes share one Redis, and both send numbered messages to one group: once at full
rate, as fast as `group_send()` returns, and once at a fixed rate. A message that a member did not get must
be counted in a `ChannelGap` of this member.
"""
