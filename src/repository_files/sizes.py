"""Writes into the table of docs/architecture.md how big the biggest file of each package is."""

import re
from pathlib import Path

HEAD = "| package | contains | must not | biggest file |\n"
STEP = 50
"""Lines are rounded up to a multiple of it, so that hardly a change of the source is one of the document."""

_ROW = re.compile(r"^(\| `([\w./]+)` \|[^|\n]*\|[^|\n]*\|).*$", re.MULTILINE)
_GENERATED = re.compile(r"^Written .*`nox -s generate`", re.MULTILINE)


def with_sizes(document: str, source: Path) -> str:
    """Return the document with the last column of its table as the source has it.

    Args:
        document: The text, in which there is one table with the heading `HEAD`.
        source: The folder of `fast_channels` and of packages that stand beside it.
    """
    before, head, after = document.partition(HEAD)
    table, gap, rest = after.partition("\n\n")
    return "".join(
        [before, head, _ROW.sub(lambda row: f"{row[1]} {_size(row[2], source)} |", table), gap, rest]
    )


def _size(name: str, source: Path) -> str:
    """Return which file of a package, or which module, has most lines of those that people write."""
    place = next((path for path in (source / "fast_channels" / name, source / name) if path.exists()), None)
    if place is None:
        return "not there"
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    texts = {file: file.read_text(encoding="utf-8") for file in files}
    sizes = {file: len(text.splitlines()) for file, text in texts.items() if not _GENERATED.search(text)}
    biggest = max(sizes, key=lambda file: sizes[file])
    shown = biggest.name if place.is_file() else biggest.relative_to(place).as_posix()
    return f"`{shown}` {-(-sizes[biggest] // STEP) * STEP}"
