"""What a consumer class declares: the contract that others can be told of."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from fast_channels.consumer.base import AsyncConsumer
from fast_channels.consumer.handlers import Handler, handler_name
from fast_channels.consumer.websocket import AsyncJsonWebsocketConsumer
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import event_types, members
from fast_channels.messages.codec import Codec


class Declared(NamedTuple):
    """The messages of a consumer class.

    Attributes:
        client: What the client may send, `None` when the class does not say.
        server: What the client may be sent, `None` when the class does not say.
        events: The channel events that its handlers take, sorted by name.
    """

    client: TypeAdapter[Any] | None
    server: TypeAdapter[Any] | None
    events: tuple[type[ChannelEvent], ...]


def declared(consumer: type[AsyncConsumer]) -> Declared:
    """Return what a consumer class declares.

    Args:
        consumer: The class.

    Raises:
        NameError: A type is given as text, and there is none of that name.
        pydantic.errors.PydanticUserError: pydantic cannot validate one of the types.
    """
    client: Codec | None = None
    server: Codec | None = None
    if issubclass(consumer, AsyncJsonWebsocketConsumer):
        client = consumer._client  # pyright: ignore[reportPrivateUsage]  # no name of users' classes
        server = consumer._server  # pyright: ignore[reportPrivateUsage]  # no name of users' classes
    handlers = consumer._handlers  # pyright: ignore[reportPrivateUsage]  # no name of users' classes
    events = sorted(set(_events(handlers)), key=lambda event: (event.__qualname__, event.__module__))
    return Declared(
        client=None if client is None else client.adapter,
        server=None if server is None else server.adapter,
        events=tuple(events),
    )


def _events(handlers: Mapping[str, Handler]) -> Iterator[type[ChannelEvent]]:
    for handler in handlers.values():
        for member in members(_wanted(handler)):
            if any(handler_name(type_) in handlers for type_ in event_types(member)):
                yield member


def _wanted(handler: Handler) -> Any:
    try:
        return handler.wanted()
    except Exception:
        # Whatever is wrong with an annotation, the consumer gets such messages as they are.
        return Any
