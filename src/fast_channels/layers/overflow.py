"""What a full mailbox does with one message more, and what its consumer is told of the loss."""

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from fast_channels.exceptions import ChannelFull
from fast_channels.untrusted import shown

if TYPE_CHECKING:
    from fast_channels.layers.gap import ChannelGap

__all__ = ["DEFAULT_OVERFLOW", "Losses", "Overflow", "require_overflow"]

Overflow: TypeAlias = Literal["drop_oldest", "drop_newest", "close"]
"""What a full mailbox does with a message that its sender cannot be told of: it drops its oldest message,
or the new one, or all of them and fails whoever reads it."""

DEFAULT_OVERFLOW: Final = "drop_oldest"
"""What every layer does unless it is told otherwise: the newest message is mostly worth more."""


def require_overflow(overflow: Overflow) -> Overflow:
    """Return a policy of full mailboxes.

    Raises:
        ValueError: There is no such policy.
    """
    if overflow not in get_args(Overflow):
        raise ValueError(f"overflow has to be one of {get_args(Overflow)}, not {shown(overflow)}")
    return overflow


class Losses:
    """What a mailbox has lost, and whether its consumer knows.

    Attributes:
        failed: All its messages were thrown away, because the policy is to fail.
        outage: Messages may have been lost on their way.
        lost: How many messages were lost to an overflow since the consumer was told.
        told: Whether it was told of an overflow since the mailbox was last empty.
        overflowing: Whether the mailbox is full and somebody has been told so.
    """

    __slots__ = ("failed", "lost", "outage", "overflowing", "told")

    def __init__(self) -> None:
        self.failed: bool = False
        self.outage: bool = False
        self.lost: int = 0
        self.told: bool = False
        self.overflowing: bool = False

    def note_removal(self, waiting: int) -> None:
        """Note that a message has left the mailbox, and how many still wait."""
        self.overflowing = False
        self.told = self.told and waiting > 0

    def note_loss(self) -> bool:
        """Count a message as lost; return whether it is the first since the consumer was told."""
        self.lost += 1
        return self.lost == 1

    def next_gap(self, channel: str, waiting: int) -> "ChannelGap | None":
        """Return what the consumer is to be told before it takes another message, if anything.

        Args:
            channel: Name of the channel.
            waiting: How many messages wait in its mailbox.

        Raises:
            ChannelFull: All messages were thrown away. It is raised once.
        """
        if self.failed:
            self.failed = False
            raise ChannelFull(f"channel {channel!r} was not read in time; all its messages are lost")
        if self.outage:
            self.outage = False
            return _gap("outage")
        # A slow consumer would otherwise get as many gaps as messages.
        if not self.lost or (self.told and waiting):
            return None
        lost, self.lost = self.lost, 0
        self.told = waiting > 0
        return _gap("overflow", lost)


def _gap(reason: Literal["outage", "overflow"], lost: int | None = None) -> "ChannelGap":
    # Late: building a model takes long, and most applications never lose a message.
    from fast_channels.layers.gap import ChannelGap

    return ChannelGap(reason=reason, lost=lost)
