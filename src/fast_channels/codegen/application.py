"""Renders what the command line writes for an application: JSON Schemas, and a module of types."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias, TypeVar, Union

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.json_schema import JsonSchemaMode

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.base import ConsumerApplication
from fast_channels.consumer.declared import Declared, declared, event_handlers, params_of, wanted
from fast_channels.exceptions import SchemaError
from fast_channels.messages import ChannelEvent, Group
from fast_channels.messages.annotations import members
from fast_channels.messages.generics import resolve_in, type_arguments
from fast_channels.messages.unions import discriminated
from fast_channels.targets import Target, consumers_in

from .handlers import AnnotationWriter, handlers_of_events, pascal_case, protocol
from .json_schema import EventSchema, MessageSchema, describe, schema_of
from .names import full_name, short_names
from .schemas import BASE_URI, KINDS, consumer_schemas
from .typed_dicts import Direction, TypedDicts

__all__ = ["Generated", "Note", "application_schemas", "application_types", "foreign_types"]

Note: TypeAlias = Callable[[str], object]
"""Gets a sentence for each consumer that is skipped, and for each name that is not that of its class."""


class Generated(NamedTuple):
    """Files of a folder.

    Attributes:
        files: The text of each file by its path in the folder.
        owners: The consumer of each file that belongs to the same things, by the path of the file. Those that
            are not in `files` are superfluous.
    """

    files: Mapping[str, str]
    owners: Mapping[str, str]

    @property
    def owned(self) -> list[str]:
        """The paths of the files that belong to the same things."""
        return [*self.owners]

    def foreign(self, name: str, current: str) -> str | None:
        """Return why a file must not be overwritten, `None` if it may be.

        Args:
            name: The path of the file in the folder.
            current: Its text.
        """
        if not current.strip():
            return None
        owner = self.owners[name]
        title = name.removesuffix(".json").replace(".", " ")
        try:
            found = json.loads(current)
            # Version 0.1 wrote no comment.
            writer = found.get("$comment", owner if found.get("title") == title else None)
        except (ValueError, AttributeError):
            writer = None
        if writer == owner:
            return None
        if writer is None:
            return "was not written by this command; choose another folder, or delete it"
        return (
            f"was written for {writer}, not for {owner}; name both in one command, choose another folder, or "
            "delete it"
        )


class _Silent(SchemaError):
    """A consumer declares nothing; behind a colon the text says how it could."""


class Subject(NamedTuple):
    """Something of an application that is to have types.

    Attributes:
        name: What the names of its types begin with.
        handlers: What each of its handlers takes, by the name of the handler.
        client: What its client may send, `None` if that is not declared.
        server: What its client may be sent, `None` if that is not declared.
        events: The channel events that its handlers take.
        omit_none: Whether a field that is `None` is left out of what its client is sent.
        close_codes: The close codes of its own, `None` if they are not declared.
        is_json: Whether what its client sends and is sent is JSON, which has no bytes.
    """

    name: str
    handlers: Mapping[str, Any]
    client: TypeAdapter[Any] | None
    server: TypeAdapter[Any] | None
    events: tuple[type[ChannelEvent], ...]
    omit_none: bool = False
    close_codes: type[IntEnum] | None = None
    is_json: bool = True


def _nobody(_: str) -> None:
    """Is told, and does nothing."""


def application_schemas(
    targets: Iterable[Target], base_uri: str = BASE_URI, *, note: Note = _nobody
) -> Generated:
    """Return the JSON Schemas of the consumers that targets stand for.

    A consumer without declarations is skipped, unless a target names this class directly. Consumers of the
    same name get the part of their module's name that distinguishes them: `rooms.Chat`.

    Args:
        targets: The targets of the command.
        base_uri: Where the schemas are published, as `consumer_schemas` takes it.
        note: Gets a sentence for each consumer that is skipped, and for each other name.

    Raises:
        SchemaError: A consumer that a target names declares nothing, or a consumer declares what has no form
            in JSON, or two have the same name and module.
        TargetError: A target stands for no consumer.
    """
    consumers = dict(pair for target in targets for pair in _declaring(target, _require_messages, note))
    names = _named([full_name(consumer) for consumer in consumers], note)
    files: dict[str, str] = {}
    for consumer in consumers:
        files |= consumer_schemas(consumer, base_uri=base_uri, name=names[full_name(consumer)])
    return Generated(files, {f"{name}.{kind}.json": owner for owner, name in names.items() for kind in KINDS})


_T = TypeVar("_T")


def _declaring(
    target: Target, look: Callable[[type[AsyncConsumer]], _T], note: Note
) -> Iterator[tuple[type[AsyncConsumer], _T]]:
    """Yield the consumers of a target and what is seen in them, without those that declare nothing."""
    for consumer in dict.fromkeys(found.consumer for found in consumers_in(target)):
        try:
            yield consumer, look(consumer)
        except _Silent as silent:
            if isinstance(target.value, type | ConsumerApplication):
                raise
            note(f"{str(silent).partition(':')[0]}, and is skipped")


def _require_messages(consumer: type[AsyncConsumer]) -> None:
    try:
        found = declared(consumer)
    except (PydanticUserError, NameError):
        return  # what is wrong is said when it is written
    if found == Declared(None, None, ()) and params_of(consumer) is None:
        raise _Silent(
            f"{full_name(consumer)} declares neither messages nor channel events: give "
            "AsyncJsonWebsocketConsumer its ClientMessage and ServerMessage, or annotate a handler with a "
            "ChannelEvent"
        )


def _named(full_names: Iterable[str], note: Note) -> dict[str, str]:
    """Return the name of each thing by its full name, and tell of those that share one."""
    names = short_names(full_names)
    longer = [name for name in names.values() if "." in name]
    if longer:
        note(f"the same name is used more than once, so the files use {' and '.join(longer)}")
    return names


def _subjects(target: Target, note: Note) -> Iterator[tuple[object, Subject]]:
    """Yield every subject behind what makes it this one and no other."""
    named: Any = target.value
    is_group = isinstance(named, type) and issubclass(named, Group)
    kinds = [*members(_events_of(target.value) if is_group else target.value)]
    if all(isinstance(kind, type) and issubclass(kind, ChannelEvent) for kind in kinds):
        name = target.text.replace(":", ".")
        yield (name, *kinds), Subject(name, handlers_of_events(kinds), None, None, tuple(kinds))
        return
    yield from _declaring(target, _subject, note)


def _events_of(group: type[Group[Any, Any]]) -> Any:
    return resolve_in(group, type_arguments(group, Group)[0])


def _subject(consumer: type[AsyncConsumer]) -> Subject:
    name = full_name(consumer)
    handlers = {name: wanted(handler) for name, handler in event_handlers(consumer).items()}
    try:
        subject = Subject(name, handlers, *declared(consumer))
    except (PydanticUserError, NameError) as error:
        raise SchemaError(f"no types can be written for the messages of {name}: {error}") from error
    if not (subject.handlers or subject.client or subject.server or subject.close_codes):
        raise _Silent(f"{name} has neither handlers of channel events nor declared messages")
    return subject


def application_types(targets: Iterable[Target], *, note: Note = _nobody) -> str:
    """Return the source of a module with the types of consumers and channel events.

    For a consumer, a group or a union of channel events that is called `Chat` these are the Protocol
    `ChatHandlers` and the decorator `handles_chat` for handlers of its events, and `ChatClientMessage`,
    `ChatServerMessage` and `ChatEventMessage` for its messages as TypedDicts, and `ChatCloseCode` for its
    close codes, as far as they are declared.
    When it runs, the module imports nothing of the application. Things of the same name get the part of their
    module's name that distinguishes them, such as `RoomsChatHandlers`. A consumer without declarations is
    skipped, unless a target names this class directly.

    Args:
        targets: The targets: consumers as `consumers_in` finds them, groups, and channel events.
        note: Gets a sentence for each consumer that is skipped, and for each other name.

    Returns:
        The source, an empty string if every consumer was skipped.

    Raises:
        SchemaError: There is nothing to write for a consumer that a target names, or a consumer declares what
            has no form in JSON, or two things have the same name and module.
        TargetError: A target stands for no consumer and is no channel event.
    """
    named = [*targets]
    found = [*dict(pair for target in named for pair in _subjects(target, note)).values()]
    if not found:
        return ""
    names = _named([subject.name for subject in found], note)
    subjects = [one._replace(name=pascal_case(names[one.name])) for one in found]
    writer = AnnotationWriter()
    try:
        twins = [*TypedDicts(*_directions(subjects)).statements()]
    except PydanticUserError as error:
        raise SchemaError(f"a message has no JSON form: {error}") from error
    statements = [
        *twins,
        *(_close_codes(one.name, one.close_codes) for one in subjects if one.close_codes is not None),
        *(protocol(one.name, one.handlers, writer) for one in subjects if one.handlers),
    ]
    command = " ".join([_COMMAND, *(target.text for target in named)])
    return _module(command, statements, writer.modules)


def _close_codes(name: str, codes: type[IntEnum]) -> str:
    return f"{name}CloseCode: TypeAlias = Literal[{', '.join(str(code.value) for code in codes)}]"


_COMMAND = "fast-channels stubs"


def foreign_types(targets: Iterable[Target], current: str) -> str | None:
    """Return why a module must not be overwritten, `None` if it may be.

    Args:
        targets: For what it is to be written again.
        current: Its text.
    """
    if not current.strip():
        return None
    written = re.match(rf'"""Written by `{_COMMAND} (.*)`;', current)
    if written is None:
        return "was not written by this command; choose another file, or delete it"
    others = [one for one in written[1].split() if one not in {target.text for target in targets}]
    if not others:
        return None
    known = " and ".join(others)
    return f"was written for {known}; name all in one command, choose another file, or delete it"


# Checkers know a union only as it is written in a program.
_Union: Any = Union


def _directions(subjects: list[Subject]) -> Iterator[Direction]:
    for is_json, form in ((True, ""), (False, "Framed")):
        same = [one for one in subjects if one.is_json is is_json]
        clients = {f"{one.name}ClientMessage": one.client for one in same if one.client is not None}
        yield _direction(f"{form}Client", clients, "validation", schema_of(is_json=is_json))
        for omit_none, nulls in ((False, ""), (True, "Sparse")):
            servers = {
                f"{one.name}ServerMessage": one.server
                for one in same
                if one.server is not None and one.omit_none is omit_none
            }
            generator = schema_of(is_json=is_json, omit_none=omit_none)
            yield _direction(f"{nulls}{form}Server", servers, "serialization", generator)
    events = {
        f"{one.name.removesuffix('Event')}EventMessage": TypeAdapter[Any](discriminated(_Union[one.events]))
        for one in subjects
        if one.events
    }
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
