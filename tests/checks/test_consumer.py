"""A consumer in the place of an application is found."""

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from fast_channels.checks import findings_in
from fast_channels.consumer import AsyncWebsocketConsumer
from fast_channels.targets import Target


class Chat(AsyncWebsocketConsumer):
    """A consumer of a module that is checked."""


Chat.__module__ = "app"


@pytest.fixture
def app() -> Iterator[Any]:
    """The module."""
    module = sys.modules["app"] = ModuleType("app")
    yield module
    del sys.modules["app"]


def codes(module: ModuleType) -> list[str]:
    """Return the codes of what is found in a module."""
    return [one.code for one in findings_in([Target("app", module)])]


def test_an_instance_is_no_application(app: Any) -> None:
    """A module that names one has it for an application; a class in a list is no route."""
    app.Chat, app.CONSUMERS = Chat, [Chat]

    assert codes(app) == []
    app.chat = Chat()
    assert codes(app) == ["FC308"]
