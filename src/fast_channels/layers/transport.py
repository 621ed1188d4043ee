"""The interface of transports, which carry frames between the processes of a channel layer."""

from collections.abc import Callable, Mapping
from typing import Protocol

__all__ = ["Receiver", "Transport"]


class Receiver(Protocol):
    """Takes the frames of a transport, and puts them into the mailboxes of one event loop."""

    async def deliver(self, address: str, frame: bytes) -> None:
        """Take a frame; return when the transport may deliver the next one.

        The transport delivers the frames of a sender in the order in which they were published, one after the
        other. A frame that cannot be decoded is counted and logged, and raises nothing.
        """

    def returned(self, concerns: Callable[[str], bool] = ..., /) -> None:
        """Note that frames may have been lost, and that all subscriptions are renewed.

        Consumers get a `ChannelGap`.

        Args:
            concerns: Tells whether frames for an address may have been lost; without it, all may.
        """


class Transport(Protocol):
    """Publishes frames to addresses, and delivers the frames of the addresses that it has subscribed to.

    A transport is made, used and closed in the thread of one event loop; a forked process makes its own. It
    does not depend on channels, groups and messages: an address is a short ASCII string, and a frame is
    bytes. Each subscriber gets a published frame at most once, also the publisher if it has subscribed. When
    the transport loses its connection, it reconnects by itself, renews all subscriptions, and only then calls
    `Receiver.returned()`: frames that are published after this call must arrive.
    """

    async def publish(self, address: str, frame: bytes) -> bool:
        """Publish a frame to an address; return when the server has it.

        Returns:
            `False` if it is certain that the address has no subscriber.

        Raises:
            Exception: The frame was not published, or it is not known whether it was.
        """
        ...

    async def subscribe(self, address: str) -> None:
        """Subscribe to an address; return when every frame that is published from now on will arrive.

        May be called again for the same address. If the call is cancelled, the subscription may be made
        nevertheless.

        Raises:
            Exception: There is no connection in time. An existing subscription stays.
        """

    def unsubscribe(self, address: str) -> None:
        """End a subscription, also one that is being made; raise nothing. Some frames may still arrive."""

    def subscribed(self, address: str) -> bool:
        """Return whether there is a subscription to an address; an outage does not end it."""
        ...

    def connected(self) -> Mapping[str, bool]:
        """Return for each server in use, by its name in logs, whether it is connected.

        May be called from any thread.
        """
        ...

    async def close(self) -> None:
        """End all connections and subscriptions; calls that wait for one raise an error.

        Afterwards the receiver is not called any more.
        """
