"""Channel layers by name: those of this library, those of other packages, and classes anywhere."""

import importlib
from collections.abc import Mapping
from typing import Any, Final, NotRequired, cast

from typing_extensions import TypedDict

from fast_channels.exceptions import InvalidChannelLayerError
from fast_channels.layers.base import BaseChannelLayer
from fast_channels.layers.registry import register_channel_layer, require_methods
from fast_channels.untrusted import kind_of, printable, shown

__all__ = ["ENTRY_POINTS", "ChannelLayerSettings", "channel_layer_class", "configure_channel_layers"]

ENTRY_POINTS: Final = "fast_channels.layers"
"""The group of the entry points with which a distribution names its channel layers."""

_OURS: Final[Mapping[str, str]] = {
    "memory": "fast_channels.layers.in_memory:InMemoryChannelLayer",
    "redis": "fast_channels.layers.redis:RedisChannelLayer",
    "redis_pubsub": "fast_channels.layers.redis:RedisPubSubChannelLayer",
}


_KEYS: Final = frozenset({"BACKEND", "CONFIG", "TEST_CONFIG"})
"""The keys of Django Channels; the last one is used by its test runner only."""


class ChannelLayerSettings(TypedDict):
    """The settings of one channel layer, with the keys of Django Channels.

    Attributes:
        BACKEND: The name of a layer, or the path of a class, such as `package.module.Class`.
        CONFIG: The keyword arguments of the class.
    """

    BACKEND: str
    CONFIG: NotRequired[Mapping[str, Any]]


def channel_layer_class(name: str) -> type[BaseChannelLayer]:
    """Return the class of a channel layer.

    Args:
        name: `memory`, `redis` or `redis_pubsub`; the name of an entry point of the group
            `fast_channels.layers` of an installed distribution; or the path of a class, written
            `package.module.Class` or `package.module:Class`.

    Raises:
        InvalidChannelLayerError: There is no such layer, or it cannot be imported; the text says why.
        TypeError: It is not a class of channel layers.
    """
    found = _imported(name, _OURS.get(name) or _path(name))
    if not isinstance(found, type):
        raise TypeError(f"the channel layer {printable(name)} has to be a class, not {kind_of(found)}")
    require_methods(found)
    return found


def configure_channel_layers(settings: Mapping[str, ChannelLayerSettings]) -> None:
    """Make and register channel layers. If one fails, none is registered.

        configure_channel_layers({
            "default": {"BACKEND": "redis_pubsub", "CONFIG": {"hosts": ["redis://localhost"]}},
        })

    Args:
        settings: The settings of each layer, by its alias, in the form of `CHANNEL_LAYERS` of Django
            Channels.

    Raises:
        InvalidChannelLayerError: A layer cannot be found, imported, or made; the text begins with its alias.
        TypeError: It is no class of channel layers.
    """
    layers = {alias: _make(alias, layer) for alias, layer in settings.items()}
    for alias, layer in layers.items():
        register_channel_layer(alias, layer)


def _make(alias: str, settings: ChannelLayerSettings) -> BaseChannelLayer:
    given = _given(alias, settings)
    name = given.get("BACKEND")
    if not isinstance(name, str):
        raise InvalidChannelLayerError(
            f"the channel layer {shown(alias)} has no BACKEND: write the name of a layer or the path of its "
            "class"
        )
    kind = channel_layer_class(name)
    arguments: Mapping[str, Any] = given.get("CONFIG", {})
    try:
        layer = kind(**arguments)
    except Exception as error:
        reason = printable(str(error), 300)
        text = f"the channel layer {shown(alias)} cannot be made: {kind.__name__}: {reason}"
        raise InvalidChannelLayerError(text) from error
    return layer


def _given(alias: str, settings: object) -> Mapping[str, Any]:
    """Return the settings of a layer, which may come from a file.

    Raises:
        InvalidChannelLayerError: They have another form, or a key that would have no effect.
    """
    if not isinstance(settings, Mapping):
        raise InvalidChannelLayerError(
            f"the settings of the channel layer {shown(alias)} have to be a dict with BACKEND and CONFIG, "
            f"not {kind_of(settings)}"
        )
    given = cast("Mapping[str, Any]", settings)  # its keys are looked at here
    unknown = [key for key in given if key not in _KEYS]
    if unknown:
        raise InvalidChannelLayerError(
            f"the settings of the channel layer {shown(alias)} have an unknown key {shown(unknown[0])}; "
            "known keys: BACKEND, CONFIG"
        )
    return given


def _path(name: str) -> str:
    """Return the path of the class that an entry point, or else the name itself, stands for."""
    # Here, because nobody else has to wait for these imports.
    from difflib import get_close_matches
    from importlib.metadata import entry_points

    found = {one.name: one.value for one in entry_points(group=ENTRY_POINTS)}
    if name in found:
        return found[name]
    if "." in name or ":" in name:
        return name
    known = [*_OURS, *found]
    close = get_close_matches(name, known, 1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    raise InvalidChannelLayerError(
        f"no channel layer has the name {printable(name)}{hint}; known names: "
        f"{', '.join(map(repr, known))}; for another class write its path, package.module.Class"
    )


def _imported(name: str, path: str) -> object:
    module, colon, attribute = path.partition(":")
    if not colon:
        module, _, attribute = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        text = f"the channel layer {printable(name)} cannot be imported from {printable(path)}: "
        raise InvalidChannelLayerError(text + printable(str(error), 300)) from error
