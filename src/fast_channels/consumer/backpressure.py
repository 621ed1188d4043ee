"""How far a source of events may be ahead of the consumer that handles them."""

import asyncio
from typing import Final

__all__ = ["READ_AHEAD", "Backpressure"]

READ_AHEAD: Final = 2
"""How many events of a source are read before they are handled: enough to see a disconnect, and a bound."""


class Backpressure:
    """Makes a source wait while enough of its events wait to be handled.

    Attributes:
        unhandled: How many wait.
    """

    __slots__ = ("_limit", "_waiter", "unhandled")

    def __init__(self) -> None:
        self._limit = READ_AHEAD
        self.unhandled: int = 0
        self._waiter: asyncio.Future[None] | None = None

    def arrived(self) -> bool:
        """Count an event; returns whether the source has to wait before the next."""
        self.unhandled += 1
        return self.unhandled >= self._limit

    async def wait(self) -> None:
        """Wait until fewer events than the limit wait to be handled."""
        while self.unhandled >= self._limit:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def handled(self) -> None:
        """Count one event less, and let the source go on."""
        self.unhandled -= 1
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def allow(self, limit: int) -> None:
        """Set how many events may wait, and let the source go on if that is more than before."""
        self._limit = limit
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
