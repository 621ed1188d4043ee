"""Names are the terms of the field, so that a search finds them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"

INSTEAD = {
    "aftermath": "effects",
    "attend": "subscribe, listen",
    "despite": "shield",
    "furnish": "prepare",
    "room": "package, mailroom, limit",
    "settle": "handle",
}
"""Words that were names here and mean something else to everybody, or nothing."""

PUBLIC = {"room", "settle"}
"""Those in names of the contract kit, which authors of channel layers override."""


def words(path: Path) -> Iterator[str]:
    """Yield the words of which the names in a module are made."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                pass
            case ast.arg(arg=name) | ast.Attribute(attr=name) | ast.Name(id=name):
                pass
            case _:
                continue
        yield from (word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name))


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.stem)
def test_names_are_terms_of_the_field(path: Path) -> None:
    """A word that only we use has a better one in the table."""
    used = INSTEAD.keys() & {*words(path)} - (PUBLIC if path.parent.name == "testing" else set())

    assert {word: INSTEAD[word] for word in used} == {}
