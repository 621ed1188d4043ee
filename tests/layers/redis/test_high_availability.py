"""Redis Sentinel and Redis Cluster."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from tests.layers.conftest import soon
from tests.layers.redis.listener import Listener, Load
from tests.layers.redis.proxy import Proxy
from tests.layers.redis.server import RedisServer, free_port, is_true, redis


@pytest.fixture
def sentinels(tmp_path: Path) -> Iterator[tuple[list[RedisServer], RedisServer]]:
    """Three Sentinels that watch over a master and a replica, and the master."""
    with ExitStack() as stack:
        master = stack.enter_context(RedisServer())
        stack.enter_context(RedisServer("--replicaof", "127.0.0.1", str(master.port)))
        watchers: list[RedisServer] = []
        for n in range(3):
            port = free_port()
            config = tmp_path / f"sentinel{n}.conf"
            config.write_text(
                f"port {port}\nbind 127.0.0.1\ndir {tmp_path}\n"
                f"sentinel monitor main 127.0.0.1 {master.port} 2\n"
                "sentinel down-after-milliseconds main 500\n"
                "sentinel failover-timeout main 2000\n"
            )
            watchers.append(
                stack.enter_context(RedisServer(config=config, port=port, ready="+monitor master main"))
            )
        yield watchers, master


async def test_sentinel_names_the_new_master(sentinels: tuple[list[RedisServer], RedisServer]) -> None:
    """When the master dies, messages flow through the new one, and the consumer is told of the gap."""
    watchers, master = sentinels

    async def everybody_knows_everybody() -> bool:
        for watcher in watchers:
            known = str((await watcher.run("INFO", "sentinel"))["master0"])
            if "'slaves': 1" not in known or "'sentinels': 3" not in known:
                return False
        return True

    await is_true(everybody_knows_everybody, 30)
    host = {"sentinels": [("127.0.0.1", w.port) for w in watchers], "master_name": "main"}
    async with RedisPubSubChannelLayer([host]) as layer:
        channel = await layer.new_channel()
        listener = Listener(layer, channel)
        await layer.group_add("g", channel)
        await layer.group_send("g", {"n": -1})
        await listener.message(n=-1)

        master.kill()
        load = Load(layer, "g", per_second=100)
        sending = asyncio.create_task(load.run(100_000))
        await listener.gap()
        sending.cancel()
        await load.finish()
        after = len(load.sent)
        await load.run(50)
        await load.finish()
        await layer.group_send("g", {"last": True})
        await listener.message(last=True)

        assert set(range(after, after + 50)) <= set(listener.numbers)
        assert len(listener.gaps) == 1


async def test_no_sentinel_is_forgotten(sentinels: tuple[list[RedisServer], RedisServer]) -> None:
    """One that could not be reached is asked again, when the one that could is away."""
    watchers, master = sentinels
    late, early = Proxy(watchers[0].port), Proxy(watchers[1].port)
    late.port = free_port()
    async with AsyncExitStack() as stack:
        async with early:
            host = {
                "sentinels": [("127.0.0.1", late.port), ("127.0.0.1", early.port)],
                "master_name": "main",
            }
            layer = await stack.enter_async_context(RedisPubSubChannelLayer([host]))
            # Both connections ask at the same time.
            channel, _ = await asyncio.gather(layer.new_channel(), layer.send("nobody", {}))
        await stack.enter_async_context(late)
        for kind in ("normal", "pubsub"):
            await master.run("CLIENT", "KILL", "TYPE", kind)

        message = asyncio.create_task(layer.receive(channel))
        async with asyncio.timeout(60):
            while not message.done():
                with suppress(RedisConnectionError):
                    await layer.send(channel, {"type": "x"})
        assert await message == {"type": "x"}


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[list[RedisServer]]:
    """Three nodes, each with a third of the slots."""
    with ExitStack() as stack:
        nodes: list[RedisServer] = []
        for n in range(3):
            folder = tmp_path / str(n)
            folder.mkdir()
            node = RedisServer("--cluster-enabled", "yes", "--dir", str(folder))
            nodes.append(stack.enter_context(node))
        for n, node in enumerate(nodes):
            first, last = n * 16384 // 3, (n + 1) * 16384 // 3 - 1
            await node.run("CLUSTER", "ADDSLOTS", *range(first, last + 1))
            await node.run("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
            await nodes[0].run("CLUSTER", "MEET", "127.0.0.1", node.port)

        async def all_agree() -> bool:
            # Each has a link of its own to each other, over which it passes on what is published.
            links = [str(await node.run("CLUSTER", "NODES")).count(" connected ") for node in nodes]
            states = [str(await node.run("CLUSTER", "INFO")) for node in nodes]
            return links == [3, 3, 3] and all("cluster_state:ok" in state for state in states)

        await is_true(all_agree, 60)
        await hear_each_other(nodes)
        yield nodes


async def hear_each_other(nodes: list[RedisServer]) -> None:
    """Return when each node has heard what was published at each: Valkey drops it until a link is known."""
    async with AsyncExitStack() as stack:
        ears: list[tuple[Any, set[bytes]]] = []
        for node in nodes:
            client = await stack.enter_async_context(redis.Redis.from_url(node.url))
            ear = await stack.enter_async_context(client.pubsub(ignore_subscribe_messages=True))
            await ear.subscribe("probe")
            ears.append((ear, set()))

        async def everybody_hears_everybody() -> bool:
            for n, node in enumerate(nodes):
                await node.run("PUBLISH", "probe", n)
            for ear, heard in ears:
                while (message := await ear.get_message(timeout=0.01)) is not None:
                    heard.add(message["data"])
            return all(len(heard) == len(nodes) for _, heard in ears)

        await is_true(everybody_hears_everybody, 60)


async def test_a_cluster_works_through_any_node(cluster: list[RedisServer]) -> None:
    """Processes may use different nodes; what one publishes, the cluster takes to all."""
    hosts: list[Any] = [[node.url] for node in cluster]
    layers = [RedisPubSubChannelLayer(host) for host in hosts]
    try:
        channels = [await layer.new_channel() for layer in layers]
        for layer, channel in zip(layers, channels, strict=True):
            await layer.group_add("g", channel)

        for n, sender in enumerate(layers):
            await sender.group_send("g", {"n": n})
            for layer, channel in zip(layers, channels, strict=True):
                assert await soon(layer.receive(channel)) == {"n": n}
            await sender.send(channels[(n + 1) % 3], {"direct": n})
            assert await soon(layers[(n + 1) % 3].receive(channels[(n + 1) % 3])) == {"direct": n}
    finally:
        for layer in layers:
            await layer.close()


async def test_a_cluster_has_no_queues(cluster: list[RedisServer]) -> None:
    """Each queue would be on one of the nodes only; the error says what works instead."""
    async with RedisChannelLayer([cluster[0].url]) as layer:
        names = [f"worker{n}" for n in range(20)]
        sent = await asyncio.gather(
            *(layer.send(name, {"type": "x"}) for name in names), return_exceptions=True
        )
        received = await soon(asyncio.gather(*map(layer.receive, names), return_exceptions=True))
        refused = [(one, other) for one, other in zip(sent, received, strict=True) if one is not None]
        assert refused
        for error in itertools.chain(*refused):
            assert isinstance(error, ResponseError)
            assert "queues need a server without Redis Cluster" in str(error)

        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        await layer.group_send("g", {"type": "x"})
        assert await soon(layer.receive(channel)) == {"type": "x"}
