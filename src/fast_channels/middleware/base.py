"""The base of middleware."""

from collections.abc import Awaitable, Callable
from typing import Any

from fast_channels.type_defs import ChannelApplication, GivenReceive, GivenScope, GivenSend

__all__ = ["BaseMiddleware"]


class BaseMiddleware:
    """Wraps an application. One object serves all connections, so it stores the state of each in the scope.

    Args:
        inner: The wrapped application.
    """

    def __init__(self, inner: ChannelApplication) -> None:
        # Every framework has types of its own for the three arguments, and so have overrides for them.
        self.inner: Callable[[Any, Any, Any], Awaitable[Any]] = inner

    async def __call__(self, scope: GivenScope, receive: GivenReceive, send: GivenSend) -> Any:
        """Pass a connection on, with a copy of its scope: what is added to it is not seen outside."""
        return await self.inner(dict(scope), receive, send)
