"""The chat itself: one consumer for every connection."""

import re
from datetime import UTC, datetime
from typing import assert_never

from examples.chat.messages import (
    ClientMessage,
    Join,
    Joined,
    Left,
    Refused,
    RoomNews,
    Said,
    Say,
    ServerMessage,
    Welcome,
)
from examples.chat.rooms import Room, Rooms
from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.exceptions import DenyConnection
from fast_channels.layers import channel_layers

LAYER = "chat"
ROOM_NAME = re.compile(r"[a-z0-9-]{1,40}")


class ChatConsumer(AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]):
    """Somebody in a room of the chat, whose name is the path parameter `room`.

    Args:
        rooms: The rooms that all consumers share.
    """

    channel_layer_alias = LAYER

    def __init__(self, rooms: Rooms) -> None:
        super().__init__()
        self.rooms = rooms
        self.name: str | None = None

    @property
    def room(self) -> Room:
        """The room that the client is in, or about to enter."""
        return self.rooms[self.room_name]

    @property
    def group(self) -> str:
        """The group of the channel layer that hears what happens in the room."""
        return f"chat.{self.room_name}"

    async def connect(self) -> None:
        """Let everybody into a room whose name can be one."""
        self.room_name: str = self.scope["path_params"]["room"]
        if not ROOM_NAME.fullmatch(self.room_name):
            raise DenyConnection(404)
        await self.accept()

    async def receive_json(self, content: ClientMessage) -> ServerMessage | None:
        """Do what the client asks; what is returned is sent to this client only."""
        match content:
            case Join(name=name):
                return await self._join(name)
            case Say(text=text):
                return await self._say(text)
            case _:
                assert_never(content)

    async def room_news(self, event: RoomNews) -> None:
        """Pass on to the client what happened in the room."""
        await self.send_json(event.news)

    async def disconnect(self, code: int) -> None:
        """Tell the others, however the connection ended. The channel leaves the group by itself."""
        if self.name is not None:
            self.room.people.discard(self.name)
            await self._tell(Left(name=self.name))

    async def _join(self, name: str) -> Welcome | Refused:
        if self.name is not None:
            return Refused(reason=f"You are {self.name} already.")
        if name in self.room.people:
            return Refused(reason=f"Somebody here is called {name} already.")
        self.name = name
        self.room.people.add(name)
        await self._tell(Joined(name=name))
        # From here on every message is either in this history or on its way through the group, never both.
        await channel_layers[LAYER].group_add(self.group, self.channel_name)
        return Welcome(people=sorted(self.room.people), history=list(self.room.history))

    async def _say(self, text: str) -> Refused | None:
        if self.name is None:
            return Refused(reason="Say who you are first.")
        said = Said(name=self.name, text=text, at=datetime.now(UTC))
        self.room.history.append(said)
        await self._tell(said)
        return None

    async def _tell(self, news: Said | Joined | Left) -> None:
        await channel_layers[LAYER].group_send(self.group, RoomNews(news=news))
