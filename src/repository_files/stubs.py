"""Renders the partial stub package: what type checkers are told beyond the source.

A stub is made from the source of its module: signatures without bodies, and of an `if TYPE_CHECKING` its
first branch. Models get their exact constructor and the types of their keys; what no source can express
comes from `VIEWS`.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from fast_channels.events import AsgiModel

from .docstrings import attribute_docs, docstring, indented, quoted
from .members import attributes, constructor, model_keys, reads
from .views import VIEWS, View

PACKAGE = "stubs/fast_channels-stubs"
NOTICE = "# Written by `nox -s generate`; changes made by hand are lost."


def stubs() -> dict[str, str]:
    """Return every file of the stub package: its path in the repository and its text."""
    files = {f"{PACKAGE}/py.typed": "partial\n"}
    for name, view in VIEWS.items():
        path = "/".join(name.split(".")[1:])
        files[f"{PACKAGE}/{path}.pyi"] = render(import_module(name), view)
    return files


def render(module: ModuleType, view: View) -> str:
    """Return the stub of a module.

    Args:
        module: The module, whose source is read.
        view: What its source cannot express.

    Raises:
        TypeError: The source has a statement that no stub can have.
    """
    return _Stub(module, view).text()


class Definition(NamedTuple):
    """A part of a stub.

    Attributes:
        names: What it defines.
        lines: Its source code.
        imported: Whether it is an import.
    """

    names: set[str]
    lines: list[str]
    imported: bool = False


def _declarations(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements without the implementations of overloaded functions, which no stub has."""
    overloaded: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            if "overload" in map(ast.unparse, statement.decorator_list):
                overloaded.add(statement.name)
            elif statement.name in overloaded:
                continue
        yield statement


class _Stub:
    """The stub of one module.

    Args:
        module: The module.
        view: What its source cannot express.
    """

    def __init__(self, module: ModuleType, view: View) -> None:
        self.module = module
        self.owner: ModuleType | type = module
        self.view = view
        self.source = inspect.getsource(module).splitlines()
        self.write: Mapping[type[ast.stmt], Callable[[Any], Iterator[Definition]]] = {
            ast.AnnAssign: self._annotated,
            ast.Assign: self._assigned,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.Expr: lambda _: iter(()),
            ast.FunctionDef: self._function,
            ast.If: self._branch,
            ast.Import: self._import,
            ast.ImportFrom: self._import,
        }

    def text(self) -> str:
        """Return the whole stub."""
        definitions = _needed([*self._definitions(ast.parse("\n".join(self.source)).body)], self.view.names)
        imports = [line for one in definitions if one.imported for line in one.lines]
        names = [line for one in definitions if not one.imported for line in _spaced(one.lines)]
        text = "\n".join([NOTICE, "", *imports, self.view.names, *names]).rstrip() + "\n"
        return re.sub(r"\n{3,}", "\n\n", text)

    def _definitions(self, body: Iterable[ast.stmt]) -> Iterator[Definition]:
        for statement in _declarations(body):
            write = self.write.get(type(statement))
            if write is None:
                raise self._no_stub(statement)
            yield from write(statement)

    def _no_stub(self, statement: ast.stmt) -> TypeError:
        place = f"line {statement.lineno} of {self.module.__name__}"
        return TypeError(f"{place} is a statement that no stub can have: {ast.unparse(statement)}")

    def _segment(self, start: int, end: int, indent: int) -> list[str]:
        return [line[indent:] for line in self.source[start - 1 : end]]

    def _whole(self, statement: ast.stmt) -> list[str]:
        return self._segment(statement.lineno, statement.end_lineno or 0, statement.col_offset)

    def _import(self, statement: ast.Import | ast.ImportFrom) -> Iterator[Definition]:
        names = {alias.asname or alias.name for alias in statement.names}
        yield Definition(names, self._whole(statement), imported=True)

    def _assigned(self, statement: ast.Assign) -> Iterator[Definition]:
        targets = {name.id for name in ast.walk(statement.targets[0]) if isinstance(name, ast.Name)}
        yield Definition(targets, self._whole(statement))

    def _annotated(self, statement: ast.AnnAssign) -> Iterator[Definition]:
        name, type_ = ast.unparse(statement.target), ast.unparse(statement.annotation)
        yield Definition({name}, self._whole(statement) if type_ == "TypeAlias" else [f"{name}: {type_}"])

    def _branch(self, statement: ast.If) -> Iterator[Definition]:
        if ast.unparse(statement.test) != "TYPE_CHECKING":
            raise self._no_stub(statement)
        yield from self._definitions(statement.body)

    def _function(self, statement: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Definition]:
        lines = self._head(statement)
        docs = _documented(statement.name, vars(self.owner).get(statement.name))
        yield Definition({statement.name}, [*lines[:-1], *_with_body(lines[-1], docs)])

    def _head(self, statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[str]:
        """Return decorators and signature, up to the colon and a comment that follows it."""
        start = min([statement.lineno, *(decorator.lineno for decorator in statement.decorator_list)])
        first = statement.body[0]
        lines = self._segment(start, first.lineno, statement.col_offset)
        lines[-1] = lines[-1][: first.col_offset - statement.col_offset].rstrip()
        return [line for line in lines if line and not line.lstrip().startswith("#")]

    def _class(self, statement: ast.ClassDef) -> Iterator[Definition]:
        lines = self._head(statement)
        bases = self.view.bases.get(statement.name)
        if bases is not None:
            lines = [f"class {statement.name}({bases}):"]
        self.owner = getattr(self.module, statement.name)
        members = [*_documented(statement.name, self.owner), *self._members(statement)]
        self.owner = self.module
        yield Definition({statement.name}, [*lines, *indented(members or ["..."])])

    def _members(self, statement: ast.ClassDef) -> Iterator[str]:
        model = getattr(self.module, statement.name)
        fields = model.model_fields if issubclass(model, AsgiModel) else {}
        views = self.view.members.get(statement.name, {})
        declared = {name for base in model.__mro__[1:] for name in inspect.get_annotations(base)}
        body = [one for one in statement.body if not _assigns(one, declared)]
        yield from attributes(model) if fields else ()
        # Nobody has an instance of a private base.
        if fields and not _is_private(statement.name):
            yield from [*constructor(model), *reads(model_keys(model))]
        docs = attribute_docs(model)
        for one in [*self._definitions(body), *_instance_attributes(statement)]:
            if not one.names & (views.keys() | fields.keys()):
                yield from one.lines
                yield from _said_of(one, docs)
        for name, view in views.items():
            yield from _with_docs(view.splitlines(), _documented(name, _attribute(model, name)))
            if "def " not in view:
                yield from _said_of(Definition({name}, []), docs)


def _spaced(lines: list[str]) -> list[str]:
    return lines if len(lines) == 1 else ["", *lines, ""]


def _assigns(statement: ast.stmt, declared: set[str]) -> bool:
    """Tell whether a statement gives an attribute a value whose type a base declares."""
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) in declared


