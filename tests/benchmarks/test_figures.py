"""Figures are judged by their rounds."""

import pytest

from benchmarks.figures import Spread, quotient, spread


def test_what_is_the_same_in_each_round_is_measured_once() -> None:
    """A count has no spread."""
    assert spread([3.0]) == Spread(3.0, 3.0, 3.0)


def test_nine_of_ten_rounds_are_above_p10_and_below_p90() -> None:
    """The median lies between them."""
    assert spread([float(value) for value in range(11)]) == Spread(1.0, 5.0, 9.0)


def test_rounds_that_ran_side_by_side_are_compared_with_each_other() -> None:
    """A slow minute slows down both."""
    assert quotient([1.0, 10.0], [2.0, 20.0]) == [0.5, 0.5]


def test_others_are_compared_by_their_medians() -> None:
    """There is no round of the one that belongs to a round of the other."""
    assert quotient([1.0, 2.0, 30.0], [4.0]) == [0.5]


def test_figures_that_were_not_measured_are_no_zero() -> None:
    """A comparison with nothing fails."""
    with pytest.raises(ZeroDivisionError):
        quotient([1.0], [0.0])
