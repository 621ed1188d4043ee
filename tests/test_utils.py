"""The helpers that existing code imports."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fast_channels import utils
from fast_channels.middleware.websocket import is_same_domain
from fast_channels.utils import await_many_dispatch


class Enough(Exception):
    """Ends a test."""


def source(*items: Any) -> Callable[[], Awaitable[Any]]:
    """Return a source that delivers some items, or raises those that are errors, and then waits."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    for item in items:
        queue.put_nowait(item)

    async def receive() -> Any:
        item = await queue.get()
        if isinstance(item, Exception):
            raise item
        return item

    return receive


async def test_what_several_sources_deliver_is_dispatched_one_at_a_time() -> None:
    """Each source in its order, and none overtaken while another is handled."""
    got: list[Any] = []
    running: list[Any] = []

    async def dispatch(item: Any) -> None:
        assert not running
        running.append(item)
        await asyncio.sleep(0)
        running.remove(item)
        got.append(item)
        if len(got) == 6:
            raise Enough

    with pytest.raises(Enough):
        await await_many_dispatch([source(1, 2, 3), source("a", "b", "c")], dispatch)

    assert [item for item in got if isinstance(item, int)] == [1, 2, 3]
    assert [item for item in got if isinstance(item, str)] == ["a", "b", "c"]
    assert len(asyncio.all_tasks()) == 1


async def test_what_came_before_the_error_of_a_source_is_dispatched() -> None:
    """Then the error is raised, and no source is read any more."""
    got: list[Any] = []

    async def dispatch(item: Any) -> None:
        await asyncio.sleep(0)
        got.append(item)

    with pytest.raises(KeyError):
        await await_many_dispatch([source(1, 2, KeyError()), source()], dispatch)

    assert got == [1, 2]
    assert len(asyncio.all_tasks()) == 1


async def test_an_error_of_the_function_is_raised_rather_than_one_of_a_source() -> None:
    """It came first."""

    async def dispatch(item: Any) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await await_many_dispatch([source(1), source(KeyError())], dispatch)


async def test_a_cancellation_ends_everything() -> None:
    """The tasks that read too."""

    async def dispatch(item: Any) -> None:
        """Never called."""

    task = asyncio.ensure_future(await_many_dispatch([source(), source()], dispatch))
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 4

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert len(asyncio.all_tasks()) == 1


def test_is_same_domain_is_found_here_too() -> None:
    """Under the path of 1.1.0."""
    assert utils.is_same_domain is is_same_domain
