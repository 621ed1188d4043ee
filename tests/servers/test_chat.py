"""The chat behind real servers, with real clients."""

import socket

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from examples.chat.messages import Joined, Left, Said, Say
from tests.servers.chat_client import SECONDS, code_of_close, hear, joined, tell
from tests.servers.conftest import require_lifespan
from tests.servers.server import Server


def test_two_clients_chat(chat_server: Server) -> None:
    """Everybody in the room, the speaker too, hears what is said, and who comes and goes."""
    with joined(chat_server, "two", "Ada") as (ada, _):
        with joined(chat_server, "two", "Bob") as (bob, welcome):
            tell(bob, Say(text="hello"))
            said = hear(bob)

            assert welcome.people == ["Ada", "Bob"]
            assert isinstance(said, Said)
            assert (said.name, said.text) == ("Bob", "hello")
            assert [hear(ada), hear(ada)] == [Joined(name="Bob"), said]
        assert hear(ada) == Left(name="Bob")


def test_latecomer_reads_what_was_said(chat_server: Server) -> None:
    """The history comes with the welcome."""
    with joined(chat_server, "history", "Ada") as (ada, _):
        tell(ada, Say(text="one"))
        tell(ada, Say(text="two"))
        said = [hear(ada), hear(ada)]

        with joined(chat_server, "history", "Bob") as (_, welcome):
            assert welcome.history == said


def test_lost_connection_is_noticed(chat_server: Server) -> None:
    """A client that vanishes without a word has left."""
    with joined(chat_server, "lost", "Ada") as (ada, _), joined(chat_server, "lost", "Bob") as (bob, _):
        assert hear(ada) == Joined(name="Bob")
        bob.socket.shutdown(socket.SHUT_RDWR)

        assert hear(ada) == Left(name="Bob")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"type": "shout"}', 1007),
        ('{"type": "say", "text": ""}', 1007),
        ("{", 1007),
        ("", 1007),
        (b"{}", 1003),
    ],
)
def test_invalid_message_ends_one_connection_only(chat_server: Server, frame: str | bytes, code: int) -> None:
    """Whoever does not keep to the protocol is closed with the code for it; the others chat on."""
    with joined(chat_server, "invalid", "Ada") as (ada, _):
        with joined(chat_server, "invalid", "Bob") as (bob, _):
            bob.send(frame)
            with pytest.raises(ConnectionClosed):
                bob.recv(timeout=SECONDS)

            assert bob.close_code == code
            assert [hear(ada), hear(ada)] == [Joined(name="Bob"), Left(name="Bob")]
        tell(ada, Say(text="still here"))
        said = hear(ada)
        assert isinstance(said, Said)
        assert said.text == "still here"


def test_impossible_room_is_refused(chat_server: Server) -> None:
    """A room whose name cannot be one is refused with 422, or 403 where servers have no other refusal."""
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://{chat_server.address}/ws/No%20Room"):
        pass

    assert refused.value.response.status_code == (422 if chat_server.kind.denials else 403)


def test_page_is_served(chat_server: Server) -> None:
    """The page comes from the same server."""
    response = httpx.get(f"http://{chat_server.address}/")

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"


def test_shutdown_is_clean(server_name: str) -> None:
    """A server that is told to end does so when its clients have left, without a traceback."""
    require_lifespan(server_name)
    with Server(server_name, "examples.chat.app:app") as server:
        with joined(server, "end", "Ada"), joined(server, "end", "Bob"):
            server.terminate()
        server.wait()

        assert "Traceback" not in server.output


def test_shutdown_closes_what_is_open() -> None:
    """Clients learn of the shutdown (of uvicorn: hypercorn, since Python 3.12, waits for them instead)."""
    with (
        Server("uvicorn", "examples.chat.app:app") as server,
        joined(server, "end", "Ada") as (ada, _),
        joined(server, "end", "Bob") as (bob, _),
    ):
        server.terminate()
        server.wait()

        assert "Traceback" not in server.output
        assert [code_of_close(websocket) for websocket in (ada, bob)] == [1012, 1012]
