"""Where a consumer's events meet: those of its client and those of its channel layer, in order of arrival."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from fast_channels.consumer.backpressure import Backpressure
from fast_channels.consumer.calls import call_in_turns
from fast_channels.consumer.cleanup import NOTHING
from fast_channels.layers.base import BaseChannelLayer
from fast_channels.layers.mailbox import Mailbox
from fast_channels.type_defs import ASGIReceiveCallable

if TYPE_CHECKING:
    from fast_channels.events.canonical import Recogniser
    from fast_channels.protocol import Connection


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

LifeHandler: TypeAlias = Callable[[Any, Any, Mapping[str, Any]], Awaitable[None]]
"""Handles an event in place of the library's own handler: a function of the life of a connection."""

StraightEvents: TypeAlias = "Mapping[str, Mapping[str, tuple[Recogniser, LifeHandler] | None]]"
"""For each state of a connection the received events, by type, that need no change and cause none: what
recognises them, and what handles them."""

Arrival: TypeAlias = tuple[Mapping[str, Any], Origin, LifeHandler | None]
"""An event, where it is from, and what handles it if it is a straight one."""


NOTHING_CAME: Final[Arrival] = ({}, LAYER, lambda _life, _consumer, _event: NOTHING)
"""What there is to handle when the layer has announced a message that is gone: nothing."""


class Failure(NamedTuple):
    """A source has ended with an error, which is raised when everything before it has been handled."""

    error: BaseException


Inboxed: TypeAlias = Arrival | Failure | None
"""What can be next; `None` stands for the oldest message in the layer's mailbox."""


class Arrivals:
    """What the tasks and the layer have delivered, oldest first, for the one consumer that takes it.

    Attributes:
        mailbox: Where the layer puts its messages, if it pushes them.
        pump: The task that asks the layer, if one has to.
        reader: The task that reads the client's events, when it has begun.
    """

    __slots__ = (
        "_thread",
        "_waiter",
        "entries",
        "loop",
        "mailbox",
        "of_client",
        "of_layer",
        "pump",
        "reader",
    )

    of_layer: Backpressure
    """There only with a task that asks the layer."""

    def __init__(self) -> None:
        self.mailbox: Mailbox | None = None
        self.pump: asyncio.Task[None] | None = None
        self.reader: asyncio.Task[None] | None = None
        self.of_client: Backpressure = Backpressure()
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        # Most of the time nothing waits here, and an empty deque takes 600 bytes.
        self.entries: deque[Inboxed] | None = None
        self._thread = get_ident()
        self._waiter: asyncio.Future[Inboxed] | None = None

    def put(self, entry: Inboxed = None) -> None:
        """Hand an entry to the consumer if it waits for one, else keep it; callable from any thread.

        Without an entry, the mailbox holds one message more.
        """
        if get_ident() != self._thread:
            call_in_turns(self.loop, self.put, entry)
            return
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(entry)
        elif self.entries is None:
            self.entries = deque([entry])
        else:
            self.entries.append(entry)

    def arrival(self) -> Awaitable[Inboxed]:
        """Return a future of the next entry that is put, while none is kept."""
        # As create_future() of every event loop does it, with a call less.
        waiter = self._waiter = asyncio.Future(loop=self.loop)
        return waiter


class _Turns(Arrivals):
    """The arrivals of a consumer that takes an event of its client only when it can handle it at once.

    Args:
        receive: The server's `receive`, which loses nothing when it is cancelled.
    """

    __slots__ = ("_receive", "_receiving")

    def __init__(self, receive: ASGIReceiveCallable) -> None:
        super().__init__()
        self._receive = receive
        self._receiving: asyncio.Timeout | None = None

    def put(self, entry: Inboxed = None) -> None:
        """Hand an entry to the consumer, which waits for no event of its client then."""
        super().put(entry)
        # Another thread has only asked the event loop to do this.
        if self._receiving is not None and get_ident() == self._thread:
            self._receiving.reschedule(0)

    async def arrival(self) -> Inboxed:
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
        self.of_client.arrived()
        return message, SERVER, None


