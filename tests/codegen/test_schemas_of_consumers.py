"""The schemas of consumers describe what clients may send, what they are sent, and the channel events."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from ipaddress import IPv4Network
from pathlib import Path
from types import new_class
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Discriminator, Field, Json, SecretStr, Tag, create_model
from typing_extensions import TypeAliasType, TypedDict

from examples.chat.consumer import ChatConsumer
from fast_channels.codegen.schemas import consumer_schemas
from fast_channels.codegen.write import differences
from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
    CloseCodes,
    Cookie,
    Header,
    Query,
)
from fast_channels.consumer import Path as InPath
from fast_channels.exceptions import InvalidMessageError, SchemaError
from fast_channels.messages import ChannelEvent
from fast_channels.messages.codec import Codec

from .bundles import Schema
from .shop import Ask, ClientMessage, Colour, ServerMessage, ShopConsumer, Stock
from .strict import complaints

ROOT = Path(__file__).parents[2]
SHOP: Mapping[str, Any] = {
    name.split(".")[1]: json.loads(text) for name, text in consumer_schemas(ShopConsumer).items()
}
CLIENT, SERVER, EVENTS = (Schema(SHOP[kind]) for kind in ("client", "server", "events"))


class Hello(BaseModel):
    """The only message."""

    type: Literal["hello"] = "hello"


class Ready(ChannelEvent):
    """The only event."""

    type: Literal["ready"] = "ready"


def consumer_of(client: Any, server: Any) -> type[AsyncConsumer]:
    """Return a consumer with messages that no checker knows."""
    return new_class("Made", (AsyncJsonWebsocketConsumer[client, server],))


def test_there_is_a_file_for_everything_that_is_declared() -> None:
    """Named after the class and the direction."""
    assert [*consumer_schemas(ShopConsumer)] == [
        "ShopConsumer.client.json",
        "ShopConsumer.server.json",
        "ShopConsumer.events.json",
    ]


@pytest.mark.parametrize("consumer", [ShopConsumer, ChatConsumer])
def test_every_file_is_a_json_schema(consumer: type[AsyncConsumer]) -> None:
    """It says which dialect it is of, and whose."""
    for name, text in consumer_schemas(consumer).items():
        schema = json.loads(text)

        assert Schema(schema).errors({"type": "mystery"})
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"] == f"urn:fast-channels:{name}"
        assert schema["title"] == name.removesuffix(".json").replace(".", " ")
        assert schema["description"]


Alias = TypeAliasType("Alias", int | None)


class Inner(BaseModel):
    """Is used twice, so that it is a definition."""

    depth: int | None


class Keyed(TypedDict):
    """Has a key that may be null."""

    type: Literal["keyed"]
    key: int | None


@dataclass
class Placed:
    """Has a field that may be null."""

    place: str | None
    type: Literal["placed"] = "placed"


class Nullable(BaseModel):
    """Has what may be null, in many forms, and what may not."""

    type: Literal["nullable"] = "nullable"
    plain: Annotated[str | None, Field(max_length=3)]
    choice: Literal["a", None]  # noqa: PYI061  # one of the forms
    number: int | str | None = None
    named: Alias
    told: Annotated[
        Annotated[Inner, Tag("inner")] | Annotated[None, Tag("none")],
        Discriminator(lambda value: "none" if value is None else "inner"),
    ]
    never: None
    anything: Any
    inner: Inner
    items: list[int | None]
    table: dict[str, int | None]


def test_what_is_sent_without_null_is_described_without_null() -> None:
    """A field that may be null is not required, and is not null; items of lists are as they were."""

    class Sparse(AsyncJsonWebsocketConsumer[Any, Nullable | Keyed | Placed]):
        omit_none = True

    schema = json.loads(consumer_schemas(Sparse)["Sparse.server.json"])
    described = schema["$defs"]["Nullable"]
    assert described["required"] == ["inner", "items", "table", "type"]
    assert described["properties"]["plain"] == {"type": "string", "maxLength": 3}
    assert described["properties"]["choice"] == {"enum": ["a"]}
    assert described["properties"]["number"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert described["properties"]["items"]["items"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert schema["$defs"]["Keyed"]["required"] == schema["$defs"]["Placed"]["required"] == ["type"]
    empty = Nullable(
        plain=None,
        choice=None,
        named=None,
        told=None,
        never=None,
        anything=None,
        inner=Inner(depth=None),
        items=[None],
        table={"a": None},
    )
    codec = Codec(lambda: Nullable | Keyed | Placed, omit_none=True)
    for message in (empty, {"type": "keyed", "key": None}, Placed(None), Placed("here")):
        assert not Schema(schema).errors(json.loads(codec.encode(message)))
    assert Schema(schema).errors({"type": "keyed", "key": None})


def test_close_codes_are_described() -> None:
    """With what they mean, as far as the class says it."""

    class Codes(CloseCodes):
        UNAUTHORIZED = 4401, "there is no token"
        GONE = 4404

    class Plain(AsyncWebsocketConsumer):
        close_codes = Codes

    texts = consumer_schemas(Plain)
    assert [*texts] == ["Plain.close_codes.json"]
    schema = json.loads(texts["Plain.close_codes.json"])
    assert schema["title"] == "Plain close_codes"
    assert schema["oneOf"] == [
        {"const": 4401, "title": "UNAUTHORIZED", "description": "there is no token"},
        {"const": 4404, "title": "GONE"},
    ]
    assert not Schema(schema).errors(4404)
    assert Schema(schema).errors(4405)


def test_parameters_are_described_by_the_part_from_which_they_come() -> None:
    """Under the names that they have there; nothing that the consumer would refuse fits."""

    class Feed(AsyncHttpConsumer):
        class Params(BaseModel):
            room: Annotated[int, InPath()]
            colour: Annotated[Colour, Query("c")] = Colour.RED
            order: Literal["a", "b"] = Field("a", alias="o")
            last_event_id: Annotated[int | None, Header()] = None
            session: Annotated[str, Cookie("sid"), Field(validation_alias="s")]

    texts = consumer_schemas(Feed)
    assert [*texts] == ["Feed.params.json"]
    schema = json.loads(texts["Feed.params.json"])
    parts = schema["properties"]
    assert {part: [*inside["properties"]] for part, inside in parts.items()} == {
        "cookie": ["sid"],
        "header": ["last-event-id"],
        "path": ["room"],
        "path_or_query": ["o"],
        "query": ["c"],
    }
    assert schema["required"] == ["cookie", "path"]
    assert not Schema(schema).errors({"path": {"room": 1}, "cookie": {"sid": ""}, "query": {"c": "red"}})
    assert Schema(schema).errors({"path": {"room": 1}, "cookie": {}})


class Nested(BaseModel):
    """Refers to itself, in JSON that a parameter contains."""

    name: str = ""
    inner: Json["Nested"] | None = None


def test_a_model_of_parameters_may_refer_to_itself() -> None:
    """What is referred to is defined."""

    class Deep(AsyncHttpConsumer):
        Params = Nested

    schema = json.loads(consumer_schemas(Deep)["Deep.params.json"])
    assert [*schema["$defs"]] == ["Nested"]
    assert not Schema(schema).errors({"path_or_query": {"name": "x"}})


def test_a_model_without_fields_is_described() -> None:
    """Nothing is asked for."""

    class Empty(AsyncHttpConsumer):
        class Params(BaseModel):
            pass

    schema = json.loads(consumer_schemas(Empty)["Empty.params.json"])
    assert (schema["properties"], schema["required"]) == ({}, [])


class Strict(BaseModel):
    """Has fields whose limits and formats pydantic writes in its own way."""

    amount: Annotated[int | str, Field(ge=1, lt=9)]
    name: str | None = Field(default=None, json_schema_extra={"maxLength": 3})
    words: Annotated[list[str] | str, Field(min_length=1)] | None = None
    file: Path
    network: IPv4Network
    day: date
    secret: SecretStr
    place: Decimal
    pair: tuple[int, str]
    inner: Json[list[int]]
    counts: dict[Literal["a", "b"], int]


@pytest.mark.parametrize("consumer", [ShopConsumer, ChatConsumer, consumer_of(Strict, Strict)])
def test_a_strict_validator_accepts_every_file(consumer: type[AsyncConsumer]) -> None:
    """No keyword or format of pydantic's own, and no limit away from its type."""
    for text in consumer_schemas(consumer).values():
        assert complaints(json.loads(text)) == []


