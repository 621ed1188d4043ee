"""What a layer of several processes holds for one event loop, on a transport that a test controls."""

import asyncio
import logging
from functools import partial

import pytest

from fast_channels.layers.delivery import Delivery, owner
from fast_channels.layers.rounds import PER_TURN
from tests.layers.conftest import soon
from tests.layers.fakes import FakeLayer, FakeTransport


def inbox(channel: str) -> str:
    """Return the address of the event loop in which a channel was made."""
    return f"app__inbox__!{owner(channel)}"


async def joining(layer: FakeLayer) -> tuple[str, FakeTransport, asyncio.Task[None]]:
    """Return a channel, its transport, and who waits there for a membership in the group "g"."""
    channel = await layer.new_channel()
    (transport,) = layer.transports
    transport.gate.clear()
    adding = asyncio.create_task(layer.group_add("g", channel))
    await asyncio.sleep(0)
    return channel, transport, adding


async def test_channels_share_an_inbox_and_groups_have_addresses_of_their_own() -> None:
    """A frame for an inbox names its channel; one for a group or a named channel does not."""
    async with FakeLayer() as layer:
        one, two = await layer.new_channel(), await layer.new_channel()
        (transport,) = layer.transports
        await layer.group_add("g", one)
        await layer.send(two, {"n": 1})
        await layer.group_send("g", {"n": 2})
        await layer.send("jobs", {"n": 3})

        assert transport.calls == [
            ("subscribe", inbox(one)),
            ("subscribe", inbox(one)),
            ("subscribe", "app__group__g"),
        ]
        assert transport.published == [
            (inbox(two), b'{"n": 1, "__asgi_channel__": "%s"}' % two.encode()),
            ("app__group__g", b'{"n": 2}'),
            ("jobs", b'{"n": 3}'),
        ]


async def test_a_message_that_nobody_hears_is_counted() -> None:
    """As far as the transport knows."""
    async with FakeLayer() as layer:
        await layer.group_send("g", {})
        layer.transports[0].heard = False

        await layer.send("jobs", {})
        await layer.group_send("g", {})

        assert layer.stats().unheard == 1


async def test_each_frame_reaches_whom_it_is_for() -> None:
    """The members of a group, a channel of an inbox, a named channel that is received from."""
    async with FakeLayer() as layer:
        one, two = await layer.new_channel(), await layer.new_channel()
        (transport,) = layer.transports
        waiting = asyncio.create_task(layer.receive("jobs"))
        for channel in (one, two):
            await layer.group_add("g", channel)
        await asyncio.sleep(0)

        deliver = transport.receiver.deliver
        await deliver("app__group__g", b'{"n": 1}')
        await deliver(inbox(two), b'{"n": 2, "__asgi_channel__": "%s"}' % two.encode())
        await deliver("jobs", b'{"n": 3}')

        assert await soon(layer.receive(one)) == {"n": 1}
        assert [await soon(layer.receive(two)) for _ in range(2)] == [{"n": 1}, {"n": 2}]
        assert await soon(waiting) == {"n": 3}
        assert layer.stats().sent == layer.stats().taken == 4


async def test_what_waits_for_a_named_channel_can_be_read_whether_or_not_there_is_a_connection() -> None:
    """It is subscribed to once, until it is closed."""
    async with FakeLayer() as layer:
        receiving = asyncio.create_task(layer.receive("jobs"))
        await asyncio.sleep(0)
        (transport,) = layer.transports
        for n in range(2):
            await transport.receiver.deliver("jobs", b'{"n": %d}' % n)
        transport.away = ConnectionError("gone")

        assert [await soon(receiving), await soon(layer.receive("jobs"))] == [{"n": 0}, {"n": 1}]
        await layer.close_channel("jobs")

        assert transport.calls == [("subscribe", "jobs"), ("unsubscribe", "jobs")]
        with pytest.raises(ConnectionError, match="gone"):
            await layer.receive("jobs")


