"""What is said of a kind of finding is true, and can be read in the documentation."""

import sys
from collections.abc import Iterator
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

import pytest

from fast_channels.checks import KINDS, findings_in, page
from fast_channels.layers import channel_layers
from fast_channels.targets import Target

ROOT = Path(__file__).parents[2]
LIBRARY = str(ROOT / "src" / "fast_channels")
IN_CODE = sorted(KINDS.keys() - {"FC001"})
"""Those that are about code, and not about what is installed."""


@pytest.fixture(autouse=True)
def nothing_else() -> Iterator[None]:
    """No layer is registered, and no module of an example is there, before and after."""
    channel_layers.clear()
    yield
    channel_layers.clear()
    sys.modules.pop("checks_example", None)


def found(source: str) -> list[str]:
    """Return the codes of what is found in a module."""
    module = sys.modules["checks_example"] = ModuleType("checks_example")
    exec(compile(source, "checks_example", "exec"), module.__dict__)
    return [one.code for one in findings_in([Target("checks_example", module)])]


@pytest.mark.parametrize("code", IN_CODE)
def test_an_example_has_one_mistake(code: str) -> None:
    """It is found, or the library says so when the class is defined."""
    try:
        codes = found(KINDS[code].example)
    except TypeError as error:
        place = extract_tb(error.__traceback__)[-1].filename
        codes = [code if place.startswith(LIBRARY) else str(error)]
    assert codes == [code]


@pytest.mark.parametrize("code", IN_CODE)
def test_a_mend_has_none(code: str) -> None:
    """Nothing is found any more."""
    assert found(KINDS[code].mend) == []


def test_the_page_shows_every_kind() -> None:
    """It is what `fast-channels explain` writes: `fast-channels explain > docs/findings.md`."""
    assert (ROOT / "docs" / "findings.md").read_text(encoding="utf-8") == page()


def test_an_instance_is_no_application() -> None:
    """Whether it is named or in a route; a class in a list of a module is no route."""
    source = """
from fast_channels.consumer import AsyncWebsocketConsumer

class Chat(AsyncWebsocketConsumer): ...

CONSUMERS = [Chat]
"""

    assert found(source) == []
    assert found(source + "chat = Chat()") == ["FC308"]
