"""Renders `fast_channels.events`: what its modules have, and the unions of the events of each protocol."""

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from fast_channels import events as package
from fast_channels.events.base import AsgiEvent, AsgiModel, ReceiveEvent, SendEvent

LINE_LENGTH = 110
MODULES = ("base", "extensions", "http", "lifespan", "scope", "websocket")
PROTOCOLS: Mapping[str, str] = {"http": "Http", "websocket": "WebSocket", "lifespan": "Lifespan"}
DIRECTIONS: Mapping[str, type[AsgiEvent]] = {"Receive": ReceiveEvent, "Send": SendEvent}

HEAD = '''\
"""One frozen pydantic model for every ASGI event and scope: the source of everything else.

Names follow the specification: the event `http.response.start` is `HttpResponseStartEvent`. Incoming
values are taken as real servers send them, outgoing ones as the specification wants them; wrong types
are never converted. A model is loaded when it is first asked for: an application without HTTP needs none of
HTTP.

Written from the other modules of this package by `nox -s generate`; changes made by hand are lost.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from fast_channels.late import LateMapping, late

if TYPE_CHECKING:
    from typing import TypeAlias

'''

LATE = """\
else:
    # Checkers that knew of this function would take any name for one of the package.
    def __getattr__(name: str) -> object:
        if name not in _UNIONS:
            return _found(name)
        union, *others = map(_found, _UNIONS[name])
        for other in others:
            union |= other
        globals()[name] = union
        return union


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
"""

EVENTS = '''
EVENTS: Mapping[str, "type[AsgiEvent]"] = LateMapping(_MODELS, _found)
"""Every event that a specification names, by its type; a model is loaded when it is asked for."""

'''
RECEIVED = '"""The types of the events that servers send."""\n'


def events_module() -> str:
    """Return the whole module."""
    found = {name: [*_models(name)] for name in MODULES}
    places = {model.__name__: name for name, models in found.items() for model in models}
    events = [event for protocol in PROTOCOLS for event in _events(protocol)]
    models = {_type_of(event): f'"{event.__name__}"' for event in events}
    exported = sorted(["EVENTS", *places, *unions()], key=_order)
    imports = [_import(name, [model.__name__ for model in models]) for name, models in found.items()]
    aliases = [_indented(alias(name, members, "    ")) for name, members in unions().items()]
    return "".join(
        [
            HEAD,
            *(_indented(text) for text in imports),
            "\n",
            *aliases,
            LATE,
            "\n\nRECEIVED: Final = frozenset(\n    {\n",
            *(f'        "{_type_of(event)}",\n' for event in events if issubclass(event, ReceiveEvent)),
            f"    }}\n)\n{RECEIVED}\n",
            _mapping("_PLACES", "Mapping[str, str]", {name: f'"{place}"' for name, place in places.items()}),
            "\n",
            "_found = late(__name__, _PLACES)\n\n",
            _mapping("_MODELS", "Mapping[str, str]", models),
            EVENTS,
            _mapping("_UNIONS", "Mapping[str, tuple[str, ...]]", dict(_members())),
            "\n__all__ = [\n",
            *(f'    "{name}",\n' for name in exported),
            "]\n",
        ]
    )


def refresh() -> None:
    """Let the package know the models that its modules have now: all else is made with what it knows."""
    namespace: dict[str, Any] = {"__name__": package.__name__}
    exec(events_module(), namespace)
    for name in ("_MODELS", "_PLACES", "_UNIONS"):
        # The same dictionaries, because others refer to them.
        known: dict[str, Any] = getattr(package, name)
        known.clear()
        known.update(namespace[name])
    for name in ("RECEIVED", "__all__"):
        setattr(package, name, namespace[name])


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


def _events(protocol: str, kind: type[AsgiEvent] = AsgiEvent) -> Iterator[type[AsgiModel]]:
    """Yield the events of a protocol, or of one direction of it, those of extensions last."""
    for module in (protocol, "extensions"):
        for model in _models(module):
            if issubclass(model, kind) and _type_of(model).startswith(f"{protocol}."):
                yield model


def _type_of(model: type[AsgiModel]) -> str:
    """Return the type of the events of a model."""
    type_: str = model.model_fields["type"].default
    return type_


def _members() -> Iterator[tuple[str, str]]:
    """Yield each union and the tuple of its members, as the formatter writes it."""
    for name, members in unions().items():
        quoted = [f'"{member}"' for member in members]
        short = f"({', '.join(quoted)})"
        long = "(\n" + "".join(f"        {member},\n" for member in quoted) + "    )"
        yield name, short if len(f'    "{name}": {short},') <= LINE_LENGTH else long


def _mapping(name: str, annotation: str, items: Mapping[str, str]) -> str:
    lines = "".join(f'    "{key}": {value},\n' for key, value in items.items())
    return f"{name}: Final[{annotation}] = {{\n{lines}}}\n"


def _indented(text: str) -> str:
    return "".join(f"    {line}" for line in text.splitlines(keepends=True))


def _import(module: str, names: list[str]) -> str:
    listed = ", ".join(sorted(names))
    line = f"from .{module} import {listed}\n"
    if len(line) <= LINE_LENGTH - 3:
        return line
    return f"from .{module} import (\n" + "".join(f"    {name},\n" for name in sorted(names)) + ")\n"


def _order(name: str) -> tuple[bool, str]:
    # As ruff sorts them: constants first.
    return not name.isupper(), name


def alias(name: str, members: Iterable[str], indent: str = "") -> str:
    """Return the definition of a union, as the formatter writes it.

    Args:
        name: The name of the union.
        members: What it is made of.
        indent: What will stand in front of each line.
    """
    first, *others = members
    written = " | ".join([first, *others])
    begin = f"{name}: TypeAlias = "
    # The three forms that the formatter knows.
    if len(indent + begin + written) <= LINE_LENGTH:
        return f"{begin}{written}\n"
    if len(f"{indent}    {written}") <= LINE_LENGTH:
        return f"{begin}(\n    {written}\n)\n"
    return "\n    ".join([f"{begin}(", first, *(f"| {other}" for other in others)]) + "\n)\n"
