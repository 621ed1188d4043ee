"""Text that a stranger chose is shown escaped, on one line, and short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.untrusted import shown

pytestmark = pytest.mark.property

VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_is_shown_is_short_and_printable(value: object) -> None:
    """Whatever the value: no control character, and at most four characters for each that is shown."""
    text = shown(value)
    assert text.isprintable()
    assert text.rstrip("…").isascii()
    assert len(text) <= 80 * 10 + 4


def test_a_string_is_quoted_and_cut() -> None:
    """A newline cannot begin a log line of its own, and a long text ends with an ellipsis."""
    assert shown("a\nb\x1b") == r"'a\nb\x1b'"
    assert shown("x" * 5, limit=3) == "'xxx'…"
    assert shown(b"\r", limit=3) == r"b'\r'"


def test_other_values_show_their_beginning() -> None:
    """A nested value is cut in depth and length."""
    assert shown([1, "a\n"]) == r"[1, 'a\\n']"
    assert shown({"key": list(range(1000))}).endswith("...]}")
    assert shown(["x" * 50] * 10, limit=10).endswith("…")
