"""A codec of frames needs to know nothing of messages, and a message nothing of frames."""

import datetime as dt
import enum
import json
import uuid
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.messages.codec import Codec
from fast_channels.messages.framing import FrameCodec, FramedCodec
from fast_channels.messages.message_pack import MessagePack


class Join(BaseModel):
    type: Literal["join"] = "join"
    name: str


class Colour(enum.Enum):
    RED = "red"


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str = ""
    number: int | None = None
    ratio: float = 0.0
    loud: bool = False
    when: dt.datetime | None = None
    day: dt.date | None = None
    time: dt.time | None = None
    took: dt.timedelta | None = None
    id: uuid.UUID | None = None
    price: Decimal | None = None
    colour: Colour | None = None
    pair: tuple[int, str] | None = None
    names: set[str] = set()
    inner: Join | None = None
    more: Any = None


class Json:
    """Frames of JSON, as an application could write a codec."""

    binary = False

    def decode(self, frame: str, /) -> object:
        return json.loads(frame)

    def encode(self, value: Any, /) -> str:
        return to_json(value).decode()


class Lines:
    """Frames of either kind: fields of a message in lines."""

    binary = None

    def decode(self, frame: str | bytes, /) -> object:
        text = frame if isinstance(frame, str) else frame.decode()
        if text == "refused":
            raise InvalidMessageError("not today", code=1008)
        return dict(line.split("=") for line in text.splitlines())

    def encode(self, value: Any, /) -> str:
        if not all(isinstance(one, str) for one in value.values()):
            raise ValueError("there are only strings")
        return "\n".join(f"{name}={one}" for name, one in value.items())


def framed(annotation: Any, frames: FrameCodec, **settings: Any) -> FramedCodec:
    return FramedCodec(lambda: annotation, lambda: frames, **settings)


def error_of(codec: Codec, frame: Any) -> InvalidMessageError:
    with pytest.raises(InvalidMessageError) as raised:
        codec.decode(frame)
    return raised.value


@pytest.mark.parametrize("frames", [Json(), MessagePack()], ids=["JSON", "MessagePack"])
def test_messages_go_both_ways(frames: FrameCodec) -> None:
    """Also those of types that only have a form in JSON."""
    codec = framed(Join | Say, frames)
    message = Say(
        number=1,
        ratio=2,
        when=dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        day=dt.date(2026, 1, 2),
        time=dt.time(3, 4),
        took=dt.timedelta(seconds=90),
        id=uuid.UUID(int=7),
        price=Decimal("1.50"),
        colour=Colour.RED,
        pair=(1, "x"),
        names={"a", "b"},
        inner=Join(name="ann"),
        more=[{"a": None}],
    )

    assert codec.decode(codec.encode(message)) == message
    assert codec.decode(codec.encode({"type": "join", "name": "ann"})) == Join(name="ann")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(width=16)
    | st.sampled_from(
        [
            "",
            "1",
            "true",
            "red",
            "2026-01-02",
            "2026-01-02T03:04:05Z",
            "03:04",
            "P1D",
            str(uuid.UUID(int=7)),
            "x",
        ]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "name"]), inner),
    max_leaves=4,
)
MESSAGES = st.fixed_dictionaries(
    {"type": st.just("say")}, optional={name: VALUES for name in Say.model_fields if name != "type"}
)
NATIVE, FRAMED = Codec(lambda: Join | Say, strict=True), framed(Join | Say, Json())


@pytest.mark.property
@given(MESSAGES | VALUES)
def test_a_frame_is_what_it_is_in_json(value: object) -> None:
    """What a consumer of JSON takes, one of any other form takes, and nothing else."""
    text = json.dumps(value)

    def decoded(codec: Codec) -> object:
        try:
            return codec.decode(text)
        except InvalidMessageError as error:
            return error.kind, error.value is not None or value is None

    assert decoded(FRAMED) == decoded(NATIVE)


