"""The rooms of the chat, which live in memory and are gone with the process."""

from collections import deque

from examples.chat.messages import Said


class Room:
    """Who is here, and what was said last.

    Args:
        history: How many messages the room remembers.
    """

    def __init__(self, history: int) -> None:
        self.people: set[str] = set()
        self.history: deque[Said] = deque(maxlen=history)


class Rooms:
    """All rooms by name. A room is made when somebody asks for it.

    Args:
        history: How many messages each room remembers.
        limit: How many rooms there are; beyond that, making one costs the oldest in which nobody is.
    """

    def __init__(self, history: int = 50, limit: int = 1000) -> None:
        self._history = history
        self._limit = limit
        self._rooms: dict[str, Room] = {}

    def __getitem__(self, name: str) -> Room:
        if name not in self._rooms:
            self._make_space()
            self._rooms[name] = Room(self._history)
        return self._rooms[name]

    def _make_space(self) -> None:
        if len(self._rooms) >= self._limit:
            empty = next((name for name, room in self._rooms.items() if not room.people), None)
            if empty is not None:
                del self._rooms[empty]
