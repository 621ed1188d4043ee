"""Every class answers every connection at once, also one of a protocol that it does not serve."""

import asyncio
import logging
import types
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.routing import Mount

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.testing import HttpCommunicator
from fast_channels.type_defs import ASGI3Application
from tests.blocked import wait_all_tasks_blocked

from .driver import CONNECT, GET, HTTP, WEBSOCKET, Server, gone, serve

STARTUP = {"type": "lifespan.startup"}
SHUTDOWN = {"type": "lifespan.shutdown"}
LIFESPAN = {"type": "lifespan", "asgi": {"version": "3.0"}}


class Http(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        await self.send_response(200, b"ok")


class Mail(AsyncConsumer):
    async def mail_came(self, event: Mapping[str, Any]) -> None:
        """What a protocol of an application's own is about."""


class OnlyFrames(AsyncConsumer):
    async def websocket_receive(self, event: Mapping[str, Any]) -> None:
        """No answer to the handshake."""


class OwnDispatch(AsyncConsumer):
    async def dispatch(self, message: Mapping[str, Any]) -> None:
        """Handle everything in the same way."""


KINDS: list[type[AsyncConsumer]] = [
    AsyncConsumer,
    AsyncWebsocketConsumer,
    AsyncJsonWebsocketConsumer,
    Http,
    Mail,
    OnlyFrames,
]
CONNECTIONS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "websocket": (WEBSOCKET, [CONNECT]),
    "http": (HTTP, [GET]),
    "lifespan": (LIFESPAN, [STARTUP, SHUTDOWN]),
    "webtransport": ({"type": "webtransport", "path": "/"}, [{"type": "webtransport.connect"}]),
    "gemini": ({"type": "gemini"}, [{"type": "gemini.request"}]),
}


@pytest.mark.parametrize("as_instance", [False, True])
@pytest.mark.parametrize("type_", CONNECTIONS)
@pytest.mark.parametrize("kind", KINDS)
async def test_every_class_answers_or_ends_with_every_type_of_connection(
    kind: type[AsyncConsumer], type_: str, as_instance: bool
) -> None:
    """Within the events that every server gives it has sent something, or ended, or raised."""
    application: ASGI3Application = kind() if as_instance else kind.as_asgi()
    scope, events = CONNECTIONS[type_]
    server = Server(application, scope, *events)

    await wait_all_tasks_blocked()

    assert server.sent or server.task.done()
    server.task.cancel()
    await asyncio.wait([server.task])
    if server.error is not None and not server.task.cancelled():
        assert isinstance(server.error, ValueError)


