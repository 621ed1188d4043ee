"""What stands before an application."""

from typing import Any

from fast_channels.middleware import BaseMiddleware
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope


async def receive() -> dict[str, Any]:
    """Deliver an event."""
    return {}


async def send(event: Any) -> None:
    """Take an event."""


async def test_a_middleware_passes_the_connection_on() -> None:
    """With the callables of the server, and with what the application returns."""
    got: list[Any] = []

    async def inner(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> Any:
        got.append((scope, receive, send))
        return "result"

    middleware = BaseMiddleware(inner)

    assert middleware.inner is inner
    assert await middleware({"type": "http"}, receive, send) == "result"
    assert got == [({"type": "http"}, receive, send)]


async def test_what_a_middleware_adds_to_the_scope_is_not_seen_outside() -> None:
    """One scope may be given to several applications."""

    async def inner(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        scope["user"] = "alice"

    scope: dict[str, Any] = {"type": "http"}

    await BaseMiddleware(inner)(scope, receive, send)

    assert scope == {"type": "http"}
