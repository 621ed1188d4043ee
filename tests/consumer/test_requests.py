"""A consumer asks its client something, and waits for the reply."""

import asyncio
import gc
import json
import logging
import weakref
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, Literal
from uuid import UUID

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncMessageConsumer, AsyncWebsocketConsumer
from fast_channels.consumer.declared import declared
from fast_channels.consumer.requests import REMEMBERED, Question, Requests
from fast_channels.exceptions import ConnectionClosed, InvalidMessageError, LocalProtocolError
from fast_channels.messages import ChannelEvent, Request
from fast_channels.messages.codec import Codec
from fast_channels.messages.message_pack import MessagePack
from fast_channels.testing import WebsocketCommunicator
from tests.blocked import wait_all_tasks_blocked


class Status(BaseModel):
    id: str
    status: Literal["accepted", "rejected"]


class Reset(BaseModel, Request[Status]):
    correlation_field: ClassVar[str | None] = "id"

    id: str | None = None
    reset: Literal["hard", "soft"] = "hard"


class Sum(BaseModel):
    id: int
    total: int


class Add(BaseModel, Request[Sum]):
    correlation_field: ClassVar[str | None] = "id"

    id: int | None = None
    add: list[int]


class Unnumbered(BaseModel, Request[Status]):
    text: str = ""


class Marked(BaseModel, Request[Status]):
    correlation_field: ClassVar[str | None] = "id"

    id: UUID | None = None


class Go(BaseModel):
    type: Literal["go"] = "go"


class Note(BaseModel):
    type: Literal["note"] = "note"
    id: str = ""


class Told(BaseModel):
    told: str


Server = Reset | Add | Unnumbered | Marked | Told


class Station(AsyncJsonWebsocketConsumer[Go | Note, Server]):
    timeout: float | None = 5
    message: Any = Reset()

    async def receive_json(self, content: Go | Note) -> Told:
        if isinstance(content, Note):
            return Told(told=f"note {content.id}")
        try:
            reply = await self.request(self.message, timeout=self.timeout)
        except (TimeoutError, InvalidMessageError, LocalProtocolError, TypeError) as error:
            return Told(told=f"{type(error).__name__}: {error}")
        return Told(told=str(reply))


GO = {"type": "go"}


@pytest.fixture
async def websocket() -> AsyncIterator[WebsocketCommunicator]:
    async with WebsocketCommunicator(Station, "/") as communicator:
        yield communicator


async def told(websocket: WebsocketCommunicator) -> str:
    text: str = (await websocket.receive_json_from())["told"]
    return text


async def test_the_reply_comes_to_the_handler_that_waits(websocket: WebsocketCommunicator) -> None:
    """The request has a number that the reply repeats."""
    await websocket.send_json_to(GO)

    assert await websocket.receive_json_from() == {"id": "1", "reset": "hard"}
    await websocket.send_json_to({"id": "1", "status": "accepted"})
    assert await told(websocket) == "id='1' status='accepted'"


async def test_messages_in_between_are_handled_afterwards(websocket: WebsocketCommunicator) -> None:
    """The client is read while a handler waits; order stays that of arrival."""
    await websocket.send_json_to(GO)
    await websocket.receive_json_from()
    for number in range(10):
        await websocket.send_json_to({"type": "note", "id": str(number)})
    await websocket.send_json_to({"id": "1", "status": "accepted"})

    answers = [await told(websocket) for _ in range(11)]

    assert answers == ["id='1' status='accepted'", *(f"note {number}" for number in range(10))]


async def test_numbers_are_of_the_type_of_the_field() -> None:
    """A field of integers gets one."""
    async with WebsocketCommunicator(Station.as_asgi(message=Add(add=[1, 2])), "/") as websocket:
        await websocket.send_json_to(GO)
        assert await websocket.receive_json_from() == {"id": 1, "add": [1, 2]}
        await websocket.send_json_to({"id": 1, "total": 3})
        assert await told(websocket) == "id=1 total=3"


