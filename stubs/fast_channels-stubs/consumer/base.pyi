# Written by `nox -s generate`; changes made by hand are lost.

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar, NoReturn, Self, TypeVar
from fast_channels.consumer.application import ConsumerApplication, is_scope, no_application, require_effect
from fast_channels.consumer.handlers import get_handler_name
from fast_channels.consumer.membership import join, leave
from fast_channels.consumer.rules import Rules, find_rules
from fast_channels.consumer.supervision import spawn
from fast_channels.exceptions import InvalidEventError, InvalidParamsError
from fast_channels.layers import BaseChannelLayer
from fast_channels.messages import Group
from fast_channels.type_defs import (
    ASGIConnection,
    ASGIReceiveCallable,
    ASGISendCallable,
    ChannelMessage,
    ChannelScope,
    GivenArgument,
    GivenReceive,
    GivenScope,
    GivenSend,
)
from collections.abc import Awaitable, Callable
from typing import Literal, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from fast_channels.events import SendEvent
from fast_channels.events.dicts import SendEventDict

_P = ParamSpec("_P")
_C = TypeVar("_C", bound=AsyncConsumer)
_Params = TypeVar("_Params")
_Params_co = TypeVar("_Params_co", covariant=True)

# A dictionary display that is no event is never this; a variable whose values are Any may be.
class _NoEventOfAsgi: ...

Sent: TypeAlias = SendEvent | SendEventDict | Mapping[str, _NoEventOfAsgi]

class BaseSend(Protocol):
    async def __call__(self, message: Sent, /) -> None: ...

# A constructor that takes everything, as that of type[AsyncConsumer], for which mypy finds no parameters.
class _AnyConstructor(Protocol):
    def __call__(self, *args: object, **kwargs: object) -> object: ...

# A class with a model `Params` in it; what the second says is enough for checkers that do not find the first.
class _HasModel(Protocol[_Params_co]):
    @property
    def Params(self) -> Callable[..., _Params_co]: ...

class _HasAnyModel(Protocol):
    Params: ClassVar[Any]

class _ReadParams:
    @overload
    def __get__(self, consumer: _HasModel[_Params], owner: Any, /) -> _Params: ...
    @overload
    def __get__(self, consumer: _HasAnyModel, owner: Any, /) -> Any: ...

# Two ways to tell AsyncWebsocketConsumer, whose send() has other arguments, from its base.
class _SendsEvents(Protocol):
    _sends: Literal["events"]

class _SendsFrames(Protocol):
    @property
    def _sends_frames(self) -> Literal[True]: ...

__all__ = ["AsyncConsumer", "ConsumerApplication", "get_handler_name"]
logger = logging.getLogger("fast_channels.consumer")
_T = TypeVar("_T")