def test_limits_of_a_union_are_those_of_its_members() -> None:
    """Each is written at the member whose type it is of, so that it is not lost."""
    schema = json.loads(consumer_schemas(consumer_of(Strict, Any))["Made.client.json"])
    properties = schema["$defs"]["Strict"]["properties"]

    assert properties["amount"]["anyOf"] == [
        {"type": "integer", "minimum": 1, "exclusiveMaximum": 9},
        {"type": "string"},
    ]
    assert properties["name"]["anyOf"] == [{"type": "string", "maxLength": 3}, {"type": "null"}]


@pytest.mark.parametrize("base", ["https://example.org/schemas", "https://example.org/schemas/"])
def test_schemas_can_be_published(base: str) -> None:
    """The identifier of each is then its address."""
    texts = consumer_schemas(ShopConsumer, base_uri=base)

    for name, text in texts.items():
        assert json.loads(text)["$id"] == f"https://example.org/schemas/{name}"


def test_what_is_not_declared_has_no_file() -> None:
    """A consumer may declare one direction, or events only."""

    class Listening(AsyncJsonWebsocketConsumer[Hello, Any]):
        """Answers nothing in particular."""

    class Relay(AsyncConsumer):
        async def ready(self, event: Ready) -> None:
            """Pass it on."""

    assert [*consumer_schemas(Listening)] == ["Listening.client.json"]
    assert [*consumer_schemas(Relay)] == ["Relay.events.json"]


