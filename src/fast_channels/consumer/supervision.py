"""The tasks that a connection owns: none outlives it, and the error of one ends it.

Theory of operation. The life of a connection makes a `Supervision` when the first task is spawned; a life
without one pays nothing. The set in it holds the tasks that run. When the end begins, no task can be added,
all of them are cancelled, and the clean-up waits for them in a step of its own, before `disconnect()` runs.

A task that fails has to reach the task of the connection, which may wait for an event of the server or within
a handler. So that is cancelled, as a task group does it with its parent, and whatever comes out of it then is
replaced by the failure, which came first (see `first_error()`). A handler may catch the cancellation and go
on: so the failure is also put into the inbox, and the clean-up raises it if nothing else has done so. Whoever
hands the failure on takes it (see `_take()`), so it comes out once, and takes back the request to cancel,
which nobody outside has made.

What a handler may raise without having failed, a task may raise too. `handle_error()` of the life decides
about it, as about a handler's; it may have to wait, so it runs in a task that is supervised as well.

The supervision refers to neither the life nor the consumer: only the tasks do, while they run.
"""

import asyncio
import functools
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from fast_channels.consumer import cleanup
from fast_channels.consumer.inbox import LAYER, Failure
from fast_channels.consumer.phases import NEW, SERVING
from fast_channels.consumer.steering import steering
from fast_channels.exceptions import ConnectionClosed, InvalidEventError, MessageValueError, StopConsumer

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer
    from fast_channels.consumer.life import Life

__all__ = ["Supervision", "end_tasks", "first_error", "spawn"]

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

_T = TypeVar("_T")

_JUDGED = (ConnectionClosed, InvalidEventError, MessageValueError)


class Supervision:
    """The supervised tasks of one connection.

    Attributes:
        tasks: Those that run.
        failure: What one of them has raised, until it is handed on.
        interrupts: Whether the task of the connection was cancelled because of it.
        ended: Whether the end has begun, so that no task can be added.
    """

    __slots__ = ("ended", "failure", "interrupts", "tasks")

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()
        self.failure: BaseException | None = None
        self.interrupts: bool = False
        self.ended: bool = False


def spawn(
    life: "Life[Any]", consumer: "AsyncConsumer", work: Coroutine[Any, Any, _T], name: str | None = None
) -> asyncio.Task[_T]:
    """Begin a task that the connection owns: see `AsyncConsumer.spawn()`."""
    if not asyncio.iscoroutine(work):
        raise TypeError(f"spawn() of {consumer} needs a coroutine, the result of an `async def` function")
    try:
        supervision = _supervision(life, consumer, work)
        if life.task is not None and asyncio.get_running_loop() is not life.task.get_loop():
            raise RuntimeError(f"spawn() of {consumer} works only in the event loop of its connection")
        task = asyncio.get_running_loop().create_task(work, name=_name(work) if name is None else name)
    except BaseException:
        # Nobody else will run it, and Python would warn that it was never awaited.
        work.close()
        raise
    _watch(life, consumer, supervision, task)
    try:
        return task
    finally:
        # The error of an eager task may refer to this frame, which would refer to the task.
        del task


def _name(work: Coroutine[Any, Any, Any]) -> str:
    # One that is compiled, for example, may have no name.
    return getattr(work, "__qualname__", type(work).__name__)


def _supervision(life: "Life[Any]", consumer: "AsyncConsumer", work: Coroutine[Any, Any, Any]) -> Supervision:
    """Return what a task is added to.

    Raises:
        RuntimeError: There is no connection yet.
        ConnectionClosed: The connection is over.
    """
    if life.phase == NEW:
        raise RuntimeError(f"{type(consumer).__name__} does not serve a connection yet that could own a task")
    supervision = life.supervision
    if life.phase not in SERVING or (supervision is not None and supervision.ended):
        raise ConnectionClosed(f"{type(consumer).__name__} has ended, and cannot begin {_name(work)}()")
    if supervision is None:
        supervision = life.supervision = Supervision()
    return supervision


