"""A server that a test plays step by step, and layers that misbehave, for tests without a clock."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any

from fast_channels.layers import InMemoryChannelLayer
from fast_channels.messages import ChannelEvent
from fast_channels.type_defs import ASGI3Application

WEBSOCKET: dict[str, Any] = {"type": "websocket", "path": "/", "headers": []}
HTTP: dict[str, Any] = {"type": "http", "path": "/", "headers": []}

CONNECT: dict[str, Any] = {"type": "websocket.connect"}
GET: dict[str, Any] = {"type": "http.request"}
LEFT: dict[str, Any] = {"type": "http.disconnect"}

LAST = {"websocket.disconnect", "http.disconnect"}


def frame(text: str) -> dict[str, Any]:
    """Return the event of a text frame."""
    return {"type": "websocket.receive", "text": text}


def gone(code: int | None = 1000) -> dict[str, Any]:
    """Return the event of a WebSocket that is gone."""
    return {"type": "websocket.disconnect", "code": code}


class Server:
    """Runs an application on one connection; the test decides what happens when.

    Attributes:
        sent: The events that the application sent, in order.
        received: How many events the application took.
        gone: Whether the application took an event that says that the client is gone.
        breach: What the application sent against the rules, if anything.
        send_error: Raised by every `send` from now on, if it is set.
        slow: Whether `send` waits a turn.
    """

    def __init__(
        self, application: ASGI3Application, scope: Mapping[str, Any], *events: Mapping[str, Any]
    ) -> None:
        self.scope = dict(scope)
        self.sent: list[dict[str, Any]] = []
        self.received = 0
        self.gone = False
        self.breach: str | None = None
        self.send_error: Exception | None = None
        self.slow = False
        self._events: asyncio.Queue[Mapping[str, Any] | BaseException] = asyncio.Queue()
        self.give(*events)
        self.task = asyncio.ensure_future(self._run(application))

    async def _run(self, application: ASGI3Application) -> None:
        await application(self.scope, self.receive, self.send)

    @property
    def error(self) -> BaseException | None:
        """What the application raised."""
        return asyncio.CancelledError() if self.task.cancelled() else self.task.exception()

    def give(self, *events: Mapping[str, Any] | BaseException) -> None:
        """Have events ready, or errors that `receive` raises."""
        for event in events:
            self._events.put_nowait(event)

    async def receive(self) -> Mapping[str, Any]:
        event = await self._events.get()
        if isinstance(event, BaseException):
            raise event
        self.received += 1
        self.gone = self.gone or (event.get("type") in LAST and not isinstance(event.get("code"), str))
        return event

    async def send(self, event: Mapping[str, Any]) -> None:
        if self.breach is None:
            self.breach = breach(self.scope, [*self.sent, dict(event)], gone=self.gone)
        self.sent.append(dict(event))
        if self.slow:
            await asyncio.sleep(0)
        if self.send_error is not None:
            # A server that cannot send has lost its client.
            self.gone = isinstance(self.send_error, OSError) or self.gone
            raise self.send_error

    @property
    def types(self) -> list[str]:
        """The types of the events that the application sent."""
        return [event["type"] for event in self.sent]

    async def end(self) -> None:
        """Wait until the application ends; raises what it raises."""
        async with asyncio.timeout(60):
            await self.task

    async def cancel(self) -> None:
        """Cancel the application and wait until it ends."""
        self.task.cancel()
        async with asyncio.timeout(60):
            await asyncio.wait([self.task])
        assert self.task.cancelled()


async def serve(
    application: ASGI3Application, scope: Mapping[str, Any], *events: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Run an application to its end, and return what it sent."""
    server = Server(application, scope, *events)
    await server.end()
    return server.sent


# An acceptor of its own, which shares nothing with the tables: one letter for each event.
_LETTERS = {
    "websocket.accept": "a",
    "websocket.send": "s",
    "websocket.close": "c",
    "websocket.http.response.start": "d",
    "websocket.http.response.body": "b",
    "http.response.start": "h",
    "http.response.body": "b",
}
_LEGAL = {
    "websocket": re.compile("as*c?|c|db*B?"),
    "http": re.compile("hb*B?"),
}
_FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "websocket.accept": {"subprotocol": str, "headers": list},
    "websocket.send": {"text": str, "bytes": bytes},
    "websocket.close": {"code": int, "reason": str},
    "websocket.http.response.start": {"status": int, "headers": list},
    "websocket.http.response.body": {"body": bytes, "more_body": bool},
    "http.response.start": {"status": int, "headers": list, "trailers": bool},
    "http.response.body": {"body": bytes, "more_body": bool},
}


