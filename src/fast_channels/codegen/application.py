"""Renders a module of types for an application: its handlers as Protocols, its messages as TypedDicts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Union

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.json_schema import JsonSchemaMode

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.declared import declared, event_handlers, wanted
from fast_channels.exceptions import SchemaError
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import members
from fast_channels.messages.codec import discriminated

from .handlers import Spelling, handlers_of_events, protocol
from .json_schema import EventSchema, MessageSchema, describe
from .typed_dicts import Direction, TypedDicts

__all__ = ["Subject", "application_types", "consumer_subject", "event_subject"]


class Subject(NamedTuple):
    """Something of an application that is to have types.

    Attributes:
        name: What the names of its types begin with.
        handlers: What each of its handlers takes, by the name of the handler.
        client: What its client may send, `None` if that is not declared.
        server: What its client may be sent, `None` if that is not declared.
        events: The channel events that its handlers take.
    """

    name: str
    handlers: Mapping[str, Any]
    client: TypeAdapter[Any] | None
    server: TypeAdapter[Any] | None
    events: tuple[type[ChannelEvent], ...]


def consumer_subject(consumer: type[AsyncConsumer]) -> Subject:
    """Return a consumer class as a subject.

    Raises:
        SchemaError: pydantic can make nothing of its messages.
    """
    handlers = {name: wanted(handler) for name, handler in event_handlers(consumer).items()}
    try:
        return Subject(consumer.__name__, handlers, *declared(consumer))
    except (PydanticUserError, NameError) as error:
        raise SchemaError(
            f"{consumer.__name__} declares messages that nothing can describe: {error}"
        ) from error


def event_subject(name: str, annotation: Any) -> Subject | None:
    """Return a channel event, or a union of channel events, as a subject; `None` if it is neither.

    Args:
        name: What the application calls it.
        annotation: The event or the union.
    """
    kinds = [*members(annotation)]
    if not all(isinstance(kind, type) and issubclass(kind, ChannelEvent) for kind in kinds):
        return None
    return Subject(name, handlers_of_events(kinds), None, None, tuple(kinds))


def application_types(subjects: Iterable[Subject], command: str) -> str:
    """Return the source of a module with the types of some subjects.

    For a subject `Chat` these are the Protocol `ChatHandlers` and the decorator `handles_chat` for its event
    handlers, and `ChatClientMessage`, `ChatServerMessage` and `ChatEvent` for its messages as TypedDicts, as
    far as they are declared. The module imports nothing of the application when it runs.

    Args:
        subjects: What to describe.
        command: What somebody types to have the module written again.

    Raises:
        SchemaError: Two subjects have the same name, or one has no types, or one that has no form in JSON.
    """
    every = _checked([*subjects])
    spelling = Spelling()
    try:
        twins = [*TypedDicts(*_directions(every)).statements()]
    except PydanticUserError as error:
        raise SchemaError(f"there is a message without a form in JSON: {error.message}") from error
    statements = [*twins, *(protocol(one.name, one.handlers, spelling) for one in every if one.handlers)]
    return _module(command, statements, spelling.modules)


def _checked(subjects: list[Subject]) -> list[Subject]:
    names = [one.name for one in subjects]
    for name in names:
        if names.count(name) > 1:
            raise SchemaError(f"there are {names.count(name)} different {name}; write each into a file of its own")
    for one in subjects:
        if not (one.handlers or one.client or one.server):
            raise SchemaError(f"{one.name} has neither handlers of events nor declared messages")
    return subjects


# Checkers know a union only as it is written in a program.
_Union: Any = Union


def _directions(subjects: list[Subject]) -> Iterator[Direction]:
    clients = {f"{one.name}ClientMessage": one.client for one in subjects if one.client is not None}
    servers = {f"{one.name}ServerMessage": one.server for one in subjects if one.server is not None}
    events = {
        f"{one.name}Event": TypeAdapter[Any](discriminated(_Union[one.events]))
        for one in subjects
        if one.events
    }
    yield _direction("Client", clients, "validation", MessageSchema)
    yield _direction("Server", servers, "serialization", MessageSchema)
    yield _direction("Event", events, "validation", EventSchema)


def _direction(
    label: str,
    types: Mapping[str, TypeAdapter[Any]],
    mode: JsonSchemaMode,
    generator: type[MessageSchema],
) -> Direction:
    schemas, definitions = describe(types, mode, generator)
    return Direction(label, schemas, definitions)


_IMPORTS: Mapping[str, tuple[str, ...]] = {
    "typing": ("TYPE_CHECKING", "Any", "Literal", "Protocol", "TypeAlias", "TypeVar"),
    # Before Python 3.12 pydantic accepts no other TypedDict, and handlers may take these.
    "typing_extensions": ("NotRequired", "TypedDict"),
}


def _module(command: str, statements: list[str], modules: set[str]) -> str:
    guarded = "\n".join(["if TYPE_CHECKING:", *(f"    import {module}" for module in sorted(modules))])
    body = "\n\n\n".join([*([guarded] if modules else []), *statements])
    # An import that is not used is an error for strict checkers; what texts say is no use.
    code = re.sub(r'"""[^"]*"""', "", body)
    imports = [
        f"from {module} import {', '.join(used)}"
        for module, names in _IMPORTS.items()
        if (used := [name for name in names if re.search(rf"\b{name}\b", code)])
    ]
    head = f'"""Written by `{command}`; changes made by hand are lost."""'
    return "\n\n".join([head, "\n".join(imports), _joined(body)]) + "\n"


def _joined(body: str) -> str:
    """Return source with aliases that follow one another close together."""
    return re.sub(r"(?m)(: TypeAlias = .*)\n\n\n(?=\w+: TypeAlias)", r"\1\n", body)
