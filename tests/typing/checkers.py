"""Runs both type checkers on files as a user would who has installed the library."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shutil import copytree
from sysconfig import get_path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).parents[2]
DISTRIBUTION = "fast-channels-typed"


class Line(NamedTuple):
    """A line of a file, counted from 1."""

    file: str
    number: int


def interpreter(folder: Path) -> Path:
    """Return an interpreter in whose environment the library is installed.

    That is the one that runs the tests, or else one that is made like that of an editable checkout.

    Args:
        folder: Where to make it; it does not exist yet.
    """
    try:
        distribution(DISTRIBUTION)
    except PackageNotFoundError:
        venv.create(folder, symlinks=True)
        places = [REPOSITORY / "src", REPOSITORY / "stubs", get_path("purelib")]
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "places.pth").write_text("".join(f"{place}\n" for place in places))
        return folder / "bin" / "python"
    return Path(sys.executable)


class Checked(NamedTuple):
    """What both checkers said of a folder: for each line their messages."""

    mypy: dict[Line, str]
    pyright: dict[Line, str]


def check(sources: Iterable[Path], folder: Path) -> Checked:
    """Check folders of Python files with both checkers, strict and with no other configuration.

    Args:
        sources: The folders.
        folder: An empty folder, outside the repository so that nothing is found but what is installed.
    """
    python = interpreter(folder / "environment")
    files = folder / "files"
    for source in sources:
        copytree(source, files / source.name)
    return Checked(_mypy(python, files), _pyright(python, files))


def _run(*command: str, cwd: Path) -> str:
    # A path that only this process was told must not help the checkers.
    environment = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "MYPYPATH"}
    }
    result = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode in {0, 1}, result.stdout + result.stderr
    return result.stdout


def _mypy(python: Path, files: Path) -> dict[Line, str]:
    cache = files.parent / "cache"
    arguments = (
        "--strict",
        "--output",
        "json",
        "--python-executable",
        str(python),
        "--cache-dir",
        str(cache),
    )
    found: list[dict[str, Any]] = [
        json.loads(line)
        for line in _run("mypy", *arguments, ".", cwd=files).splitlines()
        if line.startswith("{")
    ]
    return {Line(one["file"], one["line"]): one["message"] for one in found if one["severity"] == "error"}


def _pyright(python: Path, files: Path) -> dict[Line, str]:
    settings = {"typeCheckingMode": "strict", "reportUnusedExpression": False}
    (files / "pyrightconfig.json").write_text(json.dumps(settings))
    output = json.loads(_run("pyright", "--outputjson", "--pythonpath", str(python), cwd=files))
    found: list[dict[str, Any]] = output["generalDiagnostics"]
    return {
        Line(
            Path(one["file"]).relative_to(files.resolve()).as_posix(), one["range"]["start"]["line"] + 1
        ): one["message"]
        for one in found
        if one["severity"] == "error"
    }
