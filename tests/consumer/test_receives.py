"""A method for each kind of message, instead of one that tells them apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple

import pytest
from pydantic import AfterValidator, BaseModel, RootModel
from typing_extensions import TypedDict, TypeVar

from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.messages import Request
from fast_channels.testing import WebsocketCommunicator


class Join(BaseModel):
    type: Literal["join"] = "join"
    name: str


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


@dataclass
class Shout:
    text: str
    type: Literal["shout"] = "shout"


class Numbers(RootModel[list[int]]):
    pass


Add = tuple[Literal["add"], int]
Drop = tuple[Literal["drop"], str]


class Ping(NamedTuple):
    kind: Literal["ping"]


class Welcome(BaseModel):
    type: Literal["welcome"] = "welcome"
    name: str


class Foreign(BaseModel):
    type: Literal["foreign"] = "foreign"


Contract = AsyncJsonWebsocketConsumer[Join | Say, Welcome]
receives = Contract.receives


class Chat(Contract):
    @receives(Join)
    async def on_join(self, message: Join) -> Welcome:
        return Welcome(name=message.name)

    @receives(Say)
    async def on_say(self, message: Say) -> None:
        await self.send(message.text)


async def answer(consumer: type[AsyncJsonWebsocketConsumer[Any, Any]], message: Any) -> Any:
    async with WebsocketCommunicator(consumer, "/") as websocket:
        await websocket.send_json_to(message)
        return await websocket.receive_from()


async def test_each_message_goes_to_its_method() -> None:
    """What the method returns is sent; one that returns nothing sends what it likes."""
    assert await answer(Chat, {"type": "join", "name": "Ann"}) == '{"type":"welcome","name":"Ann"}'
    assert await answer(Chat, {"type": "say", "text": "hello"}) == "hello"


async def test_a_message_may_be_any_class() -> None:
    """A dataclass, a root model, a class of Python itself."""

    class Anything(AsyncJsonWebsocketConsumer[Shout | Numbers | str, Any]):
        @AsyncJsonWebsocketConsumer.receives(Shout)
        async def on_shout(self, message: Shout) -> None:
            await self.send(message.text.upper())

        @AsyncJsonWebsocketConsumer.receives(Numbers)
        async def on_numbers(self, message: Numbers) -> None:
            await self.send(str(sum(message.root)))

        @AsyncJsonWebsocketConsumer.receives(str)
        async def on_text(self, message: str) -> None:
            await self.send(message * 2)

    assert await answer(Anything, {"type": "shout", "text": "hello"}) == "HELLO"
    assert await answer(Anything, [1, 2]) == "3"
    assert await answer(Anything, "no") == "nono"


async def test_an_override_of_a_method_takes_the_same_message() -> None:
    """With or without saying it again."""

    class Loud(Chat):
        async def on_join(self, message: Join) -> Welcome:
            return Welcome(name=message.name.upper())

    assert await answer(Loud, {"type": "join", "name": "Ann"}) == '{"type":"welcome","name":"ANN"}'


async def test_methods_may_come_from_a_plain_class() -> None:
    """A part of them that several consumers share."""

    class Joining:
        @receives(Join)
        async def on_join(self, message: Join) -> Welcome:
            return Welcome(name=type(self).__name__)

    class Mixed(Joining, Contract):
        @receives(Say)
        async def on_say(self, message: Say) -> None: ...

    assert await answer(Mixed, {"type": "join", "name": "Ann"}) == '{"type":"welcome","name":"Mixed"}'


T = TypeVar("T")


async def test_a_generic_base_leaves_its_messages_open() -> None:
    """What is missing is known when they are named."""

    class Base(AsyncJsonWebsocketConsumer[T, Welcome], Generic[T]):
        @receives(Join)
        async def on_join(self, message: Join) -> Welcome:
            return Welcome(name=message.name)

    class Closed(Base[Join]):
        pass

    assert await answer(Closed, {"type": "join", "name": "Ann"}) == '{"type":"welcome","name":"Ann"}'
    with pytest.raises(TypeError, match=r"^Wider has no method that receives Say: "):

        class Wider(Base[Join | Say]):  # pyright: ignore[reportUnusedClass]  # its definition is the test
            pass


def test_all_that_is_wrong_is_told_when_the_class_is_defined() -> None:
    """Messages without a method, with two, and those that no client can send."""
    with pytest.raises(TypeError) as raised:

        class Wrong(AsyncJsonWebsocketConsumer[Join | Say | Shout, Welcome]):  # pyright: ignore[reportUnusedClass]  # its definition is the test
            @receives(Join)
            async def one(self, message: Join) -> None: ...

            @receives(Join)
            async def other(self, message: Join) -> None: ...

            @receives(Foreign)
            async def foreign(self, message: Foreign) -> None: ...

    assert str(raised.value) == (
        "Wrong has no method that receives Say, Shout: write one for each, or receive_json(); receives Join "
        "in one() and other(): keep one of them; receives Foreign in foreign(), which is not a client "
        "message: declare it, or remove the method"
    )


def test_what_is_no_class_cannot_be_received() -> None:
    """It is listed as missing; `match` can handle it."""
    with pytest.raises(TypeError, match=r"^Wrong has no method that receives list\[int\]: "):

        class Wrong(AsyncJsonWebsocketConsumer[Join | list[int], Any]):  # pyright: ignore[reportUnusedClass]  # its definition is the test
            @receives(Join)
            async def on_join(self, message: Join) -> None: ...


async def test_a_method_of_its_own_may_handle_the_rest() -> None:
    """`receive_json()` gets every message; `super()` calls the method of one."""

    class Partly(Contract):
        @receives(Join)
        async def on_join(self, message: Join) -> Welcome:
            return Welcome(name=message.name)

        async def receive_json(self, content: Join | Say) -> Welcome | None:
            return await super().receive_json(content) or Welcome(name="nobody")

    assert await answer(Partly, {"type": "join", "name": "Ann"}) == '{"type":"welcome","name":"Ann"}'
    assert await answer(Partly, {"type": "say", "text": "hello"}) == '{"type":"welcome","name":"nobody"}'


async def test_a_method_is_taken_away_by_none() -> None:
    """As any method is."""

    class Fewer(Chat, AsyncJsonWebsocketConsumer[Join | Say, Welcome]):
        on_say: ClassVar[Any] = None

        async def receive_json(self, content: Join | Say) -> Welcome | None:
            return await super().receive_json(content) or Welcome(name="nobody")

    assert await answer(Fewer, {"type": "say", "text": "hello"}) == '{"type":"welcome","name":"nobody"}'


class Incomplete(AsyncJsonWebsocketConsumer["Late | Join", Any]):
    @receives(Join)
    async def on_join(self, message: Join) -> None: ...


class Early(AsyncJsonWebsocketConsumer["Late | Join", Any]):
    @receives(Join)
    async def on_join(self, message: Join) -> None: ...

    async def receive_json(self, content: "Late | Join") -> None:
        await self.send(content.type)


class Late(BaseModel):
    type: Literal["late"] = "late"


async def test_messages_that_are_defined_later_are_looked_at_when_a_connection_begins() -> None:
    """A circular import is no obstacle, and no way around the check."""
    with pytest.raises(TypeError, match=r"^Incomplete has no method that receives Late: "):
        await WebsocketCommunicator(Incomplete, "/").connect()

    assert await answer(Early, {"type": "late"}) == "late"


async def test_a_method_for_messages_of_clients_takes_none_of_the_channel_layer() -> None:
    """Its name is no type of event."""
    with pytest.raises(ValueError, match=r"^No handler for message type on\.join$"):
        await Chat().dispatch({"type": "on.join", "name": "Ann"})


class Answer(BaseModel):
    type: Literal["answer"] = "answer"
    text: str
    id: int | None = None


class Ask(BaseModel, Request[Answer]):
    correlation_field: ClassVar[str | None] = "id"

    type: Literal["ask"] = "ask"
    id: int


class Wonder(BaseModel, Request[Answer]):
    type: Literal["wonder"] = "wonder"
    id: int


async def test_a_reply_takes_over_the_field_that_tells_whose_it_is() -> None:
    """Unless it sets it, or the message declares none."""

    class Oracle(AsyncJsonWebsocketConsumer[Ask | Wonder, Answer]):
        async def receive_json(self, content: Ask | Wonder) -> Answer:
            return Answer(text="yes", id=42) if content.id == 2 else Answer(text="yes")

    assert await answer(Oracle, {"type": "ask", "id": 1}) == '{"type":"answer","text":"yes","id":1}'
    assert await answer(Oracle, {"type": "ask", "id": 2}) == '{"type":"answer","text":"yes","id":42}'
    assert await answer(Oracle, {"type": "wonder", "id": 1}) == '{"type":"answer","text":"yes","id":null}'


class Enter(TypedDict):
    type: Literal["enter"]
    name: str


class Exit(TypedDict):
    type: Literal["exit"]


class Untold(TypedDict):
    text: str


async def test_what_is_no_model_is_told_apart_by_tag_or_by_class() -> None:
    """TypedDicts, lists, literals, and classes whose instances are of another class."""

    class Mixed(AsyncJsonWebsocketConsumer[Enter | Exit | list[int] | Literal["ping"] | Path, Any]):
        @AsyncJsonWebsocketConsumer.receives(Enter)
        async def on_enter(self, message: Enter) -> str:
            return f"enter {message['name']}"

        @AsyncJsonWebsocketConsumer.receives(Exit)
        async def on_exit(self, message: Exit) -> str:
            return message["type"]

        @AsyncJsonWebsocketConsumer.receives(list[int])
        async def on_list(self, message: list[int]) -> int:
            return sum(message)

        @AsyncJsonWebsocketConsumer.receives(Path)
        async def on_path(self, message: Path) -> str:
            return message.name

        @AsyncJsonWebsocketConsumer.receives(Literal["ping"])  # type: ignore[call-overload, untyped-decorator]  # pyright: ignore[reportArgumentType, reportCallIssue, reportUntypedFunctionDecorator]  # no class for a checker
        async def on_ping(self, message: str) -> str:
            return "pong"

    for message, text in [
        ({"type": "enter", "name": "ann"}, '"enter ann"'),
        ({"type": "exit"}, '"exit"'),
        ([1, 2], "3"),
        ("ping", '"pong"'),
        ("/tmp/x", '"x"'),
    ]:
        assert await answer(Mixed, message) == text


_Method = TypeVar("_Method")


def receives_tuple(kind: Any) -> Callable[[_Method], _Method]:
    """Checkers have no type for a tuple where a class is asked for."""
    receive: Any = AsyncJsonWebsocketConsumer.receives
    decorator: Callable[[_Method], _Method] = receive(kind)
    return decorator


async def test_tuples_are_told_apart_by_their_items() -> None:
    """Where each has a `Literal` at one position; a named tuple is a class of its own."""

    class Arrays(AsyncJsonWebsocketConsumer[Add | Drop | Ping, Any]):
        @receives_tuple(Add)
        async def on_add(self, message: Add) -> int:
            return message[1] + 1

        @receives_tuple(Drop)
        async def on_drop(self, message: Drop) -> str:
            return message[1]

        @AsyncJsonWebsocketConsumer.receives(Ping)
        async def on_ping(self, message: Ping) -> list[str]:
            return [message.kind]

    assert await answer(Arrays, ["add", 1]) == "2"
    assert await answer(Arrays, ["drop", "x"]) == '"x"'
    assert await answer(Arrays, ["ping"]) == '["ping"]'


async def test_one_dictionary_needs_no_tag() -> None:
    """There is nothing to tell it from."""

    class One(AsyncJsonWebsocketConsumer[Untold | Join, Any]):
        @AsyncJsonWebsocketConsumer.receives(Untold)
        async def on_untold(self, message: Untold) -> str:
            return message["text"]

        @AsyncJsonWebsocketConsumer.receives(Join)
        async def on_join(self, message: Join) -> str:
            return message.name

    assert await answer(One, {"text": "hi"}) == '"hi"'
    assert await answer(One, {"type": "join", "name": "ann"}) == '"ann"'


def test_messages_that_nobody_can_tell_apart_are_told_when_the_class_is_defined() -> None:
    """They would vanish, or go to the wrong method."""
    with pytest.raises(TypeError) as raised:

        class Unclear(AsyncJsonWebsocketConsumer[Enter | Untold | Sequence[str], Any]):  # pyright: ignore[reportUnusedClass]  # its definition is the test
            @AsyncJsonWebsocketConsumer.receives(Enter)
            async def on_enter(self, message: Enter) -> None: ...

            @AsyncJsonWebsocketConsumer.receives(Untold)
            async def on_untold(self, message: Untold) -> None: ...

            @AsyncJsonWebsocketConsumer.receives(Sequence[str])  # type: ignore[type-abstract]  # what a checker may find too
            async def on_texts(self, message: Sequence[str]) -> None: ...

    assert str(raised.value) == (
        "Unclear cannot recognise a message as collections.abc.Sequence[str] or Enter or Untold (all are "
        "dict): use models, give TypedDicts a common Literal field or tuples a common Literal position, or "
        "distinguish them in receive_json()"
    )


async def test_a_message_of_an_unexpected_class_is_an_error() -> None:
    """Whatever a validator makes of it, it does not vanish."""

    class Mapped(AsyncJsonWebsocketConsumer[Annotated[Say, AfterValidator(lambda say: say.text)], Any]):
        @AsyncJsonWebsocketConsumer.receives(Say)
        async def on_say(self, message: Say) -> None: ...

    with pytest.raises(TypeError, match=r"^no method of Mapped receives a str$"):
        await answer(Mapped, {"type": "say", "text": "hi"})
