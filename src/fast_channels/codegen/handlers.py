"""Renders what handlers have to look like: a Protocol, and a decorator that has checkers compare."""

import json
import re
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType

from fast_channels.consumer.handlers import handler_name
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import event_types

__all__ = ["AnnotationWriter", "handlers_of_events", "protocol"]


def handlers_of_events(events: Iterable[type[ChannelEvent]]) -> dict[str, Any]:
    """Return what the handler of each type of event takes, by the name of the handler."""
    taken: dict[str, Any] = {}
    for event in events:
        for name in map(handler_name, event_types(event)):
            taken[name] = taken[name] | event if name in taken else event
    return taken


class AnnotationWriter:
    """Writes annotations as a module would that imports other modules and no names from them.

    Attributes:
        modules: The modules that have to be imported for what has been written so far.
    """

    def __init__(self) -> None:
        self.modules: set[str] = set()

    def of(self, annotation: Any) -> str:
        """Return the expression of an annotation, `Any` if another module cannot use it."""
        origin = get_origin(annotation)
        if origin is Annotated:
            return self.of(get_args(annotation)[0])
        if origin in {Union, UnionType}:
            return " | ".join(map(self.of, get_args(annotation)))
        if origin is Literal:
            return f"Literal[{', '.join(map(repr, get_args(annotation)))}]"
        if origin is not None:
            return self._parametrised(origin, get_args(annotation))
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            generic = annotation.__pydantic_generic_metadata__
            if generic["origin"] is not None:
                return self._parametrised(generic["origin"], generic["args"])
        return self._plain(annotation)

    def _parametrised(self, origin: Any, arguments: Iterable[Any]) -> str:
        return f"{self.of(origin)}[{', '.join(map(self.of, arguments))}]"

    def _plain(self, annotation: Any) -> str:
        if annotation in {None, NoneType}:
            return "None"
        is_name = isinstance(annotation, type | TypeAliasType)
        name: str = getattr(annotation, "__qualname__", getattr(annotation, "__name__", ""))
        if annotation is Any or not is_name or "<locals>" in name:
            return "Any"
        module: str = annotation.__module__ or "builtins"
        if module == "builtins":
            return name
        self.modules.add(module)
        return f"{module}.{name}"


def protocol(name: str, handlers: Mapping[str, Any], writer: AnnotationWriter) -> str:
    """Return the source of a Protocol with some handlers, and of a decorator for classes that have them.

    Args:
        name: What their names are made of.
        handlers: What each handler takes, by its name.
        writer: How that is written.
    """
    # As text: the application imports this module, so this module cannot import the application.
    methods = "\n\n".join(
        f"    async def {handler}(self, event: {json.dumps(writer.of(taken))}, /) -> object: ..."
        for handler, taken in handlers.items()
    )
    return f'''\
class {name}Handlers(Protocol):
    """The handlers of {name}."""

{methods}


_{name}T = TypeVar("_{name}T", bound=type[{name}Handlers])


def handles_{snake_case(name)}(consumer: _{name}T, /) -> _{name}T:
    """Return a consumer class; type checkers report a handler that is missing or takes fewer events."""
    return consumer'''


def pascal_case(name: str) -> str:
    """Return a name with dots as that of a class; one without dots stays as it is."""
    *modules, last = name.split(".")
    words = [word for module in modules for word in module.split("_")]
    return "".join([*(word[:1].upper() + word[1:] for word in words), last])


def snake_case(name: str) -> str:
    """Return the name of a class as that of a function."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
