"""The base of middleware."""

from typing import Any

from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelApplication, ChannelScope

__all__ = ["BaseMiddleware"]


class BaseMiddleware:
    """Stands before an application; one object serves all connections, so what it knows goes into the scope.

    Args:
        inner: The application behind it.
    """

    def __init__(self, inner: ChannelApplication) -> None:
        self.inner = inner

    async def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Any:
        """Pass a connection on, with a copy of its scope: what is added to it is not seen outside."""
        return await self.inner(dict(scope), receive, send)
