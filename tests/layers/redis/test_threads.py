"""Sending from code without an event loop."""

import asyncio
import os
import subprocess
import sys
import threading
from dataclasses import astuple

import pytest

from fast_channels.layers import process, threads
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from tests.layers.conftest import soon
from tests.layers.redis.conftest import PubSubMaker
from tests.layers.redis.server import RedisServer


async def test_all_threads_share_one_connection(pubsub: PubSubMaker, own_redis: RedisServer) -> None:
    """100 calls from ten threads make one connection, and every message arrives."""
    layer = pubsub(hosts=[own_redis.url], capacity=1000)
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    sender = RedisPubSubChannelLayer([own_redis.url], layer.prefix)

    def send(first: int) -> None:
        for n in range(first, first + 5):
            sender.sync_send(channel, {"n": n})
            sender.sync_group_send("g", {"n": -n})

    threads = [threading.Thread(target=send, args=(first,)) for first in range(1, 51, 5)]
    for thread in threads:
        thread.start()

    got = [(await soon(layer.receive(channel)))["n"] for _ in range(100)]
    assert sorted(got) == sorted([*range(1, 51), *range(-50, 0)])
    # One on which the receiver has subscribed, one on which the sender publishes.
    assert await own_redis.connections() == 2
    for thread in threads:
        thread.join()
    await sender.close()


GREENLETS = """
from gevent import monkey; monkey.patch_all()
import asyncio, sys, gevent
from fast_channels.layers.redis import RedisChannelLayer

layer = RedisChannelLayer([sys.argv[1]], sys.argv[2])

def send(n):
    layer.sync_send("work", {"n": n})
    layer.sync_group_send("nobody", {"n": n})

async def use_a_loop():
    await asyncio.sleep(0.001)
    try:
        layer.sync_send("work", {"n": -1})
    except RuntimeError as error:
        return str(error)

def burst(first):
    jobs = [gevent.spawn(send, n) for n in range(first, first + 10)]
    gevent.joinall(jobs, timeout=30, raise_error=True)

burst(0)
burst(10)
print(gevent.spawn(asyncio.run, use_a_loop()).get(timeout=30))
burst(20)
"""


async def test_greenlets_are_threads_too(redis: RedisServer, prefix: str) -> None:
    """`celery -P gevent` can send, as often as it likes; one greenlet that runs a loop hinders no other."""
    command = [sys.executable, "-c", GREENLETS, redis.url, prefix]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)

    assert (done.returncode, done.stderr) == (0, "")
    assert "use `await ...send()` there" in done.stdout
    async with RedisChannelLayer([redis.url], prefix) as layer:
        got = [(await soon(layer.receive("work")))["n"] for _ in range(30)]
    assert sorted(got) == list(range(30))


def test_errors_reach_the_caller(redis: RedisServer) -> None:
    """What `send()` raises, the synchronous call raises."""
    with pytest.raises(TypeError, match="Channel name"):
        RedisPubSubChannelLayer([redis.url]).sync_send("a b", {})


async def test_a_new_thread_is_started_after_a_fork(pubsub: PubSubMaker, own_redis: RedisServer) -> None:
    """What a forked process does first: it forgets the thread, which it did not inherit."""
    layer = pubsub(hosts=[own_redis.url])
    channel = await layer.new_channel()
    sender = pubsub(hosts=[own_redis.url], prefix=layer.prefix)

    for n in range(2):
        threads.forget()
        await asyncio.to_thread(sender.sync_send, channel, {"n": n})
        assert await soon(layer.receive(channel)) == {"n": n}

    assert await own_redis.connections() == 3


async def test_a_forked_process_has_a_connection_of_its_own(
    pubsub: PubSubMaker, own_redis: RedisServer
) -> None:
    """A worker that forks after it has sent can send, and so can its parent."""
    layer = pubsub(hosts=[own_redis.url])
    channel = await layer.new_channel()
    sender = RedisPubSubChannelLayer([own_redis.url], layer.prefix)
    read, write = os.pipe()

    def work() -> None:
        sender.sync_send(channel, {"from": "parent"})
        child = os.fork()
        if child == 0:
            # Nothing of the test may go on in the child, whatever happens.
            try:
                sender.sync_send(channel, {"from": "child"})
                os.write(write, b"sent")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        sender.sync_send(channel, {"from": "parent again"})

    thread = threading.Thread(target=work)
    thread.start()

    got = [(await soon(layer.receive(channel)))["from"] for _ in range(3)]
    thread.join()
    assert got == ["parent", "child", "parent again"]
    assert os.read(read, 10) == b"sent"
    os.close(read)
    os.close(write)
    await sender.close()


async def test_a_forked_process_counts_anew(pubsub: PubSubMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What its parent has counted, and what waits in the mailboxes of its parent, is not its own."""
    layer = pubsub()
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "x"})
    await soon(layer.receive(channel))
    await layer.send("nobody", {"type": "x"})
    assert (layer.stats().sent, layer.stats().unheard) == (1, 1)

    with monkeypatch.context() as forked:
        forked.setattr(process, "_process_id", 0)

        assert not any(astuple(layer.stats()))


async def test_a_forked_process_closes_only_what_is_its_own(own_redis: RedisServer) -> None:
    """Closing there waits for no thread that it did not inherit, and the parent's connections go on."""
    layer = RedisPubSubChannelLayer([own_redis.url])
    read, write = os.pipe()

    def work() -> None:
        layer.sync_send("nobody", {"type": "x"})
        child = os.fork()
        if child == 0:
            # Nothing of the test may go on in the child, whatever happens.
            try:
                asyncio.run(soon(layer.close()))
                os.write(write, b"closed")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        layer.sync_send("nobody", {"type": "x"})

    await asyncio.to_thread(work)

    assert os.read(read, 10) == b"closed"
    os.close(read)
    assert await own_redis.connections() == 1
    await layer.close()
