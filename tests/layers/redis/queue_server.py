"""A server that a test controls, with queues."""

from collections.abc import Callable
from typing import Any

from fast_channels.layers.redis import scripts
from fast_channels.layers.redis.connection import Command, Reply
from tests.layers.redis.virtual import FakeServer


class QueueServer(FakeServer):
    """A server whose scripts are functions here.

    Attributes:
        entries: What waits in the queue: milliseconds that are left, and the frame.
        refuses: What it says to scripts instead, by the script.
        limit: How many messages a queue holds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[tuple[int, bytes]] = []
        self.refuses: dict[str, Exception] = {}
        self._receipts: dict[str, Reply] = {}
        self.answers.update(EVAL=self.run_script, LLEN=self._length, UNLINK=1)
        self._scripts: dict[str, Callable[..., Reply]] = {
            scripts.PUT: self._put,
            scripts.TAKE: self._take,
            scripts.RETURN: self._return,
        }

    def run_script(self, command: Command) -> Reply:
        """Do what a script does."""
        _, script, _, *arguments = command
        step = self._scripts[str(script)]
        return self.refuses.get(step.__name__) or step(*arguments[1:])

    def _length(self, command: Command) -> int:
        return len(self.entries)

    def _put(self, frame: Any, capacity: Any, milliseconds: Any, notice: Any) -> Reply:
        if len(self.entries) >= capacity:
            return [0, 0]
        self.entries.append((milliseconds, frame))
        self.publish(notice, b"")
        return [1, 0]

    def _take(self, receipt: Any, count: Any) -> Reply:
        if receipt not in self._receipts:
            taken, self.entries = self.entries[:count], self.entries[count:]
            if not taken:
                return [0]
            self._receipts[receipt] = [0, *(part for entry in taken for part in entry)]
        return self._receipts[receipt]

    def _return(self, receipt: Any, notice: Any, *parts: Any) -> Reply:
        if receipt not in self._receipts:
            self._receipts[receipt] = True
            self.entries[:0] = [*zip(parts[::2], parts[1::2], strict=True)]
            self.publish(notice, b"")
        return len(parts)

    def taken(self) -> int:
        """Return how often somebody has asked for messages."""
        return sum(command[1] == scripts.TAKE for command in self.commands if command[0] == "EVAL")

    def scripts(self) -> int:
        """Return how many scripts came."""
        return self.names().count("EVAL")
