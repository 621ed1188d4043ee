"""What the tests of real servers share."""

from collections.abc import Iterator

import pytest

from tests.servers.server import COMMANDS, Server


@pytest.fixture(scope="module", params=list(COMMANDS))
def server_name(request: pytest.FixtureRequest) -> str:
    """The name of each server in turn."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def server(server_name: str) -> Iterator[Server]:
    """A server with the application that the tests of the library use."""
    with Server(server_name, "tests.servers.application:app") as running:
        yield running


@pytest.fixture(scope="module")
def chat_server(server_name: str) -> Iterator[Server]:
    """A server with the chat."""
    with Server(server_name, "examples.chat.app:app") as running:
        yield running
