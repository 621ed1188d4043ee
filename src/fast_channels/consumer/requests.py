"""What a server asks its client: the requests of one connection that wait for their replies.

Theory of operation. A handler that waits for a reply keeps the loop of the life from its next event, and the
reply is one of the events that come. So replies are looked for where frames arrive, not where they are
handled: for a class that declares requests among what it sends, the `receive` of the server is wrapped, and a
frame that is the reply to a pending request is taken out there. Whoever reads the client, the loop itself or
the task that reads ahead while a handler waits, reads through it. While requests are pending more frames may
be read ahead than usual, because the reply may come behind others; the number stays limited.

A request ends once, when it is taken from the pending ones (see `_resolve()`): with its reply, with an
`InvalidMessageError` about a reply that is not of the type, with a `TimeoutError` by its timer, or with
`ConnectionClosed`, whoever ends the connection; the waiting task may also be cancelled. A frame that has the
number of a pending request and is not its reply is an ordinary message if the client may send such a one.

What has ended is remembered for a while, so that a late reply, or a second one, is recognised when nothing
else could be made of its frame.

This refers to neither the life nor the consumer.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from fast_channels.exceptions import ConnectionClosed, InvalidMessageError, LocalProtocolError
from fast_channels.messages.codec import Codec, taking_over
from fast_channels.messages.frames import exceeds
from fast_channels.type_defs import ASGIReceiveCallable
from fast_channels.untrusted import shown

__all__ = ["READ_WHILE_ASKING", "Pending", "Question", "Requests"]

READ_WHILE_ASKING: Final = 64
"""How many events of the client are read before they are handled while it is asked something."""

REMEMBERED: Final = 128
"""Of how many requests that have ended it is known what they were."""

Number: TypeAlias = tuple[str, Any]
"""The key of a correlation field in a frame, and its value there."""


class Question(NamedTuple):
    """One kind of request.

    Attributes:
        name: The name of its class.
        field: The name of the field that tells which reply belongs to it, `None` if there is none.
        key: The key of that field in a frame.
        codec: What reads the replies.
    """

    name: str
    field: str | None
    key: str | None
    codec: Codec


class Pending(NamedTuple):
    """A request that waits.

    Attributes:
        question: Its kind.
        message: The request as it is sent.
        number: What its reply has to have.
        reply: A future of what returns the reply, or raises an error. It holds no error itself, which would
            refer to the frames that hold the future.
        timer: Ends the request, `None` for one that waits as long as the connection.
    """

    question: Question
    message: Any
    number: Number
    reply: "asyncio.Future[Callable[[], Any]]"
    timer: asyncio.TimerHandle | None


class Requests:
    """The requests of one connection.

    Args:
        questions: The kinds of requests by their classes.
        receive: The server's `receive`.
        parse: Returns the value that a frame is, or raises a `ValueError`.
        client: What reads the other messages of the client, `None` if they are not declared.
        limit: How many bytes a frame may have, `None` for any number.

    Attributes:
        pending: The requests that wait, by what their replies have to have.
    """

    __slots__ = (
        "_client",
        "_count",
        "_ended",
        "_keys",
        "_limit",
        "_parse",
        "_questions",
        "_receive",
        "pending",
    )

    def __init__(
        self,
        questions: Mapping[Any, Question],
        receive: ASGIReceiveCallable,
        parse: Callable[[Any], Any],
        client: Codec | None,
        limit: int | None,
    ) -> None:
        self._questions = questions
        self._keys = {question.key for question in questions.values() if question.key is not None}
        self._receive = receive
        self._parse = parse
        self._client = client
        self._limit = limit
        self._count = 0
        self._ended: dict[Number, tuple[Question, bool]] = {}
        self.pending: dict[Number, Pending] = {}

    async def receive(self) -> Mapping[str, Any]:
        """Return the next event of the server that is not the reply to a request."""
        while True:
            try:
                message = await self._receive()
            except BaseException:
                # What was to come will not come any more.
                self.end()
                raise
            if not self.pending:
                return message
            kind = message.get("type")
            if kind == "websocket.disconnect":
                self.end()
            if kind != "websocket.receive" or not self._is_reply(message):
                return message

    def ask(self, message: Any, timeout: float | None) -> Pending:
        """Begin a request.

        Args:
            message: The request, which may leave its correlation field to be set here.
            timeout: After how many seconds it ends, `None` for never.

        Raises:
            TypeError: Nothing tells which reply would belong to it.
            LocalProtocolError: A request with the same number is already waiting for its reply.
        """
        question = self._questions.get(type(message))
        if question is None or question.field is None or question.key is None:
            name = type(message).__name__
            raise TypeError(
                f"{name} is not a request to a client: that is a Request with a correlation_field, and one "
                "of the declared server messages"
            )
        message = self._numbered(question, message)
        number = question.key, to_jsonable_python(getattr(message, question.field))
        if number in self.pending:
            raise LocalProtocolError(
                f"a {question.name} with {question.field} {shown(number[1])} is already waiting for its reply"
            )
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Callable[[], Any]] = loop.create_future()
        timer = None if timeout is None else loop.call_later(timeout, self._expire, number, timeout)
        self._ended.pop(number, None)
        pending = self.pending[number] = Pending(question, message, number, reply, timer)
        return pending

    def finish(self, pending: Pending) -> None:
        """Forget a request for which nobody waits any more."""
        if self.pending.get(pending.number) is pending:
            self._resolve(pending.number)

    def end(self) -> None:
        """End every request, because nothing will come any more."""
        for number in [*self.pending]:
            name = self.pending[number].question.name
            text = f"the connection has ended before the reply to {name} came"
            self._resolve(number, partial(_fail, ConnectionClosed, text))

    def _expire(self, number: Number, timeout: float) -> None:
        name = self.pending[number].question.name
        text = f"the client has not replied to {name} within {timeout:g} s"
        self._resolve(number, partial(_fail, TimeoutError, text))

    def _resolve(
        self, number: Number, outcome: Callable[[], Any] | None = None, *, answered: bool = False
    ) -> None:
        """Take a request from those that wait, tell whoever waits, and remember that there was one."""
        question, _, _, waiting, timer = self.pending.pop(number)
        if timer is not None:
            timer.cancel()
        self._ended[number] = question, answered
        if len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]
        if outcome is None:
            waiting.cancel()
        elif not waiting.done():
            waiting.set_result(outcome)

    def passed(self, error: InvalidMessageError) -> str | None:
        """Return what a frame is that is no message: a reply that nobody waits for; `None` if it is none."""
        if not self._ended:
            return None
        try:
            number = self._number_in(error.value, self._ended)
            if number is None:
                return None
            question, answered = self._ended[number]
            frame: Any = error.frame
            question.codec.decode(frame)
        except ValueError:
            return None
        what = "the second reply to" if answered else "a late reply to"
        return f"{what} {question.name}, {number[0]} {shown(number[1])}"

    def _numbered(self, question: Question, message: Any) -> Any:
        self._count += 1
        # A string is a number where the field is one, unless the model is strict.
        for number in (str(self._count), self._count):
            try:
                return taking_over(message, question.field or "", number)
            except ValidationError:
                continue
        raise LocalProtocolError(
            f"{question.name}.{question.field} cannot be a number; set it to a unique value"
        )

    def _number_in(self, value: Any, known: Mapping[Number, Any]) -> Number | None:
        """Return what tells to which request a value belongs, `None` if it belongs to none of those."""
        for key in self._keys:
            try:
                number = key, value[key]
                if number in known:
                    return number
            except (LookupError, TypeError):
                # No object, or the value of the key is none.
                continue
        return None

    def _is_reply(self, message: Mapping[str, Any]) -> bool:
        """Tell whether an event is the reply to a pending request, which has its answer then."""
        text = message.get("text")
        frame: Any = message.get("bytes") if text is None else text
        if not isinstance(frame, str | bytes) or (self._limit is not None and exceeds(frame, self._limit)):
            return False
        try:
            number = self._number_in(self._parse(frame), self.pending)
        except (ValueError, TypeError, RecursionError):
            return False
        # Whoever waited may have been cancelled a moment ago.
        return number is not None and not self.pending[number].reply.done() and self._take(number, frame)

    def _take(self, number: Number, frame: Any) -> bool:
        """Resolve a request with a frame that has its number; returns whether the frame is its reply."""
        codec = self.pending[number].question.codec
        try:
            reply = codec.decode(frame)
        except InvalidMessageError:
            if self._is_message(frame):
                return False
            self._resolve(number, partial(codec.decode, frame))
        else:
            self._resolve(number, lambda: reply, answered=True)
        return True

    def _is_message(self, frame: Any) -> bool:
        try:
            return self._client is not None and self._client.decode(frame) is not self
        except InvalidMessageError:
            return False


def _fail(kind: type[Exception], text: str) -> None:
    raise kind(text)
