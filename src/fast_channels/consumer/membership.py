"""The memberships of a consumer in groups, and what it needs a channel layer for."""

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fast_channels.consumer.cleanup import clean_up
from fast_channels.consumer.handlers import handler_name
from fast_channels.consumer.phases import SERVING
from fast_channels.consumer.rules import Rules
from fast_channels.exceptions import ConnectionClosed, InvalidChannelLayerError
from fast_channels.layers import BaseChannelLayer, get_channel_layer
from fast_channels.messages import Group
from fast_channels.untrusted import kind_of, shown

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer
    from fast_channels.consumer.life import Life


_OF_LAYER = frozenset({"channel_name", "channel_receive"})
"""The attributes that a consumer has with a channel layer only."""


async def join(life: "Life[Any]", consumer: "AsyncConsumer", group: "Group[Any, Any]") -> None:
    """Make the consumer a member of a group: see `AsyncConsumer.join()`."""
    _require_group(consumer, "join", group)
    layer = consumer.channel_layer
    if layer is None:
        raise InvalidChannelLayerError(_needs_alias(consumer, f"join {shown(group)}"))
    if type(group) not in life.rules.joinable:
        _require_fit(consumer, life.rules, type(group), layer)
        life.rules.joinable.add(type(group))
    if life.phase in SERVING:
        life.joined = {**life.joined, group.group_name: group}
        try:
            await layer.group_add(group.group_name, consumer.channel_name)
        except Exception:
            # A layer refuses a channel that was closed meanwhile.
            if life.phase in SERVING:
                raise
    if life.phase not in SERVING:
        # Perhaps meanwhile, when the groups that it knew had been left.
        await layer.group_discard(group.group_name, consumer.channel_name)
        raise ConnectionClosed(f"{type(consumer).__name__} has ended, and cannot join {shown(group)}")


async def discard(layer: BaseChannelLayer, names: Iterable[str], channel: str) -> None:
    """End the memberships of a channel in groups, whatever becomes of one."""
    groups = [*names]
    if len(groups) == 1:
        await layer.group_discard(groups[0], channel)
    else:
        await clean_up(functools.partial(layer.group_discard, group, channel) for group in groups)


async def leave(life: "Life[Any]", consumer: "AsyncConsumer", group: "Group[Any, Any]") -> None:
    """End a membership: see `AsyncConsumer.leave()`."""
    _require_group(consumer, "leave", group)
    layer = consumer.channel_layer
    if layer is not None and group.group_name in life.joined:
        await layer.group_discard(group.group_name, consumer.channel_name)
        life.joined = {name: kept for name, kept in life.joined.items() if name != group.group_name}


def explained(consumer: "AsyncConsumer", error: BaseException) -> BaseException:
    """Return the error of a handler that used the channel layer without one in words that say so."""
    if not isinstance(error, AttributeError) or vars(consumer).get("channel_layer") is not None:
        return error
    used = str(error.name)
    if error.obj is None and hasattr(BaseChannelLayer, used):
        used = f"channel_layer.{used}"
    elif error.obj is not consumer or used not in _OF_LAYER:
        return error
    clear = InvalidChannelLayerError(_needs_alias(consumer, f"use {used}"))
    clear.__cause__ = error
    return clear


def _require_group(consumer: "AsyncConsumer", method: str, group: object) -> None:
    if not isinstance(group, Group):
        raise TypeError(
            f"{type(consumer).__name__}.{method}() needs an instance of a Group, not {kind_of(group)}; "
            "for a group of which you only have the name, use channel_layer"
        )


def _needs_alias(consumer: "AsyncConsumer", purpose: str) -> str:
    """Return the text of an error that a consumer without a channel layer makes."""
    return f"{type(consumer).__name__} cannot {purpose} without a channel layer; set channel_layer_alias"


def _require_fit(
    consumer: "AsyncConsumer", rules: Rules, group: type["Group[Any, Any]"], layer: BaseChannelLayer
) -> None:
    """Do nothing if a consumer can be a member of a kind of groups.

    Raises:
        InvalidChannelLayerError: The group sends through another channel layer.
        TypeError: The consumer does not handle an event of the group.
    """
    name = type(consumer).__name__
    missing = [type_ for type_ in group.event_types() if handler_name(type_) not in rules.handlers]
    if missing:
        raise TypeError(
            f"{name} cannot join {group.__name__}: it has no handler for {', '.join(missing)}; "
            f"write {', '.join(f'{handler_name(type_)}()' for type_ in missing)}"
        )
    alias = group.channel_layer_alias
    if alias != consumer.channel_layer_alias and get_channel_layer(alias) is not layer:
        raise InvalidChannelLayerError(
            f"{name} cannot join {group.__name__}: the group sends through the channel layer {shown(alias)}, "
            f"and the consumer listens to {shown(consumer.channel_layer_alias)}; "
            f"declare the group with channel_layer_alias={shown(consumer.channel_layer_alias)}"
        )
