"""Named channels as queues that wait for workers."""

import asyncio
import inspect
import logging
import math
import random
import socket
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from fast_channels import exceptions
from fast_channels.layers.redis import RedisChannelLayer, core, queue
from tests.layers.conftest import soon
from tests.layers.redis.proxy import Proxy
from tests.layers.redis.server import RedisServer, comes_true, free_port, is_true

QueueMaker = Callable[..., RedisChannelLayer]


@pytest.fixture
async def make(redis: RedisServer, prefix: str) -> AsyncIterator[QueueMaker]:
    """Makes layers on the shared server, each like another process, and closes them."""
    layers: list[RedisChannelLayer] = []

    def make(**options: Any) -> RedisChannelLayer:
        options.setdefault("hosts", [redis.url])
        options.setdefault("prefix", prefix)
        layers.append(RedisChannelLayer(**options))
        return layers[-1]

    yield make
    for layer in layers:
        await layer.close()


async def start(layer: RedisChannelLayer, channel: str, server: RedisServer) -> asyncio.Task[dict[str, Any]]:
    """Return a task that waits for a message of a queue, once the server knows of it."""
    task = asyncio.create_task(layer.receive(channel))

    async def is_known() -> bool:
        return f"{layer.prefix}__queue__!{{{channel}}}" in await server.subscriptions()

    await is_true(is_known)
    return task


def test_the_arguments_are_those_of_the_published_package() -> None:
    """Names, order and defaults of the constructor are what existing code passes; others are refused."""
    parameters = inspect.signature(RedisChannelLayer).parameters.values()

    assert [(p.name, p.default) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD] == [
        ("hosts", None),
        ("prefix", "asgi"),
        ("expiry", 60),
        ("group_expiry", 86400),
        ("capacity", 100),
        ("channel_capacity", None),
        ("symmetric_encryption_keys", None),
        ("random_prefix_length", 12),
        ("serializer_format", "msgpack"),
    ]
    assert core.ChannelFull is exceptions.ChannelFull
    options: dict[str, Any] = {"capcity": 1}
    with pytest.raises(TypeError, match="capcity"):
        RedisChannelLayer(**options)


async def test_a_message_waits_for_a_worker(make: QueueMaker) -> None:
    """Nobody has to be there when a message is sent, and workers of any process take it."""
    sender, worker = make(), make()
    for n in range(3):
        await sender.send("work", {"n": n})

    assert [await soon(worker.receive("work")) for _ in range(3)] == [{"n": n} for n in range(3)]


async def test_a_full_queue_refuses_the_next_message(make: QueueMaker) -> None:
    """The capacity counts what waits in Redis, for each channel on its own, whoever sends."""
    one, two = make(capacity=2, channel_capacity={"small*": 1}), make(capacity=2)
    await one.send("work", {"n": 0})
    await two.send("work", {"n": 1})
    await one.send("small.work", {"n": 0})

    for sender, channel, capacity in ((one, "work", 2), (two, "work", 2), (one, "small.work", 1)):
        with pytest.raises(
            exceptions.ChannelFull, match=f"'{channel}' is full: its capacity is {capacity} unread messages"
        ):
            await sender.send(channel, {"n": 2})

    assert await soon(two.receive("work")) == {"n": 0}
    await one.send("work", {"n": 3})
    assert [await soon(two.receive("work")) for _ in range(2)] == [{"n": 1}, {"n": 3}]


async def test_a_waiting_worker_takes_no_more_than_it_waits_for(make: QueueMaker, redis: RedisServer) -> None:
    """What nobody waits for stays in Redis, where other workers find it and a restart cannot lose it."""
    worker, other = make(), make()
    task = await start(worker, "work", redis)
    for n in range(10):
        await other.send("work", {"n": n})

    assert await soon(task) == {"n": 0}
    assert await redis.run("LLEN", f"{worker.prefix}__queue__!{{work}}") == 9
    assert await soon(other.receive("work")) == {"n": 1}


async def test_workers_share_the_messages(make: QueueMaker) -> None:
    """Each message goes to exactly one of all that wait in all processes."""
    layers = [make(), make(capacity=1000)]
    tasks = [asyncio.create_task(layers[n % 2].receive("work")) for n in range(200)]

    await asyncio.gather(*(layers[1].send("work", {"n": n}) for n in range(200)))

    got = [(await soon(task))["n"] for task in tasks]
    assert sorted(got) == list(range(200))


