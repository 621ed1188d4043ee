"""Groups of the channel layer, parameters, requests with replies, and a method for each message."""

from typing import Any, Literal, Protocol, assert_type

from pydantic import BaseModel

from fast_channels.consumer import AsyncHttpConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.layers import InMemoryChannelLayer
from fast_channels.messages import ChannelEvent, Group, Request
from fast_channels.testing import WebsocketCommunicator


class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str


class Left(ChannelEvent):
    type: Literal["chat.left"] = "chat.left"
    name: str


class Member(Protocol):
    async def chat_said(self, event: Said, /) -> None: ...

    async def chat_left(self, event: Left, /) -> None: ...


class Room(Group[Said | Left], pattern="room.{room_id}"):
    room_id: int


class Strict(Group[Said | Left, Member], pattern="strict.{name}"):
    name: str


class NoEvents(Group[int], pattern="none"):  # E
    pass


class Chat(AsyncWebsocketConsumer):
    channel_layer_alias = "default"

    async def connect(self) -> None:
        await self.join(Room(room_id=1))
        await self.join(Strict(name="a"))
        await self.leave(Room(room_id=1))
        await self.join(Room(room_id="one"))  # E
        await self.join(Room(room=1))  # E
        await self.join(Room())  # E
        await self.join("room.1")  # E
        await self.join(Room)  # E
        await self.leave("room.1")  # E

    async def chat_said(self, event: Said) -> None:
        assert_type(Room(room_id=1).group_name, str)
        await Room(room_id=1).send(event)
        await Room(room_id=1).send(Left(name="ann"))
        await Room(room_id=1).send("text")  # E
        await Room(room_id=1).send({"type": "chat.said", "text": ""})  # E
        await Room(room_id=1).send(Said(name=""))  # E
        await Room.send(event)  # E
        await Room(room_id=1).send(event, layer=InMemoryChannelLayer())
        await Room(room_id=1).send(event, layer="default")  # E

    async def chat_left(self, event: Left) -> None: ...


class Deaf(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.join(Room(room_id=1))
        await self.join(Strict(name="a"))  # E


class HalfDeaf(AsyncWebsocketConsumer):
    async def chat_said(self, event: Said) -> None:
        await self.join(Strict(name="a"))  # E


class Confused(AsyncWebsocketConsumer):
    async def chat_said(self, event: Left) -> None: ...

    async def chat_left(self, event: Left) -> None:
        await self.join(Strict(name="a"))  # E


class PassingOn(AsyncJsonWebsocketConsumer[Any, Said]):
    async def connect(self) -> None:
        await self.join(Strict(name="a"))

    async def chat_said(self, event: Said) -> None:
        await self.send_json(event)
        await self.send_json(event.model_copy(update={"text": ""}))
        await self.send_json(event.text)  # E

    async def chat_left(self, event: Left) -> None:
        await self.send_json(event)  # E


class PassingOnBoth(AsyncJsonWebsocketConsumer[Any, Said | Left]):
    async def chat_said(self, event: Said | Left) -> None:
        await self.send_json(event)

    async def chat_left(self, event: Left) -> None:
        await self.send_json(event)


class Page(AsyncHttpConsumer):
    class Params(BaseModel):
        number: int
        tags: list[str] = []

    async def handle(self, body: bytes) -> None:
        assert_type(self.params.number, int)
        assert_type(self.params, Page.Params)
        self.params.numer  # E
        self.params.number.upper()  # E
        self.params["number"]  # E
        self.params = None  # E


class NoParams(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        self.params  # E


class Welcome(BaseModel):
    type: Literal["welcome"] = "welcome"
    name: str


class Refused(BaseModel):
    type: Literal["refused"] = "refused"


class Join(BaseModel, Request[Welcome | Refused]):
    type: Literal["join"] = "join"
    name: str


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


async def ask(websocket: WebsocketCommunicator) -> None:
    reply = await websocket.request(Join(name="ann"))
    assert_type(reply, Welcome | Refused)
    reply.name  # E
    await websocket.request(Join())  # E
    await websocket.request(Say(text=""))  # E
    await websocket.request({"type": "join"})  # E
    await websocket.request(Join(name="ann"), timeout="1")  # E


Contract = AsyncJsonWebsocketConsumer[Join | Say, Welcome | Refused]


class ByMessage(Contract):
    @Contract.receives(Join)
    async def on_join(self, message: Join) -> Welcome:
        return Welcome(name=message.name)

    @Contract.receives(Say)
    async def on_say(self, message: Say) -> None:
        await self.send_json(Refused())


class ByMistake(Contract):
    @Contract.receives(Join)  # E
    async def on_join(self, message: Say) -> None: ...

    @Contract.receives(Say)  # E
    async def on_say(self, message: Say) -> Join:
        return Join(name="")

    @Contract.receives(Say)  # E
    def not_async(self, message: Say) -> None: ...

    @Contract.receives(Say)  # E
    async def no_message(self) -> None: ...

    @Contract.receives(Join)  # E
    async def no_reply(self, message: Join) -> None: ...

    @Contract.receives(Join)  # E
    async def another_reply(self, message: Join) -> Say:
        return Say(text="")

    @Contract.receives("join")  # E
    async def by_name(self, message: Any) -> None: ...
