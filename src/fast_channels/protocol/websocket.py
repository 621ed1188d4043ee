"""When the events of a WebSocket are legal. ASGI HTTP and WebSocket specification 2.5, "WebSocket"."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from fast_channels.events.close_codes import CLOSE_CODES, FIRST_FREE, CloseCode
from fast_channels.events.websocket import MAX_REASON
from fast_channels.untrusted import shown

from .machine import Connection
from .states import GONE, HANDSHAKE, OPEN
from .steps import Guard
from .table import Table, Verdict

CONNECTING = "CONNECTING"
"""Nothing has been read yet."""
DENYING = "DENYING"
"""The response that refuses the handshake has begun."""
DENIED = "DENIED"
CLOSED = "CLOSED"
"""The application closed the WebSocket."""

_ANSWERS = {
    "websocket.accept": OPEN,
    "websocket.close": DENIED,
    "websocket.http.response.start": DENYING,
    "websocket.disconnect": GONE,
}
_DENIAL_BODY = ("websocket.http.response.body", "websocket.http.response.body (more)")
_CLOSED_ALREADY = {"websocket.close": Verdict.IGNORED}

TABLE = Table(
    initial=CONNECTING,
    rows={
        # Frameworks answer without having read websocket.connect, and every server takes it.
        CONNECTING: {"websocket.connect": HANDSHAKE, **_ANSWERS},
        HANDSHAKE: _ANSWERS,
        OPEN: {
            "websocket.receive": OPEN,
            "websocket.send": OPEN,
            "websocket.close": CLOSED,
            "websocket.disconnect": GONE,
        },
        DENYING: {
            "websocket.http.response.body (more)": DENYING,
            "websocket.http.response.body": DENIED,
            "websocket.disconnect": GONE,
        },
        DENIED: {"websocket.disconnect": GONE},
        # Frames that were on their way when the application closed.
        CLOSED: {"websocket.receive": CLOSED, "websocket.disconnect": GONE},
        GONE: {},
    },
    otherwise={DENIED: Verdict.CLOSED, CLOSED: Verdict.CLOSED, GONE: Verdict.CLOSED},
    exceptions={
        DENIED: {**_CLOSED_ALREADY, **dict.fromkeys(_DENIAL_BODY, Verdict.DROPPED)},
        CLOSED: _CLOSED_ALREADY,
        GONE: _CLOSED_ALREADY,
    },
)


def _close(connection: Connection, event: Mapping[str, Any]) -> str | None:
    if connection.state != OPEN:
        return None  # A refused handshake has neither code nor reason.
    if not any(low <= event["code"] <= high for low, high in CLOSE_CODES):
        allowed = ", ".join(f"{low}-{high}" for low, high in CLOSE_CODES)
        return f"{event['code']} is not a close code that may be sent ({allowed})"
    if (size := len(event["reason"].encode())) > MAX_REASON:
        return f"the reason has {size} bytes of UTF-8, and at most {MAX_REASON} are allowed"
    return None


def _accept(connection: Connection, event: Mapping[str, Any]) -> str | None:
    chosen = event.get("subprotocol")
    if chosen is None:
        return None
    offered = list(connection.scope.get("subprotocols") or ())
    if chosen in offered:
        return None
    return f"the client did not offer the subprotocol {shown(chosen)}; it offered {shown(offered, 400)}"


class WebSocketConnection(Connection):
    """The state of one WebSocket."""

    __slots__ = ()

    protocol = "websocket"
    table = TABLE
    guards: ClassVar[Mapping[str, Guard]] = MappingProxyType(
        {"websocket.accept": _accept, "websocket.close": _close}
    )
    # RFC 6455, section 7.4.1. Before the handshake is answered, servers answer it with status 500.
    failures: ClassVar[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
        {OPEN: {"type": "websocket.close", "code": CloseCode.INTERNAL_ERROR.value, "reason": ""}}
    )

    def substitute(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return a close event with a code of the application's own: daphne takes 1000 and 3000-4999 only."""
        code = event.get("code", CloseCode.NORMAL.value)
        if self.state != CLOSED:
            # A refused handshake has no code, so it was not that.
            return None
        if event["type"] != "websocket.close" or not CloseCode.NORMAL < code < FIRST_FREE:
            return None
        return {**event, "code": code + FIRST_FREE}
