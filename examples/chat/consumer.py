"""The chat itself: one consumer for every connection."""

from datetime import UTC, datetime

from pydantic import BaseModel

from examples.chat.messages import (
    ClientMessage,
    Join,
    Joined,
    Left,
    Refused,
    RoomGroup,
    RoomName,
    RoomNews,
    Said,
    Say,
    ServerMessage,
    Welcome,
)
from examples.chat.rooms import Room, Rooms
from fast_channels.consumer import AsyncJsonWebsocketConsumer

Contract = AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]


class ChatConsumer(Contract):
    """Somebody in a room of the chat.

    Args:
        rooms: The rooms that all consumers share.
    """

    channel_layer_alias = RoomGroup.channel_layer_alias

    class Params(BaseModel):
        """What the path says."""

        room: RoomName

    def __init__(self, rooms: Rooms) -> None:
        super().__init__()
        self.rooms = rooms
        self.name: str | None = None

    @property
    def room(self) -> Room:
        """The room that the client is in, or about to enter."""
        return self.rooms[self.params.room]

    @property
    def group(self) -> RoomGroup:
        """Everybody who hears what happens in the room."""
        return RoomGroup(room=self.params.room)

    @Contract.receives(Join)
    async def on_join(self, message: Join) -> Welcome | Refused:
        """Let somebody in whose name is free; what is returned is sent to this client only."""
        name = message.name
        if self.name is not None:
            return Refused(reason=f"You are {self.name} already.")
        if name in self.room.people:
            return Refused(reason=f"Somebody here is called {name} already.")
        self.name = name
        self.room.people.add(name)
        await self._tell(Joined(name=name))
        # From here on every message is either in this history or on its way through the group, never both.
        await self.join(self.group)
        return Welcome(people=sorted(self.room.people), history=list(self.room.history))

    @Contract.receives(Say)
    async def on_say(self, message: Say) -> Refused | None:
        """Tell everybody in the room."""
        if self.name is None:
            return Refused(reason="Say who you are first.")
        said = Said(name=self.name, text=message.text, at=datetime.now(UTC))
        self.room.history.append(said)
        await self._tell(said)
        return None

    async def room_news(self, event: RoomNews) -> None:
        """Pass on to the client what happened in the room."""
        await self.send_json(event.news)

    async def disconnect(self, code: int) -> None:
        """Tell the others, however the connection ended. The channel leaves the group by itself."""
        if self.name is not None:
            self.room.people.discard(self.name)
            await self._tell(Left(name=self.name))

    async def _tell(self, news: Said | Joined | Left) -> None:
        await self.group.send(RoomNews(news=news))
