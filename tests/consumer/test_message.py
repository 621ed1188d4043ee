"""A consumer of messages in frames of any form."""

import logging
from typing import Any, ClassVar, Literal

import ormsgpack
import pytest
from pydantic import BaseModel

from fast_channels.codegen.application import application_types
from fast_channels.codegen.schemas import consumer_schemas
from fast_channels.consumer import AsyncMessageConsumer
from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.messages import Request
from fast_channels.messages.message_pack import MessagePack
from fast_channels.targets import Target
from fast_channels.testing import WebsocketCommunicator


class Stored(BaseModel):
    type: Literal["stored"] = "stored"
    id: int = 0
    size: int
    note: str | None = None


class Store(BaseModel, Request[Stored]):
    correlation_field: ClassVar[str | None] = "id"

    type: Literal["store"] = "store"
    id: int
    data: bytes


class Ping(BaseModel):
    type: Literal["ping"] = "ping"


Contract = AsyncMessageConsumer[Store | Ping, Stored | Ping]


class Storage(Contract):
    codec = MessagePack()
    omit_none = True

    @Contract.receives(Store)
    async def on_store(self, message: Store) -> Stored:
        if not message.data:
            raise InvalidMessageError("there is nothing to store", code=1008)
        return Stored(size=len(message.data))

    @Contract.receives(Ping)
    async def on_ping(self, message: Ping) -> None:
        await self.send_message(message, close=4000)


def unpacked(frame: str | bytes) -> Any:
    assert isinstance(frame, bytes)
    return ormsgpack.unpackb(frame)


async def answer(consumer: Any, message: Any) -> Any:
    async with WebsocketCommunicator(consumer, "/") as websocket:
        await websocket.send_to(bytes_data=ormsgpack.packb(message))
        return unpacked(await websocket.receive_from())


async def test_messages_and_replies_are_those_of_the_class() -> None:
    """With methods, replies, correlation and what else a consumer of JSON has; bytes are bytes."""
    reply = await answer(Storage, {"type": "store", "id": 7, "data": b"\xff"})

    assert reply == {"type": "stored", "id": 7, "size": 1}


async def test_a_test_asks_in_the_format_of_the_consumer() -> None:
    """With the types of the request and its reply; frames of other messages stay to be received."""

    class Chatty(Storage):
        async def receive_message(self, content: Store | Ping, /) -> Stored | Ping | None:
            await self.send_message(Ping())
            return await super().receive_message(content)

    async with WebsocketCommunicator(Chatty, "/", codec=MessagePack()) as websocket:
        assert await websocket.request(Store(id=7, data=b"\xff\xfe")) == Stored(id=7, size=2)
        assert unpacked(await websocket.receive_from()) == {"type": "ping"}


async def test_a_test_asks_in_texts_of_another_format() -> None:
    """As the codec has it."""

    class Text:
        binary = False

        def decode(self, frame: str, /) -> object:
            return dict(part.split("=") for part in frame.split(";"))

        def encode(self, value: Any, /) -> str:
            return ";".join(f"{name}={one}" for name, one in value.items())

    class Said(BaseModel):
        said: str

    class Say(BaseModel, Request[Said]):
        say: str

    class Echo(AsyncMessageConsumer[Say, Said]):
        codec = Text()

        async def receive_message(self, content: Say, /) -> Said:
            return Said(said=content.say)

    async with WebsocketCommunicator(Echo, "/", codec=Text()) as websocket:
        assert await websocket.request(Say(say="hi")) == Said(said="hi")


async def test_a_message_may_close() -> None:
    """Like any frame."""
    async with WebsocketCommunicator(Storage, "/") as websocket:
        await websocket.send_to(bytes_data=ormsgpack.packb({"type": "ping"}))
        assert unpacked(await websocket.receive_from()) == {"type": "ping"}
        assert await websocket.receive_close() == (4000, "")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"text_data": "{}"}, 1003),
        ({"bytes_data": b""}, 1007),
        ({"bytes_data": b"\xc0\xc0"}, 1007),
        ({"bytes_data": ormsgpack.packb({"type": "store", "id": "7", "data": b""})}, 1007),
        ({"bytes_data": ormsgpack.packb({"type": "store", "id": 7, "data": b""})}, 1008),
        ({"bytes_data": b"x" * 100_000}, 1009),
    ],
)
async def test_a_frame_that_is_no_message_closes_the_websocket(
    frame: dict[str, Any], code: int, caplog: pytest.LogCaptureFixture
) -> None:
    """With the code of the mistake, and one warning."""
    with caplog.at_level(logging.WARNING, "fast_channels.consumer"):
        async with WebsocketCommunicator(Storage, "/") as websocket:
            await websocket.send_to(**frame)
            assert await websocket.receive_close() == (code, "")

    assert len(caplog.records) == 1


