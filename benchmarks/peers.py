"""The interpreters of the contestants: the published fast-channels has the import name of this library."""

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

REQUIREMENTS = (
    "fast-channels[redis]==1.1.0",
    "chanx[fast-channels]==2.13.0",
    "channels>=4.3",
    "channels-redis>=4.3",
    "litestar>=2.15",
    "msgspec",
    "python-socketio>=5.12",
    "starlette>=0.46",
)

SHARED = ("pydantic", "redis", "uvicorn", "uvloop", "httptools", "websockets")
"""Packages that contestants of both environments use: they have to be the same."""

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".nox" / "bench-peers"

OURS = ("raw", "ours", "base")
"""Contestants that run in the interpreter of the runner."""


def requirements() -> list[str]:
    """Return what the peers need."""
    return [*REQUIREMENTS, *(f"{name}=={version(name)}" for name in SHARED)]


def peers_python() -> str:
    """Return the interpreter of the peers; its environment is made when it is not there yet."""
    python = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = FOLDER / "requirements"
    wanted = f"{sys.version}\n{requirements()}"
    if stamp.is_file() and stamp.read_text() == wanted:
        return str(python)
    shutil.rmtree(FOLDER, ignore_errors=True)
    uv = shutil.which("uv")
    venv = [uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
    pip = [uv, "pip", "install", "--python", str(python)] if uv else [str(python), "-m", "pip", "install"]
    for command in ([*venv, str(FOLDER)], [*pip, *requirements()]):
        subprocess.run(command, check=True, env=environment("peers"))
    stamp.write_text(wanted)
    return str(python)


def python_of(contestant: str) -> str:
    """Return the interpreter in which a contestant is installed."""
    return sys.executable if contestant in OURS else peers_python()


def environment(contestant: str) -> dict[str, str]:
    """Return the environment variables of a contestant; a search path to our sources is for us alone."""
    kept = {name: value for name, value in os.environ.items() if contestant in OURS or name != "PYTHONPATH"}
    # An import that compiles its modules says nothing, so all of them are compiled, and to the same place.
    for name in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"):
        kept.pop(name, None)
    return {**kept, "PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": str(FOLDER.with_name("bench-bytecode"))}
