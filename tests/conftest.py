"""What all tests share: the mode of asyncio, how long hypothesis searches, an empty registry of layers."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from fast_channels.layers import InMemoryChannelLayer, channel_layers, register_channel_layer
from tests.event_loops import MODE, enter_mode

# The machine decides how fast an example is, so no example has a deadline, and none is made too slowly.
settings.register_profile(
    "default", deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    """Put every event loop into the mode that the environment asks for."""
    enter_mode(config)


def pytest_report_header() -> list[str]:
    """Say in which mode that is."""
    return [f"event loop: {MODE}"] if MODE else []


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
