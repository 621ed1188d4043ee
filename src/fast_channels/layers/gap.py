"""How a consumer learns that messages for it were lost."""

from typing import Literal

from fast_channels.messages import ChannelEvent

__all__ = ["ChannelGap"]


class ChannelGap(ChannelEvent):
    """Messages for a consumer were lost, or may have been.

    A consumer that defines a handler `channel_gap` gets one after every outage and every overflow, and can
    fetch anew what it shows. One that does not define it hears nothing; the layer counts all the same.

    Attributes:
        reason: `"outage"`: the layer lost its server for a while, and has it again. `"overflow"`: the
            consumer was too slow, and its channel was full.
        lost: How many messages, `None` where nobody can know.
    """

    type: Literal["channel.gap"] = "channel.gap"
    reason: Literal["outage", "overflow"]
    lost: int | None = None
