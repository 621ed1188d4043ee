"""What a union has in common tells its members apart: a field, two of them, or a position in an array."""

import json
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, RootModel
from typing_extensions import TypeAliasType, TypedDict

from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages.codec import Codec
from fast_channels.messages.unions import array_tags, discriminated, is_told


class Join(BaseModel):
    type: Literal["join"] = "join"
    name: str


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str


class Kind(BaseModel):
    kind: Literal["a", "b"]


class SameKind(BaseModel):
    kind: Literal["b", "c"]


class AliasedA(BaseModel):
    tag: Literal["a"] = Field("a", alias="x")


class AliasedB(BaseModel):
    tag: Literal["b"] = Field("b", alias="y")


def test_members_without_a_literal_in_common_stay_a_plain_union() -> None:
    """Then pydantic tries one after the other."""
    assert discriminated(Kind | Join) == Kind | Join
    assert codec(Kind | Join).decode('{"type": "join", "name": "ann"}') == Join(name="ann")


def test_members_that_share_a_value_stay_a_plain_union() -> None:
    """A value that belongs to two members tells nothing."""
    assert discriminated(Kind | SameKind) == Kind | SameKind


def test_a_field_called_type_is_preferred() -> None:
    """Where several fields would do, `type` is the one that is meant."""

    class First(BaseModel):
        side: Literal["left"]
        type: Literal["first"]

    class Second(BaseModel):
        side: Literal["right"]
        type: Literal["second"]

    with pytest.raises(InvalidMessageError, match="'type'"):
        codec(First | Second).decode('{"side": "left", "type": "third"}')


def test_a_union_that_says_how_it_is_discriminated_is_left_alone() -> None:
    """The application knows better."""
    annotation = Annotated[Join | Say, Field(discriminator="type")]

    assert discriminated(annotation) is annotation


def test_a_discriminator_that_pydantic_does_not_take_is_not_used() -> None:
    """Aliases may differ between the members; the union works all the same."""
    assert codec(AliasedA | AliasedB).decode('{"y": "b"}') == AliasedB(y="b")


def test_none_in_a_union_stays_a_member() -> None:
    """`None` is discriminated by being nothing else."""
    assert codec(Join | Say | None).decode("null") is None
    assert codec(Join | Say | None).decode('{"type": "join", "name": "ann"}') == Join(name="ann")


class Ready(BaseModel):
    op: Literal[0] = 0
    t: Literal["READY"] = "READY"
    session: str


class Created(TypedDict):
    op: Literal[0]
    t: Literal["CREATED", "UPDATED"]
    id: int


class Heartbeat(BaseModel):
    op: Literal[1] = 1
    d: int | None = None


Gateway = Ready | Created | Heartbeat


class Authorize(BaseModel):
    tag: str


class Reset(BaseModel):
    hard: bool


class CallError(NamedTuple):
    kind: Literal[4]
    id: str
    details: dict[str, int]


class Subscribe(RootModel[tuple[Literal["sub", "unsub"], list[str]]]): ...


AuthorizeCall = tuple[Literal[2], str, Literal["Authorize"], Authorize]
ResetCall = tuple[Literal[2], str, Literal["Reset"], Annotated[Reset, Field(description="How.")]]
Accepted = tuple[Literal[3], str, Authorize]
Refused = tuple[Literal[3], str, Reset]
ARRAYS: Any = AuthorizeCall | ResetCall | CallError | Subscribe
EXAMPLES: list[tuple[Any, Any]] = [
    ([2, "1", "Authorize", {"tag": "x"}], (2, "1", "Authorize", Authorize(tag="x"))),
    ([2, "1", "Reset", {"hard": True}], (2, "1", "Reset", Reset(hard=True))),
    ([4, "1", {"code": 1}], CallError(4, "1", {"code": 1})),
    (["unsub", ["a"]], Subscribe(("unsub", ["a"]))),
]


def codec(annotation: Any) -> Codec:
    return Codec(lambda: annotation, strict=True)


def error_of(annotation: Any, frame: object) -> InvalidMessageError:
    with pytest.raises(InvalidMessageError) as raised:
        codec(annotation).decode(json.dumps(frame))
    return raised.value


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"op": 0, "t": "READY", "session": "s"}, Ready(session="s")),
        ({"op": 0, "t": "UPDATED", "id": 1}, {"op": 0, "t": "UPDATED", "id": 1}),
        ({"op": 1}, Heartbeat()),
    ],
)
def test_members_with_the_same_tag_are_told_apart_by_another_field(frame: Any, message: object) -> None:
    """As gateways have it that number their operations, and name the events of one of them."""
    assert is_told(Gateway)
    assert codec(Gateway).decode(json.dumps(frame)) == message
    assert codec(Gateway).decode(codec(Gateway).encode(message)) == message


def test_an_error_of_two_tags_is_about_one_member() -> None:
    """And says whether there is no such member, or what is wrong with it."""
    error = error_of(Gateway, {"op": 0, "t": "READY"})
    assert (error.kind, error.errors) == ("invalid", (("0.READY.session", "Field required"),))

    for frame in ({"op": 0, "t": "LEFT"}, {"op": 9}):
        assert error_of(Gateway, frame).kind == "unknown_tag"
    for frame in ({"op": 0}, {}):
        assert error_of(Gateway, frame).kind == "invalid"


def test_members_that_two_fields_do_not_tell_apart_stay_a_plain_union() -> None:
    """Half a discriminator would refuse what one of them takes."""

    class Other(BaseModel):
        op: Literal[0]

    assert discriminated(Ready | Other | Heartbeat) == Ready | Other | Heartbeat
    assert not is_told(Ready | Other | Heartbeat)


