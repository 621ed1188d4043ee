"""What a consumer class answers to a connection of another protocol than its own."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope
from fast_channels.untrusted import shown

__all__ = ["ANSWERS", "DENIAL", "LIFESPAN", "TEXT", "Answer", "refuse"]

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

LIFESPAN = "lifespan"

DENIAL = "websocket.http.response"
"""The extension with which a handshake can be refused by a response. ASGI, "Websocket Denial Response"."""

Answer: TypeAlias = Callable[[type, ChannelScope, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]
"""Answers a connection in place of a consumer of the class."""

TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)

_ONLY_WEBSOCKET = b"This is a WebSocket endpoint.\n"


async def _live(
    _consumer: type, _scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Have nothing to start and nothing to stop. ASGI Lifespan specification 2.0."""
    while True:
        type_ = (await receive())["type"]
        if type_ in {"lifespan.startup", "lifespan.shutdown"}:
            await send({"type": f"{type_}.complete"})
        if type_ == "lifespan.shutdown":
            return


async def _require_upgrade(
    consumer: type, scope: ChannelScope, _receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Tell the client of a request that a WebSocket is served here. RFC 9110, section 15.5.22."""
    _log(consumer, scope)
    headers = [*TEXT, (b"content-length", str(len(_ONLY_WEBSOCKET)).encode())]
    if str(scope.get("http_version", "1.1")).startswith("1"):
        # Later versions know no such headers: RFC 9113, section 8.2.2.
        headers += [(b"connection", b"upgrade"), (b"upgrade", b"websocket")]
    await send({"type": "http.response.start", "status": 426, "headers": headers})
    await send({"type": "http.response.body", "body": _ONLY_WEBSOCKET})


async def _refuse_handshake(
    consumer: type, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Let the server answer a handshake with 403. ASGI, "Close - send event"."""
    _log(consumer, scope)
    if (await receive())["type"] == "websocket.connect":
        await send({"type": "websocket.close"})


async def refuse(
    consumer: type,
    scope: ChannelScope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
    status: int,
    body: bytes,
) -> None:
    """Refuse a handshake with a response, or with 403 where the server has no denial responses.

    Args:
        consumer: What refuses it, for the log.
        scope: The connection scope.
        receive: Returns the next event of the server.
        send: Sends an event to it.
        status: The status of the response.
        body: Its body.
    """
    if DENIAL not in (scope.get("extensions") or {}):
        await _refuse_handshake(consumer, scope, receive, send)
        return
    _log(consumer, scope)
    if (await receive())["type"] == "websocket.connect":
        await send({"type": f"{DENIAL}.start", "status": status, "headers": [*TEXT]})
        await send({"type": f"{DENIAL}.body", "body": body})


def _log(consumer: type, scope: Mapping[str, Any]) -> None:
    path = shown(scope.get("path", ""))
    logger.debug("%s refuses a connection of the type %s to %s", consumer.__name__, scope["type"], path)


ANSWERS: Mapping[str, Answer] = MappingProxyType(
    {LIFESPAN: _live, "http": _require_upgrade, "websocket": _refuse_handshake}
)
"""The answers by the type of the scope."""
