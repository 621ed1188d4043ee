# Written by `nox -s generate`; changes made by hand are lost.

from collections.abc import Awaitable, Callable
from typing import Any
from fast_channels.type_defs import ChannelApplication, GivenReceive, GivenScope, GivenSend

__all__ = ["BaseMiddleware"]

class BaseMiddleware:
    """Wraps an application. One object serves all connections, so it stores the state of each in the scope.

    Args:
        inner: The wrapped application.
    """
    def __init__(self, inner: ChannelApplication) -> None: ...
    inner: Callable[[Any, Any, Any], Awaitable[Any]]
    async def __call__(self, scope: Any, receive: Any, send: Any, /) -> Any:
        """Pass a connection on, with a copy of its scope: what is added to it is not seen outside."""
