"""The JSON consumer without declared messages, which behaves as it does in Django Channels."""

import json
from typing import Any

import pytest

from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError, LocalProtocolError

from .driver import CONNECT, WEBSOCKET, frame, gone, serve


class Echo(AsyncJsonWebsocketConsumer):
    """Keeps what it gets and sends it back."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Any] = []

    async def receive_json(self, content: Any) -> None:
        """Keep it, send it back."""
        self.got.append(content)
        await self.send_json(content)


async def send(consumer: AsyncJsonWebsocketConsumer, *events: dict[str, Any]) -> list[str]:
    """Return the texts that a consumer answers to some frames."""
    sent = await serve(consumer, WEBSOCKET, CONNECT, *events, gone())
    return [event["text"] for event in sent if event["type"] == "websocket.send"]


@pytest.mark.parametrize("content", [{"a": [1, None]}, [], "text", 0, None, True, {"ä": "\u2028"}])
async def test_contents_are_decoded_and_encoded(content: Any) -> None:
    """By the `json` module, so the frames look as they always did."""
    consumer = Echo()

    texts = await send(consumer, frame(json.dumps(content)))

    assert consumer.got == [content]
    assert texts == [json.dumps(content)]


async def test_contents_are_ignored_by_default() -> None:
    """A consumer without `receive_json()` only sends."""
    assert await send(AsyncJsonWebsocketConsumer(), frame("{}")) == []


async def test_what_receive_json_returns_is_not_sent() -> None:
    """Existing consumers return what they like; only declared messages are answers."""

    class Returning(AsyncJsonWebsocketConsumer):
        async def receive_json(self, content: Any) -> Any:
            return content

    assert await send(Returning(), frame("{}")) == []


@pytest.mark.parametrize(
    ("event", "code", "text"),
    [
        ({"bytes": b"{}"}, 1003, "No text section for incoming WebSocket frame!"),
        ({"text": ""}, 1007, "No text section for incoming WebSocket frame! It is empty"),
        ({"text": "{"}, 1007, "a WebSocket frame is not JSON: Expecting property name"),
        ({"text": "[" * 100_000}, 1007, "a WebSocket frame is not JSON: maximum recursion depth"),
    ],
)
async def test_a_frame_that_is_not_json_raises(event: dict[str, Any], code: int, text: str) -> None:
    """An `InvalidMessageError`, which is a `ValueError`, with the close code that RFC 6455 gives it."""
    with pytest.raises(ValueError, match=f"^{text}") as caught:
        await send(Echo(), {"type": "websocket.receive", **event})

    assert isinstance(caught.value, InvalidMessageError)
    assert caught.value.code == code
    assert len(caught.value.excerpt) < 100


async def test_receive_invalid_may_decide_otherwise() -> None:
    """It can answer, and the connection goes on."""

    class Patient(Echo):
        async def receive_invalid(self, error: InvalidMessageError) -> None:
            await self.send_json({"error": error.code})

    assert await send(Patient(), frame("{"), frame("1")) == ['{"error": 1007}', "1"]


async def test_arguments_of_an_override_of_receive_are_passed_on() -> None:
    """Content by position, the rest by name."""
    got: list[Any] = []

    class Passing(AsyncJsonWebsocketConsumer):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            parent: Any = super()
            await parent.receive(text_data, bytes_data, more=1)

        async def receive_json(self, content: Any, **kwargs: Any) -> None:
            got.append((content, kwargs))

    await send(Passing(), frame("[]"))

    assert got == [([], {"more": 1})]


@pytest.mark.parametrize(("close", "code"), [(True, 1000), (4001, 4001)])
async def test_sending_json_may_close_the_connection(close: Any, code: int) -> None:
    """The option is given by position, too."""

    class Farewell(AsyncJsonWebsocketConsumer):
        async def receive_json(self, content: Any) -> None:
            await self.send_json("bye", close)

    sent = await serve(Farewell(), WEBSOCKET, CONNECT, frame("1"), gone())

    assert sent[1:] == [
        {"type": "websocket.send", "text": '"bye"'},
        {"type": "websocket.close", "code": code, "reason": ""},
    ]


async def test_what_json_cannot_say_is_not_sent() -> None:
    """The error is raised at the caller's line."""

    class Mute(AsyncJsonWebsocketConsumer):
        async def connect(self) -> None:
            await self.accept()
            await self.send_json({1, 2})

    with pytest.raises(TypeError, match="not JSON serializable"):
        await send(Mute())


async def test_nothing_is_sent_before_the_accept() -> None:
    """As with other frames."""

    class Hasty(AsyncJsonWebsocketConsumer):
        async def connect(self) -> None:
            await self.send_json({})

    with pytest.raises(LocalProtocolError, match="HANDSHAKE"):
        await send(Hasty())


async def test_the_codec_can_be_replaced() -> None:
    """`decode_json()` and `encode_json()` are coroutines of the class, and either may be another one."""

    class Shouting(Echo):
        @classmethod
        async def decode_json(cls, text_data: str) -> Any:
            return text_data.lower()

        @classmethod
        async def encode_json(cls, content: Any) -> str:
            return f"{content}!"

    assert await send(Shouting(), frame("HI")) == ["hi!"]
    assert await AsyncJsonWebsocketConsumer.decode_json("[1]") == [1]
    assert await AsyncJsonWebsocketConsumer.encode_json([1]) == "[1]"


async def test_a_codec_of_the_users_own_decides_what_is_invalid() -> None:
    """Its `InvalidMessageError` is passed on as it is."""
    error = InvalidMessageError("no", code=1008)
    got: list[InvalidMessageError] = []

    class Strict(Echo):
        @classmethod
        async def decode_json(cls, text_data: str) -> Any:
            raise error

        async def receive_invalid(self, error: InvalidMessageError) -> None:
            got.append(error)

    await send(Strict(), frame("1"))

    assert got == [error]
