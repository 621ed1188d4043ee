"""Where the benchmark runs, and with which versions: nothing that says whose machine it is."""

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.figures import Machine
from benchmarks.peers import environment, python_of

SERVING = ("pydantic", "uvicorn", "uvloop", "websockets", "redis")
"""Distributions that take part with this library, and are of the same version for all contestants."""

PEERS = (
    *("fast-channels", "channels", "channels-redis", "chanx", "starlette", "litestar", "msgspec"),
    "python-socketio",
)

_ASK = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def load_average() -> float:
    """Return how many processes wanted a core during the last minute."""
    return round(os.getloadavg()[0], 1)


def this_machine(load_before: float) -> Machine:
    """Return what may be said of this machine."""
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        memory=round(psutil.virtual_memory().total / 2**30),
        system=_system(),
        load=(load_before, load_average()),
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        name = platform.platform(terse=True)
    return f"{name}, kernel {platform.release().partition('-')[0]}, {platform.machine()}"


def versions_here() -> dict[str, str]:
    """Return the versions of Python, this library, and what it runs with."""
    return {
        "Python": platform.python_version(),
        "this library": f"{version('fast-channels-typed')}{_commit()}",
        **{name: version(name) for name in SERVING},
    }


def versions() -> dict[str, str]:
    """Return these, and those of the peers."""
    command = [python_of("published"), "-c", _ASK, *PEERS]
    peers = subprocess.run(command, env=environment("published"), check=True, stdout=subprocess.PIPE)
    return {**versions_here(), **json.loads(peers.stdout)}


def _commit() -> str:
    """Return the last commit of the source, if this is a checkout."""
    command = ["git", "log", "-1", "--format=%h", "--", "src"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f" ({done.stdout.strip()})" if done.stdout else ""
