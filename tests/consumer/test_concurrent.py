"""Handlers that run beside each other, and those that stream their replies."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Literal

import ormsgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncMessageConsumer
from fast_channels.consumer.websocket_life import Refusal
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages import Request
from fast_channels.messages.message_pack import MessagePack
from fast_channels.testing import WebsocketCommunicator
from tests.blocked import wait_all_tasks_blocked


class Done(BaseModel):
    id: int | None = None
    done: str = "done"


class Failed(BaseModel):
    id: int | None = None
    failed: str


class Work(BaseModel, Request[Done | Failed]):
    correlation_field: ClassVar[str | None] = "id"

    type: Literal["work"] = "work"
    id: int
    what: str = ""


class Ping(BaseModel):
    type: Literal["ping"] = "ping"


class Next(BaseModel):
    id: int | None = None
    next: int


class Subscribe(BaseModel, Request[Next | Failed]):
    correlation_field: ClassVar[str | None] = "id"

    type: Literal["subscribe"] = "subscribe"
    id: int
    count: int = 0
    what: str = ""


class Unsubscribe(BaseModel):
    type: Literal["unsubscribe"] = "unsubscribe"
    id: int


class Watch(BaseModel):
    type: Literal["watch"] = "watch"


Client = Work | Ping | Subscribe | Unsubscribe | Watch
Server = Done | Failed | Next
Contract = AsyncJsonWebsocketConsumer[Client, Server]


class Gate:
    """Holds handlers until a test opens it."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.running = 0
        self.most = 0
        self.closed: list[str] = []

    async def wait(self, name: str) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.opened.wait()
        finally:
            self.running -= 1
            self.closed.append(name)


class Server1(Contract):
    gate: Gate
    max_concurrent = 2
    max_streams = 2

    @Contract.receives(Work, concurrent=True)
    async def on_work(self, message: Work) -> Done:
        if message.what == "fail":
            raise LookupError("no such work")
        if message.what == "refuse":
            raise InvalidMessageError("refused", code=4000)
        if message.what != "quick":
            await self.gate.wait(f"work {message.id}")
        return Done()

    @Contract.receives(Ping)
    async def on_ping(self, message: Ping) -> Done:
        return Done(done="ping")

    @Contract.streams(Subscribe, cancel=Unsubscribe)
    async def on_subscribe(self, message: Subscribe) -> AsyncIterator[Next]:
        task = asyncio.current_task()
        try:
            for number in range(message.count):
                yield Next(next=number)
            if message.what == "fail":
                raise LookupError("no such stream")
            if message.what == "refuse":
                raise InvalidMessageError("refused", code=4000)
            if not message.count:
                await self.gate.wait(f"wait {message.id}")
        finally:
            where = "its task" if asyncio.current_task() is task else "another task"
            self.gate.closed.append(f"{message.id} closed in {where}")

    @Contract.streams(Watch)
    async def on_watch(self, message: Watch) -> AsyncIterator[Next]:
        yield Next(id=0, next=0)
        await self.gate.wait("watch")


class Answering(Server1):
    async def handler_failed(self, message: Client, error: Exception) -> Failed:
        return Failed(failed=str(error))

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        await self.send_json(Failed(failed=str(error)))


def answers(gate: Gate, **attributes: Any) -> WebsocketCommunicator:
    return WebsocketCommunicator(Answering.as_asgi(gate=gate, **attributes), "/")


async def test_a_slow_handler_does_not_keep_the_next_message_waiting() -> None:
    """Its reply comes when it has one, and belongs to its message."""
    gate = Gate()
    async with answers(gate) as websocket:
        await websocket.send_json_to({"type": "work", "id": 1})
        await websocket.send_json_to({"type": "work", "id": 2, "what": "quick"})
        await websocket.send_json_to({"type": "ping"})
        first = [await websocket.receive_json_from() for _ in range(2)]
        gate.opened.set()
        last = await websocket.receive_json_from()

    assert sorted(answer["done"] for answer in first) == ["done", "ping"]
    assert last == {"id": 1, "done": "done"}


async def test_the_client_is_not_read_while_the_limit_is_reached() -> None:
    """That is backpressure: the messages stay with the server, and are handled in their order."""
    gate = Gate()
    async with answers(gate) as websocket:
        for number in range(8):
            await websocket.send_json_to({"type": "work", "id": number})
        await wait_all_tasks_blocked()
        assert gate.running == 2
        gate.opened.set()
        done = [(await websocket.receive_json_from())["id"] for _ in range(8)]

    assert gate.most == 2
    assert sorted(done) == list(range(8))


