"""Every generated file of this repository, and the command that writes or checks all of them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fast_channels.codegen.schemas import asgi_schemas
from fast_channels.codegen.write import differences, write

from .dicts import dicts_module
from .documents import protocol_document
from .events import events_module
from .sizes import with_sizes
from .stubs import stubs

ROOT = Path(__file__).parents[2]
"""The repository in which this package is."""

ARCHITECTURE = "docs/architecture.md"
OWNED = ("schemas/**/*.json", "stubs/**/*.pyi", "stubs/**/py.typed")
"""Patterns of the files of the repository that are all generated."""


def outputs() -> dict[str, str]:
    """Return every generated file: its path in the repository and its text."""
    schemas = {f"schemas/{name}": text for name, text in asgi_schemas().items()}
    architecture = (ROOT / ARCHITECTURE).read_text(encoding="utf-8")
    return {
        ARCHITECTURE: with_sizes(architecture, ROOT / "src"),
        "docs/protocol.md": protocol_document(),
        "src/fast_channels/events/__init__.py": events_module(),
        "src/fast_channels/events/dicts.py": dicts_module(),
        **schemas,
        **stubs(),
    }


def main(arguments: Sequence[str]) -> int:
    """Write the generated files into the repository, or check them.

    Args:
        arguments: `--check` to write nothing and print what is not up to date.

    Returns:
        The exit status: 1 when a check found a difference.
    """
    parser = argparse.ArgumentParser(
        prog="python -m repository_files",
        description="Write the generated files into the repository that is the current directory.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; print what is not up to date")
    check: bool = parser.parse_args(arguments).check
    found = [*differences(Path.cwd(), outputs(), OWNED)]
    if not check:
        write(Path.cwd(), outputs(), OWNED)
        return 0
    sys.stdout.writelines(found)
    return 1 if found else 0
