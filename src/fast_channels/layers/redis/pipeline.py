"""The commands of a link: those that wait to be written, and those whose replies have not come."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from redis.exceptions import AuthenticationError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.layers.redis.connection import Command, Reply
from fast_channels.layers.redis.outage import Outage
from fast_channels.untrusted import said

__all__ = ["Pipeline", "Request"]


class Request:
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
        self.command: Command = command
        self.born: float = born
        self.replies: int = replies
        self.repeat: bool = repeat
        self.future: asyncio.Future[Reply] | None = future
        self.then: Callable[[], None] | None = then
        self.refusal: ResponseError | None = None

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits any more who did."""
        return self.future is not None and self.future.done()

    def succeed(self, reply: Reply) -> None:
        """Give the last reply to whoever waits for it."""
        if self.then is not None:
            self.then()
        if self.future is not None and not self.future.done():
            self.future.set_result(reply)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits that no reply comes."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(self.refusal or error)


class Pipeline:
    """What was asked of a server and has no answer yet, in the order in which it was asked.

    Args:
        where: The server, for errors.
        timeout: Seconds that a command waits for a connection.

    Attributes:
        waiting: What was not written yet.
        written: What was written to the present connection; replies come in this order.
        work: Set when there is something to write.
    """

    __slots__ = ("_timeout", "_where", "waiting", "work", "written")

    def __init__(self, where: str, timeout: float) -> None:
        self.waiting: deque[Request] = deque()
        self.written: deque[Request] = deque()
        self.work: asyncio.Event = asyncio.Event()
        self._where = where
        self._timeout = timeout

    def next_batch(self) -> list[Command]:
        """Return all commands that wait, which are to be written now."""
        batch = [request for request in self.waiting if not request.unwanted]
        self.waiting.clear()
        self.written.extend(batch)
        return [request.command for request in batch]

    def lose(self, error: Exception, outage: Outage, now: float) -> None:
        """Give up what was written, and what has waited too long, when there is no connection.

        Args:
            error: Why there is none.
            outage: Which other reasons there have been.
            now: Time of the event loop.
        """
        lost = [request for request in self.written if not request.repeat]
        self.waiting.extendleft([request for request in reversed(self.written) if request.repeat])
        self.written.clear()
        self._fail(lost, "was lost before the answer came", error)
        if isinstance(error, AuthenticationError):
            # The next attempt would end in the same way, and whoever waits wants to know.
            self._fail(self.waiting, "was refused", error)
            self.waiting.clear()
        too_old = now - self._timeout
        # The last attempt may have failed for another reason than those before, which is the one to know.
        earlier = outage.other_reasons(error)
        what = "; ".join([f"failed for {self._timeout} s", *(f"before: {reason}" for reason in earlier[-2:])])
        self._fail([r for r in self.waiting if r.born <= too_old], what, error)
        self.waiting = deque(r for r in self.waiting if r.born > too_old and not r.unwanted)

    def close(self) -> None:
        """Give up everything."""
        self._fail([*self.written, *self.waiting], "is closed", None)
        self.written.clear()
        self.waiting.clear()

    def _fail(self, requests: Iterable[Request], what: str, cause: Exception | None) -> None:
        for request in requests:
            text = f"{request.command[0]!s}: the connection to {self._where} {what}"
            error = RedisConnectionError(text if cause is None else f"{text}: {said(cause)}")
            error.__cause__ = cause
            request.fail(error)
