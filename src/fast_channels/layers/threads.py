"""The thread in which code without an event loop sends."""

import asyncio
import os
import selectors
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from fast_channels.event_loop import needs_asyncio, runs_trio

__all__ = ["forget", "run"]

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def run(step: Coroutine[Any, Any, T], layer: type, call: str) -> T:
    """Run a coroutine in the I/O thread that all synchronous code of this process shares; wait for it.

    Args:
        step: The coroutine, which has not begun.
        layer: The class of the layer that sends, for the text of the error.
        call: The call that would have been right in an event loop, for the text of the error.

    Raises:
        RuntimeError: The calling thread runs an event loop, of asyncio or of trio, which must not be blocked.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        if not runs_trio():
            return asyncio.run_coroutine_threadsafe(step, _started()).result()
        error = needs_asyncio(layer, f"call sync_{call}() in another thread")
    else:
        error = RuntimeError(
            f"this thread runs an event loop, which sync_{call}() would block; use `await ...{call}()` there"
        )
    step.close()
    raise error


def _started() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.SelectorEventLoop(_releasing_thread(selectors.DefaultSelector()))
            threading.Thread(target=_loop.run_forever, name="fast_channels I/O", daemon=True).start()
        return _loop


def _releasing_thread(selector: selectors.BaseSelector) -> selectors.BaseSelector:
    """Let a thread run no event loop while its loop waits.

    Under gevent a thread is a greenlet, and to asyncio all of them are one thread: the others would be told
    that they run this loop. They have their turns while it waits.
    """
    wait, other = selector.select, asyncio._get_running_loop()

    def select(timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        nonlocal other
        here = asyncio._get_running_loop()
        asyncio._set_running_loop(other)
        try:
            return wait(timeout)
        finally:
            other = asyncio._get_running_loop()
            asyncio._set_running_loop(here)

    vars(selector)["select"] = select
    return selector


def forget() -> None:
    """Start anew in a forked process, which inherits the loop but not the thread that runs it."""
    global _lock, _loop
    _lock = threading.Lock()
    _loop = None


if hasattr(os, "register_at_fork"):
    # Windows does not fork.
    os.register_at_fork(after_in_child=forget)
