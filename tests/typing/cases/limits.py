"""Patterns that run and are refused: what docs/typing.md says of each is the reason."""

from typing import Any, ClassVar

from fast_channels.consumer import AsyncConsumer, AsyncHttpConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.consumer.base import ConsumerApplication


class ReceivesText(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, **kwargs: Any) -> None:  # E
        await self.send(text_data)


class ReceivesOnlyText(AsyncWebsocketConsumer):
    async def receive(self, text_data: str) -> None:  # E
        await self.send(text_data)


class ReceivesKeywords(AsyncWebsocketConsumer):
    async def receive(self, *, text_data: str | None = None, bytes_data: bytes | None = None) -> None:  # E
        await self.send(text_data)


class ClosesWithout(AsyncWebsocketConsumer):
    async def close(self, code: int | bool | None = None) -> None:  # E
        await super().close(code)


class Disconnects(AsyncWebsocketConsumer):
    async def disconnect(self, code: int) -> None:
        await super().disconnect(code=code)  # E


class SendsDict(AsyncConsumer):
    async def send(self, message: dict[str, Any]) -> None:  # E
        await super().send(message)


class GroupsOfTheClass(AsyncWebsocketConsumer):
    groups: ClassVar[list[str]] = ["room"]  # E


class Alias(AsyncWebsocketConsumer):
    channel_layer_alias: str = "default"  # E[pyright]: an attribute that can be set may not be narrowed; mypy lets it pass


class Makes(AsyncWebsocketConsumer):
    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> Any:  # E[pyright]: it wants the *args of the base; mypy lets it pass
        return super().as_asgi(**initkwargs)


class MakesExactly(AsyncWebsocketConsumer):
    @classmethod
    def as_asgi(cls, *args: Any, **initkwargs: Any) -> ConsumerApplication[Any]:
        return super().as_asgi(*args, **initkwargs)


class JsonReceives(AsyncJsonWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await super().receive(text_data, bytes_data, extra=1)  # E


def mounted(consumer: type[AsyncConsumer]) -> Any:
    return consumer.as_asgi(room="x")


async def unknown(consumer: AsyncHttpConsumer, more: bool) -> None:
    message = {"type": "http.response.body", "body": b"", "more_body": more}
    await consumer.send(message)  # E
    known: dict[str, Any] = {"type": "http.response.body"}
    await consumer.send({**known, "more_body": more})  # E