def test_a_string_is_no_number_unless_a_model_says_so() -> None:
    """As in JSON."""

    class Lenient(BaseModel):
        model_config = ConfigDict(strict=False)
        number: int

    class Field1(BaseModel):
        number: int = Field(strict=False)

    frame = '{"number": "1"}'
    assert framed(Lenient, Json()).decode(frame) == Lenient(number=1)
    assert framed(Field1, Json()).decode(frame) == Field1(number=1)
    assert error_of(framed(dict[str, int], Json()), frame).errors == (
        ("number", "Input should be a valid integer"),
    )


@pytest.mark.parametrize("value", [0, 1.5, True])
def test_a_number_is_no_date(value: object) -> None:
    """Although pydantic could make one of it; no schema says so."""
    frame = json.dumps({"type": "say", "when": value})
    assert error_of(FRAMED, frame).errors == (("say.when", "Input should be a valid string"),)


@pytest.mark.parametrize(
    ("frames", "frame", "kind", "code", "reason"),
    [
        (MessagePack(), "text", "unsupported_data", 1003, "text frames are not accepted"),
        (Json(), b"{}", "unsupported_data", 1003, "binary frames are not accepted"),
        (Lines(), None, "unsupported_data", 1003, "text frames are not accepted"),
        (MessagePack(), b"\xc1", "undecodable", 1007, "the message cannot be decoded"),
        (Json(), "{", "undecodable", 1007, "the message cannot be decoded"),
        (Json(), "[" * 100_000, "undecodable", 1007, "the message cannot be decoded"),
        (Lines(), b"type=leave", "unknown_tag", 1007, "there is no message 'leave'"),
        (Lines(), "type=say\nnumber=1", "invalid", 1007, "the message is not valid at number"),
        (Lines(), "refused", "invalid", 1008, "not today"),
    ],
)
def test_what_is_wrong_with_a_frame_is_told(
    frames: FrameCodec, frame: Any, kind: str, code: int, reason: str
) -> None:
    """In the words in which it is told of JSON; a codec may have words of its own."""
    error = error_of(framed(Join | Say, frames), frame)

    assert (error.kind, error.code, error.reason) == (kind, code, reason)
    assert frame is None or frame == "refused" or error.frame == frame


def test_the_value_of_a_frame_is_what_the_codec_has_decoded() -> None:
    """So that an answer can say to which frame it belongs."""
    assert error_of(framed(Join, Lines()), "name=ann\nid=7").value == {"name": "ann", "id": "7"}


def test_a_codec_takes_either_kind_of_frame() -> None:
    """If it says so."""
    for frame in ("type=join\nname=ann", b"type=join\nname=ann"):
        assert framed(Join, Lines()).decode(frame) == Join(name="ann")


@pytest.mark.parametrize(
    ("frames", "message", "reason"),
    [
        (
            MessagePack(),
            Say(number=2**70),
            "Say is not a message that may be sent: Integer exceeds 64-bit range",
        ),
        (Lines(), Say(), "Say is not a message that may be sent: there are only strings"),
        (
            MessagePack(),
            {"type": "join"},
            "dict is not a message that may be sent: join.name: Field required",
        ),
        (MessagePack(), Say(ratio=float("nan")), "Say is not .*: ratio: Input should be a finite number"),
        (
            MessagePack(),
            Say(more=[float("inf")]),
            "Say is not .*: more: Input should hold finite numbers only",
        ),
        (MessagePack(), Say(more=object()), "Say is not a message that may be sent: Type is not msgpack"),
        (
            MessagePack(),
            Join.model_construct(),
            "Join is not a message that may be sent: it has no name",
        ),
    ],
)
def test_what_is_no_message_is_not_sent(frames: FrameCodec, message: Any, reason: str) -> None:
    """Nor what the frame cannot say."""
    with pytest.raises(LocalProtocolError, match=f"^{reason}"):
        framed(Join | Say, frames).encode(message)


def test_none_may_be_left_out() -> None:
    """As in JSON."""
    codec = framed(Join | Say, Json(), omit_none=True)

    assert json.loads(codec.encode(Join(name="ann"))) == {"type": "join", "name": "ann"}
    assert json.loads(codec.encode(Say(text="hi"))).keys() == {"type", "text", "ratio", "loud", "names"}
