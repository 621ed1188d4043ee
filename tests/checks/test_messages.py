"""Messages that would fail, or be taken for others, are found before anybody sends one."""

from types import new_class
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Discriminator, Tag
from typing_extensions import TypeAliasType

from fast_channels.consumer import AsyncConsumer, AsyncJsonWebsocketConsumer

from .events import Add, AddTwice, Engine, Reset, Total, codes, findings, only

if TYPE_CHECKING:
    from decimal import Decimal

GENERIC: Any = AsyncJsonWebsocketConsumer


class Picture(BaseModel):
    """Has bytes that are written as UTF-8."""

    data: bytes


class Encoded(BaseModel):
    """Has bytes that are written in base64."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    data: bytes


class Machine(BaseModel):
    """Has no form in JSON."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    engine: Engine


class Problem(BaseModel):
    """Another message without a tag."""

    problem: str


def which(_message: Any) -> str:
    """Tell two messages apart in a way of its own."""
    return "add"


BY_FUNCTION = Annotated[Annotated[Add, Tag("add")] | Annotated[AddTwice, Tag("twice")], Discriminator(which)]
Either = TypeAliasType("Either", BY_FUNCTION)


def consumer(client: Any, server: Any, *, handles: bool = True) -> type[AsyncConsumer]:
    """Return a class whose clients send certain messages and are sent certain messages."""

    async def receive_json(_self: Any, _content: Any) -> None: ...

    def body(names: dict[str, Any]) -> None:
        names["__module__"] = __name__
        if handles:
            names["receive_json"] = receive_json

    found: type[AsyncConsumer] = new_class("Chat", (GENERIC[client, server],), exec_body=body)
    return found


@pytest.mark.parametrize(
    ("client", "server"),
    [
        (Any, Any),
        (Add, Total),
        (Add | Reset, Total | Problem),
        (Add | Reset | None, Total | None),
        (Add | int, list[int]),
        pytest.param(BY_FUNCTION, BY_FUNCTION, id="told apart by a function"),
        (Either, dict[str, Any]),
        (Encoded, Encoded),
        (Picture, Total),
    ],
    ids=repr,
)
def test_nothing_is_wrong_with_good_messages(client: Any, server: Any) -> None:
    """Any types, alone or with something that tells them apart; servers know what they send."""
    assert codes(consumer(client, server)) == []


def test_messages_that_nobody_can_resolve() -> None:
    """A name in a text that is defined nowhere would fail at the first frame."""
    assert findings(consumer("Nowhere", "Nothing")) == [
        "FC201 Chat the type of client messages cannot be resolved: NameError: name 'Nowhere' is not defined",
        "FC201 Chat the type of server messages cannot be resolved: NameError: name 'Nothing' is not defined",
    ]


def test_messages_that_pydantic_cannot_validate() -> None:
    """The first frame, or the first `send_json()`, would fail."""
    assert only(consumer(Engine, Any)).startswith(
        "FC202 Chat the type of client messages cannot be validated: PydanticSchemaGenerationError: "
    )
    assert codes(consumer(Any, Engine)) == ["FC202"]


def test_a_message_that_is_not_fully_defined() -> None:
    """A field whose type is only known to type checkers is found too."""

    class Unfinished(BaseModel):
        price: "Decimal"

    assert codes(consumer(list[Unfinished], Any)) == ["FC202"]


def test_messages_of_clients_that_nothing_tells_apart() -> None:
    """They share no field that could."""
    assert only(consumer(Total | Problem, Any)) == (
        "FC203 Chat Total, Problem have no common `Literal` field with different values, so a frame may be "
        "read as the wrong message, and errors describe all of them"
    )


@pytest.mark.parametrize(("client", "server"), [(Add | AddTwice, Any), (Any, Add | Reset | AddTwice)])
def test_messages_with_the_same_tag(client: Any, server: Any) -> None:
    """In either direction one would be taken for the other."""
    assert only(consumer(client, server)).startswith(
        "FC204 Chat Add and AddTwice both have the type 'add', so"
    )


def test_messages_without_a_form_in_json() -> None:
    """Clients could neither be told of them nor get them."""
    assert only(consumer(Any, Machine)).startswith(
        "FC205 Chat the type of server messages has no JSON form: "
    )
    assert codes(consumer(Machine, Any)) == ["FC205"]


def test_bytes_that_are_sent_as_text() -> None:
    """Those that are not UTF-8 would fail when they are sent."""
    assert codes(consumer(Any, Picture)) == ["FC206"]


def test_messages_that_nothing_handles() -> None:
    """What clients send would be validated and thrown away."""
    assert only(consumer(Add, Any, handles=False)) == (
        "FC207 Chat declares client messages, and no method handles them; write receive_json()"
    )


@pytest.mark.parametrize("client", [Any, None], ids=repr)
def test_clients_that_may_not_send_anything(client: Any) -> None:
    """Then there is nothing to handle, and without types there is no promise."""
    assert codes(consumer(client, Total, handles=False)) == []


def test_a_class_that_others_inherit_may_leave_messages_to_them() -> None:
    """It is the base of consumers and not one itself."""

    class Base(AsyncJsonWebsocketConsumer[Add, Total]): ...

    class Chat(Base):
        async def receive_json(self, content: Add) -> Total:
            return Total(total=content.amount)

    assert [*codes(Base), *codes(Chat)] == []


class Late(AsyncJsonWebsocketConsumer["Add | Multiply", None]):
    """Defined before one of its messages."""

    @AsyncJsonWebsocketConsumer["Add | Multiply", None].receives(Add)
    async def add(self, message: Add) -> None: ...


class Multiply(BaseModel):
    """Nothing receives it."""

    type: Literal["multiply"] = "multiply"


def test_messages_that_no_method_receives() -> None:
    """What could not be found when the class was defined."""
    assert only(Late) == (
        "FC208 Late has no method that receives Multiply: write one for each, or receive_json()"
    )


def test_messages_that_methods_receive() -> None:
    """There is one for each."""

    class Counter(AsyncJsonWebsocketConsumer[Add | Reset, None]):
        @AsyncJsonWebsocketConsumer[Add | Reset, None].receives(Add)
        async def add(self, message: Add) -> None: ...

        @AsyncJsonWebsocketConsumer[Add | Reset, None].receives(Reset)
        async def reset(self, message: Reset) -> None: ...

    assert codes(Counter) == []
