"""Methods that would fail, or never run, are found before anybody connects."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal

import pytest

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.messages import ChannelEvent
from fast_channels.testing import WebsocketCommunicator

from .events import (
    Engine,
    Headline,
    Left,
    News,
    Said,
    Started,
    Whispered,
    codes,
    findings,
    only,
)

if TYPE_CHECKING:
    from decimal import Decimal


def retried(method: Callable[..., Coroutine[Any, Any, None]]) -> Any:
    """Wrap a method in a function that is not `async def`."""

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Coroutine[Any, Any, None]:
        return method(*args, **kwargs)

    return call


def test_nothing_is_wrong_with_the_library() -> None:
    """Its own classes are fine as they are."""
    for consumer in (AsyncConsumer, AsyncHttpConsumer, AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer):
        assert codes(consumer) == []


class OfUsers(AsyncWebsocketConsumer):
    """What an application may write."""

    limit = 3
    helper_class = Left

    def connect(self) -> Awaitable[None]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # no coroutine function, but the library can await what it returns
        return asyncio.sleep(0)

    @retried
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None: ...

    async def disconnect(self, close_code: int) -> None: ...

    async def chat_said(self, event: Said, volume: int = 1) -> None: ...

    @retried
    async def chat_left(self, event: Left) -> None: ...

    async def chat_cleared(self, event: Mapping[str, Any]) -> None: ...

    async def everything(self, *events: Any) -> None: ...

    async def say(self, text: str, times: int) -> None: ...

    async def news(self, event: News) -> None: ...

    async def headline(self, event: Headline) -> None: ...

    async def show(self, event: Left) -> None: ...

    def format(self, event: Left) -> str:
        return event.type

    async def _say(self, event: Said) -> None: ...

    async def pay(self, price: "Decimal", currency: str) -> None: ...


def test_nothing_is_wrong_with_what_users_write() -> None:
    """Overrides with other names of arguments, decorated ones, helpers and handlers of all kinds."""
    assert findings(OfUsers) == []


def test_what_a_mixin_hides_is_not_judged() -> None:
    """Only the method that counts does."""

    class Base:
        def connect(self) -> None: ...

    class Chat(AsyncWebsocketConsumer, Base):
        async def connect(self) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # right, and unlike that of the mixin

    assert codes(Chat) == []


def test_an_annotation_that_nobody_can_resolve() -> None:
    """A name that is only imported for type checkers leaves the messages of a handler unvalidated."""

    class Shop(AsyncWebsocketConsumer):
        async def shop_paid(self, event: "Decimal") -> None: ...

    assert only(Shop) == (
        "FC101 shop_paid gets its messages unvalidated, because its annotation cannot be resolved: "
        "NameError: name 'Decimal' is not defined"
    )


def test_an_annotation_that_pydantic_refuses() -> None:
    """What the consumer warns of at the first message."""

    class Shop(AsyncWebsocketConsumer):
        async def chat_said(self, event: Said | Engine) -> None: ...

    assert only(Shop) == (
        "FC102 chat_said gets its messages unvalidated: PydanticSchemaGenerationError: Unable to generate "
        "pydantic-core schema for <class 'tests.checks.events.Engine'>. Set `arbitrary_types_allowed=True` "
        "in the model_config to ignore this error or implement `__get_pydantic_core_schema__` on your type "
        "to fully support it."
    )


def test_a_handler_of_events_that_go_elsewhere() -> None:
    """What could not be found when the class was defined, because the event was not."""
    assert only(Early) == (
        "FC104 shop_paid takes events of type shop.closed, which are sent to shop_closed(); "
        "rename the method, or start its name with an underscore if it is not a handler"
    )


def test_an_event_of_a_union_without_a_handler() -> None:
    """A handler that takes two types of events gets one of them only."""

    class Chat(AsyncWebsocketConsumer):
        async def chat_said(self, event: Said | Left) -> None: ...

    assert only(Chat) == (
        "FC105 chat_said takes events of type chat.left, which are sent to chat_left(); write that handler"
    )


def test_a_handler_whose_event_is_defined_later_is_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the class was defined nobody could know what it takes."""

    class Chat(AsyncWebsocketConsumer):
        def chat_said(self, event: "SaidLater") -> None: ...  # type: ignore[name-defined]  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]  # noqa: F821  # later

    monkeypatch.setitem(globals(), "SaidLater", Said)

    assert codes(Chat) == ["FC107"]


