"""What public protocols need of messages: kinds of mistakes, arrays."""

from typing import Annotated, Literal, NamedTuple, TypeAlias, assert_never, assert_type

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.routing import Mount

from fast_channels.consumer import (
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncMessageConsumer,
    BySubprotocol,
    CloseCodes,
    Cookie,
    Header,
)
from fast_channels.exceptions import InvalidMessageError, InvalidMessageKind
from fast_channels.messages.message_pack import MessagePack


class Boot(BaseModel):
    vendor: str


class BeatCall(NamedTuple):
    kind: Literal[2]
    id: str
    action: Literal["Beat"]


class BootCall(NamedTuple):
    kind: Literal[2]
    id: str
    action: Literal["Boot"]
    payload: Boot


Result: TypeAlias = tuple[Literal[3], str, dict[str, int]]
Error: TypeAlias = tuple[Literal[4], str, str]
Contract = AsyncJsonWebsocketConsumer[BootCall | BeatCall, Result | Error]


class Station(Contract):
    @Contract.receives(BootCall)
    async def on_boot(self, message: BootCall) -> Result:
        assert_type(message.payload, Boot)
        message.vendor  # E
        return (3, message.id, {"interval": 300})

    @Contract.receives(BeatCall)
    async def on_beat(self, message: BeatCall) -> Error | None:
        assert_type(message[1], str)
        message[3]  # E
        await self.send_json((4, message.id, "no"))
        await self.send_json((5, message.id, "no"))  # E
        return None

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        assert_type(error.frame, str | bytes | None)
        assert_type(error.reason, str)
        await self.close(error.code, error.reason)
        assert_type(error.kind, InvalidMessageKind)
        match error.kind:
            case "too_big" | "unsupported_data" | "undecodable":
                raise InvalidMessageError("no", kind="undecodable", code=1008)
            case "unknown_tag" | "wrong_phase":
                raise InvalidMessageError("no", code=1008, kind="unknown")  # E
            case "invalid":
                raise InvalidMessageError("no", code=1008, reason=7)  # E
            case _:
                assert_never(error.kind)


class Codes(CloseCodes):
    UNAUTHORIZED = 4401, "there is no token"
    GONE = 4404


class Closing(Contract):
    close_codes = Codes

    async def connect(self) -> None:
        assert_type(Codes.GONE.meaning, str)
        assert_type([code.value for code in Codes], list[int])
        await self.close(Codes.UNAUTHORIZED)
        await self.close(Codes.FORBIDDEN)  # E
        Codes.GONE.means  # E


class Numbers(Contract):
    close_codes = [4401]  # E


class Reading(Contract):
    class Params(BaseModel):
        last_event_id: Annotated[int | None, Header()] = None
        token: Annotated[str, Cookie("sid")]
        odd_name: Annotated[str, Header(convert_underscores="no")] = ""  # E[pyright]: mypy does not look into Annotated

    async def connect(self) -> None:
        assert_type(self.params.last_event_id, int | None)
        assert_type(self.params.token, str)
        self.params.session  # E


class Words:
    binary = False

    def decode(self, frame: str, /) -> object:
        return frame.split()

    def encode(self, value: list[str], /) -> str:
        return " ".join(value)


class Mute:
    binary = False

    def decode(self, frame: str, /) -> object:
        return frame


Packed = AsyncMessageConsumer[Boot | None, Boot]


class Packing(Packed):
    codec = MessagePack()

    @Packed.receives(Boot)
    async def on_boot(self, message: Boot) -> Boot:
        assert_type(message.vendor, str)
        await self.send_message(message)
        await self.send_message(message, close=True)
        await self.send_message("boot")  # E
        await self.send_json(message)  # E
        return message


class Speaking(AsyncMessageConsumer[list[str], list[str]]):
    codec = Words()

    async def receive_message(self, content: list[str]) -> list[str] | None:
        assert_type(await super().receive_message(content), list[str] | None)
        return content


class Mumbling(AsyncMessageConsumer[list[str], list[str]]):
    codec = Mute()  # E

    async def receive_message(self, content: list[int]) -> None: ...  # E


class Versioned(Contract):
    subprotocols = ("v2", "v1")

    async def connect(self) -> None:
        assert_type(self.subprotocol, str | None)
        self.subprotocol.upper()  # E


class Unnamed(Contract):
    subprotocols = 7  # E


versions = BySubprotocol(Versioned, Versioned.as_asgi(), default=Versioned)
BySubprotocol({"v2": Versioned})  # E
BySubprotocol(AsyncHttpConsumer)  # E
Starlette(routes=[Mount("/", versions)])


class Sparse(Contract):
    omit_none = True


class Missing(Contract):
    omit_none = None  # E


class Wrong(Contract):
    @Contract.receives(BootCall)  # E
    async def on_boot(self, message: BeatCall) -> Result:
        return (3, message.id, {})
