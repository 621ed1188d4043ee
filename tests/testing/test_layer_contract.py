"""The contract kit accepts layers that keep their promises, and says of others which promise they break."""

import asyncio
import gc
import json
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, Unpack
from weakref import WeakKeyDictionary

import pytest
from hypothesis import Phase, settings

from fast_channels.layers import BaseChannelLayer, InMemoryChannelLayer
from fast_channels.layers.mailbox import Mailbox
from fast_channels.layers.values import Snapshot
from fast_channels.testing.layer_contract import (
    BrokenPromise,
    Capability,
    ChannelLayerContract,
    LayerOptions,
)
from tests.layers.conftest import Clock
from tests.testing.tiny_layer import Backend, Letter, TinyLayer

Message = dict[str, Any]


class TinyContract(ChannelLayerContract):
    """The contract, for layers that share a backend, one for each event loop, and a clock."""

    clock: ClassVar[Clock] = Clock()
    backends: ClassVar[WeakKeyDictionary[asyncio.AbstractEventLoop, Backend]] = WeakKeyDictionary()

    @property
    def backend(self) -> Backend:
        """The backend of the event loop that runs."""
        return self.backends.setdefault(asyncio.get_running_loop(), Backend())

    def make_layer(self, **options: Unpack[LayerOptions]) -> BaseChannelLayer:
        """Return a layer on the backend that all share."""
        return TinyLayer(self.backend, self.clock, **options)

    async def pass_time(self, layer: BaseChannelLayer, seconds: float) -> None:
        """Move the clock."""
        self.clock.now += seconds

    def search(self) -> settings:
        """Layers are not what these tests search for faults."""
        return settings(super().search(), max_examples=20)


# Layers that keep their promises


class TestLayerOfSomebodyElse(TinyContract):
    """A layer that can only be asked passes, and so do two of them on one backend."""

    lacks = frozenset({"several_loops"})


class TestLayerThatDropsTheOldest(TinyContract):
    """A layer that refuses nothing and keeps the newest messages passes when it says so."""

    when_full = "drop_oldest"

    def make_layer(self, **options: Unpack[LayerOptions]) -> BaseChannelLayer:
        """Return a layer without ChannelFull."""
        return TinyLayer(None, self.clock, "drop_oldest", **options)

    lacks = frozenset({"several_layers", "several_loops"})


class TestLayerThatDropsTheNewest(TinyContract):
    """A layer that refuses nothing and keeps the oldest messages passes when it says so."""

    when_full = "drop_newest"
    when_member_full = "drop_newest"
    lacks = frozenset({"several_layers", "several_loops"})

    def make_layer(self, **options: Unpack[LayerOptions]) -> BaseChannelLayer:
        """Return a layer without ChannelFull."""
        return TinyLayer(None, self.clock, "drop_newest", **options)


class TestLayerInRealTime(ChannelLayerContract):
    """A layer that has nothing but its constructor passes: three lines, and one that saves a second."""

    lacks = frozenset({"several_layers"})
    smallest_expiry = 0.1

    def make_layer(self, **options: Unpack[LayerOptions]) -> InMemoryChannelLayer:
        """Return a memory layer with the clock of the machine."""
        return InMemoryChannelLayer(**options)


