"""Consumers where frameworks expect endpoints: they work there, or the error says what to write instead."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from litestar import Litestar, asgi
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from fast_channels.consumer import AsyncConsumer, AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.middleware import BaseMiddleware, OriginValidator
from fast_channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator


class Greeter(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.accept()
        await self.send("welcome")


class Page(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        await self.send_response(200, b"welcome")


class Room(AsyncWebsocketConsumer):
    def __init__(self, name: str = "lobby") -> None:
        super().__init__()
        self.name = name


FASTAPI: dict[str, Callable[[Any, Any], object]] = {
    "app.websocket": lambda app, endpoint: app.websocket("/")(endpoint),
    "app.add_api_websocket_route": lambda app, endpoint: app.add_api_websocket_route("/", endpoint),
    "app.get": lambda app, endpoint: app.get("/")(endpoint),
    "app.api_route": lambda app, endpoint: app.api_route("/", methods=["POST"])(endpoint),
    "app.add_api_route": lambda app, endpoint: app.add_api_route("/", endpoint),
    "app.router.websocket": lambda app, endpoint: app.router.websocket("/")(endpoint),
}

APPLICATIONS: dict[str, Any] = {
    "an application": Greeter.as_asgi(),
    "an application for HTTP": Page.as_asgi(),
    "an application with arguments": Room.as_asgi(name="hall"),
    "a consumer": Greeter(),
    "a class": Greeter,
    "a base class": AsyncConsumer,
    "an origin validator": OriginValidator(Greeter.as_asgi(), ["*"]),
    "middleware": BaseMiddleware(Greeter.as_asgi()),
}


@pytest.mark.parametrize("way", FASTAPI)
@pytest.mark.parametrize("endpoint", APPLICATIONS)
def test_fastapi_refuses_an_application_as_an_endpoint(endpoint: str, way: str) -> None:
    """FastAPI would read the arguments from the request; the error comes at once and says what works."""
    with pytest.raises(TypeError, match=r"use app\.router\.add_websocket_route\(path, Chat\.as_asgi\(\)\)"):
        FASTAPI[way](FastAPI(), APPLICATIONS[endpoint])


@pytest.mark.parametrize("is_mount", [True, False])
async def test_litestar_takes_an_application_as_a_handler(is_mount: bool) -> None:
    """`asgi()` wants annotated arguments by the names of ASGI, which an application has."""
    app: Any = Litestar([asgi("/rooms", is_mount=is_mount, copy_scope=True)(Greeter.as_asgi())])

    async with WebsocketCommunicator(app, "/rooms") as websocket:
        assert await websocket.receive_from() == "welcome"


async def test_litestar_takes_an_application_for_http() -> None:
    """The same for a consumer of HTTP."""
    app: Any = Litestar([asgi("/page", is_mount=True, copy_scope=True)(Page.as_asgi())])

    assert (await HttpCommunicator(app, "/page").get_response())["body"] == b"welcome"


class Place(NamedTuple):
    """Where a class is put, and the protocols whose connections reach it there."""

    application: Callable[[Any], Any]
    protocols: tuple[str, ...] = ("http", "websocket")


def mounted(endpoint: Any) -> FastAPI:
    app = FastAPI()
    app.mount("/", endpoint)
    return app


def starlette(route: Callable[[str, Any], BaseRoute]) -> Callable[[Any], Starlette]:
    return lambda endpoint: Starlette(routes=[route("/", endpoint)])


def itself(endpoint: Any) -> Any:
    return endpoint


PLACES = {
    "Starlette's Route": Place(starlette(Route), ("http",)),
    "Starlette's WebSocketRoute": Place(starlette(WebSocketRoute), ("websocket",)),
    "Starlette's Mount": Place(starlette(Mount)),
    "FastAPI's mount": Place(mounted),
    "the server": Place(itself),
}


@pytest.mark.parametrize(
    ("place", "protocol"),
    [(name, protocol) for name, place in PLACES.items() for protocol in place.protocols],
)
@pytest.mark.parametrize("consumer", [Greeter, Page, Room])
async def test_a_class_in_the_place_of_an_application_says_what_to_use(
    consumer: type[AsyncConsumer], place: str, protocol: str
) -> None:
    """Frameworks cannot know, so each connection fails with the sentence, whatever the class takes."""
    application = PLACES[place].application(consumer)

    async def served(scope: Any, receive: Any, send: Any) -> None:
        await application(scope, receive, send)

    scope: dict[str, Any] = {"type": protocol, "method": "GET", "path": "/", "headers": []}
    with pytest.raises(TypeError, match=re.escape(f"use {consumer.__name__}.as_asgi()")):
        await ApplicationCommunicator(served, scope).wait()


async def test_an_awaited_consumer_says_what_to_use() -> None:
    """FastAPI calls a class with what it reads from the request, and awaits the result."""
    room: Any = Room("hall")

    with pytest.raises(TypeError, match=r"use Room\.as_asgi\(\)"):
        await room


def test_a_consumer_may_take_a_mapping() -> None:
    """Only a connection scope is refused."""
    assert isinstance(Greeter({"type": "lobby"}), Greeter)
