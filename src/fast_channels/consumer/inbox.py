"""Where a consumer's events meet: those of its client and those of its channel layer, in order of arrival."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Mapping
from enum import Enum
from threading import get_ident
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


# Asked for with every event, and the members of an Enum are slow to find.
LAYER: Final = Origin.LAYER
SERVER: Final = Origin.SERVER
LAST: Final = Origin.LAST

Arrival: TypeAlias = tuple[Mapping[str, Any], Origin]
"""An event, and where it is from."""


class _Failure(NamedTuple):
    """A source has ended with an error, which is raised when everything before it has been handled."""

    error: BaseException


_Entry: TypeAlias = Arrival | _Failure | None
"""What can be next; `None` stands for the oldest message in the layer's mailbox."""


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


class Queue:
    """What the tasks and the layer have delivered, oldest first, for the one consumer that takes it.

    Attributes:
        mailbox: Where the layer puts its messages, if it pushes them.
        pump: The task that asks the layer, if one has to.
        reader: The task that reads the client's events, when it has begun.
    """

    __slots__ = (
        "_thread",
        "_waiter",
        "client_room",
        "entries",
        "layer_room",
        "loop",
        "mailbox",
        "pump",
        "reader",
    )

    layer_room: _Room
    """There only with a task that asks the layer."""

    def __init__(self) -> None:
        self.mailbox: Mailbox | None = None
        self.pump: asyncio.Task[None] | None = None
        self.reader: asyncio.Task[None] | None = None
        self.client_room: _Room = _Room()
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        # Most of the time nothing waits here, and an empty deque takes 600 bytes.
        self.entries: deque[_Entry] | None = None
        self._thread = get_ident()
        self._waiter: asyncio.Future[_Entry] | None = None

    def put(self, entry: _Entry = None) -> None:
        """Hand an entry to the consumer if it waits for one, else keep it; callable from any thread.

        Without an entry, the mailbox holds one message more.
        """
        if get_ident() != self._thread:
            self.loop.call_soon_threadsafe(self.put, entry)
            return
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(entry)
        elif self.entries is None:
            self.entries = deque([entry])
        else:
            self.entries.append(entry)

    def arrival(self) -> Awaitable[_Entry]:
        """Return a future of the next entry that is put, while none is kept."""
        self._waiter = self.loop.create_future()
        return self._waiter


class _Turns(Queue):
    """The queue of a consumer that takes an event of its client only when it can handle it at once.

    Args:
        receive: The server's `receive`, which loses nothing when it is cancelled.
    """

    __slots__ = ("_receive", "_receiving")

    def __init__(self, receive: ASGIReceiveCallable) -> None:
        super().__init__()
        self._receive = receive
        self._receiving: asyncio.Timeout | None = None

    def put(self, entry: _Entry = None) -> None:
        """Hand an entry to the consumer, which waits for no event of its client then."""
        super().put(entry)
        # Another thread has only asked the event loop to do this.
        if self._receiving is not None and get_ident() == self._thread:
            self._receiving.reschedule(0)

    async def arrival(self) -> _Entry:
        """Return what comes first: an event of the client, or an entry that is put."""
        put = asyncio.ensure_future(super().arrival())
        # In this task, so that whoever cancels it reaches `receive`: no other would give back what it has.
        receiving = self._receiving = asyncio.timeout(None)
        try:
            async with receiving:
                message = await self._receive()
        except TimeoutError:
            if not receiving.expired():
                raise
            return put.result()
        finally:
            self._receiving = None
        # It was there just now; it is handled first, because it has been taken.
        if put.done():
            self.entries = deque([put.result(), *(self.entries or ())])
        put.cancel()
        self.client_room.take()
        return message, SERVER


