"""Settings name a layer, a package that has one, or a class."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fast_channels.exceptions import InvalidChannelLayerError
from fast_channels.layers import (
    InMemoryChannelLayer,
    channel_layer_class,
    channel_layers,
    configure_channel_layers,
)
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer

SOURCE = """
from fast_channels.layers import InMemoryChannelLayer

class StarsChannelLayer(InMemoryChannelLayer):
    ...

LIMIT = 3
"""

ENTRY_POINTS = """
[fast_channels.layers]
stars = star_layers:StarsChannelLayer
broken = star_layers:CometsChannelLayer
away = no_such_layers:Layer
number = star_layers:LIMIT
text = builtins:str
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution with layers, installed in a folder of its own."""
    (tmp_path / "star_layers.py").write_text(SOURCE)
    information = tmp_path / "star_layers-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: star-layers\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield
    sys.modules.pop("star_layers", None)
    channel_layers.clear()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("memory", InMemoryChannelLayer),
        ("redis", RedisChannelLayer),
        ("redis_pubsub", RedisPubSubChannelLayer),
        ("fast_channels.layers.InMemoryChannelLayer", InMemoryChannelLayer),
        ("fast_channels.layers.redis:RedisChannelLayer", RedisChannelLayer),
    ],
)
def test_a_name_or_a_path_is_a_class(name: str, kind: type) -> None:
    """With a dot before the class, as Django writes it, or a colon, as entry points do."""
    assert channel_layer_class(name) is kind


def test_another_distribution_gives_its_layer_a_name() -> None:
    """Its settings are those of any layer."""
    configure_channel_layers({"default": {"BACKEND": "stars", "CONFIG": {"capacity": 7}}})

    layer = channel_layers["default"]
    assert type(layer).__name__ == "StarsChannelLayer"
    assert layer.capacity == 7


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "redsi",
            r"^no channel layer has the name redsi \(did you mean 'redis'\?\); known names: 'memory', ",
        ),
        (
            "nobody",
            r"^no channel layer has the name nobody; known names: 'memory', .+'stars'.+ write its path",
        ),
        ("away", r"^the channel layer away cannot be imported from no_such_layers:Layer: No module named"),
        ("broken", r"^the channel layer broken cannot be imported from star_layers:Comets\w+: module 'star_"),
        (
            "no.such.Layer",
            r"^the channel layer no\.such\.Layer cannot be imported from .+: No module",
        ),
        ("a:b:c", r"^the channel layer a:b:c cannot be imported"),
        ("\x1b.Layer", r"^the channel layer \\x1b\.Layer cannot be imported"),
    ],
)
def test_what_cannot_be_found_is_told_with_its_reason(name: str, sentence: str) -> None:
    """And with the names that there are."""
    with pytest.raises(InvalidChannelLayerError, match=sentence):
        channel_layer_class(name)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("number", "^the channel layer number has to be a class, not an int$"),
        ("text", "^the class str is not a channel layer: it has no method send, receive, new_channel$"),
    ],
)
def test_what_is_no_class_of_layers_is_refused(name: str, sentence: str) -> None:
    """By its kind, and by what it lacks."""
    with pytest.raises(TypeError, match=sentence):
        channel_layer_class(name)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "^the channel layer 'b' has no BACKEND: write the name of a layer or the path of its class$"),
        ({"BACKEND": 3}, "^the channel layer 'b' has no BACKEND"),
        (
            {"BACKEND": "memory", "CONFIG": {"capacty": 3}},
            "^the channel layer 'b' cannot be made: InMemoryChannelLayer: .+'capacty'",
        ),
        (
            {"BACKEND": "memory", "CONFIG": {"capacity": 0}},
            "^the channel layer 'b' cannot be made: InMemoryChannelLayer: the capacity of a channel",
        ),
        (
            {"BACKEND": "memory", "CONFG": {"capacity": 3}},
            "^the settings of the channel layer 'b' have an unknown key 'CONFG'; known keys: ",
        ),
        (
            "memory",
            "^the settings of the channel layer 'b' have to be a dict with BACKEND and CONFIG, not a str$",
        ),
    ],
)
def test_settings_that_make_no_layer_register_none(settings: Any, sentence: str) -> None:
    """An application is configured, or it is not."""
    with pytest.raises(InvalidChannelLayerError, match=sentence):
        configure_channel_layers({"a": {"BACKEND": "memory"}, "b": settings})

    assert not channel_layers.has("a")
