"""Clients of the chat."""

from collections.abc import Generator
from contextlib import contextmanager, suppress

from pydantic import TypeAdapter
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from examples.chat.messages import ClientMessage, Join, ServerMessage, Welcome
from tests.servers.server import ServerProcess

SECONDS = 30
server_messages: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)


def tell(websocket: ClientConnection, message: ClientMessage) -> None:
    """Send a message."""
    websocket.send(message.model_dump_json())


def hear(websocket: ClientConnection) -> ServerMessage:
    """Receive a message."""
    return server_messages.validate_json(websocket.recv(timeout=SECONDS))


def code_of_close(websocket: ClientConnection) -> int | None:
    """Receive until the connection is closed, and return the close code."""
    with suppress(ConnectionClosed):
        while True:
            hear(websocket)
    return websocket.close_code


@contextmanager
def joined(
    server: ServerProcess, room: str, name: str
) -> Generator[tuple[ClientConnection, Welcome], None, None]:
    """Be in a room."""
    with connect(f"ws://{server.address}/ws/{room}") as websocket:
        tell(websocket, Join(name=name))
        welcome = hear(websocket)
        assert isinstance(welcome, Welcome)
        yield websocket, welcome
