"""Written by `fast-channels stubs examples.chat.consumer:ChatConsumer`; changes made by hand are lost."""

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

from typing_extensions import NotRequired, TypedDict

if TYPE_CHECKING:
    import examples.chat.messages
    import fast_channels.layers.gap


class JoinDict(TypedDict):
    """Enter the room under a name."""

    type: Literal["join"]
    name: str


class SayDict(TypedDict):
    """Say something to all people in the room."""

    type: Literal["say"]
    text: str


ChatConsumerClientMessage: TypeAlias = JoinDict | SayDict


class SaidDict(TypedDict):
    """A person said something."""

    type: Literal["said"]
    name: str
    text: str
    at: str


class WelcomeDict(TypedDict):
    """You have entered the room: the people in it, yourself included, and the last messages."""

    type: Literal["welcome"]
    people: list[str]
    history: list[SaidDict]


class JoinedDict(TypedDict):
    """A person entered the room; the welcome may have named them already."""

    type: Literal["joined"]
    name: str


class LeftDict(TypedDict):
    """A person left the room; the welcome may not have named them."""

    type: Literal["left"]
    name: str


class RefusedDict(TypedDict):
    """Your request was refused."""

    type: Literal["refused"]
    reason: str


ChatConsumerServerMessage: TypeAlias = WelcomeDict | SaidDict | JoinedDict | LeftDict | RefusedDict


class ChannelGapDict(TypedDict):
    """Messages for a consumer were lost, or may have been."""

    type: Literal["channel.gap"]
    reason: Literal["outage", "overflow"]
    lost: NotRequired[int | None]


class RoomNewsDict(TypedDict):
    """An event for all people in a room."""

    type: Literal["room.news"]
    news: SaidDict | JoinedDict | LeftDict


ChatConsumerEventMessage: TypeAlias = ChannelGapDict | RoomNewsDict


class ChatConsumerHandlers(Protocol):
    """The handlers of ChatConsumer."""

    async def room_news(self, event: "examples.chat.messages.RoomNews", /) -> object: ...

    async def channel_gap(self, event: "fast_channels.layers.gap.ChannelGap", /) -> object: ...


_ChatConsumerT = TypeVar("_ChatConsumerT", bound=type[ChatConsumerHandlers])


def handles_chat_consumer(consumer: _ChatConsumerT, /) -> _ChatConsumerT:
    """Return a consumer class; type checkers report a handler that is missing or takes fewer events."""
    return consumer
