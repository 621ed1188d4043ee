"""What is found, and where."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from types import FunctionType

__all__ = ["CODES", "Finding", "finding"]

CODES: Mapping[str, str] = {
    "FC001": "another distribution of the same import name is installed",
    "FC101": "the annotation of a handler cannot be resolved",
    "FC102": "the annotation of a handler cannot be validated into",
    "FC103": "an event has no `type` literal",
    "FC104": "a handler takes events that are sent to another name",
    "FC105": "a handler takes events that are sent to a name without a handler",
    "FC106": "the type of an event is the name of a method of the library",
    "FC107": "a method has the name of a handler and is none",
    "FC108": "a method that the library awaits is not `async def`",
    "FC109": "a method does not take the arguments that the library passes",
    "FC201": "the messages of a consumer cannot be resolved",
    "FC202": "the messages of a consumer cannot be validated",
    "FC203": "nothing tells the messages of clients apart",
    "FC204": "two messages have the same tag",
    "FC205": "a message cannot be written as JSON, or has no JSON Schema",
    "FC206": "a message carries bytes that may not be UTF-8",
    "FC207": "clients may send messages, and nothing handles them",
    "FC208": "the methods that receive messages are not one for each",
    "FC301": "there are groups and no channel layer",
    "FC302": "`groups` is a text",
    "FC303": "the name of a group is not valid",
    "FC304": "the channel layer is not registered",
    "FC305": "the constructor does not take the arguments of `as_asgi()`",
    "FC306": "`Params` is no model, or not a complete one",
}
"""What can be found: the code of each kind, and what it is about."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that would fail, or not happen, at run time.

    Attributes:
        code: Its kind, a key of `CODES`.
        subject: The class or method that it is about, with its module.
        message: What is wrong and what would be right.
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
