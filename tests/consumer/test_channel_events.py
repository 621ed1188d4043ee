"""What a consumer does with messages of its channel layer that it does not handle, and without a layer."""

import logging
import re
from typing import Any, Literal

import pytest

from fast_channels.consumer import AsyncConsumer, AsyncWebsocketConsumer
from fast_channels.exceptions import InvalidChannelLayerError, InvalidEventError
from fast_channels.layers import InMemoryChannelLayer
from fast_channels.messages import ChannelEvent
from fast_channels.testing import ApplicationCommunicator, WebsocketCommunicator

EVERYBODY = ["everybody"]


class Counted(ChannelEvent):
    type: Literal["counted"] = "counted"
    number: int


class Typed(AsyncWebsocketConsumer):
    channel_layer_alias = "test"
    groups = EVERYBODY

    async def counted(self, event: Counted) -> None:
        await self.send(str(event.number))


class Untyped(AsyncWebsocketConsumer):
    channel_layer_alias = "test"
    groups = EVERYBODY

    async def counted(self, event: dict[str, Any]) -> None:
        await self.send(str(event["number"]))


class Forgiving(Untyped):
    async def channel_invalid(self, error: InvalidEventError) -> None:
        await self.send(f"{error.event['type']}: {list(error.errors)}")


class Telling(Typed):
    channel_invalid = Forgiving.channel_invalid


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"type": "counted"}, "a message of type 'counted' is no event .* number: Field required"),
        ({"type": "counted", "number": "many"}, "number: Input should be a valid integer"),
        ({"type": "recounted"}, "No handler for message type recounted"),
    ],
)
async def test_an_event_that_does_not_fit_is_dropped_and_logged(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture, message: dict[str, Any], reason: str
) -> None:
    """By a consumer that declares its events; the connection goes on."""
    async with WebsocketCommunicator(Typed, "/") as websocket:
        await layer.group_send("everybody", message)
        await layer.group_send("everybody", Counted(number=1))

        assert await websocket.receive_from() == "1"

    [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.levelname == "ERROR"
    assert "Typed" in record.getMessage()
    assert re.search(reason, record.getMessage())


async def test_a_message_without_a_handler_is_an_error_of_a_consumer_that_declares_nothing(
    layer: InMemoryChannelLayer,
) -> None:
    """As it is in Channels: a `ValueError` that leaves the application."""
    websocket = WebsocketCommunicator(Untyped, "/")
    await websocket.connect()

    await layer.group_send("everybody", {"type": "recounted"})

    with pytest.raises(ValueError, match=r"^No handler for message type recounted$"):
        await websocket.wait()


async def test_an_override_decides_what_becomes_of_an_event(layer: InMemoryChannelLayer) -> None:
    """It learns what was wrong, and can answer the client."""
    async with WebsocketCommunicator(Telling, "/") as typed, WebsocketCommunicator(Forgiving, "/") as untyped:
        await layer.group_send("everybody", {"type": "recounted"})
        await layer.group_send("everybody", {"type": "counted", "number": None})

        assert await typed.receive_from() == "recounted: []"
        assert await typed.receive_from() == "counted: [('number', 'Input should be a valid integer')]"
        assert await untyped.receive_from() == "recounted: []"
        assert await untyped.receive_from() == "None"


async def test_an_error_inside_a_handler_is_no_event_that_does_not_fit(layer: InMemoryChannelLayer) -> None:
    """It ends the consumer, as every error does."""

    class Wrong(Typed):
        async def counted(self, event: Counted) -> None:
            Counted.model_validate({"number": "many"})

    websocket = WebsocketCommunicator(Wrong, "/")
    await websocket.connect()
    await layer.group_send("everybody", Counted(number=1))

    with pytest.raises(ValueError, match="valid integer"):
        await websocket.wait()


async def test_using_a_layer_that_was_never_asked_for_is_explained() -> None:
    """Not by what `None` does not have."""

    class Forgetful(AsyncConsumer):
        async def ask(self, message: dict[str, Any]) -> None:
            await self.channel_layer.group_send("everybody", {"type": "counted"})

    application = ApplicationCommunicator(Forgetful, {"type": "own"})
    await application.send_input({"type": "ask"})

    with pytest.raises(InvalidChannelLayerError) as raised:
        await application.wait()

    assert str(raised.value) == (
        "Forgetful cannot use channel_layer.group_send without a channel layer; set channel_layer_alias"
    )
    assert isinstance(raised.value.__cause__, AttributeError)


@pytest.mark.parametrize("name", ["upper", "group_send"])
async def test_other_mistakes_with_none_stay_what_they_are(layer: InMemoryChannelLayer, name: str) -> None:
    """Only a missing channel layer is explained."""

    class Mistaken(AsyncConsumer):
        channel_layer_alias = "test" if name == "group_send" else None

        async def ask(self, message: dict[str, Any]) -> None:
            nothing: Any = None
            getattr(nothing, name)()

    application = ApplicationCommunicator(Mistaken, {"type": "own"})
    await application.send_input({"type": "ask"})

    with pytest.raises(AttributeError, match=f"'NoneType' object has no attribute '{name}'"):
        await application.wait()
