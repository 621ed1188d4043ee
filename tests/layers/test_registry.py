"""The registry of channel layers."""

from typing import Any
from unittest.mock import AsyncMock

import pytest

import fast_channels.layers
from fast_channels.layers import (
    BaseChannelLayer,
    ChannelLayerRegistry,
    InMemoryChannelLayer,
    channel_layers,
    get_channel_layer,
    has_layers,
    register_channel_layer,
    unregister_channel_layer,
)


def test_a_registered_layer_is_found_by_its_alias() -> None:
    """All ways to ask for an alias agree."""
    registry, layer = ChannelLayerRegistry(), InMemoryChannelLayer()

    registry.register("chat", layer)

    assert registry.get("chat") is layer
    assert registry["chat"] is layer
    assert registry.has("chat")
    assert "chat" in registry
    assert registry.list_aliases() == ["chat"]
    assert len(registry) == 1


def test_an_alias_may_be_registered_again() -> None:
    """The last layer of an alias counts."""
    registry, second = ChannelLayerRegistry(), InMemoryChannelLayer()
    registry.register("chat", InMemoryChannelLayer())

    registry.register("chat", second)

    assert registry["chat"] is second
    assert len(registry) == 1


def test_an_unknown_alias_is_none_to_those_who_ask() -> None:
    """`get()` answers `None`, as existing code relies on."""
    registry = ChannelLayerRegistry()

    assert registry.get("chat") is None
    assert not registry.has("chat")
    assert "chat" not in registry


@pytest.mark.parametrize(("aliases", "known"), [([], "none"), (["a", "b"], "'a', 'b'")])
def test_an_unknown_alias_is_an_error_to_those_who_insist(aliases: list[str], known: str) -> None:
    """`registry[...]` is a `KeyError` that names the aliases there are."""
    registry = ChannelLayerRegistry()
    for alias in aliases:
        registry.register(alias, InMemoryChannelLayer())

    with pytest.raises(KeyError, match=f"no channel layer is registered as 'chat'; registered: {known}"):
        registry["chat"]


def test_an_alias_can_be_forgotten_more_than_once() -> None:
    """Unregistering an alias that is not known does nothing."""
    registry = ChannelLayerRegistry()
    registry.register("chat", InMemoryChannelLayer())

    registry.unregister("chat")
    registry.unregister("chat")

    assert registry.list_aliases() == []


@pytest.mark.parametrize("alias", ["", None, 7, b"chat"])
def test_an_alias_is_text(alias: Any) -> None:
    """An alias that is no `str`, or an empty one, is a `TypeError`."""
    with pytest.raises(
        TypeError, match="the alias of a channel layer has to be a str that is not empty, not"
    ):
        ChannelLayerRegistry().register(alias, InMemoryChannelLayer())


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        ("redis://localhost", "^a str is not a channel layer: it has no method send, receive, new_channel$"),
        (None, "^None is not a channel layer"),
        (object(), "^an object is not a channel layer"),
        (AsyncMock(spec=["send", "receive"]), "it has no method new_channel$"),
        (
            InMemoryChannelLayer,
            "InMemoryChannelLayer is a class; register an instance of it",
        ),
    ],
)
def test_what_is_no_layer_is_refused(layer: Any, reason: str) -> None:
    """The error names the methods that are missing."""
    with pytest.raises(TypeError, match=reason):
        ChannelLayerRegistry().register("chat", layer)


@pytest.mark.parametrize("layer", [BaseChannelLayer(), AsyncMock(spec=["send", "receive", "new_channel"])])
def test_what_has_the_methods_of_a_layer_is_one(layer: Any) -> None:
    """Layers of others and stand-ins need no common base class."""
    registry = ChannelLayerRegistry()

    registry.register("chat", layer)

    assert registry["chat"] is layer


def test_the_alias_of_a_layer_is_default_unless_it_is_given() -> None:
    """As in Django Channels."""
    layer = InMemoryChannelLayer()
    assert get_channel_layer() is None

    register_channel_layer("default", layer)

    assert get_channel_layer() is layer


def test_the_functions_use_the_registry_of_the_package() -> None:
    """The module-level functions do what the methods of `channel_layers` do."""
    layer = InMemoryChannelLayer()
    assert not has_layers()

    register_channel_layer("chat", layer)

    assert has_layers()
    assert get_channel_layer("chat") is layer
    assert channel_layers["chat"] is layer

    unregister_channel_layer("chat")

    assert get_channel_layer("chat") is None
    assert not has_layers()


def test_the_package_exports_what_the_published_one_does_and_some_more() -> None:
    """`from fast_channels.layers import *` brings these names and no other."""
    assert set(fast_channels.layers.__all__) == {
        "BaseChannelLayer",
        "ChannelGap",
        "ChannelLayerRegistry",
        "ChannelLayerSettings",
        "InMemoryChannelLayer",
        "channel_layer_class",
        "channel_layers",
        "configure_channel_layers",
        "get_channel_layer",
        "has_layers",
        "register_channel_layer",
        "unregister_channel_layer",
    }
