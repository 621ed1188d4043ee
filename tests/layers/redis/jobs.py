"""An application whose consumers a worker runs, on the server and with the prefix of the environment."""

import os
from collections.abc import Mapping
from typing import Any, Literal

from fast_channels.consumer import AsyncConsumer
from fast_channels.layers import RedisChannelLayer, register_channel_layer
from fast_channels.messages import ChannelEvent

layer = RedisChannelLayer([os.environ["JOBS_REDIS"]], os.environ["JOBS_PREFIX"], capacity=1000)
register_channel_layer("jobs", layer)


class Count(ChannelEvent):
    type: Literal["count"] = "count"
    number: int


class Job(AsyncConsumer):
    """Says to the channel `report` what it does."""

    channel_layer_alias = "jobs"

    async def count(self, event: Count) -> None:
        """Say the number."""
        await self.channel_layer.send("report", {"number": event.number, "pid": os.getpid()})

    async def hold(self, event: Mapping[str, Any]) -> None:
        """Begin, and end when somebody says so."""
        await self.channel_layer.send("report", {"begun": os.getpid()})
        await self.channel_layer.receive(f"go.{os.getpid()}")
        await self.channel_layer.send("report", {"ended": os.getpid()})
