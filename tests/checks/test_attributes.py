"""A class attribute that connections would share by mistake is found, and nothing else."""

from collections import deque
from typing import Any, ClassVar, Final

import pytest

from fast_channels.checks import check
from fast_channels.consumer import AsyncWebsocketConsumer

from .events import codes, only


@pytest.mark.parametrize("kind", [list, dict, set, bytearray, deque])
def test_a_mutable_class_attribute_is_found(kind: type[Any]) -> None:
    """With its name and kind, and what would be right."""

    class Chat(AsyncWebsocketConsumer):
        seen = kind()

    assert only(Chat) == (
        f"FC307 Chat has the class attribute seen, a {kind.__name__} that all connections share; set "
        "it in __init__(), or annotate it with ClassVar if that is meant"
    )


def test_it_is_found_at_the_class_that_has_it() -> None:
    """Where a mixin has it, that is what is to be changed."""

    class Counting:
        counts: dict[str, int] = {}  # noqa: RUF012  # the shared attribute that the check has to find

    class Chat(Counting, AsyncWebsocketConsumer):
        pass

    assert only(Chat).startswith("FC307 Counting has the class attribute counts")


def test_what_is_meant_to_be_shared_is_no_mistake() -> None:
    """Annotated attributes, settings of the library, constants of other kinds, and names of Python."""

    class Chat(AsyncWebsocketConsumer):
        channel_layer_alias = "chat"
        groups = ["lobby"]  # noqa: RUF012  # `groups` is copied for each consumer, so the check must not find it
        one: ClassVar[list[str]] = []
        two: "ClassVar[list[str]]" = []  # noqa: RUF012  # it is annotated, in a string
        three: Final = {"a": 1}  # Final says enough
        four = (1, 2)
        __slots__: list[str] = []

    assert codes(Chat) == []


def test_an_argument_of_as_asgi_takes_the_place_of_an_attribute() -> None:
    """Each consumer gets it as an attribute of its own."""

    class Chat(AsyncWebsocketConsumer):
        rooms: list[str] = []  # noqa: RUF012  # the shared attribute that the check has to find

    assert [one.code for one in check(Chat, {"rooms": ["a"]})] == []
    assert [one.code for one in check(Chat, {})] == ["FC307"]