async def test_whoever_receives_from_a_channel_that_is_closed_meanwhile_is_told() -> None:
    """Before anything was subscribed to, too: no message would ever come."""
    async with FakeLayer() as layer:
        await layer.new_channel()
        (transport,) = layer.transports
        transport.gate.clear()
        receiving = asyncio.create_task(layer.receive("jobs"))
        await asyncio.sleep(0)
        await layer.close_channel("jobs")
        transport.gate.set()

        with pytest.raises(RuntimeError, match=r"channel 'jobs' was closed while receive\(\) waited"):
            await soon(receiving)


async def test_a_group_is_subscribed_to_while_it_has_members() -> None:
    """It is left with the last one, by whatever ends its membership."""
    async with FakeLayer() as layer:
        one, two = await layer.new_channel(), await layer.new_channel()
        calls = layer.transports[0].calls
        for channel in (one, two):
            await layer.group_add("g", channel)
        left = ("unsubscribe", "app__group__g")

        await layer.group_discard("g", one)
        assert left not in calls
        await layer.close_channel(two)
        assert calls.count(left) == 1
        await layer.group_add("g", one)
        await layer.flush()
        assert calls.count(left) == 2


async def test_a_membership_without_a_subscription_does_not_exist() -> None:
    """Whoever asked is told, and the group is left."""
    async with FakeLayer() as layer:
        channel = await layer.new_channel()
        (transport,) = layer.transports
        transport.away = ConnectionError("gone")

        with pytest.raises(ConnectionError, match="gone"):
            await layer.group_add("g", channel)

        assert transport.calls[-1] == ("unsubscribe", "app__group__g")
        await transport.receiver.deliver("app__group__g", b"{}")
        assert layer.stats().sent == 0


async def test_a_membership_survives_a_caller_who_is_not_the_only_one() -> None:
    """One who gives up, one who asks again while there is no connection."""
    async with FakeLayer() as layer:
        channel = await layer.new_channel()
        (transport,) = layer.transports
        transport.gate.clear()
        adding = [asyncio.create_task(layer.group_add("g", channel)) for _ in range(2)]
        await asyncio.sleep(0)
        adding[0].cancel()
        transport.gate.set()
        await soon(adding[1])
        transport.away = ConnectionError("gone")
        with pytest.raises(ConnectionError):
            await layer.group_add("g", channel)

        await transport.receiver.deliver("app__group__g", b'{"n": 1}')

        assert await soon(layer.receive(channel)) == {"n": 1}


async def test_a_membership_that_began_anew_is_not_ended_by_a_caller_of_before() -> None:
    """It has left the group and joined it again while the caller waited."""
    async with FakeLayer() as layer:
        channel, transport, adding = await joining(layer)
        await layer.group_discard("g", channel)
        again = asyncio.create_task(layer.group_add("g", channel))
        await asyncio.sleep(0)
        adding.cancel()
        await asyncio.wait([adding])
        transport.gate.set()
        await soon(again)

        await transport.receiver.deliver("app__group__g", b'{"n": 1}')

        assert await soon(layer.receive(channel)) == {"n": 1}


async def test_whoever_joins_with_a_channel_that_is_closed_meanwhile_is_told() -> None:
    """It is in no group."""
    async with FakeLayer() as layer:
        channel, transport, adding = await joining(layer)
        await layer.close_channel(channel)
        transport.gate.set()

        with pytest.raises(RuntimeError, match="it is closed"):
            await adding
        assert layer.delivery().memberships.members == {}


async def test_a_frame_that_is_no_message_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """It is counted, and each kind of mistake is logged once, unless its subscription has ended."""
    async with FakeLayer() as layer:
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        deliver = layer.transports[0].receiver.deliver
        with caplog.at_level(logging.WARNING, "fast_channels.layers"):
            for frame in (b"no JSON", b"neither", b"[]"):
                await deliver("app__group__g", frame)
            await deliver("app__group__other", b"no JSON")
            for target in (b"1", b'"specific.somebody!else"'):
                await deliver(inbox(channel), b'{"__asgi_channel__": %s}' % target)

        assert layer.stats().undecodable == 5
        assert len(caplog.messages) == 3
        assert all("is dropped" in message for message in caplog.messages)