async def passes(server: RedisServer, milliseconds: int) -> None:
    """Return when some time has gone by on a server."""

    async def now() -> int:
        seconds, microseconds = await server.run("TIME")
        return int(seconds) * 1000 + int(microseconds) // 1000

    end = await now() + milliseconds

    async def is_over() -> bool:
        return await now() > end

    await is_true(is_over)


async def test_a_message_that_nobody_takes_expires(make: QueueMaker, redis: RedisServer) -> None:
    """What is due takes up no room and reaches nobody; whoever throws it away counts it."""
    layer, brief = make(capacity=1), make(expiry=0.05)
    await redis.run(
        "RPUSH", f"{layer.prefix}__queue__!{{work}}", b"0000000000001" + layer.serialize({"n": 1})
    )

    await layer.send("work", {"n": 2})
    assert layer.stats().outdated == 1

    await brief.send("work", {"n": 3})
    await passes(redis, 60)
    assert await soon(layer.receive("work")) == {"n": 2}
    task = await start(layer, "work", redis)
    await layer.send("work", {"n": 4})
    assert await soon(task) == {"n": 4}
    assert layer.stats().outdated == 2


async def test_what_a_group_tells_a_queue_stays_with_the_member(make: QueueMaker, redis: RedisServer) -> None:
    """It waits here in its order for the next receiver, and nobody else gets it while the member is there."""
    member, other = make(), make()
    (await start(member, "work", redis)).cancel()
    await member.group_add("g", "work")
    for n in range(9):
        await other.group_send("g", {"n": n})
    witness = await member.new_channel()
    await other.send(witness, {})
    await soon(member.receive(witness))

    elsewhere = await start(other, "work", redis)
    assert [await soon(member.receive("work")) for _ in range(9)] == [{"n": n} for n in range(9)]
    await member.send("work", {"n": 9})
    assert await soon(elsewhere) == {"n": 9}


