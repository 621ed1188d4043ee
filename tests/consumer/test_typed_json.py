"""A consumer that declares its messages sees and sends nothing else."""

import asyncio
import json
import logging
from typing import Any, ClassVar, Generic, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from typing_extensions import TypeVar

from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.messages import Request
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
        ({"text_data": "[" * 50_000}, 1007),
        ({"text_data": "[" * 100_000}, 1009),
        ({"bytes_data": b"{" * 100_000}, 1009),
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


async def test_a_handler_may_find_that_a_message_is_wrong(caplog: pytest.LogCaptureFixture) -> None:
    """What it raises goes to the hook for frames that are none, with the frame."""

    class Wary(Chat):
        async def receive_json(self, content: Join | Say) -> Said | Left | None:
            if isinstance(content, Join):
                raise InvalidMessageError(f"{content.name} is not invited", code=4403)
            return await super().receive_json(content)

    class Patient(Wary):
        async def receive_invalid(self, error: InvalidMessageError) -> None:
            assert error.value == {"type": "join", "name": "ann"}
            await self.send_json(Said(text=error.reason))

    async with WebsocketCommunicator(Patient, "/") as ws:
        await ws.send_json_to({"type": "join", "name": "ann"})
        assert await ws.receive_json_from() == {"type": "said", "text": "ann is not invited"}
        await ws.send_json_to({"type": "say", "text": "hi"})
        assert await ws.receive_json_from() == {"type": "said", "text": "hi"}
    async with WebsocketCommunicator(Wary, "/") as ws:
        await ws.send_json_to({"type": "join", "name": "ann"})
        assert await ws.receive_output() == {"type": "websocket.close", "code": 4403, "reason": ""}
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_handler_of_a_bare_consumer_raises_what_it_raises() -> None:
    """As code for Channels does."""

    class Bare(AsyncJsonWebsocketConsumer):
        async def receive_json(self, content: Any) -> None:
            raise InvalidMessageError("no", code=1008)

    ws = WebsocketCommunicator(Bare, "/")
    await ws.connect()
    await ws.send_json_to({})
    with pytest.raises(InvalidMessageError, match=r"^no$"):
        await ws.receive_output()


async def test_an_error_about_a_binary_frame_has_the_frame() -> None:
    """A protocol may want to know what came."""

    class Curious(Chat):
        async def receive_invalid(self, error: InvalidMessageError) -> None:
            assert isinstance(error.frame, bytes)
            await self.send_json(Said(text=f"{error.kind} {error.frame.decode()}"))

    async with WebsocketCommunicator(Curious, "/") as ws:
        await ws.send_to(bytes_data=b"x")
        assert await ws.receive_json_from() == {"type": "said", "text": "unsupported_data x"}


class Seat(BaseModel):
    type: Literal["seat"] = "seat"
    name: str | None = None
    row: float | None = None
    tags: list[str | None] = []


async def test_fields_that_are_none_are_left_out_where_the_class_says_so() -> None:
    """`omit_none` is for all that a class sends; lists keep what they have."""

    class Nulls(AsyncJsonWebsocketConsumer[Seat, Seat | Join | None]):
        async def receive_json(self, content: Seat) -> Seat | Join | None:
            await self.send_json(content)
            await self.send_json(Join(name="ann"))
            return None

    class Sparse(Nulls):
        omit_none = True

    class Open(AsyncJsonWebsocketConsumer[Seat, Any]):
        omit_none = True

        async def receive_json(self, content: Seat) -> Any:
            return [content, {"x": None}]

    async with WebsocketCommunicator(Sparse, "/") as ws:
        await ws.send_json_to({"type": "seat", "row": 1, "tags": [None]})
        assert await ws.receive_from() == '{"type":"seat","row":1.0,"tags":[null]}'
        assert await ws.receive_from() == '{"type":"join","name":"ann"}'
    async with WebsocketCommunicator(Nulls, "/") as ws:
        await ws.send_json_to({"type": "seat"})
        assert await ws.receive_from() == '{"type":"seat","name":null,"row":null,"tags":[]}'
    async with WebsocketCommunicator(Open, "/") as ws:
        await ws.send_json_to({"type": "seat"})
        assert await ws.receive_from() == '[{"type":"seat","tags":[]},{"x":null}]'


