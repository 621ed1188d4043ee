"""The only module of this room that touches files; it removes nothing but what its caller says it owns."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from pathlib import Path


def differences(root: Path, files: Mapping[str, str], owned: Iterable[str] = ()) -> Iterator[str]:
    """Yield a readable difference for every file that is missing, different or superfluous.

    Args:
        root: The folder in which the files are.
        files: What should be there: the text of each file by its path in the folder.
        owned: Patterns, as `Path.glob` takes them, of files that are superfluous if they are not in `files`;
            without any, none is.
    """
    for name in sorted(files.keys() | _present(root, owned)):
        path = root / name
        current = path.read_text(encoding="utf-8") if path.exists() else None
        if current != files.get(name):
            yield _difference(name, current, files.get(name))


def write(root: Path, files: Mapping[str, str], owned: Iterable[str] = ()) -> None:
    """Write every generated file, and delete those of one's own that are left over.

    Args:
        root: The folder in which the files are.
        files: What should be there: the text of each file by its path in the folder.
        owned: Patterns, as `Path.glob` takes them, of files that are deleted if they are not in `files`;
            without any, none is.
    """
    for name in _present(root, owned) - files.keys():
        (root / name).unlink()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def bring_up_to_date(
    root: Path, files: Mapping[str, str], owned: Iterable[str] = (), *, only_check: bool = False
) -> list[str]:
    """Write every generated file, or return the differences and write nothing.

    Args:
        root: The folder in which the files are.
        files: What should be there: the text of each file by its path in the folder.
        owned: Patterns, as `Path.glob` takes them, of files that should not be there if not in `files`.
        only_check: Write nothing.

    Returns:
        What is not up to date, which is nothing after writing.
    """
    if only_check:
        return [*differences(root, files, owned)]
    write(root, files, owned)
    return []


def _present(root: Path, owned: Iterable[str]) -> set[str]:
    found = (path for pattern in owned for path in root.glob(pattern))
    return {path.relative_to(root).as_posix() for path in found if path.is_file()}


def _difference(name: str, current: str | None, text: str | None) -> str:
    kind = "missing" if current is None else "superfluous" if text is None else "not up to date"
    before, after = ((content or "").splitlines(keepends=True) for content in (current, text))
    return "".join([f"{name} is {kind}\n", *unified_diff(before, after, "now", "generated")])
