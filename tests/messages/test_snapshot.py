"""What a message was when it was sent."""

from typing import Any

import pytest
from hypothesis import given

from fast_channels.messages.snapshot import Snapshot, own
from fast_channels.testing.strategies import channel_messages


@pytest.mark.property
@given(channel_messages())
def test_every_recipient_owns_its_copy(message: dict[str, Any]) -> None:
    """It is equal to what was sent, a plain dictionary, and nothing in it that can be changed is shared."""
    shared = Snapshot(message)

    first, second = shared.own(), own(shared)
    spoil(first)

    assert second == shared == message
    assert type(first) is type(second) is dict


def spoil(value: Any) -> None:
    """Change everything in a value that can be changed."""
    if isinstance(value, dict | list):
        parts: Any = value.values() if isinstance(value, dict) else value  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # of any kind
        for part in parts:
            spoil(part)
        value.clear()


def test_any_other_message_belongs_to_the_caller_already() -> None:
    """It is not copied."""
    message = {"type": "said"}

    assert own(message) is message
