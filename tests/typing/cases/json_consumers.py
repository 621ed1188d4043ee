"""JSON consumers that declare their messages, and handlers of channel-layer events."""

from typing import Any, Generic, Literal, TypeVar, assert_never, assert_type

from pydantic import BaseModel

from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages import ChannelEvent


class Join(BaseModel):
    type: Literal["join"] = "join"
    room: str


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


class Joined(BaseModel):
    type: Literal["joined"] = "joined"
    members: int


class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str


class Chat(AsyncJsonWebsocketConsumer[Join | Say, Joined]):
    async def receive_json(self, content: Join | Say) -> Joined | None:
        match content:
            case Join(room=room):
                assert_type(room, str)
                return Joined(members=1)
            case Say():
                await self.send_json(Joined(members=2), close=True)
                await self.send_json(Join(room=""))  # E
                await self.send_json({"type": "joined", "members": 1})  # E
                await self.send_json(Joined(members="many"))  # E
                await self.send_json(Joined())  # E
                await self.send_json("joined")  # E
                return None
            case _:
                assert_never(content)

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        assert_type(error.code, int)
        error.path  # E
        await self.close(error.code, error.excerpt)
        await self.close(error.excerpt)  # E

    async def chat_said(self, event: Said) -> None:
        assert_type(event.text, str)
        event.txt  # E
        await self.channel_layer.group_send("room", Said(text=""))
        await self.channel_layer.group_send("room", Said())  # E
        await self.channel_layer.group_send("room", Said(txt=""))  # E
        await self.channel_layer.send(self.channel_name, event)
        await self.channel_layer.send(event)  # E


class Forgetful(AsyncJsonWebsocketConsumer[Join | Say, Joined]):
    async def receive_json(self, content: Join | Say) -> Joined | None:
        match content:
            case Join():
                return None
            case _:
                assert_never(content)  # E


class Wrong(AsyncJsonWebsocketConsumer[Join, Joined]):
    async def receive_json(self, content: Say) -> Joined | None:  # E
        return None


class WrongAnswer(AsyncJsonWebsocketConsumer[Join, Joined]):
    async def receive_json(self, content: Join) -> Say | None:  # E
        return None


class WrongValue(AsyncJsonWebsocketConsumer[Join, Joined]):
    async def receive_json(self, content: Join) -> Joined | None:
        return content  # E


class WrongCodec(AsyncJsonWebsocketConsumer[Join, Joined]):
    @classmethod
    async def decode_json(cls, text_data: str) -> Say:  # E
        return Say(text=text_data)

    @classmethod
    async def encode_json(cls, content: Joined) -> bytes:  # E
        return b""


class TooMany(AsyncJsonWebsocketConsumer[Join, Joined, Say]):  # E
    pass


T = TypeVar("T", bound=BaseModel)


class Middle(AsyncJsonWebsocketConsumer[T, Joined], Generic[T]):
    async def answer(self, content: T) -> None:
        await self.send_json(Joined(members=1))
        await self.send_json(content)  # E


class End(Middle[Say]):
    async def receive_json(self, content: Say) -> Joined | None:
        assert_type(content.text, str)
        await self.answer(content)
        await self.answer(Join(room=""))  # E
        return None


class WrongEnd(Middle[int]):  # E
    pass


class Bare(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: Any) -> Any:
        await self.send_json({"anything": content})
        await self.send_json(content, close="now")  # E


class Plain(AsyncWebsocketConsumer):
    async def chat_said(self, event: Said) -> None:
        await self.send(event.text)
        await self.send(event)  # E
        await self.send_json(event)  # E


async def use(chat: Chat, error: InvalidMessageError) -> None:
    assert_type(await chat.receive_json(Join(room="")), Joined | None)
    assert_type(await Chat.decode_json("{}"), Join | Say)
    await chat.receive_json(Joined(members=1))  # E
    await chat.receive_json({"type": "join"})  # E
    await Chat.encode_json(Say(text=""))  # E
    await Chat.decode_json(b"{}")  # E
    await chat.receive_invalid(ValueError())  # E
    for path, problem in error.errors:
        assert_type((path, problem), tuple[str, str])
    await chat.chat_said(Say(text=""))  # E
