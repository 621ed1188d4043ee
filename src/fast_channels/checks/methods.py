"""What would go wrong with the methods of a consumer: its handlers, and those that the library calls."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.declared import event_handlers, handlers_of
from fast_channels.consumer.definition import failure, methods_of, violations
from fast_channels.consumer.handlers import Handler, called, check_name, handler_name
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import converter, event_types, members
from fast_channels.messages.errors import one_line

from .finding import Finding, finding
from .forms import require_schema
from .tags import same_tags

__all__ = ["check_handlers", "check_methods"]


def check_handlers(consumer: type[AsyncConsumer]) -> Iterator[Finding]:
    """Find what is wrong with the handlers of channel-layer events."""
    handlers = event_handlers(consumer)
    for handler in handlers.values():
        try:
            wanted = handler.wanted()
        except Exception as error:
            text = (
                f"gets its messages unvalidated, because its annotation cannot be resolved: {one_line(error)}"
            )
            yield finding("FC101", handler.function, text)
        else:
            yield from _check_validation(handler, wanted)
            yield from _check_events(handler, wanted)
            yield from _check_names(handler, wanted, handlers)
            for text in same_tags(wanted):
                yield finding("FC204", handler.function, f"{text}, so an event may be read as the wrong one")


def _check_validation(handler: Handler, wanted: Any) -> Iterator[Finding]:
    try:
        converter(wanted)
    except Exception as error:
        yield finding("FC102", handler.function, f"gets its messages unvalidated: {one_line(error)}")


def _check_events(handler: Handler, wanted: Any) -> Iterator[Finding]:
    for event in _channel_events(wanted):
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
        yield finding("FC104", handler.function, str(error).removeprefix(f"{called(handler.function)} "))
    types = event_types(wanted)
    if handler.name not in map(handler_name, types):
        return
    for type_ in types:
        name = handler_name(type_)
        if name not in table:
            text = f"takes events of type {type_}, which are sent to {name}(); write that handler"
            yield finding("FC105", handler.function, text)


def check_methods(consumer: type[AsyncConsumer]) -> Iterator[Finding]:
    """Find methods that were meant to be handlers, and overrides that the library cannot call.

    What the definition of the class has refused cannot be here, but for what could not be resolved then.
    """
    handlers = handlers_of(consumer)
    for one in violations(consumer, handlers):
        yield finding(one.code, one.about, one.text)
    for method in methods_of(consumer, handlers):
        if method.is_awaited and not method.is_async and not method.says_awaitable:
            yield finding("FC108", method.function, "is awaited by the library and has to be `async def`")
        # Those of which only some fail.
        for text in filter(None, (failure(method, *call) for call in method.calls)):
            yield finding("FC109", method.function, text)
