"""Finds what `module:attribute` names, and the consumers in it."""

import contextlib
import importlib
import sys
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import FunctionType, MemberDescriptorType, ModuleType
from typing import Any, NamedTuple

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.base import ConsumerApplication

__all__ = ["Found", "Target", "TargetError", "consumers_in", "load"]

# Where applications, routers, routes and middleware keep what is behind them.
_INSIDE = (
    "application",
    "app",
    "inner",
    "endpoint",
    "router",
    "routes",
    "default",  # Starlette: of a router that finds no route
    "original_router",  # FastAPI: of a router that another one includes
    "route_handler",  # Litestar: of a route
    "route_handlers",
    "fn",  # Litestar: of a handler, where it is no property
    "_fn",
    "func",  # functools.partial
)
# Where what is behind them need not be an application.
_NO_APPLICATION = {"func"}
_INSTALLED = {"site-packages", "dist-packages"}


class TargetError(Exception):
    """A target cannot be used; the text is a sentence for the person who named it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a user has named.

    Attributes:
        text: How it was named, `module` or `module:attribute`.
        value: The module, or what the attribute is.
    """

    text: str
    value: Any

    @property
    def name(self) -> str:
        """The last of the names in the text."""
        return self.text.replace(":", ".").rpartition(".")[2]


class Found(NamedTuple):
    """A consumer class, and the way on which a target led to it.

    Attributes:
        consumer: The class.
        arguments: Those of the `as_asgi()`, `None` if there was none.
        bare: What stands where an ASGI application should: "a class" or "an instance"; empty if nothing does.
    """

    consumer: type[AsyncConsumer]
    arguments: Mapping[str, Any] | None
    bare: str = ""


def load(text: str, folder: Path) -> Target:
    """Import what a target names. What the import prints goes to the standard error.

    Args:
        text: `module` or `module:attribute`, both with dots if need be.
        folder: Where modules are looked for first; it stays on `sys.path`.

    Raises:
        TargetError: There is no such module or attribute, or the import failed.
    """
    module, colon, attribute = text.partition(":")
    names = attribute.split(".") if colon else []
    if _is_path(module) or not all(name.isidentifier() for name in [*module.split("."), *names]):
        example = f"{_as_module(module)}{colon}{attribute}" if _is_path(module) else "app:ChatConsumer"
        raise TargetError(
            f"{text!r} is not a target; write module or module:attribute, for example {example}"
        )
    value: Any = _import(module, folder.resolve())
    for name in names:
        value = _attribute(value, name, text)
    return Target(text, value)


def consumers_in(target: Target) -> list[Found]:
    """Return the consumers that a target stands for.

    A consumer class stands for itself, what its `as_asgi()` returned for that class. A module stands for all
    consumers that it defines, and for those that its objects lead to. An object of another kind stands for
    the consumers that its routes or the application behind it lead to; Starlette, FastAPI, Litestar and
    middleware are understood. A function, such as a bare ASGI application or a handler of Litestar, stands
    for the consumers that it uses by a global name or from the function around it.

    Raises:
        TargetError: It stands for none.
    """
    found = [*_find(target.value, set())]
    if not found:
        raise TargetError(
            f"{target.text} is not a consumer and does not lead to one; name a consumer class, the result of "
            "its as_asgi(), or a module or application that contains consumers"
        )
    return found


def _find(value: Any, seen: set[tuple[int, bool]], served: bool = False) -> Iterator[Found]:
    """Yield the consumers to which a value leads.

    Args:
        value: Anything.
        seen: What has been looked at.
        served: Whether the value stands where something keeps an application that it calls.
    """
    if (id(value), served) in seen:
        return
    seen.add((id(value), served))
    if _is(value, type):
        if issubclass(value, AsyncConsumer):
            yield Found(value, None, "a class" if served else "")
    elif _is(value, ConsumerApplication):
        yield Found(value.consumer_class, value.consumer_initkwargs)
    elif _is(value, AsyncConsumer):
        yield Found(type(value), None, "an instance")
    else:
        for inner, called in _inside(value, served):
            yield from _find(inner, seen, called)