def test_a_hook_that_may_not_be_awaitable() -> None:
    """Its definition cannot know; a class method counts as what it is."""

    class Chat(AsyncJsonWebsocketConsumer):
        # What a function returns that is called may be awaitable, so the definition cannot be refused.
        def connect(self) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # wrong on purpose: the check has to report it
            return self.reset()

        def reset(self) -> None:
            """Do nothing."""

        @classmethod
        def decode_json(cls, text_data: str) -> Any:
            return str(text_data)

        def price(self) -> "Decimal":
            raise NotImplementedError

        def accept(self) -> "Decimal":  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # what it returns may be awaitable, so it must not be reported
            raise NotImplementedError

    assert findings(Chat) == [
        "FC108 connect is awaited by the library and has to be `async def`",
        "FC108 decode_json is awaited by the library and has to be `async def`",
    ]


def test_a_hook_that_takes_some_of_its_calls() -> None:
    """Its definition is not refused."""

    # Many applications take frames of one kind only.
    class Text(AsyncWebsocketConsumer):
        async def receive(self, text_data: str) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # wrong on purpose: the check has to report it

    assert findings(Text) == [
        (
            "FC109 receive is called as receive(bytes_data=...), which fails: missing a required argument: "
            "'text_data'; write receive(self, text_data=None, bytes_data=None)"
        )
    ]


def test_a_helper_called_join() -> None:
    """Code for Channels may have one."""

    class Counter(AsyncJsonWebsocketConsumer):
        def join(self, words: list[str]) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # a helper that code for Channels may have
            return ", ".join(words)

    assert findings(Counter) == []


def test_a_hook_has_the_arguments_of_its_own_class() -> None:
    """The `disconnect()` of an HTTP consumer gets no code."""

    class Page(AsyncHttpConsumer):
        async def handle(self, body: bytes) -> None: ...

        async def disconnect(self) -> None: ...

    assert codes(Page) == []


async def test_the_calls_that_are_checked_are_those_of_the_library() -> None:
    """A hook that is found to be wrong does fail."""

    class Chat(AsyncWebsocketConsumer):
        async def receive(self, text_data: str) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # wrong on purpose: the check has to report it

    websocket = WebsocketCommunicator(Chat, "/")
    await websocket.connect()
    await websocket.send_to(bytes_data=b"x")
    with pytest.raises(TypeError):
        await websocket.wait()


def test_two_events_of_a_handler_with_the_same_type() -> None:
    """Nothing says which of them an event is."""

    class Chat(AsyncWebsocketConsumer):
        async def chat_said(self, event: Said | Whispered) -> None: ...

    assert only(Chat) == (
        "FC204 chat_said Said and Whispered both have the type 'chat.said', so an event may "
        "be read as the wrong one"
    )


def test_an_event_that_cannot_be_sent() -> None:
    """Something in it has no form that a channel layer can carry."""

    class Works(AsyncWebsocketConsumer):
        async def engine_started(self, event: Started) -> None: ...

    (found,) = findings(Works)
    assert found.startswith(
        "FC205 Started cannot be sent through a channel layer: PydanticInvalidForJsonSchema: "
    )
    assert "errors.pydantic.dev" not in found


class Early(AsyncWebsocketConsumer):
    """Defined before its event."""

    async def shop_paid(self, event: "Closed") -> None: ...


class Closed(ChannelEvent):
    """Not the event of that handler."""

    type: Literal["shop.closed"] = "shop.closed"
