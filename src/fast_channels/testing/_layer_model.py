"""A channel layer beside a simple model of it, driven by hypothesis."""

import asyncio
import operator
from collections import deque
from collections.abc import Coroutine, Sequence
from functools import reduce
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from fast_channels.exceptions import ChannelFull
from fast_channels.layers import BaseChannelLayer
from fast_channels.layers.mailbox import Mailbox
from fast_channels.layers.stats import MailStats
from fast_channels.type_defs import ChannelMessage

from ._bench import Bench, LayerHooks, WhenFull, check, number_of, same, unique

T = TypeVar("T")

CHANNELS = st.integers(0, 1)
GROUPS = st.integers(0, 1)
SENDERS = st.integers(0, 1)
# No sum of the steps of time is the expiry: a message is clearly due, or clearly is not.
CAPACITY, EXPIRY, STEPS_OF_TIME = 3, 10.5, (1, 4, 10, 11)


class Channel:
    """One channel in the model."""

    def __init__(self, layer: BaseChannelLayer, name: str) -> None:
        self.layer = layer
        self.name = name
        self.unread: deque[tuple[float, int]] = deque()
        self.receivers: list[asyncio.Task[ChannelMessage]] = []
        self.handed: list[int] = []
        self.box: Mailbox | None = None
        self.told = self.to_be_told = 0

    @property
    def idle(self) -> bool:
        """Whether a receiver would have to wait, and not many do, and no consumer listens."""
        return not self.unread and len(self.receivers) < 2 and self.box is None

    def notify(self) -> None:
        """Count what the consumer is told."""
        self.told += 1

    def put(self, due: float, number: int, when_full: WhenFull) -> bool:
        """Take a message; return whether its sender is content."""
        if len(self.handed) < len(self.receivers):
            self.handed.append(number)
            return True
        if len(self.unread) >= CAPACITY:
            if when_full != "drop_oldest":
                return when_full == "drop_newest"
            # A consumer has been told of as many messages as there are.
            self.unread.popleft()
        elif self.box is not None:
            self.to_be_told += 1
        self.unread.append((due, number))
        return True


