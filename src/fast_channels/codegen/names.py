"""Names of what is generated, so that no two things of an application share one."""

from collections import Counter
from collections.abc import Iterable

from fast_channels.exceptions import SchemaError

__all__ = ["full_name", "short_names"]


def full_name(thing: type) -> str:
    """Return the name of a class with that of its module."""
    return f"{thing.__module__}.{thing.__name__}"


def short_names(full_names: Iterable[str]) -> dict[str, str]:
    """Return for each full name the shortest end that tells it from the others: `Chat`, or `rooms.Chat`.

    Raises:
        SchemaError: Two full names are the same.
    """
    names = [*full_names]
    for name, count in Counter(names).items():
        if count > 1:
            raise SchemaError(
                f"{count} different classes have the name {name}; use one command and one folder for each"
            )
    ends = Counter(end for name in names for end in _ends(name))
    # A name that is the end of another one stays as it is.
    return {name: next((end for end in _ends(name) if ends[end] == 1), name) for name in names}


def _ends(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[-count:]) for count in range(1, len(parts) + 1)]
