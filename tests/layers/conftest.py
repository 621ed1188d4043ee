"""What the tests of channel layers share."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import pytest

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


async def soon(event: Awaitable[T]) -> T:
    """Return the outcome of something that happens at once; fail, rather than hang, if it never does."""
    return await asyncio.wait_for(event, 10)
