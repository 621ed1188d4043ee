"""Groups, aliases and arguments that the first connection would stumble over are found."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from fast_channels.checks import check
from fast_channels.consumer import AsyncConsumer, AsyncHttpConsumer, AsyncWebsocketConsumer
from fast_channels.layers import InMemoryChannelLayer, channel_layers, register_channel_layer

from .events import codes, only

if TYPE_CHECKING:
    from decimal import Decimal


@pytest.fixture(autouse=True)
def no_layers() -> Iterator[None]:
    """No layer is registered, before and after."""
    channel_layers.clear()
    yield
    channel_layers.clear()


def codes_of(consumer: type[AsyncConsumer], **arguments: Any) -> list[str]:
    """Return the codes of what is found in `as_asgi(**arguments)`."""
    return [one.code for one in check(consumer, arguments)]


GROUPS = ["lobby"]
NAMED_BADLY = ["the lobby", "lobby"]


class Lobby(AsyncWebsocketConsumer):
    """Has groups and no layer."""

    groups = GROUPS


class Layered(AsyncWebsocketConsumer):
    """Has groups and a layer."""

    channel_layer_alias = "chat"
    groups = GROUPS


def test_groups_without_a_layer() -> None:
    """The first connection could not join them."""
    assert only(Lobby) == "FC301 Lobby has groups and no channel layer; set channel_layer_alias"


def test_groups_that_are_a_text() -> None:
    """Each of its letters would be a group."""

    class Chat(AsyncWebsocketConsumer):
        """The class itself cannot have them."""

    (found,) = check(Chat, {"groups": "lobby"})
    assert (found.code, found.message) == (
        "FC302",
        "groups has to be a list, not the string 'lobby'; write ['lobby']",
    )


def test_a_group_whose_name_is_not_valid() -> None:
    """No layer would take it."""

    class Chat(AsyncWebsocketConsumer):
        channel_layer_alias = "chat"
        groups = NAMED_BADLY

    assert only(Chat).startswith("FC303 Chat cannot join the group 'the lobby': Group name must be ")


def test_groups_that_are_computed() -> None:
    """Nobody knows them before there is a connection."""

    class Chat(AsyncWebsocketConsumer):
        @property
        def groups(self) -> list[str]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # Channels lets a property compute the groups
            return ["the lobby"]

    assert codes(Chat) == []


def test_a_layer_that_is_not_registered() -> None:
    """An alias that is unlike those that are registered is a mistake."""
    register_channel_layer("chats", InMemoryChannelLayer())

    assert only(Layered) == (
        "FC304 Layered uses the channel layer 'chat', which is not registered; registered: 'chats'; "
        "ignore FC304 if the application registers it when it starts"
    )


def test_a_layer_that_may_be_registered_later() -> None:
    """Without any layer nobody can tell: applications register theirs when they start."""
    assert codes(Layered) == []


def test_a_layer_that_is_registered() -> None:
    """Then all is well."""
    register_channel_layer("chat", InMemoryChannelLayer())

    assert codes(Layered) == []


def test_a_constructor_that_sets_the_alias() -> None:
    """The class alone does not decide then."""

    class Chat(AsyncWebsocketConsumer):
        groups = GROUPS

        def __init__(self, alias: str) -> None:
            super().__init__()
            self.channel_layer_alias = alias

    assert codes(Chat) == []
    assert codes_of(Chat, alias="chat") == []


def test_arguments_may_be_attributes() -> None:
    """A class without a constructor gets them so."""
    assert codes_of(Lobby, channel_layer_alias="chat") == []
    assert codes_of(Lobby, channel_layer_alias="chat", groups=["a b"]) == ["FC303"]


def test_arguments_that_the_constructor_does_not_take() -> None:
    """Every connection would fail."""

    class Page(AsyncHttpConsumer):
        def __init__(self, *, title: str) -> None:
            super().__init__()
            self.title = title

    assert codes(Page) == []
    assert codes_of(Page, title="x") == []
    assert codes_of(Page) == ["FC305"]
    (found,) = check(Page, {"titel": "x"})
    assert found.message.startswith(
        "Page.as_asgi(titel=...): each connection would call Page(titel=...), which fails: "
    )


def test_parameters_that_are_a_model() -> None:
    """They are what connections are compared with."""

    class Room(AsyncWebsocketConsumer):
        class Params(BaseModel):
            """The parameters."""

            room: str

    assert codes(Room) == []


def test_parameters_that_are_no_model() -> None:
    """They would be passed over."""

    class Room(AsyncWebsocketConsumer):
        Params: type[object] = dict

    assert only(Room).startswith("FC306 Room Params is not a pydantic model, so it has no effect: the class ")


def test_parameters_that_are_not_complete() -> None:
    """No connection could be compared with them."""

    class Room(AsyncWebsocketConsumer):
        class Params(BaseModel):
            """The parameters."""

            price: "Decimal"

    assert only(Room).startswith("FC306 Room Params cannot be validated: PydanticUndefinedAnnotation: ")
