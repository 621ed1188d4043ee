"""What is wrong with a frame can be told to programs, to people, and to the client."""

import json
from functools import partial
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.codec import Codec
from fast_channels.messages.frames import invalid_frame, not_json, too_big, with_frame


class Join(BaseModel):
    type: Literal["join"] = "join"
    name: str


class Item(BaseModel):
    id: int
    shape: "Round | Square | None" = Field(None, discriminator="form")


class Round(BaseModel):
    form: Literal["round"]


class Square(BaseModel):
    form: Literal["square"]


class Order(BaseModel):
    type: Literal["order"] = "order"
    items: list[Item] = []


def error_of(text: str, kind: Any = Join | Order) -> InvalidMessageError:
    with pytest.raises(InvalidMessageError) as raised:
        Codec(lambda: kind, strict=True).decode(text)
    return raised.value


@pytest.mark.parametrize(("payload", "code"), [("", 1007), (None, 1003)])
def test_a_frame_without_text_has_the_code_of_its_mistake(payload: str | None, code: int) -> None:
    """RFC 6455, section 7.4.1: 1003 for a kind of data, 1007 for data that does not fit its kind."""
    error = invalid_frame(payload)

    assert error.code == code
    assert "No text section for incoming WebSocket frame!" in str(error)


def test_a_text_that_is_no_json_keeps_the_decoder_s_reason() -> None:
    """Where it went wrong is worth reading."""
    error = not_json("{", ValueError("at line 1"))

    assert (error.code, error.errors, error.excerpt) == (1007, (("", "at line 1"),), "'{'")


@pytest.mark.parametrize(
    ("error", "kind", "frame", "value", "reason"),
    [
        (partial(too_big, "xyz", 2), "too_big", "xyz", None, "the message is too big"),
        (partial(invalid_frame, b"x"), "unsupported_data", b"x", None, "binary frames are not accepted"),
        (partial(invalid_frame, ""), "undecodable", "", None, "the message is empty"),
        (partial(not_json, "{", ValueError("x")), "undecodable", "{", None, "the message is not JSON"),
        (partial(error_of, "{"), "undecodable", "{", None, "the message is not JSON"),
        (
            partial(error_of, '{"type": "leave"}'),
            "unknown_tag",
            '{"type": "leave"}',
            {"type": "leave"},
            "there is no message 'leave'",
        ),
        (
            partial(error_of, '{"type": "order", "items": [{"id": 1}, {"id": "x"}]}'),
            "invalid",
            '{"type": "order", "items": [{"id": 1}, {"id": "x"}]}',
            {"type": "order", "items": [{"id": 1}, {"id": "x"}]},
            "the message is not valid at items.1.id",
        ),
        (partial(error_of, '{"type": "join"}'), "invalid", '{"type": "join"}', {"type": "join"}, None),
        (partial(error_of, "{}"), "invalid", "{}", {}, None),
        (partial(error_of, "null"), "invalid", "null", None, None),
        (partial(error_of, "[7]", Join), "invalid", "[7]", [7], None),
    ],
)
def test_an_error_says_what_is_wrong_in_a_word(
    error: partial[InvalidMessageError], kind: str, frame: object, value: object, reason: str | None
) -> None:
    """And has the frame, its value, and a reason that fits a close frame."""
    found = error()

    assert (found.kind, found.frame, found.value) == (kind, frame, value)
    assert found.reason == (reason or "the message is not valid")


def test_a_tag_of_a_field_is_no_kind_of_message() -> None:
    """Only those that tell messages apart are."""
    error = error_of('{"type": "order", "items": [{"id": 1, "shape": {"form": "flat"}}]}')

    assert error.kind == "invalid"
    assert error.reason == "the message is not valid at items.0.shape"
    assert error_of('{"id": 1, "shape": {"form": "flat"}}', Item).kind == "invalid"


def test_of_many_mistakes_the_reason_names_none() -> None:
    """To describe them takes longer than to make them."""
    many: Any = type("Many", (BaseModel,), {"__annotations__": {f"x{index}": int for index in range(30)}})

    assert error_of("{}", many).reason == "the message is not valid"


def test_a_value_that_an_application_has_decoded_is_the_value_of_the_error() -> None:
    """Whatever its frame is."""
    with pytest.raises(InvalidMessageError) as raised:
        Codec(lambda: Join).check({"name": 7})

    assert (raised.value.frame, raised.value.value) == (None, {"name": 7})


def test_an_application_may_raise_the_error_about_a_message() -> None:
    """It then has the frame of that, and its own text as the reason."""
    error = with_frame(InvalidMessageError("no such room", code=4404), '{"room": 7}')

    assert (error.frame, error.value, error.kind) == ('{"room": 7}', {"room": 7}, "invalid")
    assert (error.code, error.reason, error.excerpt) == (4404, "no such room", "'{\"room\": 7}'")
    assert with_frame(InvalidMessageError("x", code=1, frame="1"), "2").frame == "1"
    assert InvalidMessageError("x", code=1).value is None


@pytest.mark.property
@given(
    st.recursive(
        st.none()
        | st.integers()
        | st.text(st.characters(codec="utf-8"))
        | st.sampled_from(["join", "order"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["type", "name", "items", "id"]) | st.text(), inner, max_size=4)
        ),
        max_leaves=8,
    ).map(json.dumps)
)
def test_a_reason_says_nothing_that_the_client_did_not_send(text: str) -> None:
    """Neither what other messages there are, nor how their fields are called."""
    try:
        Codec(lambda: Join | Order, strict=True).decode(text)
    except InvalidMessageError as error:
        kind, reason = error.kind, error.reason
    else:
        return

    assert len(reason.encode()) <= 123
    if kind == "invalid":
        place = reason.removeprefix("the message is not valid").removeprefix(" at ")
        steps = [step for step in place.rstrip("…").split(".") if step and not step.isdigit()]
        assert all(json.dumps(step)[1:-1] in text or not step.isascii() for step in steps)
    else:
        assert kind == "unknown_tag"
        assert not {"join", "order", "name", "items", "id"} & {*reason.split()}
