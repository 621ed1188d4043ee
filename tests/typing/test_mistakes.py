"""Both type checkers find every planted mistake, and nothing where there is none."""

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from .checkers import Checked, Line

CASES = Path(__file__).parent / "cases"
MARK = re.compile(r"# E(?:\[(?P<checker>mypy|pyright)\](?P<reason>: .+)?)?$")


class Mistake(NamedTuple):
    """A line with a mistake, and the checker that alone finds it, or `None` if both do."""

    line: Line
    checker: str | None
    reason: str | None


def mistakes() -> list[Mistake]:
    """Return all lines that are marked."""
    return [
        Mistake(Line(f"cases/{path.name}", number), found["checker"], found["reason"])
        for path in sorted(CASES.glob("*.py"))
        for number, text in enumerate(path.read_text().splitlines(), start=1)
        if (found := MARK.search(text))
    ]


def expected(checker: str) -> set[Line]:
    """Return the lines at which a checker has to find a mistake."""
    return {one.line for one in mistakes() if one.checker in {None, checker}}


@pytest.mark.parametrize("checker", Checked._fields)
def test_every_mistake_is_found(checked: Checked, checker: str) -> None:
    """A line that is marked is an error."""
    found: dict[Line, str] = getattr(checked, checker)

    assert sorted(expected(checker) - found.keys()) == []


@pytest.mark.parametrize("checker", Checked._fields)
def test_nothing_else_is_found(checked: Checked, checker: str) -> None:
    """A line that is not marked is none; so what users write, and `assert_type`, hold for both checkers."""
    found: dict[Line, str] = getattr(checked, checker)

    others = {
        line: message
        for line, message in found.items()
        if line.file.startswith("cases/") and line not in expected(checker)
    }
    assert others == {}


def test_there_are_mistakes_of_all_kinds() -> None:
    """Every file of cases plants some, but for those of overrides, which have none and no ignores."""
    planted = {one.line.file for one in mistakes()}
    overrides = {CASES / "overrides.py", CASES / "published.py"}

    assert planted == {f"cases/{path.name}" for path in CASES.glob("*.py") if path not in overrides}
    assert len(mistakes()) >= 60
    assert not any("ignore[" in path.read_text() for path in overrides)


def test_one_checker_alone_has_a_reason() -> None:
    """Where a mistake escapes one of the two, the line says why."""
    assert [one for one in mistakes() if one.checker and not one.reason] == []


def test_there_are_overrides_of_all_kinds() -> None:
    """At least 48 methods and attributes that users write into their subclasses."""
    classes = [
        one for one in ast.parse((CASES / "overrides.py").read_text()).body if isinstance(one, ast.ClassDef)
    ]
    members = [f"{one.name}:{ast.unparse(member)}" for one in classes if one.bases for member in one.body]

    assert len(members) >= 48
