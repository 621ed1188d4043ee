"""What would go wrong with the channel layer, groups, parameters and constructor of a consumer."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.definition import constructor_violation
from fast_channels.layers import BaseChannelLayer, channel_layers
from fast_channels.messages.errors import one_line
from fast_channels.untrusted import kind_of, shown

from .finding import Finding, finding

__all__ = ["check_arguments", "check_layer", "check_params"]


def check_layer(consumer: type[AsyncConsumer], arguments: Mapping[str, Any]) -> Iterator[Finding]:
    """Find what is wrong with `groups` and `channel_layer_alias`, as far as the class decides them.

    Args:
        consumer: The class.
        arguments: Those of `as_asgi()`, which may be attributes too.
    """
    alias = arguments.get("channel_layer_alias", consumer.channel_layer_alias)
    groups = arguments.get("groups", getattr(consumer, "groups", ()))
    if isinstance(groups, str):
        yield finding(
            "FC302", consumer, f"groups has to be a list, not the string {groups!r}; write [{groups!r}]"
        )
    elif isinstance(groups, list | tuple):
        yield from _check_groups(consumer, [*groups], alias)
    # A registry without any layer is one that is filled when the application starts.
    if alias and len(channel_layers) and alias not in channel_layers:
        known = ", ".join(map(repr, channel_layers.list_aliases()))
        text = (
            f"uses the channel layer {shown(alias)}, which is not registered; registered: {known}; "
            "ignore FC304 if the application registers it when it starts"
        )
        yield finding("FC304", consumer, text)


def _check_groups(consumer: type[AsyncConsumer], groups: list[Any], alias: Any) -> Iterator[Finding]:
    layer = BaseChannelLayer()
    for group in groups:
        try:
            layer.require_valid_group_name(group)
        except TypeError as error:
            yield finding("FC303", consumer, f"cannot join the group {shown(group)}: {error}")
    if groups and not alias and "channel_layer_alias" not in _names_in_constructor(consumer):
        yield finding("FC301", consumer, "has groups and no channel layer; set channel_layer_alias")


def _names_in_constructor(consumer: type[AsyncConsumer]) -> tuple[str, ...]:
    # One that sets the alias itself cannot be judged by its class.
    return consumer.__init__.__code__.co_names


def check_params(consumer: type[AsyncConsumer]) -> Iterator[Finding]:
    """Find a `Params` that is not used, or that no connection could be compared with."""
    params: Any = getattr(consumer, "Params", None)
    if params is None:
        return
    kind = kind_of(params)
    if not (isinstance(params, type) and issubclass(params, BaseModel)):
        yield finding("FC306", consumer, f"Params is not a pydantic model, so it has no effect: {kind}")
        return
    try:
        TypeAdapter(params).rebuild()
    except Exception as error:
        yield finding("FC306", consumer, f"Params cannot be validated: {one_line(error)}")


def check_arguments(consumer: type[AsyncConsumer], arguments: Mapping[str, Any]) -> Iterator[Finding]:
    """Find arguments of `as_asgi()` that the constructor does not take."""
    text = constructor_violation(consumer, arguments)
    if text is not None:
        yield finding("FC305", consumer, text)
