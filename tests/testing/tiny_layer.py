"""The smallest channel layer that keeps every promise, to be broken in one place at a time."""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any, Unpack

from fast_channels.exceptions import ChannelFull
from fast_channels.layers import BaseChannelLayer
from fast_channels.layers.values import Snapshot, snapshot
from fast_channels.testing.layer_contract import LayerOptions, WhenFull

Letter = tuple[float, Snapshot]


class Backend:
    """What would be a server: the unread messages, the groups, and who waits."""

    def __init__(self) -> None:
        self.unread: dict[str, list[Letter]] = {}
        self.groups: dict[str, list[str]] = {}
        self.arrivals: dict[str, asyncio.Event] = {}
        self.closed: set[str] = set()


class TinyLayer(BaseChannelLayer):
    """A layer on a backend in the same event loop."""

    def __init__(
        self,
        backend: Backend | None = None,
        clock: Callable[[], float] = time.monotonic,
        overflow: WhenFull = "raise",
        **options: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**options)
        self.backend = backend or Backend()
        self.clock = clock
        self.overflow: WhenFull = overflow
        self.own: set[str] = set()
        self.ended = False

    async def send(self, channel: str, message: Any) -> None:
        """Put a message into a channel."""
        self.require_valid_channel_name(channel)
        letter = self.pack(message)
        if channel not in self.backend.closed:
            self.put(channel, letter, self.overflow)

    async def receive(self, channel: str) -> dict[str, Any]:
        """Take a message, or wait for one."""
        self.require_valid_channel_name(channel)
        self.require_open(channel)
        while (message := self.take(channel)) is None:
            arrival = self.backend.arrivals.setdefault(channel, asyncio.Event())
            arrival.clear()
            await arrival.wait()
            self.require_open(channel)
            if self.ended:
                raise RuntimeError("the layer was closed")
        return message

    async def new_channel(self, prefix: str = "specific.") -> str:
        """Return a name that cannot be guessed."""
        self._require_name("Channel", prefix, self.group_name_regex)
        self.own.add(channel := f"{prefix}!{secrets.token_hex(8)}")
        return channel

    async def group_add(self, group: str, channel: str) -> None:
        """Add a member."""
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        self.require_open(channel)
        if channel not in self.members(group):
            self.members(group).append(channel)

    async def group_discard(self, group: str, channel: str) -> None:
        """Remove a member."""
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        if channel in self.members(group):
            self.members(group).remove(channel)

    async def group_send(self, group: str, message: Any) -> None:
        """Put a message into the channels of all members."""
        self.require_valid_group_name(group)
        letter = self.pack(message)
        overflow: WhenFull = "drop_newest" if self.overflow == "drop_newest" else "drop_oldest"
        for channel in self.members(group):
            self.put(channel, letter, overflow)

    async def flush(self) -> None:
        """Forget everything."""
        self.backend.unread.clear()
        self.backend.groups.clear()

    async def close_channel(self, channel: str) -> None:
        """Forget a channel."""
        self.backend.unread.pop(channel, None)
        for members in self.backend.groups.values():
            members[:] = [member for member in members if member != channel]
        self.own.discard(channel)
        self.backend.closed.add(channel)
        self.wake(channel)

    async def close(self) -> None:
        """Let all receivers fail."""
        self.ended = True
        for channel in self.backend.arrivals:
            self.wake(channel)

    def require_open(self, channel: str) -> None:
        """Refuse a channel of somebody else's, and one that is closed."""
        if "!" in channel and channel not in self.own:
            raise RuntimeError(f"the channel {channel} is not here")

    def wake(self, channel: str) -> None:
        """Let the receivers of a channel look for a message."""
        if channel in self.backend.arrivals:
            self.backend.arrivals[channel].set()

    def members(self, group: str) -> list[str]:
        """Return the members of a group."""
        return self.backend.groups.setdefault(group, [])

    def pack(self, message: Any) -> Letter:
        """Return a message with the time at which it is due."""
        return self.clock() + self.expiry, snapshot(message)

    def waiting(self, channel: str) -> list[Letter]:
        """Return the unread messages of a channel that are not due."""
        letters = self.backend.unread.setdefault(channel, [])
        letters[:] = [letter for letter in letters if letter[0] > self.clock()]
        return letters

    def put(self, channel: str, letter: Letter, overflow: WhenFull) -> None:
        """Append a message, if there is room."""
        letters = self.waiting(channel)
        if len(letters) >= self.get_capacity(channel):
            if overflow == "raise":
                raise ChannelFull(channel)
            if overflow == "drop_newest":
                return
            letters.pop(0)
        self.store(letters, letter)
        self.backend.arrivals.setdefault(channel, asyncio.Event()).set()

    def store(self, letters: list[Letter], letter: Letter) -> None:
        """Append a message."""
        letters.append(letter)

    def take(self, channel: str) -> dict[str, Any] | None:
        """Take the oldest message."""
        letters = self.waiting(channel)
        return letters.pop(0)[1].own() if letters else None
