"""Runs consumers on named channels of a channel layer, as `runworker` of Django Channels does."""

import asyncio
import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Generator, Mapping
from types import FrameType
from typing import Any, NoReturn, TypeAlias

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.base import ConsumerApplication
from fast_channels.consumer.rules import WORKER
from fast_channels.event_loop import is_cancelled, require_asyncio
from fast_channels.exceptions import StopConsumer
from fast_channels.layers import BaseChannelLayer
from fast_channels.layers.registry import require_channel_layer, require_layer
from fast_channels.type_defs import ChannelMessage
from fast_channels.untrusted import kind_of, said, shown

__all__ = ["STOP_SECONDS", "Worker", "WorkerConsumer"]

logger: logging.Logger = logging.getLogger("fast_channels.worker")

STOP_SECONDS: float = 25.0
"""How long handlers may go on after a worker was told to stop; Kubernetes kills after 30 seconds."""

RETRY_SECONDS: float = 1.0

WorkerConsumer: TypeAlias = type[AsyncConsumer] | ConsumerApplication[AsyncConsumer]
"""What can handle the messages of a channel: a consumer class, or what its `as_asgi()` returned."""


class Worker:
    """Runs consumers on named channels: one consumer for each channel, which handles its messages in order.

    A consumer gets the scope `{"type": "channel", "channel": name}` and lives as long as the worker. A
    message is taken from the layer when the handler of the one before it has finished, so several workers
    share the messages of a channel, each of which goes to one of them. If a handler raises, the error is
    logged, the message is lost, and a new consumer takes the next one. `SystemExit` and `KeyboardInterrupt`
    from a handler end the worker, after the handlers of the other channels have finished.

    Args:
        layer: The channel layer that the messages come from.
        consumers: For each channel name a consumer class, or the result of its `as_asgi()`. The alias of a
            consumer that uses a channel layer has to be registered.
        stop_timeout: Seconds that handlers may run after `stop()`; then they are cancelled.

    Raises:
        TypeError: The layer is not a channel layer, a channel name is not valid, or a value is not a
            consumer.
        ValueError: There are no consumers, or a channel name contains a `!`.
        InvalidChannelLayerError: The layer of a consumer's alias is not registered.
    """

    def __init__(
        self,
        layer: BaseChannelLayer,
        consumers: Mapping[str, WorkerConsumer],
        *,
        stop_timeout: float = STOP_SECONDS,
    ) -> None:
        require_layer(layer)
        _require_mapping(consumers)
        if not consumers:
            raise ValueError("a worker needs at least one channel with a consumer")
        self.layer: BaseChannelLayer = layer
        self.stop_timeout = stop_timeout
        self._stopping = asyncio.Event()
        self._exit: BaseException | None = None
        self._lines = [
            _Line(layer, _shared(channel), _application(channel, consumer), self._stopping, self._end)
            for channel, consumer in consumers.items()
        ]

    def run(self) -> None:
        """Work in an event loop of its own until SIGTERM or SIGINT comes, then stop and close the layer.

        A second signal ends the process at once.

        Raises:
            SystemExit: A handler has raised it; the layer is closed.
        """
        asyncio.run(self._work())
        self._raise_exit()

    async def serve(self) -> None:
        """Work until `stop()`; the layer stays open. Cancelling the task cancels the handlers.

        Raises:
            RuntimeError: No event loop of asyncio runs.
            SystemExit: A handler has raised it, and those of the other channels have finished.
        """
        await self._serve()
        self._raise_exit()

    async def _serve(self) -> None:
        require_asyncio(type(self))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(line.serve(), name=line.channel) for line in self._lines]
            logger.info("listening to %s", ", ".join(line.channel for line in self._lines))
            await self._stopping.wait()
            logger.info("stopping")
            _, late = await asyncio.wait(tasks, timeout=self.stop_timeout)
            for task in late:
                text = "the consumer of channel %r did not finish within %g s, and is cancelled"
                logger.error(text, task.get_name(), self.stop_timeout)
                task.cancel()

    def stop(self) -> None:
        """Take no more messages, and let `serve()` return when the handlers have finished.

        Must be called in the thread of the event loop. A worker that was stopped cannot be started again.
        """
        self._stopping.set()
        for line in self._lines:
            line.stop()

    async def _work(self) -> None:
        # A layer of somebody else's may have nothing to close.
        open_layer: Any = self.layer if hasattr(self.layer, "__aexit__") else contextlib.nullcontext()
        async with open_layer:
            with self._stopped_by_signals():
                await self._serve()
        logger.info("stopped")

    def _end(self, error: BaseException) -> None:
        self._exit = self._exit or error
        self.stop()

    def _raise_exit(self) -> None:
        # Not out of a task of the worker: the event loop would stop before anything is cleaned up.
        if self._exit is not None:
            raise self._exit

    @contextlib.contextmanager
    def _stopped_by_signals(self) -> Generator[None]:
        if threading.current_thread() is not threading.main_thread():
            # Python lets no other thread handle signals.
            yield
            return
        loop = asyncio.get_running_loop()

        def stop(number: int, frame: FrameType | None) -> None:
            restore()
            loop.call_soon_threadsafe(self.stop)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        try:
            yield
        finally:
            restore()


