"""A client that waits for a reply gets one, also when the handler fails."""

import asyncio
import json
from typing import Any, ClassVar, Literal

import ormsgpack
import pytest
from pydantic import BaseModel

from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncMessageConsumer
from fast_channels.exceptions import (
    ConnectionClosed,
    InvalidMessageError,
    LocalProtocolError,
    MessageValueError,
    ReplyError,
)
from fast_channels.messages import Request
from fast_channels.messages.message_pack import MessagePack
from fast_channels.testing import WebsocketCommunicator


class Done(BaseModel):
    id: int | None = None
    done: str


class Failed(BaseModel):
    id: int | None = None
    reason: str


class Work(BaseModel, Request[Done | Failed]):
    correlation_field: ClassVar[str | None] = "id"

    type: Literal["work"] = "work"
    id: int
    what: str = ""


class Note(BaseModel):
    type: Literal["note"] = "note"
    what: str = ""


class Foreign(BaseModel):
    pass


ERRORS: dict[str, Exception] = {
    "refuse wrongly": ReplyError(Foreign()),
    "fail": LookupError("no such work"),
    "fail twice": ExceptionGroup("two", [LookupError("one"), LookupError("other")]),
    "value": MessageValueError("a value"),
    "invalid": InvalidMessageError("wrong", code=4000),
    "closed": ConnectionClosed("gone"),
    "nothing": LookupError("nothing"),
}


async def work(what: str) -> Done:
    if what in ERRORS:
        raise ERRORS[what].with_traceback(None)
    match what:
        case "refuse":
            raise ReplyError(Failed(reason="refused"))
        case "refuse in groups":
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(work("refuse"))
        case "fail in a group":
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(work("fail"))
        case _:
            pass
    return Done(done=what)


class _Failing:
    async def handler_failed(self, message: Work | Note, error: Exception) -> Failed | None:
        if isinstance(message, Work) and message.what == "nothing":
            return None
        return Failed(reason=f"{type(error).__name__}: {error}")

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        self.close: Any
        await self.close(error.code)


class Texts(_Failing, AsyncJsonWebsocketConsumer[Work | Note, Done | Failed]):
    async def receive_json(self, content: Work | Note) -> Done | Failed:
        return await work(content.what)


class Packed(_Failing, AsyncMessageConsumer[Work | Note, Done | Failed]):
    codec = MessagePack()

    async def receive_message(self, content: Work | Note) -> Done | Failed:
        return await work(content.what)


class Raising(AsyncJsonWebsocketConsumer[Work | Note, Done | Failed]):
    async def receive_json(self, content: Work | Note) -> Done | Failed:
        return await work(content.what)


Consumer = type[Texts] | type[Packed]
both = pytest.mark.parametrize("consumer", [Texts, Packed])


async def output(consumer: Consumer, message: dict[str, Any]) -> dict[str, Any]:
    """Return the event with which a consumer answers a message."""
    async with WebsocketCommunicator(consumer, "/") as websocket:
        if consumer is Packed:
            await websocket.send_to(bytes_data=ormsgpack.packb(message))
        else:
            await websocket.send_json_to(message)
        event: dict[str, Any] = await websocket.receive_output()
        return event


async def reply(consumer: Consumer, message: dict[str, Any]) -> Any:
    event = await output(consumer, message)
    return ormsgpack.unpackb(event["bytes"]) if consumer is Packed else json.loads(event["text"])


@both
@pytest.mark.parametrize("what", ["refuse", "refuse in groups"])
async def test_a_reply_can_be_raised(consumer: Consumer, what: str) -> None:
    """It belongs to its message like one that is returned, also when a task of the handler raises it."""
    assert await reply(consumer, {"type": "work", "id": 7, "what": what}) == {"id": 7, "reason": "refused"}


@both
async def test_a_message_that_asks_for_nothing_can_be_answered_so(consumer: Consumer) -> None:
    """A reply that nobody has declared is any message of the server."""
    assert await reply(consumer, {"type": "note", "what": "refuse"}) == {"id": None, "reason": "refused"}


