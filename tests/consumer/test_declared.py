"""What a consumer class declares can be read from the class."""

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from fast_channels.consumer import AsyncConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.consumer.declared import Declared, declared, phases_of
from fast_channels.messages import ChannelEvent

if TYPE_CHECKING:
    from tests.codegen.shop import Sold


class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"


class Left(ChannelEvent):
    type: Literal["chat.left"] = "chat.left"


class Typed(BaseModel):
    type: Literal["typed"] = "typed"


class Leaving:
    """A plain mixin."""

    async def chat_left(self, event: Left) -> None:
        """Somebody left."""


class Chat(Leaving, AsyncJsonWebsocketConsumer[Typed, int]):
    async def chat_said(self, event: Said | Left) -> None:
        """Somebody said something."""

    async def repeat(self, event: Said) -> None:
        """Be called by other methods: the event has a handler of its own."""

    async def typed(self, message: Typed) -> None:
        """Be called by other methods with a message that is no event."""

    async def unknown(self, event: "Sold") -> None:
        """Take what only checkers import; at run time that is whatever comes."""

    async def any_event(self, event: ChannelEvent) -> None:
        """Take an event without a type of its own."""


def test_a_class_declares_messages_and_events() -> None:
    """The messages as its type arguments, the events where its handlers take them."""
    found = declared(Chat)

    assert found.client is not None
    assert found.server is not None
    assert found.client.validate_python({}) == Typed()
    assert found.server.validate_python(1) == 1
    assert found.events == (Left, Said)


def test_a_class_may_declare_nothing() -> None:
    """Neither a bare consumer nor the base of all."""
    assert declared(AsyncJsonWebsocketConsumer) == Declared(None, None, ())
    assert declared(AsyncConsumer) == Declared(None, None, ())


def test_a_consumer_without_messages_has_no_phases() -> None:
    """There is nothing that a client could send in one of them."""
    assert phases_of(AsyncWebsocketConsumer) == {}
