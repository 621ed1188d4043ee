"""Renders `fast_channels.events`: what its modules have, and the unions of the events of each protocol."""

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module

from fast_channels.events.base import AsgiEvent, AsgiModel, ReceiveEvent, SendEvent

LINE_LENGTH = 110
MODULES = ("base", "extensions", "http", "lifespan", "scope", "websocket")
PROTOCOLS: Mapping[str, str] = {"http": "Http", "websocket": "WebSocket", "lifespan": "Lifespan"}
DIRECTIONS: Mapping[str, type[AsgiEvent]] = {"Receive": ReceiveEvent, "Send": SendEvent}

HEAD = '''\
"""One frozen pydantic model for every ASGI event and scope: the source of everything else.

Names follow the specification: the event `http.response.start` is `HttpResponseStartEvent`. Incoming
values are taken as real servers send them, outgoing ones as the specification wants them; wrong types
are never converted.

Written from the other modules of this package by `nox -s generate`; changes made by hand are lost.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from . import extensions, http, lifespan, websocket
'''

EVENTS = '''\
EVENTS: Mapping[str, type[AsgiEvent]] = MappingProxyType(events_of(http, websocket, lifespan, extensions))
"""Every event that a specification names, by its type."""
'''


def events_module() -> str:
    """Return the whole module."""
    models = {name: [*_models(name)] for name in MODULES}
    found = [model for kinds in models.values() for model in kinds]
    listed = {name: [model.__name__ for model in kinds] for name, kinds in models.items()}
    listed["base"].append("events_of")
    imports = "".join(_import(name, names) for name, names in listed.items())
    aliases = "".join(alias(name, members) for name, members in unions().items())
    names = sorted(["EVENTS", *(model.__name__ for model in found), *unions()], key=_order)
    exported = "".join(f'    "{name}",\n' for name in names)
    return "\n".join([HEAD + imports, aliases + "\n" + EVENTS, f"__all__ = [\n{exported}]\n"])


def unions() -> dict[str, list[str]]:
    """Return the names of the events of each protocol and direction, by the name of their union."""
    return {
        f"{prefix}{suffix}": [model.__name__ for model in _events(protocol, kind)]
        for protocol, prefix in PROTOCOLS.items()
        for suffix, kind in DIRECTIONS.items()
    }


def _models(module: str) -> Iterator[type[AsgiModel]]:
    """Yield the public models of a module of the package, in the order in which they are written."""
    full_name = f"fast_channels.events.{module}"
    for name, value in vars(import_module(full_name)).items():
        is_public = isinstance(value, type) and not name.startswith("_") and value.__module__ == full_name
        if is_public and issubclass(value, AsgiModel):
            yield value


def _events(protocol: str, kind: type[AsgiEvent]) -> Iterator[type[AsgiModel]]:
    """Yield the events of one direction of a protocol, those of extensions last."""
    for module in (protocol, "extensions"):
        for model in _models(module):
            type_: str = model.model_fields["type"].default
            if issubclass(model, kind) and type_.startswith(f"{protocol}."):
                yield model


def _import(module: str, names: list[str]) -> str:
    listed = ", ".join(sorted(names))
    line = f"from .{module} import {listed}\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    return f"from .{module} import (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")\n"


def _order(name: str) -> tuple[bool, str]:
    # As ruff sorts them: constants first.
    return not name.isupper(), name


def alias(name: str, members: Iterable[str]) -> str:
    """Return the definition of a union, as the formatter writes it."""
    first, *others = members
    written = " | ".join([first, *others])
    begin = f"{name}: TypeAlias = "
    # The three forms that the formatter knows.
    if len(begin + written) <= LINE_LENGTH:
        return f"{begin}{written}\n"
    if len(f"    {written}") <= LINE_LENGTH:
        return f"{begin}(\n    {written}\n)\n"
    return "\n    ".join([f"{begin}(", first, *(f"| {other}" for other in others)]) + "\n)\n"
