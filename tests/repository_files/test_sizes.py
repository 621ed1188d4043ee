"""The architecture says how big the biggest file of each package is, without anybody counting."""

from pathlib import Path

import pytest

from repository_files.sizes import HEAD, with_sizes

DOCUMENT = f"""\
# Packages

{HEAD}|---|---|---|---|
| `events/` | models | state | |
| `tool/` | a tool | is in the wheel | `old.py` 900 |
| `words.py` | words | code | |
| `gone/` | nothing | | |

| another | table |
|---|---|
| `events/` | stays |
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with two packages and a module."""
    files = {
        "fast_channels/events/small.py": 1,
        "fast_channels/events/nested/big.py": 51,
        "fast_channels/words.py": 50,
        "tool/main.py": 101,
    }
    for name, lines in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n" * lines, encoding="utf-8")
    generated = '"""Models.\n\nWritten from x by `nox -s generate`.\n"""\n'
    (tmp_path / "fast_channels/events/dicts.py").write_text(generated + "\n" * 500, encoding="utf-8")
    return tmp_path


def test_the_biggest_file_of_each_row_is_written(source: Path) -> None:
    """With its lines rounded up; what is generated does not count, and another table stays as it is."""
    text = with_sizes(DOCUMENT, source)

    assert "| `events/` | models | state | `nested/big.py` 100 |\n" in text
    assert "| `tool/` | a tool | is in the wheel | `main.py` 150 |\n" in text
    assert "| `words.py` | words | code | `words.py` 50 |\n" in text
    assert "| `events/` | stays |\n" in text


def test_a_package_that_is_not_there_is_said(source: Path) -> None:
    """The document may be older than the source."""
    assert "| `gone/` | nothing | | not there |\n" in with_sizes(DOCUMENT, source)


def test_what_is_written_is_not_written_again(source: Path) -> None:
    """A check compares the document with what it would become."""
    text = with_sizes(DOCUMENT, source)

    assert with_sizes(text, source) == text