def test_a_union_is_one_of_its_members() -> None:
    """Which are told apart by what they require."""
    assert SHOP["client"]["oneOf"] == [
        {"$ref": "#/$defs/Order"},
        {"$ref": "#/$defs/Cancel"},
        {"$ref": "#/$defs/Ask"},
    ]
    for name in ("Order", "Cancel", "Ask"):
        assert "type" in SHOP["client"]["$defs"][name]["required"]


def test_a_description_of_messages_is_kept() -> None:
    """What the application says of them is better than what can be said of all."""
    assert SHOP["server"]["description"] == "What the shop says."
    assert SHOP["client"]["description"] == "What a client may send to ShopConsumer."


@pytest.mark.parametrize("type_", [int, list[int], Hello, Hello | None, dict[str, Hello]])
def test_messages_are_of_any_type(type_: Any) -> None:
    """Not only unions of models."""
    consumer = consumer_of(type_, type_)

    client, server = map(json.loads, consumer_schemas(consumer).values())

    example: Any = {int: 1, list[int]: [1], dict[str, Hello]: {"a": {"type": "hello"}}}.get(
        type_, {"type": "hello"}
    )
    for schema in (Schema(client), Schema(server)):
        assert schema.accepts(example)
        assert not schema.accepts("no")


# --------------------------------------------------------------------------- the laws

WORDS = st.sampled_from(["", "a", "x" * 8, "x" * 9, "red", "green"])
VALUES: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.sampled_from([-1, 0, 1, 10, 11, 1.5]) | WORDS | st.just([])
)
FIELDS = ["what", "item", "count", "order", "why", "colour", "unknown"]
TYPES = ["order", "cancel", "forget", "ask", "orders", 1]
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES),
        **dict.fromkeys(FIELDS, VALUES),
        "what": WORDS | VALUES,
        "count": st.integers(-1, 12) | VALUES,
        "colour": st.none() | WORDS | VALUES,
    },
) | st.sampled_from(
    [
        {"type": "order", "what": "a"},
        {"type": "forget", "order": 1},
        {"type": "ask"},
        {"type": "ask", "colour": "red", "unknown": 1},
    ]
)


def decodes(text: str) -> bool:
    """Tell whether a client may send a text to the shop."""
    try:
        Codec(lambda: ClientMessage).decode(text)
    except InvalidMessageError:
        return False
    return True


def lax(message: Mapping[str, Any]) -> bool:
    """Tell whether pydantic would take one value for another, which a schema does not mention."""
    return type(message.get("order")) is bool


@pytest.mark.property
@given(MESSAGES | VALUES)
def test_the_schema_accepts_what_the_consumer_takes_from_clients(message: Any) -> None:
    """And refuses what it refuses."""
    if not (isinstance(message, dict) and lax({**message})):
        assert CLIENT.accepts(message) == decodes(json.dumps(message))


STOCK = st.builds(
    Stock,
    left=st.dictionaries(st.sampled_from(Colour), st.integers()),
    tags=st.sets(st.text()),
    picture=st.text().map(str.encode),
)


