"""How a handler gets an event of a server. Loaded with the first one, because it needs the models."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from fast_channels.events.base import AsgiEvent
from fast_channels.events.wire import error_details, model_validator
from fast_channels.exceptions import InvalidEventError
from fast_channels.messages.annotations import Converter, not_its_event
from fast_channels.messages.errors import path, shortened

__all__ = ["as_dictionary", "as_event", "not_that_event"]


def as_event(model: type[AsgiEvent]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Return what makes an instance of the model of an event."""

    def convert(message: Mapping[str, Any]) -> Mapping[str, Any]:
        if isinstance(message, AsgiEvent):
            return message
        try:
            return model_validator(model)(message)
        except ValidationError as error:
            raise not_that_event(message, error) from None

    return convert


def as_dictionary(model: type[AsgiEvent]) -> Converter:
    """Return what makes a dictionary of an event, with what its model has filled in."""
    event = as_event(model)

    def convert(message: Mapping[str, Any]) -> dict[str, Any]:
        return dict(event(message))

    return convert


def not_that_event(message: Mapping[str, Any], error: ValidationError) -> InvalidEventError:
    """Return the error for a message that has the type of an event of servers, and not its fields."""
    errors = [(path(one["loc"]), shortened(one["msg"])) for one in error_details(error)]
    return not_its_event(message, "; ".join(f"{where}: {reason}" for where, reason in errors), errors)
