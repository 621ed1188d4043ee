"""How text that a stranger chose is shown in errors and log lines: escaped, on one line, and short.

And how an object is named that may be anything: by its type, as its `repr()` may be an address or a secret.
"""

import reprlib

__all__ = ["kind_of", "printable", "shown"]

LIMIT = 80
"""How many characters of one value are shown."""

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


def kind_of(value: object) -> str:
    """Return what a sentence calls an object whose `repr()` may be an address, or hold a password.

    Args:
        value: Any object.
    """
    if value is None or isinstance(value, type):
        return "None" if value is None else f"the class {value.__qualname__}"
    name = type(value).__name__
    return f"an {name}" if name[0] in "aeiouAEIOU" else f"a {name}"


_brief = reprlib.Repr()
_brief.maxother = _brief.maxlong = LIMIT
