"""What has to be true of a consumer class, said as soon as it can be known."""

import dis
import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import pairwise
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias, get_origin

from typing_extensions import TypeIs, get_type_hints, is_protocol, is_typeddict

from fast_channels.consumer.handlers import USUAL_HANDLER_NAMES, Handler, handler_name, is_library
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import event_types, members
from fast_channels.messages.receivers import mode_of, received_by

__all__ = [
    "RECEIVING",
    "Violation",
    "application_classes",
    "constructor_violation",
    "methods_of",
    "require_constructor",
    "require_methods",
    "violations",
]

RECEIVING = frozenset({"dispatch", "websocket_receive", "receive", "receive_json", "receive_message"})
"""The methods of which an override can handle the messages of a client."""

_HOOKS = frozenset(
    [
        "dispatch",
        "connect",
        "disconnect",
        "receive",
        "receive_json",
        "receive_message",
        "receive_invalid",
        "handler_failed",
        "decode_json",
        "encode_json",
        "handle",
        "channel_invalid",
        "params_invalid",
        "authenticate",
        "unauthenticated",
        "websocket_connect",
        "websocket_receive",
        "websocket_disconnect",
        "receive_body",
        "http_request",
        "http_disconnect",
    ]
)
"""The methods of the library that it calls itself, for applications to override."""

_GAP = "channel_gap"
_NO_AWAITABLE = ("BUILD_", "FORMAT_", "COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NOT", "LOAD_CONST")
"""The instructions, by how their names begin, whose result nobody can await."""


class Violation(NamedTuple):
    """What is wrong with a class.

    Attributes:
        code: Its kind, as `fast-channels check` names it.
        about: The method or class that is to be changed.
        subject: What the sentence is about.
        text: The rest of the sentence.
    """

    code: str
    # A function, which a checker would take for a method of this class, or a class.
    about: Any
    subject: str
    text: str


class Method(NamedTuple):
    """What a class of the application makes of a name.

    Attributes:
        name: The name.
        function: The function, which is inside of a class method.
        owner: The class that has it.
        is_static: Whether it gets neither an instance nor a class.
        handlers: The handlers of the consumer.
        library: The classes of the library that the consumer has, the nearest first.
        is_awaited: Whether the library has an async method of the name.
    """

    name: str
    # A function, which a checker would take for a method of this class.
    function: Any
    owner: type
    is_static: bool
    handlers: Mapping[str, Handler]
    library: list[type]
    is_awaited: bool

    @property
    def receives(self) -> Any:
        """The kind of message that the method receives, `None` for one that receives none."""
        return received_by(self.function)

    @property
    def is_async(self) -> bool:
        """Whether it is a coroutine function, or says that it works like one."""
        function = self.function
        marked = hasattr(function, "_is_coroutine")
        return marked or any(map(inspect.iscoroutinefunction, (function, inspect.unwrap(function))))

    @property
    def says_awaitable(self) -> bool:
        """Whether its annotation says that what it returns can be awaited, or cannot be resolved."""
        try:
            returned = get_type_hints(self.function).get("return")
        except Exception:
            # Nobody can tell, so nobody is told that it is wrong.
            return True
        origin = get_origin(returned) or returned
        return isinstance(origin, type) and issubclass(origin, Awaitable)

    @property
    def documented(self) -> inspect.Signature | None:
        """The signature of what the library calls by this name, `None` if it calls nothing so."""
        if self.receives is not None or self.name == _GAP:
            return _ONE_MESSAGE
        found = (vars(base)[self.name] for base in self.library if self.name in vars(base))
        return signature(_inner(next(found))) if self.name in _HOOKS and self.is_awaited else None

    @property
    def calls(self) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
        """How the library calls it: the arguments that are given by place, and those given by name."""
        documented = self.documented
        return [] if documented is None else _calls_of(documented)


def application_classes(consumer: type) -> list[type]:
    """Return the classes of a consumer that are not the library's, the nearest first."""
    return [base for base in consumer.__mro__ if base is not object and not is_library(base)]


