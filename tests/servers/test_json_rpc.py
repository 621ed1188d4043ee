"""A real protocol in both directions, with a client of its own: no error leaves the client waiting."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.servers import json_rpc
from tests.servers.server import Server

jsonrpc_websocket: Any = pytest.importorskip("jsonrpc_websocket")
jsonrpc_base: Any = pytest.importorskip("jsonrpc_base")

SECONDS = 20


@pytest.fixture(scope="module")
def rpc() -> Iterator[Server]:
    """The server."""
    with Server("uvicorn", "tests.servers.json_rpc:application") as running:
        yield running


@pytest.fixture
async def stranger(rpc: Server) -> AsyncIterator[Any]:
    """A client that has not logged in."""
    client = jsonrpc_websocket.Server(f"ws://{rpc.address}/", timeout=SECONDS)
    reading = await client.ws_connect()
    yield client
    await client.close()
    await asyncio.wait([reading])


@pytest.fixture
async def client(stranger: Any) -> Any:
    """A client that has logged in."""
    assert await stranger.login("ann") == "welcome ann"
    return stranger


async def error_of(call: Any) -> tuple[int, str]:
    """Return the code and the text of the error with which a call is answered."""
    with pytest.raises(jsonrpc_base.ProtocolError) as raised:
        await call
    code, text = raised.value.args[:2]
    return code, text


async def test_calls_are_answered(client: Any) -> None:
    """Each with its own result, also when many are on their way."""
    answers = await asyncio.gather(*(client.subtract(number, 1) for number in range(20)))

    assert answers == list(range(-1, 19))


async def test_errors_are_answered(client: Any) -> None:
    """An unknown method, wrong parameters, a handler that fails, one that refuses; then all goes on."""
    assert (await error_of(client.nothing()))[0] == -32601
    assert (await error_of(client.subtract("a", "b")))[0] == -32602
    assert await error_of(client.divide(1, 0)) == (-32603, "ZeroDivisionError")
    assert await error_of(client.withdraw(1)) == (1, "not enough money")
    assert await client.divide(4, 2) == 2


async def test_a_stranger_is_told_so(stranger: Any) -> None:
    """Before the login nothing else is allowed."""
    assert (await error_of(stranger.subtract(1, 1)))[0] == -32001
    assert await stranger.login("bob") == "welcome bob"


async def test_a_slow_call_does_not_hold_the_others(client: Any) -> None:
    """It is answered when it can be."""
    held = asyncio.ensure_future(client.hold())
    assert await client.subtract(3, 1) == 2
    assert not held.done()
    await client.release(_notification=True)
    assert await held == "held"


async def test_the_server_asks_the_client(client: Any) -> None:
    """The client answers while its own call waits, with a result or with an error."""

    def hello(name: str) -> str:
        if not name:
            raise ValueError("no name")
        return f"hello {name}"

    client.hello = hello

    assert await client.relay("ann") == "hello ann"
    assert await error_of(client.relay("")) == (-32000, "Server Error: no name")


async def test_a_client_without_the_method_says_so(client: Any) -> None:
    """Its answer is a typed reply like any other."""
    assert (await error_of(client.relay("ann")))[0] == -32601


async def test_an_answer_of_a_wrong_type_is_the_error_of_the_call(client: Any) -> None:
    """It has the number of the call that caused it, not that of what the server asked."""

    def hello(name: str) -> int:
        return len(name)

    client.hello = hello

    assert await error_of(client.relay("ann")) == (-32602, "the message is not valid at result")


async def test_what_no_such_client_sends_is_answered_too(rpc: Server) -> None:
    """A text that is not JSON has no number; a stream has many results, until it is stopped."""
    async with asyncio.timeout(SECONDS), connect(f"ws://{rpc.address}/") as websocket:

        async def answer(text: str) -> Any:
            await websocket.send(text)
            return json.loads(await websocket.recv())

        wrong = await answer("{")
        assert (wrong["id"], wrong["error"]["code"]) == (None, -32700)
        await answer('{"jsonrpc": "2.0", "id": 1, "method": "login", "params": ["ann"]}')
        first = await answer('{"jsonrpc": "2.0", "id": "n", "method": "count"}')
        assert [first["result"], json.loads(await websocket.recv())["result"]] == [0, 1]
        await websocket.send('{"jsonrpc": "2.0", "id": "n", "method": "stop"}')
        again = await answer('{"jsonrpc": "2.0", "id": "n", "method": "count"}')
        assert again == {"jsonrpc": "2.0", "id": "n", "result": 0}


def test_the_server_has_no_plumbing() -> None:
    """Tasks, futures and frames are the business of the library."""
    source = inspect.getsource(json_rpc)

    assert not [word for word in ("create_task", "Future", "def receive(", "json.loads") if word in source]
