"""JSON-RPC 2.0 over a WebSocket, in both directions: what `test_json_rpc.py` drives with a real client."""

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel

from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError, ReplyError
from fast_channels.messages import Phase, Request

Id: TypeAlias = int | str | None
T = TypeVar("T")


class Message(BaseModel):
    jsonrpc: Literal["2.0"] = "2.0"


class Result(Message, Generic[T]):
    id: Id = None
    result: T


class Problem(BaseModel):
    code: int
    message: str


class Failed(Message):
    id: Id = None
    error: Problem


class Call(Message):
    correlation_field: ClassVar[str | None] = "id"

    id: Id = None


class Login(Call, Request[Result[str] | Failed]):
    method: Literal["login"] = "login"
    params: tuple[str]


class Subtract(Call, Request[Result[int] | Failed]):
    method: Literal["subtract"] = "subtract"
    params: tuple[int, int]


class Divide(Call, Request[Result[int] | Failed]):
    method: Literal["divide"] = "divide"
    params: tuple[int, int]


class Withdraw(Call, Request[Result[int] | Failed]):
    method: Literal["withdraw"] = "withdraw"
    params: tuple[int]


class Hold(Call, Request[Result[str] | Failed]):
    """Is answered when it is released."""

    method: Literal["hold"] = "hold"


class Release(Message):
    """A notification, which is not answered."""

    method: Literal["release"] = "release"


class Relay(Call, Request[Result[str] | Failed]):
    """Is answered with what the client says when it is asked."""

    method: Literal["relay"] = "relay"
    params: tuple[str]


class Count(Call, Request[Result[int]]):
    """Is answered more than once, which clients of JSON-RPC only expect of subscriptions."""

    method: Literal["count"] = "count"


class Stop(Call):
    method: Literal["stop"] = "stop"


class Hello(Call, Request[Result[str] | Failed]):
    """What the server asks."""

    method: Literal["hello"] = "hello"
    params: tuple[str]


class Outside(Phase[Login]):
    """Before the client has logged in."""


class Inside(Phase[Subtract | Divide | Withdraw | Hold | Release | Relay | Count | Stop]):
    """Afterwards."""


CODES = {"undecodable": -32700, "unknown_tag": -32601, "invalid": -32602, "wrong_phase": -32001}

Contract = AsyncJsonWebsocketConsumer[
    Login | Subtract | Divide | Withdraw | Hold | Release | Relay | Count | Stop,
    Result[int] | Result[str] | Failed | Hello,
]


def failed(code: int, message: str) -> Failed:
    return Failed(error=Problem(code=code, message=message))


class Rpc(Contract):
    phases = (Outside, Inside)

    def __init__(self) -> None:
        self.released = asyncio.Event()

    @Contract.receives(Login)
    async def on_login(self, message: Login) -> Result[str]:
        self.enter(Inside)
        return Result(result=f"welcome {message.params[0]}")

    @Contract.receives(Subtract)
    async def on_subtract(self, message: Subtract) -> Result[int]:
        one, other = message.params
        return Result(result=one - other)

    @Contract.receives(Divide)
    async def on_divide(self, message: Divide) -> Result[int]:
        one, other = message.params
        return Result(result=one // other)

    @Contract.receives(Withdraw)
    async def on_withdraw(self, message: Withdraw) -> Result[int]:
        raise ReplyError(failed(1, "not enough money"))

    @Contract.receives(Hold, concurrent=True)
    async def on_hold(self, message: Hold) -> Result[str]:
        await self.released.wait()
        return Result(result="held")

    @Contract.receives(Release)
    async def on_release(self, message: Release) -> None:
        self.released.set()

    @Contract.receives(Relay)
    async def on_relay(self, message: Relay) -> Result[str] | Failed:
        reply = await self.request(Hello(params=message.params), timeout=5)
        # Without the number of the request, so that it gets that of the call.
        return Failed(error=reply.error) if isinstance(reply, Failed) else Result(result=reply.result)

    @Contract.streams(Count, cancel=Stop)
    async def on_count(self, message: Count) -> AsyncIterator[Result[int]]:
        for number in range(2):
            yield Result(result=number)
        await asyncio.Event().wait()

    async def handler_failed(self, message: object, error: Exception) -> Failed:
        return failed(-32603, type(error).__name__)

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        await self.send_json(failed(CODES.get(error.kind, -32600), error.reason))


application = Rpc.as_asgi()
