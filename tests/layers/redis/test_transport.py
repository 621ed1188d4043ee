"""Redis' publish and subscribe as the transport of a layer, on servers that a test controls."""

import asyncio
import logging
from functools import partial
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from fast_channels.layers.delivery import owner
from fast_channels.layers.redis import RedisPubSubChannelLayer
from fast_channels.layers.redis.hosts import consistent_hash
from fast_channels.layers.redis.transport import open_pool
from tests.layers.redis.virtual import FakeServer, on_fakes, until
from tests.virtual_time import in_virtual_time


class Fakes:
    """Layers on servers that a test controls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.servers = [FakeServer(), FakeServer()]
        self._hosts = on_fakes(monkeypatch, *self.servers)

    def layer(self, servers: int = 1) -> RedisPubSubChannelLayer:
        """Return a layer on the first server, or on both."""
        return RedisPubSubChannelLayer([*self._hosts[:servers]])


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> Fakes:
    """Two servers."""
    return Fakes(monkeypatch)


@in_virtual_time
async def test_a_message_is_for_the_members_and_for_the_channel_that_it_names(
    fakes: Fakes,
) -> None:
    """Groups by their name in Redis, channels by the inbox of their loop."""
    layer = fakes.layer()
    one, two = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("g", one)
    await layer.group_add("g", two)

    await layer.group_send("g", {"n": 1})
    await layer.send(two, {"n": 2})

    assert await layer.receive(one) == {"n": 1}
    assert [await layer.receive(two) for _ in "ab"] == [{"n": 1}, {"n": 2}]
    assert ("SUBSCRIBE", f"asgi__inbox__!{owner(one)}") in fakes.servers[0].commands
    assert ("SUBSCRIBE", "asgi__group__g") in fakes.servers[0].commands
    await layer.close()


@in_virtual_time
async def test_a_group_is_left_with_its_last_member(fakes: Fakes) -> None:
    """By whatever ends its memberships; whoever joins later subscribes again."""
    layer = fakes.layer()
    commands = fakes.servers[0].commands
    one, two = await layer.new_channel(), await layer.new_channel()
    for channel in (one, two):
        await layer.group_add("g", channel)

    await layer.group_discard("g", one)
    await layer.group_discard("g", one)
    assert ("UNSUBSCRIBE", "asgi__group__g") not in commands
    await layer.close_channel(two)
    await until(lambda: ("UNSUBSCRIBE", "asgi__group__g") in commands)

    await layer.group_add("g", one)
    assert commands.count(("SUBSCRIBE", "asgi__group__g")) == 2
    await layer.close()


@in_virtual_time
async def test_a_membership_that_the_server_refuses_does_not_exist(fakes: Fakes) -> None:
    """Of all who ask for it at the same time."""
    layer, server = fakes.layer(), fakes.servers[0]
    channel = await layer.new_channel()
    server.answers["SUBSCRIBE"] = ResponseError("no")
    outcomes = await asyncio.gather(*(layer.group_add("g", channel) for _ in "ab"), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ResponseError] * 2

    del server.answers["SUBSCRIBE"]
    await layer.group_send("g", {"n": 1})
    await layer.send(channel, {"n": 2})
    assert await layer.receive(channel) == {"n": 2}
    await layer.close()


@in_virtual_time
async def test_only_those_whom_an_outage_concerns_are_told(fakes: Fakes) -> None:
    """Of several servers, each carries some groups and inboxes."""
    layer = fakes.layer(servers=2)
    channel = await layer.new_channel()
    inbox = consistent_hash(f"asgi__inbox__!{owner(channel)}", 2)
    group = next(
        name for name in map("g{}".format, range(99)) if consistent_hash(f"asgi__group__{name}", 2) != inbox
    )
    idle, member, deaf = channel, await layer.new_channel(), await layer.new_channel()
    told: list[str] = []
    for name in (idle, member, deaf):
        box = layer.listen(name, partial(told.append, name))
        assert box is not None
        box.hears_gaps = name != deaf
    await layer.group_add(group, member)
    await layer.group_add(group, deaf)

    fakes.servers[1 - inbox].cut()
    await until(lambda: layer.stats().outages == 1)
    assert told == [member]
    fakes.servers[inbox].cut()
    await until(lambda: layer.stats().outages == 2)

    assert sorted(told) == sorted([member, idle])
    assert layer.stats().gaps == 2
    await layer.close()


@in_virtual_time
async def test_frames_that_are_no_messages_harm_nobody(
    fakes: Fakes, caplog: pytest.LogCaptureFixture
) -> None:
    """They are counted, and each kind of mistake is logged once."""
    layer, server = fakes.layer(), fakes.servers[0]
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    with caplog.at_level(logging.WARNING):
        for frame in (b"\xc1", b"\xc1", b"\x93\x01\x02\x03", b"Q", b"\x80\x80"):
            server.publish("asgi__group__g", frame)
        server.publish(f"asgi__inbox__!{owner(channel)}", b"\x80")
        await layer.group_send("g", {"n": 1})
        assert await layer.receive(channel) == {"n": 1}

    assert layer.stats().undecodable == 6
    assert 1 <= sum("is dropped" in message for message in caplog.messages) < 6
    await layer.close()


@in_virtual_time
async def test_what_was_on_its_way_when_a_group_was_left_is_no_mistake(fakes: Fakes) -> None:
    """Nobody here is concerned any more."""
    layer, server = fakes.layer(), fakes.servers[0]
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    server.publish("asgi__group__g", layer.serialize({"n": 1}))
    server.publish("worker", b"")
    await layer.group_discard("g", channel)

    await layer.send(channel, {"n": 2})
    assert await layer.receive(channel) == {"n": 2}
    assert layer.stats().undecodable == 0
    await layer.close()


@in_virtual_time
async def test_servers_that_are_not_used_are_not_connected(fakes: Fakes) -> None:
    """And none is after the end."""
    layer = fakes.layer(servers=2)
    assert layer.stats().connected == {}
    await layer.group_send("g", {})

    used = consistent_hash("asgi__group__g", 2)
    assert layer.stats().connected == {f"fake{used}:6379": True}
    waiting = asyncio.create_task(layer.receive(await layer.new_channel()))
    await asyncio.sleep(0)
    await layer.close()
    assert layer.stats().connected == {}
    with pytest.raises(RedisConnectionError, match="was closed"):
        await waiting


def test_a_pool_says_how_long_a_command_waits() -> None:
    """The link watches over silence by itself."""
    pool: Any
    pool, timeout = open_pool({"address": "redis://a?socket_timeout=2"})
    assert (timeout, pool.connection_kwargs["socket_timeout"]) == (2, None)
    assert open_pool({"host": "a"})[1] == 5


async def test_a_connection_listens_before_it_says_anything_of_itself() -> None:
    """A server that takes no more clients is heard; what it has been told first would take its words away."""
    heard: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.write(b"-ERR max number of clients reached\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        address = {"address": f"redis://{host}:{port}", "socket_timeout": 0.05}
        async with RedisPubSubChannelLayer([address]) as layer:
            with pytest.raises(RedisConnectionError, match="max number of clients reached"):
                await layer.group_send("g", {"type": "x"})

    assert set(heard) == {b"*1\r\n$4\r\nPING\r\n"}