async def test_a_number_of_ones_own_is_kept() -> None:
    """It is repeated as it is in JSON."""
    number = UUID(int=5)
    async with WebsocketCommunicator(Station.as_asgi(message=Marked(id=number)), "/") as websocket:
        await websocket.send_json_to(GO)
        await websocket.receive_json_from()
        await websocket.send_json_to({"id": str(number), "status": "rejected"})
        assert await told(websocket) == f"id='{number}' status='rejected'"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (Marked(), "LocalProtocolError: Marked.id cannot be a number; set it to a unique value"),
        (Unnumbered(), "TypeError: Unnumbered is not a request to a client: that is a Request with a"),
        (Told(told=""), "TypeError: Told is not a request to a client: that is a Request with a"),
    ],
)
async def test_what_cannot_be_answered_is_not_sent(message: Any, error: str) -> None:
    """Nobody could tell which reply belongs to it."""
    async with WebsocketCommunicator(Station.as_asgi(message=message), "/") as websocket:
        await websocket.send_json_to(GO)
        assert (await told(websocket)).startswith(error)


async def test_a_class_without_requests_cannot_ask() -> None:
    """It says so, and what it has to declare."""

    class Silent(AsyncJsonWebsocketConsumer[Go, Told]):
        async def receive_json(self, content: Go) -> Told:
            asks: Any = self
            with pytest.raises(TypeError, match="Silent declares no Reset that asks its client for a reply"):
                await asks.request(Reset(), timeout=1)
            return Told(told="silent")

    async with WebsocketCommunicator(Silent, "/") as websocket:
        await websocket.send_json_to(GO)
        assert await told(websocket) == "silent"


async def test_a_time_out_is_an_error_of_the_call() -> None:
    """It names the request and the time."""
    async with WebsocketCommunicator(Station.as_asgi(timeout=0), "/") as websocket:
        await websocket.send_json_to(GO)
        await websocket.receive_json_from()
        assert await told(websocket) == "TimeoutError: the client has not replied to Reset within 0 s"


