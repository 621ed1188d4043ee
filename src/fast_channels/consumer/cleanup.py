"""The clean-up at the end of a connection: steps that run to their end, in the consumer's own task.

Theory of operation. A server that stops cancels the task of each connection, and frameworks on anyio cancel
it again each time it waits. The clean-up stays in that task, because what a handler has entered there (a
cancel scope, a task group) can only be left there, and because a new task would begin turns of the event
loop later, when the loop may be closed already.

So while a step waits, its task does not wait for the same future, but for a `_Guarded` one. `Task.cancel()`,
however it is called, asks what its task waits for to be cancelled, and that tells two kinds of callers apart.
What the step itself has begun (`asyncio.timeout()`, a task group, a cancel scope) cancels it as ever: such
callbacks run in a copy of the step's context, in which `_current` is this shield. Any other request is kept,
taken from the count of the task, which time-outs and task groups of the step compare, and made again when all
steps have run. A step has unlimited time until somebody asks for a cancellation, and
`CANCELLED_CLEANUP_SECONDS` from then on. A step that never waits cannot be interrupted, and pays for none of
this.

A clean-up within a step of another, in the same task, is protected by that one. In a task that the step has
started it protects itself: an eager task begins within the step, so only the task tells them apart.
"""

import asyncio
import logging
import math
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from functools import partial
from types import coroutine
from typing import Any, Final, TypeAlias

from fast_channels.event_loop import is_cancelled

__all__ = ["NOTHING", "Step", "clean_up", "rest"]

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

CANCELLED_CLEANUP_SECONDS = 10.0
"""How long each step of a clean-up may take after the server cancelled a consumer: `disconnect()` is one."""

Step: TypeAlias = Callable[[], Awaitable[None]]

_DONE: Any = object()
_NO_WAITING = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""After these nothing can be awaited: the event loop ends, or the coroutine is being closed."""


async def clean_up(steps: Iterable[Step], error: BaseException | None = None) -> None:
    """Run every step, whatever the others do; the first error is raised, later ones are logged.

    Args:
        steps: What is to be done, in this order.
        error: What ended the connection, if it was an error; it comes first.

    Raises:
        BaseException: `error`, or else the first error of a step.
        CancelledError: There was no error, and somebody has asked to cancel the task meanwhile.
    """
    shield = _Shield()
    task = None
    try:
        shield.task = task = asyncio.current_task()
        shield.pending = getattr(task, "_must_cancel", False)
    except RuntimeError:
        # The event loop has ended, and a coroutine that was left is being closed.
        pass
    outer = guard = _current.get()
    if error is not None or outer is not None:
        guard = shield.prepare(error, outer)
    token = _current.set(guard or shield)
    try:
        for step in steps:
            try:
                if shield.runs is not None:
                    await shield.runs(shield, step)
                    continue
                # The usual way, with nothing around what most often needs no waiting.
                waiting = step().__await__()
                if (yielded := next(waiting, _DONE)) is not _DONE:
                    await shield.wait(waiting, yielded)
            except BaseException as failure:
                error = shield.judge(failure, error)
        if task is not None and shield.requests:
            error = await shield.hand_on(task, error)
        if error is not None:
            raise error
    finally:
        _current.reset(token)
        shield.over = True
        # A task that a step has started keeps the context of this one, with the shield in it.
        shield.task = None
        # The error refers to this frame, which would refer to the error, and to the task that has it.
        del error, shield, outer, guard, task


@coroutine
def rest(
    steps: Generator[Any, Any, None], yielded: Any, guard: Callable[[Any], Any] | None = None
) -> Generator[Any, Any, None]:
    """Await what is left of something that has begun, and waits.

    Args:
        steps: What has begun.
        yielded: What it waits for.
        guard: Returns what the task is to wait for instead.
    """
    while True:
        try:
            try:
                value = yield yielded if guard is None else guard(yielded)
            except BaseException as error:
                yielded = steps.throw(error)
            else:
                yielded = steps.send(value)
        except StopIteration:
            return


class _Nothing:
    """Is awaited where there is nothing to do: cheaper than a coroutine, and usable again."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from ()


NOTHING: Final = _Nothing()


_current: ContextVar["_Shield | None"] = ContextVar("fast_channels.consumer.cleanup", default=None)


