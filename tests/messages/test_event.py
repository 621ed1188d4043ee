"""Events that applications send to each other."""

import copy
import datetime as dt
import decimal
import pickle
import uuid
from collections.abc import Callable
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    Json,
    PlainSerializer,
    Secret,
    SecretBytes,
    SecretStr,
    ValidationError,
    computed_field,
    create_model,
    field_serializer,
)

from fast_channels.layers import InMemoryChannelLayer
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import converter
from fast_channels.messages.event import encoding_once, keep_frame


class Colour(Enum):
    RED = "red"


class Member(BaseModel):
    name: str


class Renamed(ChannelEvent):
    type: Literal["renamed"] = "renamed"
    number: int = Field(validation_alias="no", serialization_alias="no")


class Everything(ChannelEvent):
    type: Literal["everything"] = "everything"
    text: str = ""
    number: int = 0
    ratio: float = 0.0
    flag: bool = False
    data: bytes = b""
    nothing: None = None
    when: dt.datetime | None = None
    id: uuid.UUID | None = None
    price: decimal.Decimal | None = None
    colour: Colour = Colour.RED
    tags: frozenset[str] = frozenset()
    pair: tuple[int, str] = (0, "")
    members: tuple[Member, ...] = ()
    counts: dict[int, int] = Field(default_factory=dict[int, int])


ANY_EVENT = st.builds(
    Everything,
    text=st.text(),
    number=st.integers(-(2**63), 2**63 - 1),
    ratio=st.floats(allow_nan=False),
    flag=st.booleans(),
    data=st.binary(),
    when=st.none() | st.datetimes(timezones=st.just(dt.UTC)),
    id=st.none() | st.uuids(),
    price=st.none() | st.decimals(allow_nan=False, allow_infinity=False),
    tags=st.frozensets(st.text()),
    pair=st.tuples(st.integers(-5, 5), st.text()),
    members=st.lists(st.builds(Member, name=st.text()), max_size=3).map(tuple),
    counts=st.dictionaries(st.integers(-5, 5), st.integers(-5, 5), max_size=3),
)


@pytest.mark.property
@given(ANY_EVENT)
def test_an_event_comes_back_from_its_message(event: Everything) -> None:
    """What the receiving handler validates is what was sent."""
    assert Everything.model_validate(event.to_message()) == event


def test_a_message_consists_of_plain_values() -> None:
    """Those that every channel layer can carry; bytes stay bytes."""
    event = Everything(
        data=b"\xff",
        when=dt.datetime(2020, 1, 2, tzinfo=dt.UTC),
        id=uuid.UUID(int=5),
        price=decimal.Decimal("1.5"),
        tags=frozenset({"a"}),
        pair=(1, "one"),
        members=(Member(name="alice"),),
        counts={1: 2},
    )

    assert event.to_message() == {
        "type": "everything",
        "text": "",
        "number": 0,
        "ratio": 0.0,
        "flag": False,
        "data": b"\xff",
        "nothing": None,
        "when": "2020-01-02T00:00:00Z",
        "id": "00000000-0000-0000-0000-000000000005",
        "price": "1.5",
        "colour": "red",
        "tags": ["a"],
        "pair": [1, "one"],
        "members": [{"name": "alice"}],
        "counts": {"1": 2},
    }


async def test_a_layer_carries_a_message() -> None:
    """The event itself need not be taken apart by the sender."""
    layer = InMemoryChannelLayer()
    channel = await layer.new_channel()
    event = Everything(tags=frozenset({"a"}))

    await layer.send(channel, event)
    await layer.send(channel, event.to_message())

    for _ in range(2):
        assert Everything.model_validate(await layer.receive(channel)) == event


def test_an_event_is_frozen() -> None:
    """Handlers of several consumers may share it."""
    event: Any = Everything()

    with pytest.raises(ValidationError, match="frozen"):
        event.text = "other"