@both
@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("fail", "LookupError: no such work"),
        ("fail in a group", "LookupError: no such work"),
        ("fail twice", "ExceptionGroup: two (2 sub-exceptions)"),
        ("value", "MessageValueError: a value"),
    ],
)
async def test_an_error_becomes_a_reply(consumer: Consumer, what: str, reason: str) -> None:
    """`handler_failed()` sees the message and the error, and what it returns belongs to the message."""
    assert await reply(consumer, {"type": "work", "id": 7, "what": what}) == {"id": 7, "reason": reason}


async def test_a_wrong_reply_becomes_a_right_one() -> None:
    """That a handler answers what its message does not ask for is an error like others."""

    class Wrong(Texts):
        async def receive_json(self, content: Work | Note) -> Any:
            return Foreign()

    answer = await reply(Wrong, {"type": "work", "id": 7})

    assert answer == {
        "id": 7,
        "reason": "LocalProtocolError: the handler of Work has to return Done | Failed, not Foreign",
    }


@both
async def test_the_connection_goes_on(consumer: Consumer) -> None:
    """The next message is handled."""
    last: dict[str, Any] = {}
    async with WebsocketCommunicator(consumer, "/") as websocket:
        for what in ("fail", "refuse", "all right"):
            message = {"type": "work", "id": 7, "what": what}
            if consumer is Packed:
                await websocket.send_to(bytes_data=ormsgpack.packb(message))
            else:
                await websocket.send_json_to(message)
            last = await websocket.receive_output()

    assert "all right" in str(last)


@both
async def test_an_invalid_message_is_refused(consumer: Consumer) -> None:
    """`receive_invalid()` decides about that, and not `handler_failed()`."""
    event = await output(consumer, {"type": "work", "id": 7, "what": "invalid"})

    assert event == {"type": "websocket.close", "code": 4000, "reason": ""}


@both
@pytest.mark.parametrize("what", ["refuse wrongly", "nothing"])
async def test_what_must_not_be_answered_ends_the_connection(consumer: Consumer, what: str) -> None:
    """A reply of another type, and none where one is due, are errors of whoever gave them."""
    with pytest.raises(LocalProtocolError, match=r"the handler of Work has to return Done \| Failed, not"):
        await output(consumer, {"type": "work", "id": 7, "what": what})


async def test_what_ends_a_handler_is_no_failure() -> None:
    """A connection that is gone is not answered."""
    with pytest.raises(ConnectionClosed):
        await output(Texts, {"type": "work", "id": 7, "what": "closed"})


@pytest.mark.parametrize(("what", "error"), [("fail", LookupError), ("fail twice", ExceptionGroup)])
async def test_by_default_an_error_ends_the_connection(what: str, error: type[Exception]) -> None:
    """It is raised as it was."""
    communicator = WebsocketCommunicator(Raising, "/")
    await communicator.connect()
    await communicator.send_json_to({"type": "work", "id": 7, "what": what})

    with pytest.raises(error):
        await communicator.wait()


async def test_who_declares_nothing_has_no_such_hook() -> None:
    """A method of the same name, in code that knows of none, is not called."""

    class Bare(AsyncJsonWebsocketConsumer):
        async def receive_json(self, content: Any, **kwargs: Any) -> None:
            raise ReplyError(content)

        async def handler_failed(self, message: Any, error: Exception) -> None:
            raise AssertionError

    communicator = WebsocketCommunicator(Bare, "/")
    await communicator.connect()
    await communicator.send_json_to({})

    with pytest.raises(ReplyError, match="a dict was raised as a reply, but no handler"):
        await communicator.wait()


async def test_a_class_that_takes_anything_answers_errors_too() -> None:
    """It declares what it sends."""

    class Anything(AsyncJsonWebsocketConsumer[Any, Failed]):
        async def receive_json(self, content: Any) -> Failed:
            raise LookupError(content)

        async def handler_failed(self, message: Any, error: Exception) -> Failed | None:
            return Failed(reason=str(error)) if message else None

    async with WebsocketCommunicator(Anything, "/") as websocket:
        await websocket.send_json_to("")
        await websocket.send_json_to("any")
        assert await websocket.receive_json_from() == {"id": None, "reason": "any"}
