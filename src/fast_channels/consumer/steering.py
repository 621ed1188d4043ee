"""Errors that only steer a consumer, and how they come out of a task group."""

from collections.abc import Iterator
from typing import Any

from fast_channels.exceptions import AcceptConnection, ConnectionClosed, DenyConnection, StopConsumer

_STEERING = (AcceptConnection, ConnectionClosed, DenyConnection, StopConsumer)


def steering(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first of the errors of a group that only steer a consumer, or else the group itself.

    A task group raises what its tasks raise as a group.
    """
    errors = [*_leaves(group)]
    return errors[0] if all(isinstance(error, _STEERING) for error in errors) else group


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    inner: Any
    for error in group.exceptions:
        if issubclass(type(error), BaseExceptionGroup):
            inner = error
            yield from _leaves(inner)
        else:
            yield error
