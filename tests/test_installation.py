"""Whoever has two distributions of the same import name is told."""

import subprocess
import sys
import warnings
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

from fast_channels import installation
from fast_channels.checks import findings_in
from fast_channels.installation import DISTRIBUTION, conflict, how_to_install, warn_of_conflict

ROOT = Path(__file__).parents[1]
SENTENCE = (
    "fast-channels 1.1.0 is installed beside fast-channels-typed, and each has overwritten files of the "
    "other; run pip uninstall fast-channels fast-channels-typed, and install the one that you want again"
)


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules in which the other distribution is installed."""
    folder = tmp_path / "site"
    metadata = folder / "fast_channels-1.1.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: fast-channels\nVersion: 1.1.0\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    return folder


def test_one_distribution_is_as_it_should_be() -> None:
    """Nothing is said, and nothing found."""
    assert conflict() is None
    assert findings_in([]) == []


@pytest.mark.usefixtures("other")
def test_both_are_a_finding() -> None:
    """It says what has happened and what to do."""
    assert conflict() == SENTENCE
    assert [(one.code, one.message) for one in findings_in([])] == [("FC001", SENTENCE)]


@pytest.mark.parametrize("module", ["messages", "events", "consumer"])
def test_an_application_warns_once(other: Path, module: str) -> None:
    """Whichever it imports first of what only this distribution has."""
    program = (
        f"import sys; sys.path.insert(0, {str(other)!r}); import fast_channels.{module}, fast_channels.worker"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stderr.count(SENTENCE) == 1
    assert "RuntimeWarning" in result.stderr


@pytest.mark.usefixtures("other")
def test_the_warning_can_be_an_error() -> None:
    """As any other."""
    warn_of_conflict.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="is installed beside"):
            warn_of_conflict()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warn_of_conflict()
    finally:
        warn_of_conflict.cache_clear()


def test_an_extra_can_be_installed_from_a_checkout() -> None:
    """As long as the distribution may not be on the index."""
    assert how_to_install("cli") == (
        'pip install "fast-channels-typed[cli]", or in a checkout of its repository: pip install ".[cli]"'
    )


def test_the_distribution_is_the_one_that_is_installed() -> None:
    """Its version is that of the package."""
    from fast_channels import __version__

    assert installation.DISTRIBUTION == DISTRIBUTION
    assert version(DISTRIBUTION) == __version__


@pytest.mark.parametrize(
    ("module", "what"),
    [("strategies", "the strategies for hypothesis"), ("layer_contract", "the tests of a channel layer")],
)
def test_the_test_kit_says_which_extra_it_needs(
    monkeypatch: pytest.MonkeyPatch, module: str, what: str
) -> None:
    """What of it is for hypothesis; the rest works without."""
    monkeypatch.delitem(sys.modules, f"fast_channels.testing.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    with pytest.raises(ImportError) as error:
        import_module(f"fast_channels.testing.{module}")

    assert str(error.value).startswith(f"{what} need more packages: {how_to_install('testing')} (")


def test_only_one_place_says_how_to_install() -> None:
    """So that no hint in the source forgets the checkout; nor does a page that names the distribution."""
    sources = [path for path in (ROOT / "src").rglob("*.py") if path.name != "installation.py"]
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]

    assert [path for path in sources if "pip install" in path.read_text(encoding="utf-8")] == []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert 'pip install "fast-channels-typed' not in text or "checkout" in text, page