@pytest.mark.parametrize(
    ("timeout", "text"), [(0, "drops a late reply to Reset, id '1'"), (5, "drops the second reply to Reset")]
)
async def test_replies_that_nobody_waits_for_are_said(
    timeout: float, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names the consumer; the connection goes on."""
    async with WebsocketCommunicator(Station.as_asgi(timeout=timeout), "/") as websocket:
        await websocket.send_json_to(GO)
        await websocket.receive_json_from()
        if timeout:
            await websocket.send_json_to({"id": "1", "status": "accepted"})
        await told(websocket)

        await websocket.send_json_to({"id": "1", "status": "accepted"})
        await websocket.send_json_to({"type": "note", "id": "next"})

        assert await told(websocket) == "note next"
    assert [(record.levelno, text in record.message) for record in caplog.records] == [
        (logging.WARNING, True)
    ]


@pytest.mark.parametrize(
    "value", [{"id": "7", "status": "accepted"}, {"id": "1", "status": "?"}, [], {"id": []}]
)
async def test_what_is_no_reply_at_all_is_an_invalid_frame(value: Any) -> None:
    """An unknown number, or no reply of that number's kind, is the mistake of the client that it was."""
    async with WebsocketCommunicator(Station, "/") as websocket:
        await websocket.send_json_to(GO)
        await websocket.receive_json_from()
        await websocket.send_json_to({"id": "1", "status": "accepted"})
        await told(websocket)

        await websocket.send_json_to(value)

        assert (await websocket.receive_output())["code"] == 1007


@pytest.mark.parametrize("frame", ["{", '{"id": "8", "status": "accepted"}', "[]", '"1"'])
async def test_other_frames_are_left_alone_while_a_reply_is_awaited(
    frame: str, websocket: WebsocketCommunicator
) -> None:
    """They are refused in their turn."""
    await websocket.send_json_to(GO)
    await websocket.receive_json_from()
    await websocket.send_to(text_data=frame)
    await websocket.send_json_to({"id": "1", "status": "accepted"})

    assert await told(websocket) == "id='1' status='accepted'"
    assert (await websocket.receive_output())["code"] == 1007


async def test_a_frame_that_comes_before_any_request_is_no_reply(websocket: WebsocketCommunicator) -> None:
    """It is refused as ever."""
    await websocket.send_json_to({"id": "1", "status": "accepted"})

    assert (await websocket.receive_output())["code"] == 1007


@pytest.mark.parametrize("size", [70_000, 3])
async def test_binary_and_large_frames_are_no_replies(size: int, websocket: WebsocketCommunicator) -> None:
    """They are refused as ever: nobody reads them to look for a number."""
    await websocket.send_json_to(GO)
    await websocket.receive_json_from()
    if size > 3:
        await websocket.send_to(text_data="x" * size)
    else:
        await websocket.send_to(bytes_data=b'{"id": "1", "status": "accepted"}')
    await websocket.send_json_to({"id": "1", "status": "accepted"})

    assert await told(websocket) == "id='1' status='accepted'"
    assert (await websocket.receive_output())["code"] in {1003, 1009}


async def test_a_reply_that_is_not_of_the_type_ends_the_request(websocket: WebsocketCommunicator) -> None:
    """The error is that of a frame, and is raised where the reply is awaited."""
    await websocket.send_json_to(GO)
    await websocket.receive_json_from()
    await websocket.send_json_to({"id": "1", "status": "perhaps"})

    error = await told(websocket)
    assert error.startswith(
        "InvalidMessageError: a WebSocket frame is not a message: status: Input should be"
    )


async def test_a_wrong_reply_that_a_handler_does_not_expect_is_refused_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client has made the mistake: it is told, and no traceback is logged."""

    class Careless(Station):
        async def receive_json(self, content: Go | Note) -> Told:
            return Told(told=(await self.request(Reset(), timeout=None)).status)

    async with WebsocketCommunicator(Careless, "/") as websocket:
        await websocket.send_json_to(GO)
        await websocket.receive_json_from()
        await websocket.send_json_to({"id": "1", "status": "perhaps"})
        assert (await websocket.receive_output())["code"] == 1007

    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "status" in record.message


async def test_a_message_with_the_same_number_stays_a_message(websocket: WebsocketCommunicator) -> None:
    """Clients count too."""
    await websocket.send_json_to(GO)
    await websocket.receive_json_from()
    await websocket.send_json_to({"type": "note", "id": "1"})
    await websocket.send_json_to({"id": "1", "status": "accepted"})

    assert [await told(websocket), await told(websocket)] == ["id='1' status='accepted'", "note 1"]


class Ending(Station):
    ended: ClassVar[list[BaseException]] = []
    numbers: ClassVar[list[int]] = []

    async def receive_json(self, content: Go | Note) -> Told:
        try:
            await self.request(Reset(), timeout=None)
        except BaseException as error:
            self.ended.append(error)
            raise
        raise AssertionError


async def test_the_end_of_the_connection_ends_requests(caplog: pytest.LogCaptureFixture) -> None:
    """The handler that waits is told by an error that it need not catch."""
    Ending.ended.clear()
    async with WebsocketCommunicator(Ending, "/") as websocket:
        await websocket.send_json_to(GO)
        await websocket.receive_json_from()
        await websocket.disconnect()

    [error] = Ending.ended
    assert isinstance(error, ConnectionClosed)
    assert str(error) == "the connection has ended before the reply to Reset came"
    assert caplog.records == []


async def test_a_server_that_fails_ends_requests() -> None:
    """What was to come will not come any more."""
    Ending.ended.clear()
    events: list[Mapping[str, Any]] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": '{"type": "go"}'},
    ]

    async def receive() -> Any:
        if not events:
            raise LookupError("the server")
        return events.pop(0)

    async def send(message: Any) -> None:
        pass

    with pytest.raises(LookupError, match="the server"):
        await Ending()({"type": "websocket", "path": "/", "headers": []}, receive, send)
    [error] = Ending.ended
    assert isinstance(error, ConnectionClosed)


async def test_the_client_is_read_on_when_a_request_begins() -> None:
    """Also where the task that reads ahead waits already, because enough messages wait to be handled."""
    begun, ask = asyncio.Event(), asyncio.Event()

    class Late(Station):
        async def receive_json(self, content: Go | Note) -> Told:
            if isinstance(content, Go):
                begun.set()
                await ask.wait()
            return await super().receive_json(content)

    async with WebsocketCommunicator(Late, "/") as websocket:
        await websocket.send_json_to(GO)
        await begun.wait()
        for number in range(4):
            await websocket.send_json_to({"type": "note", "id": str(number)})
        await wait_all_tasks_blocked()
        ask.set()
        assert await websocket.receive_json_from() == {"id": "1", "reset": "hard"}
        await websocket.send_json_to({"id": "1", "status": "accepted"})
        answers = [await told(websocket) for _ in range(5)]

    assert answers == ["id='1' status='accepted'", *(f"note {number}" for number in range(4))]


async def test_a_request_may_end_while_it_is_being_cancelled() -> None:
    """Whoever waited is told of one of the two."""
    model = Model()
    await model.ask(0)
    [asked] = model.asked
    asked.reply.cancel()
    model.requests.end()
    model.requests.finish(asked)

    assert asked.reply.cancelled()
    assert not model.requests.pending


@pytest.mark.parametrize(
    "frames",
    [
        [{"type": "go"}],
        [{"type": "go"}, {"id": "1", "status": "accepted"}],
        [{"type": "go"}, {"id": "1", "status": "perhaps"}],
        [{"type": "go"}, {"id": "1", "status": "accepted"}, {"id": "1", "status": "accepted"}],
        [{"type": "nothing"}],
    ],
)
async def test_nothing_waits_for_the_garbage_collector(
    frames: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a request ends, and also after a frame that is no message."""
    # What is logged refers to the consumer.
    monkeypatch.setattr(logging.getLogger("fast_channels.consumer"), "disabled", True)
    consumers: list[weakref.ref[Station]] = []

    class Tracked(Station):
        async def connect(self) -> None:
            consumers.append(weakref.ref(self))
            await self.accept()

    events: asyncio.Queue[Any] = asyncio.Queue()
    events.put_nowait({"type": "websocket.connect"})
    for frame in frames:
        events.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    async def send(message: Any) -> None:
        pass

    scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}
    gc.disable()
    try:
        serving = asyncio.create_task(Tracked.as_asgi()(scope, events.get, send))
        await wait_all_tasks_blocked()
        events.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await serving
        await wait_all_tasks_blocked()
        [consumer] = consumers
        assert consumer() is None
    finally:
        gc.enable()


