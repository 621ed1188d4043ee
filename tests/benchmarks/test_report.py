"""The tables say what was measured, and what was missed."""

import pytest

from benchmarks import report
from benchmarks.gates import Gate, judge

from .records import FIGURES, LOAD


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (0.123456, "0.123"), (1.30, "1.3"), (46.04, "46"), (378.71, "378.7"), (11481.2, "11,481")],
)
def test_a_number_has_the_digits_that_mean_something(value: float, shown: str) -> None:
    """Three or four of them."""
    assert report.show(value) == shown


def test_numbers_are_aligned_to_the_right() -> None:
    """And texts to the left."""
    assert report.table(["a", "b"], [["x", 1.5]], ["a"]) == "| a | b |\n| --- | --: |\n| x | 1.5 |"


def test_a_gate_shows_what_was_asked_for_and_what_was_reached() -> None:
    """With the spread of it, and with the peers."""
    gate = Gate("echo", "CPU", "text", lambda figures, who: figures["text"][who]["cpu"], 2.5, 1.0)
    *_, row = report.gates(judge(FIGURES, (gate,))).splitlines()

    assert row == "| echo | CPU | 2.5 | 1 | **3** | 2.2 .. 3.8 | raw ASGI 1 | **missed** |"


def test_a_gate_that_was_not_measured_says_so() -> None:
    """It has no figure at all."""
    gate = Gate("echo", "CPU", "json", lambda figures, who: figures["json"][who]["cpu"], 2.5, 1.0)
    *_, row = report.gates(judge(FIGURES, (gate,))).splitlines()

    assert row == "| echo | CPU | 2.5 | 1 |  |  |  | not measured |"


def test_a_scenario_has_a_column_for_each_unit_that_was_measured() -> None:
    """Noisy ones have a second, for p10 and p90."""
    lines = report.scenario_table(FIGURES["text"]).splitlines()

    assert lines[0] == "|  | instructions, thousands | CPU, µs | p10 .. p90 | tasks | callbacks |"
    assert lines[-1] == "| **this library** | 20 | 3 | 2.2 .. 3.8 | 0 | 1 |"


def test_the_load_is_summed_up() -> None:
    """The worst second is named, and growth can be seen."""
    lines = report.load_table(LOAD)

    assert "| memory of the server, MiB, in the last second | 53 |" in lines
    assert "| p99 of the latency, ms, in the worst second | 3 |" in lines
    assert "| answers | 6 |" in lines


def test_the_account_has_a_column_for_each_rate() -> None:
    """What is lost without account has a row of its own."""
    lines = report.accounts(LOAD.accounts).splitlines()

    assert lines[0] == "|  | at full rate |"
    assert "| lost without account | 0 |" in lines
