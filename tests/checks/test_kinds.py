"""What is said of a kind of finding is true, and can be read in the documentation."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fast_channels.checks import KINDS, findings_in, page
from fast_channels.layers import channel_layers
from fast_channels.targets import Target

ROOT = Path(__file__).parents[2]
IN_CODE = sorted(KINDS.keys() - {"FC001"})
"""Those that are about code, and not about what is installed."""


@pytest.fixture(autouse=True)
def nothing_else() -> Iterator[None]:
    """No layer is registered, and no module of an example is there, before and after."""
    channel_layers.clear()
    yield
    channel_layers.clear()
    sys.modules.pop("app", None)


def found(source: str) -> list[str]:
    """Return what is said of a module, when it is imported or else when it is checked."""
    module = sys.modules["app"] = ModuleType("app")
    try:
        exec(compile(source, "app.py", "exec"), vars(module))
    except TypeError as error:
        return [f"TypeError: {error}"]
    return [f"{one.code} {one.subject}: {one.message}" for one in findings_in([Target("app", module)])]


@pytest.mark.parametrize("code", IN_CODE)
def test_an_example_has_one_mistake(code: str) -> None:
    """It is told as the page shows it, but for what pydantic adds."""
    expected = KINDS[code].says

    (said,) = found(KINDS[code].example)

    assert said == expected or (expected.endswith("...") and said.startswith(expected[:-3]))


def test_another_distribution_is_told_of_as_the_page_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is checked."""
    monkeypatch.setattr("importlib.metadata.version", {"fast-channels": "1.1.0"}.__getitem__)

    (told,) = findings_in([])

    assert f"{told.code} {told.subject}: {told.message}" == KINDS["FC001"].says


@pytest.mark.parametrize("code", IN_CODE)
def test_a_mend_has_none(code: str) -> None:
    """Nothing is found any more, and it is not the same module."""
    assert found(KINDS[code].fix) == []
    assert KINDS[code].fix != KINDS[code].example


def test_the_page_shows_every_kind() -> None:
    """It is what `fast-channels explain` writes: `fast-channels explain > docs/findings.md`."""
    assert (ROOT / "docs" / "findings.md").read_text(encoding="utf-8") == page()
