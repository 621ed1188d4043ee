"""Which channels somebody has made, and which of them are closed."""

import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.layers import process
from fast_channels.layers.own_channels import OwnChannels


@pytest.mark.property
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2000)), max_size=50), st.integers(0, 2100))
def test_a_channel_is_open_until_it_is_closed(steps: list[tuple[bool, int]], first: int) -> None:
    """Whatever is made and closed, more than once too, those are open that were made and not closed."""
    channels = OwnChannels()
    made = [channels.make() for _ in range(first)]
    is_open = set(made)

    for make, number in steps:
        if make:
            made.append(channels.make())
            is_open.add(made[-1])
        elif number < len(made):
            channels.close(made[number])
            is_open.discard(made[number])

    assert {name for name in made if name in channels} == is_open
    assert len(set(made)) == len(made)


def test_names_are_of_one_length_and_cannot_be_guessed() -> None:
    """Two names have nothing in common but their form."""
    first, second = OwnChannels().make(), OwnChannels().make()

    assert re.fullmatch("[0-9a-f]{24}", first)
    assert first[:16] != second[:16]


def test_what_was_not_made_here_is_not_open() -> None:
    """Neither another's names nor those that somebody made up, and none of them can be closed."""
    channels, others = OwnChannels(), OwnChannels()
    name = channels.make()
    strange = [others.make(), "", name[1:], name + "0", name[:16], "g" * 24, "0" * 24, "\ud800"]

    for text in strange:
        channels.close(text)

    assert not any(text in channels for text in strange)
    assert name in channels


def test_a_closed_channel_takes_no_place() -> None:
    """What is remembered is a bit for each channel that is open, and nothing for the others."""
    channels = OwnChannels()
    kept = [channels.make() for _ in range(10_000)]
    size = sum(map(sys.getsizeof, channels.open.values()))

    for name in kept:
        channels.close(name)

    assert size < 2 * 10_000 / 8
    assert channels.open == {}


def test_a_forked_process_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its names are not those of its parent, which it cannot read."""
    channels = OwnChannels()
    inherited = channels.make()
    monkeypatch.setattr(process, "_process_id", 1)

    assert inherited not in channels
    assert channels.make() != inherited
    assert inherited not in channels
