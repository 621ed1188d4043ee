"""Put a server under load for some time, and two servers with one Redis at full rate.

One server has idle clients and busy ones, in a process of their own; memory, tasks and latencies are
written down each second. Then two servers and one Redis: every message is numbered, and delivered to every
member of a group, or counted as lost. It ends with 1 if anything was lost without account. Short by
default; with --long it takes seven minutes, needs 11,000 open files in each of two processes, and writes
docs/benchmarks.md.
"""

import argparse
import datetime as dt
import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks import page, report
from benchmarks.figures import Account, LoadRecord, Sample
from benchmarks.load_clients import LoadOrder
from benchmarks.load_server import ServerOrder
from benchmarks.machine import load_average, this_machine, versions_here
from benchmarks.peers import ROOT, environment
from benchmarks.progress import Steps
from benchmarks.redis_server import redis_server

SHORT = {"idle": 500, "busy": 100, "seconds": 6.0, "members": 10, "redis_seconds": 2.0}
LONG = {"idle": 10_000, "busy": 1000, "seconds": 300.0, "members": 50, "redis_seconds": 20.0}

RATES = {"full": 0.0, "paced": 50.0}
"""Messages a second of each server; 0: as fast as it can."""

SPARE_FILES = 200
"""What a process has open besides its connections."""


class Process:
    """A server or the clients: it answers lines with lines."""

    def __init__(self, module: str, order: object) -> None:
        self._name = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"benchmarks.{module}", json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment("ours"),
            cwd=ROOT,
        )

    def say(self, line: str) -> None:
        """Write a line."""
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)

    def hear(self) -> dict[str, float]:
        """Return what the next line says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"the process of {self._name} ended")
        found: dict[str, float] = json.loads(line)
        return found

    def ask(self, line: str) -> dict[str, float]:
        """Write a line, and return what the answer says."""
        self.say(line)
        return self.hear()

    def end(self) -> None:
        """Let it end, and wait for that."""
        self._process.communicate()


@contextmanager
def process(module: str, order: object) -> Generator[Process]:
    """Start a process, and end it."""
    started = Process(module, order)
    try:
        yield started
    finally:
        started.end()


def require_files(connections: int) -> None:
    """Raise the limit of open files as far as it is needed and allowed, or end."""
    if sys.platform == "win32":
        return  # It has no such limit.
    import resource  # It is not there on Windows.

    needed = connections + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft in range(needed):
        if hard in range(needed):
            raise SystemExit(
                f"{connections} connections need {needed} open files in a process, and {hard} are allowed: "
                f"raise that (ulimit -Hn {needed}, or LimitNOFILE of a service), or ask for fewer clients "
                "(--idle, --busy)"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def under_load(idle: int, busy: int, seconds: float, steps: Steps) -> tuple[list[Sample], int]:
    """Return a sample for each second, and how many messages or clients were lost."""
    samples: list[Sample] = []
    with process("load_server", ServerOrder(sender=0, url="")) as server:
        port = int(server.hear()["port"])
        steps.begin(f"{idle + busy} clients connect")
        order = LoadOrder(ports=[port], idle=idle, busy=busy, members=0, seconds=seconds)
        with process("load_clients", order) as clients:
            clients.hear()
            while "missing" not in (heard := clients.hear()):
                at_server = server.ask("sample")
                samples.append(
                    Sample(
                        second=round(heard["second"], 1),
                        memory=round(at_server["memory"], 1),
                        tasks=int(at_server["tasks"]),
                        answers=int(heard["answers"]),
                        p50=float(f"{heard['p50']:.3g}"),
                        p99=float(f"{heard['p99']:.3g}"),
                    )
                )
                steps.begin(f"under load: p99 {heard['p99']:.1f} ms, {at_server['memory']:.0f} MiB")
                steps.done()
    return samples, int(heard["missing"] + heard["left"])


def between_servers(rate: str, members: int, seconds: float, url: str, steps: Steps) -> Account:
    """Return what has become of the messages of two servers."""
    steps.begin(f"two servers and one Redis, {rate} rate")
    with ExitStack() as stack:
        servers = [
            stack.enter_context(process("load_server", ServerOrder(sender=n, url=url))) for n in range(2)
        ]
        ports = [int(server.hear()["port"]) for server in servers]
        order = LoadOrder(ports=ports, idle=0, busy=0, members=members, seconds=0)
        clients = stack.enter_context(process("load_clients", order))
        clients.hear()
        before = sum(server.ask("sample")["cpu"] for server in servers)
        for server in servers:
            server.say(f"publish {seconds} {RATES[rate]}")
        sent = int(sum(server.hear()["sent"] for server in servers))
        found = {name: int(value) for name, value in clients.ask(json.dumps({"sent": sent})).items()}
        used = sum(server.ask("sample")["cpu"] for server in servers) - before
    steps.done()
    return Account(
        seconds=seconds,
        members=2 * members,
        sent=sent,
        delivery=float(f"{used / max(1, found['delivered']) * 1e6:.3g}"),
        **found,
    )


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        "nox -s load --", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--long", action="store_true", help="10,000 idle and 1,000 busy clients for five minutes"
    )
    parser.add_argument("--idle", type=int, help="clients that do nothing")
    parser.add_argument("--busy", type=int, help="clients that ask once a second")
    parser.add_argument("--seconds", type=float, help="for how long")
    parser.add_argument(
        "--members", type=int, help="members of the group at each of the two servers with one Redis"
    )
    parser.add_argument("--redis-seconds", type=float, help="for how long these send, at each rate")
    found = parser.parse_args(given)
    for name, value in (LONG if found.long else SHORT).items():
        if getattr(found, name) is None:
            setattr(found, name, value)
    return found


def perform(given: argparse.Namespace) -> tuple[LoadRecord, int]:
    """Run everything, and return the record, and how many messages were lost without account."""
    before = load_average()
    with Steps(int(given.seconds) + len(RATES)) as steps, redis_server() as url:
        samples, lost = under_load(given.idle, given.busy, given.seconds, steps)
        accounts = {
            rate: between_servers(rate, given.members, given.redis_seconds, url, steps) for rate in RATES
        }
    record = LoadRecord(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        machine=this_machine(before),
        versions=versions_here(),
        idle=given.idle,
        busy=given.busy,
        samples=samples,
        accounts=accounts,
    )
    return record, lost + sum(one.missing + one.disorder for one in accounts.values())


def main(given: argparse.Namespace) -> int:
    """Run, print, and write the page after a long run."""
    require_files(given.idle + given.busy)
    record, lost = perform(given)
    print(f"{report.load_table(record)}\n")
    print(report.accounts(record.accounts))
    if given.long:
        page.store(page.LOAD, record)
        page.write()
    if lost:
        print(f"{lost} messages or clients were lost without account", file=sys.stderr)
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main(arguments(sys.argv[1:])))
