"""Which method handles which message, and what it gets."""

import functools
import inspect
import re
import sys
import types
import typing
import warnings
from collections import UserDict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    LiteralString,
    NewType,
    Protocol,
    TypeVar,
    Union,
)
from uuid import UUID

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType, TypedDict

from fast_channels import type_defs
from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.consumer.declared import handlers_of
from fast_channels.consumer.handlers import ASGI_HANDLERS, handler_name
from fast_channels.events import WebSocketReceiveEvent
from fast_channels.exceptions import InvalidEventError
from fast_channels.messages import ChannelEvent

if TYPE_CHECKING:
    from fractions import Fraction


class Said(ChannelEvent):
    type: Literal["said"] = "said"
    text: str = ""


class Left(ChannelEvent):
    type: Literal["left"] = "left"


class OlderDict(typing.TypedDict):
    type: str
    text: str


class SaidDict(TypedDict):
    type: str
    text: str


@dataclass
class SaidData:
    type: str
    text: str


class Message(BaseModel):
    type: str
    text: str


EitherAlias = TypeAliasType("EitherAlias", Said | Left)


def handlers(consumer: type[AsyncConsumer]) -> set[str]:
    """Return the names of the handlers of a class that a server does not know."""
    return set(handlers_of(consumer)) - ASGI_HANDLERS.keys()


class Catcher(AsyncConsumer):
    """Keeps what its handlers got."""

    got: Any = None


# What is a handler.


@pytest.mark.parametrize(
    "consumer",
    [AsyncConsumer, AsyncWebsocketConsumer, AsyncJsonWebsocketConsumer, AsyncHttpConsumer],
)
def test_the_documented_methods_of_the_library_are_never_handlers(consumer: type[AsyncConsumer]) -> None:
    """The library's classes handle the events of servers, and nothing else."""
    assert handlers(consumer) == set()


@pytest.mark.parametrize(
    "type_",
    [
        "accept",
        "as_asgi",
        "base_send",
        "channel_receive",
        "close",
        "connect",
        "deny",
        "disconnect",
        "dispatch",
        "groups",
        "receive",
        "receive_json",
        "scope",
        "send",
        "send.json",
        "send_json",
    ],
)
async def test_no_message_can_call_a_method_of_the_api(type_: str) -> None:
    """Not even where a user class overrides it, and whatever arguments it has there."""

    class Overrides(AsyncJsonWebsocketConsumer):
        async def disconnect(self, code: int) -> None:
            raise AssertionError("called")

        async def send_json(self, content: Any, close: bool | int = False) -> None:
            raise AssertionError("called")

        async def dispatch(self, message: Any) -> None:
            await super().dispatch(message)

    with pytest.raises(ValueError, match=rf"^No handler for message type {re.escape(type_)}$"):
        await Overrides().dispatch({"type": type_})


@pytest.mark.parametrize("type_", ["http.request", "handle", "send_body", "http_disconnect"])
async def test_a_websocket_consumer_has_no_handlers_of_http(type_: str) -> None:
    """What another class of the library would handle is unknown here."""
    with pytest.raises(ValueError, match=r"^No handler for message type"):
        await AsyncWebsocketConsumer().dispatch({"type": type_})


class AllKinds(AsyncConsumer):
    """Handlers, and what is none."""

    attribute = 5
    inner = dict
    partial = functools.partial(print)

    async def one(self, event: Any) -> None:
        """A handler."""

    async def optional(self, event: Any, more: int = 0) -> None:
        """A handler with a default."""

    async def keywords(self, event: Any, *, more: int = 0, **rest: Any) -> None:
        """A handler with keywords."""

    async def many(self, *events: Any) -> None:
        """A handler that takes whatever comes."""

    async def none(self) -> None:
        """A helper."""

    async def two(self, event: Any, more: int) -> None:
        """A helper."""

    async def unasked(self, event: Any = None) -> None:
        """A helper: nothing is required."""

    async def named(self, event: Any, *, more: int) -> None:
        """A helper."""

    async def _private(self, event: Any) -> None:
        """A helper."""

    def plain(self, event: Any) -> None:
        """A helper."""

    @staticmethod
    async def static(event: Any, more: Any) -> None:
        """A helper."""

    @classmethod
    async def of_class(cls, event: Any) -> None:
        """A helper."""

    @property
    def of_instance(self) -> int:
        """A helper."""
        return 5


