"""The clean-up at the end of a connection: steps that run to their end, in the consumer's own task.

Theory of operation. A server that stops cancels the task of each connection, and frameworks on anyio cancel
it again each time it waits. The clean-up stays in that task, because what a handler has entered there (a
cancel scope, a task group) can only be left there, and because a new task would begin turns of the event
loop later, when the loop may be closed already.

So while a step waits, its task has a `cancel()` that tells two kinds of callers apart. What the step itself
has begun (`asyncio.timeout()`, a task group, a cancel scope) cancels it as ever: such callbacks run in a copy
of the step's context, in which `_current` is this shield. Any other request is kept, and made when all steps
have run. A step has unlimited time until somebody asks for a cancellation, and `CANCELLED_CLEANUP_SECONDS`
from then on. A step that never waits cannot be interrupted, and pays for none of this.

A clean-up within a step of another, in the same task, is protected by that one. In a task that the step has
started it protects itself: an eager task begins within the step, so only the task tells them apart.
"""

import asyncio
import logging
import math
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import coroutine
from typing import Any, Final, TypeAlias

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
    try:  # noqa: SIM105  # each connection would pay for a context manager
        shield.task = asyncio.current_task()
    except RuntimeError:
        # The event loop has ended, and a coroutine that was left is being closed.
        pass
    outer = _current.get()
    if error is not None or outer is not None:
        shield.prepare(error, outer)
    token = _current.set(shield)
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
        if shield.requests:
            error = await shield.hand_on(error)
        if error is not None:
            raise error
    finally:
        _current.reset(token)
        shield.over = True
        # A task that a step has started keeps the context of this one, with the shield in it.
        shield.task = None
        # The error refers to this frame, which would refer to the error, and to the task that has it.
        del error, shield, outer


@coroutine
def rest(steps: Generator[Any, Any, None], yielded: Any) -> Generator[Any, Any, None]:
    """Await what is left of something that has begun, and waits."""
    while True:
        try:
            try:
                value = yield yielded
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
    """Keeps the requests to cancel the current task away from the steps of a clean-up.

    Attributes:
        requests: The messages of the requests that are to be handed on.
        over: Whether all steps have run.
        runs: Runs a step where that is not the usual way.
        task: The task of the clean-up; `None` if whoever runs it has none, and when it is over.
    """

    over = False
    requests: Sequence[Any] = ()
    runs: "Callable[[_Shield, Step], Awaitable[None]] | None" = None
    _cancel: Callable[..., bool]
    _limited = False
    _expired = False
    _timer: asyncio.TimerHandle | None = None
    task: asyncio.Task[Any] | None = None

    def prepare(self, error: BaseException | None, outer: "_Shield | None") -> None:
        """Choose how steps are run after an error, or within a step of another clean-up."""
        if isinstance(error, _NO_WAITING):
            self.runs = _begin
        elif outer is not None and not outer.over and outer.task is self.task:
            # The other one keeps the requests away.
            self.runs = _await
        elif isinstance(error, asyncio.CancelledError):
            self._limited = True
            self.runs = _run_cancelled

    def judge(self, failure: BaseException, first: BaseException | None) -> BaseException:
        """Return which of two errors is to be raised: what a step raised, or what was there before."""
        if isinstance(failure, asyncio.CancelledError):
            cancelled = RuntimeError("a step of a consumer's clean-up was cancelled")
            cancelled.__cause__ = failure
            failure = cancelled
        if isinstance(failure, _NO_WAITING):
            self.runs = _begin
            return failure
        if first is None:
            return failure
        logger.error("A consumer's clean-up failed after an earlier error", exc_info=failure)
        return first

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
        self._cancel = task.cancel
        setattr(task, "cancel", self._request)  # noqa: B010  # checkers know no methods of one object
        if self._limited:
            self._limit()
        try:
            await rest(steps, yielded)
        except asyncio.CancelledError as error:
            if not self._expired:
                raise
            self._expired = False
            task.uncancel()
            text = f"a step of a consumer's clean-up took more than {CANCELLED_CLEANUP_SECONDS:g} s"
            raise TimeoutError(text) from error
        finally:
            delattr(task, "cancel")
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    async def hand_on(self, error: BaseException | None) -> BaseException | None:
        """Make the requests that came meanwhile; returns the error, or else the cancellation."""
        if isinstance(error, _NO_WAITING):
            return error
        for message in self.requests:
            self._cancel(message)
        try:
            # Raised here, not at whatever is awaited next by code that knows nothing of it.
            await asyncio.sleep(0)
        except asyncio.CancelledError as cancellation:
            error = error or cancellation
        return error

    def _request(self, msg: Any = None) -> bool:
        """Stand for `cancel()` of the task while a step waits."""
        if _current.get() is self:
            return self._cancel(msg)
        # anyio asks again by itself as long as its scope is cancelled, and counts on its own.
        if "cancel scope" not in str(msg):
            self.requests = [*self.requests, msg]
        if not self._limited:
            self._limited = True
            self._limit()
        return True

    def _limit(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(CANCELLED_CLEANUP_SECONDS, self._expire)

    def _expire(self) -> None:
        self._expired = True
        self._cancel()
        # A step that goes on all the same is told again.
        self._limit()


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
