"""Nothing passes a codec but the messages of its type."""

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, RootModel
from typing_extensions import TypeAliasType, TypedDict

from fast_channels.exceptions import InvalidMessageError, LocalProtocolError
from fast_channels.messages import Request
from fast_channels.messages.codec import Codec


class Join(BaseModel):
    type: Literal["join"] = "join"
    name: str


class Say(BaseModel):
    type: Literal["say"] = "say"
    text: str
    to: list[str] = []


class Numbered(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    type: Literal["numbered"] = "numbered"
    number: int = Field(alias="no")


class Leave(TypedDict):
    type: Literal["leave"]


@dataclass
class Move:
    x: int
    type: Literal["move"] = "move"


class Names(RootModel[list[str]]):
    pass


Message = TypeAliasType("Message", Join | Say)


def codec(annotation: Any) -> Codec:
    return Codec(lambda: annotation)


JOIN_OR_SAY = codec(Join | Say)


def test_a_text_becomes_the_member_of_the_union_that_it_names() -> None:
    """The members are told apart by the literal that they share."""
    assert codec(Join | Say).decode('{"type": "say", "text": "hi"}') == Say(text="hi")


def test_an_error_is_about_the_one_member_that_was_meant() -> None:
    """A client that forgets a field reads about this field, not about every other kind of message."""
    with pytest.raises(InvalidMessageError) as caught:
        codec(Join | Say).decode('{"type": "say"}')

    assert caught.value.errors == (("say.text", "Field required"),)
    assert str(caught.value) == "a WebSocket frame is not a message: say.text: Field required"
    assert caught.value.code == 1007
    assert caught.value.excerpt == """'{"type": "say"}'"""


@pytest.mark.parametrize("text", ["", "{", "nul", "[1]", "{}", '{"type": "other"}', '"say"', "null", "1e999"])
def test_a_text_that_is_no_message_is_refused(text: str) -> None:
    """Whatever is wrong with it, it is one kind of error."""
    with pytest.raises(InvalidMessageError):
        codec(Join | Say).decode(text)


@pytest.mark.parametrize(
    ("annotation", "message", "text"),
    [
        (Join, Join(name="ann"), '{"type":"join","name":"ann"}'),
        (Join | None, None, "null"),
        (Message, Say(text="hi"), '{"type":"say","text":"hi","to":[]}'),
        (Join | Leave, {"type": "leave"}, '{"type":"leave"}'),
        (Join | Move, Move(x=1), '{"x":1,"type":"move"}'),
        (Names, Names(["a"]), '["a"]'),
        (list[int], [1, 2], "[1,2]"),
        (int, 1, "1"),
        (Numbered, Numbered(no=1), '{"type":"numbered","no":1}'),
        (Numbered | Join, Numbered(no=1), '{"type":"numbered","no":1}'),
    ],
)
def test_messages_of_every_kind_go_both_ways(annotation: Any, message: Any, text: str) -> None:
    """Models, dataclasses, TypedDicts, root models and plain types; aliases are what the client sees."""
    both = codec(annotation)

    assert both.encode(message) == text
    assert both.decode(text) == message


@given(st.builds(Join, name=st.text()) | st.builds(Say, text=st.text(), to=st.lists(st.text())))
def test_decoding_undoes_encoding(message: Join | Say) -> None:
    """What one side encodes is what the other side decodes."""
    assert JOIN_OR_SAY.decode(JOIN_OR_SAY.encode(message)) == message


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_a_client_sends_is_a_message_or_an_error(text: str) -> None:
    """No text makes a codec fail in any other way."""
    try:
        message = JOIN_OR_SAY.decode(text)
    except InvalidMessageError:
        return
    assert isinstance(message, Join | Say)


def test_a_dictionary_that_fits_is_sent_as_the_message_that_it_is() -> None:
    """Defaults are filled in, and what is unknown is left out."""
    assert (
        codec(Join | Say).encode({"type": "join", "name": "ann", "age": 3}) == '{"type":"join","name":"ann"}'
    )


@pytest.mark.parametrize("message", [{"type": "join"}, "join", None, Numbered(no=1), object()])
def test_what_is_no_message_is_not_sent(message: object) -> None:
    """The client never sees what the application did not declare."""
    with pytest.raises(
        LocalProtocolError, match=f"{type(message).__name__} is not a message that may be sent"
    ):
        codec(Join | Say).encode(message)


def test_a_decoded_value_is_checked() -> None:
    """An application's own decoder is held to the declared type too."""
    assert codec(Join).check({"type": "join", "name": "ann"}) == Join(name="ann")
    with pytest.raises(InvalidMessageError, match="type: Field required; name: Field required"):
        codec(Join).check({})


def test_the_type_is_asked_for_once_and_late() -> None:
    """It may be defined after the consumer that names it."""
    asked: list[None] = []

    def annotation() -> Any:
        asked.append(None)
        return Join

    late = Codec(annotation)
    assert not asked

    late.decode('{"type": "join", "name": "ann"}')
    late.decode('{"type": "join", "name": "bob"}')
    assert len(asked) == 1


class Answer(BaseModel):
    text: str
    id: str = ""


class Ask(BaseModel, Request[Answer]):
    correlation_field: ClassVar[str | None] = "id"

    id: int | str


def test_a_reply_gets_the_field_that_tells_whose_it_is() -> None:
    """If it has it, and has not set it."""
    codec = Codec(lambda: Ask | Join)

    assert codec.reply(Ask(id="7"), Answer(text="yes")) == Answer(text="yes", id="7")
    assert codec.reply(Ask(id="7"), Answer(text="yes", id="8")) == Answer(text="yes", id="8")
    assert codec.reply(Ask(id="7"), {"text": "yes"}) == Answer(text="yes", id="7")
    assert codec.reply(Join(name="Ann"), Answer(text="yes")) == Answer(text="yes")


@pytest.mark.parametrize(
    ("answer", "shown"), [(Say(text="yes"), "Say"), ("yes", "str"), (None, "None"), ({"text": 1}, "dict")]
)
def test_a_reply_that_its_request_does_not_ask_for_is_not_sent(answer: object, shown: str) -> None:
    """A client would wait for ever, or take it for something else."""
    with pytest.raises(LocalProtocolError, match=f"^the handler of Ask has to return Answer, not {shown}$"):
        codec(Ask | Join).reply(Ask(id="7"), answer)


@dataclass
class Verdict:
    text: str
    id: str | None = None


class Pair(NamedTuple):
    text: str
    id: str | None = None


class Plain(NamedTuple):
    text: str


class Decide(BaseModel, Request[Verdict | Pair | Plain]):
    correlation_field: ClassVar[str | None] = "id"

    id: int | str = Field(alias="no")


class Tell(BaseModel, Request[None | Say]):
    pass


@pytest.mark.parametrize(
    ("reply", "correlated"),
    [
        (Verdict("yes"), Verdict("yes", "7")),
        (Verdict("yes", "8"), Verdict("yes", "8")),
        (Pair("yes"), Pair("yes", "7")),
        (Pair("yes", "8"), Pair("yes", "8")),
        (Plain("yes"), Plain("yes")),
    ],
)
def test_a_dataclass_and_a_named_tuple_take_over_the_field_too(reply: object, correlated: object) -> None:
    """They set what is not their default."""
    assert codec(Decide).reply(Decide(no="7"), reply) == correlated
    with pytest.raises(
        LocalProtocolError, match=r"^the reply to Decide cannot have the id of the request: id: Input"
    ):
        codec(Decide).reply(Decide(no=7), Verdict("yes"))


def test_a_request_may_go_unanswered_if_it_says_so() -> None:
    """Then its reply is sent by hand, or not at all."""
    assert codec(Tell).reply(Tell(), None) is None
    assert codec(Tell).reply(Tell(), Say(text="hi")) == Say(text="hi")


@pytest.mark.parametrize(
    ("value", "found"),
    [({"no": 7}, ("id", 7)), ({"id": 7}, None), ([7], None), (None, None), ({"no": ""}, ("id", ""))],
)
def test_the_field_of_a_frame_that_is_no_message_is_found(value: object, found: object) -> None:
    """By its name in JSON; so that a reply can say to which frame it belongs."""
    assert codec(Decide).correlation(value) == found
    assert codec(Join).correlation(value) is None


def test_a_field_that_does_not_fit_the_reply_is_an_error() -> None:
    """Nothing that is not valid is sent."""
    with pytest.raises(
        LocalProtocolError, match="the reply to Ask cannot have the id of the request: id: Input should"
    ):
        Codec(lambda: Ask).reply(Ask(id=7), Answer(text="yes"))


def test_an_error_does_not_repeat_much_of_a_frame() -> None:
    """Neither the tag of no message nor anything else."""
    with pytest.raises(InvalidMessageError) as raised:
        Codec(lambda: Join | Say).decode(json.dumps({"type": "x" * 10_000}))

    assert len(str(raised.value)) < 300
    assert len(raised.value.errors[0][1]) < 300


class Wary(BaseModel):
    model_config = ConfigDict(revalidate_instances="always")

    text: str
    more: Any = None


def test_a_message_that_lacks_a_field_is_not_sent() -> None:
    """As one can that was made without validation."""
    with pytest.raises(LocalProtocolError, match=r"^Say is not a message that may be sent: it has no text$"):
        Codec(lambda: Join | Say).encode(Say.model_construct(to=[]))


def test_a_model_decides_whether_its_instances_are_validated_again() -> None:
    """By the setting that pydantic has for it; a message may have been changed since it was made."""
    changed = Wary(text="hello")
    changed.text = 5  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]  # what a checker finds

    with pytest.raises(
        LocalProtocolError, match=r"^Wary is not a message that may be sent: .*text: Input should"
    ):
        Codec(lambda: Join | Wary).encode(changed)


def test_a_message_that_no_json_can_say_is_not_sent() -> None:
    """Its type allows anything."""
    with pytest.raises(
        LocalProtocolError, match=r"^Wary is not a message that may be sent: Unable to serialize"
    ):
        Codec(lambda: Wary).encode(Wary(text="hello", more=object()))