class Bare(BaseChannelLayer):
    """A layer without extensions, made of another one."""

    def __init__(self, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.layer = TinyLayer(**options)

    async def send(self, channel: str, message: Any) -> None:
        await self.layer.send(channel, message)

    async def receive(self, channel: str) -> Message:
        return await self.layer.receive(channel)

    async def new_channel(self, prefix: str = "specific.") -> str:
        return await self.layer.new_channel(prefix)

    async def close_channel(self, channel: str) -> None:
        await self.layer.close_channel(channel)

    async def close(self) -> None:
        await self.layer.close()


class TestLayerWithoutExtensions(ChannelLayerContract):
    """A layer that has no more than a layer must have passes when it says so."""

    lacks = frozenset({"groups", "flush", "named_channels", "several_layers", "several_loops"})
    smallest_expiry = 0.1

    def make_layer(self, **options: Unpack[LayerOptions]) -> BaseChannelLayer:
        """Return a layer without groups."""
        return Bare(**options)


def names_of_tests(contract: type[ChannelLayerContract]) -> set[str]:
    """Return the names of the tests that pytest finds in a class."""
    return {name for name in dir(contract) if name.startswith("test_") and callable(getattr(contract, name))}


def test_what_a_layer_lacks_is_not_tested() -> None:
    """The tests of a capability are there exactly if the layer has it."""
    everything, bare = names_of_tests(ChannelLayerContract), names_of_tests(TestLayerWithoutExtensions)

    assert bare < everything
    assert not any("group" in name or "flush" in name or "named" in name for name in bare)
    assert names_of_tests(TestLayerInRealTime) == everything - {"test_one_layer_ends_alone"}


def test_a_layer_that_has_forgotten_what_it_lacks_is_told() -> None:
    """A method of an extension that is not there is a broken promise, with advice."""

    class Contract(TestLayerWithoutExtensions):
        lacks = frozenset({"several_layers"})
        test_a_group_may_be_empty = ChannelLayerContract.test_a_group_may_be_empty

    text = complaint(Contract, "test_a_group_may_be_empty")

    assert "NotImplementedError: Bare does not implement group_send()" in text
    assert text.endswith("says so in `lacks` of its test class.")


def test_a_contract_without_a_layer_is_told() -> None:
    """Whoever forgets `make_layer()` reads so."""

    class TestForgetful(ChannelLayerContract):
        pass

    assert "TestForgetful.make_layer() returns a new layer" in complaint(
        TestForgetful, "test_a_message_needs_no_content"
    )


# Layers that break one promise each

A_SEQUENCE_OF_STEPS = r"(?s:.)*state\.open\(\)\n(?s:.)*state\.teardown\(\)"

Layer = TypeVar("Layer", bound=type[BaseChannelLayer])
BROKEN: list[tuple[str, type[BaseChannelLayer], str]] = []


def breaks(test: str, how: str) -> Callable[[Layer], Layer]:
    """Note which test a layer fails, and with what words."""

    def note(layer: Layer) -> Layer:
        BROKEN.append((f"test_{test}", layer, how))
        return layer

    return note


class BrokenContract(TinyContract):
    """The contract, for layers that keep one promise less, without long waits and searches."""

    patience = 0.05
    layer: ClassVar[Any]
    phases: ClassVar[list[Phase]]

    def make_layer(self, **options: Unpack[LayerOptions]) -> BaseChannelLayer:
        """Return a layer that breaks a promise."""
        kind: type[BaseChannelLayer] = self.layer
        if issubclass(kind, TinyLayer):
            return kind(self.backend, self.clock, **options)
        return kind(**options)

    def search(self) -> settings:
        """Any counter-example will do."""
        return settings(
            super().search(), max_examples=100, phases=self.phases, database=None, derandomize=True
        )


def contract_of(layer: type[BaseChannelLayer], test: str) -> type[ChannelLayerContract]:
    """Return the contract of a layer, which claims to have everything that a test needs."""
    lacks = frozenset[Capability]() if "one_layer" in test else frozenset({"several_layers"})
    pass_time = getattr(layer, "pass_time", BrokenContract.pass_time)
    # hypothesis takes minutes to print a nested message that it was not allowed to shrink.
    phases = [Phase.generate, *([Phase.shrink] if "any_message" in test else [])]
    names = {"layer": layer, "lacks": lacks, "pass_time": pass_time, "phases": phases}
    return type("Contract", (BrokenContract,), names)


def complaint(contract: type[ChannelLayerContract], test: str) -> str:
    """Return what the author of a layer reads when a test fails."""
    with pytest.raises(BrokenPromise) as caught:
        getattr(contract(), test)()
    return str(caught.value)


def promise(test: str) -> str:
    """Return the promise behind a test."""
    return " ".join((getattr(ChannelLayerContract, test).__doc__ or "").split())


@breaks("a_message_reaches_its_channel", "the message of channel 2 was .*'n': 0")
class MixesChannels(TinyLayer):
    """Puts all messages for a process into one place."""

    def waiting(self, channel: str) -> list[Letter]:
        return super().waiting(self.non_local_name(channel))


@breaks("a_message_reaches_its_channel", r"receive\('specific.*'\) did not return within 0.05 s")
class LosesMessages(TinyLayer):
    """Loses whatever nobody waits for."""

    def store(self, letters: list[Letter], letter: Letter) -> None:
        pass


@breaks("a_message_needs_no_content", "KeyError: 'type'")
class WantsTypes(TinyLayer):
    """Takes no message without a type."""

    async def send(self, channel: str, message: Any) -> None:
        assert message["type"]


@breaks("a_message_needs_no_content", "TimeoutError: 1 s is too long")
class RaisesTimeoutError(TinyLayer):
    """Has no time at all."""

    async def receive(self, channel: str) -> Message:
        raise TimeoutError("1 s is too long")


@breaks("a_message_needs_no_content", "OSError: connection lost")
class NeverCloses(TinyLayer):
    """Fails in the end."""

    async def close(self) -> None:
        raise OSError("connection lost")


@breaks("a_message_arrives_once", "the next message after all expected ones was {'n': 1}")
@breaks("the_layer_does_what_its_model_does", A_SEQUENCE_OF_STEPS)
class Duplicates(TinyLayer):
    """Delivers at least once."""

    def store(self, letters: list[Letter], letter: Letter) -> None:
        letters += [letter, letter]


@breaks("messages_of_a_sender_arrive_in_order", r"the order was \[49, 48, 47")
@breaks("the_layer_does_what_its_model_does", A_SEQUENCE_OF_STEPS)
class Reorders(TinyLayer):
    """Puts the newest message first."""

    def store(self, letters: list[Letter], letter: Letter) -> None:
        letters.insert(0, letter)


@breaks("senders_keep_their_order_among_others", "the order of one of three senders was")
class Overtakes(TinyLayer):
    """Lets messages overtake each other on their way when there are many of them."""

    async def send(self, channel: str, message: Any) -> None:
        await asyncio.sleep(0)
        await super().send(channel, message)

    def store(self, letters: list[Letter], letter: Letter) -> None:
        letters.insert(len(letters) // 2, letter)


@breaks("a_waiting_receiver_gets_the_next_message", r"receive\(\) ended .*TimeoutError")
class TimesOut(TinyLayer):
    """Has a client library with a time-out."""

    pass_time = ChannelLayerContract.pass_time

    async def receive(self, channel: str) -> Message:
        return await asyncio.wait_for(super().receive(channel), 0.02)


@breaks("a_message_goes_to_one_receiver", r"what the three receivers got was \[0, 0, 0\]")
class TellsEverybody(TinyLayer):
    """Takes a channel for a topic."""

    async def receive(self, channel: str) -> Message:
        while not (letters := self.waiting(channel)):
            arrival = self.backend.arrivals.setdefault(channel, asyncio.Event())
            arrival.clear()
            await arrival.wait()
        return letters[0][1].copy()


@breaks("a_named_channel_keeps_messages_for_its_readers", "did not return")
class LosesUnread(TinyLayer):
    """Keeps messages only for channels that it has made, as publishing and subscribing do."""

    def store(self, letters: list[Letter], letter: Letter) -> None:
        if any("!" in name and self.backend.unread[name] is letters for name in self.backend.unread):
            super().store(letters, letter)


@breaks(
    "a_channel_holds_its_capacity", r"the messages refused with ChannelFull was \[\], and should.* \[3, 4\]"
)
@breaks("the_layer_does_what_its_model_does", A_SEQUENCE_OF_STEPS)
class HasNoCapacity(TinyLayer):
    """Holds any number of messages."""

    def get_capacity(self, channel: str) -> int:
        return 10_000


@breaks("a_channel_holds_its_capacity", "ChannelFull: ")
@breaks("the_layer_does_what_its_model_does", A_SEQUENCE_OF_STEPS)
class CountsForTheLayer(TinyLayer):
    """Has one capacity for all channels of a process together."""

    def get_capacity(self, channel: str) -> int:
        others = sum(len(letters) for name, letters in self.backend.unread.items() if name != channel)
        return super().get_capacity(channel) - others


@breaks("a_channel_that_is_read_has_room_again", "ChannelFull: ")
class CountsWhatWasTaken(TinyLayer):
    """Never forgets a message that it has counted."""

    def __init__(self, *arguments: Any, **options: Unpack[LayerOptions]) -> None:
        super().__init__(*arguments, **options)
        self.taken = 0

    def get_capacity(self, channel: str) -> int:
        return super().get_capacity(channel) - self.taken

    def take(self, channel: str) -> Message | None:
        message = super().take(channel)
        self.taken += message is not None
        return message


@breaks("capacities_may_differ", r"was \[\[\], \[\]\], and should have been \[\[1\], \[\]\]")
class IgnoresPatterns(TinyLayer):
    """Knows one capacity."""

    def get_capacity(self, channel: str) -> int:
        return self.capacity


@breaks("a_full_member_hinders_nobody", "ChannelFull: ")
class FailsForOneMember(TinyLayer):
    """Lets a full member end the delivery to the group."""

    async def group_send(self, group: str, message: Any) -> None:
        for channel in self.members(group):
            self.put(channel, self.pack(message), "raise")


@breaks("an_old_message_is_thrown_away", "ChannelFull: ")
@breaks("an_old_message_to_a_group_is_thrown_away", "after one that had expired was {'n': 1}")
@breaks("the_layer_does_what_its_model_does", A_SEQUENCE_OF_STEPS)
class ForgetsExpiry(TinyLayer):
    """Keeps messages for ever."""

    def pack(self, message: Any) -> Letter:
        return float("inf"), super().pack(message)[1]


@breaks("a_message_to_a_group_reaches_its_members", r"receive\('specific.*'\) did not return")
class TellsTheFirst(TinyLayer):
    """Reaches one member only."""

    async def group_send(self, group: str, message: Any) -> None:
        for channel in self.members(group)[:1]:
            self.put(channel, self.pack(message), "drop_newest")


@breaks("a_message_to_a_group_reaches_its_members", "next message after all expected ones was {'n': 0}")
class TellsStrangers(TinyLayer):
    """Reaches channels that are in no group."""

    def __init__(self, *arguments: Any, **options: Unpack[LayerOptions]) -> None:
        super().__init__(*arguments, **options)
        self.known: list[str] = []

    async def new_channel(self, prefix: str = "specific.") -> str:
        name = await super().new_channel(prefix)
        self.known.append(name)
        return name

    async def group_send(self, group: str, message: Any) -> None:
        for channel in dict.fromkeys([*self.members(group), *self.known]):
            self.put(channel, self.pack(message), "drop_newest")


@breaks("a_member_misses_nothing", "did not return within")
class JoinsLater(TinyLayer):
    """Returns from `group_add()` before the membership is there."""

    async def group_add(self, group: str, channel: str) -> None:
        asyncio.get_running_loop().call_soon(self.members(group).append, channel)


@breaks("joining_twice_is_joining_once", "the next message after all expected ones was {'n': 1}")
@breaks("the_layer_does_what_its_model_does", A_SEQUENCE_OF_STEPS)
class CountsJoins(TinyLayer):
    """Has a member twice."""

    async def group_add(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)
        self.members(group).append(channel)


@breaks("a_discarded_member_gets_nothing", "was {'n': 1}, and should have been {'n': 2}")
class KeepsMembers(TinyLayer):
    """Lets nobody leave."""

    async def group_discard(self, group: str, channel: str) -> None:
        self.require_valid_group_name(group)
        self.require_valid_channel_name(channel)


@breaks("leaving_without_having_joined_is_no_error", "ValueError: list.remove")
class InsistsOnMembers(TinyLayer):
    """Takes the end of a membership that is not there for a mistake."""

    async def group_discard(self, group: str, channel: str) -> None:
        self.members(group).remove(channel)


@breaks("a_group_may_be_empty", "KeyError: ")
class InsistsOnGroups(TinyLayer):
    """Takes a message to nobody for a mistake."""

    async def group_send(self, group: str, message: Any) -> None:
        assert self.backend.groups[group]


@breaks("a_group_may_be_empty", "the first message to the new member was {'n': 1}")
class KeepsForGroups(TinyLayer):
    """Gives a new member what was sent before."""

    history: ClassVar[list[tuple[str, Letter]]] = []

    async def group_send(self, group: str, message: Any) -> None:
        self.history.append((group, self.pack(message)))
        await super().group_send(group, message)

    async def group_add(self, group: str, channel: str) -> None:
        await super().group_add(group, channel)
        for old_group, letter in self.history:
            if old_group == group:
                self.put(channel, letter, "drop_oldest")


@breaks("a_group_and_a_channel_may_have_the_same_name", "the message to the group was {'n': 1}")
class MixesNames(TinyLayer):
    """Sends to a group if there is one with the name of the channel."""

    async def send(self, channel: str, message: Any) -> None:
        await super().send(channel, message)
        if self.members(channel):
            await self.group_send(channel, message)


@breaks("valid_names_of_channels_are_accepted", "TypeError: Channel name must be")
@breaks("valid_names_of_groups_are_accepted", "TypeError: Group name must be")
class RefusesLongNames(TinyLayer):
    """Has less room for names than other layers."""

    MAX_NAME_LENGTH = 64


@breaks(
    "other_names_of_channels_are_refused", r"send\('x{100}'\) was accepted, and should have raised TypeError"
)
@breaks("other_names_of_groups_are_refused", r"group_add\('x{100}', ...\) was accepted")
class AcceptsLongNames(TinyLayer):
    """Has more room for names than other layers."""

    MAX_NAME_LENGTH = 200


@breaks(
    "other_names_of_channels_are_refused",
    r"send\(''\) raised ValueError \(no name\), and should have raised T",
)
class RaisesOtherErrors(TinyLayer):
    """Has its own error for wrong names."""

    def require_valid_channel_name(self, name: str, receive: bool = False) -> bool:
        try:
            return super().require_valid_channel_name(name, receive)
        except TypeError:
            raise ValueError("no name") from None


@breaks("other_names_of_channels_are_refused", r"receive\(''\) raised BrokenPromise")
class ReceivesOnAnything(TinyLayer):
    """Checks names only when it sends."""

    async def receive(self, channel: str) -> Message:
        while (message := self.take(channel)) is None:
            await asyncio.Event().wait()
        return message


@breaks("new_channels_have_names_of_their_own", "the number of different names of 1000 was 1,")
class RepeatsNames(TinyLayer):
    """Gives everybody the same channel."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        return f"{prefix}!same"


@breaks("new_channels_have_names_of_their_own", "has no part of its own behind a '!'")
class MakesSharedNames(TinyLayer):
    """Gives channels that do not belong to a process."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        return (await super().new_channel(prefix)).replace("!", ".")


@breaks("new_channels_have_names_of_their_own", 'does not begin with "chat"')
class IgnoresPrefixes(TinyLayer):
    """Gives every channel the same beginning."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        return await super().new_channel()


@breaks("prefixes_that_lead_to_no_name_are_refused", r"new_channel\(''\) was accepted")
class AcceptsPrefixes(TinyLayer):
    """Makes a name of any beginning."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        return f"{prefix}!{id(object())}"


class Coded(TinyLayer):
    """Base of layers with a codec of their own."""

    def carry(self, message: Any) -> Any:
        """Return a message as it is after its journey."""
        return message

    def pack(self, message: Any) -> Letter:
        return self.clock() + self.expiry, Snapshot(self.carry(message))


@breaks("values_arrive_as_plain_values", "TypeError: Object of type bytes is not JSON serializable")
@breaks("any_message_arrives_as_it_was_written", "TypeError: ")
class SpeaksJson(Coded):
    """Carries what JSON can carry."""

    def carry(self, message: Any) -> Any:
        return json.loads(json.dumps(message))


@breaks("values_arrive_as_plain_values", "a message with a bytearray was .*bytearray")
@breaks("other_values_are_refused", "a message with a set was accepted, and should have raised TypeError")
@breaks("other_values_are_refused_for_groups", "a message with a set was accepted")
class CarriesAnything(Coded):
    """Carries the objects themselves."""

    def carry(self, message: Any) -> Any:
        return dict(message)


@breaks(
    "values_arrive_as_plain_values", r"booleans was {'value': \[1, 0\]}, and should have been .*True, False"
)
class HasNoBooleans(TinyLayer):
    """Stores booleans as numbers."""

    def take(self, channel: str) -> Message | None:
        message = super().take(channel)
        if message is not None and message.get("value") == [True, False]:
            message["value"] = [1, 0]
        return message


@breaks("other_values_are_refused", "the next message after all expected ones was {}")
class SendsFirst(TinyLayer):
    """Refuses a message when it has been sent."""

    async def send(self, channel: str, message: Any) -> None:
        try:
            await super().send(channel, message)
        except (TypeError, ValueError):
            self.put(channel, self.pack({}), "drop_newest")
            raise


@breaks("a_channel_event_is_sent_as_its_message", "TypeError: ")
class KnowsNoModels(TinyLayer):
    """Takes mappings only."""

    async def send(self, channel: str, message: Any) -> None:
        await super().send(channel, {**message})


@breaks("a_sender_may_change_its_message", "'eve'")
class KeepsReferences(Coded):
    """Copies the outermost mapping of a message when it is sent, and no more."""

    def carry(self, message: Any) -> Any:
        return {**message}

    def take(self, channel: str) -> Message | None:
        return super().take(channel)


class _Shared:
    def __init__(self, message: Message) -> None:
        self.own: Callable[[], Message] = lambda: message


@breaks("receivers_share_nothing", "which another member has changed for itself was .*'eve'")
class SharesMessages(TinyLayer):
    """Gives all members the same message."""

    def pack(self, message: Any) -> Letter:
        due, contents = super().pack(message)
        shared: Any = _Shared(contents.copy())
        return due, shared


@breaks(
    "a_cancelled_receiver_loses_nothing", "did not return|what arrived in spite of 1000 cancellations was"
)
class LosesOnCancel(TinyLayer):
    """Awaits something while it has a message in its hands."""

    async def receive(self, channel: str) -> Message:
        message = await super().receive(channel)
        await asyncio.sleep(0)
        return message


@breaks(
    "the_message_of_a_cancelled_receiver_goes_to_another",
    r"a receive\(\) beside a cancelled one did not",
)
class WakesOne(TinyLayer):
    """Wakes one receiver, and no other one when that one has been cancelled."""

    def __init__(self, *arguments: Any, **options: Unpack[LayerOptions]) -> None:
        super().__init__(*arguments, **options)
        self.waiters: dict[str, list[asyncio.Future[None]]] = {}

    async def receive(self, channel: str) -> Message:
        while (message := self.take(channel)) is None:
            waiter = asyncio.get_running_loop().create_future()
            self.waiters.setdefault(channel, []).append(waiter)
            await waiter
        return message

    async def send(self, channel: str, message: Any) -> None:
        await super().send(channel, message)
        waiters = self.waiters.get(channel)
        if waiters:
            waiters.pop(0).set_result(None)


@breaks(
    "cancelled_receivers_of_a_named_channel_change_no_order",
    "what five cancelled receivers left of ten messages was",
)
class PutsBackLast(TinyLayer):
    """Appends what a cancelled receiver had in its hands to what waits."""

    async def receive(self, channel: str) -> Message:
        message = await super().receive(channel)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.put(channel, self.pack(message), "drop_newest")
            raise
        return message


class Deaf(InMemoryChannelLayer):
    """Base of layers that consumers listen to."""


@breaks("a_listening_consumer_is_told_of_each_message", "the notice of message 2 did not return")
class ForgetsToTell(Deaf):
    """Tells a consumer of nothing that was there before it."""

    def listen(self, channel: str, notify: Callable[[], None]) -> Mailbox:
        box = super().listen(channel, lambda: None)
        box.notify = notify
        return box


@breaks("a_listening_consumer_is_told_of_each_message", "after its channel was closed")
class TellsForEver(Deaf):
    """Goes on telling a consumer that is gone."""

    async def close_channel(self, channel: str) -> None:
        """Keep the consumer."""


@breaks("a_closed_channel_forgets_its_messages", "the closed channel still delivered {'n': 1}")
class KeepsUnread(TinyLayer):
    """Ends the memberships of a channel only."""

    async def close_channel(self, channel: str) -> None:
        letters = self.waiting(channel)
        await super().close_channel(channel)
        self.backend.unread[channel] = letters
        self.own.add(channel)


@breaks("a_closed_channel_forgets_its_messages", "KeyError: ")
class ClosesOnce(TinyLayer):
    """Takes closing again for a mistake."""

    async def close_channel(self, channel: str) -> None:
        del self.backend.unread[channel]


@breaks("a_closed_channel_is_in_no_group", "the closed channel still delivered {'n': 1}")
class LeaksMembers(TinyLayer):
    """Leaves a closed channel in its groups."""

    async def close_channel(self, channel: str) -> None:
        self.backend.unread.pop(channel, None)


@breaks("a_receiver_of_a_closed_channel_fails", "a receive.. whose channel was closed did not return within")
@breaks("a_receiver_of_a_closed_layer_fails", "a receive.. whose layer was closed did not return within")
class LetsThemWait(TinyLayer):
    """Tells nobody of an end."""

    def wake(self, channel: str) -> None:
        pass


@breaks("a_closed_channel_joins_no_group", "group_add.. of a closed channel returned None, and should have")
@breaks("a_channel_of_another_layer_is_served_or_refused", "of another layer did not return within")
class TakesAnyChannel(TinyLayer):
    """Thinks that every channel is its own, and open."""

    def __init__(self, backend: Backend | None, *arguments: Any, **options: Unpack[LayerOptions]) -> None:
        super().__init__(Backend(), *arguments, **options)

    def require_open(self, channel: str) -> None:
        pass


@breaks("a_channel_of_an_ended_loop_is_served_or_refused", "of an ended loop did not return within")
class ForgetsWithTheLoop(TinyLayer):
    """Loses what was sent in another event loop."""

    def store(self, letters: list[Letter], letter: Letter) -> None:
        if self.backend is BrokenContract().backend:
            super().store(letters, letter)


@breaks("a_layer_closes_at_any_time", r"close\(\) left these tasks running: {<Task pending")
class LeavesTasks(TinyLayer):
    """Has something going on after its end."""

    async def close(self) -> None:
        self.task = asyncio.create_task(asyncio.Event().wait())


@breaks(
    "a_layer_closes_at_any_time", r"close\(\) of a layer that was never used did not return within 0.05 s"
)
class ClosesNever(TinyLayer):
    """Waits for its receivers."""

    async def close(self) -> None:
        await asyncio.Event().wait()


@breaks("a_layer_closes_at_any_time", "RuntimeError: closed already")
class ClosesTheLayerOnce(TinyLayer):
    """Takes closing again for a mistake."""

    closed = False

    async def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        self.closed = True


@breaks("flush_throws_messages_away", "the next message after all expected ones was {'n': 1}")
@breaks("flush_ends_memberships", "the next message after all expected ones was {'n': 1}")
class FlushesNothing(TinyLayer):
    """Has a `flush()` that does nothing."""

    async def flush(self) -> None:
        pass


@breaks("flush_throws_messages_away", r"a receive\(\) from before flush\(\) did not return")
class FlushesReceivers(TinyLayer):
    """Forgets who waits."""

    async def flush(self) -> None:
        await super().flush()
        self.backend.arrivals.clear()


@breaks("one_layer_ends_alone", r"receive\('specific.*'\) did not return")
class EndsTogether(TinyLayer):
    """Takes the messages of other layers with it."""

    async def close(self) -> None:
        await self.flush()


@breaks("one_layer_ends_alone", "did not return")
class ReachesNobody(TinyLayer):
    """Claims to reach other layers, and has a backend of its own."""

    def __init__(self, backend: Backend | None, *arguments: Any, **options: Unpack[LayerOptions]) -> None:
        super().__init__(Backend(), *arguments, **options)


@breaks("event_loops_of_several_threads_share_a_layer", "RuntimeError: attached to another loop")
class KnowsOneLoop(TinyLayer):
    """Claims to serve several event loops, and has the connections of one."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        if self.backend is not BrokenContract().backend:
            raise RuntimeError("attached to another loop")
        return await super().new_channel(prefix)


@pytest.mark.parametrize(
    ("test", "layer", "how"), BROKEN, ids=[f"{layer.__name__}-{test}" for test, layer, _ in BROKEN]
)
def test_a_broken_promise_is_named(test: str, layer: type[BaseChannelLayer], how: str) -> None:
    """The author of a layer that breaks a promise reads which one it is, and what happened instead."""
    text = complaint(contract_of(layer, test), test)

    first, _, rest = text.partition("\n")
    assert first == f"A channel layer promises: {promise(test)}"
    assert pytest.RaisesExc(BrokenPromise, match=f"^But .*({how})").matches(BrokenPromise(rest))


def test_a_receiver_that_failed_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """The event loop does not log, some time later and amid another test, what the test has said."""
    test = "test_a_waiting_receiver_gets_the_next_message"
    complaint(contract_of(TimesOut, test), test)
    gc.collect()

    assert caplog.messages == []


def test_every_promise_is_broken_by_some_layer() -> None:
    """There is no test in the kit that nothing can fail."""
    assert {test for test, _, _ in BROKEN} == names_of_tests(ChannelLayerContract)
