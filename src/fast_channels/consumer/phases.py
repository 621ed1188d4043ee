"""The phases of a connection's life, as a table: it only goes forward, so each thing happens once at most."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NEW: Final = "NEW"
"""There is no connection yet."""
OPENING: Final = "OPENING"
"""No event has been handled."""
LIVE: Final = "LIVE"
"""Events are handled; `disconnect()` is owed."""
ENDING: Final = "ENDING"
"""`disconnect()` has begun."""
LEAVING: Final = "LEAVING"
"""The groups are being left, and the channel is being closed."""
OVER: Final = "OVER"
"""Nothing of the connection is left."""

BEGIN: Final = "begin"
"""A server asks the consumer to serve a connection."""
EVENT: Final = "event"
"""There is an event to be handled."""
DISCONNECT: Final = "disconnect"
"""The connection ends, whoever ends it."""
LEAVE: Final = "leave"
"""The memberships end."""
FINISH: Final = "finish"
"""Every step of the clean-up has run."""

INITIAL: Final = NEW

PHASES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        # Whoever tests a hook by itself has no connection.
        NEW: {BEGIN: OPENING, DISCONNECT: ENDING},
        OPENING: {EVENT: LIVE, LEAVE: LEAVING, FINISH: OVER},
        LIVE: {EVENT: LIVE, DISCONNECT: ENDING},
        ENDING: {LEAVE: LEAVING, FINISH: OVER},
        LEAVING: {FINISH: OVER},
        OVER: {},
    }
)
"""For each phase what can happen in it, with the phase that follows; anything else does nothing."""

SERVING: Final = frozenset({NEW, OPENING, LIVE})
"""The phases in which a consumer may become a member of a group."""