async def test_a_consumer_that_ends_ends_its_requests() -> None:
    """One that another task waits for, for instance."""
    tasks: list[asyncio.Task[Status]] = []

    class Leaving(Station):
        async def receive_json(self, content: Go | Note) -> Told:
            if isinstance(content, Go):
                tasks.append(asyncio.create_task(self.request(Reset(), timeout=None)))
                return Told(told="asked")
            raise LookupError

    communicator = WebsocketCommunicator(Leaving, "/")
    await communicator.connect()
    await communicator.send_json_to(GO)
    await communicator.receive_json_from()
    await communicator.receive_json_from()
    await communicator.send_json_to({"type": "note"})
    with pytest.raises(LookupError):
        await communicator.wait()

    [error] = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(error, ConnectionClosed)


async def test_a_task_beside_the_handlers_can_ask() -> None:
    """The reply is found where frames arrive, so no handler has to wait for it."""

    class Beside(Station):
        task: asyncio.Task[Status]

        async def receive_json(self, content: Go | Note) -> Told:
            if isinstance(content, Go):
                self.task = asyncio.create_task(self.request(Reset(), timeout=None))
                return Told(told="asked")
            return Told(told=(await self.task).status)

    async with WebsocketCommunicator(Beside, "/") as websocket:
        await websocket.send_json_to(GO)
        # Which is first depends on whether tasks begin at once.
        sent = [await websocket.receive_json_from() for _ in range(2)]
        assert {"id": "1", "reset": "hard"} in sent
        await websocket.send_json_to({"id": "1", "status": "accepted"})
        await websocket.send_json_to({"type": "note"})
        assert await told(websocket) == "accepted"