def methods_of(consumer: type, handlers: Mapping[str, Handler]) -> Iterator[Method]:
    """Yield the methods of the application that count, without those that others hide."""
    own = application_classes(consumer)
    library = [base for base in consumer.__mro__ if base not in own]
    awaited = {
        name
        for base in library
        for name, value in vars(base).items()
        if inspect.iscoroutinefunction(_inner(value))
    }
    # What code for Channels calls so may be anything.
    awaited -= USUAL_HANDLER_NAMES
    for base in own:
        for name, value in vars(base).items():
            function = _inner(value)
            if _is_function(function) and inspect.getattr_static(consumer, name) is value:
                is_static = isinstance(value, staticmethod)
                yield Method(name, function, base, is_static, handlers, library, name in awaited)


def _inner(value: object) -> Any:
    return getattr(value, "__func__", value)


def _is_function(value: Any) -> TypeIs[FunctionType]:
    return isinstance(value, FunctionType)


def violations(consumer: type, handlers: Mapping[str, Handler]) -> Iterator[Violation]:
    """Yield everything that is wrong with the methods of a consumer, as far as its names can be resolved.

    Args:
        consumer: The class.
        handlers: Its handlers by their names.
    """
    for method in methods_of(consumer, handlers):
        for code, rule in _RULES.items():
            for text in rule(method):
                yield Violation(code, method.function, f"{consumer.__name__}.{method.name}()", text)
    for handler in handlers.values():
        for event in _nameless(handler):
            subject = f"{consumer.__name__}.{handler.name}() takes {event.__name__}, which has"
            type_ = f'"{handler.name.replace("_", ".")}"'
            text = f"no type, so its events have no handler; add a field `type: Literal[{type_}] = {type_}`"
            yield Violation("FC103", event, subject, text)


def require_methods(consumer: type, handlers: Mapping[str, Handler]) -> None:
    """Do nothing if the library can call the methods of a consumer as it does.

    Raises:
        TypeError: It cannot, or a method was meant to be a handler and is none.
    """
    for violation in violations(consumer, handlers):
        raise TypeError(f"{violation.subject} {violation.text}")


def _not_awaitable(method: Method) -> Iterator[str]:
    is_hook = method.name == _GAP or (method.is_awaited and method.name in _HOOKS)
    if method.receives is None:
        wrong = is_hook and _returns_no_awaitable(method.function)
    elif mode_of(method.function).streams:
        wrong = False
        if method.is_async:
            yield "streams its replies, and has to `yield` them"
    elif inspect.isasyncgenfunction(method.function):
        wrong = False
        yield "yields its replies; decorate it with streams(), or return one reply"
    else:
        wrong = not method.is_async and not method.says_awaitable
    if wrong:
        yield "is awaited by the library and has to be `async def`"


def _returns_no_awaitable(function: FunctionType) -> bool:
    """Tell whether nothing that a function can return can be awaited; a wrapper's result may be anything."""
    code = function.__code__
    if inspect.iscoroutinefunction(function) or code.co_flags & inspect.CO_ITERABLE_COROUTINE:
        return False
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR):
        return True
    steps = [*dis.get_instructions(function)]
    returned = [
        "" if step.is_jump_target else before.opname
        for before, step in pairwise(steps)
        if step.opname == "RETURN_VALUE"
    ]
    # Newer versions of Python have one instruction for both.
    returned += ["LOAD_CONST" for step in steps if step.opname == "RETURN_CONST"]
    return bool(returned) and all(name.startswith(_NO_AWAITABLE) for name in returned)


def _not_called_so(method: Method) -> Iterator[str]:
    failures = [(call, text) for call in method.calls if (text := failure(method, *call)) is not None]
    # That one kind of frame is not taken is a decision that many applications have made.
    if failures and len(failures) == len(method.calls):
        yield failures[0][1]


def failure(method: Method, positional: tuple[str, ...], named: tuple[str, ...]) -> str | None:
    """Return what is wrong with a call of a method, `None` if it can be called so."""
    bound = positional if method.is_static else (None, *positional)
    try:
        signature(method.function).bind(*bound, **dict.fromkeys(named))
    except TypeError as error:
        shown = ", ".join([*positional, *(f"{name}=..." for name in named)])
        write = f"{method.name}{method.documented}"
        return f"is called as {method.name}({shown}), which fails: {error}; write {write}"
    return None


