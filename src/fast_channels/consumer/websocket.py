"""Consumers of WebSockets."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from fast_channels.consumer.base import AsyncConsumer, run_all
from fast_channels.consumer.inbox import Inbox
from fast_channels.events import WebSocketConnectEvent, WebSocketDisconnectEvent, WebSocketReceiveEvent
from fast_channels.exceptions import (
    AcceptConnection,
    DenyConnection,
    InvalidChannelLayerError,
    InvalidMessageError,
    StopConsumer,
)

__all__ = ["AsyncJsonWebsocketConsumer", "AsyncWebsocketConsumer"]

DENIAL = "websocket.http.response"
NORMAL_CLOSURE = 1000


class AsyncWebsocketConsumer(AsyncConsumer):
    """Serves one WebSocket: `connect()`, `receive()` for every frame, and `disconnect()` exactly once.

    Attributes:
        groups: The channel-layer groups that the consumer joins when it accepts the connection and leaves
            when it ends. A class attribute is copied for each consumer; a property works too.
    """

    groups: list[str]
    _left: bool = False
    _denied: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._own_groups()

    async def websocket_connect(self, message: WebSocketConnectEvent) -> None:
        """Let `connect()` answer the handshake. ASGI, "Connect - receive event"."""
        try:
            await self.connect()
        except AcceptConnection:
            await self.accept()
        except DenyConnection as denial:
            if denial.status is None:
                await self.close()
            else:
                await self.deny(denial.status, denial.headers, denial.body)

    async def connect(self) -> None:
        """Answer the handshake; accepts by default.

        An override calls `accept()`, `close()` or `deny()`, or raises `AcceptConnection` or
        `DenyConnection`. It may also answer later, from another handler.
        """
        await self.accept()

    async def accept(
        self, subprotocol: str | None = None, headers: Iterable[tuple[bytes, bytes]] | None = None
    ) -> None:
        """Complete the handshake, and join the groups that `groups` names. ASGI, "Accept - send event".

        Args:
            subprotocol: One of the subprotocols that the client offers, `None` for none.
            headers: Headers of the response, as pairs or as a mapping.

        Raises:
            LocalProtocolError: The handshake has been answered already, or the client did not offer
                the subprotocol.
            InvalidChannelLayerError: There are groups, and no channel layer.
            ConnectionClosed: The client has left.
        """
        # Joined before the client knows, so that it misses nothing that is sent after it knows.
        for group in self.groups:
            if self.channel_layer is None:
                raise InvalidChannelLayerError(
                    f"{type(self).__name__} has groups and no channel layer; set channel_layer_alias"
                )
            await self.channel_layer.group_add(group, self.channel_name)
        await super().send(
            {"type": "websocket.accept", "subprotocol": subprotocol, "headers": header_pairs(headers)}
        )

    async def deny(
        self,
        status: int = 403,
        headers: Iterable[tuple[bytes, bytes]] | Mapping[bytes, bytes] | None = None,
        body: bytes = b"",
    ) -> None:
        """Refuse the handshake with an HTTP response. ASGI extension "Websocket Denial Response".

        Where the server does not offer the extension, the client gets a plain 403.

        Args:
            status: HTTP status code.
            headers: Headers of the response, as pairs or as a mapping.
            body: Body of the response.

        Raises:
            LocalProtocolError: The handshake has been answered already.
            ConnectionClosed: The client has left.
        """
        if self._connection is None or not self._connection.offers(DENIAL):
            await self.close()
            return
        await super().send({"type": f"{DENIAL}.start", "status": status, "headers": header_pairs(headers)})
        await super().send({"type": f"{DENIAL}.body", "body": body})
        # After such a response some servers never say that the client is gone.
        self._denied = True

    async def websocket_receive(self, message: WebSocketReceiveEvent) -> None:
        """Pass a frame to `receive()`. ASGI, "Receive - receive event"."""
        text = message.get("text")
        if text is not None:
            await self.receive(text_data=text)
        else:
            await self.receive(bytes_data=message.get("bytes"))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Handle a frame of the client: exactly one of the arguments is given.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
        """

    # The documented signatures of the two classes differ.
    async def send(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        text_data: str | None = None,
        bytes_data: bytes | None = None,
        close: bool | int = False,
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
        if (text_data is None) == (bytes_data is None):
            raise ValueError("You must pass one of bytes_data or text_data")
        if text_data is not None:
            await super().send({"type": "websocket.send", "text": text_data})
        else:
            await super().send({"type": "websocket.send", "bytes": bytes_data})
        if close:
            await self.close(close)

    async def close(self, code: int | bool | None = None, reason: str | None = None) -> None:
        """Close the WebSocket, or refuse the handshake while it is open. ASGI, "Close - send event".

        Closing what is closed does nothing.

        Args:
            code: Close code of RFC 6455, section 7.4; `None` and booleans mean 1000.
            reason: Why, at most 123 bytes of UTF-8.

        Raises:
            LocalProtocolError: The code may not be sent, or the reason is too long.
        """
        sent = NORMAL_CLOSURE if code is None or isinstance(code, bool) else code
        await super().send({"type": "websocket.close", "code": sent, "reason": reason})

    async def websocket_disconnect(self, message: WebSocketDisconnectEvent) -> None:
        """Leave the groups and let `disconnect()` clean up. ASGI, "Disconnect - receive event".

        Raises:
            StopConsumer: Always, at the end.
        """
        code = message.get("code")
        await run_all(self._leave_groups, partial(self._disconnect_once, 1005 if code is None else code))
        raise StopConsumer

    async def disconnect(self, code: int) -> None:
        """Clean up; nothing can be sent any more.

        Called exactly once for each connection whose `connect()` began, however it ended.

        Args:
            code: Close code of RFC 6455, section 7.4: 1005 when there was none, 1006 when the connection
                was lost or the server stopped the consumer, 1011 when a handler raised.
        """

    def _own_groups(self) -> None:
        declared: Any = getattr(type(self), "groups", ())
        if isinstance(declared, str):
            raise TypeError(f"{type(self).__name__}.groups is a list of names, not the text {declared!r}")
        if type(declared) in {list, tuple, set, frozenset}:
            self.groups = list(declared)

    def _find_layer(self) -> Any:
        # A subclass may have an __init__ that does not call ours.
        if "groups" not in vars(self):
            self._own_groups()
        self._left = self._denied = False
        return super()._find_layer()

    def _is_over(self) -> bool:
        return self._denied

    def _last_steps(self, inbox: Inbox, code: int) -> list[Callable[[], Awaitable[None]]]:
        return [self._leave_groups, *super()._last_steps(inbox, 1006 if self._denied else code)]

    async def _leave_groups(self) -> None:
        if self._left or not self._began or self.channel_layer is None:
            return
        self._left = True
        await run_all(
            *(partial(self.channel_layer.group_discard, group, self.channel_name) for group in self.groups)
        )

    async def _run_disconnect(self, code: int) -> None:
        await self.disconnect(code)


def header_pairs(
    headers: Iterable[tuple[bytes, bytes]] | Mapping[bytes, bytes] | None,
) -> Any:
    """Return headers as ASGI wants them; Channels lets them be a mapping, or absent."""
    pairs: Any = () if headers is None else headers
    return dict(pairs).items() if isinstance(headers, Mapping) else pairs


class AsyncJsonWebsocketConsumer(AsyncWebsocketConsumer):
    """Serves one WebSocket whose frames are JSON texts."""

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any
    ) -> None:
        """Decode a frame and pass its content to `receive_json()`.

        A frame that is binary, empty or not JSON is passed to `receive_invalid()` instead.

        Args:
            text_data: The payload of a text frame.
            bytes_data: The payload of a binary frame.
            **kwargs: Passed on to `receive_json()`.
        """
        try:
            content = await self._decode(text_data)
        except InvalidMessageError as error:
            await self.receive_invalid(error)
        else:
            await self.receive_json(content, **kwargs)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Handle the content of a frame.

        Args:
            content: What the frame decoded to.
            **kwargs: Whatever an override of `receive()` passes on.
        """

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        """Decide what becomes of a frame that is not a message; raises the error by default.

        An override may answer, close the connection with `error.code`, or ignore the frame.

        Args:
            error: What is wrong with the frame.
        """
        raise error

    async def send_json(self, content: Any, close: bool | int = False) -> None:
        """Encode a value as JSON and send it in a text frame.

        Args:
            content: What to send.
            close: Close the WebSocket afterwards, with this code or, if it is `True`, with 1000.

        Raises:
            TypeError: The value is nothing that JSON can say.
            LocalProtocolError: The handshake has not been accepted.
            ConnectionClosed: The connection is gone.
        """
        await super().send(text_data=await self.encode_json(content), close=close)

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        """Decode the text of a frame.

        Args:
            text_data: A JSON text.

        Raises:
            ValueError: The text is not JSON.
        """
        return json.loads(text_data)

    @classmethod
    async def encode_json(cls, content: Any) -> str:
        """Encode a value as the text of a frame.

        Args:
            content: What to encode.

        Raises:
            TypeError: The value is nothing that JSON can say.
        """
        return json.dumps(content)

    async def _decode(self, text: str | None) -> Any:
        if text is None:
            raise InvalidMessageError("No text section for incoming WebSocket frame!", code=1003)
        if not text:
            raise InvalidMessageError("No text section for incoming WebSocket frame! It is empty", code=1007)
        try:
            return await self.decode_json(text)
        except InvalidMessageError:
            raise
        except (ValueError, RecursionError) as error:
            # A text that is nested too deeply is no fault of ours either.
            raise InvalidMessageError(
                f"a WebSocket frame is not JSON: {error}",
                code=1007,
                errors=[("", str(error))],
                excerpt=_excerpt(text),
            ) from error


def _excerpt(text: str, length: int = 80) -> str:
    shown = text if len(text) <= length else text[:length] + "…"
    return ascii(shown)