@given(st.lists(st.sampled_from(["quick", "slow", "fail", "ping", "open"]), max_size=12), st.integers(1, 4))
def test_the_limit_is_never_exceeded_and_replies_are_correlated(steps: list[str], limit: int) -> None:
    """Every message has exactly one reply, with its number, whatever the others do."""

    async def run() -> None:
        gate = Gate()
        expected: Counter[int | None] = Counter()
        async with answers(gate, max_concurrent=limit) as websocket:
            for number, step in enumerate(steps):
                if step == "open":
                    gate.opened.set()
                elif step == "ping":
                    expected[None] += 1
                    await websocket.send_json_to({"type": "ping"})
                else:
                    expected[number] += 1
                    await websocket.send_json_to({"type": "work", "id": number, "what": step})
            await wait_all_tasks_blocked()
            gate.opened.set()
            replies = [await websocket.receive_json_from() for _ in range(expected.total())]
            assert await websocket.receive_nothing(0)
        assert gate.most <= limit
        assert Counter(reply["id"] for reply in replies) == expected

    asyncio.run(run())


@pytest.mark.parametrize("leaves", [True, False])
async def test_nothing_runs_after_the_end(leaves: bool) -> None:
    """Handlers are cancelled and awaited, also where one more waits to begin."""
    gate = Gate()
    communicator = answers(gate)
    await communicator.connect()
    for number in range(3):
        await communicator.send_json_to({"type": "work", "id": number})
    await communicator.send_json_to({"type": "watch"})
    await wait_all_tasks_blocked()
    assert gate.running == 2

    if leaves:
        await communicator.disconnect()
    else:
        communicator.future.cancel()
        await asyncio.wait([communicator.future])

    assert gate.running == 0
    assert sorted(gate.closed) == ["work 0", "work 1"]


async def test_an_error_in_a_task_is_answered_like_any_other() -> None:
    """`handler_failed()` and `receive_invalid()` decide, and their replies belong to the message."""
    async with answers(Gate()) as websocket:
        await websocket.send_json_to({"type": "work", "id": 1, "what": "fail"})
        assert await websocket.receive_json_from() == {"id": 1, "failed": "no such work"}
        await websocket.send_json_to({"type": "work", "id": 2, "what": "refuse"})
        assert await websocket.receive_json_from() == {"id": 2, "failed": "refused"}
        await websocket.send_json_to({"type": "subscribe", "id": 3, "count": 1, "what": "fail"})
        assert await websocket.receive_json_from() == {"id": 3, "next": 0}
        assert await websocket.receive_json_from() == {"id": 3, "failed": "no such stream"}
        await websocket.send_json_to({"type": "subscribe", "id": 4, "what": "refuse"})
        assert await websocket.receive_json_from() == {"id": 4, "failed": "refused"}


@pytest.mark.parametrize("message", [{"type": "work", "id": 1}, {"type": "subscribe", "id": 1}])
async def test_by_default_an_error_in_a_task_ends_the_connection(message: dict[str, Any]) -> None:
    """It is the error of the consumer."""
    communicator = WebsocketCommunicator(Server1.as_asgi(gate=Gate()), "/")
    await communicator.connect()
    await communicator.send_json_to({**message, "what": "fail"})

    with pytest.raises(LookupError):
        await communicator.wait()


async def test_answers_to_invalid_messages_do_not_mix() -> None:
    """Each of several hooks that run at once answers its own message."""
    first, second = asyncio.Event(), asyncio.Event()

    class Slow(Answering):
        async def receive_invalid(self, error: InvalidMessageError) -> None:
            mine, other = (first, second) if error.value["id"] == 1 else (second, first)
            mine.set()
            await other.wait()
            await super().receive_invalid(error)

    async with WebsocketCommunicator(Slow.as_asgi(gate=Gate()), "/") as websocket:
        await websocket.send_json_to({"type": "work", "id": 1, "what": "refuse"})
        await websocket.send_json_to({"type": "work", "id": 2, "what": "refuse"})
        replies = [await websocket.receive_json_from() for _ in range(2)]

    assert sorted(reply["id"] for reply in replies) == [1, 2]


async def test_a_stream_sends_what_it_yields() -> None:
    """Each reply belongs to the message; others are handled meanwhile, and nothing is said at its end."""
    gate = Gate()
    async with answers(gate) as websocket:
        await websocket.send_json_to({"type": "subscribe", "id": 5, "count": 3})
        replies = [await websocket.receive_json_from() for _ in range(3)]
        await websocket.send_json_to({"type": "ping"})
        assert await websocket.receive_json_from() == {"id": None, "done": "ping"}

    assert replies == [{"id": 5, "next": number} for number in range(3)]
    assert gate.closed == ["5 closed in its task"]


async def test_the_client_cancels_a_stream() -> None:
    """The generator is closed in its own task; one that is over, or never was, has nothing to cancel."""
    gate = Gate()
    async with answers(gate) as websocket:
        await websocket.send_json_to({"type": "subscribe", "id": 1})
        await websocket.send_json_to({"type": "subscribe", "id": 2})
        await wait_all_tasks_blocked()
        for number in (1, 1, 9):
            await websocket.send_json_to({"type": "unsubscribe", "id": number})
        await wait_all_tasks_blocked()
        assert gate.closed == ["wait 1", "1 closed in its task"]
        # The number is free again.
        await websocket.send_json_to({"type": "subscribe", "id": 1, "count": 1})
        assert await websocket.receive_json_from() == {"id": 1, "next": 0}

    assert gate.closed[-2:] == ["wait 2", "2 closed in its task"]


