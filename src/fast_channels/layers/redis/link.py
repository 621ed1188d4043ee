"""One connection to a Redis server, which many coroutines use at once.

Theory of operation. A `Link` has one task, which begins with the first command and ends with `close()`. It
makes a connection, greets the server, serves until the connection is lost, waits a little, and begins again.
Only the `Session` of that connection, with its three tasks (reader, writer, watch), touches it. Callers put a
`Request` into the `Pipeline` and wait for its future. What is asked while nothing else is on its way is
written at once, and by nobody's task: if the server is slow to read, the writer goes on with it. So a
cancelled caller cannot leave half a command on the wire or a reply that nobody reads, and those who ask while
another waits for its reply share a write and a round trip.

A request is in one of two queues. It *waits* until the writer takes it, and is *written* from then on; Redis
answers in order, so each reply belongs to the head of `written`, but for published messages, which say what
they are. When the connection is lost, what waits still waits, for a limited time, and what was written fails,
because nobody knows whether the server has carried it out. Only requests that may be repeated go back to the
front. So nothing is ever done twice that must not be, and every future ends: with a reply, or with an error
that says why.

The writer must not write to a connection whose end has only not been seen yet: those commands would be lost
although they could have waited. After a silence it therefore gives the reader some turns of the event loop.

The greeting is written before anything else, and what is to be called at its last reply is called before the
next frame is looked at. `Subscriptions` makes all subscriptions anew in it, so whoever is told of the return
of a server misses nothing from then on. A connection whose greeting is refused is given up like one that was
lost.

The watch asks a silent server for a sign of life, because a peer that is gone without a word is not noticed
otherwise. It counts anything that comes, since a reply may have to wait behind many messages.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

from redis.exceptions import ResponseError

from fast_channels.layers.redis.connection import Connection, Greeting, Reply
from fast_channels.layers.redis.outage import Outage
from fast_channels.layers.redis.pipeline import Pipeline, Request
from fast_channels.layers.redis.session import Session

__all__ = ["Link"]

LISTEN_TURNS: Final = 2
"""How often to listen before anything is written: what comes while the first ends is heard by the second."""


class Link:
    """Keeps one connection to a server and pipelines the commands of all who use it.

    A command waits for a connection, for a limited time. One that was written when the connection was lost
    fails, because nobody knows whether the server carried it out, unless it may be repeated. The reason of an
    outage is logged when it is a new one, and once a minute while it lasts. A link that was connected once
    connects again by itself; one that never was tries only while a command waits or there is a greeting to
    send.

    Args:
        make: Returns a new connection that is not connected.
        where: The server, for logs and errors.
        timeout: Seconds that a command waits for a connection, and that connecting may take.
        ping_interval: Seconds of silence after which the server is asked whether it is there; after as many
            again without an answer the connection is given up.
        greet: Called when there is a connection; returns what to say before anything else, if anything.
        on_message: Takes channel and contents of a published message.
    """

    def __init__(
        self,
        make: Callable[[], Connection],
        where: str,
        *,
        timeout: float,
        ping_interval: float,
        greet: Callable[[], Greeting | None] = lambda: None,
        on_message: Callable[[bytes, bytes], Awaitable[None]] | None = None,
    ) -> None:
        self._make = make
        self._timeout = timeout
        self._greet = greet
        self._loop = asyncio.get_running_loop()
        self._pipeline = Pipeline(where, timeout)
        self._outage = Outage(where)
        self._begin = partial(Session, ping_interval=ping_interval, on_message=on_message)
        self._session: Session | None = None
        self._was_connected = False
        self._task: asyncio.Task[None] | None = None

    @property
    def used(self) -> bool:
        """Whether anybody has asked for a connection since the link was made or closed."""
        return self._task is not None

    @property
    def established(self) -> bool:
        """Whether there is a connection on which the greeting, if there was one, has been answered."""
        return self._session is not None and self._session.established

    def ask(self, *command: str | bytes | float, repeat: bool = False) -> asyncio.Future[Reply]:
        """Send a command; return a future of its reply.

        Args:
            *command: The command and its arguments.
            repeat: Send it again if the connection is lost before the server has answered.
        """
        future: asyncio.Future[Reply] = self._loop.create_future()
        pipeline, now, session = self._pipeline, self._loop.time(), self._session
        pipeline.waiting.append(Request(command, now, repeat=repeat, future=future))
        if session is None or not session.write_now(now):
            pipeline.work.set()
        if self._task is None or self._task.done():
            # A context of its own: the first consumer's would otherwise live as long as the link.
            self._task = self._loop.create_task(self._run(), context=contextvars.Context())
        return future

    def tell(self, *command: str | bytes | float, now: bool = True) -> None:
        """Send a command that means nothing to a server which is not connected; nobody waits for it.

        Args:
            *command: The command and its arguments.
            now: Send it at once, and not together with the next command, which may be a PING.
        """
        pipeline = self._pipeline
        if self._session is not None or pipeline.waiting:
            # It is as old as what it follows and has to be sent again with it, or would not be the last word.
            pipeline.waiting.append(Request(command, self._loop.time(), repeat=True))
            if now:
                pipeline.work.set()

    async def close(self) -> None:
        """End the connection; commands without an answer fail."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        pipeline = self._pipeline
        try:
            while True:
                if not pipeline.waiting and not self._was_connected and self._greet() is None:
                    pipeline.work.clear()
                    await pipeline.work.wait()
                await self._connect_and_serve(self._make())
                await asyncio.sleep(self._outage.back_off)
        finally:
            pipeline.close()

    async def _connect_and_serve(self, connection: Connection) -> None:
        try:
            await self._connect(connection)
            self._was_connected = True
            self._session = self._begin(connection, self._pipeline, self._outage)
            await self._session.run(self._greet())
        except Exception as error:
            now = self._loop.time()
            self._pipeline.lose(error, self._outage, now)
            self._outage.note(error, now)
        finally:
            self._session = None
            await connection.disconnect(nowait=True)

    async def _connect(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await connection.connect()
                await self._knock(connection)
        except TimeoutError as error:
            # A server without TLS waits for the end of what looks like a long line.
            raise TimeoutError(
                f"no answer within {self._timeout} s: the server cannot be reached, or only one side uses TLS"
            ) from error

    async def _knock(self, connection: Connection) -> None:
        """Fail while the server loads its data: it takes no commands then, but does accept connections.

        One that takes no more clients says so without being asked, and closes the connection: nothing can be
        written then, and its words would be lost.
        """
        for _ in range(LISTEN_TURNS):
            await connection.read_response(timeout=0)
        await connection.send_packed_command(connection.pack_commands([("PING",)]), check_health=False)
        # Whoever may not ask has an answer too.
        with suppress(ResponseError):
            await connection.read_response()
