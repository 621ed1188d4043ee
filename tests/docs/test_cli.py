"""What the page of the command line says of checkers is what they say."""

USE = """\
from app import Left, RoomEvent, Said
from app_types import ChatClientMessage, ChatServerMessage, RoomEventMessage, handles_chat, handles_room_event

from fast_channels.consumer import AsyncWebsocketConsumer
from fast_channels.messages import Group


@handles_chat
@handles_room_event
class Archive(AsyncWebsocketConsumer):
    async def chat_said(self, event: Said) -> None: ...

    async def chat_left(self, message: RoomEvent) -> bool:
        return True


class Derived(Archive): ...


archive: type[Archive] = handles_room_event(Derived)


def send(message: ChatClientMessage) -> None: ...


def text_of(message: ChatServerMessage | RoomEventMessage) -> str:
    return message["text"] if message["type"] == "chat.said" else message["type"]


send({"type": "say", "text": "hello"})
send({"type": "say", "text": "hello", "volume": 2})
"""
MISTAKES = {
    "a missing handler": """
        @handles_room_event
        class Wrong(AsyncWebsocketConsumer):
            async def chat_said(self, event: Said) -> None: ...
    """,
    "a handler of another event": """
        @handles_room_event
        class Wrong(AsyncWebsocketConsumer):
            async def chat_said(self, event: Left) -> None: ...

            async def chat_left(self, event: Left) -> None: ...
    """,
    "a handler that is not async": """
        @handles_room_event
        class Wrong(AsyncWebsocketConsumer):
            async def chat_said(self, event: Said) -> None: ...

            def chat_left(self, event: Left) -> None: ...
    """,
    "an override that takes less": """
        class Wrong(Archive):
            async def chat_left(self, message: Said) -> bool: ...
    """,
    "another tag": 'send({"type": "shout", "text": "hello"})',
    "an unknown key": 'send({"type": "say", "text": "hello", "volum": 2})',
    "a key that is missing": 'send({"type": "say"})',
    "a value of another type": 'send({"type": "say", "text": "hello", "volume": "2"})',
    "a key of another message": 'def wrong(message: RoomEventMessage) -> str: return message["text"]',
}
