"""The published fast-channels: nothing is validated."""

from typing import Any

from contestants import channels
from contestants.channels import deliver, reset
from fast_channels.consumer import AsyncJsonWebsocketConsumer
from messages import ANSWER_ACTION

__all__ = ["APPLICATIONS", "deliver", "reset"]


class Json(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        await self.send_json({"action": ANSWER_ACTION, "payload": content["payload"]})


APPLICATIONS = {**channels.APPLICATIONS, "json": Json.as_asgi()}
