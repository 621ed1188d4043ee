"""chanx on the published fast-channels: messages are validated, frames are not."""

from typing import Literal

from chanx.core.decorators import ws_handler
from chanx.fast_channels.websocket import AsyncJsonWebsocketConsumer
from chanx.messages.base import BaseMessage
from pydantic import BaseModel

from contestants import channels
from contestants.channels import deliver, reset

__all__ = ["APPLICATIONS", "deliver", "reset"]


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


class Json(AsyncJsonWebsocketConsumer):
    channel_layer_alias = ""
    send_completion = False

    @ws_handler(output_type=Said)
    async def handle_say(self, message: Say) -> Said:
        return Said(payload=message.payload)

    @ws_handler
    async def handle_leave(self, message: Leave) -> None:
        await self.close()


APPLICATIONS = {"json": Json.as_asgi(), "text": channels.APPLICATIONS["text"]}
