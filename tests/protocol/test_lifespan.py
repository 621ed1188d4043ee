"""When the events of an application's life are legal, cell by cell."""

import pytest

from fast_channels.protocol import LifespanConnection
from fast_channels.protocol.lifespan import TABLE
from tests.events.examples import example

from .cells import Row, cells, check, rows

EXPECTED = rows(
    """
                           | INIT      | STARTING  | STARTED   | FAILED    | STOPPING  | STOPPED
lifespan.startup           | STARTING  | tolerated | tolerated | tolerated | tolerated | tolerated
lifespan.shutdown          | tolerated | tolerated | STOPPING  | tolerated | tolerated | tolerated
lifespan.startup.complete  | illegal   | STARTED   | illegal   | illegal   | illegal   | illegal
lifespan.startup.failed    | illegal   | FAILED    | illegal   | illegal   | illegal   | illegal
lifespan.shutdown.complete | illegal   | illegal   | illegal   | illegal   | STOPPED   | illegal
lifespan.shutdown.failed   | illegal   | illegal   | illegal   | illegal   | STOPPED   | illegal
"""
)

STARTED = ["lifespan.startup", "lifespan.startup.complete"]
ROUTES = {
    "INIT": [],
    "STARTING": ["lifespan.startup"],
    "STARTED": STARTED,
    "FAILED": ["lifespan.startup", "lifespan.startup.failed"],
    "STOPPING": [*STARTED, "lifespan.shutdown"],
    "STOPPED": [*STARTED, "lifespan.shutdown", "lifespan.shutdown.complete"],
}
"""How a connection comes into a state."""


def connection(state: str) -> LifespanConnection:
    """Return a connection that came into a state by its events."""
    machine = LifespanConnection({})
    for type_ in ROUTES[state]:
        (machine.receive if type_.count(".") == 1 else machine.send)(example(type_))
    assert machine.state == state
    return machine


def test_the_tables_have_the_same_cells() -> None:
    """Every cell of the package is one of this test, and the other way round."""
    assert cells(TABLE) == {*EXPECTED}


@pytest.mark.parametrize("row", EXPECTED, ids=str)
def test_a_cell_does_what_it_says(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    """Every event in every state: what comes back, what is raised or logged, and which state follows."""
    machine = connection(row.state)

    check(machine, row, EXPECTED, caplog)

    assert machine.state == row.next


@pytest.mark.parametrize("state", ROUTES)
def test_a_lifespan_has_no_client_to_lose(state: str) -> None:
    """A server that refuses an event does not end the life of the application."""
    machine = connection(state)

    machine.lost()

    assert machine.state == state