@pytest.mark.parametrize(
    "kind", [AsyncWebsocketConsumer, AsyncJsonWebsocketConsumer, Http, Mail, OwnDispatch]
)
async def test_a_lifespan_is_served_without_a_consumer(kind: type[AsyncConsumer]) -> None:
    """A consumer class is a whole application: servers start and stop it."""

    class Counted(kind):  # type: ignore[valid-type, misc]  # one test for all
        def __init__(self) -> None:
            raise AssertionError("nobody has connected")

    sent = await serve(Counted.as_asgi(), LIFESPAN, STARTUP, {"type": "lifespan.other"}, SHUTDOWN)

    assert [event["type"] for event in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_lifespan_does_not_use_an_instance_up() -> None:
    """It serves its one connection afterwards."""
    consumer = AsyncWebsocketConsumer()
    await serve(consumer, LIFESPAN, STARTUP, SHUTDOWN)

    sent = await serve(consumer, WEBSOCKET, CONNECT, gone())

    assert sent == [{"type": "websocket.accept", "headers": []}]


async def test_a_class_with_handlers_of_the_lifespan_serves_it_itself() -> None:
    """What it sends is what the server gets."""

    class Own(AsyncWebsocketConsumer):
        async def lifespan_startup(self, event: Mapping[str, Any]) -> None:
            await self.base_send({"type": "lifespan.startup.failed", "message": "no"})

        async def lifespan_shutdown(self, event: Mapping[str, Any]) -> None:
            """Never comes."""

    server = Server(Own.as_asgi(), LIFESPAN, STARTUP)
    await wait_all_tasks_blocked()
    server.task.cancel()

    assert server.sent == [{"type": "lifespan.startup.failed", "message": "no"}]


@pytest.mark.parametrize("kind", [AsyncWebsocketConsumer, AsyncJsonWebsocketConsumer, Http, Mail])
@pytest.mark.parametrize("handled", [{"startup"}, {"shutdown"}, {"startup", "shutdown"}])
async def test_each_handler_of_the_lifespan_runs(kind: type[AsyncConsumer], handled: set[str]) -> None:
    """Whether or not the class has one for the other event, which is complete at once then."""
    called: list[str] = []

    async def handle(self: AsyncConsumer, event: Mapping[str, Any]) -> None:
        called.append(event["type"])
        await self.base_send({"type": f"{event['type']}.complete"})

    async def disconnect(self: AsyncConsumer, *code: int) -> None:
        raise AssertionError("nobody was connected")

    handlers: dict[str, Any] = {f"lifespan_{name}": handle for name in handled}
    if issubclass(kind, (AsyncWebsocketConsumer, AsyncHttpConsumer)):
        handlers["disconnect"] = disconnect
    own: Any = types.new_class("Own", (kind,), {}, lambda body: body.update(handlers))
    sent = await serve(own.as_asgi(), LIFESPAN, STARTUP, SHUTDOWN)

    assert called == [f"lifespan.{name}" for name in sorted(handled, reverse=True)]
    assert [event["type"] for event in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize(
    ("version", "has_upgrade"), [("1.0", True), ("1.1", True), ("2", False), ("3", False), (None, True)]
)
async def test_a_request_to_a_websocket_is_told_to_upgrade(
    version: str | None, has_upgrade: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """With status 426, and the headers that belong to it where the version of HTTP has them."""
    caplog.set_level(logging.DEBUG, "fast_channels")
    scope = {**HTTP, "path": "/ws\n"} | ({} if version is None else {"http_version": version})

    start, body = await serve(AsyncWebsocketConsumer.as_asgi(), scope, GET)

    headers = dict(start["headers"])
    assert start["status"] == 426
    assert headers.get(b"upgrade") == (b"websocket" if has_upgrade else None)
    assert int(headers[b"content-length"]) == len(body["body"])
    assert r"AsyncWebsocketConsumer refuses a connection of the type http to '/ws\n'" in caplog.text


@pytest.mark.parametrize("framework", [Starlette, FastAPI])
async def test_a_mounted_websocket_consumer_answers_requests(framework: Any) -> None:
    """Frameworks hand requests of every kind to what is mounted."""
    application = framework(routes=[Mount("/ws", AsyncWebsocketConsumer.as_asgi())])

    response = await HttpCommunicator(application, "GET", "/ws/room").get_response()

    assert response["status"] == 426


async def test_a_handshake_with_an_http_consumer_is_refused() -> None:
    """Servers make a 403 of it; one whose client has left gets nothing."""
    assert await serve(Http.as_asgi(), WEBSOCKET, CONNECT) == [{"type": "websocket.close"}]
    assert await serve(Http.as_asgi(), WEBSOCKET, gone()) == []


async def test_any_other_connection_is_an_error_that_names_class_and_type() -> None:
    """Servers go on without a protocol whose application raises. ASGI, "Applications"."""
    with pytest.raises(
        ValueError, match=r"^Http cannot serve a connection of the type 'webtransport': it has no"
    ):
        await serve(Http.as_asgi(), {"type": "webtransport"})
    with pytest.raises(ValueError, match=r"^Mail cannot serve a connection of the type 'http': "):
        await serve(Mail(), HTTP, GET)


async def test_a_handshake_that_no_handler_could_answer_is_an_error() -> None:
    """The client would wait for an answer that cannot come; a disconnect needs no handler."""
    with pytest.raises(ValueError, match=r"No handler for message type websocket\.connect"):
        await serve(OnlyFrames(), WEBSOCKET, CONNECT)
    assert await serve(OnlyFrames(), WEBSOCKET, gone()) == []


async def test_a_dispatch_of_its_own_serves_whatever_comes() -> None:
    """Only the class knows what it handles."""
    server = Server(OwnDispatch(), {"type": "webtransport"}, {"type": "webtransport.connect"})
    await wait_all_tasks_blocked()

    assert server.received == 1
    server.task.cancel()
