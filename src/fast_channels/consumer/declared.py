"""What a consumer class declares: the contract that others can be told of."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from fast_channels.consumer.base import AsyncConsumer
from fast_channels.consumer.handlers import ASGI_HANDLERS, Handler, handler_name
from fast_channels.consumer.json import AsyncJsonWebsocketConsumer
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


def codecs(consumer: type[AsyncConsumer]) -> tuple[Codec | None, Codec | None]:
    """Return the codecs of what clients send and of what they are sent, `None` for what is not declared."""
    if not issubclass(consumer, AsyncJsonWebsocketConsumer):
        return None, None
    client = consumer._client  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
    server = consumer._server  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
    return client, server


def unhandled(consumer: type[AsyncConsumer]) -> str | None:
    """Return what is wrong with a class whose clients may send what nothing handles, `None` if none is."""
    return consumer._unhandled()  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler


def handlers_of(consumer: type[AsyncConsumer]) -> Mapping[str, Handler]:
    """Return the handlers of a consumer class by their names."""
    return consumer._rules.handlers  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler


def event_handlers(consumer: type[AsyncConsumer]) -> dict[str, Handler]:
    """Return the handlers of channel-layer events by their names, without those of the events of ASGI."""
    return {name: one for name, one in handlers_of(consumer).items() if name not in ASGI_HANDLERS}


def declared(consumer: type[AsyncConsumer]) -> Declared:
    """Return what a consumer class declares.

    Args:
        consumer: The class.

    Raises:
        NameError: A type is given as a string, and there is none of that name.
        pydantic.errors.PydanticUserError: pydantic cannot validate one of the types.
    """
    client, server = codecs(consumer)
    handlers = handlers_of(consumer)
    events = sorted(set(_events(handlers)), key=lambda event: (event.__qualname__, event.__module__))
    return Declared(
        client=None if client is None else client.adapter,
        server=None if server is None else server.adapter,
        events=tuple(events),
    )


def _events(handlers: Mapping[str, Handler]) -> Iterator[type[ChannelEvent]]:
    for handler in handlers.values():
        for member in members(wanted(handler)):
            if any(handler_name(type_) in handlers for type_ in event_types(member)):
                yield member


def wanted(handler: Handler) -> Any:
    """Return what a handler of a consumer gets: `Any` where its annotation cannot be resolved."""
    try:
        return handler.wanted()
    except Exception:
        # Whatever is wrong with an annotation, the consumer gets such messages as they are.
        return Any
