"""Tasks that a connection owns: begun at once, ended with it, and their errors are its errors."""

import asyncio
import contextvars
import gc
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
    cleanup,
    supervision,
)
from fast_channels.exceptions import ConnectionClosed, InvalidEventError, LocalProtocolError, StopConsumer
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from tests.blocked import wait_all_tasks_blocked

from .driver import CONNECT, GET, HTTP, WEBSOCKET, FragileLayer, Server, frame, gone

ACCEPT: dict[str, Any] = {"type": "websocket.accept", "headers": []}

LAYERS = pytest.mark.parametrize("alias", [None, "test"])


class Working(AsyncWebsocketConsumer):
    """Spawns a task when it is connected, and notes how it ends."""

    def __init__(
        self,
        work: Callable[["Working"], Awaitable[None]],
        codes: list[int],
        alias: str | None = None,
    ) -> None:
        super().__init__()
        self.channel_layer_alias = alias
        self.work = work
        self.codes = codes

    async def connect(self) -> None:
        await self.accept()
        self.task = self.spawn(self.run())

    async def run(self) -> None:
        await self.work(self)

    async def disconnect(self, code: int) -> None:
        assert self.task.done()
        self.codes.append(code)


async def forever(consumer: Working) -> None:
    await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def layer() -> InMemoryChannelLayer:
    layer = InMemoryChannelLayer()
    register_channel_layer("test", layer)
    return layer


@LAYERS
async def test_a_task_runs_beside_the_handlers(alias: str | None) -> None:
    """It begins at once, and nobody has to wait for it."""

    async def tick(consumer: Working) -> None:
        for number in range(3):
            await consumer.send(str(number))

    server = Server(Working.as_asgi(work=tick, codes=[], alias=alias), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    assert [event.get("text") for event in server.sent] == [None, "0", "1", "2"]
    server.give(gone())
    await server.end()


async def test_spawn_returns_the_task_with_its_result_and_name() -> None:
    """It may be awaited, and is named after its function unless it is given a name."""
    names: list[str] = []

    class Asking(AsyncWebsocketConsumer):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            double, other = self.spawn(self.double(text_data or "")), self.spawn(self.double(""), "other")
            names.extend([double.get_name(), other.get_name()])
            await self.send(await double)

        async def double(self, text: str) -> str:
            return text * 2

    server = Server(Asking.as_asgi(), WEBSOCKET, CONNECT, frame("ab"))
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert server.sent[-1]["text"] == "abab"
    assert names == [Asking.double.__qualname__, "other"]


@LAYERS
async def test_a_task_is_ended_before_disconnect_runs(alias: str | None) -> None:
    """It is cancelled, and has finished what it does then."""
    steps: list[str] = []

    async def last(consumer: Working) -> None:
        try:
            await forever(consumer)
        finally:
            await asyncio.sleep(0)
            steps.append("finished")
            with pytest.raises(ConnectionClosed):
                await consumer.send("too late")

    codes: list[int] = []
    server = Server(Working.as_asgi(work=last, codes=codes, alias=alias), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone(4001))
    await server.end()

    assert (steps, codes) == (["finished"], [4001])


@LAYERS
async def test_the_error_of_a_task_ends_the_consumer_like_that_of_a_handler(alias: str | None) -> None:
    """The wait for the client ends, `disconnect(1011)` runs, the client is told, and the error goes on."""

    async def fail(consumer: Working) -> None:
        raise ZeroDivisionError

    codes: list[int] = []
    server = Server(Working.as_asgi(work=fail, codes=codes, alias=alias), WEBSOCKET, CONNECT)
    with pytest.raises(ZeroDivisionError) as caught:
        await server.end()

    assert codes == [1011]
    assert server.sent == [ACCEPT, {"type": "websocket.close", "code": 1011, "reason": ""}]
    assert caught.value.__context__ is None
    assert server.task.cancelling() == 0


async def test_an_error_of_a_task_keeps_what_it_came_from() -> None:
    """That the task of the connection is interrupted is not taken for its cause."""

    async def fail(consumer: Working) -> None:
        try:
            raise KeyError("first")
        except KeyError:
            raise ZeroDivisionError from None

    server = Server(Working.as_asgi(work=fail, codes=[]), WEBSOCKET, CONNECT)
    with pytest.raises(ZeroDivisionError) as caught:
        await server.end()

    assert isinstance(caught.value.__context__, KeyError)


@LAYERS
async def test_the_error_of_a_task_interrupts_a_handler(alias: str | None) -> None:
    """Which may wait for what only that task would have given it."""

    class Waiting(Working):
        async def connect(self) -> None:
            await super().connect()
            await self.task

    class Stubborn(Working):
        async def connect(self) -> None:
            await super().connect()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)

    async def fail(consumer: Working) -> None:
        raise ZeroDivisionError

    for kind in (Waiting, Stubborn):
        codes: list[int] = []
        server = Server(kind.as_asgi(work=fail, codes=codes, alias=alias), WEBSOCKET, CONNECT)
        with pytest.raises(ZeroDivisionError):
            await server.end()
        assert codes == [1011]


