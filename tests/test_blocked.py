"""The helper that tests wait with."""

import asyncio
import socket

import pytest

from tests.blocked import wait_all_tasks_blocked


@pytest.mark.parametrize("hops", [1, 19, 20, 21, 500])
async def test_every_chain_of_callbacks_is_waited_for(hops: int) -> None:
    """However long it is."""
    seen: list[int] = []

    async def hop(left: int) -> None:
        if left:
            await asyncio.create_task(hop(left - 1))
        seen.append(left)

    task = asyncio.create_task(hop(hops))
    await wait_all_tasks_blocked()

    assert task.done()
    assert seen == list(range(hops + 1))


async def test_what_has_arrived_at_a_socket_is_handled() -> None:
    """The loop is asked for it before anything counts as blocked."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader, writer = await asyncio.open_connection(sock=ours)
        reading = asyncio.create_task(reader.read(2))
        await wait_all_tasks_blocked()
        assert not reading.done()

        theirs.send(b"hi")
        await wait_all_tasks_blocked()

        assert reading.result() == b"hi"
        writer.close()
        await writer.wait_closed()


async def test_who_waits_for_a_later_time_is_blocked() -> None:
    """Nobody waits for a clock here."""
    sleeping = asyncio.create_task(asyncio.sleep(1000))
    await wait_all_tasks_blocked()

    assert not sleeping.done()
    sleeping.cancel()


async def test_what_never_rests_is_an_error() -> None:
    """A test fails then, rather than hang."""

    async def restless() -> None:
        while True:  # noqa: ASYNC110  # no event would be restless
            await asyncio.sleep(0)

    task = asyncio.create_task(restless())
    with pytest.raises(AssertionError, match="did not come to rest in 50 turns"):
        await wait_all_tasks_blocked(50)
    task.cancel()