class AsyncConsumer:
    """Serves one connection: the type of each event determines the method that handles it.

    A subclass writes an `async def` method for each type of event, from the server or from the channel
    layer, with underscores for the dots of the type. An event is checked before a method sees it, and
    before it reaches the server.

    Attributes:
        channel_layer_alias: The alias under which the channel layer of the consumer is registered, `None` for
            a consumer without a channel layer.
        scope: The scope of the connection, from the server.
        asgi_events_from_layer: Whether the consumer handles ASGI events, such as `websocket.receive`, that
            come from its channel layer, as if its client had sent them. With `None`, a class that declares
            its events or messages refuses them, and any other class handles them.
        channel_layer: The channel layer of the alias; `None` without an alias.
        channel_name: The name of the consumer's own channel in the layer.
        channel_receive: Returns the next message of that channel.
        base_send: Checks an event and sends it to the server.
        params: The parameters of the connection, from path, query, headers and cookies, as an instance of the
            model `Params` that a subclass may contain. They are read before the first event is handled.
    """
    channel_layer_alias: str | None
    """The alias under which the channel layer of the consumer is registered, `None` for a consumer without a channel layer."""
    asgi_events_from_layer: ClassVar[bool | None]
    """Whether the consumer handles ASGI events, such as `websocket.receive`, that come from its channel layer, as if its client had sent them. With `None`, a class that declares its events or messages refuses them, and any other class handles them."""
    scope: ChannelScope
    """The scope of the connection, from the server."""
    channel_name: str
    """The name of the consumer's own channel in the layer."""
    channel_receive: ASGIReceiveCallable
    """Returns the next message of that channel."""
    _protocol: ClassVar[str | None]
    _declares_messages: ClassVar[bool]
    _rules: ClassVar[Rules]
    _local_names: ClassVar[Mapping[str, Any]]
    def __init_subclass__(cls, **kwargs: Any) -> None: ...
    def __init__(self, *args: GivenArgument, **kwargs: Any) -> None:
        """Take the arguments of `as_asgi()`; a class without an `__init__` of its own gets attributes.

        Args:
            *args: Ignored.
            **kwargs: Set as attributes of the consumer.
        """
    async def dispatch(self, message: ChannelMessage) -> None:
        """Call the handler of a message.

        Raises:
            InvalidEventError: The message has no handler, or does not match the annotation of its handler. It
                is a `ValueError`.
        """
    async def join(self, group: "Group[Any, Self]") -> None:
        """Become a member of a group, until `leave()` or the end of the connection.

        Args:
            group: The group; the consumer has a handler for each event that it carries.

        Raises:
            InvalidChannelLayerError: The consumer has no channel layer, or another one than the group.
            TypeError: The consumer does not handle an event of the group.
            ConnectionClosed: The consumer has left its groups already.
        """
    async def leave(self, group: "Group[Any, Any]") -> None:
        """End the membership in a group, if there is one.

        Args:
            group: A group that the consumer has joined.
        """
    def spawn(self, coro: Coroutine[Any, Any, _T], name: str | None = None) -> asyncio.Task[_T]:
        """Run a coroutine in a task that the connection owns.

        It runs concurrently with the handlers. When the connection ends, the task is cancelled and awaited
        before `disconnect()` runs. An error in it ends the consumer like an error of a handler, also if a
        handler awaits the task; `ConnectionClosed` of this connection ends only the task.

        Args:
            coro: The coroutine.
            name: The name of the task; by default the name of the function.

        Returns:
            The task, which may be awaited or cancelled.

        Raises:
            ConnectionClosed: The connection is over; the coroutine is closed.
            RuntimeError: There is no connection yet, or it is served in another event loop.
            TypeError: `coro` is not a coroutine.
        """
    def __repr__(self) -> str: ...
    async def channel_invalid(self, error: InvalidEventError) -> None:
        """Handle a message of the channel layer that has no handler or does not match it.

        Another version of the application may have sent it. By default the message is dropped and an error is
        logged. There is one exception: a consumer that declares neither events nor messages raises the error
        for a message without a handler.

        Args:
            error: What is wrong with the message.

        Raises:
            InvalidEventError: The message has no handler, and the consumer declares neither events nor
                messages.
        """
    async def params_invalid(self, error: InvalidParamsError) -> None:
        """Answer a connection whose parameters do not match `Params`; it ends afterwards.

        `connect()`, `handle()` and `disconnect()` are not called for such a connection.

        Args:
            error: What is wrong with them.

        Raises:
            InvalidParamsError: Always; subclasses for a protocol override this method and answer.
        """
    @classmethod
    def _unhandled(cls) -> str | None: ...
    @classmethod
    def _set_up(cls) -> None: ...
    async def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Serve one connection, from its first event to the last clean-up.

        Raises:
            InvalidChannelLayerError: The channel layer that the consumer needs is not registered.
            RuntimeError: This instance has served another connection.
            ValueError: The class serves no connection of this type.
            Exception: Whatever a handler raised, after the clean-up.
        """
    _sends: Any
    channel_layer: BaseChannelLayer | Any
    """The channel layer of the alias; `None` without an alias."""
    base_send: Callable[[Any], Awaitable[None]]
    """Checks an event and sends it to the server."""
    params: ClassVar[_ReadParams]
    """The parameters of the connection, from path, query, headers and cookies, as an instance of the model `Params` that a subclass may contain. They are read before the first event is handled."""
    @overload
    async def send(self: _SendsEvents, message: ChannelMessage) -> None:
        """Send an event to the server.

        Raises:
            LocalProtocolError: The event is not valid, or not legal in the current state; nothing was sent.
            ConnectionClosed: The connection is closed.
        """
    @overload
    async def send(self: _SendsFrames, *args: Any, **kwargs: Any) -> None:
        """Send an event to the server.

        Raises:
            LocalProtocolError: The event is not valid, or not legal in the current state; nothing was sent.
            ConnectionClosed: The connection is closed.
        """
    @overload
    @classmethod
    def as_asgi(
        cls: Callable[_P, _C], *args: _P.args, **initkwargs: _P.kwargs
    ) -> ConsumerApplication[_C]:
        """Return an ASGI application that makes a consumer for every connection.

        Args:
            **initkwargs: The keyword arguments of the constructor of each consumer.

        Raises:
            TypeError: The constructor does not take these arguments, an argument is an attribute that is read
                from the class only, the class is a frozen dataclass, or it declares client messages that no
                method handles.
        """
    @overload
    @classmethod
    def as_asgi(cls: _AnyConstructor, *args: Any, **initkwargs: Any) -> ConsumerApplication[Any]:
        """Return an ASGI application that makes a consumer for every connection.

        Args:
            **initkwargs: The keyword arguments of the constructor of each consumer.

        Raises:
            TypeError: The constructor does not take these arguments, an argument is an attribute that is read
                from the class only, the class is a frozen dataclass, or it declares client messages that no
                method handles.
        """
    @overload
    @classmethod
    async def serve(
        cls: Callable[_P, _C], connection: ASGIConnection, /, *args: _P.args, **initkwargs: _P.kwargs
    ) -> None:
        """Serve the connection of an endpoint, so that the endpoint can use dependencies of its framework.

            @app.websocket("/rooms/{room}")
            async def endpoint(websocket: WebSocket, user: Annotated[User, Depends(current_user)]) -> None:
                await Chat.serve(websocket, user=user)

        The endpoint must not have answered the handshake.

        Args:
            connection: The connection that the framework passes to the endpoint: an object with the `scope`,
                `receive()` and `send()` of ASGI, such as a `WebSocket` of Starlette and FastAPI.
            **initkwargs: The keyword arguments of the constructor of the consumer.

        Raises:
            TypeError: The constructor does not take these arguments.
            RuntimeError: The handshake has been answered already.
            Exception: The error of a handler, after the clean-up.
        """
    @overload
    @classmethod
    async def serve(
        cls: _AnyConstructor, connection: ASGIConnection, /, *args: Any, **initkwargs: Any
    ) -> None:
        """Serve the connection of an endpoint, so that the endpoint can use dependencies of its framework.

            @app.websocket("/rooms/{room}")
            async def endpoint(websocket: WebSocket, user: Annotated[User, Depends(current_user)]) -> None:
                await Chat.serve(websocket, user=user)

        The endpoint must not have answered the handshake.

        Args:
            connection: The connection that the framework passes to the endpoint: an object with the `scope`,
                `receive()` and `send()` of ASGI, such as a `WebSocket` of Starlette and FastAPI.
            **initkwargs: The keyword arguments of the constructor of the consumer.

        Raises:
            TypeError: The constructor does not take these arguments.
            RuntimeError: The handshake has been answered already.
            Exception: The error of a handler, after the clean-up.
        """
