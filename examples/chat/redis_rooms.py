"""The rooms of the chat in Redis, which all of its processes share."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import RedisError

from examples.chat.messages import Joined, Left, RoomGroup, RoomNews, Said, Welcome
from examples.chat.rooms import HISTORY, Rooms

LEASE = 6
"""Seconds for which a name stays taken when its process has died."""

BEAT = 2
"""Seconds between two extensions of all leases of a process."""

DAY = 86_400

logger: logging.Logger = logging.getLogger("examples.chat")

# redis-py leaves much of itself untyped.
_redis: Any = redis.asyncio


class RedisRooms(Rooms):
    """Rooms that many processes share.

    A name is reserved by a lease, a key that expires unless its process extends it. A set stores the names
    that the room shows. A process that is killed leaves names without a lease in the set: they are not shown
    to new members, and the first process that notices tells the others that these people have left.

    Args:
        url: The address of Redis.
    """

    def __init__(self, url: str) -> None:
        # Four seconds in all: about as long as the channel layer waits for a connection.
        patience = Retry(ExponentialBackoff(cap=0.5, base=0.02), 12)
        self._redis = _redis.Redis.from_url(url, decode_responses=True, retry=patience)
        self._here: set[tuple[RoomGroup, str, str]] = set()

    async def enter(self, room: RoomGroup, name: str, who: str) -> bool:
        """Enter a room under a name, if the name is free."""
        lease = _lease(room, name)
        is_new = await self._redis.set(lease, who, nx=True, ex=LEASE)
        if not is_new and await self._redis.get(lease) != who:
            return False
        if is_new:
            # The previous owner of the name may have been killed.
            await self._hide(room, name)
        self._here.add((room, name, who))
        if await self._redis.sadd(_people(room), name):
            await room.send(RoomNews(news=Joined(name=name)))
        return True

    async def leave(self, room: RoomGroup, name: str, who: str) -> None:
        """Leave a room and free the name."""
        self._here.discard((room, name, who))
        if await self._redis.get(_lease(room, name)) == who:
            await self._hide(room, name)
            # Only after the event was sent: the event of the next owner of the name has to follow it.
            await self._redis.delete(_lease(room, name))

    async def say(self, room: RoomGroup, said: Said) -> None:
        """Say something in a room."""
        # These commands may be repeated: redis-py does so if the connection is lost before the answer.
        async with self._redis.pipeline() as steps:
            steps.zadd(_history(room), {said.model_dump_json(): said.at.timestamp()})
            steps.zremrangebyrank(_history(room), 0, -HISTORY - 1)
            steps.expire(_history(room), DAY)
            await steps.execute()
        await room.send(RoomNews(news=said))

    async def look(self, room: RoomGroup) -> Welcome:
        """Return the people in a room, and its last messages."""
        people = [name for name, who in (await self._leases(room)).items() if who is not None]
        history = await self._redis.zrange(_history(room), 0, -1)
        return Welcome(people=people, history=[Said.model_validate_json(said) for said in history])

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[Self]:
        """Extend the leases of this process for as long as the application runs."""
        closing = asyncio.Event()
        beats = asyncio.create_task(self._beat(closing))
        try:
            yield self
        finally:
            # Not by cancelling it: a cancellation can get lost in redis-py.
            closing.set()
            await beats
            await self._redis.aclose()

    async def _beat(self, closing: asyncio.Event) -> None:
        while not closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(closing.wait(), BEAT)
            try:
                await self._extend_leases()
                rooms = {room.group_name: room for room, _, _ in self._here}
                for room in rooms.values():
                    await self._sweep(room)
            except RedisError as error:
                logger.warning("leases could not be extended: %s", error)

    async def _extend_leases(self) -> None:
        async with self._redis.pipeline(transaction=False) as steps:
            for room, name, _ in self._here:
                steps.expire(_lease(room, name), LEASE)
                steps.expire(_people(room), DAY)
            await steps.execute()

    async def _sweep(self, room: RoomGroup) -> None:
        """Tell the people in a room that names without a lease have left."""
        for name, who in (await self._leases(room)).items():
            if who is None:
                # The name may be taken meanwhile; its owner gets the event and sends that it has joined.
                await self._hide(room, name)

    async def _hide(self, room: RoomGroup, name: str) -> None:
        if await self._redis.srem(_people(room), name):
            await room.send(RoomNews(news=Left(name=name)))

    async def _leases(self, room: RoomGroup) -> dict[str, str | None]:
        """Return the names that the room shows, each with its owner."""
        names: list[str] = sorted(await self._redis.smembers(_people(room)))
        leases = [_lease(room, name) for name in names]
        return dict(zip(names, await self._redis.mget(leases), strict=True)) if names else {}


def _people(room: RoomGroup) -> str:
    return f"{room.group_name}:people"


def _lease(room: RoomGroup, name: str) -> str:
    return f"{room.group_name}:name:{name}"


def _history(room: RoomGroup) -> str:
    return f"{room.group_name}:history"
