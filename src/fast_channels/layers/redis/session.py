"""One connection to a Redis server, from the greeting until it is lost."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from functools import partial
from types import coroutine
from typing import Any, Final

from redis.exceptions import ReadOnlyError, ResponseError

from fast_channels.layers.redis.connection import Connection, Greeting
from fast_channels.layers.redis.outage import Outage
from fast_channels.layers.redis.pipeline import Pipeline, Request

__all__ = ["Session"]

FRAMES_AT_ONCE: Final = 64
"""How many frames are handled before other tasks get their turn, if the server sends that fast."""

QUIET_SECONDS: Final = 0.001
"""After so much silence a connection is looked at before anything is written to it."""

LOOK_TURNS: Final = 3
"""Turns of the event loop in which the end of a connection comes to light that has ended meanwhile."""

SHORTEST_WATCH: Final = 0.001
"""Seconds after which it is looked at the earliest whether a server has been silent for too long."""


class Session:
    """Writes what waits in a pipeline to a connection, and reads the replies, until the connection is lost.

    Args:
        connection: The connection, which is connected.
        pipeline: What is to be written, and whose replies come.
        outage: The outage that ends with the first reply.
        ping_interval: See `Link`.
        on_message: Takes channel and contents of a published message.

    Attributes:
        established: Whether the greeting, if there was one, has been answered.
    """

    def __init__(
        self,
        connection: Connection,
        pipeline: Pipeline,
        outage: Outage,
        *,
        ping_interval: float,
        on_message: Callable[[bytes, bytes], Awaitable[None]] | None,
    ) -> None:
        self.established: bool = False
        self._connection = connection
        self._pipeline = pipeline
        self._outage = outage
        self._ping_interval = ping_interval
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._broken = False
        # What is left to do of writing outside of the writer.
        self._rest: Callable[[], Awaitable[None]] | None = None

    async def run(self, greeting: Greeting | None) -> None:
        """Greet the server, if there is anything to say, and serve until that fails.

        Raises:
            Exception: Why the connection is of no use any more.
        """
        if greeting is not None:
            command, replies, then = greeting
            then = partial(self._is_established, then)
            self._pipeline.waiting.appendleft(Request(command, self._loop.time(), replies, then=then))
        else:
            self._is_established()
        self._pipeline.work.set()
        # No task group: those of Python 3.11 and 3.12 lose a cancellation that comes with an error.
        steps = (self._read(), self._write(), self._watch())
        tasks = [self._loop.create_task(step) for step in steps]
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # Reader and watch never end without an error, and the writer only when the reader has.
        await next(task for task in tasks if task in ended)

    def _is_established(self, then: Callable[[], None] | None = None) -> None:
        self.established = True
        if then is not None:
            then()

    async def _read(self) -> None:
        try:
            while True:
                await self._read_some()
                await asyncio.sleep(0)
        finally:
            self._broken = True

    async def _read_some(self) -> None:
        connection, on_message = self._connection, self._on_message
        for _ in range(FRAMES_AT_ONCE):
            try:
                reply = await connection.read_response()
            except ResponseError as error:
                self._heard_at = self._loop.time()
                self._refused(error)
                continue
            self._heard_at = self._loop.time()
            if on_message is not None and reply[0] == b"message":
                await on_message(reply[1], reply[2])
                continue
            request = self._pipeline.written[0]
            request.replies -= 1
            if not request.replies:
                self._pipeline.written.popleft()
                if self._outage.failures:
                    self._outage.end()
                request.succeed(reply)

    def _refused(self, error: ResponseError) -> None:
        """Tell whoever asked of an error, unless the connection ends with it.

        Raises:
            ResponseError: The connection is of no use any more.
        """
        refused = self._pipeline.written[0]
        if refused.then is not None or _is_of_replica(error):
            # Without its greeting it is of no use; and the master of a replica may be elsewhere. Whoever
            # asked is told when nothing can be written to this connection any more.
            refused.refusal = error
            raise error
        self._pipeline.written.popleft().fail(error)

    def write_now(self, now: float) -> bool:
        """Write what waits in this very turn of the event loop, if nothing else is on its way.

        Whoever asks alone is spared a turn; those who ask in the same turn as others share a write.

        Args:
            now: Time of the event loop.

        Returns:
            Whether that was done; otherwise it is left to the writer.
        """
        pipeline = self._pipeline
        busy = pipeline.written or pipeline.work.is_set() or self._broken
        if busy or now - self._heard_at > QUIET_SECONDS:
            return False
        try:
            commands = self._connection.pack_commands(pipeline.next_batch())
            step = self._connection.send_packed_command(commands, check_health=False)
            # The transport takes commands at once; only for a server that is slow to read this has to wait.
            waits_for: Any = step.send(None)
        except StopIteration:
            return True
        except Exception as error:
            # The connection ends with it, in the writer.
            self._rest = partial(_fail, error)
        else:
            self._rest = partial(_go_on, step, waits_for)
        pipeline.work.set()
        return True

    async def _write(self) -> None:
        work = self._pipeline.work
        while True:
            await work.wait()
            work.clear()
            rest, self._rest = self._rest, None
            if rest is not None:
                await rest()
            if self._loop.time() - self._heard_at > QUIET_SECONDS:
                # The event loop may have stood still, and the server have gone meanwhile: what is written to
                # it would be lost, and what waits is not.
                for _ in range(LOOK_TURNS):
                    await asyncio.sleep(0)
                if self._broken:
                    return
            commands = self._connection.pack_commands(self._pipeline.next_batch())
            await self._connection.send_packed_command(commands, check_health=False)

    async def _watch(self) -> None:
        """Ask the server whether it is there when it has been silent; fail when it does not answer."""
        interval = self._ping_interval
        while True:
            silence = self._loop.time() - self._heard_at
            if silence < interval:
                # A clock of another resolution would never come to the end of what is left.
                await asyncio.sleep(max(interval - silence, SHORTEST_WATCH))
                continue
            asked_at = self._loop.time()
            self._pipeline.waiting.append(Request(("PING",), asked_at))
            self._pipeline.work.set()
            await asyncio.sleep(interval)
            # Anything it says will do: a PONG may have to wait behind many messages.
            if self._heard_at < asked_at:
                raise TimeoutError(f"no answer to a PING for {interval} seconds")


async def _fail(error: Exception) -> None:
    raise error


@coroutine
def _go_on(step: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Go on with a coroutine that was begun outside of a task, in the task that awaits this.

    Args:
        step: The coroutine.
        waits_for: What it has yielded to whoever began it.
    """
    try:
        yield waits_for
        yield from step
    finally:
        # It has to know if the task was cancelled meanwhile.
        step.close()


def _is_of_replica(error: ResponseError) -> bool:
    # Redis 6 tells of the kind of an error inside a script in the text only.
    return isinstance(error, ReadOnlyError) or "-READONLY" in str(error)
