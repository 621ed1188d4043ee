"""Renders what the command line writes for an application: JSON Schemas, and a module of types."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Union

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.json_schema import JsonSchemaMode

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.declared import declared, event_handlers, wanted
from fast_channels.exceptions import SchemaError
from fast_channels.messages import ChannelEvent, Group
from fast_channels.messages.annotations import members
from fast_channels.messages.codec import discriminated
from fast_channels.messages.generics import resolve_in, type_arguments
from fast_channels.targets import Target, consumers_in

from .handlers import AnnotationWriter, handlers_of_events, protocol
from .json_schema import EventSchema, MessageSchema, describe
from .schemas import BASE_URI, KINDS, consumer_schemas
from .typed_dicts import Direction, TypedDicts

__all__ = ["Generated", "application_schemas", "application_types"]


class Generated(NamedTuple):
    """Files of a folder.

    Attributes:
        files: The text of each file by its path in the folder.
        owned: Patterns of the files that belong to the same things, and are superfluous if not in `files`.
    """

    files: Mapping[str, str]
    owned: Sequence[str]


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


def application_schemas(targets: Iterable[Target], base_uri: str = BASE_URI) -> Generated:
    """Return the JSON Schemas of the consumers that targets stand for.

    Args:
        targets: What somebody named.
        base_uri: Where the schemas are published, as `consumer_schemas` takes it.

    Raises:
        SchemaError: A consumer declares nothing, or what has no form in JSON, or has the name of another.
        TargetError: A target stands for no consumer.
    """
    consumers = _consumers(targets)
    _require_different([consumer.__name__ for consumer in consumers])
    files = [consumer_schemas(consumer, base_uri=base_uri) for consumer in consumers]
    owned = [f"{consumer.__name__}.{kind}.json" for consumer in consumers for kind in KINDS]
    return Generated({name: text for one in files for name, text in one.items()}, owned)


def _consumers(targets: Iterable[Target]) -> list[type[AsyncConsumer]]:
    return [*dict.fromkeys(found.consumer for target in targets for found in consumers_in(target))]


def _require_different(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SchemaError(
                f"{names.count(name)} different things are called {name}; write them separately"
            )


def _subjects(target: Target) -> Iterator[tuple[object, Subject]]:
    """Yield every subject behind what makes it this one and no other."""
    named: Any = target.value
    is_group = isinstance(named, type) and issubclass(named, Group)
    kinds = [*members(_events_of(target.value) if is_group else target.value)]
    if all(isinstance(kind, type) and issubclass(kind, ChannelEvent) for kind in kinds):
        yield (target.name, *kinds), Subject(target.name, handlers_of_events(kinds), None, None, tuple(kinds))
        return
    for consumer in _consumers([target]):
        yield consumer, _subject(consumer)


def _events_of(group: type[Group[Any, Any]]) -> Any:
    return resolve_in(group, type_arguments(group, Group)[0])


def _subject(consumer: type[AsyncConsumer]) -> Subject:
    name = consumer.__name__
    handlers = {name: wanted(handler) for name, handler in event_handlers(consumer).items()}
    try:
        subject = Subject(name, handlers, *declared(consumer))
    except (PydanticUserError, NameError) as error:
        raise SchemaError(f"{name} declares messages that nothing can describe: {error}") from error
    if not (subject.handlers or subject.client or subject.server):
        raise SchemaError(f"{name} has neither handlers of channel events nor declared messages")
    return subject


def application_types(targets: Iterable[Target]) -> str:
    """Return the source of a module with the types of consumers and channel events.

    For a consumer, a group or a union of channel events that is called `Chat` these are the Protocol
    `ChatHandlers` and the decorator `handles_chat` for handlers of its events, and `ChatClientMessage`,
    `ChatServerMessage` and `ChatEventMessage` for its messages as TypedDicts, as far as they are declared.
    When it runs, the module imports nothing of the application.

    Args:
        targets: What somebody named: consumers as `consumers_in` finds them, groups, and channel events.

    Raises:
        SchemaError: There is nothing to write for a consumer, or it declares what has no form in JSON, or
            two things have the same name.
        TargetError: A target stands for no consumer and is no channel event.
    """
    named = [*targets]
    subjects = [*dict(pair for target in named for pair in _subjects(target)).values()]
    _require_different([subject.name for subject in subjects])
    writer = AnnotationWriter()
    try:
        twins = [*TypedDicts(*_directions(subjects)).statements()]
    except PydanticUserError as error:
        raise SchemaError(f"there is a message without a form in JSON: {error}") from error
    statements = [*twins, *(protocol(one.name, one.handlers, writer) for one in subjects if one.handlers)]
    command = " ".join(["fast-channels stubs", *(target.text for target in named)])
    return _module(command, statements, writer.modules)


# Checkers know a union only as it is written in a program.
_Union: Any = Union


def _directions(subjects: list[Subject]) -> Iterator[Direction]:
    clients = {f"{one.name}ClientMessage": one.client for one in subjects if one.client is not None}
    servers = {f"{one.name}ServerMessage": one.server for one in subjects if one.server is not None}
    events = {
        f"{one.name.removesuffix('Event')}EventMessage": TypeAdapter[Any](discriminated(_Union[one.events]))
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
    return "\n\n".join([head, *imports, _joined(body)]) + "\n"


def _joined(body: str) -> str:
    """Return source with aliases that follow one another close together."""
    return re.sub(r"(?m)(: TypeAlias = .*)\n\n\n(?=\w+: TypeAlias)", r"\1\n", body)
