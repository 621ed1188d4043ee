"""The consumers of the guide do what the guide says of them."""

import asyncio
import logging
from types import ModuleType
from typing import Any

import pytest

from fast_channels.consumer import AsyncHttpConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.exceptions import LocalProtocolError, StopConsumer
from fast_channels.layers import channel_layers
from fast_channels.testing import HttpCommunicator, WebsocketCommunicator

from .pages import ROOT, section

LEFT_OPEN: list[tuple[bytes, bytes]] = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def guide(title: str) -> ModuleType:
    """Run a section of the guide to consumers."""
    return section("docs/consumers.md", title).run()


async def test_the_chat_of_the_readme() -> None:
    """What one client says on the first screen of the README, all of them hear."""
    app = section("README.md", "README.md").run().app
    async with WebsocketCommunicator(app, "/chat") as ann, WebsocketCommunicator(app, "/chat") as bob:
        await ann.send_json_to({"type": "say", "text": "hello"})
        heard = [await ann.receive_json_from(), await bob.receive_json_from()]
    assert heard == [{"type": "chat.said", "text": "hello"}] * 2


async def test_the_chat_of_the_readme_refuses_other_frames(caplog: pytest.LogCaptureFixture) -> None:
    """What is no message closes the connection with 1007, and one warning says why."""
    app = section("README.md", "README.md").run().app
    async with WebsocketCommunicator(app, "/chat") as websocket:
        await websocket.send_json_to({"type": "shout"})
        assert (await websocket.receive_close())[0] == 1007
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


async def test_echo() -> None:
    """Text and bytes come back as they are."""
    async with WebsocketCommunicator(guide("A WebSocket").application, "/") as websocket:
        await websocket.send_to("hello")
        assert await websocket.receive_from() == "hello"
        await websocket.send_to(bytes_data=b"\0")
        assert await websocket.receive_from() == b"\0"


async def test_arguments_reach_the_consumer() -> None:
    """What `as_asgi()` is given, the constructor gets."""
    async with WebsocketCommunicator(guide("Arguments").application, "/") as websocket:
        assert await websocket.receive_from() == "hello"


async def test_a_consumer_without_a_constructor_gets_attributes() -> None:
    """The arguments become attributes of a class that has no constructor."""

    class Plain(AsyncWebsocketConsumer):
        word: str

        async def connect(self) -> None:
            await self.accept()
            await self.send(self.word)

    async with WebsocketCommunicator(Plain.as_asgi(word="hello"), "/") as websocket:
        assert await websocket.receive_from() == "hello"


async def test_typed_json() -> None:
    """The counter adds, resets and answers."""
    async with WebsocketCommunicator(guide("JSON with types").Counter, "/") as websocket:
        for message, total in [({"type": "add", "amount": 2}, 2), ({"type": "reset"}, 0)]:
            await websocket.send_json_to(message)
            assert await websocket.receive_json_from() == {"total": total}


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        ({"text_data": '{"type": "add", "amount": "x"}'}, "amount: Input should be a valid integer"),
        ({"text_data": "nonsense"}, "frame: Invalid JSON"),
        ({"bytes_data": b"x"}, "No text section for incoming WebSocket frame!"),
    ],
)
async def test_a_patient_consumer_answers_mistakes(frame: dict[str, Any], problem: str) -> None:
    """The override of `receive_invalid()` tells the client what was wrong and stays connected."""
    async with WebsocketCommunicator(guide("JSON with types").PatientCounter, "/") as websocket:
        await websocket.send_to(**frame)
        assert problem in (await websocket.receive_json_from())["problem"]
        await websocket.send_json_to({"type": "reset"})
        assert (await websocket.receive_json_from())["total"] == 0


async def test_untyped_json() -> None:
    """Without parameters any JSON value is a message."""
    async with WebsocketCommunicator(guide("JSON without types").Repeat, "/") as websocket:
        await websocket.send_json_to([1, None])
        assert await websocket.receive_json_from() == {"you said": [1, None]}


async def test_untyped_json_raises_and_returns_nothing() -> None:
    """Without parameters a result is not sent, and a frame that is not JSON raises."""

    class Bare(AsyncJsonWebsocketConsumer):
        async def receive_json(self, content: Any) -> Any:
            return content

    websocket = WebsocketCommunicator(Bare, "/")
    await websocket.connect()
    await websocket.send_json_to("hello")
    assert await websocket.receive_nothing()
    await websocket.send_to("nonsense")
    with pytest.raises(ValueError, match="not JSON"):
        await websocket.receive_output()


async def test_http() -> None:
    """A body comes back in capitals, and one that is too large is refused."""
    consumer = guide("HTTP").Shout
    small = await HttpCommunicator(consumer, "/", method="POST", body=b"hello").get_response()
    large = await HttpCommunicator(consumer, "/", method="POST", body=bytes(1025)).get_response()
    assert (small["status"], small["body"], large["status"]) == (200, b"HELLO", 413)
    assert AsyncHttpConsumer.max_body_size == 16 * 1024 * 1024


