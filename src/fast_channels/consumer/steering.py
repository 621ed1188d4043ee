"""Errors that only steer a consumer, and how they come out of a task group."""

from collections.abc import Iterator
from typing import Any

from fast_channels.exceptions import AcceptConnection, ConnectionClosed, DenyConnection, StopConsumer

_STEERING = (AcceptConnection, ConnectionClosed, DenyConnection, StopConsumer)


def steering(error: BaseException) -> BaseException:
    """Return the first of the errors of a group that only steer a consumer, or else the error itself.

    A task group raises what its tasks raise as a group.
    """
    errors = [*_leaves(error)]
    return errors[0] if all(isinstance(leaf, _STEERING) for leaf in errors) else error


def _leaves(error: BaseException) -> Iterator[BaseException]:
    group: Any = error
    if issubclass(type(error), BaseExceptionGroup):
        for inner in group.exceptions:
            yield from _leaves(inner)
    else:
        yield error
