"""The ASGI application that makes a consumer for every connection."""

import functools
import inspect
from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from fast_channels.consumer.handlers import is_library
from fast_channels.protocol import CONNECTIONS
from fast_channels.type_defs import GivenReceive, GivenScope, GivenSend

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer

_READ_ONCE = frozenset({"Params", "close_codes", "codec", "omit_none", "phases", "strict_json"})
"""The attributes that are read when a class is defined, so that one of an instance would have no effect."""

_C_co = TypeVar("_C_co", bound="AsyncConsumer", covariant=True)


class ConsumerApplication(Generic[_C_co]):
    """An ASGI application that makes a consumer for every connection.

    Args:
        consumer_class: The class of the consumers.
        initkwargs: The keyword arguments of the constructor of each consumer.

    Attributes:
        consumer_class: The class of the consumers.
        consumer_initkwargs: The keyword arguments of the constructor of each consumer.
    """

    consumer_class: type[_C_co]

    def __init__(self, consumer_class: type[_C_co], initkwargs: dict[str, Any]) -> None:
        self.consumer_class = consumer_class
        self.consumer_initkwargs = initkwargs
        functools.update_wrapper(self, consumer_class, updated=())
        # Frameworks would take the parameters of the class for those of the application.
        del vars(self)["__wrapped__"]

    async def __call__(self, scope: GivenScope, receive: GivenReceive, send: GivenSend) -> None:
        """Serve one connection with a consumer of its own."""
        kind = self.consumer_class
        rules = kind._rules  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
        type_ = scope.get("type")
        if type_ not in rules.served and (answer := rules.answer_to(type_)) is not None:
            # Nothing for which a consumer is to be made.
            await answer(kind, scope, receive, send)
            return
        consumer = kind(**self.consumer_initkwargs)
        if rules.calls:
            await consumer(scope, receive, send)
        else:
            # One coroutine less, through which each event would have to pass.
            life = consumer._life  # pyright: ignore[reportPrivateUsage]  # private on consumers, where any public name may be a handler
            await life.run(consumer, scope, receive, send)


def require_effect(consumer: type, arguments: Iterable[str]) -> None:
    """Do nothing if each argument of `as_asgi()` has an effect.

    Args:
        consumer: The class of the consumers.
        arguments: The names of the arguments, which the constructor takes.

    Raises:
        TypeError: One would set an attribute of the instance that is read from the class only.
    """
    for name in sorted(_READ_ONCE.intersection(arguments)):
        # What only shares the name is the application's own.
        own = name in inspect.signature(consumer).parameters
        if not own and (name == "Params" or _is_setting(consumer, name)):
            kind = consumer.__name__
            raise TypeError(
                f"{kind}.as_asgi({name}=...) has no effect: {name} is read when a class is defined; "
                f"set it on {kind}, or on a subclass"
            )


def _is_setting(consumer: type, name: str) -> bool:
    return any(name in vars(base).get("__annotations__", ()) for base in consumer.__mro__ if is_library(base))


def is_scope(value: Any) -> bool:
    """Tell whether a value is the scope of a connection of ASGI."""
    # Asked in this way a checker goes on to know nothing of it, in place of a part.
    return issubclass(type(value), MutableMapping) and value.get("type") in CONNECTIONS


def no_application(consumer: type) -> TypeError:
    """Return the error for a consumer class that is used as an application."""
    name = consumer.__name__
    return TypeError(f"{name} is a class, not an ASGI application: use {name}.as_asgi()")
