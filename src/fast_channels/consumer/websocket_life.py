"""What happens to a consumer of a WebSocket besides what happens to every consumer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from fast_channels.consumer.attributes import require_names
from fast_channels.consumer.cleanup import clean_up
from fast_channels.consumer.handler_errors import warn_once
from fast_channels.consumer.inbox import Origin
from fast_channels.consumer.life import ABNORMAL, INTERNAL_ERROR, NO_STATUS, Life
from fast_channels.consumer.phases import OPENING
from fast_channels.consumer.steering import steering
from fast_channels.consumer.unanswered import unanswered
from fast_channels.exceptions import (
    AcceptConnection,
    DenyConnection,
    InvalidChannelLayerError,
    MessageValueError,
)
from fast_channels.messages.codec import taking_over
from fast_channels.messages.frames import exceeds, too_big
from fast_channels.protocol.states import HANDSHAKE, OPEN
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelScope

if TYPE_CHECKING:
    from fast_channels.consumer.timers import Timers
    from fast_channels.consumer.websocket import AsyncWebsocketConsumer

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

_UNANSWERED = "connect() of %s returned without accept(), close() or deny()"


_W = TypeVar("_W", bound="AsyncWebsocketConsumer")


class Handshake(IntEnum):
    """How far the handshake is, as far as the protocol machine does not say it."""

    AWAITED = 0
    """The client has not asked yet."""
    ASKED = 1
    DENIED = 2
    """It was refused with a response, after which some servers never say that the client is gone."""


# The members of an Enum are slow to find.
AWAITED, ASKED, DENIED = Handshake


class WebSocketLife(Life[_W]):
    """What happens to one consumer of a WebSocket.

    Attributes:
        handshake: How far the handshake is.
        refusal: That the consumer is being told of a frame that is no message, `None` most of the time.
    """

    __slots__ = ("_timer", "_timers", "handshake", "refusal")

    handshake: Handshake
    refusal: "Refusal | None"
    _timer: asyncio.TimerHandle | None
    _timers: "Timers | None"

    def prepare(self, consumer: _W) -> None:
        """Give a consumer groups of its own."""
        self.handshake = AWAITED
        self.refusal = None
        self._timer = None
        self._timers = None
        # A property, or whatever else computes the groups, is asked when they are needed.
        if not self.rules.computes_groups:
            declared: Any = getattr(consumer, "groups", None)
            require_names(type(consumer).__name__, declared)
            consumer.groups = list(declared or ())

    def begin(
        self, consumer: _W, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        """Take over a connection, with the time limits of its consumer if it has any.

        Raises:
            RuntimeError: There has been one already, or no event loop of asyncio runs.
        """
        # With super() every connection would pay twice as much for what few have.
        life: type[Life[_W]] = Life
        life.begin(self, consumer, scope, receive, send)
        if consumer.timeouts is not None:
            # Applications without time limits do not have to load what they need.
            from fast_channels.consumer.timers import limit_time

            self._timers = limit_time(self, consumer, receive, send)

    async def websocket_connect(self, consumer: _W, _event: Mapping[str, Any]) -> None:
        """Let the consumer answer the handshake, once."""
        if self.handshake:
            warn_once(consumer, "ignores a websocket.connect that comes for the second time")
            return
        self.handshake = ASKED
        if self._timers is not None:
            self._timers.start(self, consumer)
        try:
            await consumer.connect()
        except (AcceptConnection, DenyConnection) as answer:
            await _answer(consumer, answer)
        except BaseExceptionGroup as group:
            await _answer(consumer, steering(group))
        if self._is_unanswered():
            self._tell_of_silence(consumer)

    async def accept(self, consumer: _W, event: dict[str, Any], groups: Iterable[str]) -> None:
        """Accept a connection as a member of some groups, or of none if that fails."""
        connection = self.connection
        if connection is not None:
            connection.send(event, move=False)
        try:
            # Joined before the client knows, so that it misses nothing that is sent after it knows.
            await _join_groups(consumer, groups)
            await self.send_own(consumer, event)
        except BaseException as error:
            if connection is not None and connection.state == OPEN:
                raise
            await clean_up([lambda: self.leave_groups(consumer)], error)

    def websocket_receive(self, consumer: _W, message: Mapping[str, Any]) -> Awaitable[None]:
        """Return what passes a frame to the consumer, or refuses one that is too big."""
        text = message.get("text")
        limit = consumer.max_message_size
        if limit is not None:
            payload = text if text is not None else message.get("bytes") or b""
            # A character has at most four bytes.
            if 4 * len(payload) > limit and exceeds(payload, limit):
                return consumer._refuse(too_big(payload, limit))  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
        if text is not None:
            return consumer.receive(text_data=text)
        return consumer.receive(bytes_data=message.get("bytes"))

    async def websocket_disconnect(self, consumer: _W, message: Mapping[str, Any]) -> None:
        """End the connection with the code that the server tells."""
        given = message.get("code")
        await self.end(consumer, NO_STATUS if given is None else given)

    async def handle_error(
        self,
        consumer: _W,
        error: BaseException,
        event: Mapping[str, Any],
        origin: Origin,
    ) -> None:
        """Close the WebSocket because of a value that its client chose, or do what every life does."""
        if isinstance(error, MessageValueError) and self.connection and self.connection.state == OPEN:
            # The client must not be able to fill the log with tracebacks.
            text = "%s closes a WebSocket, because it cannot pass on a value that the client sent: %s"
            logger.warning(text, consumer, error)
            await consumer.close(INTERNAL_ERROR)
        else:
            await super().handle_error(consumer, error, event, origin)

    def is_over(self, consumer: _W) -> bool:
        """Tell whether the handshake was refused with a response."""
        return self.handshake is DENIED

    def may_be_member(self, consumer: _W) -> bool:
        """Tell whether there are groups to be left; computed ones are not asked for in vain."""
        if self.phase == OPENING:
            return bool(self.joined)
        return self.rules.computes_groups or bool(self.joined or consumer.groups)

    def group_names(self, consumer: _W) -> Iterable[str]:
        """Return the groups that the consumer names, and those that it has joined."""
        return dict.fromkeys((*consumer.groups, *self.joined))

    def is_busy(self) -> bool:
        """Tell whether a message of the client is handled, although the consumer waits for the next."""
        return False

    def retire(self) -> None:
        """Begin the end, and do not wait for an answer to the handshake any more."""
        super().retire()
        if self._timer is not None:
            self._timer.cancel()
        if self._timers is not None:
            self._timers.stop()
            self._timers = None

    def run_hook(self, consumer: _W, code: int) -> Awaitable[None]:
        """Return what runs the `disconnect()` of the consumer."""
        # There is no code after a response.
        return consumer.disconnect(ABNORMAL if self.handshake is DENIED else code)

    def _is_unanswered(self) -> bool:
        return self.connection is not None and self.connection.state == HANDSHAKE

    def _tell_of_silence(self, consumer: _W) -> None:
        told = unanswered.get()
        if told is not None:
            told.append(_UNANSWERED % consumer)
        is_limited = self._timers is not None and self._timers.timeouts.accept is not None
        if consumer.handshake_grace is not None and not is_limited:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(consumer.handshake_grace, self._warn_of_silence, consumer)

    def _warn_of_silence(self, consumer: _W) -> None:
        if self._is_unanswered():
            grace = consumer.handshake_grace
            logger.warning(f"{_UNANSWERED}; the client has waited %g s", consumer, grace)


async def _answer(consumer: "AsyncWebsocketConsumer", answer: BaseException) -> None:
    """Do what `connect()` has raised an exception for, or raise what is none of these."""
    if isinstance(answer, AcceptConnection):
        await consumer.accept()
    elif not isinstance(answer, DenyConnection):
        raise answer
    elif answer.status is None:
        await consumer.close()
    else:
        await consumer.deny(answer.status, answer.headers, answer.body)


async def _join_groups(consumer: "AsyncWebsocketConsumer", groups: Iterable[str]) -> None:
    layer = consumer.channel_layer
    for group in groups:
        if layer is None:
            raise InvalidChannelLayerError(
                f"{type(consumer).__name__} has groups and no channel layer; set channel_layer_alias"
            )
        await layer.group_add(group, consumer.channel_name)


class Refusal:
    """That a consumer is told of a frame that is no message, and may answer.

    Args:
        correlation: Finds the field that tells to which frame an answer belongs, and its value.
        others: What other tasks of the consumer are being told of, `None` for nothing.
    """

    __slots__ = ("_correlation", "_others", "_task")

    def __init__(
        self, correlation: Callable[[], tuple[str, Any] | None], others: "Refusal | None" = None
    ) -> None:
        self._correlation = correlation
        self._others = others
        self._task = asyncio.current_task()

    def is_current(self) -> bool:
        """Tell whether it is the hook that runs, and not a task of the application beside it."""
        return self._current() is not None

    def removed_from(self, refusals: "Refusal | None") -> "Refusal | None":
        """Return others without this one, which is over."""
        if refusals is None or refusals is self:
            return self._others
        refusals._others = self.removed_from(refusals._others)
        return refusals

    def _current(self) -> "Refusal | None":
        refusal: Refusal | None = self
        while refusal is not None and refusal._task is not asyncio.current_task():
            refusal = refusal._others
        return refusal

    def correlated(self, reply: Any) -> Any:
        """Return a reply with the field that tells to which frame it belongs, if there is one that fits."""
        current = self._current()
        correlation = None if current is None else current._correlation()
        if correlation is None:
            return reply
        try:
            return taking_over(reply, *correlation)
        except ValidationError:
            # It is one more thing that is wrong with the frame.
            return reply