@pytest.mark.property
@given(STOCK | st.builds(Ask, colour=st.none() | st.sampled_from(Colour)))
def test_whatever_the_consumer_sends_fits_the_schema(message: ServerMessage) -> None:
    """As it is written, with all defaults filled in."""
    assert SERVER.errors(json.loads(Codec(lambda: ServerMessage).encode(message))) == []


def test_events_are_described_as_handlers_take_them() -> None:
    """Each needs its type; bytes are base64, as in the schemas of ASGI."""
    assert EVENTS.accepts({"type": "shop.sold", "item": "a", "picture": "/w==", "tags": ["a"]})
    assert EVENTS.accepts({"type": "shop.shut"})
    assert not EVENTS.accepts({"item": "a"})
    assert not EVENTS.accepts({"type": "shop.sold", "item": "a", "picture": "no base64"})
    assert SHOP["events"]["$defs"]["Sold"]["properties"]["picture"]["default"] == "/w=="
    assert SHOP["events"]["oneOf"] == [{"$ref": "#/$defs/Closed"}, {"$ref": "#/$defs/Sold"}]


# --------------------------------------------------------------------------- always the same


def test_the_texts_are_the_same_in_every_process() -> None:
    """Whatever the hash seed: sets have an order of their own in each."""
    program = "import json, tests.codegen.shop as shop; from fast_channels.codegen import schemas as s"
    program += "; print(json.dumps([s.asgi_schemas(), s.consumer_schemas(shop.ShopConsumer)]))"
    path = os.pathsep.join([str(ROOT), *sys.path])
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert runs[0] == runs[1]
    assert json.loads(runs[0])[1] == consumer_schemas(ShopConsumer)


def test_messages_of_the_same_name_are_told_apart() -> None:
    """By the modules in which they are, and the name of each is always the same."""
    more: Any = Literal["more"]
    elsewhere = create_model("Stock", __module__="elsewhere", type=(more, "more"))
    twice = consumer_of(Stock | elsewhere, Any)

    texts = consumer_schemas(twice)
    schema = json.loads(texts["Made.client.json"])

    names = ["elsewhere__Stock", "tests__codegen__shop__Stock"]
    assert sorted(schema["$defs"]) == ["Colour", *names]
    assert [schema["$defs"][name]["title"] for name in names] == ["Stock", "Stock"]
    assert Schema(schema).accepts({"type": "more"})
    assert consumer_schemas(twice) == texts


def test_the_schemas_of_the_chat_are_up_to_date() -> None:
    """What is committed is what is generated."""
    folder = ROOT / "examples" / "chat" / "schemas"

    assert [*differences(folder, consumer_schemas(ChatConsumer), ["*.json"])] == []


# --------------------------------------------------------------------------- errors


class Bare(AsyncJsonWebsocketConsumer):
    """Declares nothing."""

    async def ready(self, event: Mapping[str, Any]) -> None:
        """Take any mapping."""


@pytest.mark.parametrize("consumer", [Bare, AsyncHttpConsumer, AsyncConsumer, AsyncJsonWebsocketConsumer])
def test_a_consumer_that_declares_nothing_has_no_schema(consumer: type[AsyncConsumer]) -> None:
    """And is told what could be declared."""
    with pytest.raises(SchemaError) as error:
        consumer_schemas(consumer)

    assert str(error.value) == (
        f"{consumer.__name__} declares neither messages nor channel events: give AsyncJsonWebsocketConsumer "
        "its ClientMessage and ServerMessage, or annotate a handler with a ChannelEvent"
    )


def test_a_message_that_is_not_defined_has_no_schema() -> None:
    """The error names it."""

    class Lost(AsyncJsonWebsocketConsumer["Nowhere", Any]):  # type: ignore[name-defined]  # pyright: ignore[reportUndefinedVariable]  # the mistake that is tested
        """Names a type that is nowhere."""

    with pytest.raises(SchemaError, match=re.escape("the messages of Lost have no JSON Schema: name")):
        consumer_schemas(Lost)


def test_a_message_that_has_no_form_in_json_has_no_schema() -> None:
    """Such as an object of this process."""
    calling: Any = create_model("Calling", __config__={"arbitrary_types_allowed": True}, call=(Schema, ...))
    consumer = consumer_of(calling, Any)

    with pytest.raises(SchemaError, match="the messages of Made have no JSON Schema: Cannot"):
        consumer_schemas(consumer)