class Inbox:
    """The events of one consumer, one at a time.

    Without a channel layer the client's events are read when they are asked for, and no task is needed.
    A task that reads ahead starts with a second source, or when a handler has to wait for something: so
    it is seen that the client leaves while the handler runs.

    Args:
        connection: What checks the client's events, `None` for a protocol that ASGI does not define.
        receive: The server's `receive`.
        straight: The events that need no change and cause none, `None` if there are none.

    Attributes:
        answers: How many events were sent since the last one was read.
        channel: The channel of the channel layer that is to be closed in the end.
        close_code: The code of the WebSocket disconnect that was read, `None` before.
        ended: Whether the last event of the server was read.
        lost: Whether the server failed to deliver an event.
        arrivals: What a task or the layer delivers, `None` before there is one.
        reading: Whether a task reads the client's events.
        receive: The server's `receive`.
    """

    __slots__ = (
        "_connection",
        "_straight",
        "answers",
        "arrivals",
        "channel",
        "close_code",
        "ended",
        "lost",
        "reading",
        "receive",
    )

    def __init__(
        self,
        connection: "Connection | None",
        receive: ASGIReceiveCallable,
        straight: "StraightEvents | None" = None,
    ) -> None:
        self._connection = connection
        self._straight = straight
        self.ended: bool = False
        self.answers: int = 0
        self.arrivals: Arrivals | None = None
        self.receive: ASGIReceiveCallable = receive
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
        arrivals = self.arrivals = self.arrivals or Arrivals()
        # Only layers of this base class can push.
        if isinstance(layer, BaseChannelLayer):  # pyright: ignore[reportUnnecessaryIsInstance]  # one that untyped code has registered may be of another library
            arrivals.mailbox = layer.listen(channel, arrivals.put)
        if arrivals.mailbox is not None:
            arrivals.mailbox.hears_gaps = gaps
        else:
            arrivals.of_layer = Backpressure()
            arrivals.pump = arrivals.loop.create_task(self._ask(layer, channel, arrivals))

    def allow(self, ahead: int) -> None:
        """Set how many events of the client are read before they are handled, by a task that reads ahead."""
        arrivals = self.arrivals = self.arrivals or Arrivals()
        arrivals.of_client.allow(ahead)

    def read_ahead(self) -> None:
        """Read the client's events in a task from now on."""
        if not self.reading and not self.ended:
            self.reading = True
            arrivals = self.arrivals = self.arrivals or Arrivals()
            arrivals.reader = arrivals.loop.create_task(self._read(arrivals))

    async def get(self) -> Arrival:
        """Return the next event.

        Raises:
            ProtocolError: It does not have the fields that the specification gives it.
            Exception: Whatever the server's `receive` or the channel layer raised.
        """
        arrival = NOTHING_CAME
        while arrival is NOTHING_CAME:
            arrivals = self.arrivals
            if arrivals is None or not self.reading:
                # Until it has come.
                self.lost = True
                return self.arrival(await self.receive())
            arrival = self.taken(
                arrivals, arrivals.entries.popleft() if arrivals.entries else await arrivals.arrival()
            )
        return arrival

    def taken(self, arrivals: Arrivals, entry: Inboxed) -> Arrival:
        """Return the event of an entry that has come, `NOTHING_CAME` if it has been taken already.

        Raises:
            Exception: Whatever the source raised that the entry is from.
        """
        if entry is None:
            mailbox = arrivals.mailbox
            if mailbox is None or (message := mailbox.take_snapshot()) is None:
                return NOTHING_CAME
            return message, LAYER, None
        if isinstance(entry, Failure):
            try:
                raise entry.error
            finally:
                # The error refers to this frame, which would refer to the error.
                del entry
        (arrivals.of_layer if entry[1] is LAYER else arrivals.of_client).handled()
        return entry

    def tasks(self) -> list[asyncio.Task[None]]:
        """Return the tasks that have not ended."""
        tasks: list[asyncio.Task[None]] = []
        if (arrivals := self.arrivals) is not None:
            if arrivals.reader is not None and not arrivals.reader.done():
                tasks.append(arrivals.reader)
            if arrivals.pump is not None and not arrivals.pump.done():
                tasks.append(arrivals.pump)
        return tasks

    async def close(self) -> None:
        """Take nothing more, and end the tasks."""
        if tasks := self.tasks():
            for task in tasks:
                task.cancel()
            lost = self.lost
            await asyncio.wait(tasks)
            # The server did not fail to deliver what nobody waits for any more.
            self.lost = lost
        if self.arrivals is not None:
            # What a task has ended with, now or before, refers to its frame, and that to the arrivals.
            self.arrivals.entries = None

    def arrival(self, message: Mapping[str, Any]) -> Arrival:
        """Return what the server's `receive` has returned as an event, after which nothing is lost.

        Raises:
            ProtocolError: It does not have the fields that the specification gives it.
        """
        self.lost = False
        connection = self._connection
        if connection is None:
            return message, SERVER, None
        if self._straight is not None:
            try:
                straight = self._straight[connection.state][message["type"]]
            except (KeyError, TypeError):
                straight = None
            if straight is not None and straight[0](message):
                return message, SERVER, straight[1]
        event = connection.receive(message)
        if not connection.ended:
            return event, SERVER, None
        self.ended = True
        self.close_code = event.get("code")
        return event, LAST, None

    async def _read(self, arrivals: Arrivals) -> None:
        try:
            while not self.ended:
                try:
                    message = await self.receive()
                except BaseException:
                    self.lost = True
                    raise
                arrivals.put(self.arrival(message))
                if arrivals.of_client.arrived():
                    await arrivals.of_client.wait()
        except BaseException as error:
            # A server may cancel by raising out of its receive, and nobody asks for our own cancellation.
            arrivals.put(Failure(error))

    async def _ask(self, layer: BaseChannelLayer, channel: str, arrivals: Arrivals) -> None:
        try:
            while True:
                arrivals.put((await layer.receive(channel), LAYER, None))
                if arrivals.of_layer.arrived():
                    await arrivals.of_layer.wait()
        except BaseException as error:
            arrivals.put(Failure(error))


class InboxByTurns(Inbox):
    """The events of a consumer that takes one only when it can handle it: others could handle it meanwhile.

    `receive` is cancelled when a message of the layer is first, and loses nothing by that.
    """

    __slots__ = ()

    def listen(self, layer: BaseChannelLayer, channel: str, *, gaps: bool = False) -> None:
        """Take the messages of a channel too, each when nothing else is being handled."""
        self.arrivals: Arrivals | None = _Turns(self.receive)
        self.reading = True
        super().listen(layer, channel, gaps=gaps)

    def read_ahead(self) -> None:
        """Read nothing."""

    def taken(self, arrivals: Arrivals, entry: Inboxed) -> Arrival:
        """Return the event of an entry."""
        # Whatever `receive` returns was taken from a channel layer too.
        arrival = super().taken(arrivals, entry)
        return arrival if arrival is NOTHING_CAME else (arrival[0], LAYER, None)

    def arrival(self, message: Mapping[str, Any]) -> Arrival:
        """Return what `receive` has returned, which was taken from a channel layer too."""
        return message, LAYER, None
