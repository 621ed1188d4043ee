"""The only module of this package that writes files; it deletes only those that match given patterns."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import unified_diff
from pathlib import Path


def differences(root: Path, files: Mapping[str, str], owned: Iterable[str] = ()) -> Iterator[str]:
    """Yield a diff for every file that is missing, different or superfluous.

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


def write(root: Path, files: Mapping[str, str], owned: Iterable[str] = ()) -> list[str]:
    """Write every generated file, and delete superfluous files that match the patterns.

    Args:
        root: The folder in which the files are.
        files: What should be there: the text of each file by its path in the folder.
        owned: Patterns, as `Path.glob` takes them, of files that are deleted if they are not in `files`;
            without any, none is.

    Returns:
        The paths of the deleted files.
    """
    deleted = sorted(_present(root, owned) - files.keys())
    for name in deleted:
        (root / name).unlink()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return deleted


def own_files(
    root: Path, files: Mapping[str, str], owned: Iterable[str], foreign: Callable[[str, str], str | None]
) -> list[str]:
    """Return the files that may be deleted, after a look at whose they are.

    Args:
        root: The folder in which the files are.
        files: What is to be written: the text of each file by its path in the folder.
        owned: Patterns, as `Path.glob` takes them, of files that belong to the same things.
        foreign: Is given the path and the text of a file that is there, and returns why it belongs to
            somebody else, or `None`.

    Returns:
        The paths of the files of `owned` that are there and belong to nobody else.

    Raises:
        FileExistsError: A file of somebody else is in the place of one that is to be written.
    """
    own: list[str] = []
    for name in sorted(_present(root, [*owned, *files])):
        reason = foreign(name, (root / name).read_text(encoding="utf-8", errors="replace"))
        if reason is None:
            own.append(name)
        elif name in files:
            raise FileExistsError(f"{root / name} {reason}")
    return own


def _present(root: Path, owned: Iterable[str]) -> set[str]:
    found = (path for pattern in owned for path in root.glob(pattern))
    return {path.relative_to(root).as_posix() for path in found if path.is_file()}


def _difference(name: str, current: str | None, text: str | None) -> str:
    kind = "missing" if current is None else "superfluous" if text is None else "not up to date"
    before, after = ((content or "").splitlines(keepends=True) for content in (current, text))
    return "".join([f"{name} is {kind}\n", *unified_diff(before, after, "now", "generated")])
