"""The coroutines that wait for a message, each in its own event loop."""

import asyncio
import threading
from collections import OrderedDict

__all__ = ["Receivers"]


class Receivers:
    """The coroutines that wait for a message of one mailbox: first come, first served. Needs the lock.

    Attributes:
        count: How many coroutines are inside `Mailroom.receive()` for this channel.
        left_to: Whether messages came while they were there, of which nobody else takes care.
        waiting: The futures of those that have found no message, with the thread of their event loop.
    """

    __slots__ = ("count", "left_to", "waiting")

    def __init__(self) -> None:
        self.count: int = 0
        self.left_to: bool = False
        self.waiting: OrderedDict[asyncio.Future[None], int] = OrderedDict()

    def wait(self) -> asyncio.Future[None]:
        """Return a future of the running loop that ends when a message may have come."""
        waiter = asyncio.get_running_loop().create_future()
        self.waiting[waiter] = threading.get_ident()
        return waiter

    def wake_one(self) -> None:
        """Let the receiver that has waited longest look for a message."""
        while self.waiting:
            waiter, thread = self.waiting.popitem(last=False)
            if _wake(waiter, thread):
                return

    def wake_all(self) -> None:
        """Let all receivers look for a message."""
        while self.waiting:
            self.wake_one()


def _wake(waiter: asyncio.Future[None], thread: int) -> bool:
    """Return whether somebody was woken; not so when the waiter is done already or its loop is closed."""
    if waiter.done():
        return False
    try:
        if thread == threading.get_ident():
            waiter.set_result(None)
        else:
            waiter.get_loop().call_soon_threadsafe(_finish, waiter)
    except RuntimeError:
        return False
    return True


def _finish(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
