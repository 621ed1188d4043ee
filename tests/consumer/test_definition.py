"""What has to be true of a consumer class, said when `as_asgi()` is called."""

from dataclasses import dataclass
from typing import Any

from fast_channels.consumer import AsyncConsumer, AsyncWebsocketConsumer
from fast_channels.consumer.definition import require_constructor


class Shop(AsyncConsumer):
    """Has a constructor of its own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Open(AsyncConsumer):
    """Passes everything on, as frameworks on consumers do."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


def test_arguments_that_the_constructor_takes_are_kept() -> None:
    """A class without a constructor, or with an open one, takes any."""
    kinds: list[Any] = [AsyncConsumer, AsyncWebsocketConsumer, Open]
    for kind in kinds:
        assert kind.as_asgi(name="x").consumer_initkwargs == {"name": "x"}
    assert Shop.as_asgi(name="x").consumer_initkwargs == {"name": "x"}


def test_a_constructor_that_cannot_be_looked_at_is_not_judged() -> None:
    """Such as one that is written in another language."""
    require_constructor(dict, {"any": 1})


def test_a_dataclass_may_be_a_consumer() -> None:
    """One that can be given attributes."""

    @dataclass
    class Fine(AsyncConsumer):
        name: str = ""

    assert Fine.as_asgi(name="x").consumer_class is Fine
