"""What happens to a consumer of an HTTP request besides what happens to every consumer."""

import logging
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

from fast_channels.consumer.cleanup import NOTHING
from fast_channels.consumer.handler_errors import warn_once
from fast_channels.consumer.life import Life
from fast_channels.exceptions import LocalProtocolError, StopConsumer
from fast_channels.protocol.states import COMPLETE, DEBUGGED, INIT

if TYPE_CHECKING:
    from fast_channels.consumer.http import AsyncHttpConsumer

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

SMALL_PART = 64 * 1024
"""Parts of a request body that have fewer bytes are joined as they come."""

_UNANSWERED = frozenset({INIT, DEBUGGED})


class HttpLife(Life["AsyncHttpConsumer"]):
    """What happens to one consumer of an HTTP request."""

    __slots__ = ("_complete", "_size")

    _size: int
    _complete: bool

    def prepare(self, consumer: "AsyncHttpConsumer") -> None:
        """Give a consumer a body that has not come yet."""
        consumer.body = []
        self._size = 0
        self._complete = False

    def http_request(self, consumer: "AsyncHttpConsumer", message: Mapping[str, Any]) -> Awaitable[None]:
        """Collect the body, and return what lets the consumer answer when it is complete."""
        if self._complete:
            # Some servers repeat it; otherwise the application has sent, or handled, one more.
            warn_once(consumer, "ignores an http.request that comes after the end of the request body")
            return NOTHING
        part: bytes = message.get("body", b"")
        self._size += len(part)
        if not self.rules.streams_body:
            self._collect(consumer.body, part)
        limit = consumer.max_body_size
        too_large = limit is not None and self._size > limit
        self._complete = too_large or not message.get("more_body")
        if too_large and self.connection is not None and self.connection.state not in _UNANSWERED:
            logger.warning(
                "%s ends: the body of its request is too large, and its response has begun", consumer
            )
            raise StopConsumer
        if too_large:
            headers = [(b"content-type", b"text/plain")]
            return consumer.send_response(413, b"Request body too large", headers=headers)
        if self.rules.streams_body:
            return self._pass_on(consumer, part)
        return consumer.handle(b"".join(consumer.body)) if self._complete else NOTHING

    async def http_disconnect(self, consumer: "AsyncHttpConsumer", _message: Mapping[str, Any]) -> None:
        """End the connection."""
        await self.end(consumer, 0)

    def is_over(self, consumer: "AsyncHttpConsumer") -> bool:
        """Tell whether the response is complete.

        Raises:
            LocalProtocolError: There is none, although the request is complete, and there is no channel layer
                whose events could still send one.
        """
        connection = self.connection
        if connection is None:
            return False
        if connection.state == COMPLETE:
            return True
        if not self._complete or consumer.channel_layer is not None:
            return False
        if connection.state in _UNANSWERED:
            raise LocalProtocolError(
                f"{type(consumer).__name__}.handle() returned without a response; a consumer without a "
                "channel layer has no other handler that could send one",
                state=connection.state,
                legal=["http.response.start"],
            )
        if consumer._stays_open:  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
            return False
        text = "returned from handle() before its response was complete; unless a task sends the rest, "
        warn_once(consumer, f"{text}it ends when the client leaves")
        return False

    def is_answered(self) -> bool:
        """Tell whether the response is complete."""
        return self.connection is not None and self.connection.state == COMPLETE

    def run_hook(self, consumer: "AsyncHttpConsumer", code: int) -> Awaitable[None]:
        """Return what runs the `disconnect()` of the consumer."""
        return consumer.disconnect()

    async def _pass_on(self, consumer: "AsyncHttpConsumer", part: bytes) -> None:
        if part:
            await consumer.receive_body(part)
        if self._complete and not self.is_answered():
            await consumer.handle(b"")

    def _collect(self, body: list[bytes], part: bytes) -> None:
        # Parts without content would take memory that max_body_size does not count.
        if not part:
            return
        # Small parts would take many times their size: a part takes in those before it that are no larger.
        while body and len(body[-1]) <= len(part) < SMALL_PART:
            part = body.pop() + part
        body.append(part)
