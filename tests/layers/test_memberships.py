"""Who is a member of what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.layers.memberships import Memberships

PAIRS = st.tuples(st.sampled_from("gh"), st.sampled_from("abc"))


@pytest.mark.property
@given(st.lists(st.tuples(st.sampled_from(["add", "discard", "clear"]), PAIRS)))
def test_memberships_are_a_set_of_pairs(steps: list[tuple[str, tuple[str, str]]]) -> None:
    """Whatever is added and discarded, both views show what is left, and nothing else is kept."""
    memberships: Memberships[int] = Memberships()
    pairs: dict[tuple[str, str], int] = {}

    for number, (step, pair) in enumerate(steps):
        group, channel = pair
        if step == "add":
            assert memberships.add(group, channel, number) == (pair not in pairs)
            pairs[pair] = number
        elif step == "discard":
            was_member = pairs.pop(pair, None) is not None
            was_last = was_member and not any(other == group for other, _ in pairs)
            assert memberships.discard(group, channel) == was_last
        else:
            memberships.clear()
            pairs.clear()

        flat = {
            (group, channel): known
            for group, them in memberships.members.items()
            for channel, known in them.items()
        }
        assert flat == pairs
        assert all(memberships.members.values())
        for channel in "abc":
            assert sorted(memberships.of(channel)) == sorted(g for g, c in pairs if c == channel)