def _watch(
    life: "Life[Any]",
    consumer: "AsyncConsumer",
    supervision: Supervision,
    task: asyncio.Task[Any],
    *,
    judges: bool = False,
) -> None:
    supervision.tasks.add(task)
    task.add_done_callback(functools.partial(_done, life, consumer, supervision, judges=judges))


def _done(
    life: "Life[Any]",
    consumer: "AsyncConsumer",
    supervision: Supervision,
    task: asyncio.Task[Any],
    *,
    judges: bool,
) -> None:
    """Take note of the end of a task."""
    supervision.tasks.discard(task)
    try:
        error = task.exception()
    except asyncio.CancelledError as cancellation:
        # Asked for, it does not stay in the task, with its frames.
        error = None if task.cancelling() else _blamed(consumer, task, cancellation)
    if error is None:
        return
    error = steering(error)
    if supervision.ended and isinstance(error, ConnectionClosed | StopConsumer):
        logger.debug("%s of %s ended with its connection: %s", task.get_name(), consumer, error)
    elif isinstance(error, _JUDGED) and not (judges or supervision.ended):
        event = error.event if isinstance(error, InvalidEventError) else {"type": task.get_name()}
        verdict = life.handle_error(consumer, error, event, LAYER)
        judge = asyncio.get_running_loop().create_task(verdict, name=task.get_name())
        _watch(life, consumer, supervision, judge, judges=True)
    elif supervision.failure is None:
        supervision.failure = error
        if not supervision.ended:
            _interrupt(life, supervision, error)
    else:
        text = "%s of %s failed after an earlier error"
        logger.error(text, task.get_name(), consumer, exc_info=error)


def _blamed(consumer: "AsyncConsumer", task: asyncio.Task[Any], cancellation: BaseException) -> BaseException:
    """Return what a task has failed with that was not cancelled itself, but something that it waited for."""
    failure = RuntimeError(f"{task.get_name()} of {consumer} awaited a task or future that was cancelled")
    failure.__cause__ = cancellation
    return failure


def _interrupt(life: "Life[Any]", supervision: Supervision, error: BaseException) -> None:
    """End whatever the task of the connection waits for."""
    if life.task is not None:
        supervision.interrupts = life.task.cancel()
    if life.inbox.arrivals is not None:
        life.inbox.arrivals.put(Failure(error))


def _take(life: "Life[Any]") -> BaseException | None:
    """Return the failure, which nobody else hands on then."""
    supervision = life.supervision
    if supervision is None:
        return None
    failure, supervision.failure = supervision.failure, None
    if supervision.interrupts and life.task is not None:
        supervision.interrupts = False
        life.task.uncancel()
    return failure


def first_error(life: "Life[Any]", error: BaseException) -> BaseException:
    """Return what has ended a connection: the failure of a task, or else an error of its own task."""
    failure = _take(life)
    if failure is None or failure is error:
        return error
    inbox = life.inbox
    if not isinstance(error, asyncio.CancelledError):
        logger.error("A handler failed after a supervised task of its connection had failed", exc_info=error)
    elif not inbox.reading:
        # The server did not fail to deliver what nobody waits for any more.
        inbox.lost = False
    return failure


async def end_tasks(life: "Life[Any]", supervision: Supervision) -> None:
    """Cancel the tasks of a connection, and wait for them: the first step of its clean-up.

    Raises:
        BaseException: The failure of a task that nobody has handed on.
    """
    life.retire()
    supervision.ended = True
    # One of them may be who ends the connection.
    tasks = supervision.tasks - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    if tasks:
        # Not after the time for a step that was cancelled, which raises an error.
        await asyncio.wait(tasks, timeout=cleanup.CANCELLED_CLEANUP_SECONDS / 2)
    if slow := supervision.tasks.intersection(tasks):
        names = ", ".join(sorted(task.get_name() for task in slow))
        logger.warning(
            "the end of a connection waits for tasks that continue after their cancellation: %s", names
        )
        await asyncio.wait(slow)
    failure = _take(life)
    try:
        if failure is not None and not isinstance(failure, StopConsumer):
            raise failure
    finally:
        # The error refers to this frame, which would refer to the error.
        del failure
