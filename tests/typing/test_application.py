"""An application of some size is clean for both type checkers, as whoever installed the library sees it."""

import pytest

from .application import auction
from .checkers import Checked, Line


async def test_the_application_works() -> None:
    """What is checked is no mere heap of types."""
    await auction.test_a_bid_is_told()


@pytest.mark.parametrize("checker", Checked._fields)
def test_the_application_is_clean(checked: Checked, checker: str) -> None:
    """Neither has anything to say, with no configuration but `strict`."""
    found: dict[Line, str] = getattr(checked, checker)

    assert {line: message for line, message in found.items() if line.file.startswith("application/")} == {}
