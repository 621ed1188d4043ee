"""Which method handles which event: a table, made once for every consumer class."""

import inspect
import warnings
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any

from fast_channels.consumer.inbox import LifeHandler
from fast_channels.events import EVENTS, RECEIVED
from fast_channels.exceptions import InvalidEventError
from fast_channels.messages.annotations import (
    Converter,
    annotation_of,
    can_be_mapping,
    converter,
    event_types,
    has_fields,
    is_dictionary,
    members,
)
from fast_channels.messages.errors import one_line
from fast_channels.messages.generics import resolve
from fast_channels.messages.receivers import received_by
from fast_channels.messages.snapshot import own
from fast_channels.untrusted import printable, shown

ASGI_HANDLERS: Mapping[str, str] = {type_.replace(".", "_"): type_ for type_ in RECEIVED}
"""The types of the events of servers, by the name of their handler."""


USUAL_HANDLER_NAMES = frozenset(
    {"enter", "join", "leave", "request", "serve", "spawn", "timed_out", "timeouts"}
)
"""Methods that Channels does not have, so code written for it may have handlers of these names."""


_LIBRARY = "fast_channels.consumer."


def is_library(consumer: type) -> bool:
    """Tell whether a class is one of this library's consumers, and not of an application."""
    return consumer.__module__.startswith(_LIBRARY)


_IMPORT = "; import it outside `if TYPE_CHECKING:`"
"""What to do about a name that is not defined."""


def handler_name(type_: str) -> str:
    """Return the name of the method that handles a type of event."""
    return type_.replace(".", "_")


def get_handler_name(message: Mapping[str, Any]) -> str:
    """Return the name of the method that handles a message: its type, with underscores for dots.

    Raises:
        InvalidEventError: The message has no type, or one that could name a private method.
    """
    if "type" not in message:
        raise InvalidEventError("Incoming message has no 'type' attribute", event=message)
    type_ = message["type"]
    if not isinstance(type_, str):
        text = f"Malformed type in message (a string is needed, not {shown(type_)})"
        raise InvalidEventError(text, event=message)
    name = handler_name(type_)
    if name.startswith("_"):
        raise InvalidEventError("Malformed type in message (leading underscore)", event=message)
    return name


@dataclass(slots=True, eq=False, repr=False)
class Handler:
    """How one method of a consumer class gets its messages.

    Attributes:
        name: The name of the method.
        function: The function behind it.
        own: Whether the method is the library's, which takes any mapping.
        names: What string annotations may refer to besides the module.
        convert: Makes what the method takes out of a message.
        event: The type of the event of servers that the method is for, `None` for one of the application.
        of_life: What the life of the connection calls in place of the method, `None` where there is nothing.
    """

    name: str
    function: Any
    own: bool
    names: Mapping[str, Any]
    convert: Converter = field(init=False)
    event: str | None = field(init=False)
    of_life: LifeHandler | None = field(init=False, default=None)
    _wanted: Any = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.event = ASGI_HANDLERS.get(self.name)
        if self.own:
            self.convert = own
        elif self.event is not None:
            self.convert = self._resolve_event
        else:
            self.convert = self._resolve_late

    def wanted(self) -> Any:
        """Return what the annotation of the message asks for, `NameError` while that is not defined."""
        if self._wanted is None:
            function = self.function
            if function.__code__.co_argcount < 2:
                self._wanted = Any
            else:
                names = ChainMap(dict(self.names), function.__globals__)
                self._wanted = resolve(annotation_of(function, 1), names)
        return self._wanted

    def event_types(self) -> list[str]:
        """Return the types of the channel events that the method takes, as far as they are declared."""
        return event_types(self.known())

    def known(self) -> Any:
        """Return what the annotation of the message asks for, `Any` while that cannot be known."""
        try:
            return self.wanted()
        except Exception:
            # Not yet defined, or no type at all: a helper may be annotated with anything.
            return Any

    def declares(self) -> bool:
        """Tell whether the method takes events of the application that have a declared form."""
        return self.event is None and any(map(has_fields, members(self.known())))

    def _resolve_event(self, message: Mapping[str, Any]) -> Any:
        # At the first event, as below; what cannot be resolved gets the model.
        from fast_channels.consumer.server_events import as_dictionary, as_event

        convert = as_dictionary if any(map(is_dictionary, members(self.known()))) else as_event
        self.convert = convert(EVENTS[ASGI_HANDLERS[self.name]])
        return self.convert(message)

    def _resolve_late(self, message: Mapping[str, Any]) -> Any:
        # At the first message every module has been imported, so circular imports are no obstacle.
        try:
            wanted = self.wanted()
            self.convert = converter(wanted) if can_be_mapping(wanted) else _refuse
        except Exception as error:
            # Whatever is wrong with an annotation, it is no fault of the message.
            self.convert = own
            _warn_at(
                self.function,
                f"{called(self.function)} gets its messages unvalidated, because its annotation cannot be "
                f"used: {one_line(error)}{_IMPORT if isinstance(error, NameError) else ''}",
            )
        return self.convert(message)


