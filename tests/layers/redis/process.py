"""Another process with a layer: `python -m tests.layers.redis.process URL PREFIX LAYER TASK ARGUMENT...`."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer

ROOT = Path(__file__).parents[3]


async def flood(layer: RedisPubSubChannelLayer, channel: str, count: str) -> None:
    """Send so many numbered messages to a channel, each when there is room for it."""
    for n in range(int(count)):
        while True:
            try:
                await layer.send(channel, {"n": n})
            except ChannelFull:
                continue
            break


async def echo(layer: RedisPubSubChannelLayer, group: str) -> None:
    """Join a group, say so to it, and answer each of its messages once, for ever."""
    channel = await layer.new_channel()
    await layer.group_add(group, channel)
    await layer.group_send(group, {"type": "joined", "pid": os.getpid()})
    while True:
        message = await layer.receive(channel)
        if message["type"] == "said":
            await layer.group_send(group, {"type": "answered", "text": message["text"]})


LAYERS = {"pubsub": RedisPubSubChannelLayer, "queue": RedisChannelLayer}

TASKS: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {"flood": flood, "echo": echo}


def start(url: str, prefix: str, *command: str) -> subprocess.Popen[bytes]:
    """Start another process."""
    return subprocess.Popen([sys.executable, "-m", __name__, url, prefix, *command], cwd=ROOT)


async def main(url: str, prefix: str, kind: str, task: str, *arguments: str) -> None:
    """Do a task with a layer."""
    async with LAYERS[kind]([url], prefix) as layer:
        await TASKS[task](layer, *arguments)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
