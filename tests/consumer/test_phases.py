"""The phases of a connection's life only go forward, and each thing happens in one of them."""

import pytest

from fast_channels.consumer.phases import (
    BEGIN,
    DISCONNECT,
    ENDING,
    EVENT,
    FINISH,
    INITIAL,
    LEAVE,
    LEAVING,
    LIVE,
    NEW,
    OPENING,
    OVER,
    PHASES,
    SERVING,
)

ORDER = [NEW, OPENING, LIVE, ENDING, LEAVING, OVER]

WHAT_FOLLOWS = {
    (NEW, BEGIN): OPENING,
    (NEW, DISCONNECT): ENDING,
    (OPENING, EVENT): LIVE,
    (OPENING, LEAVE): LEAVING,
    (OPENING, FINISH): OVER,
    (LIVE, EVENT): LIVE,
    (LIVE, DISCONNECT): ENDING,
    (ENDING, LEAVE): LEAVING,
    (ENDING, FINISH): OVER,
    (LEAVING, FINISH): OVER,
}


@pytest.mark.parametrize("phase", ORDER)
@pytest.mark.parametrize("what", [BEGIN, EVENT, DISCONNECT, LEAVE, FINISH])
def test_every_cell(phase: str, what: str) -> None:
    """Whatever is not named here changes nothing."""
    assert PHASES[phase].get(what) == WHAT_FOLLOWS.get((phase, what))


def test_a_life_only_goes_forward() -> None:
    """No phase comes back, and only one stays when an event has been handled."""
    moves = [(phase, after) for phase, row in PHASES.items() for after in row.values()]

    assert list(PHASES) == ORDER
    assert [(a, b) for a, b in moves if ORDER.index(b) <= ORDER.index(a)] == [(LIVE, LIVE)]


def test_the_connection_ends_at_most_once() -> None:
    """Where `disconnect()` has begun it does not begin again, however the life goes on."""
    reached = {PHASES[phase][DISCONNECT] for phase in PHASES if DISCONNECT in PHASES[phase]}
    while more := {after for phase in reached for after in PHASES[phase].values()} - reached:
        reached |= more

    assert not any(DISCONNECT in PHASES[phase] for phase in reached)


def test_nobody_joins_a_group_after_the_end_has_begun() -> None:
    """The groups that are left are those that were joined before."""
    assert INITIAL == NEW
    assert {*ORDER[: ORDER.index(ENDING)]} == SERVING