def test_public_coroutine_methods_of_one_message_are_handlers() -> None:
    """Of a user class; neither private ones, nor helpers with other parameters, nor what does not wait."""
    assert handlers(AllKinds) == {"one", "optional", "keywords", "many"}


class Plain:
    """A class of an application that says nothing of messages."""


class Keyed(Protocol):
    """What has items."""

    def __getitem__(self, key: str, /) -> Any: ...


T_plain = TypeVar("T_plain", bound=Plain)
T_mapping = TypeVar("T_mapping", bound=Mapping[str, Any])
T_any = TypeVar("T_any")

NO_MAPPINGS: list[Any] = [
    str, int, bytes, bool, None, Path, Plain, UUID, list[str], tuple[int, ...], set[str], type[Plain],
    Literal["a", "b"], str | None, int | Path, Annotated[str, "of course"], NewType("UserId", int), T_plain,
    Callable[[], None], LiteralString, Decimal, datetime, "str", "Plain | None",
]  # fmt: skip
MAPPINGS: list[Any] = [
    Any, object, dict, dict[str, Any], Mapping[str, Any], MutableMapping[str, Any], UserDict[str, Any], Keyed,
    Said, SaidDict, SaidData, Message, WebSocketReceiveEvent, Said | str, Message | None, T_mapping, T_any,
    Annotated[Message, "of course"], NewType("Payload", dict[str, Any]), "Said", Collection[str],
]  # fmt: skip


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [*((one, set[str]()) for one in NO_MAPPINGS), *((one, {"say", "said"}) for one in MAPPINGS)],
)
async def test_a_method_that_cannot_take_a_mapping_is_no_handler(annotation: Any, expected: set[str]) -> None:
    """A message must not call a helper, such as `grant_admin(self, user)`, with a mapping."""

    class Mixin:
        async def say(self, text: Any) -> None:
            """Take one argument."""

        async def said(self, text: Any) -> None:
            """Take one argument; the name is that of the events that some annotations stand for."""

    Mixin.say.__annotations__["text"] = annotation
    Mixin.said.__annotations__["text"] = annotation
    helped: Any = type("Helped", (Mixin, AsyncConsumer), {"__module__": __name__})

    assert handlers(helped) == expected
    if not expected:
        with pytest.raises(ValueError, match=r"^No handler for message type say$"):
            await helped().dispatch({"type": "say"})