async def test_what_is_not_declared_is_not_sent() -> None:
    """The error is raised where the application sends, and the client sees nothing."""

    class Wrong(AsyncJsonWebsocketConsumer[Join, Said]):
        async def receive_json(self, content: Join) -> None:
            wrong: Any = {"type": "said"}
            await self.send_json(wrong)

    ws = WebsocketCommunicator(Wrong, "/")
    await ws.connect()
    await ws.send_json_to({"type": "join", "name": "ann"})

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
        await ws.send_to('{"type": "say", "text": "hi"}')

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


@pytest.mark.parametrize(
    ("text", "fits"),
    [("x" * 10, True), ("x" * 11, False), ("é" * 5, True), ("é" * 6, False), ("\ud800" * 4, False)],
)
async def test_a_size_is_counted_in_bytes(text: str, fits: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A plain consumer that has a limit closes with 1009, and says so once; RFC 6455, section 7.4.1."""

    class Small(AsyncWebsocketConsumer):
        max_message_size = 10

        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await self.send(text_data, bytes_data)

    async with WebsocketCommunicator(Small, "/") as ws:
        await ws.send_to(text)
        if fits:
            assert await ws.receive_from() == text
        else:
            assert await ws.receive_close() == (1009, "")
    assert len(caplog.records) == (not fits)


async def test_only_a_class_that_declares_its_messages_has_a_limit_by_itself() -> None:
    """What Channels code is sent may be of any size; a class says something else, `None` too."""

    class Bare(AsyncJsonWebsocketConsumer):
        async def receive_json(self, content: Any) -> None:
            await self.send_json(len(content))

    class Small(Bare):
        max_message_size = 10

    class Large(AsyncJsonWebsocketConsumer[str, int]):
        max_message_size = None

        async def receive_json(self, content: str) -> int:
            return len(content)

    class Larger(Large, AsyncJsonWebsocketConsumer[str, int]):
        pass

    assert Chat.max_message_size == 65536
    for consumer in (Bare, Large, Larger):
        async with WebsocketCommunicator(consumer, "/") as ws:
            await ws.send_json_to("x" * 100_000)
            assert await ws.receive_json_from() == 100_000
    async with WebsocketCommunicator(Small, "/") as ws:
        await ws.send_json_to("x" * 100)
        assert await ws.receive_close() == (1009, "")


async def test_an_answer_is_sent_where_anything_may_be() -> None:
    """`Any` was said; what JSON cannot say is an error."""

    class Open(AsyncJsonWebsocketConsumer[Join | Say, Any]):
        async def receive_json(self, content: Join | Say) -> Any:
            return (
                Left() if isinstance(content, Say) else {"name": content.name, "of": [Left(), float("nan")]}
            )

    async with WebsocketCommunicator(Open, "/") as ws:
        await ws.send_json_to({"type": "say", "text": "hi"})
        assert await ws.receive_json_from() == {"type": "left"}

    ws = WebsocketCommunicator(Open, "/")
    await ws.connect()
    await ws.send_json_to({"type": "join", "name": "ann"})
    with pytest.raises(LocalProtocolError, match="finite numbers"):
        await ws.receive_output()


async def test_texts_become_numbers_only_where_the_class_says_so() -> None:
    """`strict_json` is for all messages of a class."""

    class Lenient(AsyncJsonWebsocketConsumer[int, int]):
        strict_json = False

        async def receive_json(self, content: int) -> int:
            return content

    class Strict(Lenient, AsyncJsonWebsocketConsumer[int, int]):
        strict_json = True

    async with WebsocketCommunicator(Lenient, "/") as ws:
        await ws.send_to('"1"')
        assert await ws.receive_from() == "1"
    async with WebsocketCommunicator(Strict, "/") as ws:
        await ws.send_to('"1"')
        assert await ws.receive_close() == (1007, "")


class Refused(BaseModel):
    type: Literal["refused"] = "refused"
    id: int | None = None


class Ask(BaseModel, Request[Refused]):
    correlation_field: ClassVar[str | None] = "id"

    type: Literal["ask"] = "ask"
    id: int
    text: str


class Polite(AsyncJsonWebsocketConsumer[Ask, Refused]):
    beside: ClassVar[list[asyncio.Task[None]]] = []

    async def receive_json(self, content: Ask) -> None:
        """Nothing that comes here is about it."""

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        if error.code == 1003:
            await self.close(4400, str(error) * 10)
            return
        await self.send_json(Refused())
        self.beside.append(asyncio.create_task(self.send_json(Refused())))
        await self.beside[-1]


async def test_a_reply_to_a_frame_that_is_no_message_takes_over_its_field() -> None:
    """The client learns which of its requests was refused; what another task sends is no reply."""
    async with WebsocketCommunicator(Polite, "/") as ws:
        for frame, id_ in [
            ('{"type": "ask", "id": 7}', 7),
            ('{"type": "ask", "id": "x"}', None),
            ("[]", None),
        ]:
            await ws.send_to(frame)
            assert await ws.receive_json_from() == {"type": "refused", "id": id_}
            assert await ws.receive_json_from() == {"type": "refused", "id": None}


async def test_a_reason_is_cut_where_a_frame_is_refused() -> None:
    """A text about a frame may be of any length; elsewhere a long reason is an error that says how long."""

    class Verbose(Polite):
        async def connect(self) -> None:
            await self.accept()
            with pytest.raises(
                LocalProtocolError, match="the reason has 124 bytes of UTF-8, and at most 123 are allowed"
            ):
                await self.close(4400, "x" * 124)

    async with WebsocketCommunicator(Verbose, "/") as ws:
        await ws.send_to(bytes_data=b"x")
        code, reason = await ws.receive_close()
    assert (code, len(reason.encode())) == (4400, 123)


async def test_what_an_own_decoder_raises_is_told_without_the_frame() -> None:
    """Whichever `ValueError` it is, its text is short and on one line, and nothing hangs on it."""
    seen: list[InvalidMessageError] = []

    class Own(AsyncJsonWebsocketConsumer[Join, Any]):
        @classmethod
        async def decode_json(cls, text_data: str) -> Any:
            if text_data.startswith("v"):
                return Join.model_validate({text_data: 1})
            raise ValueError(text_data)

        async def receive_json(self, content: Join) -> None:
            """Nothing is one."""

        async def receive_invalid(self, error: InvalidMessageError) -> None:
            seen.append(error)

    async with WebsocketCommunicator(Own, "/") as ws:
        await ws.send_to("x\r\x1b" * 1000)
        await ws.send_to("v\r\x1b" * 1000)

    assert all(str(error).isprintable() and len(str(error)) < 1000 for error in seen)
    assert [error.__cause__ for error in seen] == [None, None]


def test_a_consumer_that_handles_none_of_its_messages_is_no_application() -> None:
    """They would be validated and thrown away; a class that others inherit may leave them to those."""

    class Base(AsyncJsonWebsocketConsumer[Join, Said]):
        """Handles nothing."""

    class Handling(Base):
        async def receive_json(self, content: Join) -> Said:
            return Said(text=content.name)

    with pytest.raises(TypeError, match="no method handles them"):
        Base.as_asgi()
    assert Handling.as_asgi().consumer_class is Handling


def test_a_consumer_of_messages_that_are_defined_later_is_not_judged() -> None:
    """Nor is one whose clients send nothing."""
    undefined: Any = "Undefined"

    class Later(AsyncJsonWebsocketConsumer[undefined, Said]):
        """Its messages are not known."""

    class Silent(AsyncJsonWebsocketConsumer[None, Said]):
        """Its clients only listen."""

    assert Later.as_asgi().consumer_class is Later
    assert Silent.as_asgi().consumer_class is Silent


async def test_an_override_may_ask_for_the_text_of_a_declared_message() -> None:
    """`encode_json()` writes it as `send_json()` does, and refuses what is not declared."""
    undeclared: Any = {"type": "seat"}
    assert json.loads(await Chat.encode_json(Said(text="a"))) == {"type": "said", "text": "a"}
    with pytest.raises(LocalProtocolError):
        await Chat.encode_json(undeclared)
