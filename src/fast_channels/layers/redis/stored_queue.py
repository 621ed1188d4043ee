"""What waits in Redis for a named channel: how it is put there, taken from there, and given back.

Theory of operation. A queue is a list in Redis, and every step is a script, so that nobody sees half of one.
A link sends a script again when its answer was lost with the connection; so each step that gives messages
away, or takes some back, leaves a *receipt* under a name of its own. A script that finds its receipt does
nothing, and answers what it answered before. So a message that was taken is in exactly one place: in the
list, in a receipt that will be asked for again, or here. A receipt is removed when its answer has come, and
ends by itself after a while.

While an answer may still be there that never came (`Held.OWED`), the next `take()` uses the same receipt,
whatever it was asked to take.
"""

import asyncio
import itertools
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import partial
from typing import Final, TypeAlias

from redis.exceptions import MovedError, ResponseError

from fast_channels.layers.redis.connection import Reply
from fast_channels.layers.redis.scripts import PUT, RETURN, TAKE
from fast_channels.layers.redis.transport import Shard

__all__ = ["Entry", "Held", "StoredQueue", "put"]

Entry: TypeAlias = tuple[float, bytes]
"""The seconds after which a message expires, and its frame."""

LONGEST_EXPIRY: Final = 1e9
"""Seconds, some thirty years: an expiry may be infinite, but the time has 13 digits in an entry."""


async def put(shard: Shard, key: str, frame: bytes, *, capacity: int, expiry: float) -> tuple[bool, int]:
    """Append a frame to a queue, in one step of the server.

    Returns:
        Whether there was room for it, and how many older frames had expired.

    Raises:
        ResponseError: The server is a node of a Redis Cluster that does not hold the queue, or refuses; then
            nothing is in the queue.
    """
    notice = shard.realm + key
    with _not_moved(key):
        put, outdated = await shard.commands.ask(
            "EVAL", PUT, 1, key, frame, capacity, _milliseconds(expiry), notice
        )
    return put == 1, outdated


class Held(Enum):
    """Where the messages of a queue may be."""

    UNKNOWN = "unknown"
    """The server has not shown yet that it holds the queue."""
    STORED = "stored"
    """In the queue, because every answer has come."""
    OWED = "owed"
    """In an answer that has not come: whoever asks again, with the same receipt, gets it."""


class StoredQueue:
    """The part of a queue that is in Redis, as one event loop sees it.

    Args:
        shard: The server.
        key: The name of the queue.
        token: What distinguishes the event loop.

    Attributes:
        key: The name of the queue, which is published to when something is put into it.
        held: Where its messages may be.
    """

    def __init__(self, shard: Shard, key: str, token: str) -> None:
        self.key: str = key
        self.held: Held = Held.UNKNOWN
        self._link = shard.commands
        self._notice = shard.realm + key
        self._token = token
        self._numbers = itertools.count()
        self._receipt = self._new_receipt()

    async def find(self) -> None:
        """Return when the server has shown once that it holds the queue.

        Raises:
            ResponseError: It is a node of a Redis Cluster that does not, or refuses.
            redis.exceptions.ConnectionError: There was no connection in time.
        """
        if self.held is Held.UNKNOWN:
            with _not_moved(self.key):
                await self._link.ask("LLEN", self.key, repeat=True)
            self._note_found()

    def _note_found(self) -> None:
        # Another call may have found it first, and have asked for messages since.
        if self.held is Held.UNKNOWN:
            self.held = Held.STORED

    async def take(self, count: int) -> tuple[int, list[Entry]]:
        """Take as many messages as there are, but not more than a number.

        Returns:
            How many others had expired, and the messages.

        Raises:
            ResponseError: The server refuses; it has given nothing away this time.
            redis.exceptions.ConnectionError: The connection is closed; nobody knows.
        """
        before, self.held = self.held, Held.OWED
        try:
            expired, *pairs = await self._link.ask(
                "EVAL", TAKE, 2, self.key, self._receipt, count, repeat=True
            )
        except ResponseError:
            self.held = before
            raise
        self.held = Held.STORED
        if expired or pairs:
            self._link.tell("UNLINK", self._receipt, now=False)
            self._receipt = self._new_receipt()
        return expired, [(left / 1000, frame) for left, frame in zip(pairs[::2], pairs[1::2], strict=True)]

    def give_back(self, entries: Sequence[Entry]) -> asyncio.Future[Reply]:
        """Put messages back to where they were; return a future that ends when the server has them."""
        receipt = self._new_receipt()
        arguments = [part for left, frame in entries for part in (_milliseconds(left), frame)]
        future = self._link.ask("EVAL", RETURN, 2, self.key, receipt, self._notice, *arguments, repeat=True)
        future.add_done_callback(partial(self._given_back, receipt))
        return future

    def _given_back(self, receipt: str, future: asyncio.Future[Reply]) -> None:
        if future.exception() is None:
            self._link.tell("UNLINK", receipt, now=False)

    def _new_receipt(self) -> str:
        # A name of its own each time: a late UNLINK must not remove the receipt of a later step.
        return f"{self.key}!{self._token}{next(self._numbers)}"


@contextmanager
def _not_moved(key: str) -> Generator[None]:
    try:
        yield
    except ResponseError as error:
        # Older versions of redis-py have no class of its own for what hiredis has parsed.
        text = f"MOVED {error}" if isinstance(error, MovedError) else str(error)
        if not text.startswith("MOVED "):
            raise
        raise ResponseError(
            f"{key!r} belongs to another node of the Redis Cluster ({text}); queues need a server "
            "without Redis Cluster, while groups and new_channel() work through any node"
        ) from error


def _milliseconds(seconds: float) -> int:
    return max(int(min(seconds, LONGEST_EXPIRY) * 1000), 1)
