"""This library: everything is validated, in both directions."""

from typing import Literal

from pydantic import BaseModel

from benchmarks.contestant import Contestant
from benchmarks.contestants import alike
from benchmarks.messages import GROUP, PAYLOAD
from benchmarks.models import Leave, Left, Payload, Said, Say
from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages import ChannelEvent, Group


class Json(AsyncJsonWebsocketConsumer[Say | Leave, Said | Left]):
    async def receive_json(self, content: Say | Leave) -> Said | Left:
        return Said(payload=content.payload) if isinstance(content, Say) else Left()


class ChatSaid(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    payload: Payload


class Everybody(Group[ChatSaid], pattern=GROUP):
    """The members of the group."""


class GroupJson(AsyncJsonWebsocketConsumer[Say | Leave, ChatSaid]):
    channel_layer_alias = "default"
    groups = [GROUP]

    async def receive_json(self, content: Say | Leave) -> None:
        """Clients only listen."""

    async def chat_said(self, event: ChatSaid) -> None:
        await self.send_json(event)


class Add(BaseModel):
    action: Literal["add"] = "add"
    items: list[int]


class Added(BaseModel):
    action: Literal["added"] = "added"
    count: int


class Items(AsyncJsonWebsocketConsumer[Add, Added]):
    async def receive_json(self, content: Add) -> Added:
        return Added(count=len(content.items))

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        await self.send_json(Added(count=0))


async def deliver_json() -> None:
    await Everybody().send(ChatSaid(payload=Payload(**PAYLOAD)))


CONTESTANT = Contestant(
    {
        **alike.APPLICATIONS,
        "json": Json.as_asgi(),
        "group-json": GroupJson.as_asgi(),
        "items": Items.as_asgi(),
    },
    {"group": alike.deliver, "group-json": deliver_json},
    alike.running,
    use=alike.use,
    redis=alike.redis,
)
