"""A layer of several processes is all of it but a transport: here over one that has nothing of Redis."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Unpack

import pytest

from fast_channels.layers.networked import NetworkedChannelLayer, Transport
from fast_channels.layers.redis.serializers import MsgPackSerializer
from fast_channels.testing.layer_contract import LayerOptions
from tests.layers.bus import Bus, BusLayer
from tests.layers.conftest import soon
from tests.layers.contract import ContractWithClock

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bus() -> Iterator[Bus]:
    """A bus that tests share."""
    with Bus() as bus:
        yield bus


class TestLayerOnABus(ContractWithClock):
    """A layer over some forty lines of somebody else's keeps every promise of a channel layer."""

    lacks = frozenset({"named_channels"})
    when_full = "drop_oldest"

    @pytest.fixture(autouse=True)
    def _bus(self, bus: Bus) -> None:
        self.port = bus.port

    def make_layer(self, **options: Unpack[LayerOptions]) -> BusLayer:
        """Return a layer on the bus that expires nothing by itself."""
        return BusLayer(self.port, **options, clock=self.clock)


async def test_groups_reach_another_process(bus: Bus) -> None:
    """In both directions, and its channels can be sent to."""
    async with BusLayer(bus.port) as layer:
        channel = await layer.new_channel()
        await layer.group_add("talk", channel)
        command = (sys.executable, "-m", "tests.layers.bus", str(bus.port), "talk")
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT)
        joined = await soon(layer.receive(channel))

        await layer.group_send("talk", {"type": "said", "text": "hello"})
        heard = [await soon(layer.receive(channel)) for _ in range(2)]
        await layer.send(joined["channel"], {"type": "ended"})

        assert await soon(process.wait()) == 0
    assert heard == [{"type": "said", "text": "hello"}, {"type": "answered", "text": "hello"}]


async def test_consumers_are_told_when_the_transport_is_back() -> None:
    """They may have missed something, and hear of it before anything else."""
    with Bus() as bus:
        async with BusLayer(bus.port) as layer:
            channel = await layer.new_channel()
            news = asyncio.Event()
            box = layer.listen(channel, news.set)
            assert box is not None
            box.hears_gaps = True
            await layer.send(channel, {"n": 1})
            await soon(news.wait())
            assert box.take() == {"n": 1}

            news.clear()
            bus.cut()
            await soon(news.wait())

            assert box.take() == {"type": "channel.gap", "reason": "outage", "lost": None}
            assert (layer.stats().outages, layer.stats().gaps) == (1, 1)
            news.clear()
            await layer.send(channel, {"n": 2})
            await soon(news.wait())
            assert box.take() == {"n": 2}


async def test_whoever_waits_for_the_bus_when_the_layer_is_closed_is_told() -> None:
    """Nobody waits for ever, or believes to have been cancelled."""
    layer = BusLayer(0)
    waiting = asyncio.create_task(layer.new_channel())
    await asyncio.sleep(0)

    await layer.close()

    with pytest.raises(ConnectionError, match="closed before there was a bus"):
        await waiting


async def test_a_layer_without_a_transport_says_what_it_lacks() -> None:
    """Its name, and that of the method."""

    class Unfinished(NetworkedChannelLayer[Transport]):
        pass

    layer = Unfinished(serializer=MsgPackSerializer())
    with pytest.raises(NotImplementedError, match=r"Unfinished does not implement open_transport\(\)"):
        await layer.new_channel()


async def test_names_of_addresses_are_no_names_of_channels() -> None:
    """A channel could otherwise be a group."""
    layer = BusLayer(0)
    with pytest.raises(TypeError, match="reserved for groups and inboxes on the transport"):
        await layer.send("asgi__group__g", {})


@pytest.mark.parametrize("prefix", [b"asgi", None])
def test_a_prefix_is_a_string(prefix: Any) -> None:
    """Bytes would be shown with their quotes in every name."""
    with pytest.raises(TypeError, match=f"prefix has to be a str, not {type(prefix).__name__}"):
        NetworkedChannelLayer[Transport](prefix, serializer=MsgPackSerializer())


async def test_code_without_an_event_loop_sends_over_any_transport(bus: Bus) -> None:
    """Its thread has a transport of its own, which ends with the layer."""
    async with BusLayer(bus.port) as layer:
        channel = await layer.new_channel()
        await layer.group_add("sync", channel)

        await asyncio.to_thread(layer.sync_group_send, "sync", {"n": 1})
        await asyncio.to_thread(layer.sync_send, channel, {"n": 2})

        assert [await soon(layer.receive(channel)) for _ in range(2)] == [{"n": 1}, {"n": 2}]
    assert layer.stats().connected == {}
