# Written by `nox -s generate`; changes made by hand are lost.

from collections.abc import Iterable
from typing import Any, ClassVar, Generic
from fast_channels.consumer.http import AsyncHttpConsumer
from fast_channels.consumer.messages import ServerMessage
from fast_channels.messages.codec import Codec

__all__ = ["AsyncEventStreamConsumer"]

class AsyncEventStreamConsumer(AsyncHttpConsumer, Generic[ServerMessage]):
    """Serves one stream of server-sent events. HTML Standard, section 9.2.

        class Headlines(AsyncEventStreamConsumer[Headline]):
            channel_layer_alias = "news"

            async def connect(self) -> None:
                await self.accept()
                await self.join(Readers())

            async def news_headline(self, event: Published) -> None:
                await self.send_event(Headline(text=event.text), id=str(event.number))

    `AsyncEventStreamConsumer[ServerMessage]` declares the messages to clients, like
    `AsyncJsonWebsocketConsumer`; without a type parameter every JSON value may be sent. The stream is open
    until `close()`, or until the client leaves.

    Attributes:
        keep_alive: Seconds between two comments that tell proxies that the connection is in use, `None` for
            no comments.
        retry: Seconds after which a client whose connection was lost reconnects; with `None`, the client
            decides.
        omit_none: Whether fields that are `None` are left out of sent messages.
    """
    keep_alive: ClassVar[float | None]
    """Seconds between two comments that tell proxies that the connection is in use, `None` for no comments."""
    retry: ClassVar[float | None]
    """Seconds after which a client whose connection was lost reconnects; with `None`, the client decides."""
    omit_none: ClassVar[bool]
    """Whether fields that are `None` are left out of sent messages."""
    _server: ClassVar[Codec | None]
    _anything: ClassVar[Codec]
    _stays_open: ClassVar[bool]
    def __init_subclass__(cls, **kwargs: Any) -> None: ...
    @property
    def last_event_id(self) -> str | None:
        """The `id` of the last event that the client has received, `None` without one.

        A client sends it when it reconnects, in the header `Last-Event-ID`.
        """
    async def handle(self, body: bytes) -> None:
        """Let `connect()` open the stream."""
    async def connect(self) -> None:
        """Open the stream with `accept()`, as by default, or refuse the client with `send_response()`."""
    async def accept(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Begin the response, which tells the client that the stream is open.

        Args:
            headers: Additional headers of the response.

        Raises:
            LocalProtocolError: The response has begun already.
            ConnectionClosed: The client has left.
        """
    async def send_event(
        self, message: ServerMessage, *, id: str | None = None, event: str | None = None
    ) -> None:
        """Send a message, as JSON.

        Args:
            message: The message.
            id: The value of `last_event_id` if the client reconnects after this event. An empty string resets
                the id of the client.
            event: The name of the event, which determines its listener in a browser; `None` means `message`.

        Raises:
            ValueError: `id` or `event` contains a line break or NUL.
            LocalProtocolError: The message is not a declared server message, or the stream is not open.
            ConnectionClosed: The stream has ended.
        """
    async def close(self) -> None:
        """End the stream. A browser reconnects, until it gets status 204.

        Raises:
            LocalProtocolError: The stream has not begun.
            ConnectionClosed: The client has left.
        """
    async def _keep_alive(self, seconds: float) -> None: ...
