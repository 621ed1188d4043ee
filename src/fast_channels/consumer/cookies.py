"""Reads the cookies of a connection. RFC 6265, section 5.4."""

import re
from collections.abc import Iterable

__all__ = ["parse_cookies"]

_ESCAPED = re.compile(r"\\(?:([0-3][0-7]{2})|(.))")


def parse_cookies(headers: Iterable[str]) -> dict[str, str]:
    """Return the cookies that the headers `Cookie` of a connection hold; of one name the last.

    A value in quotes loses them, as `http.cookies` writes what a cookie may not contain.

    Args:
        headers: The values of the headers; HTTP/2 may split one into several.
    """
    cookies: dict[str, str] = {}
    for pair in ";".join(headers).split(";"):
        name, equals, value = pair.partition("=")
        # Browsers send a cookie without a name so.
        name, value = (name, value) if equals else ("", name)
        if name.strip() or value.strip():
            cookies[name.strip()] = _unquoted(value.strip())
    return cookies


def _unquoted(value: str) -> str:
    if len(value) < 2 or not value.startswith('"') or not value.endswith('"'):
        return value
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)) if found[1] else found[2], value[1:-1])