def breach(scope: Mapping[str, Any], sent: list[dict[str, Any]], *, gone: bool) -> str | None:
    """Say why a server would not accept the last of the events that it was sent, or return `None`."""
    event = sent[-1]
    if scope.get("type") not in _LEGAL:
        return None
    if gone:
        return f"{event} was sent to a client that is gone"
    if event.get("type") not in _LETTERS:
        return f"{event} is no event"
    letters = "".join(_letter(event) for event in sent)
    if not _LEGAL[scope["type"]].fullmatch(letters):
        return f"{event} comes too early or too late: {letters}"
    return _wrong_field(scope, event, refusal=letters == "c")


def _letter(event: dict[str, Any]) -> str:
    letter = _LETTERS[event["type"]]
    return "B" if letter == "b" and not event.get("more_body") else letter


def _wrong_field(scope: Mapping[str, Any], event: dict[str, Any], *, refusal: bool) -> str | None:
    fields = _FIELDS[event["type"]]
    for name, value in event.items():
        if name != "type" and name in fields and not isinstance(value, fields[name]):
            return f"{name} of {event} is of a wrong type"
    if event["type"] == "websocket.send" and len(event.keys() & {"text", "bytes"}) != 1:
        return f"{event} has not exactly one payload"
    if event.get("subprotocol") not in {None, *scope.get("subprotocols", ())}:
        return f"{event} chooses what was not offered"
    code = event.get("code", 1000)
    sendable = code in range(3000, 5000) or (code in range(1000, 1015) and code not in {1004, 1005, 1006})
    return None if refusal or (sendable and type(code) is int) else f"{event} has a code that is not sent"


class LayerDown(Exception):
    """What a layer raises that has lost its engine."""


class FragileLayer(InMemoryChannelLayer):
    """A memory layer whose methods wait for a turn, and fail when the test wants it.

    Attributes:
        failing: The names of the methods that fail.
        names: The channels that were made.
        joins: The groups that were joined, in order.
        leaves: The groups that were left, in order.
        failures: The names of the methods that failed, as they fail.
    """

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[str] = set()
        self.names: list[str] = []
        self.joins: list[str] = []
        self.leaves: list[str] = []
        self.failures: asyncio.Queue[str] = asyncio.Queue()

    def fail(self, method: str) -> None:
        """Raise if the method is one of those that fail."""
        if method in self.failing:
            self.failures.put_nowait(method)
            raise LayerDown(method)

    async def _work(self, method: str) -> None:
        await asyncio.sleep(0)
        self.fail(method)

    async def new_channel(self, prefix: str = "specific.") -> str:
        await self._work("new_channel")
        self.names.append(await super().new_channel(prefix))
        return self.names[-1]

    async def send(self, channel: str, message: Mapping[str, Any] | ChannelEvent) -> None:
        await self._work("send")
        await super().send(channel, message)

    async def group_add(self, group: str, channel: str) -> None:
        await self._work("group_add")
        self.joins.append(group)
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        self.leaves.append(group)
        await self._work("group_discard")
        await super().group_discard(group, channel)

    async def group_send(self, group: str, message: Mapping[str, Any] | ChannelEvent) -> None:
        await self._work("group_send")
        await super().group_send(group, message)

    async def close_channel(self, channel: str) -> None:
        await self._work("close_channel")
        await super().close_channel(channel)

    def memberships(self) -> list[tuple[str, str]]:
        """Return all groups and members."""
        return [(group, channel) for group, members in self.groups.items() for channel in members]


class PlainLayer:
    """A layer as third parties write it: what fast-channels 1.1.0 calls, and nothing else.

    It can only be asked with `receive()`, and knows no `close_channel()`.
    """

    def __init__(self, inner: FragileLayer) -> None:
        self.new_channel = inner.new_channel
        self.send = inner.send
        self.group_add = inner.group_add
        self.group_discard = inner.group_discard
        self.group_send = inner.group_send
        self._inner = inner

    async def receive(self, channel: str) -> dict[str, Any]:
        """Wait for the next message; fails when the test wants it."""
        self._inner.fail("receive")
        return await self._inner.receive(channel)
