"""What ends before its event loop is closed."""

import asyncio
import gc
import weakref

from fast_channels.layers.loops import before_close, not_before_close


class Ends:
    """Notes that it has ended, and whether its loop still worked."""

    def __init__(self) -> None:
        self.worked: list[bool] = []

    async def end(self, loop: asyncio.AbstractEventLoop) -> None:
        """End."""
        await asyncio.sleep(0)
        self.worked.append(asyncio.get_running_loop() is loop and not loop.is_closed())


def test_it_ends_while_the_loop_still_works() -> None:
    """Once, however often that was asked for, and each of several."""
    loop, one, two = asyncio.new_event_loop(), Ends(), Ends()
    for ends in (one, one, two):
        before_close(loop, ends.end)

    loop.close()
    loop.close()

    assert one.worked == two.worked == [True]
    assert loop.is_closed()


def test_it_need_not_end_twice() -> None:
    """What has ended by itself, or was never to end, is left alone."""
    loop, ends = asyncio.new_event_loop(), Ends()
    before_close(loop, ends.end)
    not_before_close(loop, ends.end)
    not_before_close(loop, ends.end)

    loop.close()

    assert ends.worked == []


async def test_a_loop_may_be_closed_inside_another() -> None:
    """Its end runs in a thread, because no thread runs two loops."""
    loop, ends = asyncio.new_event_loop(), Ends()
    before_close(loop, ends.end)

    loop.close()

    assert ends.worked == [True]


def test_no_loop_is_kept() -> None:
    """Neither by those who end with it, nor by the table of all loops."""
    loop, ends = asyncio.new_event_loop(), Ends()
    before_close(loop, ends.end)
    loop.close()
    gone = weakref.ref(loop)

    del loop
    gc.collect()

    assert gone() is None
