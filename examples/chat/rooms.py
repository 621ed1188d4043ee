"""The rooms of the chat: who is here, and what was said last."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from examples.chat.messages import Joined, Left, RoomGroup, RoomNews, Said, Welcome

HISTORY = 50
"""How many messages a room remembers."""


class Rooms(ABC):
    """What is true of the rooms. Whoever changes a room tells everybody in it, after it has changed.

    So a consumer that joins the group of a room first and looks second misses nothing. It may hear of
    something that it has seen already.
    """

    @abstractmethod
    async def enter(self, room: RoomGroup, name: str, who: str) -> bool:
        """Be in a room under a name, if nobody else has it; whoever is there already may enter again.

        Args:
            room: The room.
            name: The name.
            who: The channel of the consumer, which is nobody else's.

        Returns:
            Whether they are in.
        """

    @abstractmethod
    async def leave(self, room: RoomGroup, name: str, who: str) -> None:
        """Leave a room, and the name to others, if it is still theirs."""

    @abstractmethod
    async def say(self, room: RoomGroup, said: Said) -> None:
        """Say something in a room."""

    @abstractmethod
    async def look(self, room: RoomGroup) -> Welcome:
        """Return who is in a room, and what was said last."""

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[Self]:
        """Do what has to be done for as long as the application runs."""
        yield self


class Room:
    """Who is here, by name, and what was said last."""

    def __init__(self) -> None:
        self.people: dict[str, str] = {}
        self.history: deque[Said] = deque(maxlen=HISTORY)


class MemoryRooms(Rooms):
    """Rooms in the memory of one process, gone with it. A room is made when somebody asks for it.

    Args:
        limit: How many rooms there are; beyond that, making one costs the oldest in which nobody is.
    """

    def __init__(self, limit: int = 1000) -> None:
        self._limit = limit
        self._rooms: dict[str, Room] = {}

    async def enter(self, room: RoomGroup, name: str, who: str) -> bool:
        """Be in a room under a name, if nobody else has it."""
        people = self._room(room).people
        if name not in people:
            people[name] = who
            await room.send(RoomNews(news=Joined(name=name)))
        return people[name] == who

    async def leave(self, room: RoomGroup, name: str, who: str) -> None:
        """Leave a room, and the name to others."""
        people = self._room(room).people
        if people.get(name) == who:
            del people[name]
            await room.send(RoomNews(news=Left(name=name)))

    async def say(self, room: RoomGroup, said: Said) -> None:
        """Say something in a room."""
        self._room(room).history.append(said)
        await room.send(RoomNews(news=said))

    async def look(self, room: RoomGroup) -> Welcome:
        """Return who is in a room, and what was said last."""
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
