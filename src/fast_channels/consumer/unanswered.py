"""How a test kit learns of a handshake that is left unanswered."""

from contextvars import ContextVar

unanswered: ContextVar[list[str] | None] = ContextVar("unanswered", default=None)
"""Where a consumer says that its `connect()` has left a handshake unanswered; a server sets none."""
