"""The state of the rooms: the people in each, and its last messages."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from examples.chat.messages import Joined, Left, RoomGroup, RoomNews, Said, Welcome

HISTORY = 50
"""How many messages a room stores."""


class Rooms(ABC):
    """Stores the state of the rooms. Each method first changes the state of a room, then sends the event.

    Therefore a consumer that first joins the group of a room and then reads its state misses nothing. It may
    get the event of a change that it has already read.
    """

    @abstractmethod
    async def enter(self, room: RoomGroup, name: str, who: str) -> bool:
        """Enter a room under a name, if the name is free; the owner of a name may enter again.

        Args:
            room: The room.
            name: The name.
            who: The channel of the consumer, which identifies it.

        Returns:
            Whether the consumer is in the room.
        """

    @abstractmethod
    async def leave(self, room: RoomGroup, name: str, who: str) -> None:
        """Leave a room and free the name, if it still belongs to this consumer."""

    @abstractmethod
    async def say(self, room: RoomGroup, said: Said) -> None:
        """Say something in a room."""

    @abstractmethod
    async def look(self, room: RoomGroup) -> Welcome:
        """Return the people in a room, and its last messages."""

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[Self]:
        """Run the background work of the rooms while the application runs."""
        yield self


class Room:
    """The people in a room, by name, and its last messages."""

    def __init__(self) -> None:
        self.people: dict[str, str] = {}
        self.history: deque[Said] = deque(maxlen=HISTORY)


class MemoryRooms(Rooms):
    """Rooms in the memory of one process. A room is made at its first use.

    Args:
        limit: How many rooms are stored; beyond it, a new room replaces the oldest empty one.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._rooms: dict[str, Room] = {}

    async def enter(self, room: RoomGroup, name: str, who: str) -> bool:
        """Enter a room under a name, if the name is free."""
        people = self._room(room).people
        if name not in people:
            people[name] = who
            await room.send(RoomNews(news=Joined(name=name)))
        return people[name] == who

    async def leave(self, room: RoomGroup, name: str, who: str) -> None:
        """Leave a room and free the name."""
        people = self._room(room).people
        if people.get(name) == who:
            del people[name]
            await room.send(RoomNews(news=Left(name=name)))

    async def say(self, room: RoomGroup, said: Said) -> None:
        """Say something in a room."""
        self._room(room).history.append(said)
        await room.send(RoomNews(news=said))

    async def look(self, room: RoomGroup) -> Welcome:
        """Return the people in a room, and its last messages."""
        state = self._room(room)
        return Welcome(people=sorted(state.people), history=list(state.history))

    def _room(self, room: RoomGroup) -> Room:
        if room.room not in self._rooms:
            self._make_space()
            self._rooms[room.room] = Room()
        return self._rooms[room.room]

    def _make_space(self) -> None:
        if len(self._rooms) >= self._limit:
            empty = next((name for name, room in self._rooms.items() if not room.people), None)
            if empty is not None:
                del self._rooms[empty]
