"""What happens to a consumer of messages besides what happens to every consumer of a WebSocket."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fast_channels.consumer.backpressure import READ_AHEAD
from fast_channels.consumer.concurrent import Concurrent
from fast_channels.consumer.inbox import Origin
from fast_channels.consumer.requests import READ_WHILE_ASKING, Requests
from fast_channels.consumer.supervision import spawn
from fast_channels.consumer.websocket_life import WebSocketLife
from fast_channels.exceptions import ConnectionClosed
from fast_channels.messages.phase import Phase
from fast_channels.messages.receivers import Mode
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope

if TYPE_CHECKING:
    from fast_channels.consumer.answering import AnsweringConsumer

__all__ = ["MessageLife"]


class MessageLife(WebSocketLife["AnsweringConsumer[Any, Any]"]):
    """What happens to one consumer of messages.

    Attributes:
        requests: What the client is being asked, `None` for a class that declares no requests to it.
        concurrent: What runs beside the loop; there only for a class with such methods.
        message_phase: Which messages the client may send, `None` for those of the first phase, if there are
        any. deferred: Whether the message that is being handled was handed to a task, which answers it.
    """

    __slots__ = ("concurrent", "deferred", "message_phase", "requests")

    requests: Requests | None
    concurrent: Concurrent
    deferred: bool
    message_phase: type[Phase[Any]] | None

    def prepare(self, consumer: "AnsweringConsumer[Any, Any]") -> None:
        """Give a consumer nothing to ask before its connection."""
        super().prepare(consumer)
        self.requests = None
        self.deferred = False
        self.message_phase = None

    def begin(
        self,
        consumer: "AnsweringConsumer[Any, Any]",
        scope: ChannelScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        """Take over a connection, and look at what could not be seen before."""
        super().begin(consumer, scope, receive, send)
        requests = self.requests = consumer._prepare(self.inbox.receive)  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
        if requests is not None:
            self.inbox.receive = requests.receive
        if consumer._modes:  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
            concurrent = self.concurrent = Concurrent(self.inbox.receive)
            self.inbox.receive = concurrent.receive

    async def defer(
        self, consumer: "AnsweringConsumer[Any, Any]", name: str, message: Any, number: Any, mode: Mode
    ) -> None:
        """Hand a message to a task.

        Args:
            consumer: The consumer.
            name: The method that handles the message.
            message: The message.
            number: What a message that cancels repeats of it.
            mode: How the method does it.

        Raises:
            ConnectionClosed: The connection has ended before.
            InvalidMessageError: There are too many streams, or one with that number.
        """
        concurrent = self.concurrent
        work = consumer._stream if mode.streams else consumer._handle_beside  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
        task = partial(_spawned, self, consumer, work, name, message)
        if mode.streams:
            concurrent.stream(task, name, number, consumer.max_streams)
        else:
            await concurrent.begin(task, consumer.max_concurrent)
        self.deferred = True

    def is_busy(self) -> bool:
        """Tell whether concurrent handlers run."""
        concurrent: Concurrent | None = getattr(self, "concurrent", None)
        return concurrent is not None and concurrent.running > 0

    async def request(
        self, consumer: "AnsweringConsumer[Any, Any]", message: Any, timeout: float | None
    ) -> Any:
        """Ask the client something, and return its reply."""
        requests = self.requests
        if requests is None:
            kind = type(message).__name__
            raise TypeError(f"{type(consumer).__name__} declares no {kind} that asks its client for a reply")
        pending = requests.ask(message, timeout)
        # The reply may come behind other messages.
        self.inbox.allow(READ_WHILE_ASKING)
        try:
            await consumer._send_message(pending.message)  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
            outcome = await pending.reply
            return outcome()
        finally:
            requests.finish(pending)
            if not requests.pending:
                self.inbox.allow(READ_AHEAD)

    async def handle_error(
        self,
        consumer: "AnsweringConsumer[Any, Any]",
        error: BaseException,
        event: Mapping[str, Any],
        origin: Origin,
    ) -> None:
        """Leave it to the error of a server that has failed to end the connection, which is the first."""
        if not (isinstance(error, ConnectionClosed) and self.inbox.lost):
            await super().handle_error(consumer, error, event, origin)

    def retire(self) -> None:
        """Begin the end, and wait for no reply any more."""
        super().retire()
        if self.requests is not None:
            self.requests.end()


def _spawned(
    life: MessageLife,
    consumer: "AnsweringConsumer[Any, Any]",
    work: Callable[[str, Any], Coroutine[Any, Any, None]],
    name: str,
    message: Any,
) -> "asyncio.Task[None]":
    return spawn(life, consumer, work(name, message), f"{type(consumer).__name__}.{name}")
