"""Events that need no change go straight to the consumer and to the server, and hide nothing by that."""

from collections.abc import Mapping
from typing import Any
from unittest.mock import AsyncMock, call

import pytest

from fast_channels.consumer import AsyncHttpConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.events import WebSocketReceiveEvent
from fast_channels.exceptions import ConnectionClosed
from fast_channels.type_defs import ChannelMessage
from tests.blocked import wait_all_tasks_blocked

from .driver import CONNECT, GET, HTTP, WEBSOCKET, Server, frame, gone, serve

ACCEPT: dict[str, Any] = {"type": "websocket.accept", "headers": []}
START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": [], "trailers": False}
BODY: dict[str, Any] = {"type": "http.response.body", "body": b"yes", "more_body": False}


def sent(text: str) -> dict[str, Any]:
    """Return what the server gets of a text frame."""
    return {"type": "websocket.send", "text": text}


class Echo(AsyncWebsocketConsumer):
    """Sends each frame back."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Echo."""
        await self.send(text_data, bytes_data)


class Answer(AsyncHttpConsumer):
    """Says yes."""

    async def handle(self, body: bytes) -> None:
        """Answer."""
        await self.send_response(200, b"yes")


@pytest.mark.parametrize("text", ["hello", "héllo", "\U0001f44b"])
async def test_a_frame_is_handled_and_sent_as_it_is(text: str) -> None:
    """In any language."""
    assert await serve(Echo.as_asgi(), WEBSOCKET, CONNECT, frame(text), gone()) == [ACCEPT, sent(text)]


async def test_a_replaced_base_send_gets_every_event() -> None:
    """As code does it that was written for Channels, and test suites."""
    seen: list[ChannelMessage] = []

    class Watched(Echo):
        async def connect(self) -> None:
            server_send = self.base_send

            async def watch(message: ChannelMessage) -> None:
                seen.append(message)
                await server_send(message)

            self.base_send = watch
            await super().connect()

    assert await serve(Watched.as_asgi(), WEBSOCKET, CONNECT, frame("a"), gone()) == [ACCEPT, sent("a")]
    assert seen == [ACCEPT, sent("a")]


async def test_a_consumer_without_a_connection_sends_with_the_base_send_it_is_given() -> None:
    """So a unit test of one method needs no server."""
    echo, answer = Echo(), Answer()
    echo.base_send = AsyncMock()
    answer.base_send = AsyncMock()

    await echo.accept()
    await echo.receive(text_data="a")
    await answer.handle(b"")

    assert echo.base_send.mock_calls == [call(ACCEPT), call(sent("a"))]
    assert answer.base_send.mock_calls == [call(START), call(BODY)]


async def test_an_override_of_the_receive_event_gets_every_frame() -> None:
    """As a model, as everything that an application handles itself."""
    frames: list[WebSocketReceiveEvent] = []

    class Watched(Echo):
        async def websocket_receive(self, message: WebSocketReceiveEvent) -> None:
            frames.append(message)
            await super().websocket_receive(message)

    await serve(Watched.as_asgi(), WEBSOCKET, CONNECT, frame("a"), gone())

    assert frames == [WebSocketReceiveEvent(text="a")]


async def test_a_dispatch_of_its_own_gets_every_event() -> None:
    """Also those that need no change."""
    types: list[str] = []

    class Watched(Echo):
        async def dispatch(self, message: ChannelMessage) -> None:
            types.append(message["type"])
            await super().dispatch(message)

    await serve(Watched.as_asgi(), WEBSOCKET, CONNECT, frame("a"), gone())

    assert types == ["websocket.connect", "websocket.receive", "websocket.disconnect"]


async def test_json_goes_through_a_send_that_stands_between() -> None:
    """`send_json()` calls the `send()` of the next class, which need not be the library's."""

    class Shouting(AsyncWebsocketConsumer):
        async def send(
            self, text_data: str | None = None, bytes_data: bytes | None = None, close: bool = False
        ) -> None:
            await super().send((text_data or "").upper(), bytes_data, close)

    class Json(AsyncJsonWebsocketConsumer[str, str], Shouting):
        async def receive_json(self, content: str, **kwargs: Any) -> str:
            return content

    assert await serve(Json.as_asgi(), WEBSOCKET, CONNECT, frame('"a"'), gone()) == [ACCEPT, sent('"A"')]


@pytest.mark.parametrize("name", ["send", "send_headers", "send_body"])
@pytest.mark.parametrize("where", ["class", "instance"])
async def test_a_whole_response_goes_through_the_methods_that_an_application_replaces(
    name: str, where: str
) -> None:
    """On the class, or on one consumer, as test suites do it."""
    calls: list[Any] = []

    async def record(*args: Any, **kwargs: Any) -> None:
        calls.append((args, kwargs))

    if where == "class":
        consumer = type("Recording", (Answer,), {name: record})()
    else:
        consumer = Answer()
        setattr(consumer, name, record)
    consumer.base_send = AsyncMock()
    await consumer.send_response(200, b"yes")

    assert len(calls) == (2 if name == "send" else 1)


async def test_the_headers_of_an_application_are_not_the_list_that_the_server_gets() -> None:
    """Frameworks add to that, and the application may give the same list again."""
    headers = [(b"content-type", b"text/plain")]

    class Constant(AsyncHttpConsumer):
        async def handle(self, body: bytes) -> None:
            await self.send_response(200, b"", headers=headers)

    async def send(event: Mapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            event["headers"].append((b"x-added", b"1"))

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    for _ in range(2):
        await Constant.as_asgi()(HTTP, receive, send)

    assert headers == [(b"content-type", b"text/plain")]


async def test_the_next_frame_after_the_client_left_tells_the_handler() -> None:
    """A server says so with an `OSError`. ASGI 2.4, "Disconnected client - send exception"."""
    errors: list[ConnectionClosed] = []

    class Lost(Echo):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            for _ in range(2):
                try:
                    await self.send(text_data)
                except ConnectionClosed as error:
                    errors.append(error)

    server = Server(Lost.as_asgi(), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.send_error = OSError("gone")
    server.give(frame("a"), gone())
    await server.end()

    assert [str(error) for error in errors] == [
        "websocket.send could not be sent: the connection is closed",
        "websocket.send cannot be sent: the connection is closed",
    ]


@pytest.mark.parametrize("hook", ["class", "instance", "none"])
async def test_a_hook_at_the_end_runs_wherever_it_is(hook: str) -> None:
    """The life does without one only where there is none."""
    codes: list[int] = []

    async def disconnect(code: int) -> None:
        codes.append(code)

    class Hooked(Echo):
        async def disconnect(self, code: int) -> None:
            await disconnect(code)

    class Patched(Echo):
        async def connect(self) -> None:
            await super().connect()
            vars(self)["disconnect"] = disconnect

    await serve(
        {"class": Hooked, "instance": Patched, "none": Echo}[hook].as_asgi(), WEBSOCKET, CONNECT, gone()
    )

    assert codes == ([] if hook == "none" else [1000])


async def test_a_request_that_is_answered_ends_as_before() -> None:
    """The first event that has no more body is the last that is needed."""
    assert await serve(Answer.as_asgi(), HTTP, GET) == [START, BODY]