async def test_messages_are_asked_for_when_nobody_waits_any_more(
    make: QueueMaker, redis: RedisServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer was lost, and the server away for longer than a command waits: then they go back."""
    monkeypatch.setattr(queue, "RETRY_SECONDS", 0.01)
    async with Proxy(redis.port) as proxy:
        worker, sender = make(hosts=[proxy.url]), make()
        task = await start(worker, "work", redis)
        for link in worker._deliveries.here().transport.links():  # pyright: ignore[reportPrivateUsage]  # see below
            # From now on nothing waits for a connection; so far it had all the time that it needed.
            monkeypatch.setattr(link._pipeline, "_timeout", 0.0)  # pyright: ignore[reportPrivateUsage]

        async def the_worker_gave_up() -> bool:
            await redis.run("PING")
            return "cannot be taken" in caplog.text

        proxy.fatal = b"cut off"
        await sender.send("work", {"text": "cut off"})
        await soon(proxy.next_connection())
        proxy.target = free_port()
        task.cancel()
        await is_true(the_worker_gave_up)
        proxy.target, proxy.fatal = redis.port, None

        assert await soon(sender.receive("work")) == {"text": "cut off"}


@pytest.mark.parametrize("expiry", [1e12, math.inf])
async def test_messages_may_wait_for_ever(make: QueueMaker, expiry: float) -> None:
    """An expiry has no upper limit; for those who have none it is infinite."""
    layer = make(expiry=expiry)

    await layer.send("work", {"n": 1})

    assert await soon(layer.receive("work")) == {"n": 1}


async def test_a_queue_that_nobody_reads_vanishes(make: QueueMaker, redis: RedisServer) -> None:
    """Redis keeps nothing longer than its messages live."""
    layer = make(expiry=0.05)
    await layer.send("work", {"n": 1})

    async def is_gone() -> bool:
        return not await redis.run("EXISTS", f"{layer.prefix}__queue__!{{work}}")

    await is_true(is_gone)


async def test_what_a_worker_leaves_behind_goes_back(make: QueueMaker, redis: RedisServer) -> None:
    """A process that stops reading gives its unread messages to the others, in order, before later ones."""
    worker, other = make(), make()
    (await start(worker, "work", redis)).cancel()
    await worker.group_add("g", "work")
    await other.send("work", {"n": 3})
    for n in (1, 2):
        await other.group_send("g", {"n": n})
    witness = await worker.new_channel()
    await other.send(witness, {})
    await soon(worker.receive(witness))

    await worker.close_channel("work")
    await worker.close_channel("work")

    assert [await soon(other.receive("work")) for _ in range(3)] == [{"n": n} for n in (1, 2, 3)]
    assert worker.stats().waiting == 0


async def test_receivers_that_come_and_go_change_no_order(make: QueueMaker) -> None:
    """What was on its way to those who have gone is taken again before anything that was sent later."""
    sender, worker, chance = make(capacity=1000), make(), random.Random(1)
    for n in range(500):
        await sender.send("work", {"n": n})
    got: list[int] = []

    async def receive() -> None:
        got.append((await worker.receive("work"))["n"])

    while len(got) < 500:
        tasks: list[asyncio.Task[None]] = []
        for _ in range(3):
            tasks.append(asyncio.create_task(receive()))
            await asyncio.wait(tasks, timeout=chance.random() / 2000)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    assert got == [*range(500)]


async def test_more_may_wait_than_the_channel_holds(make: QueueMaker) -> None:
    """The capacity is for messages that nobody waits for; it costs a receiver none."""
    sender, worker = make(), make(capacity=2)
    for n in range(6):
        await sender.send("work", {"n": n})

    tasks = [asyncio.create_task(worker.receive("work")) for _ in range(7)]

    assert [await soon(task) for task in tasks[:6]] == [{"n": n} for n in range(6)]
    await sender.send("work", {"n": 6})
    assert await soon(tasks[6]) == {"n": 6}
    assert worker.stats().dropped_full == 0


async def test_what_is_on_its_way_when_a_layer_closes_goes_back(make: QueueMaker, redis: RedisServer) -> None:
    """A worker can be stopped at any moment, and its messages go to the next."""
    sender = make(capacity=1000)
    for n in range(60):
        await sender.send("work", {"n": n})
    got: list[int] = []
    for _ in range(10):
        worker = make()
        tasks = [asyncio.create_task(worker.receive("work")) for _ in range(5)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await worker.close()
        await asyncio.wait(tasks)
        got.extend(task.result()["n"] for task in tasks if not task.cancelled() and not task.exception())
    while len(got) < 60:
        got.append((await soon(sender.receive("work")))["n"])

    assert sorted(got) == list(range(60))


async def test_a_channel_may_be_read_again_while_it_is_closed(redis: RedisServer, prefix: str) -> None:
    """Whoever begins to wait before `close_channel()` has returned gets what is sent afterwards."""
    async with Proxy(redis.port, delay=0.05) as proxy, RedisChannelLayer([proxy.url], prefix) as worker:
        (await start(worker, "work", redis)).cancel()
        leaving = asyncio.create_task(worker.receive("work"))
        # Its request is on the way now.
        await asyncio.wait([leaving], timeout=0.01)
        leaving.cancel()
        closing = asyncio.create_task(worker.close_channel("work"))
        await asyncio.sleep(0)

        coming = asyncio.create_task(worker.receive("work"))
        await soon(closing)
        # When it has looked, and found nothing.
        await worker.send("other", {})
        await soon(worker.receive("other"))
        await worker.send("work", {"n": 1})

        assert await soon(coming) == {"n": 1}


async def test_whoever_waits_for_a_message_hears_of_close(make: QueueMaker, redis: RedisServer) -> None:
    """Nobody waits for ever on a layer that has ended; what is sent later goes to whoever comes later."""
    layer, sender = make(), make()
    channel = await layer.new_channel()
    tasks = [asyncio.create_task(layer.receive(channel)) for _ in range(2)]
    tasks.append(await start(layer, "work", redis))

    await layer.close()

    for task in tasks:
        with pytest.raises(RedisConnectionError, match="the channel layer was closed"):
            await soon(task)
    await sender.send("work", {"n": 1})
    assert await soon(layer.receive("work")) == {"n": 1}


async def test_all_queues_are_closed_at_once(
    make: QueueMaker, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that does not answer delays the end once, not once for each channel."""
    monkeypatch.setattr(queue, "CLOSE_SECONDS", 0.5)
    worker = make(hosts=[own_redis.url])
    tasks = [await start(worker, f"work{n}", own_redis) for n in range(10)]
    for n in range(10):
        await worker.send(f"work{n}", {"n": n})
    await soon(asyncio.gather(*tasks))
    tasks = [asyncio.create_task(worker.receive(f"work{n}")) for n in range(10)]
    await asyncio.sleep(0)
    own_redis.freeze()
    loop = asyncio.get_running_loop()

    began = loop.time()
    await asyncio.wait(tasks, timeout=0.01)
    await soon(worker.close())

    assert loop.time() - began < 10 * queue.CLOSE_SECONDS
    for task in tasks:
        task.cancel()


async def test_poison_in_a_queue_is_thrown_away(
    make: QueueMaker, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker waits on for the next message, and the frame is counted."""
    layer = make()
    task = await start(layer, "work", redis)
    key = f"{layer.prefix}__queue__!{{work}}"

    with caplog.at_level(logging.WARNING):
        await redis.run("RPUSH", key, b"9999999999999\xc1", b"9999999999999\x93\x01\x02\x03")
        await layer.send("work", {"type": "fine"})

    assert await soon(task) == {"type": "fine"}
    assert layer.stats().undecodable == 2
    assert "is dropped" in caplog.text


@pytest.mark.parametrize("foreign", [b"", b"x", b"nothing that begins with a time"])
async def test_what_others_put_into_a_queue_hinders_nobody(
    make: QueueMaker, redis: RedisServer, foreign: bytes
) -> None:
    """Who sends and who takes go on, and no other message is lost: the foreign one is counted."""
    layer = make()
    key = f"{layer.prefix}__queue__!{{work}}"
    await layer.send("work", {"n": 1})
    await redis.run("RPUSH", key, foreign)
    tasks = [asyncio.create_task(layer.receive("work")) for _ in range(3)]
    assert await soon(tasks[0]) == {"n": 1}
    await redis.run("RPUSH", key, foreign)

    await layer.send("work", {"n": 2})
    await layer.send("work", {"n": 3})

    assert [await soon(task) for task in tasks[1:]] == [{"n": 2}, {"n": 3}]
    assert layer.stats().undecodable == 2


async def test_a_call_that_comes_when_a_channel_is_closed_is_no_poison(
    make: QueueMaker, redis: RedisServer
) -> None:
    """That something is in the queue concerns nobody here any more."""
    layer = make()
    (await start(layer, "work", redis)).cancel()
    witness = await layer.new_channel()

    # The layer cannot hear of it before this has its answer, because nothing here awaits.
    with socket.create_connection(("127.0.0.1", redis.port)) as blocking:
        blocking.sendall(f'PUBLISH {layer.prefix}__queue__!{{work}} ""\r\n'.encode())
        assert blocking.recv(100) == b":1\r\n"
    await layer.close_channel("work")
    await layer.send(witness, {"type": "later"})

    assert await soon(layer.receive(witness)) == {"type": "later"}
    assert layer.stats().undecodable == 0


async def test_a_queue_survives_a_lost_connection(make: QueueMaker, own_redis: RedisServer) -> None:
    """Workers that wait get what is sent afterwards, and what was sent when they could not hear of it."""
    worker, sender = make(hosts=[own_redis.url]), make(hosts=[own_redis.url])
    task = await start(worker, "work", own_redis)

    own_redis.kill()
    await asyncio.to_thread(own_redis.start)
    await soon(sender.send("work", {"n": 1}))

    assert await soon(task) == {"n": 1}


async def has_no_queues(server: RedisServer, prefix: str) -> bool:
    """Tell whether Redis keeps nothing of the queues of a prefix."""
    return not await server.run("KEYS", f"{prefix}__queue__*")


async def test_messages_whose_taking_was_cut_off_arrive(make: QueueMaker, redis: RedisServer) -> None:
    """The server has given them away, and the connection is lost with them: they are asked for again."""
    async with Proxy(redis.port) as proxy:
        worker, sender = make(hosts=[proxy.url], ping_interval=1), make()
        tasks = [
            await start(worker, "work", redis),
            *(asyncio.create_task(worker.receive("work")) for _ in "ab"),
        ]

        proxy.fatal = b"cut off"
        for n in range(3):
            await sender.send("work", {"n": n, "text": "cut off"})
        await soon(proxy.next_connection())
        proxy.fatal = None
        await sender.send("work", {"n": 3})

        assert sorted([(await soon(task))["n"] for task in tasks]) == [0, 1, 2]
        assert await soon(worker.receive("work")) == {"n": 3}
        await is_true(partial(has_no_queues, redis, worker.prefix))


async def test_messages_whose_return_was_cut_off_are_there_once(make: QueueMaker, redis: RedisServer) -> None:
    """The server has taken them back, and nobody heard of it: it is told again, and does not do it again."""
    async with Proxy(redis.port) as proxy:
        worker, other = make(hosts=[proxy.url], ping_interval=1), make(ping_interval=1)
        (await start(worker, "work", redis)).cancel()
        await worker.group_add("g", "work")
        for n in range(3):
            await other.group_send("g", {"n": n})
        witness = await worker.new_channel()
        await other.send(witness, {})
        await soon(worker.receive(witness))

        proxy.fatal = b":6"  # what the script returns
        await asyncio.wait([asyncio.create_task(worker.close_channel("work"))], timeout=0)
        await soon(proxy.next_connection())
        proxy.fatal = None

        await other.send("work", {"n": 3})
        assert [await soon(other.receive("work")) for _ in range(4)] == [{"n": n} for n in range(4)]
        assert (worker.stats().unreturned, worker.stats().undecodable) == (0, 0)
        await is_true(partial(has_no_queues, redis, worker.prefix))


async def test_a_server_that_refuses_is_asked_again(
    make: QueueMaker,
    own_redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A worker goes on when Redis has what it needs again; what cannot be given back is told in the log."""
    monkeypatch.setattr(queue, "RETRY_SECONDS", 0.01)

    async def is_logged(text: str) -> bool:
        await own_redis.run("PING")
        return text in caplog.text

    async def nobody_asks() -> bool:
        await own_redis.run("PING")
        return not any("_take_all" in repr(task) for task in asyncio.all_tasks())

    user = ("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all")
    await own_redis.run(*user, "-eval")
    worker = make(hosts=[own_redis.url.replace("//", "//app:secret@")])
    task = await start(worker, "work", own_redis)
    await is_true(partial(is_logged, "cannot be taken, trying again"))

    await own_redis.run(*user)
    await worker.send("work", {"n": 1})
    assert await soon(task) == {"n": 1}

    await own_redis.run(*user, "-eval")
    caplog.clear()
    task = asyncio.create_task(worker.receive("work"))
    await is_true(partial(is_logged, "cannot be taken, trying again"))
    task.cancel()
    await is_true(nobody_asks)

    await own_redis.run(*user, "-eval")
    await worker.group_add("g", "work")
    await worker.group_send("g", {"n": 2})
    witness = await worker.new_channel()
    await worker.send(witness, {})
    await soon(worker.receive(witness))
    await worker.close_channel("work")
    await is_true(partial(is_logged, "1 messages of channel 'work' may be lost"))
    assert worker.stats().unreturned == 1


async def test_who_may_not_publish_queues_nothing(make: QueueMaker, own_redis: RedisServer) -> None:
    """Whoever is told that a message was not sent may send it again, and it comes once."""
    user = ("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all")
    await own_redis.run(*user, "-publish")
    sender, worker = make(hosts=[own_redis.url.replace("//", "//app:secret@")]), make(hosts=[own_redis.url])
    task = await start(worker, "work", own_redis)
    key = f"{worker.prefix}__queue__!{{late}}"
    await own_redis.run("RPUSH", key, b"0000000000001" + worker.serialize({"n": 0}))

    for channel in ("work", "late"):
        with pytest.raises(ResponseError, match=r"permission|can.t run this command"):
            await sender.send(channel, {"n": 1})
    assert await own_redis.run("LLEN", key) == 1
    assert sender.stats().outdated == 0

    await own_redis.run(*user)
    for channel in ("work", "late"):
        await sender.send(channel, {"n": 2})
    assert await soon(task) == {"n": 2}
    assert await soon(worker.receive("late")) == {"n": 2}
    assert sender.stats().outdated == 1


async def test_who_may_not_publish_gives_back_what_it_took(make: QueueMaker, own_redis: RedisServer) -> None:
    """The messages are in the queue again, and counted as such."""
    user = ("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all")
    await own_redis.run(*user, "-publish")
    worker, other = make(hosts=[own_redis.url.replace("//", "//app:secret@")]), make(hosts=[own_redis.url])
    (await start(worker, "work", own_redis)).cancel()
    await worker.group_add("g", "work")
    await other.group_send("g", {"n": 1})
    await comes_true(lambda: worker.stats().waiting == 1)

    await worker.close_channel("work")

    assert await soon(other.receive("work")) == {"n": 1}
    assert worker.stats().unreturned == 0


async def test_a_server_without_memory_gets_back_what_it_gave(
    make: QueueMaker, own_redis: RedisServer
) -> None:
    """A receiver that is cancelled loses nothing, even when nobody can send."""
    worker = make(hosts=[own_redis.url])
    for n in range(3):
        await worker.send("work", {"n": n})
    await own_redis.run("CONFIG", "SET", "maxmemory", 1)
    with pytest.raises(ResponseError, match="command not allowed when used memory"):
        await worker.send("work", {"n": 3})

    tasks = [asyncio.create_task(worker.receive("work")) for _ in range(3)]

    async def are_here() -> bool:
        await asyncio.sleep(0)
        return worker.stats().sent == 3

    await is_true(are_here)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)

    assert [await soon(worker.receive("work")) for _ in range(3)] == [{"n": n} for n in range(3)]
    assert worker.stats().unreturned == 0


async def test_a_server_that_has_become_a_replica_is_looked_for_anew(
    make: QueueMaker, own_redis: RedisServer
) -> None:
    """After a fail-over its name leads to the new master, so only the first command is refused."""
    with RedisServer() as master:
        async with Proxy(own_redis.port) as proxy, RedisChannelLayer([proxy.url]) as layer:
            await layer.send("work", {"n": 1})
            await own_redis.run("REPLICAOF", "127.0.0.1", master.port)
            proxy.target = master.port

            async with asyncio.timeout(60):
                with pytest.raises(ResponseError, match="read only replica"):
                    await layer.send("work", {"n": 2})
                await layer.send("work", {"n": 3})

            assert await soon(layer.receive("work")) == {"n": 3}


async def test_flush_removes_what_belongs_to_the_layer(make: QueueMaker, redis: RedisServer) -> None:
    """Queues of the prefix are gone; whatever else is in Redis stays."""
    layer, other, similar = make(), make(prefix="other"), make(prefix="[x]*")
    await redis.run("SET", f"{layer.prefix}__queue", "mine")
    for each in (layer, other, similar):
        for n in range(30):
            await each.send(f"work{n}", {"n": n})

    await layer.flush()
    await similar.flush()

    assert await redis.run("GET", f"{layer.prefix}__queue") == b"mine"
    keys = await redis.run("KEYS", "*__queue__!*")
    assert len([key for key in keys if key.startswith(b"other")]) == 30
    assert not [key for key in keys if key.startswith((layer.prefix.encode(), b"[x]*"))]
    await other.flush()


async def test_flush_finds_queues_among_many_keys(own_redis: RedisServer) -> None:
    """The server is searched in steps, so that it answers others in between."""
    await own_redis.run("EVAL", "for i = 1, 5000 do redis.call('SET', 'key' .. i, '') end", 0)
    async with RedisChannelLayer([own_redis.url]) as layer:
        await layer.send("work", {"n": 1})

        await layer.flush()

    assert await own_redis.run("DBSIZE") == 5000


async def test_without_a_server_a_call_fails_in_time() -> None:
    """Sender and worker are told which server could not be reached; closing takes no time."""
    server = RedisServer()
    async with RedisChannelLayer([{"address": server.url, "socket_timeout": 0.1}]) as layer:
        for step in (layer.send("work", {}), layer.receive("work")):
            with pytest.raises(RedisConnectionError, match=f"127.0.0.1:{server.port} failed for 0.1 s"):
                await soon(step)


async def test_consumers_ask_for_the_messages_of_a_queue(make: QueueMaker) -> None:
    """A queue has no mailbox to listen to, because nothing is taken that nobody waits for."""
    layer = make()
    channel = await layer.new_channel()

    assert layer.listen("work", lambda: None) is None
    assert layer.listen(channel, lambda: None) is not None


async def test_names_and_values_are_checked(make: QueueMaker) -> None:
    """As in every layer."""
    layer = make()
    for step in (layer.send("a b", {}), layer.receive("a b")):
        with pytest.raises(TypeError, match="name must be a valid unicode string"):
            await step
    with pytest.raises(TypeError, match=r'message\["x"\] is a set'):
        await layer.send("work", {"x": {1}})
    with pytest.raises(TypeError, match="name must be a valid unicode string"):
        layer.listen("a b", lambda: None)
