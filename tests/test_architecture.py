"""The source stays in pieces that one person can read: small files, small classes, nothing twice."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "fast_channels"
FILES = sorted(SOURCE.rglob("*.py"))

LINES = 400
LIMITED = ("consumer", "layers", "protocol")
"""Packages whose files have at most so many lines."""

METHODS, ATTRIBUTES = 20, 10

LARGE_CLASSES: Mapping[str, str] = {
    "consumer.rules.Rules": "record: one field for each thing that is known of a class",
    "events.dicts.HttpScopeDict": "generated: one key for each field of the specification",
    "events.dicts.WebSocketScopeDict": "generated: one key for each field of the specification",
    "layers.base.BaseChannelLayer": "documented: what every layer can do",
    "testing._layer_model.LayerMachine": "contract kit: one method for each step",
    "testing.application.ApplicationCommunicator": "documented: what a server and a test can do",
    "testing.layer_contract.ChannelLayerContract": "contract kit: one method for each promise",
}
"""Classes that are larger than others, and why."""

TOP_LEVEL = {
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "RELEASING.md", "SECURITY.md"),
    *("noxfile.py", "pyproject.toml"),
    *("benchmarks", "docs", "examples", "schemas", "src", "stubs", "tests"),
}

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Scope: TypeAlias = ast.Module | ast.ClassDef


class Size(NamedTuple):
    """How large a class is.

    Attributes:
        methods: The names of its methods and properties.
        attributes: The names that its body declares, and those that its methods set on `self`.
    """

    methods: frozenset[str]
    attributes: frozenset[str]

    @property
    def is_large(self) -> bool:
        """Whether one person has to read too much."""
        return len(self.methods) > METHODS or len(self.attributes) > ATTRIBUTES

    def __str__(self) -> str:
        return f"{len(self.methods)} methods, {len(self.attributes)} attributes"


def name_of(path: Path) -> str:
    """Return what a module is called in the package."""
    return path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".")


def methods_of(class_: ast.ClassDef) -> Iterator[Function]:
    """Yield the functions in the body of a class."""
    return (one for one in class_.body if isinstance(one, Function))


def declared_in(class_: ast.ClassDef) -> Iterator[str]:
    """Yield the names to which a class gives an annotation or a value, but for class variables."""
    for one in class_.body:
        targets = [one.target] if isinstance(one, ast.AnnAssign) else getattr(one, "targets", [])
        if not (isinstance(one, ast.AnnAssign) and "ClassVar" in ast.unparse(one.annotation)):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def set_by(method: Function) -> Iterator[str]:
    """Yield the names of what a method sets on its first argument."""
    for one in ast.walk(method):
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store) and is_self(one.value):
            yield one.attr


def is_self(node: ast.expr) -> bool:
    """Tell whether an expression is what methods call their first argument."""
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


def size_of(class_: ast.ClassDef) -> Size:
    """Return how large a class is."""
    methods = frozenset(method.name for method in methods_of(class_))
    set_by_methods = (name for method in methods_of(class_) for name in set_by(method))
    attributes = {*declared_in(class_), *set_by_methods} - methods - {"__slots__", "__match_args__"}
    return Size(methods, frozenset(attributes))


def classes() -> dict[str, Size]:
    """Return every class of the package but enumerations, which are lists."""
    return {
        f"{name_of(path)}.{one.name}": size_of(one)
        for path in FILES
        for one in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(one, ast.ClassDef) and "IntEnum" not in map(ast.unparse, one.bases)
    }


def test_a_file_is_short() -> None:
    """Of the packages in which the order of things is hard to see."""
    files = [path for path in FILES if path.relative_to(SOURCE).parts[0] in LIMITED]
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}

    assert {name_of(path): count for path, count in lines.items() if count > LINES} == {}


def test_a_class_is_small() -> None:
    """Unless it is in the table, which holds no class that is small."""
    large = {name: str(size) for name, size in classes().items() if size.is_large}

    assert {name: size for name, size in large.items() if name not in LARGE_CLASSES} == {}
    assert [name for name in LARGE_CLASSES if name not in large] == []


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_checkers_read_what_runs(path: Path) -> None:
    """No function or class is defined twice, once for them and once to run: the stubs say what they need."""
    scopes = [one for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(one, Scope)]
    assert [name for scope in scopes for name in defined_twice(scope)] == []


def defined_twice(scope: Scope) -> set[str]:
    """Return what a module or a class defines for type checkers and otherwise as well."""
    guards = [
        one for one in scope.body if isinstance(one, ast.If) and "TYPE_CHECKING" in ast.unparse(one.test)
    ]
    for_checkers = [one for guard in guards for one in guard.body]
    others = [
        *(one for one in scope.body if one not in guards),
        *(one for guard in guards for one in guard.orelse),
    ]
    return names_of(for_checkers) & names_of(others)


def names_of(statements: list[ast.stmt]) -> set[str]:
    """Return the names of the functions and classes that statements define."""
    return {one.name for one in statements if isinstance(one, Function | ast.ClassDef)}


def test_the_top_level_of_the_repository_is_short() -> None:
    """Whoever opens it sees where to go on; files whose names begin with a dot are those of tools."""
    ignored = re.compile(r"\..*|build|dist|htmlcov|.*\.egg-info|PKG-INFO|__pycache__")
    found = {path.name for path in ROOT.iterdir() if not ignored.fullmatch(path.name)}

    assert found == TOP_LEVEL
