"""What every channel layer has in common: its methods, its names and its capacities."""

import fnmatch
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Self, TypeAlias, cast

from typing_extensions import deprecated

from fast_channels.event_loop import refuse_trio
from fast_channels.layers import threads
from fast_channels.layers.mailbox import Mailbox
from fast_channels.type_defs import (
    ChannelCapacityDict,
    ChannelMessage,
    CompiledChannelCapacities,
    CompiledChannelCapacity,
)
from fast_channels.untrusted import kind_of, shown

__all__ = ["BaseChannelLayer", "require_seconds"]

SentMessage: TypeAlias = ChannelMessage | Any
"""A mapping or a `ChannelEvent`; anything for checkers, so that an override may take mappings only."""

ReceivedMessage: TypeAlias = dict[str, Any] | Any
"""A dictionary; an override may return any mapping."""

_NAME = r"[a-zA-Z0-9\-_.]"
_UNNAMABLE = re.compile(r"[^a-zA-Z0-9\-_.!]")


def require_seconds(name: str, seconds: float) -> float:
    """Return a time, which must be more than 0 seconds.

    Raises:
        TypeError: It is not a number.
        ValueError: It is not more than 0, or is NaN.
    """
    try:
        is_too_short = not seconds > 0
    except TypeError:
        raise TypeError(f"{name} has to be a number of seconds, not {shown(seconds)}") from None
    if is_too_short:
        raise ValueError(f"{name} has to be more than 0 seconds, not {shown(seconds)}")
    return seconds


def require_capacity(capacity: int) -> None:
    """Check a capacity.

    Raises:
        TypeError: It is not a number.
        ValueError: It is less than 1.
    """
    try:
        is_too_small = capacity < 1
    except TypeError:
        text = f"the capacity of a channel has to be a number of unread messages, not {shown(capacity)}"
        raise TypeError(text) from None
    if is_too_small:
        text = f"the capacity of a channel has to be 1 unread message or more, not {shown(capacity)}"
        raise ValueError(text)


def require_patterns(channel_capacity: object) -> None:
    """Do nothing if capacities are given by patterns of names.

    Raises:
        TypeError: They are not.
    """
    if not isinstance(channel_capacity, Mapping):
        raise TypeError(f"channel_capacity has to be a dict, not {kind_of(channel_capacity)}")
    for pattern in cast("Mapping[object, object]", channel_capacity):  # whatever they are, they are named
        if not isinstance(pattern, str | re.Pattern):
            raise TypeError(
                "a pattern in channel_capacity has to be a str or a compiled regular expression, not "
                f"{shown(pattern)}"
            )


