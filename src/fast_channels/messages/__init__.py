"""What applications say: to each other through a channel layer, and to their clients."""

from .event import ChannelEvent
from .framing import FrameCodec
from .group import Group
from .phase import Phase
from .request import Request

__all__ = ["ChannelEvent", "FrameCodec", "Group", "Phase", "Request"]
