"""What the tests of the pages share."""

from collections.abc import Iterator

import pytest

from fast_channels.layers import channel_layers


@pytest.fixture(autouse=True)
def no_layers() -> Iterator[None]:
    """No layer is registered before a test, and none of those that a page registers after it."""
    channel_layers.clear()
    yield
    channel_layers.clear()
