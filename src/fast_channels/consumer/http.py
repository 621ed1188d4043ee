"""Consumers of HTTP requests."""

from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, ClassVar

from fast_channels.consumer.base import AsyncConsumer
from fast_channels.consumer.definition import application_classes
from fast_channels.consumer.headers import JSON_HEADERS, header_pairs
from fast_channels.consumer.http_life import HttpLife
from fast_channels.consumer.phases import SERVING
from fast_channels.consumer.supervision import spawn
from fast_channels.events import HttpDisconnectEvent, HttpRequestEvent
from fast_channels.exceptions import InvalidParamsError, StopConsumer

__all__ = ["AsyncHttpConsumer"]


class AsyncHttpConsumer(AsyncConsumer):
    """Serves one HTTP request: `handle()` with the whole body, and `disconnect()` exactly once.

    If `handle()` returns before the response is complete (`more_body=True`), the consumer stays alive:
    handlers of channel-layer events can send the rest, until the response is complete or the client leaves.

    Attributes:
        max_body_size: The largest size of a request body in bytes, `None` for no limit. A request with a
            larger body is answered with status 413, and `handle()` is not called.
        body: The parts of the request body that have arrived.
    """

    max_body_size: ClassVar[int | None] = 16 * 1024 * 1024
    body: list[bytes]
    _protocol = "http"
    _sends_itself: ClassVar[bool] = False
    _stays_open: ClassVar[bool] = False
    """Whether a response that `handle()` leaves incomplete is the rule."""
    _life_class = HttpLife
    _life: HttpLife  # pyright: ignore[reportIncompatibleVariableOverride]  # set once, by `__new__`, and never assigned: narrower is safe

    async def send_headers(
        self,
        *,
        status: int = 200,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Begin the response; servers wait for the first part of the body. ASGI, "Response Start".

        Args:
            status: HTTP status code.
            headers: Headers of the response. Any other iterable of pairs, and a mapping, work as well.

        Raises:
            LocalProtocolError: The response has begun already, or a header is not valid.
            ConnectionClosed: The client has left.
        """
        await self.send(_start(status, headers))

    async def send_body(self, body: bytes, *, more_body: bool = False) -> None:
        """Send a part of the response body. ASGI, "Response Body".

        Args:
            body: The part.
            more_body: Whether another part follows. Otherwise the response is complete, and parts that are
                sent later are dropped.

        Raises:
            AssertionError: `body` is not bytes.
            LocalProtocolError: The response has not begun.
            ConnectionClosed: The client has left.
        """
        _require_bytes(body)
        await self.send({"type": "http.response.body", "body": body, "more_body": more_body})

    async def send_response(
        self,
        status: int,
        body: bytes,
        *,
        headers: list[tuple[bytes, bytes]] | None = None,
    ) -> None:
        """Send a whole response.

        Args:
            status: HTTP status code.
            body: The whole body.
            headers: Headers of the response. Any other iterable of pairs, and a mapping, work as well.

        Raises:
            AssertionError: `body` is not bytes.
            LocalProtocolError: The response has begun already, or a header is not valid.
            ConnectionClosed: The client has left.
        """
        _require_bytes(body)
        if self._sends_itself or not _SENDING.isdisjoint(vars(self)):
            await self.send_headers(status=status, headers=headers)
            await self.send_body(body)
        else:
            end = {"type": "http.response.body", "body": body, "more_body": False}
            await self._life.send_own(self, _start(status, headers), end)

    async def receive_body(self, part: bytes) -> None:
        """Handle a part of the request body as it arrives.

        If a class overrides this method, it gets the body in parts. `handle()` is called afterwards with an
        empty body, unless the response is already complete. The next part is read when the method has
        returned, so a slow method slows the client down (backpressure). `max_body_size` limits the sum of all
        parts.

        Args:
            part: The part, which is not empty.
        """

    async def handle(self, body: bytes) -> None:
        """Answer the request, with `send_response()` or with `send_headers()` and `send_body()`.

        Args:
            body: The whole request body.

        Raises:
            NotImplementedError: Always; subclasses override this method.
        """
        raise NotImplementedError("Subclasses of AsyncHttpConsumer must provide a handle() method.")

    async def disconnect(self) -> None:
        """Clean up; nothing can be sent any more.

        Called exactly once for each request, when the response is complete or the client has left.
        """

    async def params_invalid(self, error: InvalidParamsError) -> None:
        """Answer a request whose parameters do not match `Params`, with status 422 and the list of errors.

        Args:
            error: What is wrong with them; the response is a JSON object with its errors.
        """
        # Late: a class without `Params` needs nothing of them.
        from fast_channels.consumer.params import error_body

        await self._refuse_connection(422, JSON_HEADERS, error_body(error))

    def _keep_running(self, work: Coroutine[Any, Any, None], name: str) -> None:
        # Not spawn(), of which name an application may have a method of its own.
        _ = spawn(self._life, self, work, name)

    async def _refuse_connection(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        await self.send_response(status, body, headers=headers)

    async def http_request(self, message: "HttpRequestEvent") -> None:
        """Collect the body, and let `handle()` answer when it is complete. ASGI, "Request - receive event".

        Raises:
            LocalProtocolError: `handle()` returned without a response, and the consumer has no channel layer.
            StopConsumer: The response is complete.
        """
        life = self._life
        await life.http_request(self, message)
        if life.is_over(self):
            await life.end(self, 0)
        if life.phase not in SERVING:
            raise StopConsumer

    @classmethod
    def _set_up(cls) -> None:
        super()._set_up()
        cls._sends_itself = any(not _SENDING.isdisjoint(vars(base)) for base in application_classes(cls))

    async def http_disconnect(self, message: "HttpDisconnectEvent") -> None:
        """Let `disconnect()` clean up. ASGI, "Disconnect - receive event".

        Raises:
            StopConsumer: Always, at the end.
        """
        await self._life.http_disconnect(self, message)
        raise StopConsumer


_SENDING = frozenset({"send", "send_headers", "send_body"})
"""The methods that a whole response would go through, if an application has one of its own."""


def _start(
    status: int, headers: Iterable[tuple[bytes, bytes]] | Mapping[bytes, bytes] | None
) -> dict[str, Any]:
    pairs: Any = header_pairs(headers)
    # A copy, because frameworks add to the list that they are given.
    if type(pairs) is list:
        pairs = [*pairs]
    return {"type": "http.response.start", "status": status, "headers": pairs, "trailers": False}


def _require_bytes(body: object) -> None:
    if not isinstance(body, bytes):
        raise AssertionError("Body is not bytes")
