"""The errors of pydantic, in a form that can be shown and logged."""

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import ValidationError
from pydantic.errors import PydanticErrorMixin

from fast_channels.untrusted import MAX_MISTAKES, printable

MAX_REASON = 200
"""How many characters of a reason are shown; it may quote the value, which may have any length."""

MAX_SENTENCE = 600
"""How many characters all reasons together have."""


POSITION: Final = "position"
"""The name of the function that tells arrays apart, which is part of what pydantic says."""

_ABOUT_POSITIONS: Mapping[str, str] = {
    f" found using {POSITION}()": "",
    f"Unable to extract tag using discriminator {POSITION}()": "Input should be an array with a tag",
}


def failed_places(error: ValidationError) -> list[tuple[str, str]]:
    """Return the path and the reason of everything that failed; the path is `""` for the whole value.

    Of more than 20 mistakes only the number is told.
    """
    count = error.error_count()
    if count > MAX_MISTAKES:
        return [("", f"{count} mistakes")]
    return [
        (path(item["loc"]), shortened(_plain(item["msg"])))
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def _plain(reason: str) -> str:
    for text, plain in _ABOUT_POSITIONS.items():
        reason = reason.replace(text, plain, 1)
    return reason


def path(location: Sequence[int | str]) -> str:
    """Return a location with dots between its steps, some of which a client may have chosen."""
    return printable(".".join(printable(str(step)) for step in location), MAX_REASON)


def sentence(error: ValidationError) -> str:
    """Return everything that failed on one line."""
    text = "; ".join(f"{path}: {reason}" if path else reason for path, reason in failed_places(error))
    return printable(text, MAX_SENTENCE)


def shortened(reason: str) -> str:
    """Return a reason on one line, and only its beginning if it is long."""
    return printable(reason, MAX_REASON)


def one_line(error: Exception) -> str:
    """Return what an error says, on one line, without what pydantic adds for those who extend it."""
    text = error.message.partition("\n\n")[0] if isinstance(error, PydanticErrorMixin) else str(error)
    return " ".join([f"{type(error).__name__}:", *text.split()])
