"""A channel layer beside a simple model of it, driven by hypothesis."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fast_channels.exceptions import ChannelFull
from fast_channels.layers import BaseChannelLayer
from fast_channels.type_defs import ChannelMessage

from ._bench import Bench, Subject, check, same, unique

T = TypeVar("T")

WhenFull: TypeAlias = Literal["raise", "drop_oldest", "drop_newest"]
"""What becomes of a message to a full channel: `ChannelFull` for the sender, or one message is lost."""

CHANNELS = st.integers(0, 2)
GROUPS = st.integers(0, 1)
SENDERS = st.integers(0, 1)
# No sum of the steps of time is the expiry: a message is clearly due, or clearly is not.
CAPACITY, EXPIRY, STEPS_OF_TIME = 3, 10.5, (1, 4, 10, 11)


class ModelSubject(Subject, Protocol):
    """What the model has to know of the layer besides."""

    @property
    def when_full(self) -> WhenFull:
        """What becomes of a message to a full channel."""
        ...

    @property
    def when_member_full(self) -> WhenFull:
        """What becomes of a message to a group for a full member."""
        ...

    @property
    def moves_time(self) -> bool:
        """Whether `pass_time()` takes no time."""
        ...

    async def pass_time(self, layer: BaseChannelLayer, seconds: float) -> None:
        """Return when some seconds have gone by for a layer."""
        ...


class Channel:
    """One channel in the model."""

    def __init__(self, layer: BaseChannelLayer, name: str) -> None:
        self.layer = layer
        self.name = name
        self.unread: deque[tuple[float, int]] = deque()
        self.receivers: list[asyncio.Task[ChannelMessage]] = []
        self.handed: list[int] = []

    def put(self, due: float, number: int, when_full: WhenFull) -> bool:
        """Take a message; return whether its sender is content."""
        if len(self.handed) < len(self.receivers):
            self.handed.append(number)
            return True
        if len(self.unread) >= CAPACITY:
            if when_full != "drop_oldest":
                return when_full == "drop_newest"
            self.unread.popleft()
        self.unread.append((due, number))
        return True


class LayerMachine(RuleBasedStateMachine):
    """Three channels, two groups and one or two layers, beside their model.

    After each step everything that was sent has arrived, so that the model need not know how long it takes.
    """

    def __init__(self, subject: ModelSubject) -> None:
        super().__init__()
        self.subject = subject
        self.runner = asyncio.Runner()
        self.bench = Bench(subject)
        self.senders: Sequence[BaseChannelLayer] = ()
        self.channels: list[Channel] = []
        self.groups = [unique("group"), unique("group")]
        self.members: list[set[Channel]] = [set(), set()]
        self.now = 0.0
        self.sent = 0

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Run a step, let everything arrive, and check who was served."""
        return self.runner.run(self._run(step))

    async def _run(self, step: Coroutine[Any, Any, T]) -> T:
        result = await step
        for channel in self.channels:
            await self._collect(channel)
        await self.bench.settle()
        return result

    async def _collect(self, channel: Channel) -> None:
        """Check that the messages that the model handed to receivers reached some, each another one."""
        got: list[Any] = []
        while channel.handed and len(got) < len(channel.handed):
            done, _ = await asyncio.wait(
                channel.receivers, timeout=self.subject.patience, return_when=asyncio.FIRST_COMPLETED
            )
            check(bool(done), f"a receiver that waited got nothing of the messages {channel.handed}")
            channel.receivers = [task for task in channel.receivers if task not in done]
            got += [task.result().get("n") for task in done]
        same(sorted(got), sorted(channel.handed), "what the waiting receivers of a channel got")
        channel.handed.clear()

    @initialize()
    def open(self) -> None:
        """Make the layers and the channels."""
        self.run(self._open())

    async def _open(self) -> None:
        self.senders = self.bench.pair(capacity=CAPACITY, expiry=EXPIRY)
        for index in range(3):
            layer = self.senders[index % 2]
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

    @rule(index=CHANNELS, by=SENDERS)
    def send(self, index: int, by: int) -> None:
        """A message goes to a receiver, or waits, or does not fit."""
        channel, message = self.channels[index], self.next_message()
        welcome = channel.put(self.now + EXPIRY, self.sent, self.subject.when_full)
        try:
            self.run(self.senders[by].send(channel.name, message))
        except ChannelFull:
            check(not welcome, f"send() raised ChannelFull with {len(channel.unread)} of {CAPACITY} unread")
        else:
            check(welcome, f"send() raised no ChannelFull with {CAPACITY} of {CAPACITY} unread")

    @precondition(lambda self: self.subject.has("groups"))
    @rule(index=GROUPS, by=SENDERS)
    def group_send(self, index: int, by: int) -> None:
        """A message goes to every member."""
        message = self.next_message()
        for channel in self.members[index]:
            channel.put(self.now + EXPIRY, self.sent, self.subject.when_member_full)
        self.run(self.senders[by].group_send(self.groups[index], message))

    @rule(index=CHANNELS)
    def receive(self, index: int) -> None:
        """A receiver gets the oldest message, or waits."""
        channel = self.channels[index]
        if channel.unread:
            _, number = channel.unread.popleft()
            message = self.run(self.bench.receive(channel.layer, channel.name))
            same(message, {"n": number}, "what receive() returned")
        else:
            channel.receivers.append(self.run(self.bench.start(channel.layer, channel.name)))

    @precondition(lambda self: any(channel.receivers for channel in self.channels))
    @rule(data=st.data(), message_first=st.booleans())
    def cancel(self, data: st.DataObject, message_first: bool) -> None:
        """A receiver is cancelled, perhaps when a message has just reached it."""
        channel = data.draw(st.sampled_from([channel for channel in self.channels if channel.receivers]))
        self.run(self._cancel_one(channel, message_first))

    async def _cancel_one(self, channel: Channel, message_first: bool) -> None:
        if message_first:
            await self.senders[0].send(channel.name, self.next_message())
        task = channel.receivers.pop()
        await _cancel([task])
        if not task.cancelled():
            same((task.result(), message_first), ({"n": self.sent}, True), "what a cancelled receiver got")
        elif message_first:
            channel.put(self.now + EXPIRY, self.sent, self.subject.when_full)

    @precondition(lambda self: self.subject.has("groups"))
    @rule(index=CHANNELS, group=GROUPS)
    def group_add(self, index: int, group: int) -> None:
        """A channel joins a group."""
        channel = self.channels[index]
        self.run(channel.layer.group_add(self.groups[group], channel.name))
        self.members[group].add(channel)

    @precondition(lambda self: self.subject.has("groups"))
    @rule(index=CHANNELS, group=GROUPS)
    def group_discard(self, index: int, group: int) -> None:
        """A channel leaves a group."""
        channel = self.channels[index]
        self.run(channel.layer.group_discard(self.groups[group], channel.name))
        self.members[group].discard(channel)

    @rule(index=CHANNELS)
    def close_channel(self, index: int) -> None:
        """A consumer ends, and another one begins."""
        self.run(self._replace(index))

    async def _replace(self, index: int) -> None:
        old = self.channels[index]
        await _cancel(old.receivers)
        await old.layer.close_channel(old.name)
        for members in self.members:
            members.discard(old)
        self.channels[index] = Channel(old.layer, await old.layer.new_channel())

    @precondition(lambda self: self.subject.has("flush"))
    @rule()
    def flush(self) -> None:
        """All messages and memberships go; receivers go on waiting."""
        self.run(self._flush())
        for channel in self.channels:
            channel.unread.clear()
        for members in self.members:
            members.clear()

    async def _flush(self) -> None:
        for layer in self.senders:
            await layer.flush()

    @precondition(lambda self: self.subject.moves_time)
    @rule(seconds=st.sampled_from(STEPS_OF_TIME))
    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.run(self.subject.pass_time(self.senders[0], seconds))
        self.now += seconds
        for channel in self.channels:
            while channel.unread and channel.unread[0][0] <= self.now:
                channel.unread.popleft()

    @invariant()
    def nobody_got_anything_else(self) -> None:
        """Who waits in the model waits."""
        got = [task.result() for channel in self.channels for task in channel.receivers if task.done()]
        check(not got, f"receivers for which there was no message got {got}")


async def _cancel(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