def _is(value: object, *kinds: type) -> bool:
    # isinstance() would ask a proxy, which may not know now for what it stands.
    return issubclass(type(value), kinds)


def _inside(value: Any, served: bool) -> Iterator[tuple[Any, bool]]:
    """Yield what is in a value, and whether it stands where an application is kept."""
    if _is(value, list, tuple):
        yield from ((one, served) for one in value)
    elif _is(value, ModuleType):
        module: ModuleType = value
        yield from ((one, False) for one in [*vars(module).values()] if _belongs(one, module))
    elif _is(value, FunctionType):
        yield from ((one, False) for one in _used_by(value) if not _is(one, ModuleType, FunctionType))
    else:
        yield from _attributes(value)


def _attributes(value: Any) -> Iterator[tuple[Any, bool]]:
    held: Mapping[str, Any] = {}
    with contextlib.suppress(Exception):
        held = object.__getattribute__(value, "__dict__")
    # Properties are not asked: they are code of somebody else.
    members = {name: one for kind in type(value).__mro__ for name, one in vars(kind).items()}
    for name in _INSIDE:
        if name in held:
            yield held[name], name not in _NO_APPLICATION
        elif _is(members.get(name), MemberDescriptorType):
            with contextlib.suppress(AttributeError):  # it has no value
                yield object.__getattribute__(value, name), name not in _NO_APPLICATION


def _used_by(function: FunctionType) -> Iterator[Any]:
    """Yield what a function refers to by global names, and by names of the functions around it."""
    known = function.__globals__
    yield from (known[name] for name in function.__code__.co_names if name in known)
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # the name has no value yet
            yield cell.cell_contents


def _belongs(value: Any, module: ModuleType) -> bool:
    if _is(value, type, FunctionType):
        return bool(value.__module__ == module.__name__)
    return not _is(value, ModuleType)


def _is_path(module: str) -> bool:
    return module.endswith(".py") or "/" in module or "\\" in module


def _as_module(path: str) -> str:
    """Return what the module of a file is called that is in the current folder, or in src."""
    parts = path.removesuffix(".py").replace("\\", "/").removesuffix("/__init__").split("/")
    return ".".join(part for part in parts if part not in {"", ".", "..", "src"})


def _import(name: str, folder: Path) -> ModuleType:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _failed(name, folder, error) from error
        raise TargetError(
            f"there is no module {error.name} in {folder} and none is installed; check --app-dir"
        ) from error
    except (Exception, SystemExit) as error:
        raise _failed(name, folder, error) from error


def _failed(name: str, folder: Path, error: BaseException) -> TargetError:
    text = " ".join([f"{type(error).__name__}:", *str(error).split()]).removesuffix(":")
    return TargetError(f"{name} cannot be imported, because of {_place(folder, error)}: {text}")


def _place(folder: Path, error: BaseException) -> str:
    """Return the line of the application at which an error arose, or else the line that raised it."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(Path(frame.filename), folder)]
    frame = (own or frames)[-1]
    return f"{frame.filename}, line {frame.lineno}"


def _is_own(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) and _INSTALLED.isdisjoint(path.parts)


def _attribute(value: Any, name: str, text: str) -> Any:
    try:
        return getattr(value, name)
    except Exception as error:
        found = {one.consumer.__name__ for one in _find(value, set())}
        known = f"; it has the consumers {', '.join(sorted(found))}" if found else ""
        with contextlib.suppress(Exception):
            # What is close to it, one name at most.
            known += "".join(f"; did you mean {one}?" for one in get_close_matches(name, dir(value), n=1))
        owner = repr(value) if _is(value, type, ModuleType) else f"{type(value).__name__} object"
        raise TargetError(f"there is no {text}: {owner} has no attribute {name}{known}") from error
