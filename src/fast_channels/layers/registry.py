"""The channel layers of an application, by alias."""

from typing import Final

from fast_channels.exceptions import InvalidChannelLayerError
from fast_channels.layers.base import BaseChannelLayer
from fast_channels.messages.group import find_layers_with
from fast_channels.untrusted import kind_of

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
    """Refuse what lacks a method that every channel layer has: a layer, or a class of layers.

    Raises:
        TypeError: It does.
    """
    missing = [name for name in _NEEDED_METHODS if not callable(getattr(layer, name, None))]
    if missing:
        raise TypeError(f"{kind_of(layer)} is no channel layer: it has no method {', '.join(missing)}")


def _is_alias(alias: object) -> bool:
    return isinstance(alias, str) and alias != ""


def require_layer(layer: object) -> None:
    """Refuse what is no channel layer.

    Raises:
        TypeError: It is a class, or lacks a method that every layer has.
    """
    if isinstance(layer, type):
        raise TypeError(f"{layer.__name__} is a class; what is needed is a channel layer made from it")
    require_methods(layer)


class ChannelLayerRegistry:
    """Channel layers by alias. Consumers look their alias up when a connection begins."""

    def __init__(self) -> None:
        self._layers: dict[str, BaseChannelLayer] = {}

    def register(self, alias: str, layer: BaseChannelLayer) -> None:
        """Make a layer known under an alias, in place of the one that had it before.

        Raises:
            TypeError: The alias is not a `str` or is empty, or the layer is a class or lacks a method that
                every layer has.
        """
        if not _is_alias(alias):
            raise TypeError(f"the alias of a channel layer is a str that is not empty, not {alias!r}")
        require_layer(layer)
        self._layers[alias] = layer

    def unregister(self, alias: str) -> None:
        """Forget an alias, if it is known."""
        self._layers.pop(alias, None)

    def get(self, alias: str) -> BaseChannelLayer | None:
        """Return the layer of an alias, or `None` if the alias is not known."""
        return self._layers.get(alias)

    def list_aliases(self) -> list[str]:
        """Return all aliases, in the order in which they came."""
        return list(self._layers)

    def clear(self) -> None:
        """Forget all aliases."""
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
            raise KeyError(f"no channel layer is registered as {alias!r}; registered: {known}") from None

    def __len__(self) -> int:
        return len(self._layers)


channel_layers: ChannelLayerRegistry = ChannelLayerRegistry()
"""The registry that consumers use."""


def get_channel_layer(alias: str = DEFAULT_ALIAS) -> BaseChannelLayer | None:
    """Return the layer of an alias, or `None` if the alias is not known.

    Args:
        alias: The one that consumers use unless they are told otherwise, as in Django Channels.
    """
    return channel_layers.get(alias)


def require_channel_layer(alias: str, user: str) -> BaseChannelLayer:
    """Return the layer of an alias.

    Args:
        alias: The alias.
        user: Who uses it, for the text of the error.

    Raises:
        InvalidChannelLayerError: The alias is not known; the text names those that are.
    """
    layer = channel_layers.get(alias)
    if layer is None:
        known = ", ".join(map(repr, channel_layers.list_aliases())) or "none"
        raise InvalidChannelLayerError(
            f"{user} uses the channel layer {alias!r}, which is not registered; "
            f"registered: {known}. Call register_channel_layer({alias!r}, layer) before the server starts"
        )
    return layer


find_layers_with(require_channel_layer)


def register_channel_layer(alias: str, layer: BaseChannelLayer) -> None:
    """Make a layer known to all consumers under an alias, in place of the one that had it before.

    Raises:
        TypeError: See `ChannelLayerRegistry.register()`.
    """
    channel_layers.register(alias, layer)


def unregister_channel_layer(alias: str) -> None:
    """Forget an alias, if it is known."""
    channel_layers.unregister(alias)


def has_layers() -> bool:
    """Return whether any channel layer is registered."""
    return len(channel_layers) > 0
