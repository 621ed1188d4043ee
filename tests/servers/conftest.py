"""What the tests of real servers share."""

import os
from collections.abc import Iterator

import pytest

from tests.servers.server import SERVERS, Server

FEW = ["uvicorn", "hypercorn"]
"""The servers of every run of the tests; `SERVERS=all` in the environment is for all of them."""


def require_lifespan(server_name: str) -> None:
    """Skip what needs to be told that the server starts."""
    if not SERVERS[server_name].lifespan:
        pytest.skip(f"{server_name} serves no lifespan")


@pytest.fixture(scope="module", params=SERVERS if os.environ.get("SERVERS") == "all" else FEW)
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
    require_lifespan(server_name)
    with Server(server_name, "examples.chat.app:app") as running:
        yield running
