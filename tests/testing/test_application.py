"""How a communicator runs an application, and what the test gets to see of its end."""

import asyncio
import contextvars
import gc
import sys
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest

from fast_channels.testing import ApplicationCommunicator
from fast_channels.testing.application import ApplicationEnded
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope

Event = dict[str, Any]


class Crash(Exception):
    """The error of an application."""


async def echo(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Send back what comes, until told to stop."""
    while (event := await receive()) != {"stop": True}:
        await send(event)


async def returns(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Send what the scope says, and return."""
    for number in range(scope.get("outputs", 0)):
        await send({"number": number})


async def crashes(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Send what the scope says, and crash."""
    await returns(scope, receive, send)
    raise Crash


async def crashes_later(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Crash when the first event comes."""
    await receive()
    raise Crash


async def crashes_when_cancelled(
    scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Wait for ever, and fail to clean up."""
    try:
        await receive()
    finally:
        raise Crash


async def ended(communicator: ApplicationCommunicator) -> None:
    """Let the application come to its end without looking at it."""
    await asyncio.wait({communicator.future}, timeout=1)


# Talking


async def test_output_is_what_the_application_sent() -> None:
    """Events pass unchanged in both directions, whatever they are."""
    communicator = ApplicationCommunicator(echo, {})
    event = {"any": "thing"}

    await communicator.send_input(event)

    assert await communicator.receive_output() is event


async def test_application_gets_the_very_scope() -> None:
    """The scope may have any keys and may be completed until the application starts."""
    seen: list[ChannelScope] = []

    async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        seen.append(scope)

    scope: Event = {"not": "asgi"}
    communicator = ApplicationCommunicator(application, scope)
    communicator.scope["user"] = "ada"
    await communicator.wait()

    assert seen[0] is scope
    assert scope == {"not": "asgi", "user": "ada"}


async def test_queues_can_be_read_and_written() -> None:
    """Tests may look into the queues and fill them themselves."""
    communicator = ApplicationCommunicator(echo, {})
    communicator.input_queue.put_nowait("a")
    communicator.input_queue.put_nowait("b")

    assert await communicator.receive_output() == "a"
    assert communicator.output_queue.qsize() == 1
    assert await communicator.output_queue.get() == "b"


async def test_two_calls_can_wait_at_once() -> None:
    """Of two waiting calls one gets the next output, and the other goes on waiting."""
    communicator = ApplicationCommunicator(echo, {})
    calls = {asyncio.create_task(communicator.receive_output()) for _ in range(2)}

    await communicator.send_input(1)
    (first,), (second,) = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    await communicator.send_input(2)

    assert (await first, await second) == (1, 2)


async def test_application_starts_in_an_empty_context() -> None:
    """Context variables of the test do not leak into the application, which a server would not have."""
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("by the test")
    seen: list[str] = []

    def application(
        scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> Awaitable[None]:
        seen.append(variable.get())
        return asyncio.sleep(0)

    await ApplicationCommunicator(application, {}).wait()

    assert seen == ["unset"]


async def test_consumer_class_is_an_application() -> None:
    """A class with `as_asgi` is handed over as it is, without calling it."""

    class Consumer:
        @classmethod
        def as_asgi(cls) -> Callable[..., Awaitable[None]]:
            return echo

    communicator = ApplicationCommunicator(Consumer, {})

    assert communicator.application is echo


async def test_consumer_instance_is_an_application_already() -> None:
    """An object that is called as an application is not asked for another one."""

    class Consumer:
        @classmethod
        def as_asgi(cls) -> Callable[..., Awaitable[None]]:
            raise NotImplementedError

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await send("from the instance")

    communicator = ApplicationCommunicator(Consumer(), {})

    assert await communicator.receive_output() == "from the instance"


def test_communicator_can_be_made_without_a_loop() -> None:
    """Only use binds a communicator to an event loop, so it can be made anywhere, and anyio may run it."""
    communicator = ApplicationCommunicator(echo, {})

    async def talk() -> Any:
        await communicator.send_input("hello")
        return await communicator.receive_output()

    assert anyio.run(talk, backend="asyncio") == "hello"


def test_application_cannot_start_without_a_loop() -> None:
    """Touching the application outside of a loop is an error, and leaves no coroutine that never ran."""
    communicator = ApplicationCommunicator(echo, {})

    with pytest.raises(RuntimeError, match=r"^ApplicationCommunicator needs asyncio"):
        _ = communicator.future


# Waiting


async def test_time_out_leaves_the_application_running() -> None:
    """A test may wait in vain for an output and go on talking."""
    communicator = ApplicationCommunicator(echo, {})

    with pytest.raises(TimeoutError, match=r"sent nothing within 0\.01 s"):
        await communicator.receive_output(0.01)

    await communicator.send_input("still here")
    assert await communicator.receive_output() == "still here"


async def test_output_wins_against_a_time_out() -> None:
    """What the application sends without waiting is received even when no time is left."""
    assert await ApplicationCommunicator(returns, {"outputs": 1}).receive_output(0) == {"number": 0}


@pytest.mark.parametrize("wait", [ApplicationCommunicator.receive_output, ApplicationCommunicator.wait])
async def test_time_out_restores_the_cancellation_count(
    wait: Callable[[ApplicationCommunicator, float], Awaitable[Any]],
) -> None:
    """A time-out that the test handled leaves no trace in the task of the test."""
    task = asyncio.current_task()
    assert task is not None

    with pytest.raises(TimeoutError):
        await wait(ApplicationCommunicator(echo, {}), 0.01)

    assert task.cancelling() == 0


async def test_cancelled_call_loses_no_output() -> None:
    """A call that is cancelled while it waits leaves the next output to the next call."""
    communicator = ApplicationCommunicator(echo, {})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await communicator.receive_output()

    await communicator.send_input("kept")

    assert await communicator.receive_output() == "kept"


async def test_silence_is_confirmed() -> None:
    """An application that sends nothing is silent, and goes on running."""
    communicator = ApplicationCommunicator(echo, {})

    assert await communicator.receive_nothing(0.01, 0.001)
    assert not communicator.future.done()


async def test_broken_silence_is_noticed_at_once() -> None:
    """The first output ends the wait, however long it was to be, and stays to be received."""
    communicator = ApplicationCommunicator(echo, {})
    silence = asyncio.create_task(communicator.receive_nothing(timeout=60))
    await communicator.send_input("noise")

    assert not await asyncio.wait_for(silence, 1)
    assert await communicator.receive_output() == "noise"


async def test_application_that_returned_is_silent_at_once() -> None:
    """Nothing more can come, so there is nothing to wait for."""
    communicator = ApplicationCommunicator(returns, {})

    assert await asyncio.wait_for(communicator.receive_nothing(timeout=60), 1)


# Ends


@pytest.mark.parametrize(
    "call",
    [
        ApplicationCommunicator.receive_output,
        ApplicationCommunicator.receive_nothing,
        ApplicationCommunicator.wait,
    ],
)
async def test_error_is_raised_where_the_test_waits(
    call: Callable[[ApplicationCommunicator, float], Awaitable[Any]],
) -> None:
    """The error of the application reaches the test at once and not after the time-out."""
    communicator = ApplicationCommunicator(crashes_later, {})
    waiting = asyncio.ensure_future(call(communicator, 60))
    await communicator.send_input("now")

    with pytest.raises(Crash):
        await asyncio.wait_for(waiting, 1)


async def test_error_is_raised_by_send_input() -> None:
    """There is nobody to talk to after a crash."""
    communicator = ApplicationCommunicator(crashes, {})
    await ended(communicator)

    with pytest.raises(Crash):
        await communicator.send_input("hello?")


async def test_outputs_come_before_the_error() -> None:
    """What was sent before a crash is received before the error is raised."""
    communicator = ApplicationCommunicator(crashes, {"outputs": 2})
    await ended(communicator)

    assert not await communicator.receive_nothing()
    assert await communicator.receive_output() == {"number": 0}
    assert await communicator.receive_output() == {"number": 1}
    with pytest.raises(Crash):
        await communicator.receive_output()


async def test_waiting_for_an_application_that_returned_fails_at_once() -> None:
    """An output that cannot come any more is a kind of time-out, which takes no time."""
    communicator = ApplicationCommunicator(returns, {"outputs": 1})
    await communicator.receive_output()

    with pytest.raises(TimeoutError, match="ended and sent nothing more") as caught:
        await asyncio.wait_for(communicator.receive_output(60), 1)

    assert caught.type is ApplicationEnded


async def test_input_for_an_application_that_returned_is_not_read() -> None:
    """As with a server, sending to an application that has returned is no error."""
    communicator = ApplicationCommunicator(returns, {})
    await communicator.wait()

    await communicator.send_input("too late")

    assert communicator.input_queue.qsize() == 1


async def test_wait_returns_when_the_application_does() -> None:
    """An application that ends by itself is what `wait` waits for."""
    communicator = ApplicationCommunicator(echo, {})
    await communicator.send_input({"stop": True})

    await communicator.wait()

    assert communicator.future.done()


async def test_wait_ends_an_application_that_does_not_end() -> None:
    """`wait` is the end of a test: it tells that the application hangs, and leaves nothing running."""
    communicator = ApplicationCommunicator(echo, {})

    with pytest.raises(TimeoutError, match=r"did not end within 0 s"):
        await communicator.wait(0)

    assert communicator.future.cancelled()
    with pytest.raises(ApplicationEnded):
        await communicator.receive_output()


async def test_wait_that_is_cancelled_ends_the_application() -> None:
    """A test that is interrupted while it waits leaves nothing running."""
    communicator = ApplicationCommunicator(echo, {})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await communicator.wait(60)

    assert communicator.future.cancelled()


async def test_error_of_an_application_that_hung_is_raised() -> None:
    """An application that fails to clean up when it is cancelled has crashed."""
    with pytest.raises(Crash):
        await ApplicationCommunicator(crashes_when_cancelled, {}).wait(0)


async def test_stop_cancels() -> None:
    """`stop` needs no event loop to run, so it does not wait."""
    communicator = ApplicationCommunicator(echo, {})
    await communicator.receive_nothing(0)

    communicator.stop()
    await ended(communicator)

    assert communicator.future.cancelled()


def test_stop_before_the_start_does_nothing() -> None:
    """An application that never started has nothing to stop."""
    ApplicationCommunicator(echo, {}).stop()


async def test_stop_raises_the_error_unless_told_not_to() -> None:
    """`stop` is the last chance to see the error of the application."""
    communicator = ApplicationCommunicator(crashes, {})
    await ended(communicator)

    communicator.stop(exceptions=False)
    with pytest.raises(Crash):
        communicator.stop()


# The context manager


async def test_block_starts_and_ends_the_application() -> None:
    """Within the block the application runs, after it nothing does."""
    async with ApplicationCommunicator(echo, {}) as communicator:
        assert len(asyncio.all_tasks() - {asyncio.current_task()}) == 1

    assert communicator.future.cancelled()


async def test_block_accepts_an_application_that_returned() -> None:
    """An application that ended by itself is not cancelled."""
    async with ApplicationCommunicator(returns, {"outputs": 1}) as communicator:
        await communicator.receive_output()

    assert not communicator.future.cancelled()


async def test_block_raises_an_error_that_nobody_saw() -> None:
    """A crash that no call has raised fails the test at the end of the block."""
    with pytest.raises(Crash):
        async with ApplicationCommunicator(crashes, {"outputs": 1}) as communicator:
            await communicator.receive_output()


async def test_block_raises_an_error_of_cleaning_up() -> None:
    """The application is cancelled at the end of the block, and must survive that."""
    with pytest.raises(Crash):
        async with ApplicationCommunicator(crashes_when_cancelled, {}) as communicator:
            await communicator.receive_nothing(0)


async def test_block_is_content_with_an_error_that_was_expected() -> None:
    """An error that the test caught is not raised again."""
    async with ApplicationCommunicator(crashes, {}) as communicator:
        with pytest.raises(Crash):
            await communicator.receive_output()


async def test_error_of_the_body_stays() -> None:
    """A failed body is what the test is about; the crash is told in a note."""
    communicator = ApplicationCommunicator(crashes, {})
    await ended(communicator)
    with pytest.raises(AssertionError, match="the test") as caught:
        async with communicator:
            raise AssertionError("of the test")

    assert caught.value.__notes__ == ["The application had crashed: Crash"]


async def test_failed_body_ends_the_application() -> None:
    """Nothing is left running by a test that failed."""
    communicator = ApplicationCommunicator(echo, {})
    with pytest.raises(AssertionError, match="the test"):
        async with communicator:
            raise AssertionError("of the test")

    assert communicator.future.cancelled()


# Nothing is left behind


async def test_dropped_communicator_ends_its_application() -> None:
    """A test that just returns leaves nothing running, without help of the garbage collector."""
    end = asyncio.Event()

    async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        try:
            await receive()
        finally:
            end.set()

    gc.disable()
    try:
        communicator = ApplicationCommunicator(application, {})
        await communicator.receive_nothing(0)
        del communicator

        await asyncio.wait_for(end.wait(), 1)
    finally:
        gc.enable()


async def awaits_in_finally(
    scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Wait for ever, and clean up by awaiting."""
    try:
        await receive()
    finally:
        await send({})


async def waits_then_crashes(
    scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """Crash after the first step."""
    await asyncio.sleep(0)
    raise Crash


@pytest.mark.parametrize("application", [echo, awaits_in_finally, returns, crashes, waits_then_crashes])
@pytest.mark.parametrize("steps", range(5))
def test_communicator_outlives_its_loop_quietly(
    application: Any, steps: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A communicator collected after its loop was closed causes no warning, wherever its application was."""
    complaints: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    communicators = [ApplicationCommunicator(application, {})]
    loop = asyncio.new_event_loop()
    loop.call_soon(lambda: communicators[0].future)
    for _ in range(steps):
        loop.call_soon(loop.stop)
        loop.run_forever()
    loop.close()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        communicators.clear()
        gc.collect()

    assert complaints == []
    assert caught == []
    assert "never retrieved" not in caplog.text


def test_uncollected_error_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An error that no call raised is not reported by asyncio behind the back of the test."""

    async def run() -> None:
        await ended(ApplicationCommunicator(crashes, {}))

    asyncio.run(run())
    gc.collect()

    assert caplog.text == ""
