"""The steps of a clean-up run to their end, in the task that they clean up for, whoever cancels it."""

import asyncio
import contextlib
import contextvars
import gc
import types
from collections.abc import Callable, Coroutine, Generator
from contextlib import AsyncExitStack
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.consumer import AsyncConsumer, AsyncHttpConsumer, AsyncWebsocketConsumer, cleanup
from fast_channels.consumer.cleanup import Step, clean_up
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from tests.blocked import wait_all_tasks_blocked

from .driver import CONNECT, GET, HTTP, WEBSOCKET, Server, frame, gone


def step(done: list[str], name: str, *, waits: int = 0, error: BaseException | None = None) -> Step:
    """Return a step that waits some turns, and is then done or raises."""

    async def run() -> None:
        for _ in range(waits):
            await asyncio.sleep(0)
        done.append(name)
        if error is not None:
            raise error

    return run


async def test_all_steps_of_a_clean_up_run(caplog: pytest.LogCaptureFixture) -> None:
    """The first error is raised, the others are logged."""
    done: list[str] = []
    steps = [
        step(done, "a"),
        step(done, "b", error=KeyError("b")),
        step(done, "c", waits=1, error=ValueError("c")),
        step(done, "d", waits=2),
    ]

    with pytest.raises(KeyError, match="b"):
        await clean_up(steps)

    assert done == ["a", "b", "c", "d"]
    assert "ValueError: c" in caplog.text


@pytest.mark.property
@given(
    waits=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    cancellations=st.lists(st.integers(0, 12), max_size=6),
    first=st.sampled_from([None, ZeroDivisionError(), asyncio.CancelledError()]),
)
def test_nobody_interrupts_a_clean_up_and_everybody_is_heard(
    waits: list[int], cancellations: list[int], first: BaseException | None
) -> None:
    """Each step runs once and to its end; a request that came meanwhile is raised if there is no error."""
    done: list[str] = []
    requests: list[bool] = []

    async def main() -> None:
        steps = [step(done, str(index), waits=count) for index, count in enumerate(waits)]
        task = asyncio.ensure_future(clean_up(steps, first))
        # A task that was cancelled before it began would never begin.
        await asyncio.sleep(0)
        for turn in range(13):
            requests.extend(task.cancel() for _ in range(cancellations.count(turn)))
            await asyncio.sleep(0)
        await asyncio.wait([task])
        expected = first or (asyncio.CancelledError() if any(requests) else None)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        assert type(error) is type(expected)
        assert task.cancelling() == sum(requests)

    asyncio.run(main())
    assert done == [str(index) for index in range(len(waits))]


async def _timeout() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.Event().wait()


async def _wait_for() -> None:
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0)


async def _task_group() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup):
        await group()


async def _cancel_scope() -> None:
    with anyio.move_on_after(0) as scope:
        await anyio.sleep_forever()
    assert scope.cancelled_caught


@pytest.mark.parametrize("inner", [_timeout, _wait_for, _task_group, _cancel_scope])
@pytest.mark.parametrize("requests", [0, 1, 2])
@pytest.mark.parametrize("nested", [False, True])
async def test_what_a_step_has_begun_can_cancel_it(
    inner: Callable[[], Coroutine[Any, Any, None]], requests: int, nested: bool
) -> None:
    """A time-out or a task group in `disconnect()`, or in a clean-up within it, works as anywhere else."""
    done: list[str] = []

    async def run() -> None:
        await asyncio.sleep(0)
        await inner()
        done.append("inner")

    async def within() -> None:
        await clean_up([run])

    task = asyncio.ensure_future(clean_up([within if nested else run, step(done, "next")]))
    cancel = task.cancel
    await asyncio.sleep(0)
    for _ in range(requests):
        cancel()
    await asyncio.wait([task])

    assert done == ["inner", "next"]
    assert task.cancelled() == (requests > 0)
    assert task.cancelling() == requests


