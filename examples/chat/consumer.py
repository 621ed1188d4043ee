"""The chat itself: one consumer for every connection."""

from datetime import UTC, datetime

from pydantic import BaseModel

from examples.chat.messages import (
    ClientMessage,
    Join,
    Joined,
    Left,
    Name,
    Refused,
    RoomGroup,
    RoomName,
    RoomNews,
    Said,
    Say,
    ServerMessage,
    Welcome,
)
from examples.chat.rooms import Rooms
from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.layers import ChannelGap

Contract = AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]

TRY_AGAIN_LATER = 1013


class ChatConsumer(Contract):
    """One client in a room of the chat.

    Args:
        rooms: The rooms that all consumers share.
    """

    channel_layer_alias = RoomGroup.channel_layer_alias

    class Params(BaseModel):
        """The parameters of the path."""

        room: RoomName

    def __init__(self, rooms: Rooms) -> None:
        super().__init__()
        self.rooms = rooms
        self.name: str | None = None
        self.history: frozenset[Said] = frozenset()

    @property
    def room(self) -> RoomGroup:
        """The room of the path, which is also the group of its members."""
        return RoomGroup(room=self.params.room)

    @Contract.receives(Join)
    async def on_join(self, message: Join) -> Welcome | Refused:
        """Let the client in if the name is free; the return value is sent to this client only."""
        if self.name is not None:
            return Refused(reason=f"You are {self.name} already.")
        self.name = message.name
        if not await self.rooms.enter(self.room, self.name, self.channel_name):
            self.name = None
            return Refused(reason=f"Somebody here is called {message.name} already.")
        await self.join(self.room)
        return await self._look()

    @Contract.receives(Say)
    async def on_say(self, message: Say) -> Refused | None:
        """Tell everybody in the room."""
        if self.name is None:
            return Refused(reason="Say who you are first.")
        await self.rooms.say(self.room, Said(name=self.name, text=message.text, at=datetime.now(UTC)))
        return None

    async def room_news(self, event: RoomNews) -> None:
        """Send an event of the room to the client, unless the client knows it already."""
        match event.news:
            case Left(name=self.name):
                # This process was so slow that its lease had ended, or another client had this name before.
                if name := await self._stay():
                    await self.room.send(RoomNews(news=Joined(name=name)))
            case Joined(name=self.name):
                pass
            case news:
                if news not in self.history:
                    await self.send_json(news)

    async def channel_gap(self, event: ChannelGap) -> None:
        """Send the state of the room again, because events of it were lost."""
        if await self._stay():
            await self.send_json(await self._look())

    async def disconnect(self, code: int) -> None:
        """Leave the room, for every kind of end. The library ends the membership in the group."""
        if self.name is not None:
            await self.rooms.leave(self.room, self.name, self.channel_name)

    async def _look(self) -> Welcome:
        # The group was joined before: a message that was sent meanwhile is in the history, and also arrives.
        welcome = await self.rooms.look(self.room)
        self.history = frozenset(welcome.history)
        return welcome

    async def _stay(self) -> Name | None:
        """Return the name if it still belongs to the client; otherwise close the connection."""
        if self.name is None or await self.rooms.enter(self.room, self.name, self.channel_name):
            return self.name
        # Another client has the name now.
        await self.close(TRY_AGAIN_LATER)
        return None
