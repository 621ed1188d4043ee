"""The published fast-channels: nothing is validated."""

from typing import Any

from benchmarks.contestant import Contestant
from benchmarks.contestants import alike
from benchmarks.messages import ANSWER_ACTION, EVENT_JSON, GROUP
from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.layers import get_channel_layer


class Json(AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        await self.send_json({"action": ANSWER_ACTION, "payload": content["payload"]})


class GroupJson(AsyncJsonWebsocketConsumer):
    channel_layer_alias = "default"
    groups = [GROUP]

    async def chat_said(self, event: Any) -> None:
        await self.send_json(event)


async def deliver_json() -> None:
    layer = get_channel_layer("default")
    assert layer is not None
    await layer.group_send(GROUP, EVENT_JSON)


CONTESTANT = Contestant(
    {**alike.APPLICATIONS, "json": Json.as_asgi(), "group-json": GroupJson.as_asgi()},
    {"group": alike.deliver, "group-json": deliver_json},
    alike.running,
    use=alike.use,
    redis=alike.redis,
)
