"""The server of the load: uvicorn, and consumers of this library.

python -m benchmarks.load_server SERVER_ORDER_AS_JSON

It prints its port, then answers each line on stdin with one: `sample`, or `publish SECONDS PER_SECOND` (0:
as fast as it can). At the end of stdin it ends.
"""

import asyncio
import json
import sys
import time
from typing import Any, Literal, TypedDict

import psutil
from pydantic import BaseModel

from benchmarks.server import serving
from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.layers import (
    ChannelGap,
    InMemoryChannelLayer,
    RedisPubSubChannelLayer,
    get_channel_layer,
    register_channel_layer,
)
from fast_channels.messages import ChannelEvent

NEWS_SECONDS = 1.0


class ServerOrder(TypedDict):
    """What a server is.

    Attributes:
        sender: Its number among the servers.
        url: Of the Redis that they share; empty: a memory layer.
    """

    sender: int
    url: str


class Ask(BaseModel):
    type: Literal["ask"] = "ask"
    number: int


class Answer(BaseModel):
    type: Literal["answer"] = "answer"
    number: int


class News(ChannelEvent):
    """What goes to all busy clients, once a second."""

    type: Literal["news"] = "news"
    number: int


class Numbered(ChannelEvent):
    """What servers with one Redis send each other."""

    type: Literal["numbered"] = "numbered"
    sender: int
    number: int


class Idle(AsyncWebsocketConsumer):
    channel_layer_alias = "default"
    groups = ["idle"]


class Busy(AsyncJsonWebsocketConsumer[Ask, Answer | News]):
    channel_layer_alias = "default"
    groups = ["busy"]

    async def receive_json(self, content: Ask) -> Answer:
        return Answer(number=content.number)

    async def news(self, event: News) -> None:
        await self.send_json(event)


class Member(AsyncWebsocketConsumer):
    """Tells its client what it got, and what it missed."""

    channel_layer_alias = "default"
    groups = ["numbers"]

    async def numbered(self, event: Numbered) -> None:
        await self.send(f"{event.sender} {event.number}")

    async def channel_gap(self, event: ChannelGap) -> None:
        await self.send(f"gap {event.lost or 0}")


APPLICATIONS = {"/idle": Idle.as_asgi(), "/busy": Busy.as_asgi(), "/member": Member.as_asgi()}


async def application(scope: Any, receive: Any, send: Any) -> None:
    await APPLICATIONS[scope["path"]](scope, receive, send)


async def send(group: str, event: ChannelEvent) -> None:
    layer = get_channel_layer("default")
    assert layer is not None
    await layer.group_send(group, event)


async def broadcast_news() -> None:
    number = 0
    while True:
        number += 1
        await send("busy", News(number=number))
        await asyncio.sleep(NEWS_SECONDS)


async def publish(sender: int, seconds: float, per_second: float) -> int:
    """Send numbered messages for some time, and return how many."""
    began = time.perf_counter()
    number = 0
    while time.perf_counter() - began < seconds:
        await send("numbers", Numbered(sender=sender, number=number))
        number += 1
        if per_second:
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
    return number


async def obey(line: str, sender: int) -> dict[str, float]:
    match line.split():
        case ["publish", seconds, per_second]:
            return {"sent": await publish(sender, float(seconds), float(per_second))}
        case _:
            memory = psutil.Process().memory_info().rss / 2**20
            return {"memory": memory, "tasks": len(asyncio.all_tasks()), "cpu": time.process_time()}


async def main(order: ServerOrder) -> None:
    url = order["url"]
    register_channel_layer("default", RedisPubSubChannelLayer([url]) if url else InMemoryChannelLayer())
    loop = asyncio.get_running_loop()
    async with serving(application) as port:
        news = None if url else asyncio.create_task(broadcast_news())
        print(json.dumps({"port": port}), flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await obey(line, order["sender"])), flush=True)
        if news is not None:
            news.cancel()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