async def test_a_handler_that_fails_because_of_a_task_does_not_replace_its_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error of the task comes out, and the other one is logged."""

    class Failing(Working):
        async def connect(self) -> None:
            try:
                await super().connect()
                await asyncio.Event().wait()
            finally:
                raise KeyError("second")

    async def fail(consumer: Working) -> None:
        raise ZeroDivisionError

    server = Server(Failing.as_asgi(work=fail, codes=[]), WEBSOCKET, CONNECT)
    with pytest.raises(ZeroDivisionError):
        await server.end()

    [record] = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


async def test_a_handler_that_stops_after_an_error_of_a_task_does_not_hide_it() -> None:
    """Nothing is lost, whoever ends the connection."""

    class Stopping(Working):
        async def connect(self) -> None:
            await super().connect()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise StopConsumer from None

    async def fail(consumer: Working) -> None:
        raise ZeroDivisionError

    codes: list[int] = []
    server = Server(Stopping.as_asgi(work=fail, codes=codes), WEBSOCKET, CONNECT)
    with pytest.raises(ZeroDivisionError):
        await server.end()
    assert codes == [1011]


async def test_the_error_of_a_task_is_raised_by_the_clean_up_if_a_handler_ends_the_connection() -> None:
    """A handler of the last event may swallow the interruption."""

    class Ending(Working):
        async def websocket_disconnect(self, message: Mapping[str, Any]) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)

    begin = asyncio.Event()

    async def fail(consumer: Working) -> None:
        await begin.wait()
        raise ZeroDivisionError

    codes: list[int] = []
    server = Server(Ending.as_asgi(work=fail, codes=codes), WEBSOCKET, CONNECT, gone(4001))
    await wait_all_tasks_blocked()
    begin.set()
    with pytest.raises(ZeroDivisionError):
        await server.end()

    assert codes == [4001]
    assert server.task.cancelling() == 0


async def test_only_the_first_of_two_errors_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    """The other one is logged."""

    class Two(Working):
        async def connect(self) -> None:
            await super().connect()
            _ = self.spawn(self.second(), "second")

        async def second(self) -> None:
            raise KeyError("second")

    async def fail(consumer: Working) -> None:
        raise ZeroDivisionError

    server = Server(Two.as_asgi(work=fail, codes=[]), WEBSOCKET, CONNECT)
    with pytest.raises(ZeroDivisionError):
        await server.end()

    assert [record.getMessage() for record in caplog.records] == [
        "second of Two(path='/') failed after an earlier error"
    ]


async def test_an_error_of_a_task_that_is_being_ended_propagates() -> None:
    """The connection has ended well until then."""

    async def fail_in_the_end(consumer: Working) -> None:
        try:
            await forever(consumer)
        finally:
            raise ZeroDivisionError

    codes: list[int] = []
    server = Server(Working.as_asgi(work=fail_in_the_end, codes=codes), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone(4001))
    with pytest.raises(ZeroDivisionError):
        await server.end()
    assert codes == [4001]


async def test_a_connection_that_is_gone_ends_a_task_only(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody could have known before it sent; nothing but a line for debugging is due."""
    caplog.set_level(logging.INFO)

    async def send_after_close(consumer: Working) -> None:
        await consumer.close()
        await consumer.send("too late")

    codes: list[int] = []
    server = Server(Working.as_asgi(work=send_after_close, codes=codes), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    assert not server.task.done()
    server.give(gone(4001))
    await server.end()

    assert codes == [4001]
    assert not caplog.records


async def test_the_closed_connection_of_somebody_else_is_an_error() -> None:
    """The consumer itself can still send."""

    async def forward(consumer: Working) -> None:
        raise ConnectionClosed("the connection to somewhere else")

    server = Server(Working.as_asgi(work=forward, codes=[]), WEBSOCKET, CONNECT)
    with pytest.raises(ConnectionClosed, match="somewhere else"):
        await server.end()


@LAYERS
@pytest.mark.parametrize("swallows", [False, True])
async def test_a_task_may_stop_the_consumer(alias: str | None, swallows: bool) -> None:
    """As a handler does it, also if a handler tries to go on."""

    class Busy(Working):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                await asyncio.sleep(0)

    async def stop(consumer: Working) -> None:
        if swallows:
            await wait_all_tasks_blocked()
        raise StopConsumer

    codes: list[int] = []
    events = [CONNECT, frame("x")] if swallows else [CONNECT]
    server = Server(Busy.as_asgi(work=stop, codes=codes, alias=alias), WEBSOCKET, *events)
    await server.end()
    assert codes == [1005]


async def test_a_task_that_stops_a_consumer_whose_clean_up_fails_is_no_excuse() -> None:
    """The error of `disconnect()` is raised."""

    class Failing(Working):
        async def disconnect(self, code: int) -> None:
            raise ZeroDivisionError

    async def stop(consumer: Working) -> None:
        raise StopConsumer

    server = Server(Failing.as_asgi(work=stop, codes=[]), WEBSOCKET, CONNECT)
    with pytest.raises(ZeroDivisionError):
        await server.end()


async def test_a_task_that_stops_an_ending_consumer_changes_nothing() -> None:
    """It is ending already."""

    async def stop(consumer: Working) -> None:
        try:
            await forever(consumer)
        except asyncio.CancelledError:
            raise StopConsumer from None

    codes: list[int] = []
    server = Server(Working.as_asgi(work=stop, codes=codes), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone(4001))
    await server.end()
    assert codes == [4001]


async def test_a_value_that_a_client_chose_is_no_crash_of_a_task(caplog: pytest.LogCaptureFixture) -> None:
    """As in a handler, the WebSocket is closed, and one warning is logged."""

    class Relay(AsyncJsonWebsocketConsumer):
        channel_layer_alias = "test"

        async def receive_json(self, content: Any, **kwargs: Any) -> None:
            assert self.channel_layer is not None
            _ = self.spawn(self.channel_layer.group_send("room", {"type": "said", "text": content}))

    server = Server(Relay.as_asgi(), WEBSOCKET, CONNECT, frame('"\\ud800"'))
    await wait_all_tasks_blocked()

    assert server.sent[-1]["code"] == 1011
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    server.give(gone())
    await server.end()


async def test_a_message_that_a_task_dispatches_in_vain_goes_to_channel_invalid() -> None:
    """As if a handler had got it."""
    invalid: list[str] = []

    class Dispatching(Working):
        async def channel_invalid(self, error: InvalidEventError) -> None:
            invalid.append(str(error))

    async def dispatch(consumer: Working) -> None:
        await consumer.dispatch({"type": "nobody.knows"})

    server = Server(Dispatching.as_asgi(work=dispatch, codes=[]), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    assert invalid == ["No handler for message type nobody.knows"]
    server.give(gone())
    await server.end()


async def test_a_task_that_somebody_cancels_ends_quietly() -> None:
    """The consumer may stop what it has begun."""

    class Stopping(Working):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            self.task.cancel()
            await asyncio.wait([self.task])
            await self.send("stopped")

    server = Server(Stopping.as_asgi(work=forever, codes=[]), WEBSOCKET, CONNECT, frame("x"))
    await wait_all_tasks_blocked()
    assert server.sent[-1]["text"] == "stopped"
    server.give(gone())
    await server.end()


async def test_a_task_that_was_cancelled_by_what_it_waited_for_has_failed() -> None:
    """Nobody has cancelled it, so nobody expects it to end."""

    async def wait(consumer: Working) -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    server = Server(Working.as_asgi(work=wait, codes=[]), WEBSOCKET, CONNECT)
    with pytest.raises(
        RuntimeError, match=r"Working\.run of .* awaited a task or future that was cancelled$"
    ):
        await server.end()


async def test_spawn_after_the_end_is_an_error_at_the_callers_line() -> None:
    """And Python does not warn of a coroutine that was never awaited."""
    refused: list[str] = []
    consumers: list[Working] = []

    class Late(Working):
        async def connect(self) -> None:
            consumers.append(self)
            await super().connect()

        async def disconnect(self, code: int) -> None:
            with pytest.raises(ConnectionClosed) as caught:
                _ = self.spawn(self.run())
            refused.append(str(caught.value))

    async def spawn_another(consumer: Working) -> None:
        try:
            await forever(consumer)
        finally:
            with pytest.raises(ConnectionClosed):
                _ = consumer.spawn(consumer.run())

    server = Server(Late.as_asgi(work=spawn_another, codes=[]), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert refused == [f"Late has ended, and cannot begin {Working.run.__qualname__}()"]
    with pytest.raises(ConnectionClosed):
        _ = consumers[0].spawn(consumers[0].run())


async def test_spawn_before_the_connection_is_an_error() -> None:
    """Nothing would end the task."""
    consumer = Working(forever, [])

    with pytest.raises(
        RuntimeError, match=r"^Working does not serve a connection yet that could own a task$"
    ):
        _ = consumer.spawn(consumer.run())


async def test_spawn_needs_a_coroutine() -> None:
    """A function that was not called is told apart."""

    class Wrong(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            self.connected: Any = self.spawn(self.connect)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake

    with pytest.raises(TypeError, match=r"^spawn\(\) of Wrong\(path='/'\) needs a coroutine, "):
        await Server(Wrong.as_asgi(), WEBSOCKET, CONNECT).end()


async def test_spawn_works_in_the_event_loop_of_the_connection_only() -> None:
    """A thread is told so, with an event loop of its own or without one."""
    errors: list[str] = []

    class Threaded(Working):
        async def connect(self) -> None:
            await super().connect()
            await asyncio.to_thread(self.without_loop)
            await asyncio.to_thread(asyncio.run, self.with_loop())

        def without_loop(self) -> None:
            with pytest.raises(RuntimeError) as caught:
                _ = self.spawn(self.run())
            errors.append(str(caught.value))

        async def with_loop(self) -> None:
            self.without_loop()

    server = Server(Threaded.as_asgi(work=forever, codes=[]), WEBSOCKET, CONNECT, gone())
    await server.end()

    assert errors == [
        "no running event loop",
        "spawn() of Threaded(path='/') works only in the event loop of its connection",
    ]


async def test_a_task_of_another_task_may_spawn_too() -> None:
    """Whoever has the consumer may, while the connection lasts."""
    codes: list[int] = []
    consumers: list[Working] = []

    async def fail(consumer: Working) -> None:
        raise ZeroDivisionError

    async def keep(consumer: Working) -> None:
        consumers.append(consumer)

    server = Server(Working.as_asgi(work=keep, codes=codes), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    _ = consumers[0].spawn(fail(consumers[0]))

    with pytest.raises(ZeroDivisionError):
        await server.end()
    assert codes == [1011]


async def test_a_task_may_end_its_own_connection() -> None:
    """It does not wait for itself."""
    codes: list[int] = []

    class Ending(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await self.accept()
            _ = self.spawn(self.run())

        async def run(self) -> None:
            await self.dispatch({"type": "websocket.disconnect", "code": 4002})

        async def disconnect(self, code: int) -> None:
            codes.append(code)

    server = Server(Ending.as_asgi(), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert codes == [4002]


async def test_a_task_that_goes_on_is_named_and_limited_by_a_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clean-up waits for it as for every step: without a limit until the server cancels the consumer."""
    monkeypatch.setattr(cleanup, "CANCELLED_CLEANUP_SECONDS", 0.0)
    release, logged = asyncio.Event(), asyncio.Event()
    warnings: list[str] = []

    def warn(text: str, *values: object) -> None:
        warnings.append(text % values)
        logged.set()

    monkeypatch.setattr(supervision.logger, "warning", warn)

    async def go_on(consumer: Working) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    class Released(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await self.accept()
            _ = self.spawn(self.run(), "stubborn")

        async def run(self) -> None:
            await go_on(Working(go_on, []))

    server = Server(Released.as_asgi(), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone())
    await wait_all_tasks_blocked()
    await logged.wait()
    assert warnings == [
        "the end of a connection waits for tasks that continue after their cancellation: stubborn"
    ]
    assert not server.task.done()

    server.task.cancel()
    with pytest.raises(TimeoutError, match="took more than 0 s"):
        await server.end()
    release.set()
    await wait_all_tasks_blocked()


async def test_tasks_of_a_request_end_with_its_response() -> None:
    """Every consumer can spawn."""
    ended: list[str] = []

    class Progress(AsyncHttpConsumer):
        async def handle(self, body: bytes) -> None:
            _ = self.spawn(self.wait())
            await asyncio.sleep(0)
            await self.send_response(200, b"done")

        async def wait(self) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("waiting")

        async def disconnect(self) -> None:
            ended.append("request")

    server = Server(Progress.as_asgi(), HTTP, GET)
    await server.end()
    assert ended == ["waiting", "request"]


async def test_a_task_of_a_consumer_without_a_hook_is_ended_too() -> None:
    """Nothing but the task has to be cleaned up."""
    ended: list[str] = []

    class Bare(AsyncConsumer):
        async def websocket_connect(self, event: Mapping[str, Any]) -> None:
            await self.send(ACCEPT)
            _ = self.spawn(self.wait())

        async def wait(self) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("waiting")

    server = Server(Bare.as_asgi(), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()
    assert ended == ["waiting"]


async def test_a_task_sees_the_groups_of_its_consumer() -> None:
    """They are left when it has ended."""
    fragile = FragileLayer()
    register_channel_layer("test", fragile)
    left: list[bool] = []

    class Member(Working):
        async def connect(self) -> None:
            self.groups = ["room"]
            await super().connect()

    async def look(consumer: Working) -> None:
        try:
            await forever(consumer)
        finally:
            left.append("room" in fragile.leaves)

    server = Server(Member.as_asgi(work=look, codes=[], alias="test"), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert left == [False]
    assert fragile.leaves == ["room"]


async def test_a_connection_without_a_task_of_its_own_gets_the_error_with_the_next_event() -> None:
    """Nobody can be interrupted where a coroutine is driven by hand."""
    events = [CONNECT]

    async def receive() -> dict[str, Any]:
        if not events:
            await asyncio.Event().wait()
        return events.pop()

    async def send(event: Any) -> None:
        """Take everything."""

    async def fail(consumer: Working) -> None:
        raise ZeroDivisionError

    application = Working.as_asgi(work=fail, codes=[], alias="test")
    steps = application(dict(WEBSOCKET), receive, send).__await__()
    loop, context = asyncio.get_running_loop(), contextvars.copy_context()
    ended: asyncio.Future[BaseException] = loop.create_future()

    def step(_: object = None) -> None:
        try:
            waits_for: Any = next(steps)
        except BaseException as error:
            ended.set_result(error)
        else:
            waits_for._asyncio_future_blocking = False
            waits_for.add_done_callback(step, context=context)

    loop.call_soon(step, context=context)
    async with asyncio.timeout(5):
        assert isinstance(await ended, ZeroDivisionError)


class Spawner(AsyncWebsocketConsumer):
    """What code for Channels may have: a handler of the same name."""

    async def spawn(self, event: Mapping[str, Any]) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # it knows nothing of the method of the library
        await self.send(event["kind"])


async def test_a_handler_of_existing_code_may_be_called_spawn() -> None:
    """As for `join` and `leave`, the method of the library is not in its way."""
    server = Server(Spawner.as_asgi(), WEBSOCKET, CONNECT, {"type": "spawn", "kind": "goblin"}, gone())
    await server.end()
    assert server.sent[-1]["text"] == "goblin"


class Owner(AsyncWebsocketConsumer):
    """Refers to its own task, and may have another one that fails."""

    def __init__(self, end: str, alias: str | None) -> None:
        super().__init__()
        self.channel_layer_alias = alias
        self.end = end

    async def connect(self) -> None:
        await self.accept()
        self.kept = self.spawn(asyncio.Event().wait())
        if self.end == "fails":
            _ = self.spawn(self.fail())
        if self.end == "waiting":
            await asyncio.Event().wait()

    async def fail(self) -> None:
        # Not within spawn() with eager tasks: some versions of asyncio make a cycle then.
        await asyncio.sleep(0)
        raise ZeroDivisionError


async def live(end: str, alias: str | None) -> None:
    """Let a connection end: its client leaves, a task fails, or the server cancels it."""
    events = [gone(), CONNECT] if end == "gone" else [CONNECT]

    async def receive() -> dict[str, Any]:
        if not events:
            await asyncio.Event().wait()
        return events.pop()

    async def send(event: Any) -> None:
        """Take everything."""

    task = asyncio.ensure_future(Owner.as_asgi(end=end, alias=alias)(dict(WEBSOCKET), receive, send))
    await wait_all_tasks_blocked()
    task.cancel()
    await asyncio.wait([task])
    # To raise it here would make a cycle with this frame.
    assert task.cancelled() or isinstance(task.exception(), ZeroDivisionError | None)
    await wait_all_tasks_blocked()


@LAYERS
@pytest.mark.parametrize("end", ["gone", "fails", "waiting"])
async def test_nothing_of_a_consumer_with_tasks_waits_for_the_garbage_collector(
    end: str, alias: str | None
) -> None:
    """Nor of the task, even if the consumer refers to one that was cancelled."""
    await live(end, alias)
    gc.collect()
    gc.disable()
    try:
        await live(end, alias)
        assert gc.collect() == 0
    finally:
        gc.enable()


async def test_an_error_of_the_protocol_in_a_task_is_one_of_the_application() -> None:
    """Sending what is not legal is no steering."""

    async def accept_again(consumer: Working) -> None:
        await consumer.accept()

    server = Server(Working.as_asgi(work=accept_again, codes=[]), WEBSOCKET, CONNECT)
    with pytest.raises(LocalProtocolError):
        await server.end()
