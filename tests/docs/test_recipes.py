"""The recipes work on today's releases of the frameworks and servers that they name."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from websockets.sync.client import connect

from fast_channels.consumer import AsyncWebsocketConsumer
from fast_channels.testing import HttpCommunicator, WebsocketCommunicator
from fast_channels.testing.websocket import WebsocketConnectResponse
from tests.servers.server import Server

from .pages import section

DENIAL: dict[str, dict[str, Any]] = {"websocket.http.response": {}}


def app_of(title: str, name: str = "app") -> Any:
    """Run a section of the recipes and return its application."""
    return getattr(section("docs/recipes.md", title).run(), name)


async def answer_to(websocket: WebsocketCommunicator) -> WebsocketConnectResponse:
    """Connect, leave, and return what the application answered."""
    answer = await websocket.connect()
    await websocket.disconnect()
    return answer


@pytest.mark.parametrize(
    ("title", "path", "greeting"),
    [
        ("FastAPI", "/rooms/lobby", "welcome to lobby"),
        ("FastAPI, with an APIRouter", "/api/rooms/lobby", "welcome to lobby"),
        ("FastAPI, mounted", "/chat/", "welcome to /chat/"),
        ("Starlette", "/rooms/lobby", "welcome to lobby"),
        ("Starlette", "/api/rooms/lobby", "welcome to lobby"),
        ("Litestar", "/rooms/lobby", "welcome to lobby"),
    ],
)
async def test_a_framework_leads_to_the_consumer(title: str, path: str, greeting: str) -> None:
    """The consumer answers where the recipe puts it, with what the framework knows of the path."""
    async with WebsocketCommunicator(app_of(title), path) as websocket:
        assert await websocket.receive_from() == greeting


async def test_a_mounted_consumer_needs_the_slash() -> None:
    """Without the slash at the end a mounted consumer is not found, as the recipe warns."""
    connected, _ = await answer_to(WebsocketCommunicator(app_of("FastAPI, mounted"), "/chat"))
    assert not connected


async def test_a_router_ignores_its_own_prefix() -> None:
    """The prefix that a router was made with does not count, as the recipe warns."""
    router = APIRouter(prefix="/own")
    router.add_websocket_route("/chat", AsyncWebsocketConsumer.as_asgi())
    app = FastAPI()
    app.include_router(router)
    connected = [(await answer_to(WebsocketCommunicator(app, path)))[0] for path in ("/own/chat", "/chat")]
    assert connected == [False, True]


async def test_starlette_routes_http_to_a_consumer() -> None:
    """An HTTP consumer is an endpoint of a `Route`, which looks after the methods."""
    app = app_of("Starlette")
    response = await HttpCommunicator(app, "/shout", method="POST", body=b"hello").get_response()
    assert (response["status"], response["body"]) == (200, b"HELLO")
    assert (await HttpCommunicator(app, "/shout").get_response())["status"] == 405


@pytest.mark.parametrize("server_name", ["uvicorn", "hypercorn"])
def test_bare_asgi_behind_a_real_server(
    server_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any framework, the servers that the recipe names serve the page and the WebSocket."""
    module = section("docs/recipes.md", "Bare ASGI").write(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with Server(server_name, f"{module.stem}:app") as server:
        with connect(f"ws://{server.address}") as websocket:
            websocket.send("hello")
            assert websocket.recv(timeout=10) == "hello"
        assert httpx.get(f"http://{server.address}").text == "There is a WebSocket here."


async def test_a_layer_lives_as_long_as_the_application() -> None:
    """Consumers hear each other while the lifespan runs, and find no layer after it."""
    app = app_of("A layer for the life of the application")
    async with (
        app.router.lifespan_context(app),
        WebsocketCommunicator(app, "/shared") as ann,
        WebsocketCommunicator(app, "/shared") as bob,
    ):
        await ann.send_to("hello")
        assert await ann.receive_from() == await bob.receive_from() == "hello"
    with pytest.raises(ValueError, match="'shared', which is not registered"):
        await WebsocketCommunicator(app, "/shared").connect()


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (b"https://example.com", True),
        (b"https://chat.example.org", True),
        (b"http://example.com", False),
        (b"https://evil.test", False),
        (None, False),
    ],
)
async def test_only_pages_of_known_origins_may_connect(origin: bytes | None, allowed: bool) -> None:
    """The origin decides, and a client that names none stays outside."""
    headers = [] if origin is None else [(b"origin", origin)]
    app = app_of("Which pages may connect")
    connected, _ = await answer_to(WebsocketCommunicator(app, "/ws", headers=headers))
    assert connected is allowed


