"""Compare this library with its peers: the same events, the same machine, the same minute.

Every contestant is a process; the peers get an environment of their own, made at the first run. In each
round all of them run a few events, one after the other. Times are noisy on a busy machine; instructions (of
valgrind, where it is installed) and counts are not, so a gate of theirs that is missed is a failure. A run
of everything writes docs/benchmarks.md, its plots and its figures.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import page, report
from benchmarks.gates import judge
from benchmarks.plans import IMPORT, PLANS
from benchmarks.runner import LEFT_OUT_OF_QUICK, Run, perform


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says."""
    known = [*PLANS, IMPORT]
    parser = argparse.ArgumentParser(
        "nox -s bench --", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=", ".join(known))
    parser.add_argument("--quick", action="store_true", help="fewer rounds, in less than three minutes")
    parser.add_argument(
        "--slow", action="store_true", help="with contestants that take minutes for a group of 5000"
    )
    parser.add_argument("--no-valgrind", action="store_true", help="do not count instructions")
    parser.add_argument(
        "--page", action="store_true", help="write the page anew from its figures, and no more"
    )
    parser.add_argument(
        "--write", action="store_true", help="write the page, although the run is not complete"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to this file, too")
    found = parser.parse_args(given)
    unknown = {*found.scenarios} - {*known}
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return found


def run_of(given: argparse.Namespace) -> Run:
    """Return what is to be measured, by what the command line says."""
    everything = [one for one in (*PLANS, IMPORT) if not (given.quick and one in LEFT_OUT_OF_QUICK)]
    valgrind = not given.no_valgrind and shutil.which("valgrind") is not None
    if not valgrind:
        print(
            "without valgrind no instructions are counted, and their gates are not measured", file=sys.stderr
        )
    return Run(given.scenarios or everything, given.quick, given.slow, valgrind)


def main(given: argparse.Namespace) -> int:
    """Measure, print, and write the page if everything was measured."""
    if given.page:
        page.write()
        return 0
    run = run_of(given)
    record = perform(run)
    print(report.scenarios(record.figures))
    findings = judge(record.figures)
    print(f"\n## Gates\n\n{report.gates(findings)}")
    if given.json:
        given.json.write_text(page.compact_json(record))
    complete = not run.quick and not given.scenarios and run.valgrind
    if complete or given.write:
        page.store(page.FIGURES, record)
        page.write()
    failures = [one.gate.name for one in findings if one.is_failure]
    print("\n".join(f"missed: {name}" for name in failures), file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(arguments(sys.argv[1:])))
