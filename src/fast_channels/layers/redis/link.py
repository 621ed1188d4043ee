"""One connection to a Redis server, which many coroutines use at once."""

import asyncio
import contextvars
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from redis.exceptions import AuthenticationError, ReadOnlyError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.untrusted import shown

__all__ = ["Command", "Connection", "Link", "Reply"]

FIRST_BACK_OFF: Final = 0.004
"""Seconds to wait after a connection was lost."""

BACK_OFF_GROWTH: Final = 1.15
"""How much longer to wait after each further failure: about a seventh of the outage so far."""

LONGEST_BACK_OFF: Final = 1.0
"""Seconds to wait at most."""

FRAMES_AT_ONCE: Final = 64
"""How many frames are handled before other tasks get their turn, if the server sends that fast."""

REMINDER_SECONDS: Final = 60.0
"""How often the same reason of an outage is logged."""

QUIET_SECONDS: Final = 0.001
"""After so much silence a connection is looked at before anything is written to it."""

LOOK_TURNS: Final = 3
"""Turns of the event loop in which the end of a connection comes to light that has ended meanwhile."""

SHORTEST_WATCH: Final = 0.001
"""Seconds after which it is looked at the earliest whether a server has been silent for too long."""

REASON_LENGTH: Final = 500
"""How many characters of a server's error are logged."""

logger: logging.Logger = logging.getLogger("fast_channels.layers.redis")

Command: TypeAlias = tuple[str | bytes | int | float, ...]
Reply: TypeAlias = Any
"""What RESP can say: text as bytes, integers, lists and None."""


class Connection(Protocol):
    """What a connection of redis-py does here."""

    async def connect(self) -> None:
        """Connect, and introduce oneself."""

    async def disconnect(self, nowait: bool = False) -> None:
        """End the connection."""

    def pack_commands(self, commands: Sequence[Command]) -> list[bytes]:
        """Return commands as the server reads them."""
        ...

    async def send_packed_command(self, command: list[bytes], check_health: bool = True) -> None:
        """Write commands, and wait while the server is slow to read."""

    async def read_response(self) -> Reply:
        """Return the next reply."""