def called(function: Any) -> str:
    """Return how a method is called in a sentence: with its class, and without what is around that."""
    return f"{function.__qualname__.rpartition('<locals>.')[2]}()"


def _warn_at(function: Any, text: str) -> None:
    """Warn at the line of a function, whoever calls it."""
    code, module = function.__code__, function.__globals__
    warnings.warn_explicit(
        text,
        RuntimeWarning,
        code.co_filename,
        code.co_firstlineno,
        function.__module__,
        module.setdefault("__warningregistry__", {}),
    )


def _refuse(message: Mapping[str, Any]) -> Mapping[str, Any]:
    raise no_handler(message)


def no_handler(message: Mapping[str, Any]) -> InvalidEventError:
    """Return the error for a message whose type no method handles."""
    type_ = message["type"]
    # White space would not be seen, and is what may be wrong with it.
    text = shown(type_) if type_.split() != [type_] else printable(type_)
    return InvalidEventError(f"No handler for message type {text}", event=message)


def _takes_one_message(attribute: Any) -> bool:
    """Tell whether an attribute of a class is an async method that is called with one message."""
    if not callable(attribute) or isinstance(attribute, type | staticmethod):
        return False
    if received_by(attribute) is not None:
        # It takes messages of the client.
        return False
    function = inspect.unwrap(attribute)
    if not isinstance(function, FunctionType):
        return False
    # asgiref's sync_to_async and its like are no coroutine functions, and are marked as if they were.
    is_async = inspect.iscoroutinefunction(attribute) or inspect.iscoroutinefunction(function)
    if not (is_async or hasattr(attribute, "_is_coroutine")):
        return False
    code = function.__code__
    if code.co_kwonlyargcount > len(function.__kwdefaults__ or ()):
        return False
    required = code.co_argcount - 1 - len(function.__defaults__ or ())
    return required == 1 or (required <= 0 and bool(code.co_flags & inspect.CO_VARARGS))


def build_table(
    bases: Iterable[type], library: frozenset[type], names: Mapping[str, Any]
) -> dict[str, Handler]:
    """Return the handlers of a consumer class by their names.

    Args:
        bases: The classes in method resolution order, the nearest first.
        library: The consumer classes of this library. Their methods are the documented API and no
            handlers, but for those that are named after an event of ASGI.
        names: Local variables around the class statement, for string annotations.

    Raises:
        TypeError: A method takes a channel event whose type belongs to another method.
    """
    order = list(bases)
    api = {name for base in order if base in library for name in vars(base)}
    api -= ASGI_HANDLERS.keys() | USUAL_HANDLER_NAMES
    table: dict[str, Handler] = {}
    for base in reversed(order):
        for name, attribute in vars(base).items():
            if name.startswith("_") or name in api:
                continue
            if _takes_one_message(attribute) and not (base in library and name in USUAL_HANDLER_NAMES):
                known = vars(base).get("_local_names", names)
                handler = Handler(name, inspect.unwrap(attribute), base in library, known)
                # A helper that happens to take one argument, such as a string, is for no message.
                if handler.event is not None or can_be_mapping(handler.known()):
                    table[name] = handler
                    continue
            table.pop(name, None)
    for handler in table.values():
        check_name(handler, table)
    return table


def check_name(handler: Handler, table: Mapping[str, Handler]) -> None:
    """Refuse a method that takes channel events whose type belongs to another method, if they can be known.

    Args:
        handler: The method.
        table: All handlers of its class.

    Raises:
        TypeError: None of the events that it takes is sent to it, and none to another handler.
    """
    types = handler.event_types()
    expected = [handler_name(type_) for type_ in types]
    if expected and handler.name not in expected and not any(name in table for name in expected):
        raise TypeError(
            f"{called(handler.function)} takes events of type {', '.join(types)}, "
            f"which are sent to {', '.join(expected)}(); "
            "rename the method, or start its name with an underscore if it is not a handler"
        )