class Inbox:
    """The events of one consumer, one at a time.

    Without a channel layer the client's events are read when they are asked for, and no task is needed.
    A task that reads ahead starts with a second source, or when a handler has to wait for something: so
    it is seen that the client leaves while the handler runs.

    Args:
        connection: What checks the client's events, `None` for a protocol that ASGI does not define.
        receive: The server's `receive`.

    Attributes:
        answers: How many events were sent since the last one was read.
        channel: The channel of the channel layer that is to be closed in the end.
        close_code: The code of the WebSocket disconnect that was read, `None` before.
        ended: Whether the last event of the server was read.
        lost: Whether the server failed to deliver an event.
        queue: What a task or the layer delivers, `None` before there is one.
        reading: Whether a task reads the client's events.
    """

    __slots__ = (
        "_connection",
        "_receive",
        "answers",
        "channel",
        "close_code",
        "ended",
        "lost",
        "queue",
        "reading",
    )

    def __init__(self, connection: Connection | None, receive: ASGIReceiveCallable) -> None:
        self._connection = connection
        self.ended: bool = False
        self.answers: int = 0
        self.queue: Queue | None = None
        self._receive = receive
        self.channel: str | None = None
        self.close_code: int | None = None
        self.lost: bool = False
        self.reading: bool = False

    def listen(self, layer: BaseChannelLayer, channel: str, *, gaps: bool = False) -> None:
        """Take the messages of a channel too: pushed by the layer if it can, else asked for by a task.

        Args:
            layer: The channel layer.
            channel: The channel.
            gaps: Take a `ChannelGap` too when messages were lost.
        """
        queue = self.queue = self.queue or Queue()
        # Only layers of this base class can push.
        if isinstance(layer, BaseChannelLayer):  # pyright: ignore[reportUnnecessaryIsInstance]  # one that untyped code has registered may be of another library
            queue.mailbox = layer.listen(channel, queue.put)
        if queue.mailbox is not None:
            queue.mailbox.hears_gaps = gaps
        else:
            queue.layer_room = _Room()
            queue.pump = queue.loop.create_task(self._ask(layer, channel, queue))

    def read_ahead(self) -> None:
        """Read the client's events in a task from now on."""
        if not self.reading and not self.ended:
            self.reading = True
            queue = self.queue = self.queue or Queue()
            queue.reader = queue.loop.create_task(self._read(queue))

    async def get(self) -> Arrival:
        """Return the next event.

        Raises:
            ProtocolError: It does not have the fields that the specification gives it.
            Exception: Whatever the server's `receive` or the channel layer raised.
        """
        message: Mapping[str, Any] | None
        queue = self.queue
        if queue is None or not self.reading:
            try:
                message = await self._receive()
            except BaseException:
                self.lost = True
                raise
            return self._arrival(message)
        while True:
            entry = queue.entries.popleft() if queue.entries else await queue.arrival()
            if entry is None:
                if queue.mailbox is not None and (message := queue.mailbox.take()) is not None:
                    break
            elif isinstance(entry, _Failure):
                raise entry.error
            elif entry[1] is LAYER:
                queue.layer_room.give()
                message = entry[0]
                break
            else:
                queue.client_room.give()
                return entry
        return message, LAYER

    def tasks(self) -> list[asyncio.Task[None]]:
        """Return the tasks that have not ended."""
        queue = self.queue
        if queue is None:
            return []
        return [task for task in (queue.reader, queue.pump) if task is not None and not task.done()]

    async def close(self) -> None:
        """Take nothing more, and end the tasks."""
        tasks = self.tasks()
        for task in tasks:
            task.cancel()
        queue = self.queue
        if tasks and queue is not None:
            lost = self.lost
            await asyncio.wait(tasks)
            # The server did not fail to deliver what nobody waits for any more.
            self.lost = lost
            # What they have ended with refers to them, and they to the queue.
            queue.entries = None

    def _arrival(self, message: Mapping[str, Any]) -> Arrival:
        if self._connection is None:
            return message, SERVER
        event = self._connection.receive(message)
        if event is message or event["type"] not in LAST_EVENTS:
            return event, SERVER
        self.ended = True
        self.close_code = event.get("code")
        return event, LAST

    async def _read(self, queue: Queue) -> None:
        try:
            while not self.ended:
                try:
                    message = await self._receive()
                except BaseException:
                    self.lost = True
                    raise
                queue.put(self._arrival(message))
                if queue.client_room.take():
                    await queue.client_room.wait()
        except BaseException as error:
            # A server may cancel by raising out of its receive, and nobody asks for our own cancellation.
            queue.put(_Failure(error))

    async def _ask(self, layer: BaseChannelLayer, channel: str, queue: Queue) -> None:
        try:
            while True:
                queue.put((await layer.receive(channel), LAYER))
                if queue.layer_room.take():
                    await queue.layer_room.wait()
        except BaseException as error:
            queue.put(_Failure(error))


class InboxByTurns(Inbox):
    """The events of a consumer that takes one only when it can handle it: others could handle it meanwhile.

    `receive` is cancelled when a message of the layer is first, and loses nothing by that.
    """

    __slots__ = ()

    def listen(self, layer: BaseChannelLayer, channel: str, *, gaps: bool = False) -> None:
        """Take the messages of a channel too, each when nothing else is being handled."""
        self.queue: Queue | None = _Turns(self._receive)
        self.reading = True
        super().listen(layer, channel, gaps=gaps)

    def read_ahead(self) -> None:
        """Read nothing."""

    async def get(self) -> Arrival:
        """Return the next message; whatever `receive` returns was taken from a channel layer too."""
        message, _ = await super().get()
        return message, LAYER
