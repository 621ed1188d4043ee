"""The only module of this room that touches files."""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

from .dicts import dicts_module
from .documents import protocol_document
from .stubs import stubs

OWNED = ("schemas", "stubs")
"""Folders in which every file is generated, but for a README."""


def outputs() -> dict[str, str]:
    """Return every generated file: its path in the repository and its text."""
    return {
        "docs/protocol.md": protocol_document(),
        "src/fast_channels/events/dicts.py": dicts_module(),
        **stubs(),
    }


def differences(root: Path, files: Mapping[str, str]) -> Iterator[str]:
    """Yield a readable difference for every file that is missing, different or superfluous.

    Args:
        root: The repository.
        files: What should be there, as `outputs` returns it.
    """
    for name in sorted(files.keys() | _present(root)):
        path = root / name
        current = path.read_text(encoding="utf-8") if path.exists() else None
        if current != files.get(name):
            yield _difference(name, current, files.get(name))


def write(root: Path, files: Mapping[str, str]) -> None:
    """Write every generated file, and delete what is left over in the folders that hold nothing else.

    Args:
        root: The repository.
        files: What should be there, as `outputs` returns it.
    """
    for name in _present(root) - files.keys():
        (root / name).unlink()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _present(root: Path) -> set[str]:
    found = (path for folder in OWNED for path in (root / folder).rglob("*"))
    return {
        path.relative_to(root).as_posix() for path in found if path.is_file() and path.name != "README.md"
    }


def _difference(name: str, current: str | None, text: str | None) -> str:
    kind = "missing" if current is None else "superfluous" if text is None else "not up to date"
    before, after = ((content or "").splitlines(keepends=True) for content in (current, text))
    return "".join([f"{name} is {kind}\n", *unified_diff(before, after, "now", "generated")])


def main(arguments: Sequence[str]) -> int:
    """Write the generated files into the repository, or check them.

    Args:
        arguments: `--check` to write nothing and print what is not up to date.

    Returns:
        The exit status: 1 when a check found a difference.
    """
    parser = argparse.ArgumentParser(
        prog="python -m fast_channels.codegen",
        description="Write the generated files into the repository that is the current directory.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; print what is not up to date")
    check: bool = parser.parse_args(arguments).check
    if not check:
        write(Path.cwd(), outputs())
        return 0
    found = [*differences(Path.cwd(), outputs())]
    sys.stdout.writelines(found)
    return 1 if found else 0
