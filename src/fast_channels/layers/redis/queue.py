"""Named channels as queues in Redis."""

import asyncio
import contextvars
import itertools
import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from redis.exceptions import MovedError, RedisError, ResponseError

from fast_channels.layers.delivery import Delivery, closed_meanwhile
from fast_channels.layers.mailbox import Letter, notify_all
from fast_channels.layers.redis.connection import Reply
from fast_channels.layers.redis.transport import RedisTransport, Shard

__all__ = ["Queue", "QueueCounts", "put"]

LONGEST_EXPIRY: Final = 1e9
"""Seconds, some thirty years: an expiry may be infinite, but the time has 13 digits in an entry."""

RETRY_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 1.0

logger: logging.Logger = logging.getLogger("fast_channels.layers.redis")

RECEIPT_SECONDS: Final = 60
"""How long an answer can be asked for again that was lost with the connection."""

# An entry is the time at which it is due, as 13 digits of milliseconds, and the frame. The server's clock is
# the only one, because those of processes differ. A script that is sent again, because its answer was lost,
# finds its receipt and does nothing twice. What begins with no time was put there by somebody else; whoever
# takes it finds out what it is.
_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function due(entry)
    return tonumber(string.sub(entry, 1, 13))
end
local function keep(milliseconds)
    if redis.call('PTTL', KEYS[1]) < tonumber(milliseconds) then
        redis.call('PEXPIRE', KEYS[1], milliseconds)
    end
end
"""

# Whoever may not publish has put nothing into the queue: that call comes before the first change, and those
# whom it wakes look when the script has ended. A server without memory refuses RPUSH, but
# not after another change.
PUT = f"""{_NOW}
local outdated = 0
while true do
    local head = redis.call('LINDEX', KEYS[1], outdated)
    if not head or (due(head) or math.huge) > now then break end
    outdated = outdated + 1
end
local room = redis.call('LLEN', KEYS[1]) - outdated < tonumber(ARGV[2])
if room then
    redis.call('PUBLISH', ARGV[4], '')
    redis.call('RPUSH', KEYS[1], string.format('%013d', now + ARGV[3]) .. ARGV[1])
    keep(ARGV[3])
