"""What all tests of types look at."""

from pathlib import Path

import pytest

from .checkers import Checked, check


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """What the checkers say of the cases and of the application; they start slowly, so it is asked once."""
    here = Path(__file__).parent
    return check([here / "cases", here / "application"], tmp_path_factory.mktemp("typing"))
