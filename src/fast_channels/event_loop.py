"""What runs consumers and layers: an event loop of asyncio, and no other."""

import asyncio
import sys
from typing import Any

__all__ = ["is_cancelled", "needs_asyncio", "refuse_trio", "require_asyncio", "runs_trio"]


def is_cancelled() -> bool:
    """Return whether somebody has cancelled this task, and not only something that it has waited for.

    Of what runs in no task nobody knows; whoever drives it may mean it so.
    """
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return True
    return task is None or task.cancelling() > 0


def needs_asyncio(user: type, remedy: str = "run the server on asyncio") -> RuntimeError:
    """Return the error of what cannot run because no event loop of asyncio does, as under trio.

    Args:
        user: The class that needs it.
        remedy: What to do instead.
    """
    return RuntimeError(
        f"{user.__name__} needs asyncio, and no asyncio event loop is running; {remedy} "
        "(fast_channels does not support trio)"
    )


def require_asyncio(user: type) -> asyncio.Task[Any] | None:
    """Return the current task, `None` for what runs in none, where an event loop of asyncio runs.

    Args:
        user: The class that needs it.

    Raises:
        RuntimeError: None does, as under trio.
    """
    try:
        return asyncio.current_task()
    except RuntimeError:
        raise needs_asyncio(user) from None


def refuse_trio(user: type) -> None:
    """Do nothing where an event loop of asyncio runs, or none at all: not everything has to wait.

    Args:
        user: The class that does not support trio.

    Raises:
        RuntimeError: This thread runs trio.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        if runs_trio():
            raise needs_asyncio(user) from None


def runs_trio() -> bool:
    """Return whether this thread runs trio, which must not be blocked any more than asyncio."""
    trio: Any = sys.modules.get("trio")
    if trio is None:
        return False
    try:
        trio.lowlevel.current_trio_token()
    except RuntimeError:
        return False
    return True