async def test_a_helper_whose_type_is_defined_later_is_called_by_no_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What its argument is can be known when the first message comes."""

    class Consumer(AsyncConsumer):
        async def grant(self, user: "DefinedLater") -> None:  # type: ignore[name-defined]  # pyright: ignore[reportUndefinedVariable, reportUnknownParameterType]  # noqa: F821  # later
            raise AssertionError("called")

    monkeypatch.setitem(globals(), "DefinedLater", Path)
    with pytest.raises(InvalidEventError, match=r"^No handler for message type grant$"):
        await Consumer().dispatch({"type": "grant"})


async def test_an_event_of_servers_that_does_not_fit_is_no_event_of_its_handler() -> None:
    """Whoever dispatches it hears what is wrong."""

    class Consumer(AsyncConsumer):
        async def websocket_receive(self, event: Mapping[str, Any]) -> None:
            raise AssertionError("called")

    with pytest.raises(InvalidEventError, match=r"text: Input should be a valid string"):
        await Consumer().dispatch({"type": "websocket.receive", "text": 5})


async def test_handlers_may_come_from_a_mixin() -> None:
    """A class that knows nothing of consumers has no hook of ours, and is looked at all the same."""

    class Mixin:
        async def said(self, event: Said) -> None:
            self.got = event

    class Consumer(Mixin, Catcher):
        pass

    consumer = Consumer()
    await consumer.dispatch({"type": "said", "text": "hi"})

    assert consumer.got == Said(text="hi")


async def test_the_nearest_definition_counts() -> None:
    """An override replaces the handler and what it asks for."""

    class Base(Catcher):
        async def said(self, event: Said) -> None:
            self.got = event

    class Untyped(Base):
        async def said(self, event: Any) -> None:
            self.got = event

        said.__annotations__.clear()

    class Data(Untyped):
        async def said(self, event: SaidData | Any) -> None:
            self.got = event

    message = {"type": "said", "text": "hi"}
    got: list[Any] = []
    for kind in (Base, Untyped, Data):
        consumer = kind()
        await consumer.dispatch(message)
        got.append(consumer.got)

    assert got == [Said(text="hi"), message, SaidData("said", "hi")]
    assert got[1] is message


async def test_an_override_that_is_no_handler_hides_the_inherited_one() -> None:
    """A subclass can take a handler away."""

    class Base(AsyncConsumer):
        async def said(self, event: Any) -> None:
            """A handler."""

    without: Any = type("Without", (Base,), {"said": None})

    assert handlers(Base) == {"said"}
    assert handlers(without) == set()


async def test_the_diamond_is_resolved_as_python_does() -> None:
    """The method resolution order decides between two bases."""

    class First(Catcher):
        async def said(self, event: Any) -> None:
            self.got = "first"

    class Second(Catcher):
        async def said(self, event: Any) -> None:
            self.got = "second"

    class Both(First, Second):
        pass

    consumer = Both()
    await consumer.dispatch({"type": "said"})

    assert consumer.got == "first"


async def test_a_method_of_the_instance_replaces_that_of_the_class() -> None:
    """Tests put a stand-in on an instance."""

    class Consumer(Catcher):
        async def said(self, event: Any) -> None:
            raise AssertionError("called")

    consumer = Consumer()
    got: list[Any] = []

    async def stand_in(event: Any) -> None:
        got.append(event)

    consumer.said = stand_in  # type: ignore[method-assign]  # what the test is about
    await consumer.dispatch({"type": "said"})

    assert got == [{"type": "said"}]


# Decorated handlers.


def wrapping(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A decorator as they should be."""

    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> None:
        await function(*args, **kwargs)

    return wrapper