class _Request:
    """A command, and who waits for its replies.

    Attributes:
        command: The command and its arguments.
        replies: How many replies the server still owes.
        repeat: Whether the command does the same when the server gets it twice.
        born: Time of the event loop at which it was made.
        future: Ends with the last reply; `None` when nobody waits.
        then: Called with no arguments at the last reply, before anything that came later is looked at.
        refusal: Why a server that is the wrong one did not carry it out.
    """

    __slots__ = ("born", "command", "future", "refusal", "repeat", "replies", "then")

    def __init__(
        self,
        command: Command,
        born: float,
        replies: int = 1,
        repeat: bool = False,
        future: asyncio.Future[Reply] | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        self.command = command
        self.born = born
        self.replies = replies
        self.repeat = repeat
        self.future = future
        self.then = then
        self.refusal: ResponseError | None = None

    @property
    def unwanted(self) -> bool:
        return self.future is not None and self.future.done()

    def succeed(self, reply: Reply) -> None:
        if self.then is not None:
            self.then()
        if self.future is not None and not self.future.done():
            self.future.set_result(reply)

    def fail(self, error: Exception) -> None:
        if self.future is not None and not self.future.done():
            self.future.set_exception(self.refusal or error)


class Link:
    """Keeps one connection to a server and pipelines the commands of all who use it.

    A command waits for a connection, for a limited time. One that was written when the connection was lost
    fails, because nobody knows whether the server carried it out, unless it may be repeated. Nobody but the
    link's own tasks touches the connection, so a cancelled caller cannot harm it. The reason of an outage is
    logged when it is a new one, and once a minute while it lasts. A link that was connected once connects
    again by itself; one that never was tries only while a command waits or there is a greeting to send.

    Args:
        make: Returns a new connection that is not connected.
        where: The server, for logs and errors.
        timeout: Seconds that a command waits for a connection, and that connecting may take.
        ping_interval: Seconds of silence after which the server is asked whether it is there; after as many
            again without an answer the connection is given up.
        greet: Called when there is a connection; returns a command to send before all others, the number of
            its replies, and what to call at the last one.
        on_message: Takes channel and contents of a published message.

    Attributes:
        established: Whether there is a connection on which the greeting, if there was one, has been answered.
    """

    def __init__(
        self,
        make: Callable[[], Connection],
        where: str,
        *,
        timeout: float,
        ping_interval: float,
        greet: Callable[[], tuple[Command, int, Callable[[], None]] | None] | None = None,
        on_message: Callable[[bytes, bytes], Awaitable[None]] | None = None,
    ) -> None:
        self.where = where
        self._make = make
        self._timeout = timeout
        self._ping_interval = ping_interval
        self._greet = greet
        self._on_message = on_message
        self._loop = asyncio.get_running_loop()
        self.established: bool = False
        self._connected = False
        self._was_connected = False
        self._broken = False
        self._waiting: deque[_Request] = deque()
        self._written: deque[_Request] = deque()
        self._work = asyncio.Event()
        self._heard_at = 0.0
        self._failures = 0
        # When each reason of the present outage was logged.
        self._logged: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def used(self) -> bool:
        """Whether anybody has asked for a connection since the link was made or closed."""
        return self._task is not None

    def ask(self, *command: str | bytes | float, repeat: bool = False) -> asyncio.Future[Reply]:
        """Send a command; return a future of its reply.

        Args:
            *command: The command and its arguments.
            repeat: Send it again if the connection is lost before the server has answered.
        """
        future: asyncio.Future[Reply] = self._loop.create_future()
        self._waiting.append(_Request(command, self._loop.time(), repeat=repeat, future=future))
        self._work.set()
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
        if self._connected or self._waiting:
            # It is as old as what it follows and has to be sent again with it, or would not be the last word.
            self._waiting.append(_Request(command, self._loop.time(), repeat=True))
            if now:
                self._work.set()

    async def close(self) -> None:
        """End the connection; commands without an answer fail."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        try:
            while True:
                if not self._waiting and not self._was_connected and self._greeting() is None:
                    self._work.clear()
                    await self._work.wait()
                connection = self._make()
                try:
                    await self._connect(connection)
                    await self._serve(connection)
                except Exception as error:
                    self._lose(error)
                    self._log(error)
                    self._failures += 1
                finally:
                    self._connected = self.established = False
                    await connection.disconnect(nowait=True)
                await asyncio.sleep(_back_off(self._failures))
        finally:
            self._fail([*self._written, *self._waiting], "is closed", None)
            self._written.clear()
            self._waiting.clear()

    def _log(self, error: Exception) -> None:
        """Log why there is no connection, unless that was said less than a minute ago."""
        reason, now = _said(error), self._loop.time()
        if now - self._logged.get(reason, float("-inf")) >= REMINDER_SECONDS:
            # What is older may be forgotten: a server may give another reason each time.
            self._logged = {said: at for said, at in self._logged.items() if now - at < REMINDER_SECONDS}
            self._logged[reason] = now
            logger.warning("no connection to %s, trying again: %s", self.where, reason)

    async def _connect(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await connection.connect()
                await self._knock(connection)
        except TimeoutError as error:
            # A server without TLS waits for the end of what looks like a long line.
            raise TimeoutError(
                f"no answer within {self._timeout} s; it cannot be reached, or only one side uses TLS"
            ) from error

    async def _knock(self, connection: Connection) -> None:
        """Fail while the server loads its data: it takes no commands then, but does accept connections."""
        await connection.send_packed_command(connection.pack_commands([("PING",)]), check_health=False)
        # Whoever may not ask has an answer too.
        with suppress(ResponseError):
            await connection.read_response()

    async def _serve(self, connection: Connection) -> None:
        self._broken = False
        if (greeting := self._greeting()) is not None:
            command, replies, then = greeting
            then = partial(self._is_established, then)
            self._waiting.appendleft(_Request(command, self._loop.time(), replies, then=then))
        else:
            self._is_established()
        self._connected = self._was_connected = True
        self._heard_at = self._loop.time()
        self._work.set()
        # No task group: those of Python 3.11 and 3.12 lose a cancellation that comes with an error.
        steps = (self._read(connection), self._write(connection), self._watch())
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

    def _greeting(self) -> tuple[Command, int, Callable[[], None]] | None:
        return None if self._greet is None else self._greet()

    async def _read(self, connection: Connection) -> None:
        try:
            await self._read_all(connection)
        finally:
            self._broken = True

    async def _read_all(self, connection: Connection) -> None:
        on_message = self._on_message
        while True:
            for _ in range(FRAMES_AT_ONCE):
                try:
                    reply = await connection.read_response()
                except ResponseError as error:
                    self._heard_at = self._loop.time()
                    refused = self._written[0]
                    if refused.then is not None or _is_of_replica(error):
                        # Without its greeting it is of no use; and the master of a replica may be elsewhere.
                        # Whoever asked is told when nothing can be written to this connection any more.
                        refused.refusal = error
                        raise
                    self._written.popleft().fail(error)
                    continue
                self._heard_at = self._loop.time()
                if on_message is not None and reply[0] == b"message":
                    await on_message(reply[1], reply[2])
                    continue
                request = self._written[0]
                request.replies -= 1
                if not request.replies:
                    self._written.popleft()
                    if self._failures:
                        self._failures = 0
                        self._logged.clear()
                        logger.info("connected to %s again", self.where)
                    request.succeed(reply)
            await asyncio.sleep(0)

    async def _write(self, connection: Connection) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            if self._loop.time() - self._heard_at > QUIET_SECONDS:
                # The event loop may have stood still, and the server have gone meanwhile: what is written to
                # it would be lost, and what waits is not.
                for _ in range(LOOK_TURNS):
                    await asyncio.sleep(0)
                if self._broken:
                    return
            batch = [request for request in self._waiting if not request.unwanted]
            self._waiting.clear()
            self._written.extend(batch)
            commands = connection.pack_commands([request.command for request in batch])
            await connection.send_packed_command(commands, check_health=False)

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
            self._waiting.append(_Request(("PING",), asked_at))
            self._work.set()
            await asyncio.sleep(interval)
            # Anything it says will do: a PONG may have to wait behind many messages.
            if self._heard_at < asked_at:
                raise TimeoutError(f"no answer to a PING for {interval} seconds")

    def _lose(self, error: Exception) -> None:
        """Give up what was written, and what has waited too long, when there is no connection."""
        written = [request for request in self._written if not request.repeat]
        self._waiting.extendleft([request for request in reversed(self._written) if request.repeat])
        self._written.clear()
        self._fail(written, "was lost before the answer came", error)
        if isinstance(error, AuthenticationError):
            # The next attempt would end in the same way, and whoever waits wants to know.
            self._fail([*self._waiting], "was refused", error)
            self._waiting.clear()
        too_old = self._loop.time() - self._timeout
        # The last attempt may have failed for another reason than those before, which is the one to know.
        earlier = [reason for reason in self._logged if reason != _said(error)]
        what = "; ".join([f"failed for {self._timeout} s", *(f"before: {said}" for said in earlier[-2:])])
        self._fail([r for r in self._waiting if r.born <= too_old], what, error)
        self._waiting = deque(r for r in self._waiting if r.born > too_old and not r.unwanted)

    def _fail(self, requests: list[_Request], what: str, cause: Exception | None) -> None:
        for request in requests:
            text = f"{request.command[0]!s}: the connection to {self.where} {what}"
            error = RedisConnectionError(text if cause is None else f"{text}: {_said(cause)}")
            error.__cause__ = cause
            request.fail(error)


def _is_of_replica(error: ResponseError) -> bool:
    # Redis 6 tells of the kind of an error inside a script in the text only.
    return isinstance(error, ReadOnlyError) or "-READONLY" in str(error)


def _said(error: Exception) -> str:
    # A server chose the text; in quotes only if it needs them.
    text = str(error)
    plain = text.isascii() and text.isprintable() and len(text) <= REASON_LENGTH
    return f"{type(error).__name__}: {text if plain else shown(text, REASON_LENGTH)}"


def _back_off(failures: int) -> float:
    """Return the seconds to wait after some failures in a row, with jitter so that processes spread out."""
    # The exponent is bounded because an outage is not.
    grown = FIRST_BACK_OFF * BACK_OFF_GROWTH ** min(failures - 1, 100)
    return min(grown, LONGEST_BACK_OFF) * random.uniform(0.5, 1)