async def test_a_number_streams_once_at_a_time() -> None:
    """A second one is refused, with its number, and so is one too many."""
    async with answers(Gate()) as websocket:
        await websocket.send_json_to({"type": "subscribe", "id": 1})
        await websocket.send_json_to({"type": "subscribe", "id": 1})
        assert await websocket.receive_json_from() == {"id": 1, "failed": "the stream 1 is running already"}
        await websocket.send_json_to({"type": "subscribe", "id": 2})
        await websocket.send_json_to({"type": "subscribe", "id": 3})
        failed = "2 streams are running, which is the limit"
        assert await websocket.receive_json_from() == {"id": 3, "failed": failed}


async def test_what_has_no_number_streams_once() -> None:
    """Nothing would tell two of them apart."""
    async with answers(Gate()) as websocket:
        await websocket.send_json_to({"type": "watch"})
        assert await websocket.receive_json_from() == {"id": 0, "next": 0}
        await websocket.send_json_to({"type": "watch"})
        assert await websocket.receive_json_from() == {"id": None, "failed": "the stream is running already"}


async def test_a_stream_waits_until_a_reply_is_sent() -> None:
    """The generator is asked for the next reply only then, and is closed while it waits there."""
    sent: list[Any] = []
    sending = asyncio.Event()
    events: asyncio.Queue[Any] = asyncio.Queue()

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "websocket.send":
            await sending.wait()

    gate = Gate()
    events.put_nowait({"type": "websocket.connect"})
    events.put_nowait({"type": "websocket.receive", "text": '{"type": "subscribe", "id": 1, "count": 9}'})
    scope: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}
    serving = asyncio.create_task(Answering.as_asgi(gate=gate)(scope, events.get, send))
    await wait_all_tasks_blocked()
    assert [json.loads(message["text"])["next"] for message in sent[1:]] == [0]

    events.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await serving

    assert gate.closed == ["1 closed in its task"]


async def test_frames_of_any_form_can_stream() -> None:
    """A consumer with a codec has the same methods."""
    base = AsyncMessageConsumer[Work | Subscribe | Unsubscribe, Server]

    class Streaming(base):
        codec = MessagePack()

        @base.receives(Work, concurrent=True)
        async def on_work(self, message: Work) -> Done:
            return Done()

        @base.streams(Subscribe, cancel=Unsubscribe)
        async def on_subscribe(self, message: Subscribe) -> AsyncIterator[Next]:
            yield Next(next=1)

    async with WebsocketCommunicator(Streaming, "/") as websocket:
        for message in ({"type": "work", "id": 1}, {"type": "subscribe", "id": 2}):
            await websocket.send_to(bytes_data=ormsgpack.packb(message))
            frame = await websocket.receive_from()
            assert isinstance(frame, bytes)
            assert ormsgpack.unpackb(frame)["id"] == message["id"]


def test_a_message_that_cancels_has_no_method() -> None:
    """The library handles it."""

    async def takes(self: Contract, message: Unsubscribe) -> None: ...

    with pytest.raises(TypeError, match=r"receives Unsubscribe in on_unsubscribe\(\) and _cancel_stream\(\)"):
        type("Two", (Answering,), {"on_unsubscribe": Contract.receives(Unsubscribe)(takes)})


def test_a_method_that_streams_yields() -> None:
    """And one that does not, returns."""

    async def returns(self: Contract, message: Watch) -> None: ...

    async def yields(self: Contract, message: Watch) -> AsyncIterator[Next]:
        yield Next(next=1)

    streams: Any = Contract.streams
    receives: Any = Contract.receives
    with pytest.raises(TypeError, match="streams its replies, and has to `yield` them"):
        type("Returning", (Server1,), {"on_watch": streams(Watch)(returns)})
    with pytest.raises(TypeError, match=r"yields its replies; decorate it with streams\(\)"):
        type("Yielding", (Server1,), {"on_watch": receives(Watch)(yields)})


async def test_an_override_handles_messages_as_its_base_does() -> None:
    """It need not be decorated again."""

    class Override(Answering):
        async def on_work(self, message: Work) -> Done:
            await self.gate.wait("override")
            return Done(done="override")

    gate = Gate()
    async with WebsocketCommunicator(Override.as_asgi(gate=gate), "/") as websocket:
        await websocket.send_json_to({"type": "work", "id": 1})
        await websocket.send_json_to({"type": "ping"})
        assert (await websocket.receive_json_from())["done"] == "ping"
        gate.opened.set()
        assert (await websocket.receive_json_from())["done"] == "override"


def test_what_tasks_are_told_of_ends_in_any_order() -> None:
    """Each forgets its own frame, and no other."""

    async def tell() -> None:
        one, two, three = Refusal(no_correlation), None, None
        two = Refusal(no_correlation, one)
        three = Refusal(no_correlation, two)
        assert two.removed_from(three) is three
        assert three.removed_from(three) is one
        assert one.removed_from(one) is None
        assert one.removed_from(None) is None

    asyncio.run(tell())


def no_correlation() -> None:
    """Find no field."""
