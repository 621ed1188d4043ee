"""What has to end before its event loop is closed."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

__all__ = ["before_close", "not_before_close"]

End: TypeAlias = Callable[[asyncio.AbstractEventLoop], Coroutine[Any, Any, None]]

_ends: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[End, None]] = WeakKeyDictionary()


def before_close(loop: asyncio.AbstractEventLoop, end: End) -> None:
    """Run a coroutine function when a loop that is not running is closed, while the loop still works."""
    ends = _ends.get(loop)
    if ends is None:
        ends = _ends[loop] = {}
        _end_with(loop, ends)
    ends[end] = None


def not_before_close(loop: asyncio.AbstractEventLoop, end: End) -> None:
    """Take back what `before_close()` was told."""
    _ends[loop].pop(end, None)


def _end_with(loop: asyncio.AbstractEventLoop, ends: dict[End, None]) -> None:
    # Once for each loop: a wrapper around a wrapper for each layer would be too many to call some day.
    close = loop.close

    def end_and_close() -> None:
        while ends and not loop.is_running():
            end, _ = ends.popitem()
            _run(loop, end(loop))
        close()

    vars(loop)["close"] = end_and_close


def _run(loop: asyncio.AbstractEventLoop, step: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop.run_until_complete(step)
    else:
        # A coroutine of another loop closes this one, and a thread runs no two.
        thread = threading.Thread(target=loop.run_until_complete, args=(step,))
        thread.start()
        thread.join()
