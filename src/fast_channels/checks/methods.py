"""What would go wrong with the methods of a consumer: its handlers, and those that the library calls."""

import inspect
import warnings
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias, get_origin

from pydantic import TypeAdapter
from typing_extensions import get_type_hints

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.consumer.declared import application_classes, event_handlers, handlers_of
from fast_channels.consumer.handlers import USUAL_HANDLER_NAMES, Handler, check_name, handler_name
from fast_channels.consumer.rules import signature
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import converter, event_types, members
from fast_channels.messages.receivers import received_by

from .finding import Finding, finding
from .forms import one_line, require_schema
from .tags import same_tags

__all__ = ["check_handlers", "check_methods"]

Call: TypeAlias = tuple[str, ...]
"""The arguments of a call; one that is passed by name ends in `=`."""

_MESSAGE: tuple[Call, ...] = (("message",),)
_CALLS: Mapping[type[AsyncConsumer], Mapping[str, tuple[Call, ...]]] = {
    AsyncConsumer: {"dispatch": _MESSAGE},
    AsyncHttpConsumer: {
        "handle": (("body",),),
        "disconnect": ((),),
        "http_request": _MESSAGE,
        "http_disconnect": _MESSAGE,
    },
    AsyncWebsocketConsumer: {
        "connect": ((),),
        "disconnect": (("code",),),
        "receive": (("text_data=",), ("bytes_data=",)),
        "websocket_connect": _MESSAGE,
        "websocket_receive": _MESSAGE,
        "websocket_disconnect": _MESSAGE,
    },
    AsyncJsonWebsocketConsumer: {
        "receive_json": (("content",),),
        "receive_invalid": (("error",),),
        "decode_json": (("text_data",),),
        "encode_json": (("content",),),
    },
}
"""How the library calls the methods that applications override."""


def check_handlers(consumer: type[AsyncConsumer]) -> Iterator[Finding]:
    """Find what is wrong with the handlers of channel-layer events."""
    handlers = event_handlers(consumer)
    for handler in handlers.values():
        try:
            wanted = handler.wanted()
        except Exception as error:
            text = f"gets unvalidated messages, as its annotation cannot be resolved: {one_line(error)}"
            yield finding("FC101", handler.function, text)
        else:
            yield from _check_validation(handler, wanted)
            yield from _check_events(handler, wanted)
            yield from _check_names(handler, wanted, handlers)
            for text in same_tags(wanted):
                yield finding("FC204", handler.function, f"{text}, so an event may become the wrong one")


def _check_validation(handler: Handler, wanted: Any) -> Iterator[Finding]:
    try:
        with warnings.catch_warnings():
            # What the consumer only warns of, because its message is not to blame.
            warnings.simplefilter("error", RuntimeWarning)
            converter(wanted)
    except Exception as error:
        yield finding("FC102", handler.function, f"gets unvalidated messages: {one_line(error)}")


def _check_events(handler: Handler, wanted: Any) -> Iterator[Finding]:
    for event in _channel_events(wanted):
        # A class that others inherit may leave the type to them.
        if not event_types(event) and not event.__subclasses__():
            text = (
                "has no field `type: Literal[...]` with a default, so an event that is sent finds no handler"
            )
            yield finding("FC103", event, text)
        try:
            require_schema(TypeAdapter(event), "serialization")
        except Exception as error:
            yield finding("FC205", event, f"cannot be sent through a channel layer: {one_line(error)}")


def _channel_events(annotation: Any) -> list[type[ChannelEvent]]:
    kinds = [kind for kind in members(annotation) if isinstance(kind, type)]
    return [kind for kind in kinds if issubclass(kind, ChannelEvent) and kind is not ChannelEvent]