async def test_a_cancelled_request_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """A reply that comes to it is late."""

    class Impatient(Station):
        async def receive_json(self, content: Go | Note) -> Told:
            if isinstance(content, Go):
                asking = asyncio.create_task(self.request(Reset(), timeout=None))
                await self.sent.wait()
                asking.cancel()
                await asyncio.wait([asking])
            return Told(told="over")

        async def connect(self) -> None:
            self.sent = asyncio.Event()
            await self.accept()

        async def send_json(self, content: Server, close: bool = False) -> None:
            await super().send_json(content, close=close)
            self.sent.set()

    async with WebsocketCommunicator(Impatient, "/") as websocket:
        await websocket.send_json_to(GO)
        await websocket.receive_json_from()
        await told(websocket)
        await websocket.send_json_to({"id": "1", "status": "accepted"})
        await websocket.send_json_to({"type": "note"})
        await told(websocket)

    assert "drops a late reply to Reset" in caplog.text


async def test_a_number_that_waits_is_not_used_twice() -> None:
    """Nobody could tell which reply belongs to which."""

    class Twice(Station):
        async def receive_json(self, content: Go | Note) -> Told:
            asking = asyncio.create_task(self.request(Reset(id="x"), timeout=None))
            await asyncio.sleep(0)
            with pytest.raises(LocalProtocolError, match="a Reset with id 'x' is already waiting"):
                await self.request(Reset(id="x"), timeout=None)
            return Told(told=(await asking).status)

    async with WebsocketCommunicator(Twice, "/") as websocket:
        await websocket.send_json_to(GO)
        await websocket.receive_json_from()
        await websocket.send_json_to({"id": "x", "status": "rejected"})
        assert await told(websocket) == "rejected"


async def test_frames_of_any_form_can_be_replies() -> None:
    """A codec reads them."""

    class Packed(AsyncMessageConsumer[Go, Reset | Told]):
        codec = MessagePack()

        async def receive_message(self, content: Go) -> Told:
            reply = await self.request(Reset(), timeout=None)
            return Told(told=reply.status)

    async with WebsocketCommunicator(Packed, "/") as websocket:
        await websocket.send_to(bytes_data=ormsgpack.packb(GO))
        await websocket.receive_from()
        await websocket.send_to(text_data="1")
        await websocket.send_to(bytes_data=ormsgpack.packb({"id": "1", "status": "accepted"}))
        frame = await websocket.receive_from()

    assert isinstance(frame, bytes)
    assert ormsgpack.unpackb(frame) == {"told": "accepted"}


def test_what_is_published_of_the_client_has_its_replies() -> None:
    """They are messages that it may send."""

    class One(AsyncJsonWebsocketConsumer[Go, Reset | Told]):
        async def receive_json(self, content: Go) -> None: ...

    client = declared(One).client
    assert client is not None
    assert client.json_schema()["anyOf"] == [{"$ref": "#/$defs/Go"}, {"$ref": "#/$defs/Status"}]


