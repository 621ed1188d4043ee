# Written by `python -m fast_channels.codegen`; changes made by hand are lost.

from typing import Any
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelApplication, ChannelScope
from collections.abc import Awaitable, Callable
__all__ = ["BaseMiddleware"]

class BaseMiddleware:
    def __init__(self, inner: ChannelApplication) -> None: ...
    inner: Callable[[Any, Any, Any], Awaitable[Any]]
    async def __call__(self, scope: Any, receive: Any, send: Any, /) -> Any: ...
