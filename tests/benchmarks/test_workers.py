"""The runner reads what workers and valgrind say."""

import pytest

from benchmarks.plans import PLANS
from benchmarks.workers import order, total


def test_callgrind_says_the_total_on_a_line_of_its_own() -> None:
    """Other lines have numbers, too."""
    assert total("events: Ir\nfn=(1)\n12 345\ntotals: 6789\n") == 6789


def test_a_file_without_a_total_is_an_error() -> None:
    """The process was killed, or another tool has written it."""
    with pytest.raises(ValueError, match="no totals"):
        total("events: Ir\n")


def test_an_order_names_what_a_worker_knows() -> None:
    """A scenario may be the same to a worker as another, behind another server."""
    assert order("uvicorn-text")["scenario"] == "text"
    assert order("text")["scenario"] == "text"


def test_valgrind_gets_fewer_events() -> None:
    """As it is fifty times as slow."""
    assert order("group-100", marks=True)["events"] == PLANS["group-100"].instructions
    assert order("group-100")["events"] == PLANS["group-100"].events
