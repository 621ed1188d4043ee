"""What the chat and its clients say to each other: declared first, and everything else follows."""

from typing import Annotated, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from fast_channels.messages import ChannelEvent, Group, Request

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=24)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
RoomName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]


class Message(BaseModel):
    """The base of all messages; a field that nobody declared is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# What the server says


class Said(Message):
    """Somebody said something."""

    type: Literal["said"] = "said"
    name: Name
    text: Text
    at: AwareDatetime


class Joined(Message):
    """Somebody came, who may have been in the welcome already."""

    type: Literal["joined"] = "joined"
    name: Name


class Left(Message):
    """Somebody went, who may not have been in the welcome."""

    type: Literal["left"] = "left"
    name: Name


class Welcome(Message):
    """You are in; this is who is here, yourself included, and what was said last.

    It comes again when the server may have missed something, and replaces what was known.
    """

    type: Literal["welcome"] = "welcome"
    people: list[Name]
    history: list[Said]


class Refused(Message):
    """What you asked for did not happen."""

    type: Literal["refused"] = "refused"
    reason: str


# What clients say


class Join(Message, Request[Welcome | Refused]):
    """I am here, and this is what I am called."""

    type: Literal["join"] = "join"
    name: Name


class Say(Message):
    """Tell everybody in the room."""

    type: Literal["say"] = "say"
    text: Text


ClientMessage = Join | Say
ServerMessage = Welcome | Said | Joined | Left | Refused


# What consumers tell each other through the channel layer


class RoomNews(ChannelEvent):
    """Something that everybody in a room shall see."""

    type: Literal["room.news"] = "room.news"
    news: Said | Joined | Left


class Listener(Protocol):
    """What a consumer has to handle to listen to a room."""

    async def room_news(self, event: RoomNews, /) -> None:
        """Hear what happened in the room."""
        ...


class RoomGroup(Group[RoomNews, Listener], pattern="chat.{room}", channel_layer_alias="chat"):
    """Everybody in a room."""

    room: RoomName
