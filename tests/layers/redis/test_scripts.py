"""The scripts of queues, as a real server runs them: what each returns, and does once only."""

from typing import Any

import pytest

from fast_channels.layers.redis.scripts import PUT, RECEIPT_SECONDS, RETURN, TAKE
from tests.layers.redis.server import RedisServer

PAST = "0000000000001"


@pytest.fixture
def key(prefix: str) -> str:
    """The name of a queue that no other test has."""
    return f"{prefix}{{work}}"


async def put(
    redis: RedisServer, key: str, frame: str, *, capacity: int = 3, milliseconds: int = 60_000
) -> Any:
    """Append a frame to a queue."""
    return await redis.run("EVAL", PUT, 1, key, frame, capacity, milliseconds, f"{key}-notice")


async def take(redis: RedisServer, key: str, receipt: str, count: int) -> Any:
    """Take entries; return how many had expired, and the frames."""
    expired, *pairs = await redis.run("EVAL", TAKE, 2, key, key + receipt, count)
    assert all(0 < left <= 60_000 for left in pairs[::2])
    return expired, pairs[1::2]


async def put_back(redis: RedisServer, key: str, receipt: str, *frames: str) -> Any:
    """Put frames back that have a minute left."""
    entries = [part for frame in frames for part in (60_000, frame)]
    return await redis.run("EVAL", RETURN, 2, key, key + receipt, f"{key}-notice", *entries)


async def test_a_full_queue_refuses_and_keeps_what_it_has(redis: RedisServer, key: str) -> None:
    """The sender is told, and nothing was appended."""
    answers = [await put(redis, key, frame, capacity=2) for frame in ("one", "two", "three")]

    assert answers == [[1, 0], [1, 0], [0, 0]]
    assert await take(redis, key, "a", 9) == (0, [b"one", b"two"])


async def test_entries_that_are_due_take_no_place(redis: RedisServer, key: str) -> None:
    """They go when something is put or taken, and are counted once."""
    await redis.run("RPUSH", key, f"{PAST}old", f"{PAST}older")
    assert await put(redis, key, "new", capacity=1) == [1, 2]

    await redis.run("LPUSH", key, f"{PAST}old")
    assert await take(redis, key, "a", 9) == (1, [b"new"])


async def test_a_queue_ends_with_its_last_entry(redis: RedisServer, key: str) -> None:
    """A queue that nobody reads leaves nothing in the server; a short entry does not end it earlier."""
    await put(redis, key, "long", milliseconds=60_000)
    await put(redis, key, "short", milliseconds=10)

    assert 50_000 < await redis.run("PTTL", key) <= 60_000


async def test_what_was_taken_is_answered_again_for_the_same_receipt(redis: RedisServer, key: str) -> None:
    """Whatever the number, and nothing more is taken, while the receipt is there."""
    for frame in ("one", "two", "three"):
        await put(redis, key, frame)

    assert await take(redis, key, "a", 2) == (0, [b"one", b"two"])
    assert await take(redis, key, "a", 1) == (0, [b"one", b"two"])
    assert 0 < await redis.run("TTL", key + "a") <= RECEIPT_SECONDS
    await redis.run("UNLINK", key + "a")
    assert await take(redis, key, "a", 2) == (0, [b"three"])


async def test_an_empty_queue_leaves_no_receipt(redis: RedisServer, key: str) -> None:
    """A worker that waits for hours leaves nothing in the server."""
    assert await take(redis, key, "a", 1) == (0, [])

    assert await redis.run("EXISTS", key, key + "a") == 0


async def test_what_others_have_put_into_a_queue_is_taken_as_it_is(redis: RedisServer, key: str) -> None:
    """It begins with no time, so it is not due."""
    await redis.run("RPUSH", key, "whatever")

    assert await take(redis, key, "a", 1) == (0, [b"whatever"])


async def test_entries_go_back_to_the_head_once(redis: RedisServer, key: str) -> None:
    """In their order, before what came later, and beyond the capacity if need be."""
    await put(redis, key, "three", capacity=1)

    assert await put_back(redis, key, "b", "one", "two")
    assert not await put_back(redis, key, "b", "one", "two")

    assert await take(redis, key, "a", 9) == (0, [b"one", b"two", b"three"])