async def test_a_step_that_waits_for_what_is_cancelled_is_told_apart(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nobody has asked for that, so it is an error of the step."""
    done: list[str] = []

    async def waiting() -> None:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.cancel)
        await future

    with pytest.raises(RuntimeError, match="a step of a consumer's clean-up was cancelled"):
        await clean_up([waiting, step(done, "next")])

    assert done == ["next"]


async def test_a_clean_up_in_a_task_that_a_step_has_started_shields_itself() -> None:
    """Also when that task begins at once, within the step: nobody but the clean-up of a task protects it."""
    done: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def start() -> None:
        tasks.append(asyncio.ensure_future(clean_up([step(done, "other", waits=3)])))

    await clean_up([start, step(done, "next", waits=1)])
    tasks[0].cancel()
    await asyncio.wait(tasks)

    assert done == ["next", "other"]
    assert tasks[0].cancelled()


async def test_a_time_out_around_a_clean_up_is_told_afterwards() -> None:
    """It becomes a `TimeoutError` where it was set, and cancels nothing that comes later."""
    done: list[str] = []

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await clean_up([step(done, "slow", waits=5)])

    await asyncio.sleep(0)
    assert done == ["slow"]


async def test_a_task_group_around_a_clean_up_ends_when_it_has_run() -> None:
    """Its other task fails meanwhile, and that is what is raised."""
    done: list[str] = []

    async def fail() -> None:
        raise ZeroDivisionError

    async def group() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(clean_up([step(done, "child", waits=5)]))
            await asyncio.sleep(0)
            tasks.create_task(fail())
            await clean_up([step(done, "body", waits=5)])

    with pytest.raises(ExceptionGroup):
        await group()

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert sorted(done) == ["body", "child"]


async def test_a_task_that_has_cancelled_itself_is_cancelled_when_all_steps_have_run() -> None:
    """Nothing has told it so far, and a step that waits is not to blame."""
    done: list[str] = []

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel("enough")
        await clean_up([step(done, "a", waits=2), step(done, "b")])

    task = asyncio.ensure_future(run())
    await asyncio.wait([task])

    assert done == ["a", "b"]
    assert task.cancelled()
    assert task.cancelling() == 1


async def test_what_no_task_can_wait_for_is_an_error_of_the_step() -> None:
    """As in any other coroutine."""
    done: list[str] = []

    @types.coroutine
    def wrong() -> Generator[Any, Any, None]:
        yield asyncio.get_running_loop().create_future()

    async def waiting() -> None:
        await wrong()

    with pytest.raises(RuntimeError, match="yield was used instead of yield from"):
        await clean_up([waiting, step(done, "next")])

    assert done == ["next"]


async def test_a_step_that_goes_on_is_told_again_that_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One that catches everything cannot hold the rest up for ever."""
    monkeypatch.setattr(cleanup, "CANCELLED_CLEANUP_SECONDS", 0)
    done: list[str] = []
    told: list[str] = []

    async def stubborn() -> None:
        for _ in range(3):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            told.append("again")
        await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await clean_up([stubborn, step(done, "next")], asyncio.CancelledError())

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert told == ["again"] * 3
    assert done == ["next"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), GeneratorExit()])
def test_without_time_to_wait_each_step_goes_as_far_as_it_can(error: BaseException) -> None:
    """The event loop ends at once then, and what needs no waiting is released all the same."""
    done: list[str] = []
    steps = [step(done, "a"), step(done, "b", waits=1), step(done, "c", error=ValueError()), step(done, "d")]

    # Not even a task is needed.
    with pytest.raises(type(error)):
        clean_up(steps, error).send(None)

    assert done == ["a", "c", "d"]


def test_a_step_may_end_the_program() -> None:
    """The others are begun, and the error of the connection does not hide it."""
    done: list[str] = []
    steps = [step(done, "a", error=SystemExit()), step(done, "b", waits=1), step(done, "c")]

    with pytest.raises(SystemExit):
        clean_up(steps, ValueError()).send(None)

    assert done == ["a", "c"]


