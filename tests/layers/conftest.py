"""What the tests of channel layers share."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

from fast_channels.layers.mailroom import Mailroom

T = TypeVar("T")


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until a test moves it."""
    return Clock()


@pytest.fixture
def room(clock: Clock) -> Mailroom:
    """A room whose mailboxes hold four messages."""
    return Mailroom(clock, lambda _: 4)


async def soon(event: Awaitable[T]) -> T:
    """Return the outcome of something that happens at once; fail, rather than hang, if it never does."""
    return await asyncio.wait_for(event, 60)
