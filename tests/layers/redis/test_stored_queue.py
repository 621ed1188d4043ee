"""What waits in Redis: taken once and given back once, whatever becomes of the answers."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MovedError, ResponseError

from fast_channels.layers.redis import RedisPubSubChannelLayer
from fast_channels.layers.redis.stored_queue import Held, StoredQueue, put
from fast_channels.layers.redis.transport import Shard
from tests.layers.redis.queue_server import QueueServer
from tests.layers.redis.virtual import on_fakes, until
from tests.virtual_time import in_virtual_time

KEY = "jobs"


@pytest.fixture
def server() -> QueueServer:
    """A server with queues."""
    return QueueServer()


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch, server: QueueServer) -> RedisPubSubChannelLayer:
    """A layer on that server, whose connections are used."""
    return RedisPubSubChannelLayer(on_fakes(monkeypatch, server))


class Nobody:
    """Is told of nothing here."""

    async def deliver(self, address: str, frame: bytes) -> None:
        """Take a frame."""

    def returned(self, concerns: object = None, /) -> None:
        """Note a return."""


@asynccontextmanager
async def connected(layer: RedisPubSubChannelLayer) -> AsyncGenerator[tuple[Shard, StoredQueue]]:
    """The connections of a layer to its server, and a queue there."""
    transport = layer.open_transport(Nobody())
    shard = transport.shard(KEY)
    yield shard, StoredQueue(shard, KEY, "token")
    await transport.close()


@in_virtual_time
async def test_what_was_put_is_taken_in_its_order(
    layer: RedisPubSubChannelLayer, server: QueueServer
) -> None:
    """With the seconds that are left to it; no more than was asked for, and there may be less."""
    async with connected(layer) as (shard, queue):
        put_ones = [await put(shard, KEY, b"%d" % n, capacity=2, expiry=60) for n in range(3)]

        assert put_ones == [(True, 0), (True, 0), (False, 0)]
        assert await queue.take(1) == (0, [(60, b"0")])
        assert await queue.take(9) == (0, [(60, b"1")])
        assert await queue.take(9) == (0, [])


@in_virtual_time
async def test_what_is_given_back_is_the_first_again(
    layer: RedisPubSubChannelLayer, server: QueueServer
) -> None:
    """Once, also when the answer is lost and the script is sent again."""
    async with connected(layer) as (shard, queue):
        for n in range(2):
            await put(shard, KEY, b"%d" % n, capacity=9, expiry=60)
        _, taken = await queue.take(1)
        server.silent.add("EVAL")
        given = queue.give_back(taken)
        await until(lambda: server.scripts() == 4)
        server.run_script(server.commands[-1])
        server.silent.clear()
        server.cut()
        await given

        assert [frame for _, frame in server.entries] == [b"0", b"1"]


@in_virtual_time
async def test_an_answer_that_is_lost_is_owed_until_it_comes(
    layer: RedisPubSubChannelLayer, server: QueueServer
) -> None:
    """A server that refuses has given nothing away, unless it had before."""
    async with connected(layer) as (shard, queue):
        await put(shard, KEY, b"0", capacity=9, expiry=60)
        server.refuses["_take"] = ResponseError("OOM")
        with pytest.raises(ResponseError):
            await queue.take(1)
        after_refusal = queue.held

        del server.refuses["_take"]
        server.silent.add("EVAL")
        taking = asyncio.create_task(queue.take(1))
        await until(lambda: server.scripts() == 3)
        await shard.close()
        with pytest.raises(RedisConnectionError, match="is closed"):
            await taking
        assert (after_refusal, queue.held) == (Held.UNKNOWN, Held.OWED)


@in_virtual_time
async def test_what_is_owed_is_not_forgotten_when_the_queue_is_found(
    layer: RedisPubSubChannelLayer, server: QueueServer
) -> None:
    """Two that look for a queue at the same time may get their answers when messages are taken already."""
    async with connected(layer) as (shard, queue):
        server.silent.update({"LLEN", "EVAL"})
        finding = asyncio.create_task(queue.find())
        await until(lambda: "LLEN" in server.names())
        taking = asyncio.create_task(queue.take(1))
        await until(lambda: server.scripts() == 1)

        server.connections[0].say(0)
        await finding

        assert queue.held is Held.OWED
        await shard.close()
        with pytest.raises(RedisConnectionError, match="is closed"):
            await taking


@in_virtual_time
async def test_a_node_of_a_cluster_that_does_not_hold_the_queue(
    layer: RedisPubSubChannelLayer, server: QueueServer
) -> None:
    """Sender and worker are told what queues need; a node that holds it is asked once."""
    async with connected(layer) as (shard, queue):
        server.refuses["_put"] = MovedError("1 127.0.0.1:7001")
        length, server.answers["LLEN"] = server.answers["LLEN"], MovedError("1 127.0.0.1:7001")
        for step in (put(shard, KEY, b"", capacity=1, expiry=1), queue.find()):
            with pytest.raises(ResponseError, match="queues need a server without Redis Cluster"):
                await step

        server.answers["LLEN"] = length
        await queue.find()
        await queue.find()

        assert server.names().count("LLEN") == 2
