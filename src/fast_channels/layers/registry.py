"""The channel layers of an application, by alias."""

from typing import Final

from fast_channels.exceptions import InvalidChannelLayerError
from fast_channels.layers.base import BaseChannelLayer
from fast_channels.messages.group import find_layers_with
from fast_channels.untrusted import kind_of, shown

__all__ = [
    "ChannelLayerRegistry",
    "channel_layers",
    "get_channel_layer",
    "has_layers",
    "register_channel_layer",
    "require_channel_layer",
    "require_layer",
    "unregister_channel_layer",
]

DEFAULT_ALIAS: Final = "default"

_NEEDED_METHODS = ("send", "receive", "new_channel")


def require_methods(layer: object) -> None:
    """Check that a layer, or a class of layers, has the methods that every channel layer has.

    Raises:
        TypeError: It lacks one.
    """
    missing = [name for name in _NEEDED_METHODS if not callable(getattr(layer, name, None))]
    if missing:
        raise TypeError(f"{kind_of(layer)} is not a channel layer: it has no method {', '.join(missing)}")


def _is_alias(alias: object) -> bool:
    return isinstance(alias, str) and alias != ""


def require_layer(layer: object) -> None:
    """Check that a value is a channel layer.

    Raises:
        TypeError: It is a class, or lacks a method that every layer has.
    """
    if isinstance(layer, type):
        raise TypeError(f"{layer.__name__} is a class; register an instance of it")
    require_methods(layer)


class ChannelLayerRegistry:
    """Channel layers by alias. Consumers look their alias up when a connection begins."""

    def __init__(self) -> None:
        self._layers: dict[str, BaseChannelLayer] = {}

    def register(self, alias: str, layer: BaseChannelLayer) -> None:
        """Register a layer under an alias; it replaces a layer with the same alias.

        Raises:
            TypeError: The alias is not a `str` or is empty, or the layer is a class or lacks a method that
                every layer has.
        """
        if not _is_alias(alias):
            raise TypeError(
                f"the alias of a channel layer has to be a str that is not empty, not {shown(alias)}"
            )
        require_layer(layer)
        self._layers[alias] = layer

    def unregister(self, alias: str) -> None:
        """Remove an alias, if it is registered."""
        self._layers.pop(alias, None)

    def get(self, alias: str) -> BaseChannelLayer | None:
        """Return the layer of an alias, or `None` if the alias is not known."""
        return self._layers.get(alias)

    def list_aliases(self) -> list[str]:
        """Return all aliases, in the order of registration."""
        return list(self._layers)

    def clear(self) -> None:
        """Remove all aliases."""
        self._layers.clear()

    def has(self, alias: str) -> bool:
        """Return whether an alias is known."""
        return alias in self._layers

    def __contains__(self, alias: str) -> bool:
        return alias in self._layers

    def __getitem__(self, alias: str) -> BaseChannelLayer:
        """Return the layer of an alias.

        Raises:
            KeyError: The alias is not known; the text names those that are.
        """
        try:
            return self._layers[alias]
        except KeyError:
            known = ", ".join(map(repr, self._layers)) or "none"
            raise KeyError(f"no channel layer is registered as {shown(alias)}; registered: {known}") from None

    def __len__(self) -> int:
        return len(self._layers)


channel_layers: ChannelLayerRegistry = ChannelLayerRegistry()
"""The registry that consumers use."""


def get_channel_layer(alias: str = DEFAULT_ALIAS) -> BaseChannelLayer | None:
    """Return the layer of an alias, or `None` if the alias is not known.

    Args:
        alias: The alias; the default is that of Django Channels.
    """
    return channel_layers.get(alias)


def require_channel_layer(alias: str, user: str) -> BaseChannelLayer:
    """Return the layer of an alias.

    Args:
        alias: The alias.
        user: Who uses it, for the text of the error.

    Raises:
        InvalidChannelLayerError: The alias is not registered; the text names the registered ones.
    """
    layer = channel_layers.get(alias)
    if layer is None:
        known = ", ".join(map(repr, channel_layers.list_aliases())) or "none"
        raise InvalidChannelLayerError(
            f"{user} uses the channel layer {shown(alias)}, which is not registered; "
            f"registered: {known}. "
            f"Call register_channel_layer({shown(alias)}, layer) before the server starts"
        )
    return layer


find_layers_with(require_channel_layer)


def register_channel_layer(alias: str, layer: BaseChannelLayer) -> None:
    """Register a layer for all consumers under an alias; it replaces a layer with the same alias.

    Raises:
        TypeError: See `ChannelLayerRegistry.register()`.
    """
    channel_layers.register(alias, layer)


def unregister_channel_layer(alias: str) -> None:
    """Remove an alias, if it is registered."""
    channel_layers.unregister(alias)


def has_layers() -> bool:
    """Return whether any channel layer is registered."""
    return len(channel_layers) > 0
