"""Names of packages, and values of mappings, that are loaded or made on first use."""

import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

__all__ = ["LateMapping", "Lazy", "late"]

M = TypeVar("M")
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


def late(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Return what finds the names of a package: its `__getattr__()`, or what that calls.

    It finds the modules of these names too, and remembers in the package what it has found.

    Args:
        package: The name of the package.
        places: The module of each name, without the name of the package.
    """

    def find(name: str) -> Any:
        if name in places:
            value = getattr(import_module(f"{package}.{places[name]}"), name)
            vars(sys.modules[package])[name] = value
            return value
        if name in places.values():
            return import_module(f"{package}.{name}")
        problem = f"module {package!r} has no attribute {name!r}"
        raise AttributeError(problem, name=name, obj=sys.modules[package])

    return find


class LateMapping(Mapping[str, V_co]):
    """A mapping whose keys are known, and whose values are loaded on first use.

    Args:
        names: The name of each value, by key.
        find: Returns the value of a name.
    """

    def __init__(self, names: Mapping[str, str], find: Callable[[str], V_co]) -> None:
        self._names = names
        self._find = find
        self._found: dict[str, V_co] = {}

    def __getitem__(self, key: str) -> V_co:
        if key not in self._found:
            self._found[key] = self._find(self._names[key])
        return self._found[key]

    def __contains__(self, key: object) -> bool:
        return key in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class Lazy(dict[str, V], Generic[M, V]):
    """What there is for each of some models, by name: a dictionary whose values are made when asked for.

    Args:
        models: The models.
        build: Makes it of a model: a validator, for instance.
    """

    def __init__(self, models: Mapping[str, M], build: Callable[[M], V]) -> None:
        super().__init__()
        self.models = models
        self._build = build

    def __missing__(self, name: str) -> V:
        value = self[name] = self._build(self.models[name])
        return value
