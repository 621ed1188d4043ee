"""Calls of other threads into an event loop, a part of them in each of its turns.

A message that is sent in another thread to a large group would otherwise wake all its members at once, and
the event loop would do nothing else until the handlers of all of them have run.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from fast_channels.layers.rounds import PER_TURN

__all__ = ["call_in_turns"]


class _Calls:
    """The calls into one event loop that have not been made, the oldest first.

    An event loop is woken for the first of them only. It looks once more after it has noted that there is
    none left, because another thread may have relied on the note from before.
    """

    __slots__ = ("_begun", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._begun = False

    def add(
        self, loop: asyncio.AbstractEventLoop, function: Callable[..., object], arguments: tuple[Any, ...]
    ) -> None:
        self._waiting.append((function, arguments))
        if not self._begun:
            self._begun = True
            try:
                loop.call_soon_threadsafe(self._make)
            except RuntimeError:
                # The event loop is closed.
                self._waiting.clear()
                self._begun = False
                raise

    def _make(self) -> None:
        waiting = self._waiting
        for _ in range(min(len(waiting), PER_TURN)):
            function, arguments = waiting.popleft()
            function(*arguments)
        self._begun = False
        if waiting:
            self._begun = True
            asyncio.get_running_loop().call_soon(self._make)


_calls: WeakKeyDictionary[asyncio.AbstractEventLoop, _Calls] = WeakKeyDictionary()


def call_in_turns(
    loop: asyncio.AbstractEventLoop, function: Callable[..., object], *arguments: object
) -> None:
    """Call a function in an event loop of another thread, soon and in the order of the calls.

    Args:
        loop: The event loop.
        function: The function, which raises nothing.
        *arguments: What it is called with.

    Raises:
        RuntimeError: The event loop is closed.
    """
    calls = _calls.get(loop)
    if calls is None:
        calls = _calls.setdefault(loop, _Calls())
    calls.add(loop, function, arguments)
