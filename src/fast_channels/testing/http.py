"""An HTTP client for tests, which calls an ASGI application directly."""

from typing import Any, TypeAlias, Unpack, overload

from ._scope import HeadersInit, ScopeOptions, connection_scope
from .application import ApplicationCommunicator, TestedApplication

HttpResponse: TypeAlias = dict[str, Any]
"""A complete response: `status`, `headers` and `body`, and `trailers` if the response announced them."""


class HttpCommunicator(ApplicationCommunicator):
    """Sends one HTTP request to an application and receives its response.

    As an asynchronous context manager it disconnects on exit.

        communicator = HttpCommunicator(application, "/items?page=2", method="POST", body=b"{}")
        response = await communicator.get_response()

    Channels' order of arguments, `HttpCommunicator(application, "POST", "/items?page=2", b"{}")`, is
    understood as well. ASGI HTTP and WebSocket specification, "HTTP".

    Args:
        application: The application, or a consumer class.
        path: Path with its query string.
        method: HTTP method.
        body: What `send_request()` sends.
        headers: Request headers, as pairs or as a mapping.
        **options: See `ScopeOptions`.

    Attributes:
        body: What `send_request()` sends.
        sent_request: Whether the application was given any event yet.
    """

    @overload
    def __init__(
        self,
        application: TestedApplication,
        path: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: HeadersInit | None = None,
        **options: Unpack[ScopeOptions],
    ) -> None: ...

    @overload
    def __init__(
        self,
        application: TestedApplication,
        method: str,
        path: str,
        /,
        body: bytes = b"",
        headers: HeadersInit | None = None,
        **options: Unpack[ScopeOptions],
    ) -> None: ...

    def __init__(
        self,
        application: TestedApplication,
        path: str,
        path_after_method: str | None = None,
        body: bytes = b"",
        headers: HeadersInit | None = None,
        *,
        method: str = "GET",
        **options: Unpack[ScopeOptions],
    ) -> None:
        if path_after_method is not None:
            method, path = path, path_after_method
        protocol = {"type": "http", "scheme": "http", "method": method.upper()}
        super().__init__(application, connection_scope(path, headers, protocol, options))
        self.body = body
        self.sent_request: bool = False

    async def send_input(self, message: Any) -> None:
        """Give the application an event to receive; see `ApplicationCommunicator.send_input()`.

        Afterwards `get_response()` does not send the request itself.
        """
        self.sent_request = True
        await super().send_input(message)

    async def send_request(self, *, more_body: bool = False) -> None:
        """Send `body`.

        Args:
            more_body: Whether `send_body()` will send the rest of the body.

        Raises:
            Exception: The error of the application, if it crashed.
        """
        await self.send_body(self.body, more_body=more_body)

    async def send_body(self, chunk: bytes, *, more_body: bool = False) -> None:
        """Send a part of the request body.

        Args:
            chunk: The part.
            more_body: Whether another part will follow.

        Raises:
            Exception: The error of the application, if it crashed.
        """
        await self.send_input({"type": "http.request", "body": chunk, "more_body": more_body})

    async def get_response(self, timeout: float = 1) -> HttpResponse:
        """Receive the whole response, after sending the request if nothing was sent yet.

        Args:
            timeout: Longest time to wait for each event of the response, in seconds.

        Returns:
            `status`, `headers` as they were sent, the whole `body`, and `trailers` if the application
            announced some.

        Raises:
            ApplicationEnded: The application returned before its response was complete. A `TimeoutError`.
            TimeoutError: An event did not come in time.
            AssertionError: The application sent an event that is not part of a response.
            Exception: The error of the application, even if it crashed after its response, as the error
                handling of web frameworks does.
        """
        if not self.sent_request:
            await self.send_request()
        start = await self._receive_event(timeout, "http.response.start")
        response = HttpResponse(
            status=start["status"],
            headers=list(start.get("headers", ())),
            body=await self._receive_body(timeout, "http.response.body"),
        )
        if start.get("trailers", False):
            response["trailers"] = await self._receive_trailers(timeout)
        self._raise_error()
        return response

    async def _receive_trailers(self, timeout: float) -> list[tuple[bytes, bytes]]:
        trailers: list[tuple[bytes, bytes]] = []
        more_trailers = True
        while more_trailers:
            event = await self._receive_event(timeout, "http.response.trailers")
            trailers.extend(event.get("headers", ()))
            more_trailers = event.get("more_trailers", False)
        return trailers

    async def disconnect(self, timeout: float = 1) -> None:
        """Leave, and wait until the application ends.

        Args:
            timeout: Longest time to wait, in seconds.

        Raises:
            TimeoutError: The application had not ended in time. It has been cancelled.
            Exception: The error of the application, if it crashed.
        """
        await self.send_input({"type": "http.disconnect"})
        await self.wait(timeout)

    async def _leave(self) -> None:
        await self.disconnect()
