"""What applications say: to each other through a channel layer, and to their clients."""

from .event import ChannelEvent

__all__ = ["ChannelEvent"]
