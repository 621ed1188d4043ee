"""The modes of asyncio in which all tests can be run: `EVENT_LOOP=eager` or `EVENT_LOOP=debug`."""

import asyncio
import functools
import math
import os
from asyncio import constants
from collections.abc import Callable, Mapping
from typing import Final

import pytest

MODE: Final = os.environ.get("EVENT_LOOP", "")
"""In which mode the tests run; empty for that of every day."""

EAGER: Final = "eager"
"""A new task runs at once until it waits, as `asyncio.eager_task_factory` lets it."""

DEBUG: Final = "debug"
"""asyncio checks in which thread a loop is used, and what is never awaited."""


def enter_mode(config: pytest.Config) -> None:
    """Put every event loop of asyncio, whoever makes it, into the mode that the environment asks for.

    Args:
        config: The configuration of pytest, whose plugin for asyncio has a say in the debug mode.

    Raises:
        UsageError: There is no such mode, or this Python does not have it.
    """
    if MODE:
        enter = _MODES.get(MODE)
        if enter is None:
            raise pytest.UsageError(
                f"EVENT_LOOP={MODE} is no mode of the event loop; there are {', '.join(_MODES)}"
            )
        enter(config)


def _make_tasks_eager(_config: pytest.Config) -> None:
    factory = getattr(asyncio, "eager_task_factory", None)
    if factory is None:
        raise pytest.UsageError(f"EVENT_LOOP={EAGER} needs Python 3.12 or later, which has eager tasks")
    _prepare_each(lambda loop: loop.set_task_factory(factory))


def _debug(config: pytest.Config) -> None:
    # For every new loop, those of other processes as well.
    os.environ["PYTHONASYNCIODEBUG"] = "1"
    # pytest-asyncio switches it off again for its own loops, unless it is told.
    config.option.asyncio_debug = True
    # Where a callback was made is one line; ten for each callback take most of the time.
    setattr(constants, "DEBUG_STACK_DEPTH", 1)  # noqa: B010  # checkers take it for a constant
    # How long a step may take before it is logged: the machine decides that.
    _prepare_each(lambda loop: setattr(loop, "slow_callback_duration", math.inf))


def _prepare_each(prepare: Callable[[asyncio.BaseEventLoop], None]) -> None:
    begin = asyncio.BaseEventLoop.__init__

    @functools.wraps(begin)
    def begin_in_mode(loop: asyncio.BaseEventLoop) -> None:
        begin(loop)
        prepare(loop)

    # Neither a policy nor a fixture reaches the loops that tests, servers and runners make of a class.
    setattr(asyncio.BaseEventLoop, "__init__", begin_in_mode)  # noqa: B010  # checkers let no method be replaced


_MODES: Final[Mapping[str, Callable[[pytest.Config], None]]] = {EAGER: _make_tasks_eager, DEBUG: _debug}
