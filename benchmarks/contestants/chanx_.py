"""chanx on the published fast-channels: messages are validated, frames are not."""

from typing import Literal

from chanx.core.decorators import event_handler, ws_handler
from chanx.fast_channels.websocket import AsyncJsonWebsocketConsumer
from chanx.messages.base import BaseMessage
from pydantic import BaseModel

from benchmarks.contestant import Contestant
from benchmarks.contestants import alike
from benchmarks.messages import GROUP, PAYLOAD


class Payload(BaseModel):
    room: str
    text: str


class Say(BaseMessage):
    action: Literal["say"] = "say"
    payload: Payload


class Leave(BaseMessage):
    action: Literal["leave"] = "leave"
    payload: None = None


class Said(BaseMessage):
    action: Literal["said"] = "said"
    payload: Payload


class ChatSaid(BaseMessage):
    action: Literal["chat_said"] = "chat_said"
    payload: Payload


class Json(AsyncJsonWebsocketConsumer):
    channel_layer_alias = ""
    send_completion = False

    @ws_handler(output_type=Said)
    async def handle_say(self, message: Say) -> Said:
        return Said(payload=message.payload)

    @ws_handler
    async def handle_leave(self, message: Leave) -> None:
        await self.close()


class GroupJson(Json):
    channel_layer_alias = "default"
    groups = [GROUP]

    @event_handler
    async def chat_said(self, event: ChatSaid) -> Said:
        return Said(payload=event.payload)


async def deliver() -> None:
    await GroupJson.broadcast_event(ChatSaid(payload=Payload(**PAYLOAD)), groups=[GROUP])


CONTESTANT = Contestant(
    {"json": Json.as_asgi(), "group-json": GroupJson.as_asgi()}, {"group-json": deliver}, alike.running
)