async def test_a_request_is_not_made_when_the_program_ends() -> None:
    """There is no time for it any more."""
    done: list[str] = []

    async def ending() -> None:
        task = asyncio.current_task()
        assert task is not None

        def cancel() -> None:
            task.cancel()

        # From a context that is not that of the step.
        contextvars.Context().run(asyncio.get_running_loop().call_soon, cancel)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        raise SystemExit

    # In the task of the test: asyncio would take the error for its own.
    with pytest.raises(SystemExit):
        await clean_up([ending, step(done, "a")])

    assert done == ["a"]


async def test_anyio_may_cancel_a_scope_while_a_clean_up_waits() -> None:
    """It asks again in each turn, and stops when the scope is left."""
    done: list[str] = []

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clean_up, [step(done, "a", waits=5), step(done, "b", waits=5)])
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()

    await asyncio.sleep(0)
    assert done == ["a", "b"]


def test_a_clean_up_needs_no_task() -> None:
    """Whoever drives a consumer by hand has none, and cannot cancel one either."""
    done: list[str] = []
    running = clean_up([step(done, "a", waits=2), step(done, "b")])

    for _ in range(2):
        running.send(None)
    with pytest.raises(StopIteration):
        running.send(None)

    assert done == ["a", "b"]


# In consumers.


class Entering(AsyncWebsocketConsumer):
    """Enters a cancel scope in one hook and leaves it in another."""

    log: list[Any]

    async def connect(self) -> None:
        self.stack = AsyncExitStack()
        await self.stack.enter_async_context(anyio.create_task_group())
        await self.accept()

    async def disconnect(self, code: int) -> None:
        self.log.append(code)
        await anyio.lowlevel.checkpoint()
        await self.stack.aclose()
        self.log.append("closed")


