"""What the tests of consumers share."""

from collections.abc import Iterator

import pytest

from fast_channels.layers import InMemoryChannelLayer, channel_layers, register_channel_layer


@pytest.fixture(autouse=True)
def _clean_registry() -> Iterator[None]:
    """No channel layer is registered before and after a test."""
    channel_layers.clear()
    yield
    channel_layers.clear()


@pytest.fixture
def layer() -> InMemoryChannelLayer:
    """A memory layer, registered as "test"."""
    layer = InMemoryChannelLayer()
    register_channel_layer("test", layer)
    return layer
