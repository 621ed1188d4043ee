"""Names, capacities and defaults that all channel layers share."""

import inspect
import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.layers import BaseChannelLayer
from fast_channels.testing.strategies import group_names

LAYER = BaseChannelLayer()
OUT_OF_PLACE = "it is empty, or a '!' is misplaced: a channel name may have one, after its first character."
NAME_CHARACTERS = string.ascii_letters + string.digits + "-_."


class LegacyLayer(BaseChannelLayer):
    """A layer of somebody else that never calls `super().__init__()`."""

    def __init__(self) -> None:
        self.started = True


@given(group_names())
def test_ascii_letters_digits_and_three_marks_make_a_name(name: str) -> None:
    """Every text of the allowed characters, shorter than 100, is a channel name and a group name."""
    assert LAYER.require_valid_channel_name(name) is True
    assert LAYER.require_valid_group_name(name) is True


def test_the_names_of_django_channels_are_deprecated_and_work() -> None:
    """Code for Channels is told to use the other names."""
    layer: Any = LAYER
    with pytest.warns(DeprecationWarning, match="valid_channel_name is deprecated"):
        assert layer.valid_channel_name("name") is True
    with pytest.warns(DeprecationWarning, match="valid_group_name is deprecated"):
        assert layer.valid_group_name("name") is True


@given(st.text(max_size=120) | st.text(NAME_CHARACTERS + "!\n\u0663é", max_size=120))
def test_a_name_is_valid_exactly_if_the_rules_say_so(name: str) -> None:
    """A channel name is one part, or two with a "!" between them; a group name is one part."""
    shared, mark, local = name.partition("!")
    plain = 0 < len(name) < 100 and shared != "" and set(shared + local) <= set(NAME_CHARACTERS)

    assert is_accepted(LAYER.require_valid_channel_name, name) == plain
    assert is_accepted(LAYER.require_valid_group_name, name) == (plain and mark == "")


def is_accepted(check: Any, name: str) -> bool:
    """Whether a check returns `True`, and not a `TypeError` that begins with the usual sentence."""
    kind = "Group" if "group" in check.__name__ else "Channel"
    try:
        return check(name) is True
    except TypeError as error:
        return not str(error).startswith(LAYER.invalid_name_error.format(kind))


@pytest.mark.parametrize("name", ["foo\n", "٣٣", "a!é", "a!٣", "", "!", "!a", "a!b!c", "a b", "x" * 100])
def test_names_that_look_valid_to_a_sloppy_expression_are_refused(name: str) -> None:
    """A trailing newline and digits or letters of other scripts are not part of any name."""
    with pytest.raises(TypeError, match=r"^Channel name must be a valid unicode string with length < 100"):
        LAYER.require_valid_channel_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (7, "7: this is of type int, not str."),
        ("x" * 300, f"'{'x' * 80}'…: it has 300 characters, and 99 are allowed."),
        ("room 1", "'room 1': ' ' is not allowed."),
        ("room\n", r"'room\n': '\n' is not allowed."),
        ("", f"'': {OUT_OF_PLACE}"),
        ("a!b", f"'a!b': {OUT_OF_PLACE}"),
    ],
)
def test_the_error_says_what_is_wrong_with_the_name(name: Any, reason: str) -> None:
    """After the usual sentence comes the name, shortened, and the rule that it breaks."""
    with pytest.raises(TypeError) as caught:
        LAYER.require_valid_group_name(name)

    assert str(caught.value) == f"{LAYER.invalid_name_error.format('Group')} {reason}"


@pytest.mark.parametrize("name", ["foo", "specific.x!"])
def test_a_layer_that_receives_for_a_process_takes_names_up_to_the_mark(name: str) -> None:
    """With `receive=True` a plain name is valid, and a name that ends at its "!"."""
    assert LAYER.require_valid_channel_name(name, receive=True) is True


def test_a_layer_that_receives_for_a_process_takes_nothing_after_the_mark() -> None:
    """With `receive=True` a name that goes on after its "!" is refused, by position too."""
    with pytest.raises(TypeError, match="receive\\(\\) needs a name that ends with its '!'"):
        LAYER.require_valid_channel_name("specific.x!abc", True)


def test_a_subclass_may_bring_its_own_rules() -> None:
    """The expression and the greatest length are attributes that a subclass may override."""

    class Strict(BaseChannelLayer):
        MAX_NAME_LENGTH = 5
        group_name_regex = re.compile("^[a-z]+$")

    assert Strict().require_valid_group_name("abc") is True
    for name in ("abcde", "abc\n", "ABC"):
        with pytest.raises(TypeError, match="Group name must be"):
            Strict().require_valid_group_name(name)


