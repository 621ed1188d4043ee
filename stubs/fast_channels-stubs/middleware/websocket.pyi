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
def is_same_domain(host: str, pattern: str) -> bool: ...

class WebsocketDenier(AsyncWebsocketConsumer):
    async def connect(self) -> None: ...

class OriginValidator:
    def __init__(self, application: ChannelApplication, allowed_origins: AllowedOrigins) -> None: ...
    def valid_origin(self, parsed_origin: ParseResult | None) -> bool: ...
    def validate_origin(self, parsed_origin: ParseResult | None) -> bool: ...
    def match_allowed_origin(self, parsed_origin: ParseResult | None, pattern: str) -> bool: ...
    def get_origin_port(self, origin: ParseResult) -> int | None: ...
    application: ChannelApplication
    allowed_origins: list[Origin]
    async def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

def origin_of(scope: ChannelScope) -> ParseResult | None: ...