async def test_a_frame_for_a_channel_that_is_closed_is_counted() -> None:
    """Its sender could not know, and it is no mistake."""
    async with FakeLayer() as layer:
        channel = await layer.new_channel()
        await layer.close_channel(channel)
        deliver = layer.transports[0].receiver.deliver

        await deliver(inbox(channel), b'{"__asgi_channel__": "%s"}' % channel.encode())
        await deliver("jobs", b"{}")

        assert (layer.stats().unheard, layer.stats().undecodable, layer.stats().sent) == (1, 0, 0)


async def test_those_whom_an_outage_concerns_are_told() -> None:
    """By their channel or a group of theirs, if they want to know, and once until they have read it."""
    async with FakeLayer() as layer:
        idle, member, deaf = [await layer.new_channel() for _ in range(3)]
        told: list[str] = []
        for channel in (idle, member, deaf):
            box = layer.listen(channel, partial(told.append, channel))
            assert box is not None
            box.hears_gaps = channel != deaf
        await layer.group_add("g", member)
        await layer.group_add("g", deaf)
        returned = layer.transports[0].receiver.returned

        returned(lambda address: address == "app__group__g")
        assert told == [member]
        returned()

        assert told == [member, idle]
        assert (layer.stats().outages, layer.stats().gaps) == (2, 2)


class Bell:
    """Counts how often it is rung."""

    def __init__(self, delivery: Delivery[FakeTransport]) -> None:
        self.rung = 0
        self.closed_before_transport = False
        self._delivery = delivery

    def wake(self) -> None:
        """Count."""
        self.rung += 1

    async def close(self) -> None:
        """Note what is still there."""
        self.closed_before_transport = not self._delivery.transport.closed


async def test_a_signal_is_given_instead_of_frames_and_after_an_outage() -> None:
    """Whoever waits for it looks what has happened, and is closed while the transport still works."""
    async with FakeLayer() as layer:
        await layer.new_channel()
        delivery = layer.delivery()
        bell = delivery.signals["bell"] = Bell(delivery)

        await delivery.deliver("bell", b"")
        delivery.returned()

        assert (bell.rung, layer.stats().undecodable) == (2, 0)
    assert bell.closed_before_transport


async def test_the_end_of_a_layer_is_told_to_all_who_wait() -> None:
    """Its transport is closed; another begins when the layer is used again."""
    layer = FakeLayer()
    channel = await layer.new_channel()
    receiving = asyncio.create_task(layer.receive(channel))
    await asyncio.sleep(0)

    await layer.close()

    with pytest.raises(ConnectionError, match="the channel layer was closed"):
        await receiving
    assert layer.transports[0].closed
    assert layer.stats().connected == {}
    await layer.new_channel()
    assert layer.stats().connected == {"fake": True}
    await layer.close()
    assert len(layer.transports) == 2


async def test_a_transport_that_cannot_be_closed_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    """The layer ends all the same, and whoever waits is told."""
    layer = FakeLayer()
    receiving = asyncio.create_task(layer.receive(await layer.new_channel()))
    await asyncio.sleep(0)
    layer.transports[0].stuck = OSError("disk full")

    await soon(layer.close())

    with pytest.raises(ConnectionError):
        await receiving
    (record,) = caplog.records
    assert record.getMessage() == "FakeTransport of a FakeLayer could not be closed"
    assert record.exc_info is not None
    assert record.exc_info[1] is layer.transports[0].stuck


async def test_a_frame_for_many_members_comes_in_parts() -> None:
    """The event loop has its turn in between, and who leaves before its turn gets nothing."""
    async with FakeLayer() as layer:
        channels = [await layer.new_channel() for _ in range(2 * PER_TURN + 2)]
        told: list[str] = []
        for channel in channels:
            await layer.group_add("g", channel)
            layer.listen(channel, partial(told.append, channel))

        task = asyncio.create_task(layer.transports[0].receiver.deliver("app__group__g", b'{"n": 1}'))
        await asyncio.sleep(0)
        first = [*told]
        await layer.group_discard("g", channels[-1])
        await layer.close_channel(channels[-2])
        await soon(task)

        assert first == channels[:PER_TURN]
        assert told == channels[:-2]
        assert layer.stats().sent == 2 * PER_TURN
        assert channels[-2] not in layer.delivery().mailroom.boxes
