"""What is known of an outage: why there is no connection, what was logged of it, and when to try again."""

import logging
import random
from typing import Final

from fast_channels.untrusted import said

__all__ = ["Outage"]

FIRST_BACK_OFF: Final = 0.004
"""Seconds to wait after a connection was lost."""

BACK_OFF_GROWTH: Final = 1.15
"""How much longer to wait after each further failure: about a seventh of the outage so far."""

LONGEST_BACK_OFF: Final = 1.0
"""Seconds to wait at most."""

REMINDER_SECONDS: Final = 60.0
"""How often the same reason of an outage is logged."""

logger: logging.Logger = logging.getLogger("fast_channels.layers.redis")


class Outage:
    """The present outage of a server, if there is one.

    Each reason is logged when it is a new one, and once a minute while it lasts.

    Args:
        where: The server, for logs.

    Attributes:
        failures: How many connections in a row were lost, or not made.
    """

    __slots__ = ("_logged", "_where", "failures")

    def __init__(self, where: str) -> None:
        self.failures: int = 0
        self._where = where
        # When each reason was logged.
        self._logged: dict[str, float] = {}

    def note(self, error: Exception, now: float) -> None:
        """Note that there is no connection, and log why, unless that was said less than a minute ago."""
        self.failures += 1
        reason = said(error)
        if now - self._logged.get(reason, float("-inf")) >= REMINDER_SECONDS:
            # What is older may be forgotten: a server may give another reason each time.
            self._logged = {known: at for known, at in self._logged.items() if now - at < REMINDER_SECONDS}
            self._logged[reason] = now
            logger.warning("no connection to %s, trying again: %s", self._where, reason)

    def end(self) -> None:
        """Note that the server has answered again."""
        self.failures = 0
        self._logged.clear()
        logger.info("connected to %s again", self._where)

    def other_reasons(self, error: Exception) -> list[str]:
        """Return what else was logged of this outage; it may be what one has to know."""
        return [reason for reason in self._logged if reason != said(error)]

    @property
    def back_off(self) -> float:
        """The seconds to wait before the next attempt, with jitter so that processes spread out."""
        # The exponent is bounded because an outage is not.
        grown = FIRST_BACK_OFF * BACK_OFF_GROWTH ** min(self.failures - 1, 100)
        return min(grown, LONGEST_BACK_OFF) * random.uniform(0.5, 1)
