"""A consumer that declares its messages sees and sends nothing else."""

import json
import logging
from typing import Any, Generic, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from typing_extensions import TypeVar

from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.testing import WebsocketCommunicator


class Join(BaseModel):
    type: Literal["join"] = "join"
    name: str


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


class Said(BaseModel):
    type: Literal["said"] = "said"
    text: str


class Left(BaseModel):
    type: Literal["left"] = "left"


class Chat(AsyncJsonWebsocketConsumer[Join | Say, Said | Left]):
    async def receive_json(self, content: Join | Say) -> Said | Left | None:
        match content:
            case Join():
                await self.send_json(Said(text=f"hello {content.name}"))
                return None
            case Say():
                return Said(text=content.text)


async def test_a_message_is_what_the_handler_asked_for() -> None:
    """The text is parsed and validated before `receive_json()` is called."""
    async with WebsocketCommunicator(Chat, "/") as ws:
        await ws.send_json_to({"type": "join", "name": "ann"})

        assert await ws.receive_json_from() == {"type": "said", "text": "hello ann"}


async def test_what_receive_json_returns_is_sent() -> None:
    """An answer need not be sent by hand."""
    async with WebsocketCommunicator(Chat, "/") as ws:
        await ws.send_json_to({"type": "say", "text": "hi"})

        assert await ws.receive_json_from() == {"type": "said", "text": "hi"}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"bytes_data": b"{}"}, 1003),
        ({"text_data": ""}, 1007),
        ({"text_data": "{"}, 1007),
        ({"text_data": "[" * 100_000}, 1007),
        ({"text_data": '{"type": "join"}'}, 1007),
        ({"text_data": '{"type": "said", "text": "hi"}'}, 1007),
    ],
)
async def test_a_frame_that_is_no_message_closes_the_websocket(
    frame: dict[str, Any], code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The client broke the contract: it is told with the code of RFC 6455, and one warning is logged."""
    with caplog.at_level(logging.WARNING, "fast_channels.consumer"):
        async with WebsocketCommunicator(Chat, "/") as ws:
            await ws.send_to(**frame)

            assert await ws.receive_output() == {"type": "websocket.close", "code": code, "reason": ""}

    assert len(caplog.records) == 1


async def test_an_override_decides_what_becomes_of_a_wrong_frame() -> None:
    """The connection goes on if it answers instead of closing."""

    class Patient(Chat):
        async def receive_invalid(self, error: InvalidMessageError) -> None:
            await self.send_json(Said(text=error.errors[0][0]))

    async with WebsocketCommunicator(Patient, "/") as ws:
        await ws.send_json_to({"type": "join"})
        assert await ws.receive_json_from() == {"type": "said", "text": "join.name"}

        await ws.send_json_to({"type": "say", "text": "still here"})
        assert await ws.receive_json_from() == {"type": "said", "text": "still here"}


async def test_what_is_not_declared_is_not_sent() -> None:
    """The error is raised where the application sends, and the client sees nothing."""

    class Wrong(AsyncJsonWebsocketConsumer[Join, Said]):
        async def receive_json(self, content: Join) -> None:
            wrong: Any = {"type": "said"}
            await self.send_json(wrong)

    ws = WebsocketCommunicator(Wrong, "/")
    await ws.connect()
    await ws.send_json_to({"name": "ann"})

    with pytest.raises(LocalProtocolError, match="text: Field required"):
        await ws.receive_output()


async def test_an_application_s_own_decoder_is_held_to_the_declared_type() -> None:
    """What `decode_json()` returns is validated."""

    class Own(Chat):
        @classmethod
        async def decode_json(cls, text_data: str) -> Any:
            return {"type": "say", "text": text_data} if text_data != "?" else {"type": "say"}

    async with WebsocketCommunicator(Own, "/") as ws:
        await ws.send_to("hi")
        assert await ws.receive_json_from() == {"type": "said", "text": "hi"}

        await ws.send_to("?")
        assert await ws.receive_output() == {"type": "websocket.close", "code": 1007, "reason": ""}


async def test_a_bare_consumer_sends_no_return_values() -> None:
    """Code that was written for Channels may return whatever it likes."""

    class Bare(AsyncJsonWebsocketConsumer):
        async def receive_json(self, content: Any) -> Any:
            await self.send_json({"got": content})
            return content

    async with WebsocketCommunicator(Bare, "/") as ws:
        await ws.send_json_to([1])

        assert await ws.receive_json_from() == {"got": [1]}
        assert await ws.receive_nothing()


T = TypeVar("T", bound=BaseModel)


class Echo(AsyncJsonWebsocketConsumer[T, T], Generic[T]):
    async def receive_json(self, content: T) -> T:
        return content


async def test_types_are_found_through_generic_bases() -> None:
    """A generic consumer of the application's own is parametrised like ours."""

    class EchoSay(Echo[Say]):
        pass

    async with WebsocketCommunicator(EchoSay, "/") as ws:
        await ws.send_to('{"text": "hi"}')

        assert await ws.receive_json_from() == {"type": "say", "text": "hi"}


class Early(AsyncJsonWebsocketConsumer["Late", "Late"]):
    async def receive_json(self, content: "Late") -> "Late":
        return content


class Late(BaseModel):
    number: int


async def test_types_may_be_named_before_they_are_defined() -> None:
    """Names in quotation marks are looked up when the first message comes."""
    async with WebsocketCommunicator(Early, "/") as ws:
        await ws.send_to('{"number": 1}')

        assert await ws.receive_json_from() == {"number": 1}


async def test_types_may_be_local_to_a_function() -> None:
    """Names in quotation marks may be those of variables around the class."""

    class Local(BaseModel):
        number: int

    class LocalEcho(AsyncJsonWebsocketConsumer["Local", "Local"]):
        async def receive_json(self, content: Local) -> Local:
            return content

    async with WebsocketCommunicator(LocalEcho, "/") as ws:
        await ws.send_to('{"number": 1}')

        assert await ws.receive_json_from() == {"number": 1}


class Watched(AsyncJsonWebsocketConsumer[Join | Say, Said]):
    seen: list[object]

    async def receive_json(self, content: Join | Say) -> None:
        self.seen.append(content)

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        self.seen.append(error)


@given(st.text() | st.dictionaries(st.sampled_from(["type", "name", "text"]), st.text()).map(json.dumps))
async def test_handlers_see_only_valid_messages_whatever_a_client_sends(text: str) -> None:
    """Every text is a message for the handler, or an error for the hook; no other error is possible."""
    seen: list[object] = []

    async with WebsocketCommunicator(Watched.as_asgi(seen=seen), "/") as ws:
        await ws.send_to(text)

    assert len(seen) == 1
    assert isinstance(seen[0], Join | Say | InvalidMessageError)


async def test_decoding_may_be_a_method_of_the_instance() -> None:
    """Then it can know the connection."""

    class Shouting(Chat):
        async def decode_json(self, text_data: str) -> Any:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # what Channels code does
            return await Chat.decode_json(text_data.lower())

    async with WebsocketCommunicator(Shouting, "/") as websocket:
        await websocket.send_to('{"TYPE": "SAY", "TEXT": "HELLO"}')
        assert await websocket.receive_json_from() == {"type": "said", "text": "hello"}
