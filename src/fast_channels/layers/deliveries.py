"""The deliveries of one layer, one for each event loop of this process, and how they end."""

import asyncio
import itertools
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

from fast_channels.event_loop import needs_asyncio, require_asyncio
from fast_channels.layers.delivery import Delivery, owner
from fast_channels.layers.loops import before_close, not_before_close
from fast_channels.layers.process import process_id
from fast_channels.layers.stats import MailStats
from fast_channels.layers.transport import Transport

__all__ = ["Deliveries"]

T = TypeVar("T", bound=Transport)

_NO_MAIL: Final = MailStats(0, 0, 0, 0, 0, 0)

LOOK_SECONDS: Final = 0.01
"""How often to look whether an event loop of another thread still runs, while the layer is closed."""


class Deliveries(Generic[T]):
    """Makes a delivery for each event loop that uses a layer, and ends it with the layer or the event loop.

    A forked process inherits the deliveries of its parent, and neither the threads nor the right to use the
    connections: it begins anew, with a token and with counts of its own.

    Args:
        layer: The class of the layer, for errors.
        make: Makes a delivery, in the running event loop, with its token.
        begin: Called before the first delivery of a forked process.
    """

    def __init__(self, layer: type, make: Callable[[str], Delivery[T]], begin: Callable[[], None]) -> None:
        self._layer = layer
        self._make = make
        self._begin = begin
        self._by_loop: dict[asyncio.AbstractEventLoop, Delivery[T]] = {}
        self._ending: dict[Delivery[T], list[asyncio.Task[None]]] = {}
        self._past = _NO_MAIL
        self._process = process_id()
        # What the names of this process have in common, and the numbers of its event loops.
        self._token = secrets.token_hex(8)
        self._numbers = itertools.count()

    def here(self) -> Delivery[T]:
        """Return the delivery of the running event loop.

        Raises:
            RuntimeError: None of asyncio runs.
        """
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise needs_asyncio(self._layer) from None
        delivery = self._by_loop.get(loop)
        if delivery is None:
            self._begin_anew_after_fork()
            delivery = self._by_loop[loop] = self._make(f"{self._token}-{next(self._numbers):x}")
            # Nothing is left pending by whoever never calls close().
            before_close(loop, self._end)
        return delivery

    def own(self, channel: str) -> Delivery[T]:
        """Return the delivery of the running event loop, in which a channel has to be open.

        Raises:
            RuntimeError: The channel is closed, or of another event loop or process.
        """
        delivery = self.here()
        if not delivery.has(channel):
            raise self.not_here(channel)
        return delivery

    def that_made(self, channel: str) -> Delivery[T]:
        """Return the delivery of whichever event loop of this process a channel was made in.

        Raises:
            RuntimeError: There is none, or the channel is closed, so nobody here can receive on it.
        """
        token, delivery = owner(channel), self.here()
        if token != delivery.token:
            of_this_process = [one for one in tuple(self._by_loop.values()) if one.process == process_id()]
            made = [one for one in of_this_process if one.token == token]
            delivery = made[0] if made else delivery
        if not delivery.has(channel):
            raise self.not_here(channel)
        return delivery

    def not_here(self, channel: str) -> RuntimeError:
        """Return an error that says why a channel cannot be used in the running event loop."""
        token, delivery = owner(channel), self._by_loop.get(asyncio.get_running_loop())
        if not token.startswith(f"{self._token}-"):
            why = "it was made by another process or layer, and only that one can use it"
        elif delivery is not None and token == delivery.token:
            why = "it is closed"
        else:
            why = (
                "it was made in another event loop; if that has ended, its messages are lost. Make and use a "
                "channel in the same event loop; async_to_sync() starts a new one for each call"
            )
        return RuntimeError(f"channel {channel!r} cannot be used here: {why}")

    async def close(self) -> None:
        """End the deliveries of all event loops that are running; others end when their loop is closed.

        Raises:
            RuntimeError: No event loop of asyncio runs here.
        """
        require_asyncio(self._layer)
        for loop, delivery in tuple(self._by_loop.items()):
            if loop is asyncio.get_running_loop():
                await self._end(loop)
            elif loop.is_running() and delivery.process == process_id():
                await self._end_elsewhere(loop, delivery)

    def mail(self) -> MailStats:
        """Return what has become of the messages of this process so far."""
        return sum((delivery.mailroom.stats() for delivery in self._of_this_process()), self._past)

    def connected(self) -> dict[str, bool]:
        """Return whether this process is connected to each server that it uses."""
        connected: dict[str, bool] = {}
        for delivery in self._of_this_process():
            for server, state in delivery.transport.connected().items():
                connected[server] = connected.get(server, True) and state
        return connected

    def _of_this_process(self) -> list[Delivery[T]]:
        self._begin_anew_after_fork()
        every = (*self._by_loop.values(), *self._ending)
        return [delivery for delivery in every if delivery.process == self._process]

    def _begin_anew_after_fork(self) -> None:
        if self._process != process_id():
            self._process, self._past = process_id(), _NO_MAIL
            self._token = secrets.token_hex(8)
            self._begin()

    async def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        self._begin_to_end(loop)
        of_all_loops = [task for tasks in tuple(self._ending.values()) for task in tasks]
        for task in [task for task in of_all_loops if task.get_loop() is loop]:
            await asyncio.wait([task])

    async def _end_elsewhere(self, loop: asyncio.AbstractEventLoop, delivery: Delivery[T]) -> None:
        # It may have been closed since.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._begin_to_end, loop)
        while self._by_loop.get(loop) is delivery or delivery in self._ending:
            # No loop tells that it stops.
            if not loop.is_running():
                break
            await asyncio.sleep(LOOK_SECONDS)

    def _begin_to_end(self, loop: asyncio.AbstractEventLoop) -> None:
        delivery = self._by_loop.pop(loop, None)
        if delivery is not None:
            # Noted first: an eager task may have ended before it could be noted.
            tasks = self._ending[delivery] = []
            # A task of its own: nobody could end it any more if whoever waits for it were cancelled.
            tasks.append(loop.create_task(self._end_delivery(loop, delivery)))

    async def _end_delivery(self, loop: asyncio.AbstractEventLoop, delivery: Delivery[T]) -> None:
        try:
            await delivery.close()
        finally:
            self._past += delivery.mailroom.stats()
            del self._ending[delivery]
            if loop not in self._by_loop:
                not_before_close(loop, self._end)
