"""What a consumer class declares: the contract that others can be told of."""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from types import NoneType
from typing import Any, NamedTuple, Union

from pydantic import BaseModel, TypeAdapter

from fast_channels.consumer.base import AsyncConsumer
from fast_channels.consumer.event_stream import AsyncEventStreamConsumer
from fast_channels.consumer.handlers import ASGI_HANDLERS, Handler, handler_name
from fast_channels.consumer.messages import MessageConsumer
from fast_channels.consumer.params import ParamsReader
from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import event_types, members
from fast_channels.messages.codec import Codec
from fast_channels.messages.framing import FramedCodec
from fast_channels.messages.phase import Phase
from fast_channels.messages.request import reply_type
from fast_channels.messages.unions import discriminated


class Declared(NamedTuple):
    """The messages of a consumer class.

    Attributes:
        client: What the client may send, with its replies to requests, `None` when the class does not say.
        server: What the client may be sent, `None` when the class does not say.
        events: The channel events that its handlers take, sorted by name.
        omit_none: Whether a field that is `None` is left out of what the client is sent.
        close_codes: The close codes of its own, `None` when the class does not say.
        is_json: Whether what the client sends and is sent is JSON, which has no bytes.
    """

    client: TypeAdapter[Any] | None
    server: TypeAdapter[Any] | None
    events: tuple[type[ChannelEvent], ...]
    omit_none: bool = False
    close_codes: type[IntEnum] | None = None
    is_json: bool = True


def codecs(consumer: type[AsyncConsumer]) -> tuple[Codec | None, Codec | None]:
    """Return the codecs of what clients send and of what they are sent, `None` for what is not declared."""
    if issubclass(consumer, AsyncEventStreamConsumer):
        return None, consumer._server  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
    if not issubclass(consumer, MessageConsumer):
        return None, None
    client = consumer._client  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
    server = consumer._server  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
    return client, server


def receiving(consumer: Any) -> tuple[str, bool]:
    """Return the name of the method that gets every message, and whether each needs a method of its own.

    Args:
        consumer: A class of a consumer that declares its messages.
    """
    return consumer._receive, consumer._is_complete()


def params_of(consumer: type[AsyncConsumer]) -> ParamsReader[BaseModel] | None:
    """Return what reads the parameters of a connection, `None` for a class without a model of them."""
    return consumer._rules.params  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler


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
        client=_of_client(client, server),
        server=None if server is None else server.adapter,
        events=tuple(events),
        omit_none=server is not None and server.omit_none,
        close_codes=consumer.close_codes if issubclass(consumer, AsyncWebsocketConsumer) else None,
        is_json=not isinstance(client or server, FramedCodec),
    )


def phases_of(consumer: type[AsyncConsumer]) -> dict[type[Phase[Any]], TypeAdapter[Any]]:
    """Return what a client may send in each phase of its connection; nothing for a class without phases."""
    if not issubclass(consumer, MessageConsumer):
        return {}
    consumer._find_phases()  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
    codecs = consumer._phases  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
    return {phase: codec.adapter for phase, codec in codecs.items()}


def _of_client(client: Codec | None, server: Codec | None) -> TypeAdapter[Any] | None:
    """Return what the client may send: its messages, and its replies to the requests of the server."""
    if client is None:
        return None
    kinds = [*members(client.declared())]
    replies = [*replies_of(server)]
    added = [kind for kind in dict.fromkeys(replies) if kind not in {*kinds, NoneType}]
    return TypeAdapter(discriminated(_Union[(*kinds, *added)])) if added else client.adapter


def replies_of(server: Codec | None) -> Iterator[Any]:
    """Yield what the client may reply to the messages that it is sent."""
    for request in () if server is None else server.requests:
        yield from members(reply_type(request))


# Checkers know a union only as it is written in a program.
_Union: Any = Union


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
