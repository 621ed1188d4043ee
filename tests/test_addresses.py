"""No error and no log line shows the address of an object, whatever an application or a server hands over.

An address means nothing to anybody, and makes a new text of the same mistake each time. Errors that pydantic
raises at the line of the application are its own.
"""

import asyncio
import functools
import logging
import re
import threading
import types
import weakref
from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from fast_channels.consumer import AsyncConsumer, AsyncHttpConsumer, AsyncJsonWebsocketConsumer
from fast_channels.consumer import AsyncWebsocketConsumer as WebSocket
from fast_channels.layers import (
    InMemoryChannelLayer,
    channel_layer_class,
    channel_layers,
    configure_channel_layers,
    register_channel_layer,
)
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from fast_channels.messages import ChannelEvent, Group
from fast_channels.middleware import OriginValidator
from fast_channels.testing import HttpCommunicator, WebsocketCommunicator
from fast_channels.untrusted import plain_repr, said, shown
from fast_channels.worker import Worker

ADDRESS = re.compile("0x[0-9a-f]{6,}")


class Thing:
    """What has no `repr()` of its own."""

    def method(self) -> None:
        """Do nothing."""


class Uncomparable(Thing):
    """What is neither more nor less than anything."""

    def __gt__(self, other: object) -> bool:
        return False


class Unprintable(Thing):
    """What cannot be shown."""

    def __repr__(self) -> str:
        raise ZeroDivisionError


THING = Thing()
STRANGERS: list[Any] = [
    THING,
    Uncomparable(),
    Unprintable(),
    THING.method,
    lambda: None,
    (each for each in "a"),
    functools.partial(THING.method),
    weakref.ref(THING),
    threading.Lock(),
    ValueError(THING),
]
VALUES = st.recursive(
    # Not of the values: hypothesis would show them.
    st.integers(0, len(STRANGERS) - 1).map(lambda index: STRANGERS[index]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | inner.map(lambda value: {"type": value})
        | inner.map(lambda value: ExceptionGroup("several", [ValueError(value)]))
    ),
    max_leaves=4,
)


class Said(ChannelEvent):
    type: Literal["said"] = "said"
    text: str


class Room(Group[Said], pattern="room.{number}"):
    number: int


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


class Typed(AsyncJsonWebsocketConsumer[Say, Say]):
    async def receive_json(self, content: Say) -> None:
        """Do nothing."""


class Act(Protocol):
    """Does something wrong with a value."""

    async def __call__(self, value: Any, /) -> Any: ...


def now(act: Callable[[Any], Any]) -> Act:
    """Return something wrong that needs no consumer; what it returns is awaited if it can be."""

    async def run(value: Any) -> None:
        outcome = act(value)
        if isinstance(outcome, Awaitable):
            await outcome

    return run


def of_layer(act: Callable[[InMemoryChannelLayer, Any], Any]) -> Act:
    """Return something wrong that is done with a layer."""
    return now(lambda value: act(InMemoryChannelLayer(), value))


async def serve(application: Any, *events: Any, **scope: Any) -> None:
    """Let an application serve a connection."""
    left = list(events)

    async def receive() -> Any:
        if not left:
            await asyncio.Event().wait()
        return left.pop(0)

    async def send(event: Any) -> None:
        """Take everything."""

    async with asyncio.timeout(10):
        await application({"type": "websocket", "path": "/", "headers": [], **scope}, receive, send)


CONNECT = {"type": "websocket.connect"}
LEFT = {"type": "websocket.disconnect", "code": 1000}
FRAME = {"type": "websocket.receive", "text": "{}"}


def in_websocket(act: Callable[[WebSocket, Any], Any]) -> Act:
    """Return something wrong that a WebSocket consumer does when it gets a frame."""

    async def run(value: Any) -> None:
        class Doing(WebSocket):
            async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
                await act(self, value)

        await serve(Doing.as_asgi(), CONNECT, FRAME, LEFT)

    return run


def in_json(kind: Any, act: Callable[[Any, Any], Any]) -> Act:
    """Return something wrong that a JSON consumer does at once."""

    async def run(value: Any) -> None:
        class Doing(kind):  # type: ignore[misc]  # any of them
            async def connect(self) -> None:
                await self.accept()
                await act(self, value)

        await serve(Doing.as_asgi(), CONNECT, LEFT)

    return run


