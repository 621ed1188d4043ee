"""What is said of values that do not fit."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, TypeAdapter, ValidationError

from fast_channels.messages.errors import MAX_REASON, mistakes, sentence


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

    assert [path for path, _ in mistakes(error)] == ["x", "tags.1"]
    assert sentence(error).startswith("x: Input should be a valid integer")
    assert "; tags.1: Input should be a valid string" in sentence(error)


def test_a_mistake_of_the_whole_value_has_no_path() -> None:
    """In a sentence it is called the whole."""
    error = error_of(int, None)

    assert mistakes(error) == [("", "Input should be a valid integer")]
    assert sentence(error) == "the whole: Input should be a valid integer"


def test_a_reason_that_quotes_much_is_shortened() -> None:
    """A peer cannot fill the log, nor see much of what it should not."""

    def refuse(value: str) -> str:
        raise ValueError(value)

    [(_, reason)] = mistakes(error_of(Annotated[str, AfterValidator(refuse)], "x" * 10_000))

    assert len(reason) == MAX_REASON + 1
    assert reason.endswith("x…")
