"""What becomes of messages when servers go, channels overflow, and servers share the groups: all is told."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisConnectionError

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.overflow import Overflow
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from tests.layers.redis.virtual import FakeServer, on_fakes
from tests.virtual_time import in_virtual_time

Step: TypeAlias = tuple[str, int]

GROUPS = [f"g{n}" for n in range(4)]
STEPS = st.one_of(
    st.tuples(st.just("group"), st.integers(0, len(GROUPS) - 1)),
    st.tuples(st.just("direct"), st.integers(0, 2)),
    st.tuples(st.just("read"), st.integers(0, 2)),
    st.tuples(st.sampled_from(["cut", "go", "back"]), st.integers(0, 1)),
    st.tuples(st.just("wait"), st.integers(1, 20)),
)


class Member:
    """A consumer that is told of gaps, and reads when it is time to.

    Attributes:
        sent: Messages to it that a server has taken.
        unsure: Messages to it whose senders were told that they may have been lost.
        got: Messages that it took.
        lost: Messages that it was told to have missed, because it was too slow.
        outages: How often it was told that messages may have been lost on their way.
        failures: How often it was failed, because it was too slow.
    """

    def __init__(self, layer: RedisPubSubChannelLayer, channel: str) -> None:
        self.channel = channel
        self.sent = self.unsure = self.got = self.lost = self.outages = self.failures = 0
        self._notices = 0
        box = layer.listen(channel, self._told)
        assert box is not None
        self._box = box
        box.hears_gaps = True

    def _told(self) -> None:
        self._notices += 1

    def read(self) -> None:
        """Take what it was told of."""
        while self._notices:
            self._notices -= 1
            try:
                message = self._box.take()
            except ChannelFull:
                self.failures += 1
                continue
            if message is not None:
                self._count(message)

    def _count(self, message: dict[str, Any]) -> None:
        if message.get("type") != "channel.gap":
            self.got += 1
        elif message["reason"] == "outage":
            self.outages += 1
        else:
            self.lost += message["lost"]

    def balances(self, overflow: Overflow, unheard: int) -> None:
        """Compare what was sent to it with what it got, or was told of."""
        told = self.got + self.lost
        if overflow == "close":
            assert (self.failures > 0) == (told < self.sent) or self.outages
        else:
            assert told <= self.sent + self.unsure
            assert told >= self.sent - unheard or self.outages


class Run:
    """Two servers, a layer whose members receive, one that sends, and what can happen to them.

    Attributes:
        members: Member n is in all groups but the first n.
    """

    def __init__(
        self, servers: list[FakeServer], there: RedisPubSubChannelLayer, members: list[Member]
    ) -> None:
        self._servers = servers
        self._there = there
        self.members = members
        self._sending: set[asyncio.Task[None]] = set()

    async def steps(self, steps: list[Step]) -> None:
        """Do all steps, and wait for what they send."""
        for name, number in steps:
            await getattr(self, name)(number)
            await asyncio.sleep(0.01)
        await asyncio.gather(*self._sending)

    async def group(self, number: int) -> None:
        """Begin to send to a group."""
        self._send(self._there.group_send(GROUPS[number], {}), self.members[: number + 1])

    async def direct(self, number: int) -> None:
        """Begin to send to a member."""
        member = self.members[number]
        self._send(self._there.send(member.channel, {}), [member])

    async def read(self, number: int) -> None:
        """Let a member read."""
        self.members[number].read()

    async def wait(self, number: int) -> None:
        """Let tenths of a second pass."""
        await asyncio.sleep(number / 10)

    async def cut(self, number: int) -> None:
        """Cut the connections of a server."""
        self._servers[number].away = None
        self._servers[number].cut()

    async def go(self, number: int) -> None:
        """Take a server away."""
        self._servers[number].away = ConnectionError("away")
        self._servers[number].cut()

    async def back(self, number: int) -> None:
        """Let a server return."""
        self._servers[number].away = None

    def _send(self, sending: Coroutine[Any, Any, None], receivers: list[Member]) -> None:
        self._sending.add(asyncio.create_task(self._sent(sending, receivers)))

    async def _sent(self, sending: Coroutine[Any, Any, None], receivers: list[Member]) -> None:
        try:
            await sending
        except RedisConnectionError:
            for member in receivers:
                member.unsure += 1
        else:
            for member in receivers:
                member.sent += 1


async def balances(
    monkeypatch: pytest.MonkeyPatch,
    kind: type[RedisPubSubChannelLayer],
    overflow: Overflow,
    steps: list[Step],
) -> None:
    """Do all steps, let the servers return, and compare what was sent with what became of it."""
    servers = [FakeServer(), FakeServer()]
    hosts = on_fakes(monkeypatch, *servers)
    async with kind(hosts, capacity=3, overflow=overflow, expiry=1e6) as here, kind(hosts) as there:
        members = [Member(here, await here.new_channel()) for _ in range(3)]
        for place, member in enumerate(members):
            for group in GROUPS[place:]:
                await here.group_add(group, member.channel)
        await Run(servers, there, members).steps(steps)
        for server in servers:
            server.away = None
        await asyncio.sleep(60)
        for member in members:
            member.read()

        stats = here.stats()
        assert stats.waiting == stats.expired == 0
        assert stats.taken == sum(member.got for member in members)
        assert stats.sent == stats.taken + stats.discarded
        assert stats.gaps >= sum(member.outages for member in members)
        assert set(stats.connected.values()) == {True}
        for member in members:
            member.balances(overflow, there.stats().unheard)
        if overflow != "close":
            assert stats.dropped_full == sum(member.lost for member in members)
            assert stats.discarded == 0


@pytest.mark.property
@pytest.mark.parametrize("kind", [RedisPubSubChannelLayer, RedisChannelLayer])
@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest", "close"])
def test_the_account_balances(
    monkeypatch: pytest.MonkeyPatch, kind: type[RedisPubSubChannelLayer], overflow: Overflow
) -> None:
    """What a server has taken was received, or its receiver was told: of an outage, or how many it missed."""

    @settings(deadline=None)
    @given(st.lists(STEPS, max_size=40))
    @example([("group", 3)] * 10)
    @example(
        [("group", 3)] * 5
        + [("cut", 0)]
        + [("group", 3)] * 5
        + [("read", 0), ("cut", 1)]
        + [("group", 2)] * 5
    )
    @example([("go", 0), ("group", 0), ("group", 1), ("group", 2), ("group", 3), ("back", 0), ("group", 1)])
    def balance(steps: list[Step]) -> None:
        in_virtual_time(balances)(monkeypatch, kind, overflow, steps)

    balance()
