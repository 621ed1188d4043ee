"""The stubs say what the models are, and follow the source."""

import ast
import builtins
import inspect
from collections.abc import Iterator
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from fast_channels import events
from fast_channels.events import AsgiModel
from repository_files.stubs import PACKAGE, render, stubs
from repository_files.views import VIEWS, View

FILES = stubs()
MODELS = [
    model
    for model in (getattr(events, name) for name in events.__all__)
    if isinstance(model, type) and issubclass(model, AsgiModel) and model.model_fields
]


def stub_of(model: type) -> ast.ClassDef:
    """Return the class that stands for a model in the stubs."""
    path = "/".join(model.__module__.split(".")[1:])
    tree = ast.parse(FILES[f"{PACKAGE}/{path}.pyi"])
    (found,) = (one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == model.__name__)
    return found


def functions(class_: ast.ClassDef, name: str) -> list[ast.FunctionDef]:
    """Return the overloads of a method."""
    return [one for one in class_.body if isinstance(one, ast.FunctionDef) and one.name == name]


def literal_keys(class_: ast.ClassDef, name: str) -> Iterator[str]:
    """Yield the keys that the overloads of a method know, in their order."""
    for one in functions(class_, name):
        match one.args.args[1].annotation:
            case ast.Subscript(value=ast.Name("Literal"), slice=ast.Constant(str(key))):
                yield key
            case _:
                pass


@pytest.mark.parametrize("model", MODELS)
def test_a_constructor_has_the_fields_of_its_model(model: type[AsgiModel]) -> None:
    """All of them by keyword, and those that the model requires without a default."""
    (constructor,) = functions(stub_of(model), "__init__")
    arguments = zip(constructor.args.kwonlyargs, constructor.args.kw_defaults, strict=True)

    assert {argument.arg: default is None for argument, default in arguments} == {
        name: field.is_required() for name, field in model.model_fields.items()
    }


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("method", ["__getitem__", "get"])
def test_every_field_is_a_key(model: type[AsgiModel], method: str) -> None:
    """Each has an overload of its own, and any other key is the last."""
    class_ = stub_of(model)

    assert [*literal_keys(class_, method)] == [*model.model_fields]
    assert ast.unparse(functions(class_, method)[-1].args.args[1]) == "key: str"


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_an_attribute(model: type[AsgiModel]) -> None:
    """In the stub of the model, or of a base that declares it."""
    declared = {
        ast.unparse(one.target)
        for class_ in model.__mro__
        if class_.__module__.startswith("fast_channels.events.")
        for one in stub_of(class_).body
        if isinstance(one, ast.AnnAssign) and ast.unparse(one.annotation).startswith("Final[")
    }

    assert declared == {*model.model_fields}


def test_a_stub_is_valid_python() -> None:
    """Every file but the marker of the package, which says that the rest of it is the source."""
    files = stubs()

    assert files.pop(f"{PACKAGE}/py.typed") == "partial\n"
    assert [name for name in files if not name.endswith(".pyi")] == []
    for name, text in files.items():
        compile(text, name, "exec", flags=ast.PyCF_ONLY_AST)


def test_only_modules_with_a_view_have_a_stub() -> None:
    """Where checkers can be told no more than the source says they read the source."""
    assert len(stubs()) == len(VIEWS) + 1


@pytest.mark.parametrize(
    ("module", "class_", "member"),
    [
        (module, class_, member)
        for module, view in VIEWS.items()
        for class_, members in view.members.items()
        for member in members
    ],
)
def test_a_view_is_of_a_class_that_exists(module: str, class_: str, member: str) -> None:
    """A name that the source has not is there for checkers only, and begins with `_sends`."""
    source: type[object] = getattr(import_module(module), class_)

    known = {name for base in source.__mro__ for name in vars(base).keys() | inspect.get_annotations(base)}
    assert member in known or member.startswith("_sends")


