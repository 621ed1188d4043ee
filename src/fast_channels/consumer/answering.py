"""How a consumer answers: replies of handlers, their errors, frames that are no messages, and requests."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Generic

from pydantic_core import to_jsonable_python
from typing_extensions import TypeVar

from fast_channels.consumer.message_life import MessageLife
from fast_channels.consumer.requests import Requests
from fast_channels.consumer.steering import is_steering, single
from fast_channels.consumer.websocket import AsyncWebsocketConsumer
from fast_channels.consumer.websocket_life import Refusal
from fast_channels.events.close_codes import CloseCode
from fast_channels.exceptions import InvalidMessageError, ReplyError
from fast_channels.messages.codec import Codec
from fast_channels.messages.frames import with_frame, wrong_phase
from fast_channels.messages.phase import Phase
from fast_channels.messages.receivers import Mode, received_by
from fast_channels.messages.request import Asking
from fast_channels.type_defs import ASGIReceiveCallable

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

__all__ = ["AnsweringConsumer", "ClientMessage", "ServerMessage"]

ClientMessage = TypeVar("ClientMessage", default=Any)
"""What the client may send."""

ServerMessage = TypeVar("ServerMessage", default=Any)
"""What the client may be sent."""

_Reply = TypeVar("_Reply")


class AnsweringConsumer(AsyncWebsocketConsumer, Generic[ClientMessage, ServerMessage]):
    """Handles messages and answers them, in turn or beside each other."""

    phases: ClassVar[tuple[type[Phase[Any]], ...]] = ()
    max_concurrent: ClassVar[int] = 16
    max_streams: ClassVar[int] = 100

    _life_class = MessageLife
    _life: MessageLife  # pyright: ignore[reportIncompatibleVariableOverride]  # set once, by `__new__`, and never assigned: narrower is safe
    _client: ClassVar[Codec | None] = None
    _server: ClassVar[Codec | None] = None
    _modes: ClassVar[Mapping[str, Mode]] = {}
    """How methods handle messages that do not do it in turn, by their names."""
    _phases: ClassVar[Mapping[type[Phase[Any]], Codec]] = {}
    """What reads the messages of each phase, the first one first."""

    @abstractmethod
    def _prepare(self, receive: ASGIReceiveCallable) -> Requests | None:
        """Look at what could not be seen before; returns what can be asked of the client, if anything."""

    @abstractmethod
    def _receiver_of(self, content: Any) -> str | None:
        """Return the name of the method that handles a message."""

    async def request(self, message: Asking[ServerMessage, _Reply], timeout: float | None) -> _Reply:
        """Ask the client something, and wait for its reply.

        The message is one that the class declares among what it sends, and that names its reply by
        `Request[...]` and a `correlation_field`. Where it does not set that field, a number is put there that
        is unique in the connection. Meanwhile the client is read, but no message of it is handled before the
        handler that waits has returned.

        Args:
            message: The request.
            timeout: How many seconds to wait for the reply, `None` for as long as the connection lasts.

        Returns:
            The reply, an instance of its type.

        Raises:
            TimeoutError: No reply has come in time. One that comes later is logged as a warning.
            ConnectionClosed: The connection is gone, or ends before the reply comes.
            InvalidMessageError: What the client has replied is not of the type.
            LocalProtocolError: It is not a message that the consumer declares, the handshake has not been
                accepted, or a request with the same value of the field waits already.
            TypeError: The message asks for no reply, or names no `correlation_field`.
        """
        reply: _Reply = await self._life.request(self, message, timeout)
        return reply

    def enter(self, phase: type[Phase[ClientMessage]]) -> None:
        """Begin another phase of the connection: from the next message on, the client may send its messages.

        A message of another phase is passed to `receive_invalid()`, with the kind `"wrong_phase"`.

        Args:
            phase: One of those that `phases` names.

        Raises:
            ValueError: It is none of them.
        """
        if phase not in self._phases:
            raise ValueError(f"{phase.__name__} is not one of the phases of {type(self).__name__}")
        self._life.message_phase = phase

    def _in_phase(self, read: Callable[[Codec], Any], frame: str | bytes | None) -> Any:
        """Return a message of the client, if it belongs to the phase of the connection.

        Args:
            read: Reads the message with a codec.
            frame: The frame.

        Raises:
            InvalidMessageError: It is no message, or it does not belong to the phase.
        """
        phase = self._life.message_phase or next(iter(self._phases))
        with suppress(InvalidMessageError):
            return read(self._phases[phase])
        # There are no phases without declared messages. What is no message at all is told what it could be.
        client: Any = self._client
        kind = type(read(client)).__name__
        raise wrong_phase(frame, kind, phase.__name__, self._parsed)

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        """Handle a frame that is not a valid message, or for which a handler raised an `InvalidMessageError`.

        By default a consumer that declares its messages closes the WebSocket with `error.code` and logs one
        warning, and one that does not raises the error, unless the frame is larger than it allows.

        An override may answer, or ignore the frame. A reply that it sends gets the `correlation_field` of the
        frame, and `close()` shortens its reason to the 123 bytes that a close frame can contain.

        Args:
            error: What is wrong with the frame.
        """
        if self._client is None and error.code != CloseCode.MESSAGE_TOO_BIG.value:
            raise error
        await super()._refuse(error)

    async def handler_failed(self, message: ClientMessage, error: Exception) -> ServerMessage | None:
        """Decide what becomes of an error that a handler of the client's messages has raised.

        By default it ends the connection, with the close code 1011. An override may return a reply instead,
        which is checked, correlated and sent as if the handler had returned it; the connection goes on. The
        error is then in no log, unless the override writes it there.

        Neither an `InvalidMessageError` comes here, which `receive_invalid()` decides about, nor a
        `ReplyError`, nor what only ends a handler, such as `ConnectionClosed`; nor does any error of a class
        that declares no messages.

        Args:
            message: The message.
            error: What its handler raised, or what is wrong with the reply that it gave.

        Returns:
            The reply, `None` for none.
        """
        try:
            raise error
        finally:
            # The error refers to this frame, which would refer to the error.
            del error

    async def _failed(
        self, message: ClientMessage, error: Exception, frame: str | bytes | None = None
    ) -> None:
        """Answer a message whose handler has failed.

        Args:
            message: The message.
            error: What its handler raised.
            frame: Its frame, `None` if that is gone.
        """
        try:
            if not self._declares_messages or is_steering(error):
                raise error
            error = single(error)
            if isinstance(error, InvalidMessageError):
                # The frame of a concurrent handler is gone, and the error may be about another one, such as a
                # reply to a request. Anyway this message is answered.
                parse: Callable[[Any], Any]
                parse = self._parsed if frame is not None else lambda _frame: to_jsonable_python(message)
                await self._hear(with_frame(error, frame, parse), lambda: parse(frame))
            elif isinstance(error, ReplyError):
                await self._answer(message, error.reply)
            else:
                await self._answer(message, await self.handler_failed(message, error))
        finally:
            del error

    async def _answer(self, message: ClientMessage, answer: Any) -> None:
        """Send what has been answered to a message, if anything."""
        if self._client is not None:
            answer = self._client.reply(message, answer)
        if answer is not None:
            await self._send_message(answer)

    @abstractmethod
    async def _send_message(self, message: ServerMessage) -> None:
        """Send a message."""

    @classmethod
    @abstractmethod
    def _parsed(cls, frame: Any) -> Any:
        """Return the value that a frame is."""

    async def _refuse(self, error: InvalidMessageError) -> None:
        requests = self._life.requests
        if requests is not None and (what := requests.passed(error)) is not None:
            logger.warning("%s drops %s", self, what)
            return
        await self._hear(error, lambda: error.value)

    async def _hear(self, error: InvalidMessageError, value: Callable[[], Any]) -> None:
        """Let the hook decide about an invalid message; its answer is correlated with a value of a frame."""
        client = self._client
        life = self._life
        refusal = life.refusal = Refusal(
            lambda: None if client is None else client.correlation(value()), life.refusal
        )
        try:
            await self.receive_invalid(error)
        finally:
            life.refusal = refusal.removed_from(life.refusal)

    async def _handle_slowly(self, message: Any) -> Any:
        """Handle a message whose class alone does not tell by which method, or that a task handles."""
        name = self._receiver_of(message)
        if name is None:
            return None
        mode = self._modes.get(name)
        if mode is None:
            return await getattr(self, name)(message)
        await self._life.defer(self, name, message, self._number(name, message), mode)
        return None

    def _number(self, name: str, message: Any) -> Any:
        """Return by what a message, or the one that cancels it, tells which stream it is about."""
        field = getattr(received_by(getattr(type(self), name)), "correlation_field", None)
        return None if field is None else getattr(message, field, None)

    async def _handle_beside(self, name: str, message: Any) -> None:
        """Handle a message in a task."""
        try:
            await self._answer(message, await getattr(self, name)(message))
        except Exception as error:
            await self._failed(message, error)

    async def _stream(self, name: str, message: Any) -> None:
        """Answer a message with all that a method yields."""
        replies = getattr(self, name)(message)
        try:
            async for reply in replies:
                await self._answer(message, reply)
        except Exception as error:
            await self._failed(message, error)
        finally:
            await replies.aclose()

    async def _cancel_stream(self, message: Any) -> None:
        """End the streams that a message cancels."""
        for name, mode in self._modes.items():
            if mode.cancel is type(message):
                self._life.concurrent.cancel(name, self._number(name, message))
