"""Messages that belong together: replies to errors, requests to the client, and streams of replies."""

from collections.abc import AsyncIterator
from typing import ClassVar, Literal, assert_type

from pydantic import BaseModel

from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.exceptions import ReplyError
from fast_channels.messages import Phase, Request


class Join(BaseModel):
    type: Literal["join"] = "join"


class Joined(BaseModel):
    type: Literal["joined"] = "joined"


class Refused(BaseModel):
    type: Literal["refused"] = "refused"
    reason: str


class Careful(AsyncJsonWebsocketConsumer[Join, Joined | Refused]):
    async def receive_json(self, content: Join) -> Joined:
        raise ReplyError(Refused(reason="no"))

    async def handler_failed(self, message: Join, error: Exception) -> Refused:
        return Refused(reason=str(error))


class Careless(AsyncJsonWebsocketConsumer[Join, Joined | Refused]):
    async def receive_json(self, content: Join) -> Joined:
        raise ReplyError  # E

    async def handler_failed(self, message: Join, error: Exception) -> Join:  # E
        return message


class Confused(AsyncJsonWebsocketConsumer[Join, Joined | Refused]):
    async def receive_json(self, content: Join) -> Joined:
        return Joined()

    async def handler_failed(self, message: Joined, error: Exception) -> Refused:  # E
        return Refused(reason="")


class Status(BaseModel):
    id: str
    status: Literal["accepted", "rejected"]


class Reset(BaseModel, Request[Status]):
    correlation_field: ClassVar[str | None] = "id"

    id: str | None = None
    hard: bool = False


class Undeclared(BaseModel, Request[Status]):
    text: str = ""


class Asking(AsyncJsonWebsocketConsumer[Join, Joined | Reset]):
    async def receive_json(self, content: Join) -> Joined:
        status = await self.request(Reset(hard=True), timeout=5)
        assert_type(status, Status)
        assert_type(status.status, Literal["accepted", "rejected"])
        await self.request(Reset(), timeout=None)
        await self.request(Reset())  # E
        await self.request(Undeclared(), timeout=5)  # E
        await self.request(Joined(), timeout=5)  # E
        await self.request(Reset, timeout="5")  # E
        return Joined()


class Price(BaseModel):
    id: str = ""
    cents: int


class Watch(BaseModel, Request[Price]):
    correlation_field: ClassVar[str | None] = "id"

    type: Literal["watch"] = "watch"
    id: str


class Unwatch(BaseModel):
    type: Literal["unwatch"] = "unwatch"
    id: str


Market = AsyncJsonWebsocketConsumer[Join | Watch | Unwatch, Joined | Price]


class Prices(Market):
    max_concurrent = 4
    max_streams = "4"  # E

    @Market.receives(Join, concurrent=True)
    async def on_join(self, message: Join) -> Joined:
        return Joined()

    @Market.streams(Watch, cancel=Unwatch)
    async def on_watch(self, message: Watch) -> AsyncIterator[Price]:
        yield Price(cents=1)
        yield Joined()  # E


class Wrong(Market):
    @Market.receives(Join, concurrent="yes")  # E
    async def on_join(self, message: Join) -> Joined:
        return Joined()

    @Market.streams(Watch, cancel=Price)  # E
    async def on_watch(self, message: Watch) -> AsyncIterator[Price]:
        yield Price(cents=1)


class NoStream(Market):
    @Market.streams(Watch)  # E
    async def on_watch(self, message: Watch) -> Price:
        return Price(cents=1)

    @Market.receives(Join)  # E
    async def on_join(self, message: Join) -> AsyncIterator[Joined]:
        yield Joined()


class OtherMessages(Market):
    @Market.streams(Watch)  # E
    async def on_watch(self, message: Join) -> AsyncIterator[Price]:
        yield Price(cents=1)

    @Market.streams(Unwatch)  # E
    async def on_unwatch(self, message: Unwatch) -> AsyncIterator[Join]:
        yield Join()


class Outside(Phase[Join]):
    """Before the client has joined."""


class Inside(Phase[Watch | Unwatch]):
    """Afterwards."""


class Foreign(Phase[Price]):
    """Of another consumer."""


class InPhases(Market):
    phases = (Outside, Inside)

    async def receive_json(self, content: Join | Watch | Unwatch) -> None:
        self.enter(Inside)
        self.enter(Foreign)  # E
        self.enter(Watch)  # E
        self.enter(Inside())  # E


class NotInPhases(Market):
    phases = (Join, Watch)  # E
