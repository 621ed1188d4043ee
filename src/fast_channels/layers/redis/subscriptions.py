"""What one process has subscribed to at one server."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from fast_channels.layers.redis.connection import Connection, Greeting, Reply
from fast_channels.layers.redis.link import Link

__all__ = ["Subscriptions"]


class Subscriptions:
    """Keeps subscriptions alive, whatever becomes of the connection.

    Args:
        make: Returns a new connection that is not connected.
        where: The server, for logs and errors.
        timeout: Seconds that a subscription waits for a connection, and that connecting may take.
        ping_interval: See `Link`.
        realm: What the server has in front of all names.
        on_message: Takes the name, with the realm, and the contents of a published message.
        on_return: Called when all subscriptions are there again after the connection was lost.
    """

    def __init__(
        self,
        make: Callable[[], Connection],
        where: str,
        *,
        timeout: float,
        ping_interval: float,
        realm: str = "",
        on_message: Callable[[bytes, bytes], Awaitable[None]],
        on_return: Callable[[], None],
    ) -> None:
        self._realm = realm
        self._on_return = on_return
        # The future ends when the server has acknowledged a new subscription.
        self._wanted: dict[str, asyncio.Future[Reply] | None] = {}
        self._link = Link(
            make,
            where,
            timeout=timeout,
            ping_interval=ping_interval,
            greet=self._all_again,
            on_message=on_message,
        )

    def __contains__(self, name: str) -> bool:
        """Return whether the server has ever acknowledged a name that was not removed since."""
        if name not in self._wanted:
            return False
        pending = self._wanted[name]
        return pending is None or (pending.done() and not _has_failed(pending))

    @property
    def link(self) -> Link:
        """The connection."""
        return self._link

    async def add(self, name: str) -> None:
        """Subscribe to a name; return when the server has acknowledged it, on the present connection.

        Raises:
            redis.exceptions.RedisError: There was no connection in time, or the server refuses.
        """
        if name not in self._wanted:
            future = self._wanted[name] = self._link.ask("SUBSCRIBE", self._realm + name, repeat=True)
            future.add_done_callback(partial(self._answered, name))
        pending = self._wanted[name]
        if pending is not None:
            await asyncio.shield(pending)
        elif not self._link.established:
            # What the server has acknowledged went with the connection. This is answered after the greeting
            # of the next one, or fails in time and says why.
            await self._link.ask("SUBSCRIBE", self._realm + name, repeat=True)

    def remove(self, name: str) -> None:
        """End a subscription, if there is one."""
        if name in self._wanted:
            del self._wanted[name]
            self._link.tell("UNSUBSCRIBE", self._realm + name)

    async def close(self) -> None:
        """End the connection and all subscriptions."""
        self._wanted.clear()
        await self._link.close()

    def _answered(self, name: str, future: asyncio.Future[Reply]) -> None:
        failed = _has_failed(future)
        if self._wanted.get(name) is not future:
            return
        if failed:
            del self._wanted[name]
        else:
            self._wanted[name] = None

    def _all_again(self) -> Greeting | None:
        # What was never acknowledged is still on its way; nobody has missed anything through it.
        names = [self._realm + name for name, pending in self._wanted.items() if pending is None]
        return (("SUBSCRIBE", *names), len(names), self._on_return) if names else None


def _has_failed(future: asyncio.Future[Reply]) -> bool:
    return future.cancelled() or future.exception() is not None
