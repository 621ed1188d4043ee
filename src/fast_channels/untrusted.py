"""How text that a stranger chose is shown in errors and log lines: escaped, on one line, and short."""

import reprlib

__all__ = ["shown"]

LIMIT = 80
"""How many characters of one value are shown."""


def shown(value: object, limit: int = LIMIT) -> str:
    """Return a value as it may be logged: ASCII without control characters, and cut.

    Args:
        value: A string or bytes, or anything else, of which the beginning is shown.
        limit: How many characters (bytes) of it are shown.
    """
    if isinstance(value, str | bytes):
        return ascii(value[:limit]) + ("…" if len(value) > limit else "")
    text = ascii(_brief.repr(value))[1:-1]
    return text[:limit] + ("…" if len(text) > limit else "")


_brief = reprlib.Repr()
_brief.maxother = _brief.maxlong = LIMIT
