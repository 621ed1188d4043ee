"""This library: everything is validated, in both directions."""

from typing import Literal

from pydantic import BaseModel

from contestants import channels
from contestants.channels import deliver, reset
from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError

__all__ = ["APPLICATIONS", "deliver", "reset"]


class Payload(BaseModel):
    room: str
    text: str


class Say(BaseModel):
    action: Literal["say"] = "say"
    payload: Payload


class Leave(BaseModel):
    action: Literal["leave"] = "leave"


class Said(BaseModel):
    action: Literal["said"] = "said"
    payload: Payload


class Left(BaseModel):
    action: Literal["left"] = "left"


class Json(AsyncJsonWebsocketConsumer[Say | Leave, Said | Left]):
    async def receive_json(self, content: Say | Leave) -> Said | Left:
        return Said(payload=content.payload) if isinstance(content, Say) else Left()


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


APPLICATIONS = {**channels.APPLICATIONS, "json": Json.as_asgi(), "items": Items.as_asgi()}
