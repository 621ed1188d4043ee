"""Queues for workers, as far as they are not in Redis: what is taken, kept, and given back."""

import asyncio
import gc
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.redis import RedisChannelLayer, queue
from fast_channels.layers.redis.queue import STATES, Move, State
from fast_channels.layers.redis.stored_queue import Entry, StoredQueue
from tests.layers.redis.queue_server import QueueServer
from tests.layers.redis.virtual import on_fakes, until
from tests.virtual_time import in_virtual_time

KEY = "asgi__queue__!{work}"


@pytest.fixture
def server() -> QueueServer:
    """A server with queues."""
    return QueueServer()


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch, server: QueueServer) -> RedisChannelLayer:
    """A layer on that server."""
    return RedisChannelLayer(on_fakes(monkeypatch, server), capacity=2)


@in_virtual_time
async def test_a_message_is_taken_when_somebody_waits(layer: RedisChannelLayer, server: QueueServer) -> None:
    """As many as are waited for, and in their order."""
    await layer.send("work", {"n": 1})
    await layer.send("work", {"n": 2})
    with pytest.raises(ChannelFull, match="'work' is full"):
        await layer.send("work", {"n": 3})

    assert await layer.receive("work") == {"n": 1}
    assert len(server.entries) == 1
    assert await layer.receive("work") == {"n": 2}
    waiting = asyncio.create_task(layer.receive("work"))
    await asyncio.sleep(1)
    await layer.send("work", {"n": 3})
    assert await waiting == {"n": 3}
    await layer.close()


