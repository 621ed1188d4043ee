"""How a consumer learns that messages for it were lost."""

from typing import Literal

from fast_channels.messages import ChannelEvent

__all__ = ["ChannelGap"]


class ChannelGap(ChannelEvent):
    """Messages for a consumer were lost, or may have been.

    A consumer with a handler `channel_gap` gets one after every outage and every overflow, and can load its
    data again. A consumer without this handler is not told; the layer counts the lost messages in any case.

    Attributes:
        reason: `"outage"`: the layer had no connection to its server for a time. `"overflow"`: the consumer
            was too slow, and its channel was full.
        lost: The number of lost messages, `None` if it is not known.
    """

    type: Literal["channel.gap"] = "channel.gap"
    reason: Literal["outage", "overflow"]
    lost: int | None = None
