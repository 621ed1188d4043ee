"""The handlers of a connection that run beside its loop: concurrent ones, and those that stream replies.

Theory of operation. The loop of the life handles one message after the other. A message whose method is
concurrent, or streams, is handed to a supervised task instead, and the loop goes on: the connection owns the
task, which is cancelled and awaited at its end, and its failure ends the connection (see `supervision`). The
reply is sent by the task.

There are never more concurrent handlers than the limit. Where one more is due, the loop waits, so the client
is not read any further: that is backpressure, as with any handler that waits. The end of the connection has
to end that waiting, because the handlers that run end only with it; so the `receive` of the server is
wrapped. A stream may run as long as the connection, so it is not counted there: the message that cancels it
could not be read. Streams have a limit of their own, and one more is refused.

An async generator is closed in the task that has iterated it, however the stream ends.

This refers to neither the life nor the consumer; the tasks do, while they run.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from fast_channels.events.close_codes import CloseCode
from fast_channels.exceptions import ConnectionClosed, InvalidMessageError
from fast_channels.type_defs import ASGIReceiveCallable
from fast_channels.untrusted import shown

__all__ = ["Concurrent"]

_POLICY: Final = CloseCode.POLICY_VIOLATION.value

Spawn: TypeAlias = Callable[[], "asyncio.Task[Any]"]


class Concurrent:
    """What runs beside the loop of one connection.

    Args:
        receive: The server's `receive`.

    Attributes:
        running: How many concurrent handlers run.
    """

    __slots__ = ("_ended", "_receive", "_streams", "_waiter", "running")

    def __init__(self, receive: ASGIReceiveCallable) -> None:
        self._receive = receive
        self.running: int = 0
        self._streams: dict[tuple[str, Any], asyncio.Task[Any]] = {}
        self._waiter: asyncio.Future[None] | None = None
        self._ended = False

    async def receive(self) -> Mapping[str, Any]:
        """Return the next event of the server, and take note of the end."""
        try:
            message = await self._receive()
        except BaseException:
            self._end()
            raise
        if message.get("type") == "websocket.disconnect":
            self._end()
        return message

    async def begin(self, spawn: Spawn, limit: int) -> None:
        """Begin a concurrent handler, as soon as there are fewer than the limit.

        Raises:
            ConnectionClosed: The connection has ended before.
        """
        while self.running >= limit and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._ended:
            raise ConnectionClosed("the connection has ended before a concurrent handler could begin")
        task = spawn()
        self.running += 1
        task.add_done_callback(self._finished)

    def stream(self, spawn: Spawn, name: str, number: Any, limit: int) -> None:
        """Begin a stream of replies.

        Args:
            spawn: Begins the task.
            name: The method that streams.
            number: What the message that cancels the stream repeats, `None` if there is nothing.
            limit: How many streams may run.

        Raises:
            InvalidMessageError: One with that number runs already, or there are too many.
        """
        key = name, number
        if key in self._streams:
            which = "" if number is None else f" {shown(number)}"
            raise InvalidMessageError(f"the stream{which} is running already", code=_POLICY)
        if len(self._streams) >= limit:
            raise InvalidMessageError(f"{limit} streams are running, which is the limit", code=_POLICY)
        task = self._streams[key] = spawn()

        def finished(task: "asyncio.Task[Any]") -> None:
            # Another one may have the number when this one has been cancelled.
            if self._streams.get(key) is task:
                del self._streams[key]

        task.add_done_callback(finished)

    def cancel(self, name: str, number: Any) -> None:
        """Cancel a stream; one that is over has nothing to be cancelled."""
        task = self._streams.pop((name, number), None)
        if task is not None:
            task.cancel()

    def _finished(self, _: "asyncio.Task[Any]") -> None:
        self.running -= 1
        self._wake()

    def _end(self) -> None:
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
