"""What a consumer does with messages of its channel layer that it does not handle, and without a layer."""

import asyncio
import logging
import re
from contextlib import AsyncExitStack
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from fast_channels.consumer import AsyncConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.consumer.handlers import ASGI_HANDLERS
from fast_channels.events import EVENTS
from fast_channels.exceptions import InvalidChannelLayerError, InvalidEventError
from fast_channels.layers import InMemoryChannelLayer
from fast_channels.messages import ChannelEvent
from fast_channels.testing import ApplicationCommunicator, WebsocketCommunicator
from fast_channels.testing.strategies import channel_messages
from fast_channels.type_defs import ChannelMessage
from fast_channels.untrusted import shown
from fast_channels.worker import Worker
from tests.blocked import wait_all_tasks_blocked

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
        (
            {"type": "counted"},
            "a message of type 'counted' does not match its handler: number: Field required",
        ),
        ({"type": "counted", "number": "many"}, "number: Input should be a valid integer"),
        ({"type": "recounted"}, "No handler for message type recounted"),
        ({"type": "said\n"}, r"No handler for message type 'said\\n'"),
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


POISON: list[dict[str, Any]] = [
    {},
    {"number": 1},
    {"type": None},
    {"type": 3},
    {"type": ["x"]},
    {"type": b"x"},
    {"type": {}},
    {"type": "_x"},
    {"type": "."},
    {"type": ""},
    {"type": "counted", "number": []},
    {"type": "websocket.connect"},
    {"type": "websocket.receive", "text": 3},
    {"type": "websocket.receive", "text": "{}"},
    {"type": "websocket_receive", "text": 3},
    {"type": "websocket.disconnect", "code": 1000},
    {"type": "http.request"},
    {"type": "lifespan.shutdown"},
    {"type": "recounted\x1b[31m\r\n" + "x" * 9000},
]


class Add(BaseModel):
    type: Literal["add"] = "add"


class TypedJson(AsyncJsonWebsocketConsumer[Add, Add]):
    channel_layer_alias = "test"
    groups = EVERYBODY

    async def receive_json(self, content: Add) -> None:
        raise AssertionError("nobody sent anything")

    async def counted(self, event: dict[str, Any]) -> None:
        await self.send(str(event.get("number")))


class Diverting(Typed):
    async def dispatch(self, message: ChannelMessage) -> None:
        await super().dispatch(message)


class Recorder(AsyncConsumer):
    """A consumer for a worker, or of a protocol of one's own."""

    got: asyncio.Queue[int]

    async def counted(self, event: Counted) -> None:
        self.got.put_nowait(event.number)


@pytest.mark.parametrize("poison", POISON, ids=shown)
@pytest.mark.parametrize("member", [Typed, TypedJson, Diverting])
async def test_no_message_harms_a_member_that_declares_its_events_or_messages(
    layer: InMemoryChannelLayer,
    caplog: pytest.LogCaptureFixture,
    member: type[AsyncWebsocketConsumer],
    poison: dict[str, Any],
) -> None:
    """What is no event of its own is dropped with one error in the log, for each member; the next arrives."""
    async with WebsocketCommunicator(member, "/") as one, WebsocketCommunicator(member, "/") as other:
        await layer.group_send("everybody", poison)
        await layer.group_send("everybody", Counted(number=1))
        answers = [await one.receive_from(), await other.receive_from()]
        # That of plain mappings handles its own type whatever else is in the message.
        if member is TypedJson and poison.get("type") == "counted":
            assert answers == ["[]", "[]"]
            return

    assert answers == ["1", "1"]
    records = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.levelname for record in records] == ["ERROR", "ERROR"]
    for record in records:
        assert record.getMessage().startswith(f"{member.__name__}(")
        assert record.getMessage().isprintable()
        assert len(record.getMessage()) < 1000


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=channel_messages(),
    type_=st.none()
    | st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                [
                    *EVENTS,
                    *ASGI_HANDLERS,
                    *dir(AsyncJsonWebsocketConsumer),
                    "counted",
                    "_",
                    "..",
                    "channel.gap",
                ]
            )
            | st.text(max_size=20)
            | channel_messages()
        }
    ),
)
async def test_every_member_survives_whatever_a_layer_carries(
    layer: InMemoryChannelLayer, base: dict[str, Any], type_: dict[str, Any] | None
) -> None:
    """One with declared events, with declared messages, with a dispatch() of its own, and behind a worker."""
    message = {**base, **(type_ or {})}
    got: asyncio.Queue[int] = asyncio.Queue()
    worker = Worker(layer, {"jobs": Recorder.as_asgi(got=got)})
    working = asyncio.create_task(worker.serve())
    try:
        await layer.send("jobs", message)
        await layer.send("jobs", {"type": "counted", "number": -7})
        async with AsyncExitStack() as stack:
            members = [
                await stack.enter_async_context(WebsocketCommunicator(member, "/"))
                for member in (Typed, TypedJson, Diverting)
            ]
            await layer.group_send("everybody", message)
            await layer.group_send("everybody", {"type": "counted", "number": -7})
            for member in members:
                while await member.receive_from() != "-7":
                    # The message itself was an event of the member.
                    assert message["type"] == "counted"
        async with asyncio.timeout(60):
            while await got.get() != -7:
                assert message["type"] == "counted"
    finally:
        worker.stop()
        await working


