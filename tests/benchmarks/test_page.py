"""The page says when, where and what was measured."""

import json

from benchmarks import page
from benchmarks.figures import Record

from .records import LOAD, RECORD


def test_a_record_comes_back_from_its_file() -> None:
    """With the rounds of a figure on one line."""
    text = page.compact_json(RECORD)

    assert Record.model_validate_json(text) == RECORD
    assert '"cpu": [2.0, 4.0]' in text
    assert json.loads(text)["machine"]["load"] == [0.5, 1.5]


def test_the_page_says_when_and_where() -> None:
    """And how busy the machine was."""
    text = page.text(RECORD, None)

    assert "Measured on 2026-01-31." in text
    assert "A processor, 2 cores, 8 GiB; An OS." in text
    assert "0.5 and 1.5" in text


def test_the_page_names_what_is_missed_before_the_table() -> None:
    """Nobody has to look for it; twice raw ASGI is more than the gate allows."""
    text = page.text(RECORD, None)

    assert "**Missed:** text echo, x raw" in text


def test_the_page_has_the_load_when_there_was_one() -> None:
    """Without one it leads to no picture of it."""
    assert "load.svg" not in page.text(RECORD, None)
    assert "benchmarks/load.svg" in page.text(RECORD, LOAD)


def test_the_page_in_the_repository_is_that_of_its_figures() -> None:
    """`python -m benchmarks --page` writes it anew, without measuring."""
    assert page.PAGE.read_text(encoding="utf-8") == page.text(*page.stored())
