"""What is found, and where."""

import inspect
from dataclasses import dataclass
from types import FunctionType

__all__ = ["Finding", "finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake that would only be noticed at run time, or not at all.

    Attributes:
        code: Its kind, a key of `CODES`.
        subject: The class or method that it is about, with its module.
        message: What is wrong, and how to correct it.
        path: The file of the class or method, `None` if it has none.
        line: The line in that file, counted from 1, `None` if it is not known.
    """

    code: str
    subject: str
    message: str
    path: str | None
    line: int | None


def finding(code: str, about: type | FunctionType, message: str) -> Finding:
    """Return a finding about a class or a method, with its place."""
    path, line = _place_of_class(about) if isinstance(about, type) else _place_of_function(about)
    return Finding(code, f"{about.__module__}.{about.__qualname__}", message, path, line)


def _place_of_function(function: FunctionType) -> tuple[str | None, int | None]:
    return function.__code__.co_filename, function.__code__.co_firstlineno


def _place_of_class(cls: type) -> tuple[str | None, int | None]:
    try:
        return inspect.getsourcefile(cls), inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        # It was not made by a class statement in a file.
        return None, None
