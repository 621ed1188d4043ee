# Written by `nox -s generate`; changes made by hand are lost.

import logging
from collections.abc import Iterable
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

__all__ = ["AllowedOrigins", "Origin", "OriginValidator", "WebsocketDenier", "is_same_domain"]
logger: logging.Logger
Origin: TypeAlias = str
AllowedOrigins: TypeAlias = Iterable[Origin]

def is_same_domain(host: str, pattern: str) -> bool:
    """Tell whether a host name is the one in a pattern, or below the domain of a pattern like `.example.com`.

    Args:
        host: A host name in lower case.
        pattern: A host name, or a domain with a leading dot, which matches the domain and all of its
            subdomains.
    """

class WebsocketDenier(AsyncWebsocketConsumer):
    """Refuses every handshake."""
    async def connect(self) -> None:
        """Refuse the handshake."""

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
    def __init__(self, application: ChannelApplication, allowed_origins: AllowedOrigins) -> None: ...
    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        """Tell whether an origin, or the absence of one, is allowed."""
    def validate_origin(self, parsed_origin: ParseResult | None) -> bool:
        """Tell whether an origin matches one of the patterns."""
    def match_allowed_origin(self, parsed_origin: ParseResult | None, pattern: str) -> bool:
        """Tell whether an origin matches one pattern: host name, and scheme and port if it names them."""
    def get_origin_port(self, origin: ParseResult) -> int | None:
        """Return the port of an origin, or that of its scheme, `None` if neither is known."""
    application: ChannelApplication
    allowed_origins: list[Origin]
    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Pass a WebSocket on if its origin is allowed, and refuse it otherwise."""

def origin_of(scope: ChannelScope) -> ParseResult | None:
    """Return the `Origin` of a connection, `None` where there is no single, well-formed one."""
