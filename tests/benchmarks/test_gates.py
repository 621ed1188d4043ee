"""A gate says what a figure has to be, and whether it is."""

import pytest

from benchmarks.figures import Figures
from benchmarks.gates import GATES, MISSED, NOT_MEASURED, STEADY, Finding, Gate, judge, verdict
from benchmarks.plans import IMPORTS, PLANS, TITLES


def gate(unit: str = "CPU", must: float = 2.0, stretch: float = 1.0) -> Gate:
    """Return a gate of the CPU time of a text echo."""
    return Gate("echo", unit, "text", lambda figures, who: figures["text"][who]["cpu"], must, stretch)


def found(ours: float, unit: str = "CPU", **peers: float) -> Finding:
    """Return what becomes of the gate when this is measured."""
    figures: Figures = {"text": {name: {"cpu": [value]} for name, value in {"ours": ours, **peers}.items()}}
    (finding,) = judge(figures, (gate(unit),))
    return finding


@pytest.mark.parametrize(
    ("value", "said"),
    [(1.0, "stretch reached"), (1.01, "reached"), (2.0, "reached"), (2.01, MISSED)],
)
def test_a_value_up_to_the_limit_is_reached(value: float, said: str) -> None:
    """A limit belongs to what is allowed."""
    assert verdict(gate(), value) == said


def test_a_count_is_reached_or_not() -> None:
    """Where both limits are the same there is nothing to hope for."""
    assert verdict(gate(must=0.0, stretch=0.0), 0.0) == "reached"


def test_what_was_not_measured_is_not_reached() -> None:
    """And no failure either."""
    (finding,) = judge({}, (gate(),))

    assert (finding.verdict, finding.reached, finding.is_failure) == (NOT_MEASURED, None, False)


def test_what_peers_have_stands_beside_it() -> None:
    """Of those that were measured."""
    assert found(1.5, raw=0.5, published=4.0).peers == {"raw": 0.5, "published": 4.0}


def test_a_peer_that_was_not_measured_in_this_unit_is_left_out() -> None:
    """Its other figures are no reason to fail."""
    figures: Figures = {"text": {"ours": {"cpu": [1.0]}, "raw": {"bytes": [1.0]}}}
    (finding,) = judge(figures, (gate(),))

    assert finding.peers == {}


@pytest.mark.parametrize("unit", STEADY)
def test_a_missed_gate_of_what_repeats_is_a_failure(unit: str) -> None:
    """Counts, instructions and bytes are the same on a busy machine."""
    assert found(3.0, unit).is_failure
    assert not found(2.0, unit).is_failure


def test_a_missed_gate_of_time_is_none() -> None:
    """Others may have used the machine; the table says that it is missed."""
    finding = found(3.0, "CPU")

    assert finding.verdict == MISSED
    assert not finding.is_failure


def test_a_noisy_figure_is_judged_by_its_median() -> None:
    """And shown with its spread."""
    (finding,) = judge({"text": {"ours": {"cpu": [1.5, 1.0, 9.0]}}}, (gate(),))

    assert finding.verdict == "reached"
    assert finding.reached == pytest.approx((1.1, 1.5, 7.5))


def test_every_gate_has_a_name_of_its_own_and_a_scenario() -> None:
    """The table is read by name."""
    assert len({one.name for one in GATES}) == len(GATES)
    assert {one.scenario for one in GATES} <= {*PLANS, "import"}


def test_no_hope_is_below_the_duty() -> None:
    """To stretch is more than to reach."""
    assert [one.name for one in GATES if one.stretch > one.must] == []


def complete() -> Figures:
    """Return figures as if everything had been measured, and everybody were alike."""
    units = ("cpu", "instructions", "tasks", "callbacks", "bytes", "hold")
    contestants = {name: plan.contestants for name, plan in PLANS.items()} | {"import": tuple(IMPORTS)}
    return {
        scenario: {name: {unit: [1.0] for unit in units} for name in names}
        for scenario, names in contestants.items()
    }


def test_every_gate_is_measured_by_a_complete_run() -> None:
    """No gate asks for a contestant that does not take part."""
    findings = judge(complete())

    assert [one.gate.name for one in findings if one.verdict == NOT_MEASURED] == []


def test_every_contestant_has_a_title() -> None:
    """Nobody is shown by the name of a module."""
    assert {name for found in complete().values() for name in found} <= {*TITLES}