async def test_long_polling() -> None:
    """The answer comes with the event, and the consumer is gone with the answer."""
    page = guide("Long polling and server-sent events")
    layer: Any = channel_layers["news"]
    poll = HttpCommunicator(page.NextHeadline, "/")
    await poll.send_request()
    assert await poll.receive_nothing()
    await layer.group_send("readers", page.Headline(text="rain").to_message())
    assert (await poll.get_response())["body"] == b"rain"
    await poll.wait()
    assert layer.groups == {}


async def test_server_sent_events() -> None:
    """Every event is a part of the same response, until the client leaves."""
    page = guide("Long polling and server-sent events")
    layer: Any = channel_layers["news"]
    stream = HttpCommunicator(page.Headlines, "/")
    await stream.send_request()
    assert (await stream.receive_output())["headers"] == LEFT_OPEN
    assert (await stream.receive_output())["body"] == b"retry: 3000\n"
    for text in ("rain", "sun"):
        await layer.group_send("readers", page.Headline(text=text).to_message())
        data = f'id: {text}\ndata: {{"type":"news.headline","text":"{text}"}}\n\n'
        assert (await stream.receive_output())["body"] == data.encode()
    await stream.disconnect()
    assert layer.groups == {}


async def test_handle_has_to_answer() -> None:
    """Nothing could answer after a `handle()` that did not, where there is no layer."""

    class Silent(AsyncHttpConsumer):
        async def handle(self, body: bytes) -> None:
            """Say nothing."""

    with pytest.raises(LocalProtocolError, match="without a response"):
        await HttpCommunicator(Silent, "/").get_response()


@pytest.mark.parametrize(
    ("event", "heard"),
    [
        ({"type": "chat.said", "text": "hello"}, "hello"),
        ({"type": "chat.left", "name": "ann"}, "ann has left"),
        ({"type": "chat.cleared"}, "the chat is empty"),
    ],
)
async def test_events_of_a_layer(event: dict[str, str], heard: str) -> None:
    """The type of an event finds its handler, and the annotation decides what that gets."""
    consumer = guide("Events of a channel layer").Listener()
    async with WebsocketCommunicator(consumer, "/") as websocket:
        await consumer.dispatch(event)
        assert await websocket.receive_from() == heard


@pytest.mark.parametrize("type_", ["close", "send", "unheard.of"])
async def test_the_api_handles_no_events(type_: str) -> None:
    """A type that names a method of the library is like one that names nothing."""
    consumer = guide("Events of a channel layer").Listener()
    async with WebsocketCommunicator(consumer, "/") as websocket:
        with pytest.raises(ValueError, match=f"No handler for message type {type_}"):
            await consumer.dispatch({"type": type_})
        assert await websocket.receive_nothing(0)


async def test_the_error_that_the_guide_quotes() -> None:
    """The text of the protocol error on the page is the one that is raised."""

    class Hasty(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await self.send("hello")

    with pytest.raises(LocalProtocolError) as caught:
        await WebsocketCommunicator(Hasty, "/").connect()
    assert f"\n{caught.value}\n" in (ROOT / "docs" / "consumers.md").read_text()


@pytest.mark.parametrize(
    ("mistake", "code"),
    [(None, 1000), (StopConsumer, 1005), (RuntimeError, 1011), (LocalProtocolError, 1011)],
)
async def test_the_codes_of_disconnect(mistake: type[Exception] | None, code: int) -> None:
    """`disconnect()` runs once, with the code that the table of the guide names."""
    codes: list[int] = []

    class Ending(AsyncWebsocketConsumer):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            if mistake is not None:
                raise mistake("so it is")

        async def disconnect(self, code: int) -> None:
            codes.append(code)

    websocket = WebsocketCommunicator(Ending, "/")
    await websocket.connect()
    await websocket.send_to("go")
    if mistake in {None, StopConsumer}:
        await websocket.disconnect()
    else:
        with pytest.raises(mistake or Exception):
            await websocket.wait()
    assert codes == [code]


async def test_a_cancelled_consumer_says_goodbye() -> None:
    """A consumer that its server cancels gets the code 1006."""
    codes: list[int] = []

    class Ending(AsyncWebsocketConsumer):
        async def disconnect(self, code: int) -> None:
            codes.append(code)

    websocket = WebsocketCommunicator(Ending, "/")
    await websocket.connect()
    websocket.stop()
    with pytest.raises(asyncio.CancelledError):
        await websocket.future
    assert codes == [1006]


async def test_the_work_of_a_consumer_ends_with_it() -> None:
    """The ticker ticks while the client is there, and no longer."""
    ticker = guide("Errors and close codes").Ticker()
    async with WebsocketCommunicator(ticker, "/") as websocket:
        assert await websocket.receive_from() == "tick"
    await asyncio.wait([ticker.ticking])
    assert ticker.ticking.cancelled()
