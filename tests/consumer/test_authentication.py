"""Who is at the other end of a connection is known before anything of it is handled."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI, WebSocket
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncWebsocketConsumer,
    Authenticated,
    bearer_token,
    session_value,
)
from fast_channels.exceptions import NotAuthenticated
from fast_channels.layers import InMemoryChannelLayer
from fast_channels.testing import WebsocketCommunicator
from fast_channels.type_defs import ChannelMessage

from .driver import CONNECT, GET, HTTP, WEBSOCKET, Server, gone, serve

DENIAL: dict[str, Any] = {**WEBSOCKET, "extensions": {"websocket.http.response": {}}}


class Ticket(Authenticated[str]):
    """Knows whoever has a ticket."""

    calls: list[str]

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error
        self.calls = []

    async def authenticate(self) -> str:
        """Look at the ticket."""
        self.calls.append("authenticate")
        if self.error is not None:
            raise self.error
        return "ann"


class Door(Ticket, AsyncWebsocketConsumer):
    """Greets, and notes what happens."""

    async def connect(self) -> None:
        """Greet."""
        self.calls.append(f"connect {self.user}")
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Note."""
        self.calls.append(f"disconnect {code}")


class Page(Ticket, AsyncHttpConsumer):
    """Says who is there."""

    async def handle(self, body: bytes) -> None:
        """Answer."""
        await self.send_response(200, self.user.encode())


async def test_a_client_that_is_known_is_served() -> None:
    """The user is there when the first handler runs, and nothing is asked twice."""
    door = Door()

    await serve(door, WEBSOCKET, CONNECT, gone())

    assert door.calls == ["authenticate", "connect ann", "disconnect 1000"]
    assert (await serve(Page(), HTTP, GET))[1]["body"] == b"ann"


async def test_a_client_that_is_not_known_is_told_so_and_nothing_else_happens() -> None:
    """With 401 where the server can say it, and without a hook of the consumer."""
    door = Door(NotAuthenticated("no ticket"))

    start, body = await serve(door, DENIAL, CONNECT)

    assert door.calls == ["authenticate"]
    assert start == {
        "type": "websocket.http.response.start",
        "status": 401,
        "headers": [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")],
    }
    assert body["body"] == b'{"detail":"no ticket"}'


async def test_a_client_that_is_not_known_is_refused_by_servers_without_denial_responses() -> None:
    """As by every other refusal."""
    sent = await serve(Door(NotAuthenticated()), WEBSOCKET, CONNECT)
    assert [event["type"] for event in sent] == ["websocket.close"]


async def test_somebody_who_is_known_and_may_not_gets_another_status() -> None:
    """Then nobody is asked to say who they are."""
    start, body = await serve(Page(NotAuthenticated("not you", 403)), HTTP, GET)
    assert (start["status"], dict(start["headers"])) == (403, {b"content-type": b"application/json"})
    assert body["body"] == b'{"detail":"not you"}'


async def test_the_headers_of_the_answer_can_be_chosen() -> None:
    """For other ways than a bearer token."""
    error = NotAuthenticated(headers=[(b"www-authenticate", b'Basic realm="a"')])
    start, _ = await serve(Page(error), HTTP, GET)
    assert dict(start["headers"])[b"www-authenticate"] == b'Basic realm="a"'


async def test_any_other_error_is_one_of_the_application() -> None:
    """A database that is down is no reason to send the client away as a stranger."""
    server = Server(Page(ValueError("down")), HTTP, GET)
    with pytest.raises(ValueError, match="down"):
        await server.end()


async def test_a_consumer_of_a_protocol_of_the_application_raises() -> None:
    """Nobody knows how such a client is told."""

    class Custom(Ticket, AsyncConsumer):
        async def custom_event(self, message: ChannelMessage) -> None:
            raise AssertionError

    server = Server(Custom(NotAuthenticated("no ticket")), {"type": "custom"}, {"type": "custom.event"})
    with pytest.raises(NotAuthenticated, match="no ticket"):
        await server.end()


async def test_a_class_without_authenticate_says_so() -> None:
    """At the first connection."""

    class Forgetful(Authenticated[str], AsyncWebsocketConsumer):
        """Promises what it does not do."""

    server = Server(Forgetful(), WEBSOCKET, CONNECT)
    with pytest.raises(NotImplementedError, match="Forgetful does not implement authenticate"):
        await server.end()


async def test_a_channel_of_a_client_that_is_not_known_is_released(layer: InMemoryChannelLayer) -> None:
    """Nothing of it is left in the channel layer."""

    class Layered(Door):
        channel_layer_alias = "test"

    await serve(Layered(NotAuthenticated()), WEBSOCKET, CONNECT)

    assert layer.channels == {}


def scope_of(**fields: Any) -> Mapping[str, Any]:
    """Return the scope of a WebSocket."""
    return {**WEBSOCKET, **fields}


@pytest.mark.parametrize(
    ("scope", "token"),
    [
        (scope_of(headers=[(b"authorization", b"Bearer abc")]), "abc"),
        (scope_of(headers=[[b"Authorization", b"  bearer   abc "]]), "abc"),
        (scope_of(headers=[(b"authorization", b"Bearer abc")], query_string=b"token=other"), "abc"),
        (scope_of(query_string=b"a=1&token=a%2Bb"), "a+b"),
        (scope_of(subprotocols=["chat", "bearer.a.b.c"]), "a.b.c"),
        (scope_of(query_string=b"token=abc", subprotocols=["bearer.other"]), "abc"),
    ],
)
def test_a_token_is_found_where_it_may_be(scope: Mapping[str, Any], token: str) -> None:
    """The header comes before the query, and that before the subprotocols. RFC 6750, section 2."""
    assert bearer_token(scope, query="token", subprotocol="bearer.") == token


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (scope_of(), "there is no bearer token"),
        (
            scope_of(headers=[(b"authorization", b"Basic YTpi")]),
            "the header Authorization has no bearer token",
        ),
        (scope_of(headers=[(b"authorization", b"Bearer ")]), "the header Authorization has no bearer token"),
        (scope_of(query_string=b"token=abc", subprotocols=["bearer.abc"]), "there is no bearer token"),
    ],
)
def test_a_token_that_is_elsewhere_is_none(scope: Mapping[str, Any], text: str) -> None:
    """What the application does not name is not looked at."""
    with pytest.raises(NotAuthenticated, match=text):
        bearer_token(scope)