SECRETS: dict[str, dict[str, Any]] = {
    "query": {"path": "/private?token=secret-of-ann"},
    "header": {"path": "/private", "headers": [(b"authorization", b"Bearer secret-of-ann")]},
    "subprotocol": {"path": "/private", "subprotocols": ["chat", "bearer.secret-of-ann"]},
}


@pytest.mark.parametrize("where", SECRETS)
async def test_whoever_has_a_token_may_connect(where: str) -> None:
    """A valid token lets its owner in, wherever it is."""
    async with WebsocketCommunicator(app_of("Who may connect"), **SECRETS[where]) as websocket:
        await websocket.send_to("hello")
        assert await websocket.receive_from() == "ann says hello"


async def test_whoever_has_none_is_told_what_is_needed() -> None:
    """A stranger gets the whole response where the server can send one."""
    websocket = WebsocketCommunicator(app_of("Who may connect"), "/private", extensions=DENIAL)
    assert await answer_to(websocket) == (False, 401)
    assert websocket.response_headers == [
        (b"content-type", b"application/json"),
        (b"www-authenticate", b"Bearer"),
    ]
    assert websocket.response_body == b'{"detail":"there is no bearer token"}'


async def test_whoever_has_none_is_refused_by_any_server() -> None:
    """Where the server knows no denial responses a stranger is refused all the same."""
    websocket = WebsocketCommunicator(app_of("Who may connect"), "/private?token=guess")
    assert await answer_to(websocket) == (False, 1000)


async def test_a_page_asks_for_the_same_token() -> None:
    """One class says for both protocols who may connect."""
    app = app_of("Who may connect")
    known = await HttpCommunicator(app, "/profile?token=secret-of-ann").get_response()
    unknown = await HttpCommunicator(app, "/profile").get_response()
    assert (known["status"], known["body"]) == (200, b"this is ann")
    assert (unknown["status"], dict(unknown["headers"])[b"www-authenticate"]) == (401, b"Bearer")


async def test_whoever_has_logged_in_may_connect() -> None:
    """The cookie of the session is enough, and nobody else gets in."""
    app = app_of("Who has logged in")
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as browser:
        response = await browser.post("/login?name=ann")
    cookie = response.headers["set-cookie"].partition(";")[0].encode()
    async with WebsocketCommunicator(app, "/inbox", headers=[(b"cookie", cookie)]) as websocket:
        assert await websocket.receive_from() == "welcome, ann"
    assert await answer_to(WebsocketCommunicator(app, "/inbox", extensions=DENIAL)) == (False, 401)


async def test_an_endpoint_of_fastapi_passes_on_what_its_dependencies_found() -> None:
    """Its consumer gets them as arguments, and a dependency refuses the client before there is one."""
    app = app_of("FastAPI, with dependencies")
    async with WebsocketCommunicator(app, "/rooms/lobby?token=secret-of-ann") as websocket:
        assert await websocket.receive_from() == "welcome to lobby, ann"
    assert (await answer_to(WebsocketCommunicator(app, "/rooms/lobby?token=guess")))[0] is False


async def test_an_endpoint_reaches_the_consumers() -> None:
    """A request to the application is heard by the clients of its consumers."""
    app = app_of("Sending from an HTTP endpoint")
    async with WebsocketCommunicator(app, "/orders") as websocket:
        paid = HttpCommunicator(app, "/orders/7/payment", method="POST")
        assert (await paid.get_response())["status"] == 204
        assert await websocket.receive_from() == "order 7 is paid"


async def test_a_background_task_reports_to_one_client() -> None:
    """The result of a task goes to the client that asked, and to nobody else."""
    app = app_of("Sending from a background task")
    async with (
        WebsocketCommunicator(app, "/jobs") as ann,
        WebsocketCommunicator(app, "/jobs") as bob,
    ):
        await ann.send_to("three words here")
        assert await ann.receive_from() == "3"
        assert await bob.receive_nothing()
