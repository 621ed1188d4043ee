"""What trio's `wait_all_tasks_blocked()` is, for asyncio."""

import asyncio
from collections import deque
from typing import Protocol, cast


class LoopThatTells(Protocol):
    """What every event loop of asyncio itself has: the callbacks that it can run now."""

    _ready: deque[asyncio.Handle]


async def wait_all_tasks_blocked(turns: int = 10_000) -> None:
    """Return when nothing is left to run but the caller, however many turns of the loop that takes.

    Everything else waits then: for the caller, for a socket or thread that has nothing yet, or for a time
    that is not yet there.

    Args:
        turns: How many turns of the event loop are too many.

    Raises:
        AssertionError: Something still runs after that many turns, so it would never come to rest.
    """
    # The public methods of an event loop say nothing of what it is about to do.
    loop = cast("LoopThatTells", asyncio.get_running_loop())
    for _ in range(turns):
        # A turn begins with what has arrived at sockets meanwhile, so that comes behind the caller.
        await asyncio.sleep(0)
        if not loop._ready:  # pyright: ignore[reportPrivateUsage]  # asyncio's own, see above
            return
    raise AssertionError(f"the event loop did not come to rest in {turns} turns")