def _with_body(last: str, docs: Sequence[str] = ()) -> list[str]:
    if docs:
        return [last, *indented(docs)]
    return [f"{last} ..."] if last.endswith(":") else [last, "    ..."]


def _documented(name: str, value: object) -> list[str]:
    """Return the docstring of a class or a function; private ones have no readers."""
    return [] if _is_private(name) else docstring(value)


def _attribute(kind: type, name: str) -> object:
    """Return what a class has under a name, without asking a descriptor for it."""
    return inspect.getattr_static(kind, name, None)


def _with_docs(lines: Iterable[str], docs: Sequence[str]) -> Iterator[str]:
    """Yield functions with a docstring in place of a body that says nothing."""
    for line in lines:
        yield from _with_body(line.removesuffix(" ..."), docs) if line.endswith(": ...") else [line]


def _said_of(attribute: Definition, docs: Mapping[str, str]) -> Iterator[str]:
    for name in attribute.names & docs.keys():
        yield from quoted(docs[name])


def _instance_attributes(statement: ast.ClassDef) -> Iterator[Definition]:
    """Yield the attributes that `__init__()` annotates, or sets to one of its parameters."""
    declared = {ast.unparse(one.target) for one in statement.body if isinstance(one, ast.AnnAssign)}
    for method in statement.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            types = {argument.arg: argument.annotation for argument in method.args.args}
            for one in method.body:
                match one:
                    case ast.Assign(
                        targets=[ast.Attribute(value=ast.Name("self"), attr=name)], value=ast.Name(source)
                    ) if name not in declared and (type_ := types.get(source)) is not None:
                        yield Definition({name}, [f"{name}: {ast.unparse(type_)}"])
                    case ast.AnnAssign(
                        target=ast.Attribute(value=ast.Name("self"), attr=name), annotation=type_
                    ):
                        yield Definition({name}, [f"{name}: {ast.unparse(type_)}"])
                    case _:
                        pass


def _needed(definitions: Sequence[Definition], other: str) -> list[Definition]:
    """Return what is public, and the private names and imports that it needs."""
    kept = [one for one in definitions if not one.imported and not all(map(_is_private, one.names))]
    size = 0
    while size != len(kept):
        size = len(kept)
        words = {*re.findall(r"\w+", "\n".join([other, *(line for one in kept for line in one.lines)]))}
        kept = [one for one in definitions if one in kept or one.names & words]
    return kept


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")
