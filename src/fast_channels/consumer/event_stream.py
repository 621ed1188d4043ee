"""Consumers that send server-sent events."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar, Generic

from fast_channels.consumer.http import AsyncHttpConsumer
from fast_channels.consumer.messages import ServerMessage
from fast_channels.messages.codec import Codec
from fast_channels.messages.generics import resolve_in, type_arguments
from fast_channels.untrusted import shown

__all__ = ["AsyncEventStreamConsumer"]

_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    # nginx would collect the events before it passes them on.
    (b"x-accel-buffering", b"no"),
)
_LAST_EVENT_ID = b"last-event-id"


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

    keep_alive: ClassVar[float | None] = 15.0
    retry: ClassVar[float | None] = None
    omit_none: ClassVar[bool] = False

    _server: ClassVar[Codec | None] = None
    _anything: ClassVar[Codec] = Codec(lambda: Any)
    _stays_open: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        (message,) = type_arguments(cls, AsyncEventStreamConsumer)
        declared = partial(resolve_in, cls, message)
        cls._server = None if message is Any else Codec(declared, omit_none=cls.omit_none)
        cls._declares_messages = cls._server is not None
        cls._anything = Codec(lambda: Any, omit_none=cls.omit_none)
        super().__init_subclass__(**kwargs)

    @property
    def last_event_id(self) -> str | None:
        """The `id` of the last event that the client has received, `None` without one.

        A client sends it when it reconnects, in the header `Last-Event-ID`.
        """
        for name, value in self.scope.get("headers") or ():
            if bytes(name).lower() == _LAST_EVENT_ID:
                return bytes(value).decode("utf-8", "replace")
        return None

    async def handle(self, body: bytes) -> None:
        """Let `connect()` open the stream."""
        await self.connect()

    async def connect(self) -> None:
        """Open the stream with `accept()`, as by default, or refuse the client with `send_response()`."""
        await self.accept()

    async def accept(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Begin the response, which tells the client that the stream is open.

        Args:
            headers: Additional headers of the response.

        Raises:
            LocalProtocolError: The response has begun already.
            ConnectionClosed: The client has left.
        """
        await self.send_headers(headers=[*_HEADERS, *headers])
        # Servers wait for the first part of the body before they send anything. There is no empty line, at
        # which some clients would see an event without data.
        opening = ": open\n" if self.retry is None else f"retry: {round(self.retry * 1000)}\n"
        await self.send_body(opening.encode(), more_body=True)
        if self.keep_alive is not None:
            self._keep_running(self._keep_alive(self.keep_alive), "keep_alive")

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
        text = (self._server or self._anything).encode(message)
        fields = [("event", event), ("id", id), ("data", text)]
        lines = [f"{name}: {_line(name, value)}\n" for name, value in fields if value is not None]
        await self.send_body("".join([*lines, "\n"]).encode(), more_body=True)

    async def close(self) -> None:
        """End the stream. A browser reconnects, until it gets status 204.

        Raises:
            LocalProtocolError: The stream has not begun.
            ConnectionClosed: The client has left.
        """
        await self.send_body(b"")

    async def _keep_alive(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self.send_body(b": keep-alive\n", more_body=True)


def _line(name: str, value: str) -> str:
    """Return the value of a field, which is one line."""
    if not {"\n", "\r", "\0"}.isdisjoint(value):
        raise ValueError(f"the {name} of a server-sent event has to be one line, not {shown(value)}")
    return value
