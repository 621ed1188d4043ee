"""Errors that only steer a consumer, and how they come out of a task group."""

import asyncio
from collections.abc import Iterator
from typing import Any

from fast_channels.event_loop import is_cancelled
from fast_channels.exceptions import (
    AcceptConnection,
    ConnectionClosed,
    DenyConnection,
    MessageValueError,
    StopConsumer,
)

_ENDING = (AcceptConnection, ConnectionClosed, DenyConnection, StopConsumer)
_STEERING = (*_ENDING, MessageValueError)


def steering(error: BaseException) -> BaseException:
    """Return the first of the errors of a group that only steer a consumer, or else the error itself.

    A task group raises what its tasks raise as a group. A value that a client chose comes before the others:
    it is the one that has to be told.
    """
    errors = [*_leaves(error)]
    if not all(isinstance(leaf, _STEERING) for leaf in errors):
        return error
    return next((leaf for leaf in errors if isinstance(leaf, MessageValueError)), errors[0])


def blamed(consumer: object, error: BaseException) -> BaseException:
    """Return what a handler has failed with, if what it waited for was cancelled and not the consumer.

    Most servers pass over a cancellation in silence, and this one they have not asked for.
    """
    if not isinstance(error, asyncio.CancelledError) or is_cancelled():
        return error
    failure = RuntimeError(f"{type(consumer).__name__} awaited a task or future that was cancelled")
    failure.__cause__ = error
    return failure


def is_steering(error: BaseException) -> bool:
    """Tell whether an error, or each of a group, ends a handler without being a failure of it."""
    return all(isinstance(leaf, _ENDING) for leaf in _leaves(error))


def single(error: Exception) -> Exception:
    """Return the one error of a group that has no other, or else the error itself."""
    leaves = [*_leaves(error)]
    only = leaves[0]
    return only if len(leaves) == 1 and isinstance(only, Exception) else error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    group: Any = error
    if issubclass(type(error), BaseExceptionGroup):
        for inner in group.exceptions:
            yield from _leaves(inner)
    else:
        yield error
