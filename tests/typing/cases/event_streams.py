"""Streams of server-sent events."""

from typing import Literal, assert_type

from pydantic import BaseModel

from fast_channels.consumer import AsyncEventStreamConsumer


class Price(BaseModel):
    kind: Literal["price"] = "price"
    amount: int


class Prices(AsyncEventStreamConsumer[Price]):
    keep_alive = None
    retry = 2.0

    async def connect(self) -> None:
        assert_type(self.last_event_id, str | None)
        await self.accept([(b"a", b"b")])
        await self.send_event(Price(amount=1), id="1", event="price")
        await self.send_event({"kind": "price"})  # E
        await self.send_event(Price(amount=1), id=1)  # E
        await self.send_event(Price(amount=1), "1")  # E
        self.send_event(Price(amount=1))  # E
        await self.close()


class Anything(AsyncEventStreamConsumer):
    async def connect(self) -> None:
        await self.accept()
        await self.send_event({"any": "thing"})
