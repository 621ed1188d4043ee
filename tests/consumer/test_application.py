"""What `as_asgi()` is given has an effect on each consumer, or is refused."""

import asyncio
import logging
from typing import Any

import pytest
from pydantic import BaseModel

from fast_channels.consumer import (
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncMessageConsumer,
    AsyncWebsocketConsumer,
    Timeouts,
)
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.testing import HttpCommunicator, WebsocketCommunicator

READ_ONCE = {"close_codes", "codec", "omit_none", "phases", "strict_json"}
HONOURED = {
    "asgi_events_from_layer",
    "channel_layer_alias",
    "handshake_grace",
    "max_body_size",
    "max_concurrent",
    "max_message_size",
    "max_streams",
    "timeouts",
    "requires_subprotocol",
    "subprotocols",
}
"""The class attributes with a value; each has a test below, or in the file of its feature."""


class Echo(AsyncJsonWebsocketConsumer[int, int]):
    async def receive_json(self, content: int) -> int:
        return content


class Page(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        await self.send_response(200, body)


class Silent(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        pass


class Plain(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data, bytes_data)


def test_every_class_attribute_is_honoured_for_an_instance_or_refused() -> None:
    """A new one needs a test of either kind."""
    kinds: list[type] = [AsyncHttpConsumer, AsyncJsonWebsocketConsumer, AsyncMessageConsumer]

    found = {
        name
        for kind in kinds
        for base in kind.__mro__
        for name in vars(base).get("__annotations__", ())
        if not name.startswith("_") and (name in vars(base) or name == "codec")
    }

    assert found == READ_ONCE | HONOURED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strict_json", False),
        ("omit_none", True),
        ("close_codes", None),
        ("phases", ()),
        ("Params", BaseModel),
    ],
)
def test_what_is_read_from_the_class_is_refused(name: str, value: Any) -> None:
    """The error says where to set it."""
    with pytest.raises(TypeError, match=rf"^Echo.as_asgi\({name}=...\) has no effect: .* set it on Echo, or"):
        Echo.as_asgi(**{name: value})


def test_what_only_has_the_name_of_such_an_attribute_is_kept() -> None:
    """The consumer does not have the attribute, or its constructor does something with it."""

    class Own(Echo):
        def __init__(self, strict_json: bool) -> None:
            super().__init__()
            self.lenient = not strict_json

    assert Own.as_asgi(strict_json=True).consumer_initkwargs == {"strict_json": True}
    assert Page.as_asgi(strict_json=True).consumer_initkwargs == {"strict_json": True}


async def test_the_size_of_frames_is_that_of_the_instance() -> None:
    """`max_message_size` is honoured also where the class declares its messages."""
    async with WebsocketCommunicator(Echo.as_asgi(max_message_size=2), "/") as websocket:
        await websocket.send_to("12")
        assert await websocket.receive_from() == "12"
        await websocket.send_to("123")
        assert (await websocket.receive_close())[0] == 1009


async def test_the_size_of_bodies_is_that_of_the_instance() -> None:
    """`max_body_size` is honoured."""
    response = await HttpCommunicator(Page.as_asgi(max_body_size=2), "POST", "/", body=b"123").get_response()

    assert response["status"] == 413


async def test_the_layer_is_that_of_the_instance() -> None:
    """`channel_layer_alias` and `groups` are honoured, and `asgi_events_from_layer` decides."""
    layer = InMemoryChannelLayer()
    register_channel_layer("other", layer)
    takes = Plain.as_asgi(channel_layer_alias="other", groups=["all"], asgi_events_from_layer=True)
    refuses = Plain.as_asgi(channel_layer_alias="other", groups=["all"], asgi_events_from_layer=False)
    async with (
        WebsocketCommunicator(takes, "/") as taking,
        WebsocketCommunicator(refuses, "/") as refusing,
    ):
        await layer.group_send("all", {"type": "websocket.receive", "text": "layer"})

        assert await taking.receive_from() == "layer"
        assert await refusing.receive_nothing()


class Told(logging.Handler):
    """Tells when something is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the text."""
        self.told.set_result(record.getMessage())


async def test_the_time_limits_are_those_of_the_instance() -> None:
    """`timeouts` is honoured."""
    async with WebsocketCommunicator(Echo.as_asgi(timeouts=Timeouts(idle=0.001)), "/") as websocket:
        assert (await websocket.receive_close())[0] == 1008


async def test_the_patience_is_that_of_the_instance() -> None:
    """`handshake_grace` is honoured."""
    handler = Told()
    logger = logging.getLogger("fast_channels.consumer")
    logger.addHandler(handler)
    websocket = WebsocketCommunicator(Silent.as_asgi(handshake_grace=0), "/")
    try:
        await websocket.send_input({"type": "websocket.connect"})
        assert "the client has waited 0 s" in await handler.told
    finally:
        logger.removeHandler(handler)
        websocket.stop()


async def test_a_call_of_a_class_s_own_is_used() -> None:
    """A class may do something before and after each connection."""
    served: list[str] = []

    class Measured(Page):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await super().__call__(scope, receive, send)
            served.append(scope["path"])

    communicator = HttpCommunicator(Measured.as_asgi(), "POST", "/measured", b"hello")

    assert (await communicator.get_response())["body"] == b"hello"
    assert served == ["/measured"]
