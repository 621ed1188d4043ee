"""The helpers of fast-channels, under the path that existing code imports them from."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fast_channels.middleware.websocket import is_same_domain
from fast_channels.type_defs import ASGIReceiveCallable

__all__ = ["await_many_dispatch", "is_same_domain"]


async def await_many_dispatch(
    consumer_callables: Sequence[ASGIReceiveCallable], dispatch: Callable[[Any], Awaitable[None]]
) -> None:
    """Pass what several sources deliver to one function, one at a time and in order of arrival.

    Runs until a source or the function raises, or until it is cancelled; then no source is read any more.

    Args:
        consumer_callables: The sources; each is called again and again.
        dispatch: Takes what they deliver.
    """
    arrivals = asyncio.Queue[Any](maxsize=1)

    async def read(source: ASGIReceiveCallable) -> None:
        while True:
            await arrivals.put(await source())

    async def hand_on() -> None:
        while True:
            await dispatch(await arrivals.get())

    tasks = [asyncio.ensure_future(read(source)) for source in consumer_callables]
    tasks.append(asyncio.ensure_future(hand_on()))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    # What the function raised comes before what a source raised while it ran.
    for result in reversed(results):
        if isinstance(result, Exception):
            raise result
