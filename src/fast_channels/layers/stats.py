"""What has become of the messages of a layer."""

from dataclasses import dataclass, fields

__all__ = ["MailStats"]


@dataclass(frozen=True, slots=True)
class MailStats:
    """Counts of the messages of a layer. A message to several channels is counted once for each.

    Attributes:
        sent: Messages that a mailbox accepted.
        taken: Messages that a receiver or a consumer took.
        expired: Messages that expired before they were taken.
        discarded: Messages that `flush()`, `close()` or `close_channel()` removed.
        dropped_full: Messages that a channel lost because it was full, without an error for the sender.
        unheard: Messages to a closed channel, or to a channel without a receiver as far as the sender knows.
    """

    sent: int
    taken: int
    expired: int
    discarded: int
    dropped_full: int
    unheard: int

    def __add__(self, other: "MailStats") -> "MailStats":
        # Those of a subclass may be anything.
        names = (field.name for field in fields(MailStats))
        return MailStats(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def waiting(self) -> int:
        """Unread messages; some of them may have expired."""
        return self.sent - self.taken - self.expired - self.discarded
