"""Groups of the channel layer as types: the pattern of their names, and their events."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import Enum
from functools import cached_property, partial
from hashlib import blake2b
from string import Formatter
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeAlias, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypeAliasType, TypeVar, Unpack

from fast_channels.exceptions import InvalidChannelLayerError
from fast_channels.messages.annotations import event_types, local_names, members
from fast_channels.messages.codec import Codec
from fast_channels.messages.event import ChannelEvent
from fast_channels.messages.generics import resolve_in, type_arguments
from fast_channels.untrusted import plain_repr, shown

__all__ = ["Group"]

Event = TypeVar("Event", bound=ChannelEvent)
"""What is sent to the members of a group."""

Member_contra = TypeVar("Member_contra", default=Any, contravariant=True)
"""What a consumer has to be to become a member: a protocol with the handlers of the events."""

MAX_LENGTH = 99
"""The longest name that every channel layer takes."""

_LITERAL = re.compile(r"[a-zA-Z0-9\-_.]*")
_ESCAPED = re.compile(r"[^a-zA-Z0-9-]")
_EMPTY = "_"
_SHORTENED = ".."


class GroupLayer(Protocol):
    """What a group needs of a channel layer."""

    async def group_send(self, group: str, message: Any) -> None:
        """Send a message to every member of a group."""
        ...


class SyncGroupLayer(GroupLayer, Protocol):
    """What a group needs of a channel layer in code without an event loop: what `BaseChannelLayer` has."""

    def sync_group_send(self, group: str, message: Any) -> None:
        """Send a message to every member of a group, and return when the layer has it."""
        ...


LayerFinder: TypeAlias = Callable[[str, str], SyncGroupLayer]


def _no_layers(alias: str, user: str) -> SyncGroupLayer:
    raise InvalidChannelLayerError(
        f"{user} uses the channel layer {shown(alias)}, and no channel layer is registered"
    )


_find_layer: LayerFinder = _no_layers


def find_layers_with(find: LayerFinder) -> None:
    """Tell groups how to find the channel layer of an alias.

    The registry of layers does it: it stands above this module, which cannot ask it by itself.
    """
    global _find_layer
    _find_layer = find


def _events(group: type[BaseModel]) -> Any:
    return resolve_in(group, type_arguments(group, Group)[0])


def _fields(group: type[BaseModel]) -> Mapping[str, Any]:
    return group.model_fields


def _check_pattern(group: type[BaseModel], pattern: str) -> None:
    """Raise a `TypeError` unless a pattern gives every instance of a group a name of its own."""
    parts = list(_parts(group, pattern))
    names = [name for _, name in parts if name is not None]
    fields = _fields(group)
    for literal, _ in parts:
        if not _LITERAL.fullmatch(literal) or _SHORTENED in literal:
            raise _mistake(
                group,
                f"{literal!r} in the pattern {pattern!r} may contain only ASCII letters, digits, hyphens, "
                "underscores and single periods",
            )
    if any("." not in literal for literal, name in parts[1:] if name is not None):
        raise _mistake(group, f"two fields in the pattern {pattern!r} have no period between them")
    if sorted(names) != sorted(fields):
        raise _mistake(
            group,
            f"the pattern {pattern!r} names {_listed(names)}, and the fields are {_listed(fields)}; "
            "each field has to occur once",
        )
    for name, field in fields.items():
        if not _has_one_text(field.annotation):
            raise _mistake(
                group,
                f"{name} is {plain_repr(field.annotation)}; a group is named by str, int, bool, UUID, date, "
                "an Enum or a Literal of one type, whose values have one string form each",
            )


def _check_events(group: type[BaseModel]) -> None:
    """Raise a `TypeError` unless a group carries events; those that are not yet defined are not judged."""
    try:
        kinds = [*members(_events(group))]
    except NameError:
        return
    for kind in kinds:
        if kind is Any:
            continue
        name = getattr(kind, "__name__", plain_repr(kind))
        if not (isinstance(kind, type) and issubclass(kind, ChannelEvent)):
            raise _mistake(group, f"a group carries events, and {name} is not a ChannelEvent")
        if kind is not ChannelEvent and "type" not in kind.model_fields and not kind.__subclasses__():
            raise _mistake(group, f"{name} has no field `type: Literal[...]` with a default")


def _parts(group: type[BaseModel], pattern: str) -> Iterator[tuple[str, str | None]]:
    try:
        for literal, name, form, conversion in Formatter().parse(pattern):
            if form or conversion or (name is not None and not name.isidentifier()):
                raise _mistake(group, f"{{{name}}} in the pattern {pattern!r} has to be the name of a field")
            yield literal, name
    except ValueError as error:
        raise _mistake(group, f"the pattern {pattern!r} cannot be read: {error}") from error


def _mistake(group: type[BaseModel], text: str) -> TypeError:
    return TypeError(f"{group.__name__}: {text}")


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


def _has_one_text(annotation: Any) -> bool:
    if isinstance(annotation, TypeAliasType):
        return _has_one_text(annotation.__value__)
    annotation = getattr(annotation, "__supertype__", annotation)
    if get_origin(annotation) is Literal:
        kinds: set[Any] = {type(value) for value in get_args(annotation)}
        return len(kinds) == 1 and kinds <= _TEXTS.keys()
    return annotation in _TEXTS or (isinstance(annotation, type) and issubclass(annotation, Enum))


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        text = value.name
    else:
        text = next(_TEXTS[kind] for kind in type(value).__mro__ if kind in _TEXTS)(value)
    return _ESCAPED.sub(_escape, text) or _EMPTY


def _escape(found: re.Match[str]) -> str:
    return "".join(f"_{byte:02x}" for byte in found[0].encode("utf-8", "surrogatepass"))


_TEXTS: Mapping[Any, Callable[[Any], str]] = {
    str: str,
    int: str,
    bool: lambda value: str(value).lower(),
    UUID: str,
    date: date.isoformat,
}


class Group(BaseModel, Generic[Event, Member_contra]):
    """A kind of group of the channel layer: a model whose fields determine the name of one group.

        class Room(Group[Said | Left], pattern="room.{room_id}"):
            room_id: int

        await Room(room_id=1).send(Said(text="hello"))

    Different instances have different names: values are escaped, and a name that is longer than channel
    layers allow is shortened to its beginning and a digest. The type of each field must be one whose values
    have exactly one string form: `str`, `int`, `bool`, `UUID`, `date`, an `Enum`, or a `Literal`.

    The second type parameter, `Any` by default, is a protocol with the handlers of the events; type checkers
    then accept `join()` only in consumers that have these handlers.

    Args:
        pattern: Class keyword. The name, with every field once in braces; ASCII letters, digits, hyphens,
            underscores and periods besides, and a period between two fields.
        channel_layer_alias: Class keyword. The name under which the channel layer of the group is
            registered.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, defer_build=True)

    channel_layer_alias: ClassVar[str] = "default"
    _pattern: ClassVar[str | None] = None
    _codec: ClassVar[Codec]
    _local_names: ClassVar[Mapping[str, Any]]

    def __init_subclass__(
        cls,
        *,
        pattern: str | None = None,
        channel_layer_alias: str | None = None,
        **kwargs: Unpack[ConfigDict],
    ) -> None:
        super().__init_subclass__(**kwargs)

    @classmethod
    def __pydantic_init_subclass__(
        cls, *, pattern: str | None = None, channel_layer_alias: str | None = None, **kwargs: Any
    ) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if channel_layer_alias is not None:
            cls.channel_layer_alias = channel_layer_alias
        if pattern is not None:
            cls._pattern = pattern
        if cls._pattern is not None:
            _check_pattern(cls, cls._pattern)
            cls._local_names = local_names(cls.__module__)
            cls._codec = Codec(partial(_events, cls))
            _check_events(cls)

    @cached_property
    def group_name(self) -> str:
        """The name of the group in the channel layer.

        Raises:
            TypeError: The class has no pattern.
        """
        if self._pattern is None:
            raise TypeError(
                f"{type(self).__name__} has no pattern, so its groups have no names; add pattern=... to the "
                "bases of the class"
            )
        name = self._pattern.format_map({field: _text(getattr(self, field)) for field in _fields(type(self))})
        if len(name) <= MAX_LENGTH:
            return name
        digest = blake2b(name.encode(), digest_size=16).hexdigest()
        return name[: MAX_LENGTH - len(_SHORTENED) - len(digest)] + _SHORTENED + digest

    async def send(self, event: Event, *, layer: GroupLayer | None = None) -> None:
        """Send an event to every member of the group, from anywhere.

        Args:
            event: One of those that the group carries.
            layer: The channel layer, instead of the one that is registered for the group.

        Raises:
            LocalProtocolError: The group does not carry such an event; nothing was sent.
            InvalidChannelLayerError: The channel layer of the group is not registered.
        """
        name = self.group_name
        sent = self._codec.sendable(event)
        await (layer or self._layer()).group_send(name, sent)

    def sync_send(self, event: Event, *, layer: SyncGroupLayer | None = None) -> None:
        """Send an event to every member of the group, from code without an event loop.

        Callable from any thread: a Django view, a Celery task, a script.

        Args:
            event: One of those that the group carries.
            layer: The channel layer, instead of the one that is registered for the group.

        Raises:
            RuntimeError: The calling thread runs an event loop, which this would block; nothing was sent.
            LocalProtocolError: The group does not carry such an event; nothing was sent.
            InvalidChannelLayerError: The channel layer of the group is not registered.
        """
        name = self.group_name
        sent = self._codec.sendable(event)
        (layer or self._layer()).sync_group_send(name, sent)

    def _layer(self) -> SyncGroupLayer:
        return _find_layer(self.channel_layer_alias, type(self).__name__)

    @classmethod
    def event_types(cls) -> list[str]:
        """Return the types of the events that the group carries, as they are written in messages.

        Raises:
            NameError: The events are declared by a name that is not defined.
        """
        return event_types(cls._codec.declared())


# Only the base itself is built late: that takes time, and nobody makes an instance of it.
del Group.model_config["defer_build"]
