"""Where a consumer's events meet: those of its client and those of its channel layer, in order of arrival."""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from fast_channels.layers.base import BaseChannelLayer
from fast_channels.layers.mailbox import Mailbox
from fast_channels.protocol import Connection
from fast_channels.type_defs import ASGIReceiveCallable

READ_AHEAD: Final = 2
"""How many events of a source are read before they are handled: enough to see a disconnect, and a bound."""

LAST_EVENTS: Final = frozenset({"websocket.disconnect", "http.disconnect", "lifespan.shutdown"})
"""Events of a server after which it has nothing more to say."""


class Origin(Enum):
    """Where an event is from."""

    LAYER = "layer"
    SERVER = "server"
    LAST = "last"
    """From the server, which has nothing more to say."""


Arrival: TypeAlias = tuple[Mapping[str, Any], Origin]
"""An event, and where it is from."""


class _Failure(NamedTuple):
    """A source has ended with an error, which is raised when everything before it has been handled."""

    error: BaseException


class _Room:
    """Makes a source wait while enough of its events wait to be handled."""

    __slots__ = ("_used", "_waiter")

    def __init__(self) -> None:
        self._used = 0
        self._waiter: asyncio.Future[None] | None = None

    def take(self) -> bool:
        """Use a place; returns whether the next event has to wait for one."""
        self._used += 1
        return self._used >= READ_AHEAD

    async def wait(self) -> None:
        """Wait until a place is given back."""
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def give(self) -> None:
        """Give a place back."""
        self._used -= 1
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Inbox:
    """The events of one consumer, one at a time.

    Without a channel layer the client's events are read when they are asked for, and no task is needed.
    A task that reads ahead starts with a second source, or when a handler has to wait for something: so
    it is seen that the client leaves while the handler runs.

    Args:
        connection: What checks the client's events, `None` for a protocol that ASGI does not define.
        receive: The server's `receive`.

    Attributes:
        channel: The channel of the channel layer that is to be closed in the end.
        close_code: The code of the WebSocket disconnect that was read, `None` before.
        lost: Whether the server failed to deliver an event.
    """

    __slots__ = (
        "_client_room",
        "_connection",
        "_ended",
        "_entries",
        "_layer_room",
        "_loop",
        "_mailbox",
        "_pump",
        "_reader",
        "_receive",
        "_thread",
        "_waiter",
        "channel",
        "close_code",
        "lost",
    )

    def __init__(self, connection: Connection | None, receive: ASGIReceiveCallable) -> None:
        self._client_room = _Room()
        self._connection = connection
        self._ended = False
        # None stands for the oldest message in the layer's mailbox.
        self._entries: deque[Arrival | _Failure | None] = deque()
        self._layer_room = _Room()
        self._loop = asyncio.get_running_loop()
        self._mailbox: Mailbox | None = None
        self._pump: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._receive = receive
        self._thread = threading.get_ident()
        self._waiter: asyncio.Future[None] | None = None
        self.channel: str | None = None
        self.close_code: int | None = None
        self.lost: bool = False

    def listen(self, layer: BaseChannelLayer, channel: str) -> None:
        """Take the messages of a channel too: pushed by the layer if it can, else asked for by a task."""
        # Whatever has the methods of a layer may be registered, and only ours push.
        if isinstance(layer, BaseChannelLayer):  # pyright: ignore[reportUnnecessaryIsInstance]
            self._mailbox = layer.listen(channel, self._notify)
        if self._mailbox is None:
            self._pump = self._loop.create_task(self._run(partial(self._ask, layer, channel)))

    def read_ahead(self) -> None:
        """Read the client's events in a task from now on."""
        if self._reader is None and not self._ended:
            self._reader = self._loop.create_task(self._run(self._read))

    async def get(self) -> Arrival:
        """Return the next event.

        Raises:
            ProtocolError: It does not have the fields that the specification gives it.
            Exception: Whatever the server's `receive` or the channel layer raised.
        """
        if self._reader is None:
            return await self._next_from_server()
        while True:
            while not self._entries:
                self._waiter = self._loop.create_future()
                await self._waiter
            entry = self._entries.popleft()
            if isinstance(entry, _Failure):
                raise entry.error
            if entry is None:
                if (message := self._next_from_mailbox()) is not None:
                    return message, Origin.LAYER
                continue
            if entry[1] is Origin.LAYER:
                self._layer_room.give()
                return self._check(entry[0]), Origin.LAYER
            self._client_room.give()
            return entry

    async def close(self) -> None:
        """Take nothing more, and end the tasks."""
        tasks = [task for task in (self._reader, self._pump) if task is not None and not task.done()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _next_from_server(self) -> Arrival:
        try:
            message = await self._receive()
        except BaseException:
            self.lost = True
            raise
        if self._connection is None:
            return message, Origin.SERVER
        event = self._connection.receive(message)
        if event is message or event["type"] not in LAST_EVENTS:
            return event, Origin.SERVER
        self._ended = True
        self.close_code = event.get("code")
        return event, Origin.LAST

    def _next_from_mailbox(self) -> Mapping[str, Any] | None:
        message = None if self._mailbox is None else self._mailbox.take()
        return None if message is None else self._check(message)

    def _check(self, message: Mapping[str, Any]) -> Mapping[str, Any]:
        return message if self._connection is None else self._connection.check(message)

    async def _run(self, source: Callable[[], Awaitable[None]]) -> None:
        # A function: a coroutine would never be awaited when the task is cancelled before it begins.
        try:
            await source()
        except (Exception, asyncio.CancelledError) as error:
            # A server may cancel by raising out of its receive, and nobody asks for our own cancellation.
            self._put(_Failure(error))

    async def _read(self) -> None:
        while not self._ended:
            self._put(await self._next_from_server())
            if self._client_room.take():
                await self._client_room.wait()

    async def _ask(self, layer: BaseChannelLayer, channel: str) -> None:
        while True:
            self._put((await layer.receive(channel), Origin.LAYER))
            if self._layer_room.take():
                await self._layer_room.wait()

    def _notify(self) -> None:
        """Note that the mailbox holds one message more; called from whatever thread sent it."""
        if threading.get_ident() == self._thread:
            self._put(None)
        else:
            self._loop.call_soon_threadsafe(self._put, None)

    def _put(self, entry: Arrival | _Failure | None) -> None:
        self._entries.append(entry)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