SOURCE = '''
"""A module."""
import asyncio
import functools
from typing import TYPE_CHECKING, Any, TypeAlias

Known: TypeAlias = dict[str, Any]
"""What is known."""
LIMIT: int = 3
_CACHE: Known = {}
_USED = 1
__all__ = ["Thing"]

def _helper() -> None:
    asyncio.run(None)

@functools.cache
def cached(
    first: int,  # the first
    second: str = "",
) -> Known:
    """Do something."""
    return {}

class Thing:
    """A thing.

    Attributes:
        count: How many there are,
            at most.
        view: Not a method.
    """

    count: int = 0
    other = _USED

    def __init__(self, name: str, size: int, untyped=None) -> None:
        self.name = name
        self.length = size
        self.count = size
        self.untyped = untyped
        self.computed = name * size

    if TYPE_CHECKING:
        # Only for checkers.
        def seen(self) -> int:
            """Return a number."""
    else:
        def seen(self) -> str:
            return ""

    async def view(self, value: int) -> None:  # a comment
        r"""See.

        A path: C:\\x.
        """
        # Why.
        await asyncio.sleep(0)

class More(Thing):
    other = 2

class Empty(Thing): ...

_CACHE["a"] = 1
'''
STUB = '''\
# Written by `nox -s generate`; changes made by hand are lost.

import functools
from typing import TYPE_CHECKING, Any, TypeAlias
from typing import Never

Known: TypeAlias = dict[str, Any]
LIMIT: int
_USED = 1
__all__ = ["Thing"]

@functools.cache
def cached(
    first: int,  # the first
    second: str = "",
) -> Known:
    """Do something."""

class Thing:
    """A thing.

    Attributes:
        count: How many there are,
            at most.
        view: Not a method.
    """
    count: int
    """How many there are, at most."""
    other = _USED
    def __init__(self, name: str, size: int, untyped=None) -> None: ...
    def seen(self) -> int: ...
    name: str
    length: int
    async def view(self, value: Never) -> None:
        r"""See.

        A path: C:\\x.
        """

class More(object):
    other = 2

class Empty(Thing):
    ...
'''


def imported(source: str, folder: Path) -> ModuleType:
    """Return a module with some source."""
    path = folder / "example.py"
    path.write_text(source, encoding="utf-8")
    spec = spec_from_file_location("example", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_stub_follows_the_source(tmp_path: Path) -> None:
    """Signatures as they are written, the branch for checkers, and of private names those that are needed."""
    view = View(
        names="from typing import Never\n",
        bases={"More": "object"},
        members={"Thing": {"view": "async def view(self, value: Never) -> None: ..."}},
    )

    assert render(imported(SOURCE, tmp_path), view) == STUB


def test_what_an_editor_shows_is_documented() -> None:
    """Classes, what is called, and the attributes that a consumer is given."""
    base = ast.parse(FILES[f"{PACKAGE}/consumer/base.pyi"])
    (consumer,) = (one for one in base.body if isinstance(one, ast.ClassDef) and one.name == "AsyncConsumer")
    lines = [ast.unparse(one) for one in consumer.body]
    shown = [functions(stub_of(model), "__init__")[0] for model in MODELS]

    assert ast.get_docstring(consumer)
    assert all(ast.get_docstring(one) for one in [*functions(consumer, "as_asgi"), *shown])
    for name in ("scope", "base_send", "params"):
        (place,) = (at for at, line in enumerate(lines) if line.startswith(f"{name}: "))
        assert lines[place + 1].startswith(("'", '"'))


@pytest.mark.parametrize("source", ["if 1 + 1 == 2:\n    x = 1\n", "for x in []:\n    pass\n"])
def test_a_statement_that_no_stub_can_have_is_refused(source: str, tmp_path: Path) -> None:
    """Nothing is left out silently."""
    module = imported(source, tmp_path)

    with pytest.raises(TypeError, match="line 1 of example is a statement that no stub can have"):
        render(module, View())


@pytest.mark.parametrize("path", [path for path in FILES if path.endswith(".pyi")])
def test_a_stub_uses_no_name_that_it_does_not_have(path: str) -> None:
    """Checkers take such a name for anything, so that the mistakes around it are no longer found."""
    tree = ast.parse(FILES[path])
    known = {*dir(builtins)}
    for one in ast.walk(tree):
        if isinstance(one, ast.ImportFrom | ast.Import):
            known |= {(alias.asname or alias.name).partition(".")[0] for alias in one.names}
        elif isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            known.add(one.name)
        elif isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            known.add(one.id)

    assert {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)} <= known


def test_a_stub_has_the_overloads_of_a_function_and_not_what_is_behind_them(tmp_path: Path) -> None:
    """Checkers would take the implementation for one more overload."""
    source = tmp_path / "overloaded.py"
    source.write_text(
        "from typing import overload\n\n"
        "@overload\ndef f(x: int) -> int: ...\n@overload\ndef f(x: str) -> str: ...\n"
        "def f(x: object) -> object:\n    return x\n"
    )
    spec = spec_from_file_location("overloaded", source)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)

    text = render(module, View())

    assert (text.count("def f("), text.count("object")) == (2, 0)