@given(st.binary(), st.binary(), st.lists(st.text()))
def test_no_client_can_make_the_search_for_a_token_fail(
    header: bytes, query: bytes, offered: list[str]
) -> None:
    """Whatever it sends, there is a token or there is none."""
    scope = scope_of(headers=[(b"authorization", header)], query_string=query, subprotocols=offered)
    without: Mapping[str, Any] = {**scope, "headers": []}
    for one in (scope, without):
        with suppress(NotAuthenticated):
            assert bearer_token(one, query="token", subprotocol="bearer.")


def test_a_session_tells_who_has_logged_in() -> None:
    """Or that nobody has, or that there is no session at all, which is a mistake of the application."""
    assert session_value(scope_of(session={"user": 7}), "user") == 7
    with pytest.raises(NotAuthenticated, match="the session has no user"):
        session_value(scope_of(session={}), "user")
    with pytest.raises(LookupError, match="wrap the application in the SessionMiddleware"):
        session_value(scope_of(), "user")


# Endpoints of frameworks.


class Desk(AsyncWebsocketConsumer):
    """Greets whoever its endpoint names."""

    def __init__(self, user: str) -> None:
        super().__init__()
        self.user = user

    async def connect(self) -> None:
        """Greet."""
        await self.accept()
        await self.send(f"welcome, {self.user}")


def endpoint(serve_connection: Any) -> FastAPI:
    """Return an application with one endpoint."""
    app = FastAPI()

    @app.websocket("/")
    async def enter(websocket: WebSocket) -> None:
        await serve_connection(websocket)

    return app


async def test_an_endpoint_can_serve_its_connection() -> None:
    """With what it knows as arguments, however often."""
    app = endpoint(partial(Desk.serve, user="ann"))
    for _ in range(2):
        async with WebsocketCommunicator(app, "/") as websocket:
            assert await websocket.receive_from() == "welcome, ann"


async def test_an_endpoint_that_gives_wrong_arguments_is_told_so() -> None:
    """By the same error as that of `as_asgi()`."""
    arguments: Any = {"name": "ann"}
    app = endpoint(partial(Desk.serve, **arguments))
    with pytest.raises(TypeError, match="name"):
        await WebsocketCommunicator(app, "/").connect()


async def test_an_endpoint_that_has_accepted_is_told_so() -> None:
    """The consumer answers the handshake, and can do it once."""

    async def accept(websocket: WebSocket) -> None:
        await websocket.accept()
        await Desk.serve(websocket, user="ann")

    websocket = WebsocketCommunicator(endpoint(accept), "/")
    await websocket.connect()
    with pytest.raises(RuntimeError, match=r"call accept\(\) in Desk.connect\(\) and not in the endpoint"):
        await websocket.wait()


async def test_a_handler_may_be_called_serve(layer: InMemoryChannelLayer) -> None:
    """Existing code may have one, for messages of that type."""

    class Tennis(AsyncWebsocketConsumer):
        channel_layer_alias = "test"

        async def connect(self) -> None:
            await self.accept()
            await self.channel_layer.send(self.channel_name, {"type": "serve", "text": "ace"})

        async def serve(self, message: ChannelMessage) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # as old code may have it
            await self.send(str(message["text"]))

    async with WebsocketCommunicator(Tennis.as_asgi(), "/") as websocket:
        assert await websocket.receive_from() == "ace"
