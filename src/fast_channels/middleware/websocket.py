"""Middleware for WebSockets: which pages may connect."""

import logging
from collections.abc import Iterable
from functools import cache
from typing import Any, TypeAlias
from urllib.parse import ParseResult, urlparse

from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.type_defs import (
    ChannelApplication,
    ChannelScope,
    GivenReceive,
    GivenScope,
    GivenSend,
)
from fast_channels.untrusted import kind_of, printable, shown

__all__ = ["AllowedOrigins", "Origin", "OriginValidator", "WebsocketDenier", "is_same_domain"]

logger: logging.Logger = logging.getLogger("fast_channels.middleware")

Origin: TypeAlias = str
"""An origin, or a pattern of origins."""

AllowedOrigins: TypeAlias = Iterable[Origin]

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


def is_same_domain(host: str, pattern: str) -> bool:
    """Tell whether a host name is the one in a pattern, or below the domain of a pattern like `.example.com`.

    Args:
        host: A host name in lower case.
        pattern: A host name, or a domain with a leading dot, which matches the domain and all of its
            subdomains.
    """
    pattern = _ascii(pattern.lower())
    if pattern.startswith("."):
        return host.endswith(pattern) or host == pattern[1:]
    return bool(pattern) and host == pattern


class WebsocketDenier(AsyncWebsocketConsumer):
    """Refuses every handshake."""

    async def connect(self) -> None:
        """Refuse the handshake."""
        await self.close()


class OriginValidator:
    """Lets only pages of certain origins open a WebSocket; others are refused. RFC 6455, section 10.2.

    A pattern is an origin (`https://example.com:8443`, the port may be omitted where it is the scheme's), a
    host name with or without a port, or either with a domain like `.example.com`, which matches the domain
    and all of its subdomains. The pattern `*` allows all connections, also those without an `Origin` header.
    Other connections than WebSockets are passed on: for HTTP, browsers themselves prevent a page from reading
    responses of other origins.

    Args:
        application: The wrapped application.
        allowed_origins: The patterns.

    Raises:
        TypeError: `allowed_origins` is a single string, or a pattern is not a string.
        ValueError: A pattern has a malformed host or port.
    """

    def __init__(self, application: ChannelApplication, allowed_origins: AllowedOrigins) -> None:
        if isinstance(allowed_origins, str):
            raise TypeError(
                f"allowed_origins has to be a list of patterns, not the string {allowed_origins!r}"
            )
        self.application = application
        self.allowed_origins: list[Origin] = list(allowed_origins)
        for pattern in self.allowed_origins:
            _require_string(pattern)
            host = _pattern(pattern).hostname
            if host in {None, "", "null"}:
                logger.warning(
                    "The origin pattern %r never matches, because it has no host. Pages without a host, "
                    "such as "
                    "local files, send the origin null, which any page can have; only the pattern * allows "
                    "them.",
                    pattern,
                )
            if "*" in pattern and pattern != "*":
                logger.warning(
                    "The origin pattern %s never matches; did you mean a leading dot?", shown(pattern)
                )

    async def __call__(self, scope: GivenScope, receive: GivenReceive, send: GivenSend) -> Any:
        """Pass a WebSocket on if its origin is allowed, and refuse it otherwise."""
        if scope["type"] != "websocket" or self.valid_origin(origin_of(scope)):
            return await self.application(scope, receive, send)
        return await WebsocketDenier()(scope, receive, send)

    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        """Tell whether an origin, or the absence of one, is allowed."""
        if parsed_origin is None:
            return "*" in self.allowed_origins
        return self.validate_origin(parsed_origin)

    def validate_origin(self, parsed_origin: ParseResult | None) -> bool:
        """Tell whether an origin matches one of the patterns."""
        return any(
            pattern == "*" or self.match_allowed_origin(parsed_origin, pattern)
            for pattern in self.allowed_origins
        )

    def match_allowed_origin(self, parsed_origin: ParseResult | None, pattern: str) -> bool:
        """Tell whether an origin matches one pattern: host name, and scheme and port if it names them."""
        if parsed_origin is None or parsed_origin.hostname is None:
            return False
        wanted = _pattern(pattern)
        any_port = not wanted.scheme and wanted.port is None
        return (
            wanted.scheme in {"", parsed_origin.scheme}
            and (any_port or self.get_origin_port(wanted) == self.get_origin_port(parsed_origin))
            and is_same_domain(parsed_origin.hostname, wanted.hostname or "")
        )

    def get_origin_port(self, origin: ParseResult) -> int | None:
        """Return the port of an origin, or that of its scheme, `None` if neither is known."""
        return _DEFAULT_PORTS.get(origin.scheme) if origin.port is None else origin.port


def _require_string(pattern: object) -> None:
    if not isinstance(pattern, str):
        raise TypeError(f"a pattern of origins is a string, not {kind_of(pattern)}")


def _pattern(pattern: Origin) -> ParseResult:
    try:
        parsed = _parsed(pattern if "://" in pattern else f"//{pattern}")
        _ascii(parsed.hostname or "")
        return parsed
    except ValueError as error:
        reason = printable(str(error), 200)
        raise ValueError(f"{shown(pattern)} is not a pattern of origins: {reason}") from None


@cache
def _ascii(host: str) -> str:
    """Return a host name of a pattern as browsers send it (RFC 3490), with its dot in front if it has one.

    Raises:
        UnicodeError: It is no host name.
    """
    if host.isascii():
        return host
    name = host.removeprefix(".")
    return host[: len(host) - len(name)] + name.encode("idna").decode()


def origin_of(scope: ChannelScope) -> ParseResult | None:
    """Return the `Origin` of a connection, `None` where there is no single, well-formed one."""
    values: list[bytes] = [value for name, value in scope.get("headers", ()) if name.lower() == b"origin"]
    if len(values) != 1:
        return None
    try:
        return _parsed(values[0].decode("latin-1"))
    except ValueError:
        return None


def _parsed(origin: Origin) -> ParseResult:
    parsed = urlparse(origin)
    # Both are parsed when they are read, and raise for what is malformed.
    _ = parsed.port, parsed.hostname
    return parsed
