"""Supervised tasks: what they return, and what can be spawned."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, assert_type

from fast_channels.consumer import (
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
    TimeoutKind,
    Timeouts,
)


async def count(text: str) -> int:
    return len(text)


async def numbers() -> AsyncIterator[int]:
    yield 1


class Clock(AsyncWebsocketConsumer):
    ticking: asyncio.Task[None]

    async def connect(self) -> None:
        self.ticking = self.spawn(self.tick())
        self.ticking = self.spawn(self.tick(), name="clock")
        self.ticking = self.spawn(count("text"))  # E
        counted: asyncio.Task[int] = self.spawn(count("text"))
        assert_type(await self.spawn(count("text")), int)
        (await counted).upper()  # E
        self.failed = self.spawn(self.tick)  # E
        self.failed = self.spawn(numbers())  # E
        self.failed = self.spawn(self.tick(), 1)  # E
        self.failed = self.spawn(asyncio.Event().wait(), named="x")  # E

    async def tick(self) -> None:
        await self.send("tick")


class Page(AsyncHttpConsumer):
    async def handle(self, body: bytes) -> None:
        counted: asyncio.Task[int] = self.spawn(count("text"))
        await self.send_response(200, bytes(await counted))


class Json(AsyncJsonWebsocketConsumer[str, int]):
    async def receive_json(self, content: str, **kwargs: Any) -> int:
        return await self.spawn(count(content))


class Limited(AsyncWebsocketConsumer):
    timeouts = Timeouts(accept=5, idle=60.5, code=4408)

    async def timed_out(self, kind: TimeoutKind) -> None:
        assert_type(kind, TimeoutKind)
        await super().timed_out(kind)
        await super().timed_out("idel")  # E


class WronglyLimited(AsyncWebsocketConsumer):
    timeouts = 5  # E


class AskedWrongly(AsyncWebsocketConsumer):
    async def timed_out(self, kind: int) -> None: ...  # E


Timeouts(accept="5")  # E
Timeouts(5)  # E
Timeouts(idel=5)  # E
Timeouts(idle=5).idle = 6  # E