def in_http(act: Callable[[AsyncHttpConsumer, Any], Any]) -> Act:
    """Return something wrong that an HTTP consumer does with a request."""

    async def run(value: Any) -> None:
        class Doing(AsyncHttpConsumer):
            async def handle(self, body: bytes) -> None:
                await act(self, value)

        await serve(Doing.as_asgi(), {"type": "http.request"}, type="http", method="GET")

    return run


def with_attribute(name: str, kind: type[AsyncConsumer] = WebSocket) -> Act:
    """Return something wrong that a class of consumers declares."""

    async def run(value: Any) -> None:
        consumer: Any = types.new_class("Declaring", (kind,), {}, lambda body: body.update({name: value}))
        await serve(consumer.as_asgi(), CONNECT, FRAME, LEFT)

    return run


def in_group(**arguments: Any) -> Callable[[Any], Any]:
    """Return what declares a group with a field of the annotation that it gets."""

    def declare(annotation: Any) -> None:
        body = {"__annotations__": {"number": annotation}, "__module__": __name__}
        types.new_class(
            "Declared", (Group[Said],), {"pattern": "a.{number}", **arguments}, lambda ns: ns.update(body)
        )

    return declare


def channel_layers_of(config: dict[str, Any]) -> None:
    """Configure a layer."""
    configure_channel_layers({"a": {"BACKEND": "memory", "CONFIG": config}})


async def through_a_layer(value: Any) -> None:
    """Send something wrong to a consumer."""

    class Member(WebSocket):
        channel_layer_alias = "default"
        groups = ["g"]  # noqa: RUF012  # as users write

        async def said(self, event: Said) -> None:
            """Do nothing."""

    layer = InMemoryChannelLayer()
    register_channel_layer("default", layer)
    communicator = WebsocketCommunicator(Member, "/")
    await communicator.connect()
    try:
        message: Any = {"type": "said", "text": value}
        await layer.group_send("g", message)
        await communicator.receive_nothing()
    finally:
        await communicator.disconnect()


ORIGIN = WebSocket.as_asgi()
GENERIC: dict[str, Any] = {"Group": Group, "consumer": AsyncJsonWebsocketConsumer}

