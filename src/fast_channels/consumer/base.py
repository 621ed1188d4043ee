"""The base of all consumers: one object per connection, whose methods handle its events."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from fast_channels.consumer.application import ConsumerApplication, is_scope, no_application, require_effect
from fast_channels.consumer.attributes import require_methods_to_be_called, require_settings
from fast_channels.consumer.definition import RECEIVING, require_constructor, require_methods
from fast_channels.consumer.handlers import get_handler_name
from fast_channels.consumer.life import Life
from fast_channels.consumer.membership import join, leave
from fast_channels.consumer.rules import Rules, find_rules
from fast_channels.consumer.supervision import spawn
from fast_channels.exceptions import InvalidEventError, InvalidParamsError
from fast_channels.layers import BaseChannelLayer
from fast_channels.messages import Group
from fast_channels.messages.annotations import local_names
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
from fast_channels.untrusted import printable, shown

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

    channel_layer_alias: str | None = None
    asgi_events_from_layer: ClassVar[bool | None] = None
    scope: ChannelScope
    channel_layer: BaseChannelLayer | None
    channel_name: str
    channel_receive: ASGIReceiveCallable
    base_send: ASGISendCallable
    params: Any

    _protocol: ClassVar[str | None] = None
    _declares_messages: ClassVar[bool] = False
    _rules: ClassVar[Rules]
    _local_names: ClassVar[Mapping[str, Any]] = {}
    _life_class: ClassVar[type[Life[Any]]] = Life
    _life: Life[Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._local_names = local_names(cls.__module__)
        cls._set_up()
        require_methods_to_be_called(cls)
        require_settings(cls, vars(cls), of_class=True)
        require_methods(cls, cls._rules.handlers)

    def __new__(cls, *args: GivenArgument, **kwargs: Any) -> Self:
        """Make a consumer; a class that is called as an ASGI application says what to use instead."""
        if args and is_scope(args[0]):
            raise no_application(cls)
        consumer = super().__new__(cls)
        # Here, because an application's `__init__` need not call that of the library.
        consumer._life = cls._life_class(cls._rules)
        consumer._life.prepare(consumer)
        return consumer

    def __await__(self) -> NoReturn:
        """Say what to use instead of a class whose calls are awaited."""
        raise no_application(type(self))

    def __init__(self, *args: GivenArgument, **kwargs: Any) -> None:
        """Take the arguments of `as_asgi()`; a class without an `__init__` of its own gets attributes.

        Args:
            *args: Ignored.
            **kwargs: Set as attributes of the consumer.
        """
        for name, value in kwargs.items():
            setattr(self, name, value)
        if kwargs:
            # They are those of every consumer of an application.
            self._life.prepare(self)

    async def __call__(self, scope: GivenScope, receive: GivenReceive, send: GivenSend) -> None:
        """Serve one connection, from its first event to the last clean-up.

        Raises:
            InvalidChannelLayerError: The channel layer that the consumer needs is not registered.
            RuntimeError: This instance has served another connection.
            ValueError: The class serves no connection of this type.
            Exception: Whatever a handler raised, after the clean-up.
        """
        type_ = scope.get("type")
        if type_ not in self._rules.served and (answer := self._rules.answer_to(type_)) is not None:
            await answer(type(self), scope, receive, send)
        else:
            await self._life.run(self, scope, receive, send)

    async def dispatch(self, message: ChannelMessage) -> None:
        """Call the handler of a message.

        Raises:
            InvalidEventError: The message has no handler, or does not match the annotation of its handler. It
                is a `ValueError`.
        """
        handler = self._rules.find(message)
        await getattr(self, handler.name)(handler.convert(message))

    async def send(self, message: ChannelMessage) -> None:
        """Send an event to the server.

        Raises:
            LocalProtocolError: The event is not valid, or not legal in the current state; nothing was sent.
            ConnectionClosed: The connection is closed.
        """
        await self.base_send(message)

    async def join(self, group: "Group[Any, Self]") -> None:
        """Become a member of a group, until `leave()` or the end of the connection.

        Args:
            group: The group; the consumer has a handler for each event that it carries.

        Raises:
            InvalidChannelLayerError: The consumer has no channel layer, or another one than the group.
            TypeError: The consumer does not handle an event of the group.
            ConnectionClosed: The consumer has left its groups already.
        """
        await join(self._life, self, group)

    async def leave(self, group: "Group[Any, Any]") -> None:
        """End the membership in a group, if there is one.

        Args:
            group: A group that the consumer has joined.
        """
        await leave(self._life, self, group)

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
        return spawn(self._life, self, coro, name)

    def __repr__(self) -> str:
        scope: Mapping[str, Any] = vars(self).get("scope") or {}
        parts = [f"path={shown(scope['path'])}"] if scope.get("path") else []
        if scope.get("client"):
            parts.append(f"client={printable(':'.join(map(str, scope['client'])))}")
        return f"{type(self).__name__}({', '.join(parts)})"

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
        unknown = isinstance(error.event.get("type"), str) and self._rules.known(error.event) is None
        if unknown and not self._rules.declares():
            raise error
        logger.error("%s drops a message of its channel layer: %s", self, error)

    async def params_invalid(self, error: InvalidParamsError) -> None:
        """Answer a connection whose parameters do not match `Params`; it ends afterwards.

        `connect()`, `handle()` and `disconnect()` are not called for such a connection.

        Args:
            error: What is wrong with them.

        Raises:
            InvalidParamsError: Always; subclasses for a protocol override this method and answer.
        """
        raise error

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> ConsumerApplication[Self]:
        """Return an ASGI application that makes a consumer for every connection.

        Args:
            **initkwargs: The keyword arguments of the constructor of each consumer.

        Raises:
            TypeError: The constructor does not take these arguments, an argument is an attribute that is read
                from the class only, the class is a frozen dataclass, or it declares client messages that no
                method handles.
        """
        require_constructor(cls, initkwargs)
        require_effect(cls, initkwargs)
        require_settings(cls, initkwargs, of_class=False)
        text = cls._unhandled()
        if text is not None and not initkwargs.keys() & RECEIVING:
            raise TypeError(f"{cls.__name__}.as_asgi(): {text}")
        cls._rules.prepare()
        return ConsumerApplication(cls, initkwargs)

    @classmethod
    async def serve(cls, connection: ASGIConnection, /, **initkwargs: Any) -> None:
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
        state: Any = getattr(connection, "client_state", None)
        if getattr(state, "name", "CONNECTING") != "CONNECTING":
            raise RuntimeError(
                f"{cls.__name__}.serve() needs an unanswered handshake, and this one is {state.name}; "
                f"call accept() in {cls.__name__}.connect() and not in the endpoint"
            )
        names = frozenset(initkwargs)
        if names not in cls._rules.served_with:
            # What is wrong with the class or the arguments is wrong with every connection.
            cls.as_asgi(**initkwargs)
            cls._rules.served_with.add(names)
        await cls(**initkwargs)(connection.scope, connection.receive, connection.send)

    @classmethod
    def _unhandled(cls) -> str | None:
        """Return what is wrong with a class whose clients may send what nothing handles, or `None`."""
        return None

    @classmethod
    def _set_up(cls) -> None:
        # Here once for every class, so that no message has to look anything up.
        cls._rules = find_rules(
            cls,
            cls._protocol,
            cls._local_names,
            dispatches=cls.dispatch is not AsyncConsumer.dispatch,
            calls=cls.__call__ is not AsyncConsumer.__call__,
            declares_messages=cls._declares_messages,
            life=cls._life_class,
        )


# __init_subclass__ is not called for the base itself.
AsyncConsumer._set_up()  # pyright: ignore[reportPrivateUsage]  # still the definition of the class