def test_the_expressions_can_be_used_by_themselves() -> None:
    """Code that matches the expressions itself is not fooled by a trailing newline either."""
    assert LAYER.channel_name_regex.match("foo!bar")
    assert LAYER.group_name_regex.match("foo")
    assert not LAYER.channel_name_regex.match("foo!bar\n")
    assert not LAYER.group_name_regex.match("foo\n")


@given(group_names(), group_names())
def test_the_shared_part_of_a_name_ends_at_the_mark(shared: str, local: str) -> None:
    """The non-local name is the part up to and including the "!", or the whole name without one."""
    assert LAYER.non_local_name(shared) == shared
    assert LAYER.non_local_name(f"{shared}!{local}") == f"{shared}!"


def test_length_and_type_can_be_asked_alone() -> None:
    """`match_type_and_length()` answers for anything, and looks at nothing else."""
    assert LAYER.match_type_and_length("x" * 99)
    assert LAYER.match_type_and_length("é")
    assert not LAYER.match_type_and_length("x" * 100)
    assert not LAYER.match_type_and_length(b"x")


def test_the_first_pattern_that_matches_gives_the_capacity() -> None:
    """Globs match whole names, expressions their beginning; without a match the default counts."""
    layer = BaseChannelLayer(capacity=7, channel_capacity={"chat.*": 1, re.compile("chat"): 2, "x?": 3})

    capacities = [layer.get_capacity(name) for name in ("chat.a", "chats", "xy", "xyz")]

    assert capacities == [1, 2, 3, 7]


@pytest.mark.parametrize("expiry", [0, -1, 0.0, float("nan")])
def test_an_expiry_of_nothing_is_refused(expiry: float) -> None:
    """Every message would be lost, and nobody would be told."""
    with pytest.raises(ValueError, match=f"expiry has to be more than 0 seconds, not {expiry}"):
        BaseChannelLayer(expiry=expiry)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"capacity": "5"}, "the capacity of a channel has to be a number of unread messages, not '5'"),
        ({"channel_capacity": {"a": None}}, "the capacity of a channel has to be a number .* not None"),
        ({"channel_capacity": [("a", 1)]}, "channel_capacity has to be a dict, not a list"),
        ({"channel_capacity": {1: 1}}, "a pattern in channel_capacity has to be a str or .*, not 1"),
        ({"expiry": "5"}, "expiry has to be a number of seconds, not '5'"),
        ({"expiry": None}, "expiry has to be a number of seconds, not None"),
    ],
)
def test_what_is_no_number_is_named(arguments: dict[str, Any], text: str) -> None:
    """Settings may come from a file, or from the environment."""
    with pytest.raises(TypeError, match=f"^{text}$"):
        BaseChannelLayer(**arguments)


@pytest.mark.parametrize("arguments", [{"capacity": 0}, {"channel_capacity": {"a": 1, "b": 0}}])
def test_a_capacity_of_nothing_is_refused(arguments: dict[str, Any]) -> None:
    """A channel that could hold no message would lose all of them; that is a `ValueError` at once."""
    with pytest.raises(ValueError, match="has to be 1 unread message or more, not 0"):
        BaseChannelLayer(**arguments)


def test_a_layer_that_never_calls_the_base_has_its_defaults() -> None:
    """Expiry and capacities have class-level defaults, so that layers of others work."""
    layer = LegacyLayer()

    assert (layer.expiry, layer.capacity, layer.get_capacity("any")) == (60, 100, 100)


CALLS: dict[str, tuple[Any, ...]] = {
    "send": ("a", {}),
    "receive": ("a",),
    "new_channel": (),
    "flush": (),
    "group_add": ("g", "a"),
    "group_discard": ("g", "a"),
    "group_send": ("g", {}),
}


@pytest.mark.parametrize(("method", "arguments"), CALLS.items())
async def test_the_base_carries_no_messages(method: str, arguments: tuple[Any, ...]) -> None:
    """What a subclass does not provide is a `NotImplementedError` that names it."""
    with pytest.raises(NotImplementedError, match=rf"LegacyLayer does not implement {method}\(\)"):
        await getattr(LegacyLayer(), method)(*arguments)


async def test_layers_of_others_need_no_clean_up() -> None:
    """Closing, and closing a channel, do nothing unless a layer says otherwise; listening is not offered."""
    layer = LegacyLayer()

    await layer.close_channel("a")
    await layer.close()

    assert layer.listen("a", lambda: None) is None


def test_what_the_published_package_offered_is_offered() -> None:
    """The arguments and defaults of the constructor are those that existing code passes."""
    signature = inspect.signature(BaseChannelLayer)

    assert [(p.name, p.default) for p in signature.parameters.values()] == [
        ("expiry", 60),
        ("capacity", 100),
        ("channel_capacity", None),
    ]
