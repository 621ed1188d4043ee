"""How text that a stranger chose is shown in errors and log lines: escaped, on one line, and short.

And how an object is named that may be anything: by its type, as its `repr()` may be a secret, or without its
address, which has no meaning for a reader and differs each time, so that one mistake fills the log.
"""

import re
import reprlib
from collections.abc import Callable

__all__ = ["kind_of", "plain_repr", "printable", "said", "shown"]

LIMIT = 80
"""How many characters of one value are shown."""

MAX_ERROR = 500
"""How many characters of an error's text are shown."""

MAX_MISTAKES = 20
"""Of more mistakes only the number is told: to describe one takes much longer than to make it."""


def shown(value: object, limit: int = LIMIT) -> str:
    """Return a value as it may be logged: ASCII without control characters, and cut.

    Args:
        value: A string or bytes, or anything else, of which the beginning is shown.
        limit: How many characters (bytes) of it are shown; fewer if many have to be escaped.
    """
    if isinstance(value, str | bytes):
        quoted = ascii(value[:limit])
        if len(quoted) > 3 * limit:
            # An escape has up to ten characters.
            return f"{quoted[: 3 * limit]}{quoted[-1]}…"
        return quoted + ("…" if len(value) > limit else "")
    text = ascii(_brief.repr(value))[1:-1]
    return text[:limit] + ("…" if len(text) > limit else "")


def printable(text: str, limit: int = LIMIT) -> str:
    """Return a string without quotes, on one line: what cannot be printed is escaped, and it is cut.

    For text that only quotes what a stranger chose, or usually is a plain name.

    Args:
        text: The string.
        limit: How many characters the result has at most, and an ellipsis.
    """
    # Cut before and after: an escape is longer than what it stands for.
    line = " ".join(text[: 2 * limit].split())
    if not line.isprintable():
        line = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)
    return line if len(line) <= limit and len(text) <= 2 * limit else line[:limit] + "…"


def plain_repr(value: object) -> str:
    """Return the `repr()` of a value without the addresses of objects.

    Args:
        value: Any object, of the application's own.
    """
    return _without_addresses(repr, value)


def said(error: BaseException, limit: int = MAX_ERROR) -> str:
    """Return an error as logs show it, on one line, because another process may have chosen its text.

    Args:
        error: The error.
        limit: How many characters of its text are shown.
    """
    # In quotes only if it needs them.
    text = _without_addresses(str, error)
    plain = text.isascii() and text.isprintable() and len(text) <= limit
    shown_text = text if plain else shown(text, limit)
    return f"{type(error).__name__}: {shown_text}" if text else type(error).__name__


def kind_of(value: object) -> str:
    """Return what a sentence calls an object whose `repr()` may be an address, or hold a password.

    Args:
        value: Any object.
    """
    if value is None or isinstance(value, type):
        return "None" if value is None else f"the class {value.__qualname__}"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


_ADDRESS = re.compile(" at 0x[0-9A-Fa-f]+")


def _without_addresses(text_of: Callable[[object], str], value: object) -> str:
    try:
        return _ADDRESS.sub("", text_of(value))
    except Exception:
        # What is wrong with a value must not hide what is wrong with its use.
        return f"<{type(value).__name__}>"


class _Brief(reprlib.Repr):
    def repr_instance(self, x: object, level: int) -> str:  # the signature of the base class
        text = plain_repr(x)
        return text if len(text) <= self.maxother else f"{text[: self.maxother - 3]}..."


_brief = _Brief()
_brief.maxother = _brief.maxlong = LIMIT
