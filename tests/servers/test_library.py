"""Consumers behind real servers, with real clients."""

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.servers.server import Server

SECONDS = 30


# WebSocket


@pytest.mark.parametrize("frame", ["hëllo", "", b"\x00\xff", b""])
def test_frames_come_back(server: Server, frame: str | bytes) -> None:
    """Text and binary frames, empty ones too, arrive as what they were sent."""
    if not frame and not server.kind.empty_frames:
        pytest.skip("this server drops empty frames of applications")
    with connect(f"ws://{server.address}/echo") as websocket:
        websocket.send(frame)

        assert websocket.recv(timeout=SECONDS) == frame


def test_subprotocol_is_agreed(server: Server) -> None:
    """The client learns which of its subprotocols the consumer chose."""
    offered = [Subprotocol("v1"), Subprotocol("v2")]

    with connect(f"ws://{server.address}/echo", subprotocols=offered) as websocket:
        assert websocket.subprotocol == "v2"


def test_close_of_the_client_ends_the_consumer(server: Server) -> None:
    """`disconnect()` runs with the close code, where the server knows it: hypercorn does not."""
    with connect(f"ws://{server.address}/echo") as websocket:
        websocket.close(4321)

    server.wait_for(f"echo ended with {server.kind.client_code}")


def test_close_code_and_reason_reach_the_client(server: Server) -> None:
    """The client sees what the consumer closed with first; closing again changes nothing."""
    with connect(f"ws://{server.address}/closes") as websocket:
        websocket.send("")
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=SECONDS)

        reason = "enough, señor" if server.kind.reasons else ""
        assert (websocket.close_code, websocket.close_reason) == (4001, reason)


def test_denial_response_reaches_the_client(server: Server) -> None:
    """A refused handshake may carry a response where the server offers that; elsewhere it is a 403."""
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://{server.address}/denies"):
        pass

    response = refused.value.response
    seen = (response.status_code, response.headers.get("x-reason"), response.body == b"Who are you?")
    assert seen == ((401, "stranger", True) if server.kind.denials else (403, None, False))


def test_refused_handshake_is_a_403(server: Server) -> None:
    """Closing instead of accepting is an answer, too."""
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://{server.address}/refuses"):
        pass

    assert refused.value.response.status_code == 403


def test_crash_is_a_close_and_one_traceback(server: Server) -> None:
    """A mistake in a handler: the client is told, `disconnect()` runs, and the server logs it once."""
    with connect(f"ws://{server.address}/crashes") as websocket:
        websocket.send("")
        with pytest.raises(ConnectionClosed):
            websocket.recv(timeout=SECONDS)

        assert websocket.close_code == 1011
    server.wait_for("crash ended with 1011")
    server.wait_for("RuntimeError: a mistake in the handler")
    # Whatever else it prints about this connection is printed before it takes the next one.
    with connect(f"ws://{server.address}/echo"):
        pass
    assert server.output.count("RuntimeError: a mistake in the handler") == 1


def test_handler_learns_that_the_client_has_left(server: Server) -> None:
    """A handler that is still running when the client leaves gets `ConnectionClosed` from its next send."""
    with connect(f"ws://{server.address}/works") as websocket:
        websocket.send("")
        assert websocket.recv(timeout=SECONDS) == "working"

    httpx.post(f"http://{server.address}/releases")

    server.wait_for("the worker found out: ")
    server.wait_for("the worker ended")


# HTTP


def test_request_body_reaches_the_handler(server: Server) -> None:
    """A body of allowed size is handled, in one piece."""
    response = httpx.post(f"http://{server.address}/upload", content=b"x" * 1000)

    assert (response.status_code, response.text) == (200, "1000 bytes")
    assert response.headers["content-type"] == "text/plain"


@pytest.mark.parametrize("chunks", [[b"x" * 1001], [b"x" * 600, b"x" * 600]])
def test_larger_body_is_refused(server: Server, chunks: list[bytes]) -> None:
    """A body that is too large is answered with 413, whether or not its size was announced."""
    response = httpx.post(f"http://{server.address}/upload", content=iter(chunks))

    assert response.status_code == 413


def test_response_in_parts_is_whole(server: Server) -> None:
    """A streamed response arrives completely and in order."""
    response = httpx.get(f"http://{server.address}/parts")

    assert response.text == "part 0\npart 1\npart 2\n"


def test_client_that_leaves_ends_the_response(server: Server) -> None:
    """A client that leaves in the middle of a response leads to `disconnect()`."""
    with httpx.stream("GET", f"http://{server.address}/endless") as response:
        assert next(response.iter_raw()) == b"the first part"

    server.wait_for("the endless response ended")


def test_failing_handler_is_a_500(server: Server) -> None:
    """A mistake in `handle()` is a 500 for the client, and one traceback in the log."""
    response = httpx.get(f"http://{server.address}/fails")

    assert response.status_code == 500
    # The framework answers before the server sees the error.
    times = int(server.kind.logs_late_errors)
    server.wait_for("RuntimeError: a mistake in handle()", times=times)
    httpx.get(f"http://{server.address}/parts")
    assert server.output.count("RuntimeError: a mistake in handle()") == times
