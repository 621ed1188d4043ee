"""Markers for fields of `Params`, as in FastAPI: the part of a connection that a field is read from."""

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from pydantic import BaseModel
from typing_extensions import Format, get_annotations, get_type_hints

__all__ = ["Cookie", "Header", "Marker", "Path", "Query", "markers_of"]


@dataclass(frozen=True)
class Marker:
    """The part of a connection that a field is read from, and the name of the parameter.

    Attributes:
        alias: The name of the parameter; with `None`, the alias of the field, or the name of the field.
    """

    part: ClassVar[str]
    alias: str | None = None

    def external(self, name: str) -> str:
        """Return what a field without an alias is called."""
        return name


class Path(Marker):
    """The field is read from the path parameters, as the router of the framework provides them."""

    part = "path"


class Query(Marker):
    """The field is read from the query, and not from the path."""

    part = "query"


@dataclass(frozen=True)
class Header(Marker):
    """The field is read from a header, whose name is case-insensitive.

    Attributes:
        alias: The name of the header.
        convert_underscores: Whether the name of a field without an alias, such as `last_event_id`, is
            converted to a header name with hyphens.
    """

    part = "header"
    convert_underscores: bool = True

    def external(self, name: str) -> str:
        """Return what a field without an alias is called."""
        return name.replace("_", "-") if self.convert_underscores else name


class Cookie(Marker):
    """The field is read from a cookie. Browsers send cookies with the handshake of a WebSocket too."""

    part = "cookie"


_FOREIGN: Final = "fastapi.params"
"""Where the markers of FastAPI are, which need not be installed."""

_ANNOTATED = re.compile(r"\bAnnotated\b")


def markers_of(model: type[BaseModel], names: Mapping[str, Any]) -> dict[str, Marker]:
    """Return the markers of the fields of a model that have one; those of FastAPI mean what they mean there.

    Args:
        model: The model, complete.
        names: Local variables around its definition, for string annotations.

    Raises:
        TypeError: A field has several markers, or one that no connection can follow.
    """
    hints = _hints(model, names)
    found: dict[str, Marker] = {}
    for name, field in model.model_fields.items():
        where = f"{model.__qualname__}.{name}"
        # Of what is annotated pydantic keeps what it does not know, and merges the markers of FastAPI.
        given = [*getattr(hints.get(name), "__metadata__", ()), *field.metadata, field]
        markers = dict.fromkeys(marker for one in given if (marker := _marker(where, one)) is not None)
        if len(markers) > 1:
            raise TypeError(f"{where} has several markers: {', '.join(map(repr, markers))}; keep one")
        if isinstance(field.default, Marker):
            raise TypeError(f"{where} has {field.default!r} as its default; write it into Annotated[...]")
        found |= dict.fromkeys([name], *markers) if markers else {}
    return found


def _marker(where: str, one: object) -> Marker | None:
    foreign = _foreign(one)
    if isinstance(one, Marker):
        return one
    if isinstance(one, type) and issubclass(one, Marker):
        raise TypeError(f"{where} is marked with the class {one.__name__}; write {one.__name__}()")
    same = next((_SAME[name] for name in foreign if name in _SAME), None)
    if foreign and same is None:
        raise TypeError(
            f"{where} is marked with {foreign[0]}() of FastAPI, which means nothing in Params: its fields "
            "come from path, query, headers and cookies"
        )
    return None if same is None else same(one)


def _foreign(one: object) -> list[str]:
    """Return what FastAPI calls a marker of its own, the nearest name first."""
    return [kind.__name__ for kind in type(one).__mro__ if kind.__module__ == _FOREIGN]


_SAME: Mapping[str, Callable[[Any], Marker]] = {
    # What is merged into the field is its alias too.
    "Path": lambda _: Path(),
    "Query": lambda _: Query(),
    "Cookie": lambda _: Cookie(),
    "Header": lambda one: Header(convert_underscores=one.convert_underscores),
}


def _hints(model: type[BaseModel], names: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return get_type_hints(model, localns={**names}, include_extras=True)
    except NameError as error:
        written = [
            text
            for base in model.__mro__
            for text in get_annotations(base, format=Format.STRING).values()
            if _ANNOTATED.search(text)
        ]
        if not written or "fastapi" not in sys.modules:
            # Nothing that pydantic has not kept.
            return {}
        problem = f"{model.__qualname__} has the annotation {written[0]}, which cannot be resolved: {error}"
    raise TypeError(f"{problem}; define its names in the module")
