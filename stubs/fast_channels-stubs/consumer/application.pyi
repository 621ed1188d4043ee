# Written by `nox -s generate`; changes made by hand are lost.

from collections.abc import Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from fast_channels.consumer.base import AsyncConsumer

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
    def __init__(self, consumer_class: type[_C_co], initkwargs: dict[str, Any]) -> None: ...
    consumer_initkwargs: dict[str, Any]
    """The keyword arguments of the constructor of each consumer."""
    async def __call__(self, *args: Any, **kwargs: Any) -> None:
        """Serve one connection with a consumer of its own."""
    @property
    def consumer_class(self) -> type[_C_co]: ...

def require_effect(consumer: type, arguments: Iterable[str]) -> None:
    """Do nothing if each argument of `as_asgi()` has an effect.

    Args:
        consumer: The class of the consumers.
        arguments: The names of the arguments, which the constructor takes.

    Raises:
        TypeError: One would set an attribute of the instance that is read from the class only.
    """

def is_scope(value: Any) -> bool:
    """Tell whether a value is the scope of a connection of ASGI."""

def no_application(consumer: type) -> TypeError:
    """Return the error for a consumer class that is used as an application."""
