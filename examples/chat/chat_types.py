"""Written by `fast-channels stubs examples.chat.consumer:ChatConsumer`; changes made by hand are lost."""

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar

from typing_extensions import NotRequired, TypedDict

if TYPE_CHECKING:
    import examples.chat.messages
    import fast_channels.layers.gap


class JoinDict(TypedDict):
    """I am here, and this is what I am called."""

    type: Literal["join"]
    name: str


class SayDict(TypedDict):
    """Tell everybody in the room."""

    type: Literal["say"]
    text: str


ChatConsumerClientMessage: TypeAlias = JoinDict | SayDict


class SaidDict(TypedDict):
    """Somebody said something."""

    type: Literal["said"]
    name: str
    text: str
    at: str


class WelcomeDict(TypedDict):
    """You are in; this is who is here, yourself included, and what was said last."""

    type: Literal["welcome"]
    people: list[str]
    history: list[SaidDict]


class JoinedDict(TypedDict):
    """Somebody came, who may have been in the welcome already."""

    type: Literal["joined"]
    name: str


class LeftDict(TypedDict):
    """Somebody went, who may not have been in the welcome."""

    type: Literal["left"]
    name: str


class RefusedDict(TypedDict):
    """What you asked for did not happen."""

    type: Literal["refused"]
    reason: str


ChatConsumerServerMessage: TypeAlias = WelcomeDict | SaidDict | JoinedDict | LeftDict | RefusedDict


class ChannelGapDict(TypedDict):
    """Messages for a consumer were lost, or may have been."""

    type: Literal["channel.gap"]
    reason: Literal["outage", "overflow"]
    lost: NotRequired[int | None]


class RoomNewsDict(TypedDict):
    """Something that everybody in a room shall see."""

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