SITES: dict[str, Act] = {
    # Layers.
    "send to": of_layer(lambda layer, value: layer.send(value, {})),
    "send": of_layer(lambda layer, value: layer.send("a", value)),
    "send a key": of_layer(lambda layer, value: layer.send("a", {"v": {value: 1}})),
    "receive": of_layer(lambda layer, value: layer.receive(value)),
    "new_channel": of_layer(lambda layer, value: layer.new_channel(value)),
    "group_add": of_layer(lambda layer, value: layer.group_add(value, "a")),
    "group_add of": of_layer(lambda layer, value: layer.group_add("g", value)),
    "group_send to": of_layer(lambda layer, value: layer.group_send(value, {})),
    "group_send": of_layer(lambda layer, value: layer.group_send("g", {"v": value})),
    "listen": of_layer(lambda layer, value: layer.listen(value, lambda: None)),
    "expiry": now(lambda value: InMemoryChannelLayer(expiry=value)),
    "capacity": now(lambda value: InMemoryChannelLayer(channel_capacity={"a": value})),
    "overflow": now(lambda value: InMemoryChannelLayer(overflow=value)),
    "hosts": now(lambda value: RedisChannelLayer(hosts=value)),
    "host": now(lambda value: RedisChannelLayer(hosts=[value])),
    "prefix": now(lambda value: RedisChannelLayer(prefix=value)),
    "keys": now(lambda value: RedisChannelLayer(symmetric_encryption_keys=value)),
    "serializer": now(lambda value: RedisChannelLayer(serializer_format=value)),
    "ping_interval": now(lambda value: RedisPubSubChannelLayer(ping_interval=value)),
    "alias": now(lambda value: register_channel_layer(value, InMemoryChannelLayer())),
    "no layer": now(lambda value: register_channel_layer("a", value)),
    "unknown alias": now(lambda value: channel_layers[value]),
    "class": now(channel_layer_class),
    "settings": now(lambda value: configure_channel_layers(cast("Any", {value: {}}))),  # from a file
    "BACKEND": now(lambda value: configure_channel_layers({"a": {"BACKEND": value}})),
    "CONFIG": now(lambda value: channel_layers_of({"expiry": value})),
    "Worker of": now(lambda value: Worker(value, {"a": AsyncConsumer})),
    "Worker": now(lambda value: Worker(InMemoryChannelLayer(), {"a": value})),
    "Worker on": now(lambda value: Worker(InMemoryChannelLayer(), {value: AsyncConsumer})),
    # Declarations.
    "as_asgi": now(lambda value: WebSocket.as_asgi(x=value)),
    "groups": with_attribute("groups"),
    "channel_layer_alias": with_attribute("channel_layer_alias"),
    "max_message_size": with_attribute("max_message_size", Typed),
    "Params": with_attribute("Params"),
    "phases": with_attribute("phases", Typed),
    "subprotocols": with_attribute("subprotocols"),
    "max_streams": with_attribute("max_streams", Typed),
    "field of a group": now(in_group()),
    "alias of a group": now(lambda value: in_group(channel_layer_alias=value)(int)),
    "events of a group": now(lambda value: GENERIC["Group"][value]),
    "messages": now(lambda value: GENERIC["consumer"][value]),
    "receives": now(AsyncJsonWebsocketConsumer.receives),
    "origins": now(lambda value: OriginValidator(ORIGIN, value)),
    "origin": now(lambda value: OriginValidator(ORIGIN, [value])),
    # What a consumer sends.
    "base_send": in_websocket(lambda consumer, value: consumer.base_send(value)),
    "type": in_websocket(lambda consumer, value: consumer.base_send({"type": value})),
    "text": in_websocket(lambda consumer, value: consumer.send(value)),
    "bytes": in_websocket(lambda consumer, value: consumer.send(bytes_data=value)),
    "close": in_websocket(lambda consumer, value: consumer.close(value)),
    "reason": in_websocket(lambda consumer, value: consumer.close(1000, value)),
    "subprotocol": in_websocket(lambda consumer, value: consumer.accept(value)),
    "headers": in_websocket(lambda consumer, value: consumer.accept(headers=[(value, value)])),
    "join": in_websocket(lambda consumer, value: consumer.join(value)),
    "JSON": in_json(AsyncJsonWebsocketConsumer, lambda consumer, value: consumer.send_json(value)),
    "typed JSON": in_json(Typed, lambda consumer, value: consumer.send_json(value)),
    "status": in_http(lambda consumer, value: consumer.send_response(value, b"")),
    "body": in_http(lambda consumer, value: consumer.send_response(200, value)),
    "group": now(lambda value: Room(number=1).send(value)),
    # What it gets.
    "layer": through_a_layer,
    "event": now(lambda value: serve(WebSocket.as_asgi(), value)),
    "type of an event": now(lambda value: serve(WebSocket.as_asgi(), CONNECT, {"type": value})),
    "text of a frame": now(lambda value: serve(WebSocket.as_asgi(), CONNECT, {**FRAME, "text": value})),
    "scope": now(lambda value: serve(WebSocket.as_asgi(), CONNECT, LEFT, type=value)),
    "path": now(lambda value: serve(WebSocket.as_asgi(), CONNECT, LEFT, path=value)),
    "application": now(lambda value: WebsocketCommunicator(value, "/").connect()),
    "method": now(lambda value: HttpCommunicator(AsyncHttpConsumer, value, "/").get_response()),
}


class Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


async def texts_of(act: Act, value: Any) -> list[str]:
    """Return everything that was said about something wrong."""
    heard = Heard()
    logger = logging.getLogger("fast_channels")
    logger.addHandler(heard)
    try:
        async with asyncio.timeout(20):
            await act(value)
    except PydanticUserError:
        """Its own."""
    except Exception as error:
        if not type(error).__module__.startswith("pydantic"):
            heard.texts += [str(error), *getattr(error, "__notes__", ())]
    finally:
        logger.removeHandler(heard)
    return heard.texts


@pytest.mark.parametrize("site", SITES)
async def test_no_text_shows_an_address(site: str) -> None:
    """Whatever is wrong, wherever."""
    values = [*STRANGERS, [THING], {"type": THING}, {THING: 1}, {"a": [{"b": (THING,)}]}]

    for value in values:
        channel_layers.clear()
        for text in await texts_of(SITES[site], value):
            assert not ADDRESS.search(text), text


@pytest.mark.property
@given(VALUES)
def test_nothing_that_is_shown_has_an_address(value: object) -> None:
    """However deep it is."""
    for text in (shown(value), plain_repr(value), said(ValueError(value)), said(KeyError(value))):
        assert not ADDRESS.search(text)
