# Written by `nox -s generate`; changes made by hand are lost.

import logging
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar
from fast_channels.consumer.base import AsyncConsumer
from fast_channels.exceptions import InvalidMessageError, InvalidParamsError, StopConsumer, close_reason
from fast_channels.consumer.json import AsyncJsonWebsocketConsumer
from fast_channels.consumer.timers import TimeoutKind, Timeouts
from abc import ABCMeta
from typing import Any, Literal, overload

from _typeshed import SupportsKeysAndGetItem
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from fast_channels.consumer.base import BaseSend, Sent
from fast_channels.events.dicts import AsgiVersionsDict
import builtins
from typing_extensions import TypeVar

_Default = TypeVar("_Default")
class _WebSocketScope(MutableMapping[str, Any], SupportsKeysAndGetItem[str, Any], metaclass=ABCMeta):
    @overload
    def __getitem__(self, key: Literal["asgi"]) -> AsgiVersionsDict: ...
    @overload
    def __getitem__(self, key: Literal["path"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["raw_path"]) -> builtins.bytes | None: ...
    @overload
    def __getitem__(self, key: Literal["root_path"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["headers"]) -> Sequence[tuple[builtins.bytes, builtins.bytes]]: ...
    @overload
    def __getitem__(self, key: Literal["client"]) -> tuple[str, int | None] | None: ...
    @overload
    def __getitem__(self, key: Literal["server"]) -> tuple[str, int | None] | None: ...
    @overload
    def __getitem__(self, key: Literal["state"]) -> dict[str, Any] | None: ...
    @overload
    def __getitem__(self, key: Literal["extensions"]) -> dict[str, dict[str, Any]]: ...
    @overload
    def __getitem__(self, key: Literal["type"]) -> Literal["websocket"]: ...
    @overload
    def __getitem__(self, key: Literal["http_version"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["scheme"]) -> str: ...
    @overload
    def __getitem__(self, key: Literal["query_string"]) -> builtins.bytes: ...
    @overload
    def __getitem__(self, key: Literal["subprotocols"]) -> Sequence[str]: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload  # type: ignore[override]  # returns the type of the key, where Mapping returns any value
    def get(self, key: Literal["asgi"], default: None = None) -> AsgiVersionsDict | None: ...
    @overload
    def get(self, key: Literal["asgi"], default: _Default) -> AsgiVersionsDict | _Default: ...
    @overload
    def get(self, key: Literal["path"], default: object = None) -> str: ...
    @overload
    def get(self, key: Literal["raw_path"], default: None = None) -> builtins.bytes | None: ...
    @overload
    def get(self, key: Literal["raw_path"], default: _Default) -> builtins.bytes | None | _Default: ...
    @overload
    def get(self, key: Literal["root_path"], default: None = None) -> str | None: ...
    @overload
    def get(self, key: Literal["root_path"], default: _Default) -> str | _Default: ...
    @overload
    def get(self, key: Literal["headers"], default: object = None) -> Sequence[tuple[builtins.bytes, builtins.bytes]]: ...
    @overload
    def get(self, key: Literal["client"], default: None = None) -> tuple[str, int | None] | None: ...
    @overload
    def get(self, key: Literal["client"], default: _Default) -> tuple[str, int | None] | None | _Default: ...
    @overload
    def get(self, key: Literal["server"], default: None = None) -> tuple[str, int | None] | None: ...
    @overload
    def get(self, key: Literal["server"], default: _Default) -> tuple[str, int | None] | None | _Default: ...
    @overload
    def get(self, key: Literal["state"], default: None = None) -> dict[str, Any] | None: ...
    @overload
    def get(self, key: Literal["state"], default: _Default) -> dict[str, Any] | None | _Default: ...
    @overload
    def get(self, key: Literal["extensions"], default: None = None) -> dict[str, dict[str, Any]] | None: ...
    @overload
    def get(self, key: Literal["extensions"], default: _Default) -> dict[str, dict[str, Any]] | _Default: ...
    @overload
    def get(self, key: Literal["type"], default: object = None) -> Literal["websocket"]: ...
    @overload
    def get(self, key: Literal["http_version"], default: None = None) -> str | None: ...
    @overload
    def get(self, key: Literal["http_version"], default: _Default) -> str | _Default: ...
    @overload
    def get(self, key: Literal["scheme"], default: None = None) -> str | None: ...
    @overload
    def get(self, key: Literal["scheme"], default: _Default) -> str | _Default: ...
    @overload
    def get(self, key: Literal["query_string"], default: None = None) -> builtins.bytes | None: ...
    @overload
    def get(self, key: Literal["query_string"], default: _Default) -> builtins.bytes | _Default: ...
    @overload
    def get(self, key: Literal["subprotocols"], default: None = None) -> Sequence[str] | None: ...
    @overload
    def get(self, key: Literal["subprotocols"], default: _Default) -> Sequence[str] | _Default: ...
    @overload
    def get(self, key: str, default: object = None) -> Any: ...
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
    """The channel-layer groups that the consumer joins when it accepts the connection and leaves when it ends. A class attribute is copied for each consumer; a property works too."""
    timeouts: 'Timeouts | None'
    """The time limits of the handshake and of a silent client; `None` for no limits."""
    max_message_size: int | None
    """The largest size of a client frame in bytes, `None` for the limit of the server only. A larger frame closes the WebSocket with 1009, and is not decoded."""
    handshake_grace: ClassVar[float | None]
    """Seconds after which a warning is logged if `connect()` has left the handshake unanswered and `timeouts` has no limit for it; `None` for no warning."""
    close_codes: ClassVar[type[IntEnum] | None]
    """The codes from 3000 on that `close()` accepts, as an enum, usually derived from `CloseCodes`; `None` for all of them. The codes of the protocol are always accepted."""
    subprotocols: Sequence[str]
    """The subprotocols of the consumer. `accept()` selects the first one that the client offers, unless it is given another one."""
    requires_subprotocol: bool
    """Whether `accept()` refuses a client that offers none of them."""
    async def connect(self) -> None:
        """Answer the handshake; accepts by default.

        An override calls `accept()`, `close()` or `deny()`, or raises `AcceptConnection` or
        `DenyConnection`. It may also answer later, from another handler.
        """
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
    async def _negotiate(self) -> str | None: ...
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
    async def params_invalid(self, error: InvalidParamsError) -> None:
        """Refuse a handshake whose parameters do not match `Params`: 422, or 403 without denial responses.

        Args:
            error: What is wrong with them; the response is a JSON object with its errors.
        """
    async def _refuse_connection(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None: ...
    async def timed_out(self, kind: "TimeoutKind") -> None:
        """Decide what happens when a limit of `timeouts` has passed.

        By default a handshake is refused with status 403, and one warning is logged; a client that is silent
        is disconnected with the code of `timeouts`. This method runs in a task that the connection owns,
        beside the handlers (see `spawn()`). If an override does not close, the time of a silent client begins
        again.

        Args:
            kind: The limit, `"accept"` or `"idle"`.
        """
    async def _refuse(self, error: InvalidMessageError) -> None: ...
    @classmethod
    def _set_up(cls) -> None: ...
    _sends: Literal["frames"]
    _sends_frames: Literal[True]
    scope: _WebSocketScope | Any
    """The scope of the connection, from the server."""
    base_send: BaseSend | Callable[[Any], Awaitable[None]]
    """Checks an event and sends it to the server."""
    async def websocket_connect(self, message: Any) -> None:
        """Let `connect()` answer the handshake. ASGI, "Connect - receive event"."""
    async def websocket_receive(self, message: Any) -> None:
        """Pass a frame to `receive()`. ASGI, "Receive - receive event"."""
    async def websocket_disconnect(self, message: Any) -> None:
        """Let `disconnect()` clean up; the groups are left afterwards. ASGI, "Disconnect - receive event".

        Raises:
            StopConsumer: Always, at the end.
        """
    subprotocol: str | None
    async def disconnect(self, code: int, /) -> None:
        """Clean up; nothing can be sent any more.

        Called exactly once for each connection whose `connect()` has begun, for every kind of end.

        Args:
            code: Close code of RFC 6455, section 7.4: 1005 when there was none, 1006 when the connection
                was lost or the server stopped the consumer, 1011 when a handler raised.
        """
