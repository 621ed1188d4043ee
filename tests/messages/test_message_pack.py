"""MessagePack has what JSON has, and bytes."""

import datetime as dt
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.messages.message_pack import MessagePack

PACK = MessagePack()
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.binary()
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")) | st.integers(0, 9), inner)
    ),
)


@given(VALUES)
def test_decoding_undoes_encoding(value: object) -> None:
    """For every value that MessagePack has."""
    assert PACK.decode(PACK.encode(value)) == value


@given(st.binary())
def test_a_frame_is_a_value_or_an_error(frame: bytes) -> None:
    """Whatever a client sends."""
    try:
        PACK.decode(frame)
    except ValueError:
        return


@given(VALUES, st.binary(min_size=1))
def test_nothing_follows_a_value(value: object, more: bytes) -> None:
    """It would be passed over."""
    with pytest.raises(ValueError, match=r"."):
        PACK.decode(PACK.encode(value) + more)


def test_what_has_no_form_is_written_as_in_json() -> None:
    """Dates, for instance."""
    when = dt.date(2026, 1, 2)
    assert PACK.decode(PACK.encode([when, uuid.UUID(int=1), {1}, dt.timedelta(days=1)])) == [
        "2026-01-02",
        str(uuid.UUID(int=1)),
        [1],
        "P1D",
    ]
    with pytest.raises(TypeError):
        PACK.encode(object())