async def test_an_answer_to_a_frame_that_is_no_message_says_to_which_it_belongs() -> None:
    """The field is found in what the codec has decoded."""

    class Patient(Storage):
        async def receive_invalid(self, error: InvalidMessageError) -> None:
            await self.send_message(Stored(size=0, note=error.reason))

    reply = await answer(Patient, {"type": "store", "id": 7, "data": 1})
    assert reply == {"type": "stored", "id": 7, "size": 0, "note": "the message is not valid at data"}
    reply = await answer(Patient, {"type": "store", "id": 8, "data": b""})
    assert reply == {"type": "stored", "id": 8, "size": 0, "note": "there is nothing to store"}


async def test_messages_need_no_types() -> None:
    """Then they are what the codec makes of a frame, and answers are sent where there is a type."""

    class Open(AsyncMessageConsumer[Any, Any]):
        codec = MessagePack()

        async def receive_message(self, content: Any, /) -> Any:
            await self.send_message([content])
            return content

    class Half(AsyncMessageConsumer[Any, bytes]):
        codec = MessagePack()

        async def receive_message(self, content: Any, /) -> Any:
            return content

    assert await answer(Open, {"a": b"x"}) == [{"a": b"x"}]
    assert await answer(Half, b"x") == b"x"
    websocket = WebsocketCommunicator(Half, "/")
    await websocket.connect()
    await websocket.send_to(bytes_data=ormsgpack.packb(7))
    with pytest.raises(LocalProtocolError, match="int is not a message that may be sent"):
        await websocket.receive_output()


async def test_frames_may_be_texts() -> None:
    """And a message that nothing receives is passed over where the class has no types."""

    class Words:
        binary = False

        def decode(self, frame: str, /) -> object:
            return frame.split()

        def encode(self, value: Any, /) -> str:
            return " ".join(value)

    class Echo(AsyncMessageConsumer[list[str], list[str]]):
        codec = Words()

        async def receive_message(self, content: list[str], /) -> list[str] | None:
            return content or await super().receive_message(content)

    async with WebsocketCommunicator(Echo, "/") as websocket:
        await websocket.send_to(" ")
        await websocket.send_to(" a  b")
        assert await websocket.receive_from() == "a b"


def test_a_class_without_a_codec_is_told_before_anybody_connects() -> None:
    """Nobody could read its frames."""

    class Nothing(AsyncMessageConsumer[Ping, Ping]):
        async def receive_message(self, content: Ping, /) -> None: ...

    class Nobody(AsyncMessageConsumer[Ping, Ping]):
        codec = MessagePack()

    with pytest.raises(TypeError, match=r"^Nothing.as_asgi\(\): has no codec for its frames; set codec, for"):
        Nothing.as_asgi()
    with pytest.raises(TypeError, match=r"and no method handles them; write receive_message\(\)$"):
        Nobody.as_asgi()
    with pytest.raises(TypeError, match=r"codec=...\) has no effect"):
        Storage.as_asgi(codec=MessagePack())
    with pytest.raises(TypeError, match="write AsyncMessageConsumer"):
        AsyncMessageConsumer[Ping]  # pyright: ignore[reportUnusedExpression]  # what is told


def test_schemas_and_types_have_bytes() -> None:
    """In base64 where they are written down, because JSON has none."""
    texts = consumer_schemas(Storage)

    assert [*texts] == ["Storage.client.json", "Storage.server.json"]
    assert '"contentEncoding": "base64"' in texts["Storage.client.json"]
    assert '"null"' not in texts["Storage.server.json"]
    module = application_types([Target("app:Storage", Storage)])
    assert "data: bytes" in module
    assert "note: NotRequired[str]" in module
