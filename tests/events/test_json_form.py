"""What is known of bytes, said of their base64."""

import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.events.json_form import BASE64, containing, exactly_one, in_any_case, in_ranges


def fits(pattern: str, value: bytes) -> bool:
    """Tell whether the base64 of some bytes has a pattern."""
    return re.search(pattern, b64encode(value).decode()) is not None


@pytest.mark.property
@given(st.binary())
def test_base64_has_the_pattern_of_base64(value: bytes) -> None:
    """Whatever the bytes are."""
    assert fits(BASE64["pattern"], value)


@pytest.mark.parametrize("text", ["a", "ab", "abc", "ab=", "a===", "====", "ab=c", "é===", "ab-_", "a b="])
def test_other_texts_do_not_have_it(text: str) -> None:
    """Wrong lengths, wrong characters, wrong padding."""
    assert re.search(BASE64["pattern"], text) is None


@pytest.mark.property
@given(forbidden=st.binary(min_size=1, max_size=3), value=st.data())
def test_a_pattern_finds_bytes_in_base64(forbidden: bytes, value: st.DataObject) -> None:
    """Wherever one of them is, and nothing else."""
    near = st.sampled_from(forbidden) | st.integers(0, 255)
    searched = bytes(value.draw(st.lists(near, max_size=7)))

    assert fits(containing(forbidden), searched) == any(byte in forbidden for byte in searched)


@pytest.mark.property
@given(st.data())
def test_a_pattern_finds_a_word_in_any_case(data: st.DataObject) -> None:
    """And no other word."""
    upper = data.draw(st.lists(st.booleans(), min_size=8, max_size=8))
    word = bytes(
        letter - 32 * (chosen and letter >= 97) for letter, chosen in zip(b"x-accept", upper, strict=True)
    )
    other = bytearray(word)
    other[data.draw(st.integers(0, 7))] = data.draw(st.integers(0, 255))

    assert fits(in_any_case(b"x-accept"), word)
    assert fits(in_any_case(b"x-accept"), bytes(other)) == (bytes(other).lower() == b"x-accept")
    assert not fits(in_any_case(b"x-accept"), word + b"a")


def test_a_number_may_be_in_ranges() -> None:
    """Bounds included."""
    assert in_ranges([(1, 2), (4, 5)]) == {
        "anyOf": [{"minimum": 1, "maximum": 2}, {"minimum": 4, "maximum": 5}]
    }


def test_an_object_may_have_exactly_one_of_some_properties() -> None:
    """Of which the others may be there, and be null; each form is complete, and has a title."""
    kept = {"type": "integer"}
    schema = {
        "title": "MoveEvent",
        "description": "Moves.",
        "type": "object",
        "properties": {"steps": kept, "a": {}, "b": {}},
    }
    null = {"type": "null", "default": None}

    exactly_one({"a": {"type": "string"}, "b": {"type": "boolean"}})(schema)

    assert schema == {
        "title": "MoveEvent",
        "description": "Moves.",
        "oneOf": [
            {
                "title": "MoveA",
                "type": "object",
                "required": ["a"],
                "properties": {"steps": kept, "a": {"type": "string"}, "b": null},
            },
            {
                "title": "MoveB",
                "type": "object",
                "required": ["b"],
                "properties": {"steps": kept, "a": null, "b": {"type": "boolean"}},
            },
        ],
    }
