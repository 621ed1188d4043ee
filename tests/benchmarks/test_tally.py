"""Every message of a member is accounted for."""

from benchmarks.tally import Tally, percentile


def tally_of(*frames: str) -> Tally:
    """Return what a member has counted after these frames."""
    tally = Tally()
    for frame in frames:
        tally.add(frame)
    return tally


def test_messages_and_gaps_are_the_account() -> None:
    """A message was delivered, or is in a gap."""
    tally = tally_of("0 0", "1 0", "gap 3", "0 4")

    assert (tally.delivered, tally.counted, tally.accounted, tally.disorder) == (3, 3, 6, 0)


def test_order_is_that_of_each_sender() -> None:
    """Nothing is promised between two of them."""
    assert tally_of("0 5", "1 2", "0 6").disorder == 0


def test_what_comes_late_or_twice_is_disorder() -> None:
    """It is a message all the same."""
    tally = tally_of("0 5", "0 4", "0 5", "0 5")

    assert (tally.delivered, tally.disorder) == (4, 2)


def test_a_percentile_is_one_of_the_values() -> None:
    """The last one, if there is only that."""
    values = [float(value) for value in range(1, 101)]

    assert (percentile(values, 50), percentile(values, 99), percentile([7.0], 99)) == (51.0, 100.0, 7.0)
