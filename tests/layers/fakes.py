"""A layer on a transport that a test controls."""

import asyncio
import threading

from fast_channels.layers.delivery import Delivery
from fast_channels.layers.networked import NetworkedChannelLayer, Receiver
from fast_channels.layers.redis.serializers import JSONSerializer


class FakeTransport:
    """Records what it is asked for.

    Attributes:
        calls: Names of methods, and the address.
        published: Addresses and frames.
        heard: Whether anybody hears what is published.
        away: Why nothing can be subscribed to, if so.
        gate: Subscriptions wait for it.
        closing: Whether it is being closed.
        close_gate: The closing waits for it.
        stuck: Why it cannot be closed, if so.
        closed: Whether it is closed.
    """

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.calls: list[tuple[str, str]] = []
        self.published: list[tuple[str, bytes]] = []
        self.heard = True
        self.away: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.closing = threading.Event()
        self.close_gate = asyncio.Event()
        self.close_gate.set()
        self.stuck: Exception | None = None
        self.closed = False
        self._wanted: set[str] = set()
        self._addresses: set[str] = set()

    async def publish(self, address: str, frame: bytes) -> bool:
        """Record a frame."""
        self.published.append((address, frame))
        return self.heard

    async def subscribe(self, address: str) -> None:
        """Subscribe when the gate is open."""
        self.calls.append(("subscribe", address))
        self._wanted.add(address)
        await self.gate.wait()
        if self.away is not None:
            raise self.away
        if address in self._wanted:
            self._addresses.add(address)

    def unsubscribe(self, address: str) -> None:
        """Forget an address."""
        self.calls.append(("unsubscribe", address))
        self._wanted.discard(address)
        self._addresses.discard(address)

    def subscribed(self, address: str) -> bool:
        """Return whether there is a subscription."""
        return address in self._addresses

    def connected(self) -> dict[str, bool]:
        """Return the connections: one."""
        return {"fake": not self.closed}

    async def close(self) -> None:
        """Close when the gate is open."""
        self.closing.set()
        await self.close_gate.wait()
        if self.stuck is not None:
            raise self.stuck
        self.closed = True


class FakeLayer(NetworkedChannelLayer[FakeTransport]):
    """A layer whose transport a test controls.

    Attributes:
        transports: All that there ever were.
    """

    def __init__(self) -> None:
        super().__init__("app", serializer=JSONSerializer())
        self.transports: list[FakeTransport] = []

    def delivery(self) -> Delivery[FakeTransport]:
        """Return what the layer holds for the running event loop."""
        return self._deliveries.here()

    def open_transport(self, receiver: Receiver) -> FakeTransport:
        """Return a fake."""
        self.transports.append(FakeTransport(receiver))
        return self.transports[-1]