def test_an_event_is_validated_when_it_is_made() -> None:
    """A mistake of the sender is the sender's error."""
    with pytest.raises(ValidationError, match="number"):
        Everything.model_validate({"number": "many"})


def test_an_event_travels_under_the_names_that_its_aliases_give() -> None:
    """As its schema says; and the handler gets what was sent."""
    event = Renamed.model_validate({"no": 5})

    assert event.to_message() == {"type": "renamed", "no": 5}
    assert converter(Renamed)(event.to_message()) == event
    assert converter(Renamed)({"type": "renamed", "number": 5}) == event


class Lasting(ChannelEvent):
    model_config = ConfigDict(extra="forbid")

    type: Literal["lasting"] = "lasting"
    numbers: Json[list[int]]
    password: Annotated[SecretStr, PlainSerializer(SecretStr.get_secret_value)] = SecretStr("x")
    other: SecretStr = SecretStr("y")
    by_number: dict[int, str]

    @field_serializer("other")
    def reveal(self, value: SecretStr) -> str:
        return value.get_secret_value()

    @computed_field
    def count(self) -> int:
        return len(self.numbers)


def test_what_is_computed_encoded_or_revealed_arrives_as_it_was() -> None:
    """A layer carries what makes the event again, and nothing else."""
    event = Lasting(numbers="[1, 2]", by_number={1: "a"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # what Json reads

    assert Lasting.model_validate(event.to_message()) == event


class Holder(BaseModel):
    again: "Holder | None" = None
    secret: SecretBytes


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (SecretStr, "value is a SecretStr, which is sent as asterisks"),
        (list[SecretStr | None], "value is a SecretStr, which is sent as asterisks"),
        (Secret[int], "value is a Secret, which is sent as asterisks"),
        (Holder, "value.secret is a SecretBytes, which is sent as asterisks"),
        (dict[tuple[int, int], str], "value is a mapping whose keys are not scalar"),
        (dict[bytes, str], "value is a mapping whose keys are not scalar"),
    ],
)
def test_what_would_not_arrive_as_it_was_sent_is_told_when_the_class_is_defined(kind: Any, why: str) -> None:
    """The receiver would see asterisks, or drop the event."""
    make: Any = create_model

    with pytest.raises(TypeError, match=f"^Bad would not arrive as it was sent: {why}; change the type"):
        make("Bad", __base__=ChannelEvent, type=(Literal["bad"], "bad"), value=(kind, ...))


class Counting(ChannelEvent):
    type: Literal["counting"] = "counting"
    text: str = ""


def counting() -> tuple[list[Counting], Callable[[Counting], str]]:
    """Return a function that writes events, and the events that it has written."""
    written: list[Counting] = []

    def write(event: Counting) -> str:
        written.append(event)
        return event.text

    return written, encoding_once(write)


def test_an_event_that_many_get_is_written_once() -> None:
    """It keeps the text, since nobody can change it."""
    written, write = counting()
    event = Counting(text="a")
    keep_frame(event)

    assert [write(event), write(event)] == ["a", "a"]
    assert written == [event]


def test_an_event_of_one_recipient_is_written_each_time() -> None:
    """Nothing is kept of it."""
    written, write = counting()
    event = Counting(text="a")

    assert [write(event), write(event)] == ["a", "a"]
    assert written == [event, event]


def test_what_keeps_its_text_is_equal_to_what_does_not() -> None:
    """It looks the same, and a copy has nothing to keep, as it may differ."""
    _, write = counting()
    event = Counting(text="a")
    keep_frame(event)
    write(event)

    same = (Counting(text="a"), copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event)))
    assert [event] * 4 == [*same]
    assert {repr(event), event.model_dump_json()} == {repr(same[0]), same[0].model_dump_json()}
    assert [write(event.model_copy(update={"text": text})) for text in "bc"] == ["b", "c"]


def test_nothing_is_kept_of_what_is_no_event() -> None:
    """A handler may ask for another model."""
    member = Member(name="ann")

    keep_frame(member)

    assert member == Member(name="ann")
