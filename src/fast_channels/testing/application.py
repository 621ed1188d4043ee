"""Running an ASGI application inside a test and talking to it as its server would."""

import asyncio
import contextvars
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias

from typing_extensions import TypeIs

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.unanswered import unanswered
from fast_channels.event_loop import require_asyncio
from fast_channels.protocol.states import OPEN
from fast_channels.protocol.websocket import WebSocketConnection
from fast_channels.type_defs import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ChannelApplication,
    ChannelMessage,
    ChannelScope,
)
from fast_channels.untrusted import plain_repr, said


class ConsumerClass(Protocol):
    """A class that makes ASGI applications, as consumer classes do."""

    def as_asgi(self) -> ChannelApplication:
        """Make the application."""
        ...


# Consumers are consumer classes; but the type that as_asgi() has in the stubs is too much for pyright there.
TestedApplication: TypeAlias = ChannelApplication | ConsumerClass | type[AsyncConsumer]
"""What a communicator can run: an ASGI application, middleware included, or a consumer class."""


class ApplicationEnded(TimeoutError):
    """The application has ended, so the output that the test waits for cannot arrive.

    It is a `TimeoutError`, because tests that expect no output expect that.
    """


class ApplicationCommunicator:
    """Runs an ASGI application in a task of its own; the test takes the role of the server.

    The application starts with the first call that needs it, in a `contextvars` context of its own. Nothing
    is bound to an event loop before that, so a communicator can be made anywhere.

    When the application raises an error, the test gets this error: from the call that waits for output, at
    once, after all output that was sent before; and from `send_input()` and `wait()`. A call that exceeds its
    time-out leaves the application running, except `wait()`, which cancels it.

    As an asynchronous context manager it starts the application on entry and ends it on exit. If the
    body succeeded, an error of the application that no call has raised so far is raised there; if it
    failed, the error of the body stays and gets a note about that of the application.

    Args:
        application: The application, or a consumer class, whose `as_asgi()` is called.
        scope: The connection scope. It is passed unchanged and may have any keys. It may be changed until the
            application starts.

    Attributes:
        application: The ASGI application that is run.
        scope: The connection scope.
        input_queue: Events that the application has not received yet.
        output_queue: Events that the application sent and the test has not received yet.
    """

    _task: asyncio.Task[None] | None = None

    def __init__(self, application: TestedApplication, scope: ChannelScope) -> None:
        self.application: ChannelApplication = (
            application.as_asgi() if _is_consumer_class(application) else application
        )
        self.scope = scope
        self.input_queue: asyncio.Queue[Any] = asyncio.Queue()
        self.output_queue: asyncio.Queue[Any] = asyncio.Queue()
        self._news = asyncio.Event()
        self._unanswered: list[str] = []
        self._error_was_raised = False

    @property
    def future(self) -> asyncio.Task[None]:
        """The task of the application, which is started if it was not yet.

        Raises:
            RuntimeError: No event loop is running and the application was not started before.
        """
        if self._task is None:
            self._task = self._start()
        return self._task

    def _start(self) -> asyncio.Task[None]:
        # Nothing that the task holds may refer to the communicator: a test that drops a communicator
        # shall end its application then and there, not when the garbage collector finds the cycle.
        outputs, news = self.output_queue, self._news
        require_asyncio(type(self))

        async def send(message: ChannelMessage) -> None:
            outputs.put_nowait(message)
            news.set()

        context = contextvars.Context()
        context.run(unanswered.set, self._unanswered)
        task = asyncio.get_running_loop().create_task(
            _run(self.application, self.scope, self.input_queue.get, send), context=context
        )
        task.add_done_callback(lambda _: news.set())
        return task

    async def send_input(self, message: Any) -> None:
        """Give the application an event to receive.

        Args:
            message: The event; no rules are checked.

        Raises:
            Exception: The error of the application, if it crashed.
        """
        _ = self.future
        self._raise_error()
        self.input_queue.put_nowait(message)

    async def receive_output(self, timeout: float = 1) -> Any:
        """Return the next event that the application sends; wait for it if necessary.

        Args:
            timeout: Longest time to wait, in seconds.

        Returns:
            The event as the application sent it.

        Raises:
            ApplicationEnded: The application returned without sending more. A `TimeoutError`.
            TimeoutError: Nothing came in time; the text says so if that is a handshake which `connect()` of a
                consumer has left unanswered. The application goes on running.
            Exception: The error of the application, if it crashed without sending more.
        """
        await self._output_or_end(timeout)
        return self._take_output(timeout)

    async def receive_nothing(self, timeout: float = 0.1, interval: float = 0.01) -> bool:
        """Tell whether the application sends nothing.

        Args:
            timeout: How long to wait for output, in seconds. After the end of the application the call
                returns at once.
            interval: Not used; accepted because other communicators, which poll, need it.

        Returns:
            Whether there is no output. If there is, it can still be received.

        Raises:
            Exception: The error of the application, if it crashed without sending more.
        """
        del interval
        await self._output_or_end(timeout)
        if self._has_output():
            return False
        self._raise_error()
        return True

    async def wait(self, timeout: float = 1) -> None:
        """Wait until the application ends by itself.

        Args:
            timeout: Longest time to wait, in seconds.

        Raises:
            TimeoutError: The application had not ended in time. It has been cancelled.
            Exception: The error of the application, if it crashed.
        """
        try:
            await asyncio.wait({self.future}, timeout=timeout)
            in_time = self.future.done()
        finally:
            await self._cancel()
        self._raise_error()
        if not in_time:
            raise TimeoutError(f"The application did not end within {timeout} s and was cancelled")

    def stop(self, exceptions: bool = True) -> None:
        """Cancel the application, without waiting for its end.

        Args:
            exceptions: Whether to raise the error of an application that has crashed already.

        Raises:
            Exception: The error of the application.
        """
        if self._task is None:
            return
        self._task.cancel()
        if exceptions:
            self._raise_error()

    async def __aenter__(self) -> Self:
        _ = self.future
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if exc_value is None and not self.future.done():
                await self._leave()
        finally:
            await self._cancel()
        error = _error_of(self.future)
        if error is None or self._error_was_raised:
            return
        if exc_value is None:
            self._raise_error()
        else:
            exc_value.add_note(f"The application had crashed: {said(error)}")

    def __del__(self) -> None:
        if self._task is None:
            return
        if self._task.done():
            # Looking at the error tells asyncio not to log it as never retrieved.
            _error_of(self._task)
            return
        if not self._task.get_loop().is_closed():
            self._task.cancel()
            return
        # No loop can end the application any more. Unless it is closed here, the interpreter complains
        # about a coroutine that never ran, or that awaits while it is closed.
        coroutine = self._task.get_coro()
        with suppress(RuntimeError):
            coroutine.close()

    async def _leave(self) -> None:
        """Ask the application to end and wait until it does; by default it is not asked."""

    async def _output_or_end(self, timeout: float) -> None:
        application = self.future
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                while self.output_queue.empty() and not application.done():
                    self._news.clear()
                    await self._news.wait()

    def _take_output(self, timeout: float) -> Any:
        if self._has_output():
            # Whatever it was, the client of a handshake does not wait any more.
            self._unanswered.clear()
            return self.output_queue.get_nowait()
        self._raise_error()
        if self.future.done():
            raise ApplicationEnded("The application ended and sent nothing more")
        silence = f"The application sent nothing within {timeout} s"
        raise TimeoutError("; ".join([silence, *self._unanswered]))

    def _has_output(self) -> bool:
        if self.output_queue.qsize() == 1 and _error_of(self.future) is not None:
            # What a client sees of a crash; a test shall see the error.
            event = self.output_queue.get_nowait()
            if event != _CRASH:
                self.output_queue.put_nowait(event)
        return not self.output_queue.empty()

    def _put_back(self, events: list[Any]) -> None:
        """Make the next outputs of events that were taken already."""
        while not self.output_queue.empty():
            events.append(self.output_queue.get_nowait())
        for event in events:
            self.output_queue.put_nowait(event)

    async def _receive_event(self, timeout: float, *expected: str) -> Any:
        return self._expected(await self.receive_output(timeout), *expected)

    @staticmethod
    def _expected(event: Any, *expected: str) -> Any:
        if event["type"] not in expected:
            types = " or ".join(map(repr, expected))
            mistake = AssertionError(f"Expected type {types}, but was {event['type']!r}")
            # In a note, because tests compare the whole text of this error.
            mistake.add_note(f"The application sent {plain_repr(event)}")
            raise mistake
        return event

    async def _receive_body(self, timeout: float, expected: str) -> bytes:
        body = b""
        more_body = True
        while more_body:
            event = await self._receive_event(timeout, expected)
            part = event.get("body", b"")
            if not isinstance(part, bytes):
                raise AssertionError(f"The body of {expected!r} is not bytes, it is {type(part)}")
            body += part
            more_body = event.get("more_body", False)
        return body

    def _raise_error(self) -> None:
        error = _error_of(self.future)
        if error is not None:
            self._error_was_raised = True
            raise error

    async def _cancel(self) -> None:
        if not self.future.done():
            self.future.cancel()
            await asyncio.wait({self.future})


_CRASH = WebSocketConnection.failures[OPEN]


def _is_consumer_class(application: TestedApplication) -> TypeIs[ConsumerClass | type[AsyncConsumer]]:
    # An instance of a consumer has as_asgi() too, but is an application already.
    return isinstance(application, type) and hasattr(application, "as_asgi")


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


async def _run(
    application: ChannelApplication, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    # Calling the application inside the task gives its synchronous part the empty context as well.
    await application(scope, receive, send)
