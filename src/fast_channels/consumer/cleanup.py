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
"""

import asyncio
import logging
import math
import sys
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from types import coroutine
from typing import Any, TypeAlias

__all__ = ["Step", "clean_up", "rest"]

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
    shield = _Shield(limited=isinstance(error, asyncio.CancelledError))
    try:
        for step in steps:
            try:
                if isinstance(error, _NO_WAITING):
                    _begin(step)
                else:
                    await shield.run(step)
            except BaseException as failure:
                if error is None or isinstance(failure, _NO_WAITING):
                    error = failure
                else:
                    logger.exception("A consumer's clean-up failed after an earlier error")
        if shield.requests and not isinstance(error, _NO_WAITING):
            try:
                await shield.hand_on()
            except asyncio.CancelledError as cancellation:
                error = error or cancellation
        if error is not None:
            raise error
    finally:
        # The error refers to this frame, which would refer to the error, and to the task that has it.
        del error, shield


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


def _begin(step: Step) -> None:
    """Run a step as far as it goes without waiting."""
    steps = step().__await__()
    if next(steps, _DONE) is not _DONE:
        steps.close()


_current: ContextVar["_Shield | None"] = ContextVar("fast_channels.consumer.cleanup", default=None)


class _Shield:
    """Keeps the requests to cancel the current task away from the steps that it runs.

    Args:
        limited: Whether the task has been cancelled already, so that each step has limited time.

    Attributes:
        requests: The messages of the requests that are to be handed on.
    """

    __slots__ = ("_cancel", "_expired", "_limited", "_outer", "_task", "_timer", "requests")

    def __init__(self, *, limited: bool) -> None:
        self.requests: list[Any] = []
        self._limited = limited
        self._expired = False
        self._timer: asyncio.TimerHandle | None = None
        self._cancel: Callable[..., bool]
        self._task = _current_task()
        self._outer = _current.get()

    async def run(self, step: Step) -> None:
        """Run a step to its end.

        Raises:
            TimeoutError: It took too long after a request.
            RuntimeError: It was cancelled by its own doing.
            BaseException: Whatever the step raised.
        """
        if self._outer is not None and self._outer._task is self._task:
            # A step of another clean-up, which keeps the requests away.
            await step()
            return
        token = _current.set(self)
        try:
            with _anyio_shield() if self._limited else nullcontext():
                steps = step().__await__()
                if (yielded := next(steps, _DONE)) is not _DONE:
                    await self._wait(steps, yielded)
        except asyncio.CancelledError as error:
            raise RuntimeError("a step of a consumer's clean-up was cancelled") from error
        finally:
            _current.reset(token)

    async def hand_on(self) -> None:
        """Make the requests that came meanwhile.

        Raises:
            CancelledError: There were some.
        """
        for message in self.requests:
            self._cancel(message)
        # Raised here, not at whatever is awaited next by code that knows nothing of it.
        await asyncio.sleep(0)

    async def _wait(self, steps: Generator[Any, Any, None], yielded: Any) -> None:
        task = self._task
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

    def _request(self, msg: Any = None) -> bool:
        """Stand for `cancel()` of the task while a step waits."""
        if _current.get() is self:
            return self._cancel(msg)
        # anyio asks again by itself as long as its scope is cancelled, and counts on its own.
        if "cancel scope" not in str(msg):
            self.requests.append(msg)
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


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:
        # The event loop has ended, and a coroutine that was left is being closed.
        return None


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
