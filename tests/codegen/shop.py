"""A consumer that declares messages of all kinds, for the tests of its schemas."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Literal, NotRequired

from pydantic import BaseModel, ConfigDict, Field, RootModel
from typing_extensions import TypedDict

from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.messages import ChannelEvent


class Colour(Enum):
    """A colour that is in stock."""

    RED = "red"
    BLUE = "blue"


class Order(BaseModel):
    """Somebody wants something."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["order"] = "order"
    item: str = Field(min_length=1, max_length=8, alias="what")
    count: int = Field(default=1, ge=1, le=10)


class Cancel(TypedDict):
    """Somebody wants nothing."""

    type: Literal["cancel", "forget"]
    order: int
    why: NotRequired[str]


@dataclass
class Ask:
    """Somebody wants to know."""

    type: Literal["ask"] = "ask"
    colour: Colour | None = None


class Tags(RootModel[set[str]]):
    """Words, in no order."""

    root: set[str] = {"new", "red", "cheap", "large"}


class Stock(BaseModel):
    """What there is."""

    type: Literal["stock"] = "stock"
    left: dict[Colour, int]
    tags: set[str] = {"new", "red", "cheap", "large"}
    picture: bytes = b""
    again: "Stock | None" = None


class Sold(ChannelEvent):
    """Something is gone."""

    type: Literal["shop.sold"] = "shop.sold"
    item: str
    picture: bytes = b"\xff"
    tags: Tags = Tags()


class Closed(ChannelEvent):
    """The shop has closed."""

    type: Literal["shop.closed", "shop.shut"] = "shop.closed"


ClientMessage = Order | Cancel | Ask
ServerMessage = Annotated[Stock | Ask, Field(discriminator="type", description="What the shop says.")]


class ShopConsumer(AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]):
    """A shop."""

    async def shop_sold(self, event: Sold) -> None:
        """Something is gone."""

    async def shop_closed(self, event: Closed) -> None:
        """The shop has closed."""
