"""What clients count."""

from collections.abc import Sequence


class Tally:
    """What one member of a group got: the numbered messages of each sender, and the gaps it was told of.

    Attributes:
        delivered: How many messages.
        counted: How many it was told that it missed.
        disorder: How many came after a later one of the same sender, or twice.
    """

    def __init__(self) -> None:
        self.delivered = 0
        self.counted = 0
        self.disorder = 0
        self._last: dict[str, int] = {}

    def add(self, frame: str) -> None:
        """Count a frame: `SENDER NUMBER`, or `gap LOST`."""
        sender, _, number = frame.partition(" ")
        if sender == "gap":
            self.counted += int(number)
            return
        self.delivered += 1
        if int(number) <= self._last.get(sender, -1):
            self.disorder += 1
        self._last[sender] = int(number)

    @property
    def accounted(self) -> int:
        """How many messages something is known of."""
        return self.delivered + self.counted


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many of a hundred do not exceed.

    Args:
        values: In order, at least one.
        percent: From 0 to 100.
    """
    return values[min(len(values) - 1, len(values) * percent // 100)]
