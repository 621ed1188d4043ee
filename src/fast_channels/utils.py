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
    What came before the error of a source is passed on before it is raised.

    Args:
        consumer_callables: The sources; each is called again and again.
        dispatch: Takes what they deliver.
    """
    arrivals = asyncio.Queue[tuple[Any, Exception | None]](maxsize=1)

    async def read(source: ASGIReceiveCallable) -> None:
        try:
            while True:
                await arrivals.put((await source(), None))
        except Exception as error:
            await arrivals.put((None, error))

    tasks = [asyncio.ensure_future(read(source)) for source in consumer_callables]
    try:
        while True:
            message, error = await arrivals.get()
            if error is not None:
                raise error
            await dispatch(message)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
