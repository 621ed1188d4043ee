"""The tests can be run in another mode of asyncio, and then every event loop is in it."""

import asyncio
import os
import subprocess
import sys

import pytest

from tests.event_loops import DEBUG, EAGER, MODE

UNKNOWN = ("lazy", "EVENT_LOOP=lazy is no mode of the event loop; there are eager, debug")
TOO_OLD = (EAGER, "EVENT_LOOP=eager needs Python 3.12 or later, which has eager tasks")
WRONG = [UNKNOWN] if sys.version_info >= (3, 12) else [UNKNOWN, TOO_OLD]


async def facts() -> tuple[bool, bool]:
    """Tell whether a new task begins at once, and whether the running loop is in debug mode."""
    begun: list[bool] = []

    async def begin() -> None:
        begun.append(True)

    task = asyncio.create_task(begin())
    is_eager = bool(begun)
    await task
    return is_eager, asyncio.get_running_loop().get_debug()


async def test_a_test_has_an_event_loop_in_the_mode() -> None:
    """The loop that pytest-asyncio makes for a test is in the mode that the environment asks for."""
    assert await facts() == (MODE == EAGER, MODE == DEBUG)


def test_a_loop_that_a_test_makes_is_in_the_mode() -> None:
    """So is one that a test makes, whichever way."""
    loop = asyncio.new_event_loop()
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        found = [asyncio.run(facts()), loop.run_until_complete(facts()), runner.run(facts())]
    loop.close()
    assert found == [(MODE == EAGER, MODE == DEBUG)] * 3


@pytest.mark.parametrize(("mode", "complaint"), WRONG)
def test_a_mode_that_cannot_be_had_is_an_error(mode: str, complaint: str) -> None:
    """No test runs in a mode other than the one that was asked for."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", __file__]
    environment = {**os.environ, "EVENT_LOOP": mode}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert complaint in run.stderr