@pytest.mark.parametrize("poison", POISON, ids=shown)
async def test_of_a_member_with_plain_mappings_only_an_unknown_type_is_an_error(
    layer: InMemoryChannelLayer, poison: dict[str, Any]
) -> None:
    """As it is in Channels; a message without a usable type is dropped."""
    unknown = isinstance(poison.get("type"), str) and poison["type"].partition(".")[0] not in {
        "counted",
        "websocket",
        "websocket_receive",
    }
    websocket = WebsocketCommunicator(Untyped, "/")
    await websocket.connect()
    await layer.group_send("everybody", poison)

    if unknown:
        with pytest.raises(
            ValueError, match=r"^(No handler for message type|Malformed type in message \(lead)"
        ):
            await websocket.wait()
    elif poison.get("type") == "websocket.disconnect":
        await websocket.wait()
    else:
        await layer.group_send("everybody", Counted(number=1))
        while await websocket.receive_from() != "1":
            assert poison["type"] == "counted"
        await websocket.disconnect()


class Hearing(AsyncWebsocketConsumer):
    """Says what it got as a frame."""

    channel_layer_alias = "test"
    groups = EVERYBODY

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(f"heard {text_data}")


class HearingTyped(Hearing):
    async def counted(self, event: Counted) -> None:
        await self.send(str(event.number))


@pytest.mark.parametrize("accepts", [None, True, False])
@pytest.mark.parametrize("kind", [Hearing, HearingTyped])
async def test_a_class_decides_whether_frames_may_come_from_a_layer(
    layer: InMemoryChannelLayer,
    caplog: pytest.LogCaptureFixture,
    kind: type[Hearing],
    accepts: bool | None,
) -> None:
    """A plain class takes them, as in Channels, and one that declares its events does not; both can say."""

    class Deciding(kind):  # type: ignore[misc, valid-type]  # made for each case
        asgi_events_from_layer = accepts

    async with WebsocketCommunicator(Deciding, "/") as websocket:
        await layer.group_send("everybody", {"type": "websocket.receive", "text": "layer"})
        await websocket.send_to("client")
        heard = [await websocket.receive_from()]
        if heard == ["heard layer"]:
            heard.append(await websocket.receive_from())

    if accepts or (accepts is None and kind is Hearing):
        assert sorted(heard) == ["heard client", "heard layer"]
        assert not caplog.records
    else:
        assert heard == ["heard client"]
        (record,) = caplog.records
        assert "Deciding refuses websocket events from its channel layer" in record.getMessage()


async def test_a_worker_has_no_client_whose_events_could_come(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """A consumer of WebSockets behind a worker does not answer a handshake that a message spells."""
    worker = Worker(layer, {"jobs": Hearing})
    working = asyncio.create_task(worker.serve())
    await layer.send("jobs", {"type": "websocket.connect"})
    await wait_all_tasks_blocked()
    worker.stop()
    await working

    (refused,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    text = "Hearing refuses websocket events from its channel layer"
    assert text in refused.getMessage()


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