@in_virtual_time
async def test_a_queue_that_is_woken_while_it_begins_to_ask_asks_once_at_a_time(
    layer: RedisChannelLayer, server: QueueServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in an eager task, whose first step runs before anybody else knows of the task."""
    asking: list[int] = []
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    take = StoredQueue.take

    async def woken_take(stored: StoredQueue, count: int) -> tuple[int, list[Entry]]:
        asking.append(count)
        if len(asking) == 1:
            # As the server would, if it had something to say at this moment.
            layer._deliveries.here().signals[KEY].wake()  # pyright: ignore[reportPrivateUsage]  # nobody else can
        return await take(stored, count)

    monkeypatch.setattr(StoredQueue, "take", woken_take)
    await layer.send("work", {"n": 1})

    assert await layer.receive("work") == {"n": 1}

    await layer.close()
    gc.collect()
    assert asking == [1]
    assert failures == []


@in_virtual_time
async def test_what_is_no_message_is_counted_and_the_next_one_taken(
    layer: RedisChannelLayer, server: QueueServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever waits still waits, and the log says once what is thrown away."""
    server.entries += [(60_000, b"?"), (60_000, b"!"), (60_000, layer.serialize({"n": 1}))]

    assert await layer.receive("work") == {"n": 1}

    assert server.entries == []
    assert layer.stats().undecodable == 2
    assert [record.message for record in caplog.records if "is dropped" in record.message] != []
    await layer.close()


@in_virtual_time
async def test_what_was_taken_for_those_who_left_goes_back(
    layer: RedisChannelLayer, server: QueueServer
) -> None:
    """To its place before those that were sent later, with the time that it has left."""
    waiting = asyncio.create_task(layer.receive("work"))
    await until(lambda: server.taken() == 1)
    server.silent.add("EVAL")
    server.entries.append((5000, layer.serialize({"n": 1})))
    server.publish(KEY, b"")
    await until(lambda: server.taken() == 2)
    waiting.cancel()
    server.silent.clear()
    reply = server.run_script(next(c for c in reversed(server.commands) if c[0] == "EVAL"))
    server.entries.append((60_000, layer.serialize({"n": 2})))
    server.connections[0].say(reply)

    await until(lambda: len(server.entries) == 2)
    assert server.entries[0] == (5000, layer.serialize({"n": 1}))
    assert [await layer.receive("work") for _ in "ab"] == [{"n": 1}, {"n": 2}]
    assert layer.stats().unreturned == 0
    await layer.close()


@in_virtual_time
async def test_an_answer_that_was_lost_is_asked_for_again(
    layer: RedisChannelLayer, server: QueueServer
) -> None:
    """The server has given the message away, and gives it again for the same receipt."""
    waiting = asyncio.create_task(layer.receive("work"))
    await until(lambda: server.taken() == 1)
    await asyncio.sleep(1)
    server.silent.add("EVAL")
    server.entries.append((60_000, layer.serialize({"n": 1})))
    server.publish(KEY, b"")
    await until(lambda: server.taken() == 2)
    server.run_script(next(c for c in reversed(server.commands) if c[0] == "EVAL"))
    assert server.entries == []

    server.silent.clear()
    server.cut()
    assert await waiting == {"n": 1}
    await layer.close()


@in_virtual_time
async def test_a_server_that_refuses_is_asked_again(
    layer: RedisChannelLayer, server: QueueServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker goes on when it may again, and the log says what was wrong."""
    server.refuses["_take"] = ResponseError("no memory")
    server.entries.append((60_000, layer.serialize({"n": 1})))
    waiting = asyncio.create_task(layer.receive("work"))
    await asyncio.sleep(5)
    assert "messages of channel 'work' cannot be taken, trying again: ResponseError: no memory" in caplog.text

    server.refuses.clear()
    assert await waiting == {"n": 1}
    await layer.close()


@in_virtual_time
async def test_what_cannot_go_back_is_counted(
    layer: RedisChannelLayer, server: QueueServer, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log says how many messages of which channel may be lost."""
    await layer.group_add("g", "work")
    waiting = asyncio.create_task(layer.receive("work"))
    await until(lambda: server.taken() == 1)
    waiting.cancel()
    await asyncio.sleep(0.1)
    await layer.group_send("g", {"n": 1})
    await until(lambda: layer.stats().waiting == 1)
    server.refuses["_return"] = ResponseError("no")

    await layer.close_channel("work")

    assert layer.stats().unreturned == 1
    assert "1 messages of channel 'work' may be lost" in caplog.text
    await layer.close()


@in_virtual_time
async def test_a_server_that_does_not_answer_delays_the_end_by_a_second(
    layer: RedisChannelLayer, server: QueueServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Then the log says that messages may be lost with it."""
    waiting = asyncio.create_task(layer.receive("work"))
    await until(lambda: server.taken() == 1)
    await asyncio.sleep(1)
    server.silent.add("EVAL")
    server.publish(KEY, b"")
    await until(lambda: server.taken() == 2)
    loop = asyncio.get_running_loop()

    began = loop.time()
    await layer.close()

    assert loop.time() - began == pytest.approx(queue.CLOSE_SECONDS, abs=0.1)
    assert "messages of channel 'work' may be lost: Redis does not answer" in caplog.text
    with pytest.raises(RedisConnectionError, match="was closed"):
        await waiting


@pytest.mark.parametrize("silent", ["LLEN", "SUBSCRIBE"])
def test_whoever_receives_from_a_channel_that_is_closed_meanwhile_is_told(
    layer: RedisChannelLayer, server: QueueServer, silent: str
) -> None:
    """However far the connections are: no message would ever come, and nothing stays subscribed to."""

    @in_virtual_time
    async def closed() -> None:
        server.silent.add(silent)
        receiving = asyncio.create_task(layer.receive("work"))
        await until(lambda: silent in server.names())
        await layer.close_channel("work")
        server.silent.clear()
        server.connections[-1].say(0 if silent == "LLEN" else [b"subscribe", KEY.encode(), 1])

        with pytest.raises(RuntimeError, match=r"channel 'work' was closed while receive\(\) waited"):
            await receiving
        assert not any(connection.names for connection in server.connections)
        await layer.close()

    closed()


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_every_move_of_a_queue(state: State, move: Move) -> None:
    """Nothing opens it again, and it is asked once at a time."""
    follows = {
        (State.OPEN, Move.ASK): State.TAKING,
        (State.OPEN, Move.CLOSE): State.CLOSED,
        (State.TAKING, Move.ANSWER): State.OPEN,
        (State.TAKING, Move.CLOSE): State.CLOSING,
        (State.CLOSING, Move.ANSWER): State.CLOSED,
        (State.CLOSING, Move.CLOSE): State.CLOSING,
        (State.CLOSED, Move.ASK): State.CLOSING,
        (State.CLOSED, Move.CLOSE): State.CLOSED,
    }

    assert STATES[state].get(move) == follows.get((state, move))