def hiding(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A decorator that does not say what it decorates."""

    async def wrapper(*args: Any) -> None:
        await function(*args)

    return wrapper


def plain(function: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """A decorator whose wrapper returns what has to be awaited."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Awaitable[None]:
        return function(*args, **kwargs)

    return wrapper


class InThread:
    """A decorator like `asgiref.sync.sync_to_async`: an object that is marked as if it were a coroutine."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.function = function
        # What asyncio looks for; asgiref takes it from there too.
        self._is_coroutine = True
        functools.update_wrapper(self, function)

    def __get__(self, instance: Any, owner: type) -> Any:
        return self if instance is None else functools.partial(self, instance)

    async def __call__(self, *args: Any) -> None:
        self.function(*args)


async def test_decorated_handlers_are_handlers() -> None:
    """What a decorator wraps decides what the handler gets; one that hides it gets the message itself."""

    class Consumer(Catcher):
        @wrapping
        async def wrapped(self, event: Message) -> None:
            self.got = event

        @hiding
        async def hidden(self, event: Message) -> None:
            self.got = event

        @plain
        async def returned(self, event: Message) -> None:
            self.got = event

        @InThread
        def threaded(self, event: Message) -> None:
            self.got = event

    consumer = Consumer()
    got: list[Any] = []
    for type_ in ("wrapped", "hidden", "returned", "threaded"):
        await consumer.dispatch({"type": type_, "text": "hi"})
        got.append(consumer.got)

    assert got == [
        Message(type="wrapped", text="hi"),
        {"type": "hidden", "text": "hi"},
        Message(type="returned", text="hi"),
        Message(type="threaded", text="hi"),
    ]


# What a handler asks for.


class Asking(Catcher):
    async def said(self, event: Said) -> None:
        """Ask for an event."""
        self.got = event

    async def dictionary(self, event: SaidDict) -> None:
        """Ask for a typed dictionary."""
        self.got = event

    async def older(self, event: OlderDict) -> None:
        """Ask for a typed dictionary of Python's own."""
        self.got = event

    async def data(self, event: SaidData) -> None:
        """Ask for a dataclass."""
        self.got = event

    async def model(self, event: Message) -> None:
        """Ask for any model."""
        self.got = event

    async def left(self, event: Said | Left) -> None:
        """Ask for one of two."""
        self.got = event

    async def optional(self, event: Message | None) -> None:
        """Ask for a model or nothing."""
        self.got = event

    async def aliased(self, event: Annotated[Message, "of course"]) -> None:
        """Ask for an annotated model."""
        self.got = event

    async def anything(self, event: Any) -> None:
        """Ask for anything."""
        self.got = event

    async def mapping(self, event: Mapping[str, Any]) -> None:
        """Ask for a mapping."""
        self.got = event

    async def nothing(self, event: Any) -> None:
        """Ask for nothing."""
        self.got = event

    nothing.__annotations__.clear()

    async def quoted(self, event: "Message") -> None:
        """Ask with a text."""
        self.got = event

    async def partly(self, event: Union["Later", Message]) -> None:
        """Ask for what is defined below."""
        self.got = event

    async def hopeless(self, event: "Fraction") -> None:
        """Ask for what is known to type checkers only."""
        self.got = event

    async def absent(self, event: Any) -> None:
        """Ask for what a module does not have."""
        self.got = event

    absent.__annotations__["event"] = "inspect.NoSuchThing"


class Later(BaseModel):
    type: Literal["partly"]
    number: int


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("said", Said(text="hi")),
        ("dictionary", {"type": "dictionary", "text": "hi", "extra": 1}),
        ("older", {"type": "older", "text": "hi", "extra": 1}),
        ("data", SaidData("data", "hi")),
        ("model", Message(type="model", text="hi")),
        ("left", Left()),
        ("optional", Message(type="optional", text="hi")),
        ("aliased", Message(type="aliased", text="hi")),
        ("quoted", Message(type="quoted", text="hi")),
    ],
)
async def test_a_handler_gets_what_its_annotation_asks_for(type_: str, expected: Any) -> None:
    """Models, dataclasses and typed dictionaries, alone, in a union or as text; not only the first time."""
    consumer = Asking()
    message = {"type": type_, "text": "hi", "extra": 1}

    for _ in range(2):
        await consumer.dispatch(message)

        assert consumer.got == expected
        assert type(consumer.got) is type(expected)


@pytest.mark.parametrize("type_", ["anything", "mapping", "nothing"])
async def test_a_handler_that_asks_for_nothing_gets_the_message_itself(type_: str) -> None:
    """No copy and no check, as in existing systems."""
    consumer = Asking()
    message = {"type": type_, "object": object()}

    await consumer.dispatch(message)

    assert consumer.got is message


async def test_a_union_may_name_what_is_defined_later() -> None:
    """Text inside an annotation is looked up when the first message comes."""
    consumer = Asking()

    await consumer.dispatch({"type": "partly", "number": "5"})

    assert consumer.got == Later(type="partly", number=5)


async def test_a_message_that_does_not_fit_is_an_error() -> None:
    """The handler never sees it."""
    with pytest.raises(InvalidEventError, match="text: Field required"):
        await Asking().dispatch({"type": "model"})


@pytest.mark.parametrize(
    ("type_", "reason"), [("hopeless", "name 'Fraction' is not defined"), ("absent", "NoSuchThing")]
)
async def test_an_annotation_that_cannot_be_resolved_is_a_warning(type_: str, reason: str) -> None:
    """Once, at the line of the handler, which gets its messages as they are."""

    class Fresh(Asking):
        hopeless = Asking.hopeless
        absent = Asking.absent

    consumer = Fresh()
    message = {"type": type_}

    text = rf"^Asking\.{type_}\(\) gets its messages unvalidated, because its annotation.*{reason}"
    with pytest.warns(RuntimeWarning, match=text) as warned:
        await consumer.dispatch(message)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await consumer.dispatch(message)

    method: Any = getattr(Asking, type_)
    assert (warned[0].filename, warned[0].lineno) == (__file__, method.__code__.co_firstlineno)
    assert consumer.got is message