class _Line:
    """One channel of a worker, and the consumer on it."""

    def __init__(
        self,
        layer: BaseChannelLayer,
        channel: str,
        application: ConsumerApplication[AsyncConsumer],
        stopping: asyncio.Event,
        end: Callable[[BaseException], None],
    ) -> None:
        self.channel = channel
        self._application = application
        self._end = end
        self._layer = layer
        self._last: object = None
        self._stopping = stopping
        self._taken = False
        self._waiting: asyncio.Timeout | None = None

    async def serve(self) -> None:
        """Run a consumer, and a new one after one that has ended, until the worker stops."""
        name = self._application.consumer_class.__name__
        while not self._stopping.is_set():
            self._taken = False
            try:
                await self._application({"type": WORKER, "channel": self.channel}, self._receive, self._send)
            except GeneratorExit:
                # The event loop has ended, and this coroutine is being closed.
                raise
            except (KeyboardInterrupt, SystemExit) as error:
                self._end(error)
            except BaseException as error:
                cancelled = is_cancelled()
                if not cancelled or not isinstance(error, asyncio.CancelledError):
                    at = (
                        f"after a message of type {shown(self._last)}"
                        if self._taken
                        else "before its first message"
                    )
                    then = "it was cancelled" if cancelled else "a new consumer continues"
                    logger.exception("%s of channel %r failed %s; %s", name, self.channel, at, then)
                if cancelled:
                    raise asyncio.CancelledError from error
            if not self._taken:
                # What has nothing to do with messages is seldom over at once: a layer without connection.
                await self._pause()

    def stop(self) -> None:
        """Wait for no message any more."""
        if self._waiting is not None:
            self._waiting.reschedule(0)

    async def _receive(self) -> ChannelMessage:
        while not self._stopping.is_set():
            try:
                message = await self._next()
            except Exception as error:
                if not self._stopping.is_set():
                    text = "messages of channel %r cannot be taken, trying again: %s"
                    logger.warning(text, self.channel, said(error))
                    await self._pause()
            else:
                self._taken = True
                self._last = message.get("type")
                return message
        raise StopConsumer

    async def _next(self) -> ChannelMessage:
        try:
            async with asyncio.timeout(None) as self._waiting:
                return await self._layer.receive(self.channel)
        finally:
            self._waiting = None

    async def _send(self, message: ChannelMessage) -> NoReturn:
        raise RuntimeError(
            f"the consumer of channel {self.channel!r} runs in a worker and has no client, so it cannot "
            "send; send with its channel_layer"
        )

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), RETRY_SECONDS)


def _require_mapping(consumers: object) -> None:
    if not isinstance(consumers, Mapping):
        raise TypeError(
            f"the consumers of a worker have to be a dict by channel names, not {kind_of(consumers)}"
        )


def _shared(channel: str) -> str:
    BaseChannelLayer().require_valid_channel_name(channel)
    if "!" in channel:
        raise ValueError(f"a worker needs a named channel, without a '!'; {channel!r} belongs to one process")
    return channel


def _application(channel: str, consumer: WorkerConsumer) -> ConsumerApplication[AsyncConsumer]:
    application = ConsumerApplication(consumer, {}) if isinstance(consumer, type) else consumer
    found: object = getattr(application, "consumer_class", None)
    if not isinstance(found, type) or not issubclass(found, AsyncConsumer):
        text = f"the channel {channel!r} needs a consumer class, or the result of its as_asgi()"
        raise TypeError(f"{text}, not {kind_of(consumer)}")
    alias = application.consumer_initkwargs.get("channel_layer_alias", found.channel_layer_alias)
    # A property, or a constructor, decides for each consumer.
    if isinstance(alias, str) and alias:
        require_channel_layer(alias, found.__name__)
    return application
