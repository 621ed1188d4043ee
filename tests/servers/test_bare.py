"""Consumers that are the whole application of a server, with real clients."""

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.servers.server import SERVERS, Server

SECONDS = 30
GRACE = 10
"""Seconds after which a server that was asked to stop within one is taken for one that does not."""


@pytest.fixture(scope="module")
def echo(server_name: str) -> Iterator[Server]:
    """A server with the WebSocket consumer."""
    with Server(server_name, "tests.servers.bare:echo") as running:
        yield running


@pytest.fixture(scope="module")
def page(server_name: str) -> Iterator[Server]:
    """A server with the HTTP consumer."""
    with Server(server_name, "tests.servers.bare:page") as running:
        yield running


@pytest.fixture(scope="module")
def greeter(server_name: str) -> Iterator[Server]:
    """A server with the JSON consumer."""
    with Server(server_name, "tests.servers.bare:greeter") as running:
        yield running


def code_of_close(websocket: ClientConnection) -> int | None:
    """Receive until the connection is closed, and return the close code."""
    with suppress(ConnectionClosed):
        while True:
            websocket.recv(timeout=SECONDS)
    return websocket.close_code


def abort_in_a_flood(server: Server) -> None:
    """Open a WebSocket, let the server send, and reset the connection with data unread."""
    handshake = (
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    empty_text = bytes([0x81, 0x80, 0, 0, 0, 0])
    with socket.create_connection(("127.0.0.1", server.port), SECONDS) as client:
        client.sendall(handshake.encode())
        received = b""
        while b"\r\n\r\n" not in received:
            received += client.recv(1000)
        client.sendall(empty_text)
        client.recv(1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# Serving


def test_websocket_consumer_is_an_application(echo: Server) -> None:
    """A WebSocket consumer needs nothing around it."""
    with connect(f"ws://{echo.address}/") as websocket:
        websocket.send("hello")

        assert websocket.recv(timeout=SECONDS) == "hello"


def test_json_consumer_is_an_application(greeter: Server) -> None:
    """A JSON consumer needs nothing around it."""
    with connect(f"ws://{greeter.address}/") as websocket:
        websocket.send('{"name": "Ada"}')

        assert websocket.recv(timeout=SECONDS) == '{"name":"Ada"}'


def test_http_consumer_is_an_application(page: Server) -> None:
    """An HTTP consumer needs nothing around it."""
    response = httpx.post(f"http://{page.address}/", content=b"hello")

    assert (response.status_code, response.content) == (200, b"hello")


def test_lifespan_is_served(echo: Server) -> None:
    """A server that tells its application of start and stop hears that both are done, and logs nothing."""
    with connect(f"ws://{echo.address}/") as websocket:
        websocket.send("hello")
        websocket.recv(timeout=SECONDS)

    assert "lifespan" not in echo.output.lower().replace("application startup complete", "")


def test_request_to_a_websocket_is_told_to_upgrade(echo: Server) -> None:
    """An HTTP request to a WebSocket consumer is answered with 426, and the protocol to use."""
    response = httpx.get(f"http://{echo.address}/", timeout=SECONDS)

    assert (response.status_code, response.headers["upgrade"]) == (426, "websocket")


def test_handshake_with_an_http_consumer_is_refused(page: Server) -> None:
    """A WebSocket handshake with an HTTP consumer is refused with 403."""
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://{page.address}/"):
        pass

    assert refused.value.response.status_code == 403


# Ends of one connection


def test_bad_frame_closes_with_a_warning(greeter: Server) -> None:
    """A frame that is no message is one warning and a close, never a traceback."""
    begin = len(greeter.lines)
    with connect(f"ws://{greeter.address}/") as websocket:
        websocket.send("{")

        assert code_of_close(websocket) == greeter.kind.sent_code(1007)
    greeter.wait_for("closes a WebSocket")
    said = greeter.lines[begin:]
    assert "Traceback" not in "\n".join(said)
    assert sum("closes a WebSocket" in line for line in said) == 1


def test_every_close_code_is_taken(server_name: str) -> None:
    """What RFC 6455 lets an application close with arrives; a code that a server refuses is replaced."""
    codes = [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 4000, 4999]
    with Server(server_name, "tests.servers.bare:closes") as server:
        seen: dict[int, int | None] = {}
        for code in codes:
            with connect(f"ws://{server.address}/") as websocket:
                websocket.send(str(code))
                seen[code] = code_of_close(websocket)

        assert seen == {code: server.kind.sent_code(code) for code in codes}
        assert "Traceback" not in server.output
        refused = any(server.kind.sent_code(code) != code for code in codes)
        assert server.output.count("refuses close code") == int(refused)


def test_crash_is_a_close_with_1011(server_name: str) -> None:
    """The client of a consumer that fails is told so, and the log has one traceback of it."""
    with Server(server_name, "tests.servers.bare:crashes") as server:
        with connect(f"ws://{server.address}/") as websocket:
            websocket.send("")

            assert code_of_close(websocket) == 1011
        server.wait_for("RuntimeError: a mistake in the handler")
        assert server.output.count("RuntimeError: a mistake in the handler") == 1


def test_client_that_aborts_stops_no_server(server_name: str) -> None:
    """A handler that sends in a loop finds out that its client is gone, and others are served meanwhile."""
    with Server(server_name, "tests.servers.bare:floods") as server:
        abort_in_a_flood(server)

        with connect(f"ws://{server.address}/", open_timeout=SECONDS) as websocket:
            websocket.send("echo")
            assert websocket.recv(timeout=SECONDS) == "echo"
        server.wait_for("the flood ends")
        server.wait_for("the end")


# The end of the server


@pytest.mark.parametrize("application", ["echo", "page", "greeter"])
def test_server_stops(server_name: str, application: str) -> None:
    """A server that is told to stop does, with a client connected or without."""
    with (
        Server(server_name, f"tests.servers.bare:{application}", impatient=True) as server,
        ExitStack() as stack,
    ):
        if application != "page":
            websocket = stack.enter_context(connect(f"ws://{server.address}/"))
            websocket.send('{"name": "Ada"}')
            websocket.recv(timeout=SECONDS)
        server.terminate()

        server.wait(GRACE)


def ends(server_name: str, application: str, clients: int = 100) -> int:
    """Return how many of the connections of an application, each with a running handler, are cleaned up."""
    with ExitStack() as stack:
        server = stack.enter_context(Server(server_name, f"tests.servers.bare:{application}", impatient=True))
        for _ in range(clients):
            stack.enter_context(connect(f"ws://{server.address}/", close_timeout=0)).send("x")
        server.wait_for("a handler runs", times=clients)
        server.terminate()
        server.wait(SECONDS)
        return server.lines.count("the end")


@pytest.fixture(scope="module")
def plain_ends(server_name: str) -> int:
    """How many connections of a plain application are cleaned up."""
    return ends(server_name, "plain_busy")


def test_stop_of_the_server_ends_plain_applications(server_name: str, plain_ends: int) -> None:
    """Most servers let every handler that still runs clean up, some none."""
    assert plain_ends == (100 if SERVERS[server_name].ends_websockets else 0)


@pytest.mark.parametrize("application", ["busy", "busy_member", "scoped"])
def test_stop_of_the_server_ends_every_consumer_once(
    server_name: str, application: str, plain_ends: int
) -> None:
    """`disconnect()` runs as reliably as the `finally` of a plain application."""
    assert ends(server_name, application) == plain_ends


@pytest.mark.parametrize("path", ["/plain", "/ours"])
def test_stop_of_the_server_ends_streams(server_name: str, path: str) -> None:
    """Behind Starlette's `BaseHTTPMiddleware`, too, `disconnect()` runs when the server stops."""
    with (
        Server(server_name, "tests.servers.bare:streams", impatient=True) as server,
        httpx.stream("GET", f"http://{server.address}{path}", timeout=SECONDS) as response,
    ):
        assert next(response.iter_raw()) == b"data: hello\n\n"
        server.terminate()
        server.wait(SECONDS)

    assert server.lines.count("the end") == int(server.kind.ends_requests)
