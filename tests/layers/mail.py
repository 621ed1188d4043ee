"""What the tests of mailboxes share: a mailroom, and what layers, consumers and receivers do with it."""

import asyncio
from typing import Any

import pytest

from fast_channels.layers.mailbox import Effects, Letter, Mailbox
from fast_channels.layers.mailroom import Mailroom
from fast_channels.layers.values import snapshot


def put(room: Mailroom, number: int, expiry: float = 60, channel: str = "a") -> Effects | None:
    """Put a message into a mailbox; return what is left to do, or `None` if it was refused."""
    effects = Effects()
    with room.lock:
        now = room.clock()
        letter = Letter(now + expiry, snapshot({"n": number}))
        return effects if room.open(channel).put(letter, now, effects) else None


def listen(room: Mailroom, notify: Any, channel: str = "a") -> Mailbox:
    """Attach a consumer to a channel."""
    with room.lock:
        box = room.open(channel)
        box.add_consumer(notify)
    return box


async def start(room: Mailroom, channel: str = "a") -> asyncio.Task[dict[str, Any]]:
    """Return a task that already waits for a message."""
    task = asyncio.create_task(room.receive(channel))
    await asyncio.sleep(0)
    return task


async def cancel(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
