"""What carries frames between processes, as a layer of several processes needs it."""

from collections.abc import Callable, Mapping
from typing import Protocol

__all__ = ["Receiver", "Transport"]


class Receiver(Protocol):
    """What a transport hands frames to: the mailboxes of one event loop."""

    async def deliver(self, address: str, frame: bytes) -> None:
        """Take a frame; return when the next one may come.

        Frames of one sender are delivered in the order in which they were published, one after the other.
        What cannot be read is counted and logged, and raises nothing.
        """

    def returned(self, concerns: Callable[[str], bool] = ..., /) -> None:
        """Note that frames may have been lost, and that all subscriptions are there again.

        Consumers are told of it by a `ChannelGap`.

        Args:
            concerns: Tells whether frames for an address may have been lost; without it, all may.
        """


class Transport(Protocol):
    """Carries frames from whoever publishes them to all who have subscribed, for one event loop.

    A transport is made, used and closed in the thread of that event loop; a forked process makes its own. It
    knows nothing of channels, groups and messages: an address is a short ASCII string, and a frame is bytes.
    A frame that was published arrives at most once with each subscriber, the publisher included if it is one.
    When the transport loses its connection, it connects again by itself, subscribes to everything again, and
    then calls `Receiver.returned()`, never before: whoever is told of a gap may rely on what comes after it.
    """

    async def publish(self, address: str, frame: bytes) -> bool:
        """Pass a frame to all who have subscribed to an address; return when it cannot be recalled.

        Returns:
            `False` if it is certain that nobody has subscribed.

        Raises:
            Exception: It was not passed on, or nobody knows.
        """
        ...

    async def subscribe(self, address: str) -> None:
        """Return when whatever is published from now on arrives. Called again for an address at will.

        When the caller is cancelled, the subscription may come about all the same.

        Raises:
            Exception: There is no connection. A subscription that was there before is not given up.
        """

    def unsubscribe(self, address: str) -> None:
        """End a subscription, or the making of one; raise nothing. Frames on their way may still come."""

    def subscribed(self, address: str) -> bool:
        """Return whether a subscription was made, and not ended since; an outage does not end it."""
        ...

    def connected(self) -> Mapping[str, bool]:
        """Return of each server that is in use, by its name in logs, whether there is a connection.

        Called from any thread.
        """
        ...

    async def close(self) -> None:
        """End all connections and subscriptions; whoever waits for one gets an error.

        The receiver is called no more afterwards.
        """
