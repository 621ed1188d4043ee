"""A timer wheel: nothing rings early, and many alarms cost one timer."""

import asyncio
import gc
import weakref
from contextvars import ContextVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.consumer import wheel as wheels
from fast_channels.consumer.wheel import Alarm, Wheel, ticks, wheel_of


class Bell(Alarm):
    """Notes when it rings, and may ring again."""

    __slots__ = ("again", "rung", "wheel")

    def __init__(self, wheel: Wheel, again: int = 0) -> None:
        self.wheel = wheel
        self.again = again
        self.rung: list[int] = []

    def ring(self) -> None:
        self.rung.append(self.wheel.now)
        if self.again:
            self.wheel.add(self, self.again)


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """No tick comes by itself."""
    monkeypatch.setattr(wheels, "TICK", 3600.0)


@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), max_size=20))
def test_an_alarm_rings_at_its_tick_unless_it_is_removed(plan: list[tuple[int, bool]]) -> None:
    """Once, and whatever else waits."""

    async def run() -> None:
        wheel = Wheel()
        bells = [Bell(wheel) for _ in plan]
        for bell, (after, _) in zip(bells, plan, strict=True):
            wheel.add(bell, after)
        for bell, (_, removed) in zip(bells, plan, strict=True):
            if removed:
                wheel.discard(bell)
                wheel.discard(bell)
        for _ in range(10):
            wheel.tick()
        assert [bell.rung for bell in bells] == [[] if removed else [after] for after, removed in plan]

    asyncio.run(run())


async def test_an_alarm_may_wait_again_when_it_rings() -> None:
    """As limits do that a client has met meanwhile."""
    wheel = Wheel()
    bell = Bell(wheel, again=2)
    wheel.add(bell, 1)
    for _ in range(6):
        wheel.tick()

    assert bell.rung == [1, 3, 5]


async def test_what_has_rung_is_not_removed_again() -> None:
    """Whoever stops does not have to know."""
    wheel = Wheel()
    first, second = Bell(wheel), Bell(wheel)
    wheel.add(first, 1)
    wheel.add(second, 1)
    wheel.discard(second)
    wheel.tick()
    wheel.discard(first)

    assert (first.rung, second.rung) == ([1], [])


def test_a_time_is_never_shorter_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tick in which it begins may be over nearly, so there is one more."""
    monkeypatch.setattr(wheels, "TICK", 0.25)

    assert [ticks(seconds) for seconds in (0.001, 0.25, 0.26, 1, 60)] == [2, 2, 3, 5, 241]


async def test_the_wheel_turns_by_itself_while_something_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """And stops when nothing does, until the next alarm."""
    monkeypatch.setattr(wheels, "TICK", 0.001)
    wheel = Wheel()
    rung = asyncio.Event()

    class Once(Alarm):
        __slots__ = ()

        def ring(self) -> None:
            rung.set()

    for start in (0, 3):
        wheel.add(Once(), 3)
        async with asyncio.timeout(5):
            await rung.wait()
        rung.clear()
        assert wheel.now == start + 3


async def test_a_tick_that_comes_late_is_one_tick() -> None:
    """Time in which the event loop did not run does not count; the next tick has its whole time."""
    wheel = Wheel()
    bell = Bell(wheel)
    planned: list[float] = []

    class Late:
        """An event loop that was busy for ten ticks."""

        def time(self) -> float:
            return 36_000.0

        def call_later(self, *_: object, **__: object) -> None: ...

        def call_at(self, when: float, *_: object, **__: object) -> None:
            planned.append(when)

    wheel.add(bell, 3)
    turn = getattr(wheel, "_turn")  # noqa: B009  # private, and called by event loops only
    turn(Late(), 3600.0)
    turn(Late(), 36_000.0)

    assert wheel.now == 2
    assert planned == [36_000.0, 39_600.0]
    assert bell.rung == []


async def test_alarms_do_not_ring_in_the_context_of_whoever_came_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The wheel belongs to all connections of an event loop."""
    monkeypatch.setattr(wheels, "TICK", 0.001)
    whose: ContextVar[str] = ContextVar("whose", default="nobody's")
    seen: list[str] = []
    rung = asyncio.Event()
    wheel = Wheel()

    class Looking(Alarm):
        __slots__ = ()

        def ring(self) -> None:
            seen.append(whose.get())
            rung.set()

    whose.set("mine")
    wheel.add(Looking(), 2)
    async with asyncio.timeout(5):
        await rung.wait()

    assert seen == ["nobody's"]


def test_an_event_loop_has_one_wheel_which_does_not_keep_it() -> None:
    """Tests and tools make many loops."""

    async def run() -> "weakref.ref[asyncio.AbstractEventLoop]":
        loop = asyncio.get_running_loop()
        wheel = wheel_of(loop)
        wheel.add(Bell(wheel), 1)
        assert wheel_of(loop) is wheel
        return weakref.ref(loop)

    first = asyncio.run(run())
    gc.collect()

    assert first() is None


def test_an_alarm_has_to_say_what_it_does() -> None:
    """The base class does nothing."""
    with pytest.raises(NotImplementedError):
        Alarm().ring()
