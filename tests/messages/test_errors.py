"""What is said of values that do not fit."""

import json
from functools import partial
from typing import Annotated, Any, Literal, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model

from fast_channels.exceptions import InvalidMessageError, close_reason
from fast_channels.messages.codec import Codec
from fast_channels.messages.errors import MAX_REASON, failed_places, sentence


class Point(BaseModel):
    x: int
    tags: list[str]


def error_of(kind: Any, value: object) -> ValidationError:
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return error
    raise AssertionError(f"{value!r} fits")


def test_every_mistake_is_told_with_its_path() -> None:
    """Indexes of lists are part of it."""
    error = error_of(Point, {"x": "one", "tags": ["a", 1]})

    assert [path for path, _ in failed_places(error)] == ["x", "tags.1"]
    assert sentence(error).startswith("x: Input should be a valid integer")
    assert "; tags.1: Input should be a valid string" in sentence(error)


def test_a_mistake_of_the_whole_value_has_no_path() -> None:
    """A sentence has only the reason."""
    error = error_of(int, None)

    assert failed_places(error) == [("", "Input should be a valid integer")]
    assert sentence(error) == "Input should be a valid integer"


def test_a_reason_that_quotes_much_is_shortened() -> None:
    """A peer cannot fill the log, nor see much of what it should not."""

    def refuse(value: str) -> str:
        raise ValueError(value)

    [(_, reason)] = failed_places(error_of(Annotated[str, AfterValidator(refuse)], "x" * 10_000))

    assert len(reason) == MAX_REASON + 1
    assert reason.endswith("x…")


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


make: Any = create_model
KINDS: Any = [make(f"Kind{index}", **{f"x{index}": (int, ...)}) for index in range(20)]
union: Any = Union
Many: Any = union[tuple(KINDS)]
CONTROL = "\x1b[31m\r\n\u2028\ud800" * 100


WRONG: list[tuple[Any, Any]] = [
    (list[int], ["x"] * 100_000),
    (dict[str, int], {f"{CONTROL}{index}": "x" for index in range(100)}),
    (Item, {f"{CONTROL}{index}": 1 for index in range(100_000)}),
    (Item, {CONTROL: 1, "name": "x"}),
    (Many, {"y": CONTROL}),
    (list[Many], [{"y": 1}] * 10_000),
    (Literal["a"], CONTROL * 100),
]


@pytest.mark.parametrize(("kind", "frame"), WRONG)
def test_an_error_about_a_frame_is_short_whatever_the_frame(kind: Any, frame: object) -> None:
    """Neither the error nor what hangs on it has more than 1 KB, or a control character."""
    text = json.dumps(frame)
    with pytest.raises(InvalidMessageError) as raised:
        Codec(lambda: kind, strict=True).decode(text.replace("\\ud800", ""))

    error = raised.value
    shown = [str(error), error.reason, error.excerpt, *(part for pair in error.errors for part in pair)]
    assert all(len(one) <= 1000 and one.isprintable() for one in shown)
    assert len(error.errors) <= 20
    assert error.__cause__ is error.__context__ is None
    assert len(error.reason.encode()) <= 123


def _same(kind: Any) -> Any:
    return kind


def test_a_wrong_frame_costs_no_more_work_than_its_first_mistakes() -> None:
    """A list and a dictionary are left at the first wrong item."""
    wrong: list[tuple[Any, Any]] = [(list[int], ["x"] * 30), (dict[str, int], dict.fromkeys("abcdefgh", "x"))]
    for kind, frame in wrong:
        codec = Codec(partial(_same, kind), strict=True)
        with pytest.raises(InvalidMessageError) as raised:
            codec.decode(json.dumps(frame))
        assert len(raised.value.errors) == 1


@given(st.text(max_size=200), st.integers(0, 50))
def test_a_reason_of_a_close_is_cut_between_characters(text: str, more: int) -> None:
    """RFC 6455, section 5.5: at most 123 bytes, of valid UTF-8."""
    reason = close_reason(text * more)

    assert len(reason.encode()) <= 123
    assert reason.endswith("…") or len(reason) == len(text * more)
