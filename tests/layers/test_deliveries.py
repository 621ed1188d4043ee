"""One delivery for each event loop: which one a channel belongs to, and how each of them ends."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from fast_channels.layers import process
from fast_channels.layers.delivery import owner
from tests.layers.conftest import soon
from tests.layers.fakes import FakeLayer


@asynccontextmanager
async def other_loop() -> AsyncGenerator[asyncio.AbstractEventLoop]:
    """An event loop that runs in another thread until the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    await asyncio.to_thread(thread.join)
    loop.close()


async def made_in(loop: asyncio.AbstractEventLoop, layer: FakeLayer) -> str:
    """Return a channel that was made in another event loop."""
    return await soon(asyncio.wrap_future(asyncio.run_coroutine_threadsafe(layer.new_channel(), loop)))


async def test_each_event_loop_has_a_transport_of_its_own() -> None:
    """It is used in that event loop only; all of them count together."""
    async with other_loop() as loop, FakeLayer() as layer:
        await layer.new_channel()
        await layer.new_channel()
        there = await made_in(loop, layer)
        assert len(layer.transports) == 2

        frame = b'{"__asgi_channel__": "%s"}' % there.encode()
        sending = layer.transports[1].receiver.deliver(f"app__inbox__!{owner(there)}", frame)
        await soon(asyncio.wrap_future(asyncio.run_coroutine_threadsafe(sending, loop)))

        assert layer.stats().sent == 1
        assert await soon(layer.receive(there)) == {}


async def test_a_channel_is_used_where_it_was_made() -> None:
    """The error says where that is, as far as it is known."""
    async with other_loop() as loop, FakeLayer() as layer, FakeLayer() as stranger:
        here, there = await layer.new_channel(), await made_in(loop, layer)
        strange = await stranger.new_channel()
        await layer.close_channel(here)

        reasons = {here: "it is closed", there: "another event loop", strange: "another process or layer"}
        for channel, why in reasons.items():
            with pytest.raises(RuntimeError, match=f"cannot be used here: .*{why}"):
                await layer.group_add("g", channel)
        with pytest.raises(RuntimeError, match="another process"):
            await layer.receive(strange)


async def test_a_closed_layer_has_ended_in_every_event_loop() -> None:
    """That of another thread is awaited; what comes after begins anew."""
    layer = FakeLayer()
    async with other_loop() as loop:
        await layer.new_channel()
        await made_in(loop, layer)

        await soon(layer.close())

        assert [transport.closed for transport in layer.transports] == [True, True]


async def test_what_ends_in_another_thread_is_not_awaited_when_its_loop_stops() -> None:
    """Nobody would ever say that it has ended; it ends when that loop is closed."""
    layer = FakeLayer()
    async with other_loop() as loop:
        await made_in(loop, layer)
        (transport,) = layer.transports
        transport.close_gate.clear()
        closing = asyncio.create_task(layer.close())
        await asyncio.to_thread(transport.closing.wait, 10)
        loop.call_soon_threadsafe(loop.stop)
        await soon(closing)
        assert not transport.closed
        transport.close_gate.set()

    assert transport.closed


def test_it_ends_with_its_event_loop() -> None:
    """Of a layer that nobody closes, too."""
    layer = FakeLayer()

    asyncio.run(layer.new_channel())

    assert layer.transports[0].closed
    assert layer.stats().connected == {}


async def test_a_forked_process_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts from 0, touches no connection of its parent, and its channels have other names."""
    async with FakeLayer() as layer:
        channel = await layer.new_channel()
        (transport,) = layer.transports
        transport.heard = False
        await layer.send(channel, {})
        transport.receiver.returned()
        with monkeypatch.context() as child:
            child.setattr(process, "_process_id", process.process_id() + 1)
            stats = layer.stats()
            name = await asyncio.to_thread(asyncio.run, layer.new_channel())
            async with other_loop() as loop:
                there = asyncio.run_coroutine_threadsafe(layer.close(), loop)
                await soon(asyncio.wrap_future(there))

        assert (stats.unheard, stats.outages, stats.connected) == (0, 0, {})
        assert owner(name).partition("-")[0] != owner(channel).partition("-")[0]
        assert not transport.closing.is_set()
