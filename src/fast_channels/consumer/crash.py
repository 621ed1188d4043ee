"""The end of a connection after an error."""

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from fast_channels.consumer.cleanup import clean_up
from fast_channels.consumer.sending import send_last
from fast_channels.consumer.steering import blamed
from fast_channels.exceptions import StopConsumer

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer
    from fast_channels.consumer.life import Life


async def fail(life: "Life[Any]", consumer: "AsyncConsumer", error: BaseException) -> None:
    """Clean up after an error, tell the client if the application has failed, and raise the error."""
    if isinstance(error, StopConsumer):
        failure = await _stop(life, consumer)
        if failure is None:
            return
        error = failure
        del failure
    connection = life.connection
    inbox = life.inbox
    event = None
    if not inbox.lost:
        # A server may cancel by raising out of its receive.
        error = blamed(consumer, error)
    if connection is not None and not inbox.lost and not isinstance(error, asyncio.CancelledError):
        event = connection.failure()
    steps = life.last_steps(consumer, error)
    if event is not None:
        # The last of all: a client that reads nothing makes it wait.
        steps.append(functools.partial(send_last, life.server_send, event, inbox))
    try:
        await clean_up(steps, error)
    finally:
        # The error refers to this frame, which would refer to the error.
        del error


async def _stop(life: "Life[Any]", consumer: "AsyncConsumer") -> BaseException | None:
    """Clean up at the wish of a handler or a task; returns what has failed then, if something has."""
    try:
        await clean_up(life.last_steps(consumer))
    except BaseException as error:
        return error
    return None
