"""All that can be found in consumer classes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fast_channels.consumer import AsyncConsumer
from fast_channels.installation import DISTRIBUTION, conflict
from fast_channels.targets import Found, Target, consumers_in

from .attributes import check_attributes
from .finding import Finding, finding
from .layers import check_arguments, check_layer, check_params
from .messages import check_messages
from .methods import check_handlers, check_methods

__all__ = ["check", "findings_in"]


def findings_in(targets: Iterable[Target]) -> list[Finding]:
    """Return the findings in what is installed, and in all consumers that targets stand for.

    Raises:
        TargetError: A target stands for none.
    """
    found = [one for target in targets for one in consumers_in(target)]
    return [
        *check_installation(),
        *(mistake for one in found for mistake in check(one.consumer, one.arguments)),
        *(mistake for one in found for mistake in check_use(one)),
    ]


def check_installation() -> Iterator[Finding]:
    """Find another distribution that owns the same import name."""
    sentence = conflict()
    if sentence is not None:
        yield Finding("FC001", DISTRIBUTION, sentence, None, None)


def check_use(found: Found) -> Iterator[Finding]:
    """Find a consumer in the place of an ASGI application."""
    if found.bare:
        name = found.consumer.__name__
        text = f"is used as an ASGI application and is {found.bare}; use {name}.as_asgi()"
        yield finding("FC308", found.consumer, text)


def check(consumer: type[AsyncConsumer], arguments: Mapping[str, Any] | None = None) -> list[Finding]:
    """Return what would fail, or not happen, when connections come.

    Args:
        consumer: The class. Every module that it needs has been imported.
        arguments: Those of `as_asgi()`, `None` if they are not known.
    """
    return [
        *check_methods(consumer),
        *check_handlers(consumer),
        *check_messages(consumer),
        *check_layer(consumer, arguments or {}),
        *check_params(consumer),
        *check_attributes(consumer, arguments or {}),
        *(() if arguments is None else check_arguments(consumer, arguments)),
    ]
