"""No two things of an application get the same name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.codegen.names import full_name, short_names
from fast_channels.exceptions import SchemaError

PATHS = st.lists(st.lists(st.sampled_from("abC"), min_size=1, max_size=4).map(".".join), unique=True)


@pytest.mark.parametrize(
    ("full_names", "short"),
    [
        ([], []),
        (["app.Chat"], ["Chat"]),
        (["app.Chat", "app.Room"], ["Chat", "Room"]),
        (["app.rooms.Chat", "app.lobby.Chat", "app.Room"], ["rooms.Chat", "lobby.Chat", "Room"]),
        (["one.api.Chat", "two.api.Chat"], ["one.api.Chat", "two.api.Chat"]),
        (["Chat", "app.Chat"], ["Chat", "app.Chat"]),
    ],
)
def test_a_name_is_as_short_as_it_can_be(full_names: list[str], short: list[str]) -> None:
    """A class alone of its name has that, and others as many parts of their module as it takes."""
    assert [*short_names(full_names).values()] == short


@pytest.mark.property
@given(PATHS)
def test_names_tell_things_apart(full_names: list[str]) -> None:
    """Whatever they are called, each name is an end of the full one and that of nothing else."""
    names = short_names(full_names)

    assert [*names] == full_names
    assert len({*names.values()}) == len(full_names)
    assert all(f".{full}".endswith(f".{name}") for full, name in names.items())


def test_two_things_of_the_same_full_name_cannot_be_told_apart() -> None:
    """The sentence says which."""
    sentence = "2 different classes have the name a.Chat; use one command and one folder for each"
    with pytest.raises(SchemaError, match=f"^{re.escape(sentence)}$"):
        short_names(["a.Chat", "b.Chat", "a.Chat"])


def test_the_full_name_of_a_class() -> None:
    """Its module and its name."""
    assert full_name(SchemaError) == "fast_channels.exceptions.SchemaError"