class BaseChannelLayer:
    """The base class of channel layers: names, capacities and errors. Subclasses carry the messages.

    Args:
        expiry: Seconds after which an unread message is dropped.
        capacity: The largest number of unread messages of a channel.
        channel_capacity: Other capacities, by glob or compiled regular expression; the first that matches the
            beginning of a channel name is used.

    Raises:
        TypeError: A capacity or the expiry is not a number, or a pattern is neither a string nor a regular
            expression.
        ValueError: A capacity is less than 1, or the expiry is not more than 0.
    """

    MAX_NAME_LENGTH: ClassVar[int] = 100
    channel_name_regex: ClassVar[re.Pattern[str]] = re.compile(rf"^{_NAME}+(!{_NAME}*)?\Z")
    group_name_regex: ClassVar[re.Pattern[str]] = re.compile(rf"^{_NAME}+\Z")
    invalid_name_error: ClassVar[str] = (
        f"{{}} name must be a valid unicode string with length < {MAX_NAME_LENGTH} "
        "containing only ASCII alphanumerics, hyphens, underscores, or periods."
    )

    # Defaults of the class, for layers that never call super().__init__().
    expiry: float = 60
    capacity: int = 100
    channel_capacity: Sequence[CompiledChannelCapacity] = ()

    def __init__(
        self,
        expiry: float = 60,
        capacity: int = 100,
        channel_capacity: ChannelCapacityDict | None = None,
    ) -> None:
        self.expiry = require_seconds("expiry", expiry)
        self.capacity = capacity
        self.channel_capacity = self.compile_capacities(channel_capacity or {})
        for limit in (capacity, *(limit for _, limit in self.channel_capacity)):
            require_capacity(limit)

    def compile_capacities(self, channel_capacity: ChannelCapacityDict) -> CompiledChannelCapacities:
        """Return the capacities with every glob compiled, in the same order.

        Raises:
            TypeError: They are not a mapping, or a pattern is neither a string nor a regular expression.
        """
        require_patterns(channel_capacity)
        return [
            (re.compile(fnmatch.translate(pattern)) if isinstance(pattern, str) else pattern, capacity)
            for pattern, capacity in channel_capacity.items()
        ]

    def get_capacity(self, channel: str) -> int:
        """Return the largest number of unread messages of a channel."""
        for pattern, capacity in self.channel_capacity:
            if pattern.match(channel):
                return capacity
        return self.capacity

    def match_type_and_length(self, name: object) -> bool:
        """Return whether a name is a `str` of fewer than `MAX_NAME_LENGTH` characters."""
        return isinstance(name, str) and len(name) < self.MAX_NAME_LENGTH

    def require_valid_channel_name(self, name: str, receive: bool = False) -> bool:
        """Return `True` for a valid channel name.

        Args:
            name: ASCII letters, digits, hyphens, underscores and periods; a `!` may follow, and after it
                the part that belongs to one process.
            receive: Refuse a name with characters after its `!`, for layers that receive for all channels of
                a process at once.

        Raises:
            TypeError: The name is not valid; the text says what is wrong with it.
        """
        self._require_name("Channel", name, self.channel_name_regex)
        if receive and not self.non_local_name(name) == name:
            raise self._invalid_name("Channel", name, "receive() needs a name that ends with its '!'")
        return True

    def require_valid_group_name(self, name: str) -> bool:
        """Return `True` for a valid group name: ASCII letters, digits, hyphens, underscores and periods.

        Raises:
            TypeError: The name is not valid; the text says what is wrong with it.
        """
        self._require_name("Group", name, self.group_name_regex)
        return True

    @deprecated("valid_channel_name is deprecated; use require_valid_channel_name()")
    def valid_channel_name(self, channel_name: str, receive: bool = False) -> bool:
        """Do what `require_valid_channel_name()` does, under the name that Django Channels has deprecated."""
        return self.require_valid_channel_name(channel_name, receive)

    @deprecated("valid_group_name is deprecated; use require_valid_group_name()")
    def valid_group_name(self, group_name: str) -> bool:
        """Do what `require_valid_group_name()` does, under the name that Django Channels has deprecated."""
        return self.require_valid_group_name(group_name)

    def non_local_name(self, name: str) -> str:
        """Return a channel name up to and including its `!`; a name without one is returned whole."""
        shared, mark, _ = name.partition("!")
        return shared + mark

    def _require_name(self, kind: str, name: object, allowed: re.Pattern[str]) -> None:
        # Once per message: the explanation is found only when there is something to explain.
        if not isinstance(name, str) or not self.match_type_and_length(name) or not allowed.fullmatch(name):
            raise self._invalid_name(kind, name, self._what_is_wrong(name))

    def _invalid_name(self, kind: str, name: object, reason: str) -> TypeError:
        return TypeError(f"{self.invalid_name_error.format(kind)} {shown(name)}: {reason}.")

    def _what_is_wrong(self, name: object) -> str:
        if not isinstance(name, str):
            return f"this is of type {type(name).__name__}, not str"
        if len(name) >= self.MAX_NAME_LENGTH:
            return f"it has {len(name)} characters, and {self.MAX_NAME_LENGTH - 1} are allowed"
        strange = _UNNAMABLE.search(name)
        if strange is not None:
            return f"{strange.group()!r} is not allowed"
        return "it is empty, or a '!' is misplaced: a channel name may have one, after its first character"

    async def send(self, channel: str, message: SentMessage) -> None:
        """Send a message to a channel.

        Raises:
            ChannelFull: The channel holds as many unread messages as its capacity allows.
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement send()")

    async def receive(self, channel: str) -> ChannelMessage:
        """Wait for the next message of a channel; each goes to one receiver only.

        Raises:
            TypeError: The name is not valid.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement receive()")

    async def new_channel(self, prefix: str = "specific.") -> str:
        """Return the name of a new channel, which is unique and cannot be guessed.

        Raises:
            TypeError: The prefix is not the beginning of a valid name.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement new_channel()")

    async def flush(self) -> None:
        """Remove all unread messages and groups (extension "flush")."""
        raise NotImplementedError(f"{type(self).__name__} does not implement flush() (extension flush)")

    async def group_add(self, group: str, channel: str) -> None:
        """Make a channel a member of a group (extension "groups").

        Raises:
            TypeError: A name is not valid.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement group_add() (extension groups)")

    async def group_discard(self, group: str, channel: str) -> None:
        """End a membership, if there is one (extension "groups").

        Raises:
            TypeError: A name is not valid.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not implement group_discard() (extension groups)"
        )

    async def group_send(self, group: str, message: SentMessage) -> None:
        """Send a message to every member of a group (extension "groups"); a full member loses a message.

        Raises:
            TypeError: The name is not valid, or the message holds something that no layer can carry.
            ValueError: The message holds a value that is out of range, nested too deep or in itself.
        """
        raise NotImplementedError(f"{type(self).__name__} does not implement group_send() (extension groups)")

    def sync_send(self, channel: str, message: SentMessage) -> None:
        """Do what `send()` does, from code without an event loop: a Django view, a Celery task, a script.

        Callable from any thread. All calls of a process share one thread and its connections; a forked
        process has its own.

        Raises:
            RuntimeError: The calling thread runs an event loop (asyncio's or trio's), which this would block.
            Exception: Whatever `send()` raises.
        """
        threads.run(self.send(channel, message), type(self), "send")

    def sync_group_send(self, group: str, message: SentMessage) -> None:
        """Do what `group_send()` does, from code without an event loop; see `sync_send()`.

        Callable from any thread. All calls of a process share one thread and its connections; a forked
        process has its own.

        Raises:
            RuntimeError: The calling thread runs an event loop (asyncio's or trio's), which this would block.
            Exception: Whatever `group_send()` raises.
        """
        threads.run(self.group_send(group, message), type(self), "group_send")

    def listen(self, channel: str, notify: Callable[[], None]) -> Mailbox | None:
        """Attach a consumer to a channel, until `close_channel()`.

        Args:
            channel: Usually from `new_channel()`.
            notify: Called once for each message that comes; from any thread, so it must not block.

        Returns:
            The mailbox to take the messages from, or `None` if the consumer has to call `receive()`.
        """

    async def close_channel(self, channel: str) -> None:
        """Close a channel: remove its unread messages and its memberships, and detach its consumer.

        Called when a consumer ends; may be called several times. A layer that stores nothing for a channel
        does not need to override it.
        """

    async def close(self) -> None:
        """Release the resources of the layer. A layer without resources does not need to override it."""

    async def __aenter__(self) -> Self:
        refuse_trio(type(self))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncGenerator[None]:
        """Close the layer when an application ends: `Starlette(lifespan=layer.lifespan)`, or FastAPI's.

        Args:
            app: The application; it is not used.
        """
        async with self:
            yield
