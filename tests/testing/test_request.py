"""A test asks, and gets the reply that the message declares."""

import asyncio
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, Field

from fast_channels.consumer import AsyncWebsocketConsumer
from fast_channels.messages import Request
from fast_channels.testing import WebsocketCommunicator
from fast_channels.testing.application import ApplicationEnded
from fast_channels.type_defs import ASGIApplication, ASGIReceiveCallable, ASGISendCallable, ChannelScope
from tests.virtual_time import in_virtual_time


class Welcome(BaseModel):
    type: Literal["welcome"] = "welcome"
    name: str


class Refused(BaseModel):
    type: Literal["refused"] = "refused"
    reason: str


class Join(BaseModel, Request[Welcome | Refused]):
    type: Literal["join"] = "join"
    name: str = Field(alias="as")


class Result(BaseModel):
    id: int
    value: str


class Call(BaseModel, Request[Result]):
    correlation_field: ClassVar[str | None] = "id"

    id: int


class Ping(BaseModel, Request["Pong"]):
    pass


class Pong(BaseModel):
    pong: bool


def answering(*frames: dict[str, Any]) -> ASGIApplication:
    """Make an application that answers the first frame with these, and then waits for the end."""

    async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        scope["asked"] = (await receive()).get("text")
        for frame in frames:
            await send({"type": "websocket.send", **frame})
        await receive()

    return application


NOISE = ({"bytes": b"\x00"}, {"text": "not JSON"}, {"text": '{"type":"news"}'})


async def test_the_reply_is_an_instance_of_the_declared_type() -> None:
    """The message goes out under the names that its aliases give its fields."""
    async with WebsocketCommunicator(
        answering({"text": '{"type":"welcome","name":"Ann"}'}), "/"
    ) as websocket:
        reply = await websocket.request(Join.model_validate({"as": "Ann"}))

        assert reply == Welcome(name="Ann")
        assert websocket.scope["asked"] == '{"type":"join","as":"Ann"}'


async def test_frames_that_are_no_reply_stay_to_be_received() -> None:
    """In the order in which they came, and before those that came after the reply."""
    frames = (
        *NOISE,
        {"text": '{"type":"refused","reason":"full"}'},
        {"text": '{"type":"welcome","name":"B"}'},
    )
    async with WebsocketCommunicator(answering(*frames), "/") as websocket:
        assert await websocket.request(Join.model_validate({"as": "Ann"})) == Refused(reason="full")

        assert [await websocket.receive_from() for _ in range(4)] == [
            b"\x00",
            "not JSON",
            '{"type":"news"}',
            '{"type":"welcome","name":"B"}',
        ]


async def test_a_field_tells_to_which_message_a_reply_belongs() -> None:
    """Replies to other messages are no replies to this one."""
    frames = ({"text": '{"id":1,"value":"one"}'}, {"text": '{"id":2,"value":"two"}'})
    async with WebsocketCommunicator(answering(*frames), "/") as websocket:
        assert await websocket.request(Call(id=2)) == Result(id=2, value="two")
        assert await websocket.receive_json_from() == {"id": 1, "value": "one"}


async def test_the_type_of_a_reply_may_be_defined_later() -> None:
    """And be written as text."""
    async with WebsocketCommunicator(answering({"text": '{"pong":true}'}), "/") as websocket:
        assert await websocket.request(Ping()) == Pong(pong=True)


@in_virtual_time
async def test_a_reply_that_does_not_come_is_a_time_out() -> None:
    """A note says how much else came, and that is still there."""
    async with WebsocketCommunicator(answering(*NOISE), "/") as websocket:
        with pytest.raises(TimeoutError) as raised:
            await websocket.request(Call(id=2), timeout=1)

        assert raised.value.__notes__ == ["No reply to Call(id=2) among the 3 frames that came"]
        assert await websocket.receive_from() == b"\x00"


async def test_other_ends_are_told_as_they_are_when_receiving() -> None:
    """A close, and an application that returns."""

    async def closing(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})
        await receive()

    async with WebsocketCommunicator(closing, "/") as websocket:
        with pytest.raises(
            AssertionError, match=r"Expected type 'websocket\.send', but was 'websocket\.close'"
        ):
            await websocket.request(Call(id=2))
        with pytest.raises(ApplicationEnded):
            await asyncio.wait_for(websocket.request(Call(id=2)), 10)


class Silent(AsyncWebsocketConsumer):
    """Forgets to answer its handshake."""

    async def connect(self) -> None:
        pass


class Crashing(AsyncWebsocketConsumer):
    """Fails at each frame."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        raise ZeroDivisionError("of the application")


@in_virtual_time
async def test_a_request_of_a_handshake_without_an_answer_says_whose_it_is() -> None:
    """A test that did not look at the answer of the handshake learns why there is no reply."""
    communicator = WebsocketCommunicator(Silent, "/")
    await communicator.send_input({"type": "websocket.connect"})

    with pytest.raises(TimeoutError, match=r"connect\(\) of .*Silent.* returned without accept\(\)"):
        await communicator.request(Call(id=2), timeout=1)

    communicator.stop()


async def test_an_error_of_the_application_is_raised_to_who_asks() -> None:
    """At once, and not as a reply that did not come."""
    async with WebsocketCommunicator(Crashing, "/") as websocket:
        with pytest.raises(ZeroDivisionError, match="of the application"):
            await websocket.request(Call(id=2))
