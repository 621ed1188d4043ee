"""The messages of the chat and its clients, and the events of its rooms."""

from typing import Annotated, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from fast_channels.messages import ChannelEvent, Group, Request

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=24)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
RoomName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class Message(BaseModel):
    """The base of all messages; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# Messages of the server


class Said(Message):
    """A person said something."""

    type: Literal["said"] = "said"
    name: Name
    text: Text
    at: AwareDatetime


class Joined(Message):
    """A person entered the room; the welcome may have named them already."""

    type: Literal["joined"] = "joined"
    name: Name


class Left(Message):
    """A person left the room; the welcome may not have named them."""

    type: Literal["left"] = "left"
    name: Name


class Welcome(Message):
    """You have entered the room: the people in it, yourself included, and the last messages.

    It is sent again when the server may have missed events, and replaces the state of the client.
    """

    type: Literal["welcome"] = "welcome"
    people: list[Name]
    history: list[Said]


class Refused(Message):
    """Your request was refused."""

    type: Literal["refused"] = "refused"
    reason: str


# Messages of clients


class Join(Message, Request[Welcome | Refused]):
    """Enter the room under a name."""

    type: Literal["join"] = "join"
    name: Name


class Say(Message):
    """Say something to all people in the room."""

    type: Literal["say"] = "say"
    text: Text


ClientMessage = Join | Say
ServerMessage = Welcome | Said | Joined | Left | Refused


# Events that consumers send each other through the channel layer


class RoomNews(ChannelEvent):
    """An event for all people in a room."""

    type: Literal["room.news"] = "room.news"
    news: Said | Joined | Left


class Listener(Protocol):
    """The handler that a member of a room needs."""

    async def room_news(self, event: RoomNews, /) -> None:
        """Handle an event of the room."""
        ...


class RoomGroup(Group[RoomNews, Listener], pattern="chat.{room}", channel_layer_alias="chat"):
    """The group of all people in a room."""

    room: RoomName