class LayerMachine(RuleBasedStateMachine):
    """Two channels, two groups and one or two layers, beside their model.

    After each step everything that was sent has arrived, so that the model need not know how long it takes.

    Attributes:
        subject: The layer.
    """

    subject: ClassVar[LayerHooks]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.bench = Bench(self.subject)
        self.senders: Sequence[BaseChannelLayer] = ()
        self.channels: list[Channel] = []
        self.groups = [unique("group"), unique("group")]
        self.members: list[set[Channel]] = [set(), set()]
        self.now = 0.0
        self.sent = 0
        self.sent_before_loss = 0
        self.closed: list[str] = []
        # What `stats()` has to add up to: once for each channel that a message was for.
        self.accepted = self.received = 0

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Run a step, let everything arrive, and check who was served."""
        return self.runner.run(self._run(step))

    async def _run(self, step: Coroutine[Any, Any, T]) -> T:
        result = await step
        for channel in self.channels:
            await self._collect(channel)
        await self.bench.settle()
        got = [task.result() for channel in self.channels for task in channel.receivers if task.done()]
        check(not got, f"receivers for which there was no message got {got}")
        for channel in self.channels:
            same(channel.told, channel.to_be_told, "how often a consumer was told of a message")
        self._balance()
        self.subject.examine(self.senders)
        return result

    def _balance(self) -> None:
        """Check that the counts of the layers, if they have some, account for every message."""
        counts = [stats for layer in dict.fromkeys(self.senders) if (stats := _stats(layer)) is not None]
        if counts:
            stats = reduce(operator.add, counts)
            lost = stats.expired + stats.discarded + stats.dropped_full + stats.unheard
            same(
                stats.waiting + lost,
                self.accepted - self.received,
                f"what was not received, according to stats(), {stats},",
            )

    async def _collect(self, channel: Channel) -> None:
        """Check that the messages that the model handed to receivers reached some, each another one."""
        got: list[Any] = []
        while channel.handed and len(got) < len(channel.handed):
            done, _ = await asyncio.wait(
                channel.receivers, timeout=self.subject.patience, return_when=asyncio.FIRST_COMPLETED
            )
            check(bool(done), f"a receiver that waited got nothing of the messages {channel.handed}")
            channel.receivers = [task for task in channel.receivers if task not in done]
            got += [number_of(task.result()) for task in done]
        self.received += len(got)
        same(sorted(got), sorted(channel.handed), "what the waiting receivers of a channel got")
        channel.handed.clear()

    @initialize()
    def open(self) -> None:
        """Make the layers and the channels."""
        self.run(self._open())

    async def _open(self) -> None:
        self.senders = self.bench.pair(capacity=CAPACITY, expiry=EXPIRY)
        for layer in self.senders:
            self.channels.append(Channel(layer, await layer.new_channel()))

    def teardown(self) -> None:
        """Close the layers."""
        try:
            self.runner.run(self._close())
        finally:
            self.runner.close()

    async def _close(self) -> None:
        async with self.bench:
            for channel in self.channels:
                await _cancel(channel.receivers)

    def next_message(self) -> dict[str, int]:
        """Return a message with a number that no other has."""
        self.sent += 1
        return {"n": self.sent}

    # Preconditions; hypothesis would read the source of a lambda again and again.

    def has_groups(self) -> bool:
        """Whether there are groups."""
        return self.subject.has("groups")

    def has_unread(self) -> bool:
        """Whether a message waits."""
        return any(channel.unread for channel in self.channels)

    def has_idle(self) -> bool:
        """Whether somebody could wait."""
        return any(channel.idle for channel in self.channels)

    def has_receivers(self) -> bool:
        """Whether somebody waits."""
        return any(channel.receivers for channel in self.channels)

    def has_consumers(self) -> bool:
        """Whether a consumer listens."""
        return any(channel.box is not None for channel in self.channels)

    def has_closed(self) -> bool:
        """Whether a channel was closed."""
        return bool(self.closed)

    def has_something_to_lose(self) -> bool:
        """Whether there was time for things to happen since a rule has thrown them away."""
        return self.sent >= self.sent_before_loss + 4

    def has_something_to_flush(self) -> bool:
        """Whether there is anything, and a method, to flush it."""
        return self.subject.has("flush") and self.has_something_to_lose()

    def moves_time(self) -> bool:
        """Whether time is for the test to move."""
        return self.subject.moves_time

    # Rules

    @rule(index=CHANNELS, by=SENDERS)
    def send(self, index: int, by: int) -> None:
        """A message goes to a receiver, or waits, or the channel is full."""
        channel, message = self.channels[index], self.next_message()
        welcome = channel.put(self.now + EXPIRY, self.sent, self.subject.when_full)
        self.accepted += welcome
        try:
            self.run(self.senders[by].send(channel.name, message))
        except ChannelFull:
            check(not welcome, f"send() raised ChannelFull with fewer than {CAPACITY} messages unread")
        else:
            check(welcome, f"send() raised no ChannelFull with {CAPACITY} messages unread, the capacity")

    @precondition(has_groups)
    @rule(index=GROUPS, by=SENDERS)
    def group_send(self, index: int, by: int) -> None:
        """A message goes to every member."""
        message = self.next_message()
        for channel in self.members[index]:
            channel.put(self.now + EXPIRY, self.sent, self.subject.when_member_full)
            self.accepted += 1
        self.run(self.senders[by].group_send(self.groups[index], message))

    @precondition(has_unread)
    @rule(index=CHANNELS)
    def receive(self, index: int) -> None:
        """A receiver gets the oldest message."""
        channel = self.channels[index]
        if channel.unread:
            _, number = channel.unread.popleft()
            self.received += 1
            message = self.run(self.bench.receive(channel.layer, channel.name))
            same(message, {"n": number}, "what receive() returned")

    @precondition(has_idle)
    @rule(index=CHANNELS)
    def begin_to_receive(self, index: int) -> None:
        """A receiver waits."""
        if self.channels[index].idle:
            self.run(self._begin_to_receive(self.channels[index]))

    async def _begin_to_receive(self, channel: Channel) -> None:
        channel.receivers.append(await self.bench.start(channel.layer, channel.name))

    @precondition(has_receivers)
    @rule(index=CHANNELS, message_first=st.booleans(), turns=st.integers(0, 2))
    def cancel(self, index: int, message_first: bool, turns: int) -> None:
        """A receiver is cancelled, perhaps when a message is just about to reach it."""
        if self.channels[index].receivers:
            self.run(self._cancel_one(self.channels[index], message_first, turns))

    async def _cancel_one(self, channel: Channel, message_first: bool, turns: int) -> None:
        task = channel.receivers.pop()
        # Whether a message is there before the cancellation is chance when it comes from a server. So it must
        # not matter to what follows, as it would if another receiver could get the message.
        alone = message_first and not channel.receivers
        if alone:
            await self.senders[0].send(channel.name, self.next_message())
            self.accepted += 1
            self.received += 1
        for _ in range(turns):
            await asyncio.sleep(0)
        await _cancel([task])
        if not task.cancelled():
            same((task.result(), alone), ({"n": self.sent}, True), "what a cancelled receiver got")
        elif alone:
            message = await self.bench.receive(channel.layer, channel.name)
            same(message, {"n": self.sent}, "what was received after a cancellation")

    @precondition(has_groups)
    @rule(index=CHANNELS, group=GROUPS)
    def group_add(self, index: int, group: int) -> None:
        """A channel joins a group."""
        channel = self.channels[index]
        self.run(channel.layer.group_add(self.groups[group], channel.name))
        self.members[group].add(channel)

    @precondition(has_groups)
    @rule(index=CHANNELS, group=GROUPS)
    def group_discard(self, index: int, group: int) -> None:
        """A channel leaves a group."""
        channel = self.channels[index]
        self.run(channel.layer.group_discard(self.groups[group], channel.name))
        self.members[group].discard(channel)

    @precondition(has_something_to_lose)
    @rule(index=CHANNELS)
    def close_channel(self, index: int) -> None:
        """A consumer ends, receivers on its channel fail, and another consumer begins."""
        self.sent_before_loss = self.sent
        self.run(self._replace(index))

    async def _replace(self, index: int) -> None:
        old = self.channels[index]
        await old.layer.close_channel(old.name)
        for task in old.receivers:
            await self.bench.fails(task, "a receive() whose channel was closed")
        self.closed = [old.name]
        for members in self.members:
            members.discard(old)
        self.channels[index] = Channel(old.layer, await old.layer.new_channel())

    @precondition(has_closed)
    @rule(by=SENDERS)
    def send_to_a_closed_channel(self, by: int) -> None:
        """A message is lost, and that is known."""
        self.accepted += 1
        self.run(self.senders[by].send(self.closed[0], self.next_message()))

    @rule(index=CHANNELS)
    def listen(self, index: int) -> None:
        """A consumer listens, if the layer can push, and is told of what waits already."""
        channel = self.channels[index]
        if channel.box is None and not channel.receivers:
            self.run(self._listen(channel))

    async def _listen(self, channel: Channel) -> None:
        channel.box = channel.layer.listen(channel.name, channel.notify)
        if channel.box is not None:
            # Some of what waits may be due.
            channel.to_be_told = len(channel.box)

    @precondition(has_consumers)
    @rule(index=CHANNELS)
    def take(self, index: int) -> None:
        """A consumer takes the oldest message, if there is one."""
        channel = self.channels[index]
        if channel.box is not None:
            expected = {"n": channel.unread.popleft()[1]} if channel.unread else None
            same(channel.box.take(), expected, "what a consumer took")
            self.received += expected is not None

    @precondition(has_something_to_flush)
    @rule()
    def flush(self) -> None:
        """All messages and memberships go; receivers go on waiting."""
        self.sent_before_loss = self.sent
        self.run(self._flush())
        for channel in self.channels:
            channel.unread.clear()
        for members in self.members:
            members.clear()

    async def _flush(self) -> None:
        for layer in self.senders:
            await layer.flush()

    @precondition(moves_time)
    @rule(seconds=st.sampled_from(STEPS_OF_TIME))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.run(self.subject.pass_time(self.senders[0], seconds))
        self.now += seconds
        for channel in self.channels:
            while channel.unread and channel.unread[0][0] <= self.now:
                channel.unread.popleft()


def _stats(layer: BaseChannelLayer) -> MailStats | None:
    """Return the counts of a layer, if it has those of the layers of this package."""
    count: object = getattr(layer, "stats", None)
    stats: object = count() if callable(count) else None
    return stats if isinstance(stats, MailStats) else None


async def _cancel(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
