"""What `as_asgi()` returns serves each connection with a consumer of its own."""

from typing import Any

from fast_channels.consumer import AsyncWebsocketConsumer

from .driver import CONNECT, HTTP, WEBSOCKET, gone, serve


async def test_a_call_of_the_application_s_own_is_made() -> None:
    """A consumer may do something around its whole life."""
    calls: list[str] = []

    class Timed(AsyncWebsocketConsumer):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            calls.append("begins")
            await super().__call__(scope, receive, send)
            calls.append("has ended")

        async def connect(self) -> None:
            calls.append("connects")
            await self.accept()

    sent = await serve(Timed.as_asgi(), WEBSOCKET, CONNECT, gone())

    assert [event["type"] for event in sent] == ["websocket.accept"]
    assert calls == ["begins", "connects", "has ended"]


async def test_no_consumer_is_made_for_a_connection_of_another_protocol() -> None:
    """Its constructor may take what only the right connections have."""

    class Strict(AsyncWebsocketConsumer):
        def __init__(self) -> None:
            raise AssertionError("made for a request")

    sent = await serve(Strict.as_asgi(), HTTP)

    assert sent[0]["status"] == 426