end
if outdated > 0 then redis.call('LTRIM', KEYS[1], outdated, -1) end
return {{room and 1 or 0, outdated}}
"""

TAKE = f"""{_NOW}
local receipt = redis.call('GET', KEYS[2])
if receipt then return cmsgpack.unpack(receipt) end
local taken = {{0}}
while #taken < 2 * ARGV[1] do
    local head = redis.call('LPOP', KEYS[1])
    if not head then break end
    local at = due(head)
    if at and at <= now then
        taken[1] = taken[1] + 1
    else
        taken[#taken + 1] = at and at - now or 1
        taken[#taken + 1] = at and string.sub(head, 14) or head
    end
end
if #taken > 1 or taken[1] > 0 then
    redis.call('SET', KEYS[2], cmsgpack.pack(taken), 'EX', {RECEIPT_SECONDS})
end
return taken
"""

# A server whose memory is full refuses a script, unless one that has changed something already: so it gets
# back what it gave.
RETURN = f"""{_NOW}
redis.call('LTRIM', KEYS[1], 0, -1)
if not redis.call('SET', KEYS[2], '', 'NX', 'EX', {RECEIPT_SECONDS}) then return 0 end
for i = #ARGV, 3, -2 do
    redis.call('LPUSH', KEYS[1], string.format('%013d', now + ARGV[i - 1]) .. ARGV[i])
    keep(ARGV[i - 1])
end
redis.pcall('PUBLISH', ARGV[1], '')
return #ARGV - 1
"""


@dataclass(slots=True)
class QueueCounts:
    """What has happened to the queues of a layer, in all its event loops; see `RedisStats`."""

    outdated: int = 0
    unreturned: int = 0


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
        self.key = key
        self._delivery = delivery
        self._counts = counts
        self._channel = channel
        shard = delivery.transport.shard(self.key)
        self._link = shard.commands
        self._notice = shard.realm + self.key
        self._receipts = itertools.count()
        self._receipt = self._new_receipt()
        self._found = False
        self._again = False
        self._asking = False
        # Redis may have given messages away in an answer that has not come.
        self._owed = False
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._returns: set[asyncio.Future[Reply]] = set()

    async def attend(self) -> None:
        """Hear of what is put into the queue, from now on.

        Raises:
            RuntimeError: The channel was closed meanwhile.
            ResponseError: The server is a node of a Redis Cluster that does not hold the queue, or refuses.
            redis.exceptions.ConnectionError: There was no connection in time.
        """
        if not self._found:
            with _not_moved(self.key):
                await self._link.ask("LLEN", self.key, repeat=True)
            self._found = True
        if self._closed:
            raise closed_meanwhile(self._channel)
        await self._delivery.attend(self.key, self._channel)

    def wake(self) -> None:
        """Take messages, if anybody waits for some."""
        self._again = True
        if (self._task is None or self._task.done()) and not self._closed:
            loop = asyncio.get_running_loop()
            self._task = loop.create_task(self._take_all(), context=contextvars.Context())

    def left(self) -> None:
        """Give back what was taken for receivers that have gone."""
        if not self._asking:
            # Otherwise what comes next would go back after it, to a place in front of it.
            self._give_back(self._abandoned())

    async def close(self) -> None:
        """End the taking; what comes meanwhile goes back, if the server answers soon."""
        self._closed = True
        self.left()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=CLOSE_SECONDS)
            if late:
                logger.warning("messages of channel %r may be lost: Redis does not answer", self._channel)
            self._task.cancel()
        if self._returns:
            await asyncio.wait(self._returns, timeout=CLOSE_SECONDS)

    async def _take_all(self) -> None:
        while self._again:
            self._again = False
            try:
                while (count := self._wanted()) or self._owed:
                    if await self._take(count) < count:
                        break
            except RedisError as error:
                # Perhaps there is no connection, for which this has waited; perhaps Redis has no memory.
                logger.warning(
                    "messages of channel %r cannot be taken, trying again: %s", self._channel, error
                )
                self._again = not self._closed
                await asyncio.sleep(RETRY_SECONDS)

    async def _take(self, count: int) -> int:
        """Take and deliver as many messages; return how many there were."""
        taken: list[tuple[float, bytes]] = []
        was_owed = self._owed
        self._asking = self._owed = True
        try:
            expired, *pairs = await self._link.ask(
                "EVAL", TAKE, 2, self.key, self._receipt, count, repeat=True
            )
            self._owed = False
            if expired or pairs:
                self._link.tell("UNLINK", self._receipt, now=False)
                self._receipt = self._new_receipt()
            self._counts.outdated += expired
            taken = [(left / 1000, frame) for left, frame in zip(pairs[::2], pairs[1::2], strict=True)]
        except ResponseError:
            # It has given nothing away this time.
            self._owed = was_owed
            raise
        finally:
            self._asking = False
            self._deliver(taken)
        return len(taken)

    def _wanted(self) -> int:
        box = self._delivery.room.boxes.get(self._channel)
        return 0 if box is None or self._closed else max(box.receivers.count - len(box), 0)

    def _deliver(self, taken: Sequence[tuple[float, bytes]]) -> None:
        wanted = self._wanted()
        for left, frame in taken[:wanted]:
            try:
                _, contents = self._delivery.read(frame)
            except Exception as error:
                self._delivery.refuse(self.key, error)
                self._again = True
            else:
                notify_all(self._delivery.put([self._channel], contents, left, _Taken).callbacks)
        self._give_back([*self._abandoned(), *taken[wanted:]])

    def _abandoned(self) -> list[tuple[float, bytes]]:
        """Return what is in the mailbox and nobody waits for any more, and leave none of it there."""
        room = self._delivery.room
        with room.lock:
            box = room.boxes.get(self._channel)
            # What its groups have sent stays until the end: nobody else is their member.
            kind = Letter if self._closed else _Taken
            letters = [] if box is None or box.receivers.count else box.withdraw(kind)
            if box is not None:
                room.tidy(box)
        now = room.clock()
        return [(letter.expires_at - now, self._delivery.write(letter.snapshot)) for letter in letters]

    def _give_back(self, entries: Sequence[tuple[float, bytes]]) -> None:
        if not entries:
            return
        receipt = self._new_receipt()
        arguments = [part for left, frame in entries for part in (_milliseconds(left), frame)]
        future = self._link.ask("EVAL", RETURN, 2, self.key, receipt, self._notice, *arguments, repeat=True)
        self._returns.add(future)
        future.add_done_callback(partial(self._returned, receipt, len(entries)))

    def _returned(self, receipt: str, count: int, future: asyncio.Future[Reply]) -> None:
        self._returns.discard(future)
        if future.exception() is None:
            self._link.tell("UNLINK", receipt, now=False)
        else:
            self._counts.unreturned += count
            logger.warning(
                "%d messages of channel %r may be lost: %s", count, self._channel, future.exception()
            )

    def _new_receipt(self) -> str:
        # A name of its own each time: a late UNLINK must not remove the receipt of a later step.
        return f"{self.key}!{self._delivery.token}{next(self._receipts)}"


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
            "that is no cluster, while groups and new_channel() work through any node"
        ) from error


def _milliseconds(seconds: float) -> int:
    return max(int(min(seconds, LONGEST_EXPIRY) * 1000), 1)