class _Shield:
    """Keeps requests to cancel the current task away from the steps of a clean-up.

    Attributes:
        requests: The messages of the requests that are to be handed on.
        over: Whether all steps have run.
        pending: Whether the task has been cancelled by itself, and has not waited for anything since.
        runs: Runs a step where that is not the usual way.
        task: The task of the clean-up; `None` if whoever runs it has none, and when it is over.
    """

    over = False
    pending = False
    requests: Sequence[Any] = ()
    runs: "Callable[[_Shield, Step], Awaitable[None]] | None" = None
    _cancelled = False
    _limited = False
    _expired = 0
    _timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[Any] | None = None

    def prepare(self, error: BaseException | None, outer: "_Shield | None") -> "_Shield":
        """Choose how steps are run after an error, or within a step of another clean-up.

        Returns:
            What keeps the requests away.
        """
        if isinstance(error, _NO_WAITING):
            self.runs = _begin
        elif outer is not None and not outer.over and outer.task is self.task:
            self.runs = _await
            return outer
        elif isinstance(error, asyncio.CancelledError):
            self._cancelled = is_cancelled()
            self._limited = True
            self.runs = _run_cancelled
        return self

    def judge(self, failure: BaseException, first: BaseException | None) -> BaseException:
        """Return which of two errors is to be raised: what a step raised, or what was there before."""
        if isinstance(failure, asyncio.CancelledError):
            cancelled = RuntimeError("a step of a consumer's clean-up was cancelled")
            cancelled.__cause__ = failure
            failure = cancelled
        if isinstance(failure, _NO_WAITING):
            self.runs = _begin
            return failure
        if first is None or self.is_taken_back(first):
            return failure
        logger.error("A consumer's clean-up failed after an earlier error", exc_info=failure)
        return first

    def is_taken_back(self, error: BaseException) -> bool:
        """Return whether an error is a cancellation that a step has taken back: it was of its own making.

        A task group that `connect()` has entered cancels the task when one of its tasks fails, and raises
        that failure when `disconnect()` leaves it.
        """
        return self._cancelled and isinstance(error, asyncio.CancelledError) and not is_cancelled()

    async def wait(self, steps: Generator[Any, Any, None], yielded: Any) -> None:
        """Wait for the rest of a step.

        Raises:
            TimeoutError: It took too long after a request.
            BaseException: Whatever the step raised.
        """
        task = self.task
        if task is None:
            # Whoever runs this without a task cannot cancel it either.
            await rest(steps, yielded)
            return
        if self._limited:
            self._limit(task)
        try:
            await rest(steps, yielded, partial(_guarded, self, task))
        except asyncio.CancelledError as error:
            if not self._expired:
                raise
            text = f"a step of a consumer's clean-up took more than {CANCELLED_CLEANUP_SECONDS:g} s"
            raise TimeoutError(text) from error
        finally:
            while self._expired:
                self._expired -= 1
                task.uncancel()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    async def hand_on(self, task: asyncio.Task[Any], error: BaseException | None) -> BaseException | None:
        """Make the requests that came meanwhile; returns the error, or else the cancellation."""
        if isinstance(error, _NO_WAITING):
            return error
        for message in self.requests:
            task.cancel(message)
        try:
            # Raised here, not at whatever is awaited next by code that knows nothing of it.
            await asyncio.sleep(0)
        except asyncio.CancelledError as cancellation:
            error = error or cancellation
        return error

    def keep(self, task: asyncio.Task[Any], msg: Any) -> bool:
        """Keep a request to cancel the task for later, unless the step itself makes it; returns whether."""
        if _current.get() is self and not self.pending:
            return False
        self.pending = False
        task.uncancel()
        # anyio asks again by itself as long as its scope is cancelled, and counts on its own.
        if "cancel scope" not in str(msg):
            self.requests = [*self.requests, msg]
        if not self._limited:
            self._limited = True
            self._limit(task)
        return True

    def _limit(self, task: asyncio.Task[Any]) -> None:
        self._timer = asyncio.get_running_loop().call_later(CANCELLED_CLEANUP_SECONDS, self._expire, task)

    def _expire(self, task: asyncio.Task[Any]) -> None:
        # As if the step had begun it.
        token = _current.set(self)
        self._expired += 1
        task.cancel()
        _current.reset(token)
        # A step that goes on all the same is told again.
        self._limit(task)


class _Guarded:
    """What the task of a clean-up waits for: the future for which a step waits, but for its `cancel()`."""

    __slots__ = ("_asyncio_future_blocking", "_future", "_shield", "_task")

    def __init__(self, shield: _Shield, task: asyncio.Task[Any], future: "asyncio.Future[Any]") -> None:
        # What asyncio knows futures by that are being awaited.
        self._asyncio_future_blocking = True
        self._future = future
        self._shield = shield
        self._task = task

    def add_done_callback(self, callback: Callable[..., object], *, context: Context | None = None) -> None:
        """Let the task go on when the future is done."""
        self._future.add_done_callback(callback, context=context)

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop, which has to be that of the task."""
        return self._future.get_loop()

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the future if the step wants it; returns what the task is told."""
        return self._shield.keep(self._task, msg) or self._future.cancel(msg)


def _guarded(shield: _Shield, task: asyncio.Task[Any], yielded: Any) -> Any:
    """Return what the task is to wait for when a step waits for its next turn, or for a future."""
    if yielded is None:
        future = asyncio.get_running_loop().create_future()
        future.set_result(None)
    elif getattr(yielded, "_asyncio_future_blocking", None):
        future = yielded
        # As the task does with what it waits for.
        future._asyncio_future_blocking = False
    else:
        # The task says what is wrong with it.
        return yielded
    return _Guarded(shield, task, future)


async def _run_cancelled(shield: _Shield, step: Step) -> None:
    """Run a step to its end in a task that has been cancelled already."""
    with _anyio_shield():
        steps = step().__await__()
        if (yielded := next(steps, _DONE)) is not _DONE:
            await shield.wait(steps, yielded)


async def _begin(_shield: _Shield, step: Step) -> None:
    """Run a step as far as it goes without waiting."""
    steps = step().__await__()
    if next(steps, _DONE) is not _DONE:
        steps.close()


async def _await(_shield: _Shield, step: Step) -> None:
    await step()


@contextmanager
def _anyio_shield() -> Generator[None]:
    """Let anyio's own functions work in a step, although a scope around the consumer has been cancelled."""
    anyio: Any = sys.modules.get("anyio")
    if anyio is None or anyio.current_effective_deadline() != -math.inf:
        yield
        return
    with anyio.CancelScope(shield=True) as scope:
        inner: Any = getattr(scope, "_parent_scope", None)
        if inner is None or inner.cancel_called:
            yield
            return
    # A handler has entered this scope, and a step will leave it: no other may be inside.
    inner.shield = True
    try:
        yield
    finally:
        inner.shield = False