def heir_of(base: Any) -> type[Catcher]:
    """Return a class that inherits a handler, and what the text of its annotation means."""
    kind: type[Catcher] = type("Heir", (base,), {})
    return kind


async def test_text_may_name_what_the_surrounding_function_knows() -> None:
    """With `from __future__ import annotations` every annotation is text, in tests too."""

    class Local(BaseModel):
        type: str

    class Consumer(Catcher):
        async def local(self, event: "Local") -> None:
            self.got = event

    for kind in (Consumer, heir_of(Consumer)):
        consumer = kind()
        await consumer.dispatch({"type": "local"})
        assert consumer.got == Local(type="local")


@pytest.fixture
def cyclic() -> Iterator[tuple[types.ModuleType, types.ModuleType]]:
    """Two modules that import each other, the first one before its names are defined."""
    one, two = types.ModuleType("cyclic_one"), types.ModuleType("cyclic_two")
    sys.modules.update({"cyclic_one": one, "cyclic_two": two})
    yield one, two
    del sys.modules["cyclic_one"], sys.modules["cyclic_two"]


async def test_circular_imports_are_no_obstacle(cyclic: tuple[types.ModuleType, types.ModuleType]) -> None:
    """An annotation is looked up at the first message, when every module has been imported."""
    one, two = cyclic
    consumers = """
from __future__ import annotations
import cyclic_one
from fast_channels.consumer import AsyncConsumer
class Consumer(AsyncConsumer):
    async def ping(self, event: cyclic_one.Ping) -> None:
        self.got = event
"""
    events = """
from typing import Literal
from fast_channels.messages import ChannelEvent
class Ping(ChannelEvent):
    type: Literal["ping"] = "ping"
"""
    exec(compile(consumers, "cyclic_two", "exec"), vars(two))
    exec(compile(events, "cyclic_one", "exec"), vars(one))
    consumer = two.Consumer()

    await consumer.dispatch({"type": "ping"})

    assert type(consumer.got) is one.Ping


# Handlers of ASGI events.


@pytest.mark.parametrize(
    "annotation", [WebSocketReceiveEvent, Any, Mapping[str, Any], inspect.Parameter.empty]
)
async def test_an_asgi_handler_gets_the_event_model(annotation: Any) -> None:
    """Whatever it is annotated with: the model is a mapping too."""

    class Consumer(Catcher):
        async def websocket_receive(self, message: Any) -> None:
            self.got = message

    Consumer.websocket_receive.__annotations__["message"] = annotation
    consumer = Consumer()
    await consumer.dispatch({"type": "websocket.receive", "text": "hi"})

    assert consumer.got == WebSocketReceiveEvent(text="hi")


class ReceivedDict(TypedDict):
    text: str


@pytest.mark.parametrize(
    ("name", "event", "annotation", "got"),
    [
        (
            "websocket_receive",
            {"type": "websocket.receive", "text": "hi"},
            type_defs.WebSocketReceiveEvent,
            {"type": "websocket.receive", "text": "hi", "bytes": None},
        ),
        (
            "websocket_receive",
            WebSocketReceiveEvent(text="hi"),
            dict[str, Any],
            {"type": "websocket.receive", "text": "hi", "bytes": None},
        ),
        (
            "websocket_receive",
            {"type": "websocket.receive", "text": "hi", "more": 1},
            ReceivedDict | None,
            {"type": "websocket.receive", "text": "hi", "bytes": None, "more": 1},
        ),
        (
            "websocket_disconnect",
            {"type": "websocket.disconnect"},
            type_defs.WebSocketDisconnectEvent,
            {"type": "websocket.disconnect", "code": 1005, "reason": ""},
        ),
        (
            "http_request",
            {"type": "http.request"},
            type_defs.HttpRequestEvent,
            {"type": "http.request", "body": b"", "more_body": False},
        ),
        (
            "http_disconnect",
            {"type": "http.disconnect"},
            "type_defs.HttpDisconnectEvent",
            {"type": "http.disconnect"},
        ),
    ],
)
async def test_an_asgi_handler_that_asks_for_a_dictionary_gets_one(
    name: str, event: Mapping[str, Any], annotation: Any, got: dict[str, Any]
) -> None:
    """With every key that the event can have, so that it can be read as it was by handlers for 1.1.0."""

    async def handler(self: Any, message: Any) -> None:
        self.got = message

    handler.__annotations__["message"] = annotation
    consumer = type("Consumer", (Catcher,), {name: handler})()
    await consumer.dispatch(event)

    seen: Any = consumer.got
    assert type(seen) is dict
    assert seen == got