async def test_a_handler_of_the_same_name_is_one() -> None:
    """Code for Channels may have events of that type."""

    class Event(ChannelEvent):
        type: Literal["request"] = "request"

    class Old(AsyncWebsocketConsumer):
        async def request(self, event: Event) -> None: ...

    class OldJson(AsyncJsonWebsocketConsumer):
        async def request(self, event: Event) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # as code for Channels does it, which has no types

    for consumer in (Old, OldJson):
        assert "request" in consumer._rules.handlers


STATES: dict[type[BaseException], str] = {
    InvalidMessageError: "wrong",
    TimeoutError: "expire",
    ConnectionClosed: "end",
}


class Model:
    """Requests, and what should have become of each."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        question = Question("Reset", "id", "id", Codec(lambda: Status))
        self.requests = Requests({Reset: question}, self.receive, json.loads, None, None)
        self.asked: list[Any] = []
        self.expected: list[str] = []

    async def receive(self) -> Mapping[str, Any]:
        return self.frames.pop(0)

    def waits(self, number: int) -> bool:
        return number < len(self.asked) and self.expected[number] == "waits"

    async def ask(self, _: int) -> None:
        self.asked.append(self.requests.ask(Reset(), 1000))
        self.expected.append("waits")

    async def end(self, _: int) -> None:
        self.requests.end()
        self.expected = ["end" if state == "waits" else state for state in self.expected]

    async def reply(self, number: int, status: str = "accepted", state: str = "reply") -> None:
        text = f'{{"id":"{number + 1}","status":"{status}"}}'
        self.frames = [{"type": "websocket.receive", "text": text}, {"type": "other"}]
        is_passed_on = (await self.requests.receive())["type"] == "websocket.receive"
        assert is_passed_on == (not self.waits(number))
        if self.waits(number):
            self.expected[number] = state

    async def wrong(self, number: int) -> None:
        await self.reply(number, "?", "wrong")

    async def expire(self, number: int) -> None:
        if self.waits(number):
            self.asked[number].timer._run()
            self.expected[number] = "expire"

    async def cancel(self, number: int) -> None:
        if self.waits(number):
            self.asked[number].reply.cancel()
            self.requests.finish(self.asked[number])
            self.expected[number] = "cancel"

    async def run(self, steps: list[tuple[str, int]]) -> None:
        for step, number in steps:
            await getattr(self, step)(number)
        assert [state_of(one.reply) for one in self.asked] == self.expected
        assert len(self.requests.pending) == self.expected.count("waits")
        for one in self.asked:
            self.requests.finish(one)
        assert not self.requests.pending


def state_of(reply: "asyncio.Future[Any]") -> str:
    if not reply.done():
        return "waits"
    if reply.cancelled():
        return "cancel"
    try:
        reply.result()()
    except tuple(STATES) as error:
        return STATES[type(error)]
    return "reply"


@given(
    st.lists(
        st.tuples(st.sampled_from(["ask", "reply", "wrong", "expire", "end", "cancel"]), st.integers(0, 3)),
        max_size=20,
    )
)
def test_a_request_ends_exactly_once(steps: list[tuple[str, int]]) -> None:
    """It ends with what is first: its reply, a wrong one, its time-out, the end, or a cancellation."""
    asyncio.run(Model().run(steps))


async def test_what_is_remembered_is_bounded() -> None:
    """Of old requests nothing is known any more."""

    async def receive() -> Mapping[str, Any]:
        raise AssertionError

    question = Question("Reset", "id", "id", Codec(lambda: Status))
    requests = Requests({Reset: question}, receive, json.loads, None, None)
    for _ in range(REMEMBERED + 10):
        requests.finish(requests.ask(Reset(), None))

    frame = {"id": "1", "status": "accepted"}
    oldest = InvalidMessageError("", code=1007, frame=json.dumps(frame), parse=json.loads)
    assert requests.passed(oldest) is None
