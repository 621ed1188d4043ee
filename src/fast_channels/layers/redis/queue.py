"""Named channels as queues in Redis: what is taken for those who wait here, and what goes back."""

import asyncio
import contextvars
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Final

from redis.exceptions import RedisError

from fast_channels.layers.delivery import Delivery
from fast_channels.layers.mailbox import Letter, notify_all
from fast_channels.layers.mailroom import closed_meanwhile
from fast_channels.layers.redis.connection import Reply
from fast_channels.layers.redis.stored_queue import Entry, Held, StoredQueue
from fast_channels.layers.redis.transport import RedisTransport
from fast_channels.untrusted import said

__all__ = ["Queue", "QueueCounts"]

RETRY_SECONDS: Final = 1.0
"""How long to wait after Redis has refused to give messages."""

CLOSE_SECONDS: Final = 1.0
"""How long the end of a queue waits for a server that does not answer."""

logger: logging.Logger = logging.getLogger("fast_channels.layers.redis")


@dataclass(slots=True)
class QueueCounts:
    """What has happened to the queues of a layer, in all its event loops; see `RedisStats`."""

    outdated: int = 0
    unreturned: int = 0


class State(Enum):
    """Whether a queue is open, and whether Redis is being asked for messages."""

    OPEN = "open"
    TAKING = "taking"
    CLOSING = "closing"
    """It was closed while Redis was being asked: what comes goes back."""
    CLOSED = "closed"


class Move(Enum):
    """What happens to a queue."""

    ASK = "ask"
    """Redis is asked for messages."""
    ANSWER = "answer"
    """It has answered, or there was no connection."""
    CLOSE = "close"


STATES: Final[Mapping[State, Mapping[Move, State]]] = MappingProxyType(
    {
        State.OPEN: {Move.ASK: State.TAKING, Move.CLOSE: State.CLOSED},
        State.TAKING: {Move.ANSWER: State.OPEN, Move.CLOSE: State.CLOSING},
        # A message that Redis may have given away is asked for until there is an answer.
        State.CLOSED: {Move.ASK: State.CLOSING, Move.CLOSE: State.CLOSED},
        State.CLOSING: {Move.ANSWER: State.CLOSED, Move.CLOSE: State.CLOSING},
    }
)
"""For each state of a queue the state that follows."""

_ASKING = frozenset({State.TAKING, State.CLOSING})
_CLOSED = frozenset({State.CLOSING, State.CLOSED})


class _Taken(Letter):
    """A message of a queue, which goes back if nobody waits for it any more."""

    __slots__ = ()


class Queue:
    """The queue of one named channel, for one event loop.

    Messages wait in Redis and are taken when somebody waits for them here, as many as are waited for. Nobody
    can cancel the taking, and an answer that is lost with a connection is asked for again; what nobody waits
    for any more goes back to where it was.

    Args:
        delivery: The connections and mailboxes of the event loop.
        counts: What has happened to the queues of the layer.
        channel: The name of the channel.
        key: The name of the queue in Redis, which is published to when something is put into it.
    """

    def __init__(
        self, delivery: Delivery[RedisTransport], counts: QueueCounts, channel: str, key: str
    ) -> None:
        self._delivery = delivery
        self._counts = counts
        self._channel = channel
        self._stored = StoredQueue(delivery.transport.shard(key), key, delivery.token)
        self._again = False
        self._awake = False
        self._state = State.OPEN
        self._task: asyncio.Task[None] | None = None
        self._returns: set[asyncio.Future[Reply]] = set()

    async def listen(self) -> None:
        """Hear of what is put into the queue, from now on.

        Raises:
            RuntimeError: The channel was closed meanwhile.
            ResponseError: The server is a node of a Redis Cluster that does not hold the queue, or refuses.
            redis.exceptions.ConnectionError: There was no connection in time.
        """
        await self._stored.find()
        if self._state in _CLOSED:
            raise closed_meanwhile(self._channel)
        await self._delivery.subscribe(self._stored.key, self._channel)

    def wake(self) -> None:
        """Take messages, if anybody waits for some."""
        self._again = True
        if not self._awake and self._state not in _CLOSED:
            # Noted first: an eager task runs before it could be noted.
            self._awake = True
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._take_all(), context=contextvars.Context())

    def left(self) -> None:
        """Give back what was taken for receivers that have gone."""
        if self._state not in _ASKING:
            # Otherwise what comes next would go back after it, to a place in front of it.
            self._give_back(self._abandoned())

    async def close(self) -> None:
        """End the taking; what comes meanwhile goes back, if the server answers soon."""
        self._state = STATES[self._state][Move.CLOSE]
        self.left()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=CLOSE_SECONDS)
            if late:
                logger.warning("messages of channel %r may be lost: Redis does not answer", self._channel)
            self._task.cancel()
        if self._returns:
            await asyncio.wait(self._returns, timeout=CLOSE_SECONDS)

    async def _take_all(self) -> None:
        try:
            while self._again:
                self._again = False
                try:
                    await self._take_wanted()
                except RedisError as error:
                    # Perhaps there is no connection, for which this has waited; perhaps Redis has no memory.
                    logger.warning(
                        "messages of channel %r cannot be taken, trying again: %s", self._channel, said(error)
                    )
                    self._again = self._state not in _CLOSED
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._awake = False

    async def _take_wanted(self) -> None:
        while (count := self._wanted()) or self._stored.held is Held.OWED:
            if await self._take(count) < count:
                break

    async def _take(self, count: int) -> int:
        """Take and deliver as many messages; return how many there were."""
        taken: list[Entry] = []
        self._state = STATES[self._state][Move.ASK]
        try:
            expired, taken = await self._stored.take(count)
            self._counts.outdated += expired
        finally:
            self._state = STATES[self._state][Move.ANSWER]
            self._deliver(taken)
        return len(taken)

    def _wanted(self) -> int:
        box = self._delivery.mailroom.boxes.get(self._channel)
        return 0 if box is None or self._state in _CLOSED else max(box.receivers.count - len(box), 0)

    def _deliver(self, taken: Sequence[Entry]) -> None:
        wanted = self._wanted()
        for left, frame in taken[:wanted]:
            try:
                _, contents = self._delivery.read(frame)
            except Exception as error:
                self._delivery.refuse(self._stored.key, error)
                self._again = True
            else:
                notify_all(self._delivery.put([self._channel], contents, left, _Taken).callbacks)
        self._give_back([*self._abandoned(), *taken[wanted:]])

    def _abandoned(self) -> list[Entry]:
        """Return what is in the mailbox and nobody waits for any more, and leave none of it there."""
        mailroom = self._delivery.mailroom
        with mailroom.lock:
            box = mailroom.boxes.get(self._channel)
            # What its groups have sent stays until the end: nobody else is their member.
            kind = Letter if self._state in _CLOSED else _Taken
            letters = [] if box is None or box.receivers.count else box.withdraw(kind)
            if box is not None:
                mailroom.tidy(box)
        now = mailroom.clock()
        return [(letter.expires_at - now, self._delivery.write(letter.snapshot)) for letter in letters]

    def _give_back(self, entries: Sequence[Entry]) -> None:
        if entries:
            future = self._stored.give_back(entries)
            self._returns.add(future)
            future.add_done_callback(partial(self._returned, len(entries)))

    def _returned(self, count: int, future: asyncio.Future[Reply]) -> None:
        self._returns.discard(future)
        if (error := future.exception()) is not None:
            self._counts.unreturned += count
            logger.warning("%d messages of channel %r may be lost: %s", count, self._channel, said(error))