async def test_an_annotation_that_does_not_exist_asks_for_the_model() -> None:
    """An import for checkers only is no fault of the event."""

    class Consumer(Catcher):
        async def websocket_receive(self, message: "Fraction") -> None:
            self.got = message

    consumer = Consumer()
    await consumer.dispatch({"type": "websocket.receive", "text": "hi"})

    assert consumer.got == WebSocketReceiveEvent(text="hi")


async def test_an_asgi_handler_does_not_get_a_second_model() -> None:
    """An event that is a model already is passed on as it is."""

    class Consumer(Catcher):
        async def websocket_receive(self, message: Any) -> None:
            self.got = message

    consumer, event = Consumer(), WebSocketReceiveEvent(text="hi")
    await consumer.dispatch(event)

    assert consumer.got is event


async def test_super_takes_whatever_an_override_hands_on() -> None:
    """The library's own handlers read their event as a mapping."""

    class Consumer(AsyncWebsocketConsumer):
        got: Any = None

        async def websocket_receive(self, message: Any) -> None:
            changed: Any = {**message, "text": message["text"].upper()}
            await super().websocket_receive(changed)

        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            self.got = text_data

    consumer = Consumer()
    await consumer.dispatch({"type": "websocket.receive", "text": "hi"})

    assert consumer.got == "HI"


# Names.


def test_a_handler_of_a_union_may_have_any_of_its_names() -> None:
    """One method for several types is inherited or called by the others."""

    class Consumer(AsyncConsumer):
        async def left(self, event: Said | Left) -> None:
            """Handle both."""

    assert handlers(Consumer) == {"left"}


def test_a_union_of_other_names_is_refused_too() -> None:
    """An alias of a union is looked through."""
    with pytest.raises(TypeError, match=r"events of type said, left, which are sent to said, left\(\)"):

        class Consumer(AsyncConsumer):  # pyright: ignore[reportUnusedClass]  # it is never made
            async def both(self, event: EitherAlias) -> None:
                """Handle both."""


def test_a_helper_may_take_an_event_that_has_its_handler() -> None:
    """The name is no mistake then."""

    class Consumer(AsyncConsumer):
        async def said(self, event: Said) -> None:
            await self.store(event)

        async def store(self, event: Said) -> None:
            """Keep it."""

        async def _count(self, event: Left) -> None:
            """Private names are never looked at."""

    assert handlers(Consumer) == {"said", "store"}


def test_a_type_without_a_literal_contradicts_no_name() -> None:
    """Only a channel event whose `type` is a literal says where it goes."""

    class Free(ChannelEvent):
        type: str

    class Consumer(AsyncConsumer):
        async def one(self, event: Free) -> None:
            """Handle anything."""

        async def three(self, event: Message) -> None:
            """Handle anything."""

    assert handlers(Consumer) == {"one", "three"}


def test_handler_names() -> None:
    """A dot cannot stand in the name of a method."""
    assert handler_name("chat.message") == "chat_message"
    assert set(ASGI_HANDLERS) == {
        "http_request",
        "http_disconnect",
        "lifespan_startup",
        "lifespan_shutdown",
        "websocket_connect",
        "websocket_receive",
        "websocket_disconnect",
    }


async def test_a_type_may_be_written_with_underscores() -> None:
    """The name of the handler is what counts."""

    class Written(AsyncConsumer):
        got: Any = None

        async def some_event(self, event: dict[str, Any]) -> None:
            self.got = event

    consumer = Written()
    await consumer.dispatch({"type": "some_event"})

    assert consumer.got == {"type": "some_event"}