async def test_a_cancel_scope_of_a_handler_is_left_in_the_same_task() -> None:
    """What `connect()` entered, `disconnect()` can leave after a cancellation."""
    log: list[Any] = []
    server = Server(Entering.as_asgi(log=log), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    await server.cancel()

    assert log == [1006, "closed"]


@pytest.mark.parametrize("kind", [Entering, AsyncWebsocketConsumer])
@pytest.mark.parametrize("directly", [False, True])
async def test_anyio_works_in_a_scope_that_was_cancelled(
    kind: type[AsyncWebsocketConsumer], directly: bool
) -> None:
    """Frameworks on anyio cancel the scope around an application; its clean-up can wait all the same."""
    log: list[Any] = []
    lock = anyio.Lock()

    class Locking(kind):  # type: ignore[valid-type, misc]  # one test for both
        async def disconnect(self, code: int) -> None:
            # Raises, or goes round for ever, in a scope that is cancelled.
            await anyio.lowlevel.checkpoint_if_cancelled()
            async with lock:
                await anyio.lowlevel.checkpoint()
            await super().disconnect(code)
            log.append("done")

    async def in_task_group(scope: Any, receive: Any, send: Any) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Locking.as_asgi(log=log), scope, receive, send)
            await stop.wait()
            tasks.cancel_scope.cancel()

    async def in_scope(scope: Any, receive: Any, send: Any) -> None:
        async def cancel() -> None:
            await stop.wait()
            around.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(cancel)
            with anyio.CancelScope() as around:
                await Locking.as_asgi(log=log)(scope, receive, send)

    stop = asyncio.Event()
    server = Server(in_scope if directly else in_task_group, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    stop.set()
    await server.end()

    assert log[-1] == "done"


STEPS = ["disconnect", "group_discard one", "group_discard two", "close_channel", "receive", "close"]
"""What waits in the clean-up of a consumer, in its order; the last two only after an error."""


class Steps:
    """A clean-up of which each step waits, one of them for the test.

    Attributes:
        done: The steps that have run to their end.
        reached: Set when the step has begun that waits for the test.
        release: Lets it go on.
    """

    def __init__(self, held: str) -> None:
        self._held = held
        self.done: list[str] = []
        self.reached = asyncio.Event()
        self.release = asyncio.Event()

    async def step(self, name: str) -> None:
        """Wait."""
        if name == self._held:
            self.reached.set()
            await self.release.wait()
        await asyncio.sleep(0)
        self.done.append(name)


class SlowLayer(InMemoryChannelLayer):
    """A layer that takes some time to release what it holds."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    async def group_discard(self, group: str, channel: str) -> None:
        await self._steps.step(f"group_discard {group}")
        await super().group_discard(group, channel)

    async def close_channel(self, channel: str) -> None:
        await self._steps.step("close_channel")
        await super().close_channel(channel)


class SlowServer:
    """A server that takes some time to be cancelled, and to close."""

    def __init__(self, steps: Steps, *events: dict[str, Any]) -> None:
        self._steps = steps
        self._events = list(events)

    async def receive(self) -> dict[str, Any]:
        """Return the next event; without one, wait to be cancelled."""
        if self._events:
            return self._events.pop(0)
        try:
            await asyncio.Event().wait()
            raise AssertionError
        finally:
            await self._steps.step("receive")

    async def send(self, event: Any) -> None:
        """Take an event."""
        if event["type"] == "websocket.close":
            await self._steps.step("close")


class SlowlyEnding(AsyncWebsocketConsumer):
    """Fails with each frame."""

    channel_layer_alias = "slow"
    groups = ["one", "two"]  # noqa: RUF012  # as users write
    steps: Steps

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        raise ZeroDivisionError

    async def disconnect(self, code: int) -> None:
        await self.steps.step("disconnect")


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("taken", ["before", "during"])
@pytest.mark.parametrize(
    ("failed", "held"), [(False, held) for held in STEPS[:4]] + [(True, held) for held in STEPS]
)
async def test_no_step_is_cut_off_by_whoever_has_the_cancel_of_the_task(
    held: str, times: int, taken: str, failed: bool
) -> None:
    """A server may have taken `task.cancel` long ago, and may call it at any step, more than once."""
    steps = Steps(held)
    layer = SlowLayer(steps)
    register_channel_layer("slow", layer)
    server = SlowServer(steps, CONNECT, frame("x") if failed else gone())
    application = SlowlyEnding.as_asgi(steps=steps)
    task = asyncio.ensure_future(application(dict(WEBSOCKET), server.receive, server.send))
    cancel = task.cancel
    await steps.reached.wait()
    if taken == "during":
        cancel = task.cancel

    for _ in range(times):
        assert cancel()
        await asyncio.sleep(0)
    steps.release.set()
    await asyncio.wait([task])

    assert steps.done == (STEPS if failed else STEPS[:4])
    assert (layer.groups, layer.channels) == ({}, {})
    assert task.cancelling() == times
    assert task.cancelled() or isinstance(task.exception(), ZeroDivisionError)
    assert task.cancelled() != failed


@pytest.mark.parametrize("failing", ["disconnect", "group_discard", "close_channel"])
async def test_a_clean_up_that_fails_is_not_begun_again(
    failing: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its error is raised, each step runs once, and the log shows nothing else."""
    steps = Steps("")

    class Failing(SlowLayer):
        async def group_discard(self, group: str, channel: str) -> None:
            await super().group_discard(group, channel)
            if failing == "group_discard" and group == "one":
                raise ZeroDivisionError

        async def close_channel(self, channel: str) -> None:
            await super().close_channel(channel)
            if failing == "close_channel":
                raise ZeroDivisionError

    class FailingToEnd(SlowlyEnding):
        async def disconnect(self, code: int) -> None:
            await super().disconnect(code)
            if failing == "disconnect":
                raise ZeroDivisionError

    register_channel_layer("slow", Failing(steps))
    server = SlowServer(steps, CONNECT, gone())

    with pytest.raises(ZeroDivisionError):
        await FailingToEnd.as_asgi(steps=steps)(dict(WEBSOCKET), server.receive, server.send)

    assert steps.done == STEPS[:4]
    assert caplog.records == []


async def test_a_task_group_of_a_handler_is_left_with_its_own_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It has cancelled the consumer because one of its tasks has failed, and that is what the server gets."""

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    class Grouping(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            self.stack = AsyncExitStack()
            tasks = await self.stack.enter_async_context(asyncio.TaskGroup())
            tasks.create_task(fail())
            await self.accept()

        async def disconnect(self, code: int) -> None:
            await self.stack.aclose()

    server = Server(Grouping.as_asgi(), WEBSOCKET, CONNECT)

    with pytest.raises(ExceptionGroup) as caught:
        await server.end()
    assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError]
    assert caplog.records == []


class Noting(AsyncWebsocketConsumer):
    """Notes in which turn of the event loop its clean-up begins."""

    groups = ["one"]  # noqa: RUF012  # as users write
    log: list[Any]

    async def disconnect(self, code: int) -> None:
        self.log.append(asyncio.current_task())


class NotingHttp(AsyncHttpConsumer):
    log: list[Any]

    async def handle(self, body: bytes) -> None:
        await self.send_headers()
        await asyncio.Event().wait()

    async def disconnect(self) -> None:
        self.log.append(asyncio.current_task())


@pytest.mark.parametrize(("kind", "scope", "event"), [(Noting, WEBSOCKET, CONNECT), (NotingHttp, HTTP, GET)])
async def test_disconnect_begins_in_the_turn_in_which_the_cancellation_arrives(
    kind: type[AsyncConsumer], scope: dict[str, Any], event: dict[str, Any], layer: InMemoryChannelLayer
) -> None:
    """A server that gives little time gets everything that needs no time; and it runs in the same task."""
    log: list[Any] = []
    server = Server(kind.as_asgi(log=log, channel_layer_alias="test"), scope, event)
    await wait_all_tasks_blocked()

    server.task.cancel()
    await asyncio.sleep(0)

    assert log == [server.task]
    await asyncio.wait([server.task])
    assert layer.groups == {}


class Panic(BaseException):
    """What no handler of errors expects, as Rust extensions raise it."""


@pytest.mark.parametrize("error", [Panic(), SystemExit(), BaseExceptionGroup("", [Panic()])])
async def test_whatever_leaves_a_handler_is_followed_by_a_clean_up(
    error: BaseException, layer: InMemoryChannelLayer
) -> None:
    """No membership, channel or task is left; the error propagates."""
    codes: list[int] = []

    class Failing(AsyncWebsocketConsumer):
        channel_layer_alias = "test"
        groups = ["one"]  # noqa: RUF012  # as users write

        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            raise error

        async def disconnect(self, code: int) -> None:
            codes.append(code)

    events = [frame("x"), CONNECT]

    async def receive() -> dict[str, Any]:
        if events:
            return events.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(event: Any) -> None:
        """Take everything."""

    before = asyncio.all_tasks()
    # In this task: asyncio takes some of these errors for its own.
    with pytest.raises(type(error)):
        await Failing()(dict(WEBSOCKET), receive, send)
    await wait_all_tasks_blocked()

    assert codes == [1011]
    assert layer.groups == {}
    assert layer.channels == {}
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("end", ["crash", "cancel"])
@pytest.mark.parametrize("alias", [None, "test"])
async def test_nothing_of_a_connection_waits_for_the_garbage_collector(
    end: str, alias: str | None, layer: InMemoryChannelLayer
) -> None:
    """However it ended, no cycle of references is left."""

    class Ending(AsyncWebsocketConsumer):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await asyncio.sleep(0)
            if end == "crash":
                raise ZeroDivisionError
            await asyncio.Event().wait()

    async def live() -> None:
        events = [frame("x"), CONNECT]

        async def receive() -> dict[str, Any]:
            if not events:
                await asyncio.Event().wait()
            return events.pop()

        async def send(event: Any) -> None:
            """Take everything."""

        application = Ending.as_asgi(channel_layer_alias=alias)
        task = asyncio.ensure_future(application(dict(WEBSOCKET), receive, send))
        await wait_all_tasks_blocked()
        task.cancel()
        await asyncio.wait([task])
        # To raise it here would make a cycle with this frame.
        assert task.cancelled() or isinstance(task.exception(), ZeroDivisionError)

    await live()
    await wait_all_tasks_blocked()
    gc.collect()
    gc.disable()
    try:
        await live()
        await wait_all_tasks_blocked()
        assert gc.collect() == 0
    finally:
        gc.enable()
