"""Connection scopes as a server would have made them. ASGI specification, "Connection Scope"."""

from collections.abc import Iterable, Mapping, MutableMapping
from string import punctuation
from typing import Any, Protocol, TypeAlias, TypedDict, runtime_checkable
from urllib.parse import quote, unquote, urlsplit


@runtime_checkable
class HeaderMapping(Protocol):
    """Headers as a dictionary, or as any other mapping."""

    def items(self) -> Iterable[tuple[bytes, bytes]]:
        """Return names and values."""
        ...


HeadersInit: TypeAlias = Iterable[tuple[bytes, bytes]] | HeaderMapping
"""Header names and values, as pairs or as a mapping."""


class ScopeOptions(TypedDict, total=False):
    """What a test may say of a connection besides its path and headers.

    Attributes:
        scheme: URL scheme, "http" or "ws" unless given.
        client: Host and port of the client; `None` where the server would not know it.
        server: Host and port of the server, or the path of its Unix socket and `None`.
        root_path: Where the application is mounted.
        extensions: Extensions that the server offers, with what it tells of each; none unless given.
        state: The lifespan state of the server; absent unless given.
        scope: Keys that are put into the scope last, such as `path_params` or `user`.
    """

    scheme: str
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None
    root_path: str
    extensions: Mapping[str, Mapping[str, Any]] | None
    state: MutableMapping[str, Any] | None
    scope: Mapping[str, Any] | None


_MAY_BE_NONE = {"client", "server"}


def connection_scope(
    path: str, headers: HeadersInit | None, protocol: Mapping[str, Any], options: ScopeOptions
) -> dict[str, Any]:
    """Make a complete scope of ASGI 3.0.

    Args:
        path: Path, or a whole URL, of which path and query are used; percent-encoded or not.
        headers: Request headers; their names become lowercase.
        protocol: What the scope of one protocol has and others have not.
        options: What the test said.

    Returns:
        A new scope, which the test may go on changing until the application starts.
    """
    # A path that begins with "//" has no host in it, which urlsplit cannot know.
    url = urlsplit(f"//testserver{path}" if path.startswith("/") else path)
    pairs = headers.items() if isinstance(headers, HeaderMapping) else headers or ()
    said = {
        key: value
        for key, value in options.items()
        if key != "scope" and (value is not None or key in _MAY_BE_NONE)
    }
    return {
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "path": unquote(url.path),
        "raw_path": _percent_encoded(url.path),
        "query_string": _percent_encoded(url.query),
        "headers": [(bytes(name).lower(), bytes(value)) for name, value in pairs],
        "root_path": "",
        "client": ("127.0.0.1", 50000),
        "server": ("testserver", 80),
        "extensions": {},
        **protocol,
        **said,
        **(options.get("scope") or {}),
    }


def _percent_encoded(text: str) -> bytes:
    # Every punctuation mark is kept, "%" too: what the test encoded itself is not encoded twice.
    return quote(text, safe=punctuation).encode("ascii")