def test_what_is_annotated_of_a_member_stays_with_it() -> None:
    """A validator of one member is not lost because the union has a discriminator."""
    loud: Any = Annotated[Say, AfterValidator(lambda say: Say(text=say.text.upper()))]

    assert codec(Join | loud).decode('{"type": "say", "text": "hi"}') == Say(text="HI")
    assert error_of(Join | loud, {"type": "say"}).errors == (("say.text", "Field required"),)


Part = TypeAliasType("Part", Annotated[Join | Say, Field(discriminator="type")])


def test_a_part_that_has_a_discriminator_is_a_part_of_the_whole() -> None:
    """A union of unions is told apart as one."""

    class Leave(BaseModel):
        type: Literal["leave"]

    error = error_of(Part | Leave, {"type": "say"})
    assert error.errors == (("say.text", "Field required"),)


@pytest.mark.parametrize(("frame", "message"), EXAMPLES)
def test_arrays_are_told_apart_by_their_items(frame: Any, message: object) -> None:
    """Tuples, named tuples, and models that are nothing but one; both ways."""
    text = json.dumps(frame, separators=(",", ":"))

    assert codec(ARRAYS).decode(text) == message
    assert codec(ARRAYS).encode(message) == text
    assert codec(ARRAYS).check(frame) == message
    assert codec(ARRAYS).sendable(message) == message


WRONG: list[tuple[Any, str, tuple[str, str]]] = [
    ([2, "1", "Authorize", {}], "invalid", ("2.Authorize.3.tag", "Field required")),
    ([2, "1", "Reset", {"hard": 1}], "invalid", ("2.Reset.3.hard", "Input should be a valid boolean")),
    (["sub", [1]], "invalid", ("sub.1.0", "Input should be a valid string")),
    (
        [2, "1", "Boot"],
        "unknown_tag",
        ("", "Input tag '2.Boot' does not match any of the expected"),
    ),
    ([9], "unknown_tag", ("", "Input tag '9' does not match any of the expected tags: '2.Authorize', ")),
    ([[]], "unknown_tag", ("", "Input tag '[]' does not match any")),
    ([2, "1"], "invalid", ("", "Input should be an array with a tag")),
    ([], "invalid", ("", "Input should be an array with a tag")),
    ({"0": 2}, "invalid", ("", "Input should be an array with a tag")),
    ("sub", "invalid", ("", "Input should be an array with a tag")),
    ([True, "1", {}], "unknown_tag", ("", "Input tag 'True' does not match")),
    (["2", "1", "Reset", {}], "unknown_tag", ("", "Input tag '2' does not match")),
]


@pytest.mark.parametrize(("frame", "kind", "error"), WRONG)
def test_an_error_of_an_array_is_about_one_member(frame: object, kind: str, error: tuple[str, str]) -> None:
    """In one line, however many members there are."""
    found = error_of(ARRAYS, frame)

    assert found.kind == kind
    (place, reason), *more = found.errors
    assert not more
    assert (place, reason[: len(error[1])]) == error


EMPTY: list[Any] = [3, "1", {}]


def test_arrays_that_nothing_tells_apart_are_tried_one_after_the_other() -> None:
    """Among those that have the same tag; the others are not."""
    both: Any = AuthorizeCall | Accepted | Refused

    assert codec(both).decode('[3, "1", {"hard": true}]') == (3, "1", Reset(hard=True))
    assert {place.partition(".")[0] for place, _ in error_of(both, EMPTY).errors} == {"3"}
    assert not is_told(both)
    assert array_tags([Accepted, Refused]) is None
    assert discriminated(Accepted | Refused) == Accepted | Refused


@pytest.mark.parametrize("kind", [tuple[int, ...], tuple[str, str], list[int], int, Join])
def test_what_is_no_array_with_a_literal_leaves_a_union_as_it_is(kind: Any) -> None:
    """Pydantic tries its members."""
    assert discriminated(AuthorizeCall | kind) == AuthorizeCall | kind


def test_a_number_and_a_string_that_are_written_alike_are_two_tags() -> None:
    """JSON tells them apart."""
    alike = tuple[Literal[1], int] | tuple[Literal["1"], str] | tuple[Literal["1#1"], bool]

    for text in ("[1,2]", '["1","x"]', '["1#1",true]'):
        assert codec(alike).encode(codec(alike).decode(text)) == text


def test_none_beside_arrays_stays_a_member() -> None:
    """`None` is discriminated by being nothing else."""
    assert codec(ARRAYS | None).decode("null") is None
    assert codec(ARRAYS | None).decode('["sub", []]') == Subscribe(("sub", []))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 5) | st.sampled_from(["1", "Reset", "Authorize", "sub"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["tag", "hard"]), inner),
    max_leaves=8,
)


def _decoded(annotation: Any, text: str) -> object:
    try:
        return codec(annotation).decode(text)
    except InvalidMessageError:
        return InvalidMessageError


@pytest.mark.property
@given(JSON | st.sampled_from([frame for frame, _ in EXAMPLES]))
def test_a_discriminator_changes_no_message(frame: object) -> None:
    """Whatever a frame is, it becomes what one of the members alone makes of it, or none does."""
    text = json.dumps(frame)
    alone = [_decoded(kind, text) for kind in (AuthorizeCall, ResetCall, CallError, Subscribe)]
    fits = [message for message in alone if message is not InvalidMessageError]

    # pydantic makes a named tuple of an object too, which no schema says.
    if not isinstance(frame, dict):
        assert [_decoded(ARRAYS, text)] == (fits or [InvalidMessageError])
