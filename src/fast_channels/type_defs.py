"""The callables, scopes and messages of ASGI as types, under the names that fast-channels gave them."""

import builtins
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from re import Pattern
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn, Protocol, TypeAlias

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from .events.dicts import HttpDisconnectEventDict as HttpDisconnectEvent
    from .events.dicts import HttpResponseBodyEventDict as HttpResponseBodyEvent
    from .events.dicts import HttpResponseStartEventDict as HttpResponseStartEvent
    from .events.dicts import WebSocketAcceptEventDict as WebSocketAcceptEvent
    from .events.dicts import WebSocketCloseEventDict as WebSocketCloseEvent
    from .events.dicts import WebSocketConnectEventDict as WebSocketConnectEvent
else:
    # Checkers that knew of this function would take any name for one of the module.
    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # Most applications ask for none of them.
        from .events import dicts

        return getattr(dicts, f"{name}Dict")


__all__ = [
    "ASGI3Application",
    "ASGIApplication",
    "ASGIApplicationProtocol",
    "ASGIReceiveCallable",
    "ASGISendCallable",
    "ChannelApplication",
    "ChannelCapacityDict",
    "ChannelCapacityPattern",
    "ChannelHeaders",
    "ChannelMessage",
    "ChannelScope",
    "CompiledChannelCapacities",
    "CompiledChannelCapacity",
    "HttpDisconnectEvent",
    "HttpRequestEvent",
    "HttpResponseBodyEvent",
    "HttpResponseStartEvent",
    "MiddlewareProtocol",
    "WebSocketAcceptEvent",
    "WebSocketCloseEvent",
    "WebSocketConnectEvent",
    "WebSocketDisconnectEvent",
    "WebSocketReceiveEvent",
]

ChannelScope: TypeAlias = MutableMapping[str, Any]
"""What a server tells of a connection when it begins."""

ChannelMessage: TypeAlias = Mapping[str, Any]
"""An event, from or to the server or a channel layer."""

ChannelHeaders: TypeAlias = Iterable[tuple[bytes, bytes]]
"""Header names and values."""

ChannelCapacityPattern: TypeAlias = str | Pattern[str]
"""Which channels a capacity is for: a glob, or a compiled regular expression."""

ChannelCapacityDict: TypeAlias = dict[ChannelCapacityPattern, int]
CompiledChannelCapacity: TypeAlias = tuple[Pattern[str], int]
CompiledChannelCapacities: TypeAlias = list[CompiledChannelCapacity]

ASGIReceiveCallable: TypeAlias = Callable[[], Awaitable[ChannelMessage]]
ASGISendCallable: TypeAlias = Callable[[ChannelMessage], Awaitable[None]]
ASGI3Application: TypeAlias = Callable[[ChannelScope, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]]
ASGIApplication: TypeAlias = ASGI3Application


# The other events are the dictionaries of `events.dicts`; of these a handler gets every key.
class HttpRequestEvent(TypedDict):
    """A part of the body of a request."""

    type: Literal["http.request"]
    body: bytes
    more_body: bool


class WebSocketReceiveEvent(TypedDict):
    """A frame: either `text` or `bytes` is `None`."""

    type: Literal["websocket.receive"]
    bytes: builtins.bytes | None
    text: str | None


class WebSocketDisconnectEvent(TypedDict):
    """The end of a WebSocket."""

    type: Literal["websocket.disconnect"]
    code: int
    reason: str | None


class _GivenByServer:
    """Makes FastAPI refuse an application as an endpoint: it would read the arguments from the request."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: object) -> NoReturn:
        raise TypeError(
            "an ASGI application is not an endpoint whose parameters FastAPI reads from the request: "
            "use app.router.add_websocket_route(path, Chat.as_asgi()) for a WebSocket, "
            "app.router.add_route(path, Page.as_asgi()) for HTTP, or app.mount() for all that is below a path"
        ) from None


# Litestar asks for types of the three arguments; FastAPI, which would fill them in, is told not to.
GivenScope: TypeAlias = Annotated[ChannelScope, _GivenByServer()]
GivenReceive: TypeAlias = Annotated[ASGIReceiveCallable, _GivenByServer()]
GivenSend: TypeAlias = Annotated[ASGISendCallable, _GivenByServer()]
GivenArgument: TypeAlias = Annotated[Any, _GivenByServer()]


class ASGIConnection(Protocol):
    """A connection as frameworks pass it to endpoints: Starlette's `WebSocket`, for instance."""

    @property
    def scope(self) -> MutableMapping[str, Any]:
        """The connection scope."""
        ...

    async def receive(self) -> Mapping[str, Any]:
        """Return the next event of the server."""
        ...

    async def send(self, message: Any, /) -> None:
        """Send an event to the server."""
        ...


class ASGIApplicationProtocol(Protocol):
    """What `as_asgi()` returns: an ASGI application that knows its consumer."""

    consumer_initkwargs: dict[str, Any]

    @property
    def consumer_class(self) -> Any:
        """The class of the consumers."""
        ...

    def __call__(
        self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        """Serve one connection."""
        ...


class MiddlewareProtocol(Protocol):
    """An object that is called like an ASGI application, whatever it calls its arguments."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Serve one connection."""
        ...


ChannelApplication: TypeAlias = MiddlewareProtocol | ASGIApplication
"""An ASGI application, middleware included."""
