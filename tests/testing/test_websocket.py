"""A test as the WebSocket client of an application."""

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from fast_channels.consumer import AsyncWebsocketConsumer
from fast_channels.testing import WebsocketCommunicator
from fast_channels.testing.application import ApplicationEnded
from fast_channels.testing.websocket import WebsocketConnectResponse
from fast_channels.type_defs import ASGIApplication, ASGIReceiveCallable, ASGISendCallable, ChannelScope
from tests.virtual_time import in_virtual_time

ACCEPT = {"type": "websocket.accept"}


class Say(BaseModel):
    text: str = Field(alias="as")


@dataclass
class Note:
    due: date


class Both(TypedDict):
    say: Say
    note: Note
    due: date


SAY = Say.model_validate({"as": "hello"})
NOTE = Note(date(2024, 2, 29))


class Silent(AsyncWebsocketConsumer):
    """Forgets to answer its handshake."""

    async def connect(self) -> None:
        pass


class Late(AsyncWebsocketConsumer):
    """Answers its handshake when a frame comes, and no frame."""

    async def connect(self) -> None:
        pass

    async def websocket_receive(self, message: Any) -> None:
        await self.accept()


async def echo(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Accept, and send back every frame until the client leaves."""
    assert await receive() == {"type": "websocket.connect"}
    await send(ACCEPT)
    while (event := await receive())["type"] == "websocket.receive":
        await send({**event, "type": "websocket.send"})
    scope["disconnect"] = event


async def hangs(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Never answer."""
    await asyncio.Event().wait()


def answers(*events: dict[str, Any], error: Exception | None = None) -> ASGIApplication:
    """Make an application that sends these events and ends with the client, or crashes if told so."""

    async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await receive()
        for event in events:
            await send(event)
        if error is not None:
            raise error
        while (await receive())["type"] != "websocket.disconnect":
            pass

    return application


class EchoConsumer(AsyncWebsocketConsumer):
    """Sends back the text that comes."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data)


# The handshake


@pytest.mark.parametrize("application", [EchoConsumer, EchoConsumer(), EchoConsumer.as_asgi()])
async def test_consumer_is_an_application(application: Any) -> None:
    """A consumer can be tested as a class, as an instance and as the application it makes."""
    async with WebsocketCommunicator(application, "/") as communicator:
        await communicator.send_to("hello")

        assert await communicator.receive_from() == "hello"


async def test_arguments_have_the_order_of_channels() -> None:
    """Headers, subprotocols and version may be given without names."""
    communicator = WebsocketCommunicator(echo, "/", [(b"a", b"b")], ("v1", "v2"), "2.3")

    assert communicator.scope["headers"] == [(b"a", b"b")]
    assert communicator.scope["subprotocols"] == ["v1", "v2"]
    assert communicator.scope["asgi"]["spec_version"] == "2.3"


@pytest.mark.parametrize("version", ["2.3", 2.3, 2])
async def test_version_may_have_any_type(version: object) -> None:
    """The version is text where the specification wants it, and as given where older tests look."""
    scope = WebsocketCommunicator(echo, "/", spec_version=version).scope

    assert scope["asgi"] == {"version": "3.0", "spec_version": str(version)}
    assert scope["spec_version"] == version


async def test_accepted_connection_tells_its_subprotocol() -> None:
    """An accepted handshake gives `True` and the subprotocol, and leaves its headers as they were sent."""
    headers = [[b"Foo", b"bar"]]
    communicator = WebsocketCommunicator(
        answers({"type": "websocket.accept", "subprotocol": "v2", "headers": headers}), "/"
    )

    assert await communicator.connect() == (True, "v2")
    assert communicator.response_headers is headers


async def test_accepted_connection_needs_no_subprotocol() -> None:
    """Most connections have none."""
    assert await WebsocketCommunicator(echo, "/").connect() == (True, None)


@pytest.mark.parametrize(
    ("close", "code"), [({}, 1000), ({"code": None}, 1000), ({"code": 4001, "reason": "no"}, 4001)]
)
async def test_refused_connection_tells_its_code(close: dict[str, Any], code: int) -> None:
    """A refused handshake gives `False` and the close code."""
    communicator = WebsocketCommunicator(answers({"type": "websocket.close", **close}), "/")

    assert await communicator.connect() == (False, code)
    assert communicator.response_status is None


async def test_denial_response_is_collected() -> None:
    """A handshake refused with a response gives `False` and the status, and leaves the response."""
    communicator = WebsocketCommunicator(
        answers(
            {"type": "websocket.http.response.start", "status": 401, "headers": [(b"a", b"b")]},
            {"type": "websocket.http.response.body", "body": b"log ", "more_body": True},
            {"type": "websocket.http.response.body", "body": b"in"},
        ),
        "/",
        extensions={"websocket.http.response": {}},
    )

    assert await communicator.connect() == (False, 401)
    assert communicator.response_status == 401
    assert communicator.response_headers == [(b"a", b"b")]
    assert communicator.response_body == b"log in"


async def test_other_answer_is_an_assertion_error() -> None:
    """Nothing may be sent before the handshake is answered."""
    communicator = WebsocketCommunicator(answers({"type": "websocket.send", "text": "hi"}), "/")

    with pytest.raises(AssertionError, match=r"'websocket.accept' or .* but was 'websocket.send'"):
        await communicator.connect()


# Frames


@pytest.mark.parametrize("frame", ["hello", "", b"\x00\xff", b""])
async def test_frame_comes_back(frame: str | bytes) -> None:
    """Text and binary frames keep their type, and may be empty."""
    communicator = WebsocketCommunicator(echo, "/")
    await communicator.connect()

    await communicator.send_to(**{"text_data" if isinstance(frame, str) else "bytes_data": frame})  # type: ignore[arg-type]  # the key goes with the type  # pyright: ignore[reportArgumentType]

    assert await communicator.receive_from() == frame


async def test_json_comes_back() -> None:
    """A value is sent as JSON in a text frame."""
    communicator = WebsocketCommunicator(echo, "/")
    await communicator.connect()

    await communicator.send_json_to({"a": [1, None]})

    assert await communicator.receive_json_from() == {"a": [1, None]}


@pytest.mark.parametrize("frame", [{}, {"text_data": "a", "bytes_data": b"b"}, {"text_data": b"a"}])
async def test_frame_that_is_none_cannot_be_sent(frame: dict[str, Any]) -> None:
    """A frame has one payload, and the type that goes with its kind."""
    with pytest.raises(AssertionError):
        await WebsocketCommunicator(echo, "/").send_to(**frame)


@pytest.mark.parametrize(
    "frame", [{}, {"text": "a", "bytes": b"b"}, {"text": b"a"}, {"bytes": "a"}, {"text": None}]
)
async def test_frame_that_is_none_is_not_received(frame: dict[str, Any]) -> None:
    """What the application sends is checked in the same way."""
    communicator = WebsocketCommunicator(answers(ACCEPT, {"type": "websocket.send", **frame}), "/")
    await communicator.connect()

    with pytest.raises(AssertionError):
        await communicator.receive_from()


async def test_other_payload_may_be_none() -> None:
    """The payload that a frame does not have may be `None` instead of absent."""
    frame = {"type": "websocket.send", "text": None, "bytes": b"x"}
    communicator = WebsocketCommunicator(answers(ACCEPT, frame), "/")
    await communicator.connect()

    assert await communicator.receive_from() == b"x"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(SAY, {"as": "hello"}, id="a model"),
        pytest.param(NOTE, {"due": "2024-02-29"}, id="a dataclass"),
        pytest.param([SAY, NOTE], [{"as": "hello"}, {"due": "2024-02-29"}], id="within a list"),
        pytest.param(
            Both(say=SAY, note=NOTE, due=NOTE.due),
            {"say": {"as": "hello"}, "note": {"due": "2024-02-29"}, "due": "2024-02-29"},
            id="a TypedDict",
        ),
    ],
)
async def test_messages_are_sent_as_a_client_writes_them(data: Any, expected: Any) -> None:
    """As JSON, with the names that their aliases give to fields."""
    async with WebsocketCommunicator(echo, "/") as communicator:
        await communicator.send_json_to(data)

        assert await communicator.receive_json_from() == expected


@pytest.mark.parametrize("data", [object(), [object()], {"a": b"\xff"}])
async def test_what_json_cannot_express_is_not_sent(data: Any) -> None:
    """It is a `TypeError`, and no frame."""
    async with WebsocketCommunicator(echo, "/") as communicator:
        with pytest.raises(TypeError, match="is not JSON serializable"):
            await communicator.send_json_to(data)

        assert communicator.input_queue.empty()


@in_virtual_time
async def test_a_handshake_that_connect_left_unanswered_is_named() -> None:
    """Whoever waits for its answer, or for a frame, learns which consumer has forgotten it."""
    communicator = WebsocketCommunicator(Silent, "/chat")

    with pytest.raises(
        TimeoutError,
        match=r"sent nothing within 5 s; connect\(\) of .*Silent.* returned without "
        r"accept\(\), close\(\) or deny\(\)",
    ):
        await communicator.connect(timeout=5)
    with pytest.raises(TimeoutError, match=r"connect\(\) of .*Silent.* returned without accept\(\)"):
        await communicator.receive_from(timeout=5)

    communicator.stop()


@in_virtual_time
async def test_a_handshake_that_is_answered_late_is_not_named() -> None:
    """Once there was an answer, silence is only silence."""
    communicator = WebsocketCommunicator(Late, "/")
    with pytest.raises(TimeoutError, match="returned without"):
        await communicator.connect(timeout=5)
    await communicator.send_to("now")
    assert (await communicator.receive_output())["type"] == "websocket.accept"

    with pytest.raises(TimeoutError) as raised:
        await communicator.receive_from(timeout=5)

    assert str(raised.value) == "The application sent nothing within 5 s"
    await communicator.disconnect()


async def test_json_in_a_binary_frame_is_an_assertion_error() -> None:
    """JSON is text, for browsers that read it."""
    communicator = WebsocketCommunicator(echo, "/")
    await communicator.connect()
    await communicator.send_to(bytes_data=b"{}")

    with pytest.raises(AssertionError, match="Expected JSON in a text frame"):
        await communicator.receive_json_from()


async def test_frames_go_through_overridden_methods() -> None:
    """A subclass that changes how events are received changes every method that receives."""

    class Recorder(WebsocketCommunicator):
        seen: list[str]

        async def receive_output(self, timeout: float = 1) -> Any:
            event = await super().receive_output(timeout)
            self.seen.append(event["type"])
            return event

    communicator = Recorder(echo, "/")
    communicator.seen = []
    await communicator.connect()
    await communicator.send_json_to(1)
    await communicator.receive_json_from()

    assert communicator.seen == ["websocket.accept", "websocket.send"]


# Closing


async def test_close_in_place_of_a_frame_is_explained() -> None:
    """A test that waits for a frame and gets a close is told its code and reason."""
    close = {"type": "websocket.close", "code": 4007, "reason": "bye"}
    communicator = WebsocketCommunicator(answers(ACCEPT, close), "/")
    await communicator.connect()

    with pytest.raises(AssertionError) as caught:
        await communicator.receive_from()

    assert str(caught.value) == "Expected type 'websocket.send', but was 'websocket.close'"
    assert caught.value.__notes__ == [f"The application sent {close!r}"]


@pytest.mark.parametrize(
    ("close", "told"),
    [
        ({"code": 4007, "reason": "bye"}, (4007, "bye")),
        ({"code": 1001, "reason": None}, (1001, "")),
        ({}, (1000, "")),
    ],
)
async def test_close_is_received(close: dict[str, Any], told: tuple[int, str]) -> None:
    """A close that the test expects gives its code and reason."""
    communicator = WebsocketCommunicator(answers(ACCEPT, {"type": "websocket.close", **close}), "/")
    await communicator.connect()

    assert await communicator.receive_close() == told


@pytest.mark.parametrize(
    ("arguments", "event"),
    [
        ({}, {"code": 1000}),
        ({"code": 4002, "timeout": 2}, {"code": 4002}),
    ],
)
async def test_disconnect_tells_the_application(arguments: dict[str, Any], event: dict[str, Any]) -> None:
    """The application gets the code of the client."""
    communicator = WebsocketCommunicator(echo, "/")
    await communicator.connect()

    await communicator.disconnect(**arguments)

    assert communicator.scope["disconnect"] == {"type": "websocket.disconnect", **event}


async def test_a_client_may_give_a_reason() -> None:
    """A close can be sent with a reason, and without waiting for the end of the application."""
    communicator = WebsocketCommunicator(echo, "/")
    await communicator.connect()

    await communicator.send_close(1001, "away")
    assert not communicator.future.done()
    await communicator.wait()

    told = {"type": "websocket.disconnect", "code": 1001, "reason": "away"}
    assert communicator.scope["disconnect"] == told


async def test_disconnect_works_after_a_time_out() -> None:
    """A frame that never came does not keep the test from closing the connection."""
    communicator = WebsocketCommunicator(echo, "/")
    await communicator.connect()
    with pytest.raises(TimeoutError):
        await communicator.receive_from(0.01)

    await communicator.disconnect()

    assert not communicator.future.cancelled()


async def test_disconnect_raises_the_error_of_the_application() -> None:
    """A crash that was not seen before is seen at the end."""
    communicator = WebsocketCommunicator(answers(ACCEPT, error=ZeroDivisionError()), "/")
    await communicator.connect()

    with pytest.raises(ZeroDivisionError):
        await communicator.disconnect()


# The context manager


async def test_block_connects_and_disconnects() -> None:
    """Within the block the connection is open, at its end the client leaves."""
    async with WebsocketCommunicator(echo, "/") as communicator:
        await communicator.send_to("hello")
        assert await communicator.receive_from() == "hello"

    assert communicator.scope["disconnect"] == {"type": "websocket.disconnect", "code": 1000}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ([{"type": "websocket.close", "code": 4001}], "4001"),
        (
            [
                {"type": "websocket.http.response.start", "status": 403},
                {"type": "websocket.http.response.body"},
            ],
            "403",
        ),
    ],
)
async def test_block_needs_a_connection(answer: list[dict[str, Any]], told: str) -> None:
    """A refused connection fails the test, says how it was refused, and leaves nothing running."""
    communicator = WebsocketCommunicator(answers(*answer), "/")

    with pytest.raises(AssertionError, match=f"refused the connection with {told}"):
        async with communicator:
            pass

    assert communicator.future.cancelled()


async def test_block_raises_the_error_of_the_handshake() -> None:
    """An application that crashes while connecting shows its own error."""
    with pytest.raises(ZeroDivisionError):
        async with WebsocketCommunicator(answers(error=ZeroDivisionError()), "/"):
            pass


async def test_block_that_times_out_leaves_nothing_running() -> None:
    """An application that never answers is cancelled."""

    class Impatient(WebsocketCommunicator):
        async def connect(self, timeout: float = 1) -> WebsocketConnectResponse:
            return await super().connect(0)

    communicator = Impatient(hangs, "/")

    with pytest.raises(TimeoutError):
        async with communicator:
            pass

    assert communicator.future.cancelled()


async def test_block_that_failed_does_not_disconnect() -> None:
    """A failed test is over: the application is cancelled, without a second failure."""
    communicator = WebsocketCommunicator(echo, "/")

    with pytest.raises(AssertionError, match="the test"):
        async with communicator:
            raise AssertionError("of the test")

    assert communicator.future.cancelled()
    assert "disconnect" not in communicator.scope


async def test_block_is_content_with_an_error_that_was_expected() -> None:
    """An application whose crash the test caught is not disconnected from."""
    async with WebsocketCommunicator(answers(ACCEPT, error=ZeroDivisionError()), "/") as communicator:
        with pytest.raises(ZeroDivisionError):
            await communicator.receive_from()


async def test_block_accepts_an_application_that_returned() -> None:
    """An application may close and return before the block ends."""

    async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.close"})

    async with WebsocketCommunicator(application, "/") as communicator:
        assert await communicator.receive_close() == (1000, "")
        with pytest.raises(ApplicationEnded):
            await communicator.receive_from()
