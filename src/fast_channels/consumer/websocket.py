"""Consumers of WebSockets."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from fast_channels.consumer.attributes import require_group_names, require_names
from fast_channels.consumer.base import AsyncConsumer
from fast_channels.consumer.closing import require_close_codes, require_declared
from fast_channels.consumer.foreign import DENIAL, TEXT
from fast_channels.consumer.headers import JSON_HEADERS, header_pairs
from fast_channels.consumer.sending import recover
from fast_channels.consumer.subprotocols import NONE_FITS, negotiated, require_subprotocols
from fast_channels.consumer.websocket_life import DENIED, WebSocketLife
from fast_channels.events.close_codes import CloseCode
from fast_channels.exceptions import InvalidMessageError, InvalidParamsError, StopConsumer, close_reason

if TYPE_CHECKING:
    from fast_channels.consumer.json import AsyncJsonWebsocketConsumer
    from fast_channels.consumer.timers import TimeoutKind, Timeouts
    from fast_channels.events import WebSocketConnectEvent, WebSocketDisconnectEvent, WebSocketReceiveEvent
else:

    def __getattr__(name: str) -> object:
        # Its documented place is here, and it is derived from the consumer below.
        if name != "AsyncJsonWebsocketConsumer":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from fast_channels.consumer.json import AsyncJsonWebsocketConsumer

        return AsyncJsonWebsocketConsumer


__all__ = ["AsyncJsonWebsocketConsumer", "AsyncWebsocketConsumer"]

logger = logging.getLogger("fast_channels.consumer")


class AsyncWebsocketConsumer(AsyncConsumer):
    """Serves one WebSocket: `connect()`, `receive()` for every frame, and `disconnect()` exactly once.

    Attributes:
        groups: The channel-layer groups that the consumer joins when it accepts the connection and leaves
            when it ends. A class attribute is copied for each consumer; a property works too.
        handshake_grace: Seconds after which a warning is logged if `connect()` has left the handshake
            unanswered and `timeouts` has no limit for it; `None` for no warning.
        timeouts: The time limits of the handshake and of a silent client; `None` for no limits.
        max_message_size: The largest size of a client frame in bytes, `None` for the limit of the server
            only. A larger frame closes the WebSocket with 1009, and is not decoded.
        close_codes: The codes from 3000 on that `close()` accepts, as an enum, usually derived from
            `CloseCodes`; `None` for all of them. The codes of the protocol are always accepted.
        subprotocols: The subprotocols of the consumer. `accept()` selects the first one that the client
            offers, unless it is given another one.
        requires_subprotocol: Whether `accept()` refuses a client that offers none of them.
    """

    groups: list[str]
    timeouts: "Timeouts | None" = None
    max_message_size: int | None = None
    handshake_grace: ClassVar[float | None] = 5.0
    close_codes: ClassVar[type[IntEnum] | None] = None
    subprotocols: Sequence[str] = ()
    requires_subprotocol: bool = False
    _protocol = "websocket"
    _life_class: ClassVar[type[WebSocketLife[Any]]] = WebSocketLife  # pyright: ignore[reportIncompatibleVariableOverride]  # read by `__new__` only, and never assigned: narrower is safe
    _life: WebSocketLife[Any]  # pyright: ignore[reportIncompatibleVariableOverride]  # set once, by `__new__`, and never assigned: narrower is safe

    async def websocket_connect(self, message: "WebSocketConnectEvent") -> None:
        """Let `connect()` answer the handshake. ASGI, "Connect - receive event"."""
        await self._life.websocket_connect(self, message)

    async def connect(self) -> None:
        """Answer the handshake; accepts by default.

        An override calls `accept()`, `close()` or `deny()`, or raises `AcceptConnection` or
        `DenyConnection`. It may also answer later, from another handler.
        """
        await self.accept()

    @cached_property
    def subprotocol(self) -> str | None:
        """The subprotocol of the connection, also before it is accepted; `None` for none."""
        return negotiated(self.scope, self.subprotocols)

    async def accept(
        self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Complete the handshake, and join the groups in `groups`. ASGI, "Accept - send event".

        Args:
            subprotocol: One of the subprotocols that the client offers; `None` selects the first one that is
                in `subprotocols`, or none.
            headers: Headers of the response, as pairs or as a mapping.

        Raises:
            LocalProtocolError: The handshake has been answered already, or the client did not offer
                the subprotocol.
            InvalidChannelLayerError: The consumer has groups and no channel layer.
            ConnectionClosed: The client has left.
            StopConsumer: The client offers none of the subprotocols, and one is required: it was refused.
        """
        event: dict[str, Any] = {"type": "websocket.accept", "headers": []}
        if subprotocol is None and self.subprotocols:
            subprotocol = await self._negotiate()
        if subprotocol is not None:
            event["subprotocol"] = vars(self)["subprotocol"] = subprotocol
        if headers is not None:
            # Read once: it is checked twice.
            event["headers"] = headers if isinstance(headers, list) else tuple(header_pairs(headers))
        groups = self.groups
        if not groups:
            await self._life.send_own(self, event)
            return
        require_names(type(self).__name__, groups)
        await self._life.accept(self, event, groups)

    async def _negotiate(self) -> str | None:
        chosen = negotiated(self.scope, self.subprotocols)
        if chosen is None and self.requires_subprotocol:
            await self.deny(400, TEXT, NONE_FITS)
            raise StopConsumer
        return chosen

    async def deny(
        self,
        status: int = 403,
        headers: Iterable[tuple[bytes, bytes]] | Mapping[bytes, bytes] | None = None,
        body: bytes = b"",
    ) -> None:
        """Refuse the handshake with an HTTP response. ASGI extension "Websocket Denial Response".

        If the server does not offer the extension, the client gets a plain 403.

        Args:
            status: HTTP status code.
            headers: Headers of the response, as pairs or as a mapping.
            body: Body of the response.

        Raises:
            LocalProtocolError: The handshake has been answered already.
            ConnectionClosed: The client has left.
        """
        connection = self._life.connection
        if connection is None or not connection.offers(DENIAL):
            await self.close()
            return
        await self.base_send({"type": f"{DENIAL}.start", "status": status, "headers": header_pairs(headers)})
        await self.base_send({"type": f"{DENIAL}.body", "body": body})
        self._life.handshake = DENIED

    async def websocket_receive(self, message: "WebSocketReceiveEvent") -> None:
        """Pass a frame to `receive()`. ASGI, "Receive - receive event"."""
        await self._life.websocket_receive(self, message)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Handle a frame of the client: exactly one of the arguments is given.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
        """

    async def send(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # as Channels documents it: a WebSocket consumer sends frames, any other sends events
        self,
        text_data: str | None = None,
        bytes_data: bytes | None = None,
        close: bool = False,
    ) -> None:
        """Send a frame to the client. ASGI, "Send - send event".

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
            close: Close the WebSocket afterwards, with this code or, if it is `True`, with 1000.

        Raises:
            ValueError: Not exactly one of `text_data` and `bytes_data` is given.
            LocalProtocolError: The handshake has not been accepted, or the payload is of a wrong type.
            ConnectionClosed: The connection is gone.
        """
        event: dict[str, Any]
        if bytes_data is None and text_data is not None:
            event = {"type": "websocket.send", "text": text_data}
        elif text_data is None and bytes_data is not None:
            event = {"type": "websocket.send", "bytes": bytes_data}
        else:
            raise ValueError("You must pass one of bytes_data or text_data")
        life = self._life
        if (connection := life.straight(self, event)) is None:
            await self.base_send(event)
        else:
            # A coroutine less, through which each event would have to pass.
            try:
                await life.server_send(event)
            except Exception as error:
                await recover(connection, life.server_send, event, error)
        if close:
            await self.close(close)

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        """Close the WebSocket, or refuse the handshake while it is open. ASGI, "Close - send event".

        A second call does nothing.

        Args:
            code: Close code of RFC 6455, section 7.4; `None` and booleans mean 1000.
            reason: The reason, at most 123 bytes of UTF-8.

        Raises:
            LocalProtocolError: The code may not be sent, or is not in `close_codes`, or the reason is too
                long. Within `receive_invalid()` a long reason is shortened instead.
        """
        if reason is not None and (refusal := self._life.refusal) is not None and refusal.is_current():
            reason = close_reason(reason)
        sent = CloseCode.NORMAL.value if code is None or isinstance(code, bool) else code
        if self.close_codes is not None:
            require_declared(type(self).__name__, self.close_codes, sent)
        await self.base_send({"type": "websocket.close", "code": sent, "reason": reason})

    async def websocket_disconnect(self, message: "WebSocketDisconnectEvent") -> None:
        """Let `disconnect()` clean up; the groups are left afterwards. ASGI, "Disconnect - receive event".

        Raises:
            StopConsumer: Always, at the end.
        """
        await self._life.websocket_disconnect(self, message)
        raise StopConsumer

    async def params_invalid(self, error: InvalidParamsError) -> None:
        """Refuse a handshake whose parameters do not match `Params`: 422, or 403 without denial responses.

        Args:
            error: What is wrong with them; the response is a JSON object with its errors.
        """
        # Late: a class without `Params` needs nothing of them.
        from fast_channels.consumer.params import error_body

        await self._refuse_connection(422, JSON_HEADERS, error_body(error))

    async def _refuse_connection(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await self.deny(status, headers, body)

    async def timed_out(self, kind: "TimeoutKind") -> None:
        """Decide what happens when a limit of `timeouts` has passed.

        By default a handshake is refused with status 403, and one warning is logged; a client that is silent
        is disconnected with the code of `timeouts`. This method runs in a task that the connection owns,
        beside the handlers (see `spawn()`). If an override does not close, the time of a silent client begins
        again.

        Args:
            kind: The limit, `"accept"` or `"idle"`.
        """
        level = logging.WARNING if kind == "accept" else logging.INFO
        logger.log(level, "%s closes a WebSocket: its time limit %r has passed", self, kind)
        # Of existing code, which may have something else of this name, nobody calls this.
        await self.close(None if self.timeouts is None else self.timeouts.code, f"timed out: {kind}")

    async def disconnect(self, code: int) -> None:
        """Clean up; nothing can be sent any more.

        Called exactly once for each connection whose `connect()` has begun, for every kind of end.

        Args:
            code: Close code of RFC 6455, section 7.4: 1005 when there was none, 1006 when the connection
                was lost or the server stopped the consumer, 1011 when a handler raised.
        """

    async def _refuse(self, error: InvalidMessageError) -> None:
        """Close the WebSocket because of a frame."""
        logger.warning("%s closes a WebSocket: %s; the frame began with %s", self, error, error.excerpt)
        await self.close(error.code)

    @classmethod
    def _set_up(cls) -> None:
        super()._set_up()
        require_group_names(cls.__name__, getattr(cls, "groups", None))
        require_close_codes(cls.__name__, cls.close_codes)
        if cls.timeouts is not None and cls.close_codes is not None:
            # Applications without time limits do not have to load what they need.
            from fast_channels.consumer.timers import require_code

            require_code(cls.__name__, cls.timeouts, cls.close_codes)
        require_subprotocols(cls.__name__, cls.subprotocols)
