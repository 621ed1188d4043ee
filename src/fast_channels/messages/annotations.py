"""What the annotation of a handler asks for, and how a message becomes it."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from types import FunctionType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    LiteralString,
    NewType,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

from pydantic import BaseModel, ValidationError
from typing_extensions import Format, TypeAliasType, get_annotations, is_protocol, is_typeddict

from fast_channels.exceptions import InvalidEventError
from fast_channels.messages.errors import failed_places, sentence
from fast_channels.messages.event import ChannelEvent, keep_frame
from fast_channels.messages.older_python import validatable
from fast_channels.messages.sharing import is_shareable
from fast_channels.messages.snapshot import Snapshot, own
from fast_channels.untrusted import shown

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Converter: TypeAlias = Callable[[Mapping[str, Any]], Any]


def annotation_of(function: FunctionType, index: int) -> Any:
    """Return the annotation of a positional parameter as it was written, `Any` without one."""
    name = function.__code__.co_varnames[index]
    return get_annotations(function, format=Format.FORWARDREF).get(name, Any)


def local_names(module: str) -> Mapping[str, Any]:
    """Return the local variables around the class statement that is being executed in a module.

    String annotations may name what is only known there: a class that is defined in a function.
    """
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__") != module:
        frame = frame.f_back
    return {} if frame is None or frame.f_code.co_name == "<module>" else dict(frame.f_locals)


def members(annotation: Any) -> Iterator[Any]:
    """Yield the types that a union names, through aliases and `Annotated`."""
    if isinstance(annotation, TypeAliasType):
        yield from members(annotation.__value__)
    elif get_origin(annotation) is Annotated:
        yield from members(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for member in get_args(annotation):
            yield from members(member)
    else:
        yield annotation


def can_be_mapping(annotation: Any) -> bool:
    """Tell whether something that an annotation allows can be made of a mapping: a message, for instance.

    Models, dataclasses, TypedDicts and mappings can, and so can whatever says nothing: `Any`, `object`,
    a type variable without a bound, a protocol.
    """
    return any(map(_can_be_mapping, members(annotation)))


def _can_be_mapping(kind: Any) -> bool:
    if isinstance(kind, NewType):
        return can_be_mapping(kind.__supertype__)
    if isinstance(kind, TypeVar):
        return any(map(can_be_mapping, kind.__constraints__ or (kind.__bound__ or Any,)))
    origin = get_origin(kind) or kind
    if not isinstance(origin, type):
        # What is left are special forms, of which these two say what a value is.
        return origin not in {Literal, LiteralString}
    if origin is Any or is_protocol(origin) or has_fields(origin):
        return True
    return issubclass(origin, Mapping) or issubclass(dict, origin)


def event_types(annotation: Any) -> list[str]:
    """Return the values of the `type` literals of all channel events that an annotation names."""
    return [
        value
        for member in members(annotation)
        if isinstance(member, type) and issubclass(member, ChannelEvent) and "type" in member.model_fields
        for value in _literals(member.model_fields["type"].annotation)
    ]


def _literals(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def converter(annotation: Any) -> Converter:
    """Return the function that makes out of a message what an annotation asks for.

    Models, dataclasses and TypedDicts are validated into, alone or in a union; a TypedDict keeps the keys
    that it does not name. Anything else gets the message as it is, and of a `Snapshot` a copy. An event that
    cannot be changed is made of a `Snapshot` once, for all who ask for it.

    Raises:
        NameError: The annotation refers to something that is not defined.
        pydantic.errors.PydanticUserError: pydantic cannot validate one of the types.
    """
    kinds = list(members(annotation))
    if not any(has_fields(kind) for kind in kinds):
        return own
    # Late: an application without events of its own needs none.
    from pydantic import TypeAdapter

    adapter = TypeAdapter[Any](validatable(annotation))
    validate = _validating(adapter)
    try:
        # Some models are built when they are first used, and have no schema before.
        adapter.rebuild()
        shareable = is_shareable(adapter.core_schema)
    except Exception:
        # The first message says what is wrong with them.
        shareable = False
    # Equal unions may try their members in another order.
    kind = annotation if isinstance(annotation, type) else object()
    return _sharing(validate, kind) if shareable else _not_sharing(validate)


def _validating(adapter: "TypeAdapter[Any]") -> Converter:
    validate = adapter.validate_python

    def convert(message: Mapping[str, Any]) -> Any:
        try:
            result: Any = validate(message, by_alias=True, by_name=True)
        except ValidationError as error:
            invalid = not_its_event(own(message), sentence(error), failed_places(error))
        else:
            return {**message, **result} if _is_dict(result) else result
        # Out here, so that nothing that logs the error writes down all that pydantic knows of the message.
        try:
            raise invalid
        finally:
            # It refers to this frame, which would refer to it.
            del invalid

    return convert


def _not_sharing(convert: Converter) -> Converter:
    """Return a converter that makes another object of a snapshot each time, which shares nothing with it."""
    return lambda message: convert(own(message))


def _sharing(convert: Converter, kind: object) -> Converter:
    """Return a converter that makes one event of a snapshot.

    Args:
        convert: Makes an event that cannot be changed.
        kind: What it is made into: handlers that ask for the same get the same.
    """

    def convert_once(message: Mapping[str, Any]) -> Any:
        if type(message) is not Snapshot:
            return convert(message)
        # Nearly always all recipients ask for the same.
        if message.kind is kind:
            return message.event
        event = message.others.get(kind)
        if event is None:
            event = convert(message)
            keep_frame(event)
            message.keep(kind, event)
        return event

    return convert_once


def not_its_event(
    message: Mapping[str, Any], reason: str, errors: Sequence[tuple[str, str]]
) -> InvalidEventError:
    """Return the error for a message that its handler does not take.

    Args:
        message: The message.
        reason: What is wrong with it, in words that can be logged.
        errors: The path and the reason of everything that is wrong with it.
    """
    text = f"a message of type {shown(message.get('type'))} does not match its handler: {reason}"
    return InvalidEventError(text, event=message, errors=errors)


def _is_dict(value: object) -> bool:
    return type(value) is dict


def has_fields(kind: Any) -> bool:
    """Tell whether a type is a model, a dataclass or a TypedDict."""
    origin = get_origin(kind) or kind
    return is_typeddict(origin) or is_dataclass(origin) or _is_model(origin)


def is_dictionary(kind: Any) -> bool:
    """Tell whether a type is a dictionary, a TypedDict for instance, and no other mapping."""
    origin = get_origin(kind) or kind
    return is_typeddict(origin) or origin is dict


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
