"""Channel events and messages for consumers in which something is wrong."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from fast_channels.checks import check
from fast_channels.consumer import AsyncConsumer
from fast_channels.messages import ChannelEvent


class Said(ChannelEvent):
    """Somebody said something."""

    type: Literal["chat.said"] = "chat.said"
    text: str


class Whispered(ChannelEvent):
    """Has the type of another event."""

    type: Literal["chat.said"] = "chat.said"
    whom: str


class Left(ChannelEvent):
    """Somebody left."""

    type: Literal["chat.left"] = "chat.left"


class Close(ChannelEvent):
    """Has the name of a method of the library."""

    type: Literal["close"] = "close"


class Nameless(ChannelEvent):
    """Has no type."""

    text: str


class News(ChannelEvent):
    """Leaves the type to others."""


class Headline(News):
    """Says the type."""

    type: Literal["headline"] = "headline"


class Engine:
    """Something that JSON has no form for."""


class Started(ChannelEvent):
    """Cannot be sent."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    type: Literal["engine.started"] = "engine.started"
    engine: Engine


class Add(BaseModel):
    """A message."""

    type: Literal["add"] = "add"
    amount: int


class AddTwice(BaseModel):
    """Another message, with the same tag."""

    type: Literal["add"] = "add"
    times: int


class Reset(BaseModel):
    """Another message, with a tag of its own."""

    type: Literal["reset"] = "reset"


class Total(BaseModel):
    """A message without a tag."""

    total: int


def findings(consumer: type[AsyncConsumer]) -> list[str]:
    """Return what is found: code, name of the class or method, and what is wrong."""
    return [f"{one.code} {one.subject.rpartition('.')[2]} {one.message}" for one in check(consumer)]


def only(consumer: type[AsyncConsumer]) -> str:
    """Return the only thing that is found."""
    (found,) = findings(consumer)
    return found


def codes(consumer: type[AsyncConsumer]) -> list[str]:
    """Return the codes of what is found."""
    return [one.code for one in check(consumer)]
