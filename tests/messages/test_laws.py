"""Whatever the messages are: nothing passes a codec but them, and what is encoded is decoded to the same."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from fast_channels.consumer import AsyncJsonWebsocketConsumer
from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.messages.codec import Codec
from fast_channels.testing import WebsocketCommunicator

pytestmark = pytest.mark.property

texts = st.text(st.characters(codec="utf-8"), max_size=8)
FIELDS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    uuid.UUID: st.uuids(),
    dt.date: st.dates(),
    list[int]: st.lists(st.integers(), max_size=3),
    dict[str, bool]: st.dictionaries(texts, st.booleans(), max_size=3),
    int | None: st.none() | st.integers(),
    Literal["on", "off"]: st.sampled_from(["on", "off"]),
    tuple[str, int]: st.tuples(texts, st.integers()),
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


class Messages(NamedTuple):
    """A union of models, and some messages of it."""

    union: Any
    models: tuple[type[BaseModel], ...]
    examples: list[BaseModel]

    def hold(self, value: object) -> bool:
        """Tell whether a value is one of the messages."""
        return type(value) in self.models and value == TypeAdapter[Any](self.union).validate_python(value)


@st.composite
def unions(draw: st.DrawFn) -> Messages:
    """Make up to four models that share the field `kind`, with fields of any types besides."""
    kinds = draw(st.lists(st.sampled_from(["join", "say", "leave", "ping"]), min_size=1, unique=True))
    shapes = [
        draw(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from([*FIELDS]))) for _ in kinds
    ]
    models: list[type[BaseModel]] = []
    for kind, shape in zip(kinds, shapes, strict=True):
        fields: Any = {"kind": (Literal[kind], ...), **{name: (type_, ...) for name, type_ in shape.items()}}
        models.append(create_model(kind.title(), __config__=ConfigDict(frozen=True), **fields))
    examples = st.integers(0, len(kinds) - 1).flatmap(
        lambda index: st.builds(
            models[index],
            kind=st.just(kinds[index]),
            **{name: FIELDS[type_] for name, type_ in shapes[index].items()},
        )
    )
    union: Any = models[0]
    for model in models[1:]:
        union |= model
    return Messages(
        union,
        tuple(models),
        draw(st.lists(examples, min_size=1, max_size=4)),
    )


@st.composite
def nearly(draw: st.DrawFn, messages: Messages) -> str:
    """Return a text that is a message, or would be one but for a field."""
    fields = json.loads(draw(st.sampled_from(messages.examples)).model_dump_json())
    name = draw(st.sampled_from([*fields]))
    return json.dumps(
        draw(st.sampled_from([fields, {**fields, name: draw(json_values)}, fields.pop(name) or fields]))
    )


frames = unions().flatmap(
    lambda messages: st.tuples(
        st.just(messages),
        st.one_of(nearly(messages), json_values.map(json.dumps), texts, st.binary(max_size=8)),
    )
)


@given(unions())
def test_decoding_undoes_encoding(messages: Messages) -> None:
    """For every message of every union."""
    codec = Codec(lambda: messages.union)

    for message in messages.examples:
        assert codec.decode(codec.encode(message)) == message
        assert codec.encode(codec.decode(codec.encode(message))) == codec.encode(message)


@given(unions())
def test_none_may_be_left_out(messages: Messages) -> None:
    """Then everything else is as it was, and nothing that is there is null."""
    full, sparse = Codec(lambda: messages.union), Codec(lambda: messages.union, omit_none=True)

    for message in messages.examples:
        fields = json.loads(full.encode(message))
        assert json.loads(sparse.encode(message)) == {
            name: value for name, value in fields.items() if value is not None
        }


@given(frames)
async def test_a_handler_sees_nothing_but_messages(drawn: tuple[Messages, str | bytes]) -> None:
    """Whatever text or bytes a client sends; any other frame goes to the hook, and only there."""
    messages, frame = drawn
    seen: list[Any] = []
    refused: list[InvalidMessageError] = []

    class Listening(AsyncJsonWebsocketConsumer[messages.union, Any]):  # type: ignore[name-defined]  # pyright: ignore[reportInvalidTypeArguments]  # hypothesis makes the type while the test runs
        async def receive_json(self, content: Any) -> None:
            seen.append(content)

        async def receive_invalid(self, error: InvalidMessageError) -> None:
            refused.append(error)

    async with WebsocketCommunicator(Listening, "/") as websocket:
        await (websocket.send_to(frame) if isinstance(frame, str) else websocket.send_to(bytes_data=frame))

    assert len(seen) + len(refused) == 1
    assert all(messages.hold(message) for message in seen)


@given(unions(), unions(), json_values)
async def test_a_client_sees_nothing_but_messages(messages: Messages, others: Messages, junk: Any) -> None:
    """Whatever a consumer tries to send; anything else is an error where it is sent."""
    unfinished = [model.model_construct() for model in messages.models]
    tries = [*messages.examples, *others.examples, *unfinished, junk]
    sent = 0

    class Talking(AsyncJsonWebsocketConsumer[Any, messages.union]):  # type: ignore[name-defined]  # pyright: ignore[reportInvalidTypeArguments]  # hypothesis makes the type while the test runs
        async def connect(self) -> None:
            nonlocal sent
            await self.accept()
            for content in tries:
                try:
                    await self.send_json(content)
                except LocalProtocolError:
                    continue
                sent += 1

    codec = Codec(lambda: messages.union)
    async with WebsocketCommunicator(Talking, "/") as websocket:
        received = [codec.decode(str(await websocket.receive_from())) for _ in range(sent)]
        assert await websocket.receive_nothing(0)

    assert len(received) >= len(messages.examples)
    assert all(messages.hold(message) for message in received)