def _check_names(handler: Handler, wanted: Any, table: Mapping[str, Handler]) -> Iterator[Finding]:
    try:
        check_name(handler, table)
    except TypeError as error:
        yield finding("FC104", handler.function, str(error).removeprefix(f"{handler.name}() "))
    types = event_types(wanted)
    if handler.name not in map(handler_name, types):
        return
    for type_ in types:
        name = handler_name(type_)
        if name not in table:
            text = f"takes events of type {type_}, which are sent to {name}(); there is no such handler"
            yield finding("FC105", handler.function, text)


class _Method(NamedTuple):
    """What a class of the application makes of a name."""

    name: str
    function: Any
    owner: type


def check_methods(consumer: type[AsyncConsumer]) -> Iterator[Finding]:
    """Find methods that were meant to be handlers, and overrides that the library cannot call."""
    own = application_classes(consumer)
    library = [base for base in consumer.__mro__ if base not in own]
    awaited = {name for base in library for name, value in vars(base).items() if _is_async(_function(value))}
    calls = {name: ways for base in reversed(library) for name, ways in _CALLS.get(base, {}).items()}
    # What code for Channels calls so may be anything.
    awaited -= USUAL_HANDLER_NAMES
    for method in _methods(consumer, own):
        receives = received_by(method.function) is not None
        if (
            (receives or method.name in awaited)
            and not _is_async(method.function)
            and not _says_awaitable(method.function)
        ):
            text = "is awaited by the library and has to be `async def`"
            yield finding("FC108", method.function, text)
        for call in _MESSAGE if receives else calls.get(method.name, ()):
            yield from _check_call(method, call)
        if method.name not in handlers_of(consumer):
            yield from _check_missed(method, method.name in awaited)


def _methods(consumer: type[AsyncConsumer], own: Iterable[type]) -> Iterator[_Method]:
    for base in own:
        for name, value in vars(base).items():
            function = _function(value)
            if function is not None and inspect.getattr_static(consumer, name) is value:
                yield _Method(name, function, base)


def _function(value: object) -> FunctionType | None:
    # That of a class method is inside.
    inner: object = getattr(value, "__func__", value)
    return inner if isinstance(inner, FunctionType) else None


def _is_async(function: FunctionType | None) -> bool:
    if function is None:
        return False
    marked = hasattr(function, "_is_coroutine")
    return marked or any(map(inspect.iscoroutinefunction, (function, inspect.unwrap(function))))


def _says_awaitable(function: FunctionType) -> bool:
    try:
        returned = get_type_hints(function).get("return")
    except Exception:
        # Nobody can tell, so nobody is told that it is wrong.
        return True
    origin = get_origin(returned) or returned
    return isinstance(origin, type) and issubclass(origin, Awaitable)


def _check_call(method: _Method, call: Call) -> Iterator[Finding]:
    positional = [name for name in call if not name.endswith("=")]
    named = [name.removesuffix("=") for name in call if name.endswith("=")]
    try:
        # One more for self, or for the class of a class method.
        signature(method.function).bind(None, *positional, **dict.fromkeys(named))
    except TypeError as error:
        shown = ", ".join([*positional, *(f"{name}=..." for name in named)])
        text = f"is called as {method.name}({shown}), which fails: {error}"
        yield finding("FC109", method.function, text)


def _check_missed(method: _Method, is_api: bool) -> Iterator[Finding]:
    names = vars(method.owner).get("_local_names", {})
    try:
        types = event_types(Handler(method.name, inspect.unwrap(method.function), False, names).wanted())
    except Exception:
        # A helper may be annotated with anything.
        return
    for type_ in types:
        if handler_name(type_) == method.name:
            yield _missed_as_api(method, type_) if is_api else _missed(method, type_)


def _missed_as_api(method: _Method, type_: str) -> Finding:
    text = f"is a method of the library, so it never gets events of type {type_}; give them another type"
    return finding("FC106", method.function, text)


def _missed(method: _Method, type_: str) -> Finding:
    text = (
        f"takes events of type {type_} and gets none: a handler is an `async def` method with one required "
        "argument, and its name begins with no underscore"
    )
    return finding("FC107", method.function, text)