def _calls_of(library: inspect.Signature) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return the calls that the signature of a method of the library stands for.

    What is required is given by place; where nothing is, one of the others is given by name.
    """
    parameters = [
        one for one in [*library.parameters.values()][1:] if one.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    required = tuple(one.name for one in parameters if one.default is one.empty)
    if required or not parameters:
        return [(required, ())]
    return [((), (one.name,)) for one in parameters]


def _missed(method: Method) -> Iterator[str]:
    if _is_missed(method) and not method.is_awaited:
        yield (
            f"takes events of type {_own_type(method)}, and is not a handler: a handler is an `async def` "
            "method with one required argument, and its name does not begin with an underscore"
        )


def _missed_as_api(method: Method) -> Iterator[str]:
    if _is_missed(method) and method.is_awaited:
        yield (
            f"is a method of the library, so it never gets events of type {_own_type(method)}; choose "
            "another type for the event"
        )


def _is_missed(method: Method) -> bool:
    return method.name not in method.handlers and _own_type(method) is not None


def _own_type(method: Method) -> str | None:
    """Return the type of event that a method is called after and takes, `None` if there is none."""
    types = event_types(_message_of(method))
    return next((type_ for type_ in types if handler_name(type_) == method.name), None)


def _message_of(method: Method) -> Any:
    names = vars(method.owner).get("_local_names", {})
    return Handler(method.name, inspect.unwrap(method.function), False, names).known()


def _other_message(method: Method) -> Iterator[str]:
    kind = method.receives
    kinds = [*members(_message_of(method))] if _is_plain_class(kind) else []
    # What is no plain class, a protocol or a TypedDict for instance, may fit without being a base.
    if kinds and all(map(_is_plain_class, kinds)) and not any(issubclass(kind, one) for one in kinds):
        names = ", ".join(one.__name__ for one in kinds)
        yield (
            f"receives {kind.__name__}, and its argument is annotated with {names}; "
            f"annotate it with {kind.__name__}"
        )


def _is_plain_class(kind: Any) -> bool:
    return isinstance(kind, type) and not (is_typeddict(kind) or is_protocol(kind))


def _nameless(handler: Handler) -> list[type[ChannelEvent]]:
    kinds = [] if handler.own else [kind for kind in members(handler.known()) if isinstance(kind, type)]
    return [kind for kind in kinds if issubclass(kind, ChannelEvent) and is_nameless(kind)]


def is_nameless(event: type[ChannelEvent]) -> bool:
    """Tell whether an event has no type, and is no class that leaves the type to those that inherit it."""
    return event is not ChannelEvent and "type" not in event.model_fields and not event.__subclasses__()


Rule: TypeAlias = Callable[[Method], Iterator[str]]

_RULES: Mapping[str, Rule] = {
    "FC108": _not_awaitable,
    "FC109": _not_called_so,
    "FC106": _missed_as_api,
    "FC107": _missed,
    "FC208": _other_message,
}
"""What can be wrong with one method, by the code of it: each rule yields the rest of a sentence about it."""


def signature(function: FunctionType) -> inspect.Signature:
    """Return the signature of a function, without its annotations: perhaps they cannot be resolved."""
    copy = FunctionType(function.__code__, {}, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return inspect.signature(copy)


async def _handler(self: object, message: object) -> None:
    """Take one message, as every handler does."""


_ONE_MESSAGE = signature(_inner(_handler))


def require_constructor(consumer: type, arguments: Mapping[str, Any]) -> None:
    """Do nothing if a consumer can be made with the arguments of `as_asgi()`, and can be given attributes.

    Raises:
        TypeError: It cannot.
    """
    parameters: Any = getattr(consumer, "__dataclass_params__", None)
    if parameters is not None and parameters.frozen:
        raise TypeError(
            f"{consumer.__name__} is a frozen dataclass, but the library sets the scope, channel and "
            "parameters of a consumer as attributes; use @dataclass without frozen=True"
        )
    text = constructor_violation(consumer, arguments)
    if text is not None:
        raise TypeError(text)


def constructor_violation(consumer: type, arguments: Mapping[str, Any]) -> str | None:
    """Return why no consumer can be made with the arguments of `as_asgi()`, `None` if one can."""
    constructor: object = inspect.getattr_static(consumer, "__init__")
    if not isinstance(constructor, FunctionType):
        # Written in another language, or a descriptor: nobody can tell.
        return None
    try:
        signature(constructor).bind(None, **arguments)
    except TypeError as error:
        shown = ", ".join(f"{name}=..." for name in arguments)
        name = consumer.__name__
        return f"{name}.as_asgi({shown}): each connection would call {name}({shown}), which fails: {error}"
    return None
