"""What a connection of redis-py does for a link, and what is sent and received over it."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeAlias

__all__ = ["Command", "Connection", "Greeting", "Reply"]

Command: TypeAlias = tuple[str | bytes | int | float, ...]

Reply: TypeAlias = Any
"""What RESP can say: strings as bytes, integers, lists and None."""

Greeting: TypeAlias = tuple[Command, int, Callable[[], None]]
"""A command to send before all others, the number of its replies, and what to call at the last one."""


class Connection(Protocol):
    """What a connection of redis-py does here."""

    async def connect(self) -> None:
        """Connect, and introduce oneself."""

    async def disconnect(self, nowait: bool = False) -> None:
        """End the connection."""

    def pack_commands(self, commands: Sequence[Command]) -> list[bytes]:
        """Return commands as the server reads them."""
        ...

    def send_packed_command(
        self, command: list[bytes], check_health: bool = True
    ) -> Coroutine[Any, Any, None]:
        """Write commands, and wait while the server is slow to read."""
        ...

    async def read_response(self, *, timeout: float | None = None) -> Reply:
        """Return the next reply.

        Args:
            timeout: After how many seconds without one to return `None`.
        """
