"""Headers as applications give them."""

from collections.abc import Iterable, Mapping
from typing import Any

JSON_HEADERS = [(b"content-type", b"application/json")]


def header_pairs(
    headers: Iterable[tuple[bytes, bytes]] | Mapping[bytes, bytes] | None,
) -> Any:
    """Return headers as ASGI wants them; Channels lets them be a mapping, or absent."""
    pairs: Any = [] if headers is None else headers
    # To ask an abstract class takes longer than all the rest.
    if isinstance(headers, list) or not isinstance(headers, Mapping):
        return pairs
    return dict(pairs).items()
