"""A consumer's side of a channel, as the tests of faults need it."""

import asyncio
from collections.abc import Callable
from typing import Any

from fast_channels.layers.mailbox import Mailbox
from fast_channels.layers.redis import RedisPubSubChannelLayer


def attach(layer: RedisPubSubChannelLayer, channel: str, notify: Callable[[], None]) -> Mailbox:
    """Listen to a channel that is no queue."""
    box = layer.listen(channel, notify)
    assert box is not None
    return box


class Listener:
    """Takes the messages of a channel as soon as they come.

    Attributes:
        messages: What came, gaps excluded.
        gaps: The gaps that it was told of.
        times: When each message came, by the clock of the event loop.
        counted: How many messages came.
        keeps: Whether messages and times are kept.
    """

    def __init__(self, layer: RedisPubSubChannelLayer, channel: str, *, keeps: bool = True) -> None:
        self.keeps = keeps
        self.counted = 0
        self.messages: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self.times: list[float] = []
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._box = attach(layer, channel, self._take)
        self._box.hears_gaps = True

    @property
    def numbers(self) -> list[int]:
        """The `n` of all messages that have one."""
        return [message["n"] for message in self.messages if "n" in message]

    async def gap(self, count: int = 1) -> None:
        """Return when it was told of so many gaps."""
        await self._until(lambda: len(self.gaps) >= count)

    async def message(self, **contents: Any) -> None:
        """Return when a message came."""
        await self._until(lambda: contents in self.messages)

    async def count(self, count: int) -> None:
        """Return when so many messages have come."""
        await self._until(lambda: self.counted >= count)

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def _take(self) -> None:
        # After the layer has put it in, as a consumer does.
        self._loop.call_soon(self._took)

    def _took(self) -> None:
        message = self._box.take()
        if message is None:
            return
        if message.get("type") == "channel.gap":
            self.gaps.append(message)
        else:
            self.counted += 1
            if self.keeps:
                self.messages.append(message)
                self.times.append(self._loop.time())
        self._news.set()


class Load:
    """Sends numbered messages to a group at a steady pace, each in a task of its own.

    Attributes:
        sent: When each message was handed to the layer.
        errors: What became of those that failed, by number.
        delay: How many seconds later than meant messages were sent, on the average: what a busy machine makes
            of one step of anything.
    """

    def __init__(self, layer: RedisPubSubChannelLayer, group: str, per_second: float = 400) -> None:
        self.sent: list[float] = []
        self.errors: dict[int, Exception] = {}
        self._late = 0.0
        self._layer = layer
        self._group = group
        self._pace = 1 / per_second
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending: set[int] = set()

    @property
    def delay(self) -> float:
        return self._late / len(self.sent)

    @property
    def acknowledged(self) -> int:
        """How many messages, from the first on without a gap, the server has taken."""
        return min(self._pending, default=len(self.sent))

    async def run(self, count: int) -> None:
        """Send so many messages more, at the pace."""
        start = self._loop.time()
        for n in range(count):
            await asyncio.sleep(start + n * self._pace - self._loop.time())
            self._late += self._loop.time() - start - n * self._pace
            self._pending.add(len(self.sent))
            task = self._loop.create_task(self._send(len(self.sent)))
            self.sent.append(self._loop.time())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Return when every message was sent or has failed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _send(self, n: int) -> None:
        try:
            await self._layer.group_send(self._group, {"n": n})
        except Exception as error:
            self.errors[n] = error
        finally:
            self._pending.discard(n)
