"""What would go wrong with the messages that a JSON consumer declares."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.declared import codecs, phases_of, receiving, unhandled
from fast_channels.messages.annotations import has_fields, members
from fast_channels.messages.codec import Codec
from fast_channels.messages.errors import one_line
from fast_channels.messages.receivers import check_receivers, named, receivers

from .finding import Finding, finding
from .forms import BinarySchema, require_schema
from .tags import same_tags, untold

__all__ = ["check_messages"]


class _Side(NamedTuple):
    """One of the two kinds of messages of a consumer."""

    words: str
    mode: JsonSchemaMode


_CLIENT = _Side("the type of client messages", "validation")
_SERVER = _Side("the type of server messages", "serialization")


def check_messages(consumer: type[AsyncConsumer]) -> Iterator[Finding]:
    """Find what is wrong with the messages of both directions."""
    for side, codec in zip((_CLIENT, _SERVER), codecs(consumer), strict=True):
        if codec is not None:
            yield from _check_side(consumer, side, codec)


def _check_side(consumer: type[AsyncConsumer], side: _Side, codec: Codec) -> Iterator[Finding]:
    try:
        kinds = codec.declared()
    except Exception as error:
        yield finding("FC201", consumer, f"{side.words} cannot be resolved: {one_line(error)}")
        return
    for text in same_tags(kinds):
        yield finding("FC204", consumer, f"{text}, so a message may be read as the wrong one: {side.words}")
    try:
        adapter = codec.adapter
        adapter.rebuild()
    except Exception as error:
        yield finding("FC202", consumer, f"{side.words} cannot be validated: {one_line(error)}")
        return
    yield from _check_form(consumer, side, adapter)
    if side is _CLIENT:
        yield from _check_receiving(consumer, kinds)


def _check_form(consumer: type[AsyncConsumer], side: _Side, adapter: TypeAdapter[Any]) -> Iterator[Finding]:
    try:
        require_schema(adapter, side.mode)
        if side is _SERVER:
            require_schema(adapter, side.mode, BinarySchema)
    except UnicodeError:
        text = (
            f"{side.words} contains bytes, and pydantic refuses bytes that are not UTF-8; "
            'give the model ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")'
        )
        yield finding("FC206", consumer, text)
    except Exception as error:
        yield finding("FC205", consumer, f"{side.words} has no JSON form: {one_line(error)}")


def _check_receiving(consumer: type[AsyncConsumer], kinds: Any) -> Iterator[Finding]:
    if untold(kinds) and not [*same_tags(kinds)]:
        names = ", ".join(map(named, members(kinds)))
        tag = "field" if all(map(has_fields, members(kinds))) else "at one position"
        text = (
            f"{names} have no common `Literal` {tag} with different values, so a frame may be read as the "
            "wrong message, and errors describe all of them"
        )
        yield finding("FC203", consumer, text)
    methods = receivers(consumer.__mro__)
    if methods:
        yield from _check_receivers(consumer, kinds, methods)
    try:
        # As above.
        phases_of(consumer)
    except NameError as error:
        yield finding("FC201", consumer, f"a message of its phases cannot be resolved: {one_line(error)}")
    except TypeError as error:
        yield finding("FC208", consumer, str(error).removeprefix(f"{consumer.__name__} "))
    wrong = unhandled(consumer)
    # A class that others inherit may leave it to them.
    if wrong is not None and not consumer.__subclasses__():
        yield finding("FC207", consumer, wrong)


def _check_receivers(
    consumer: type[AsyncConsumer], kinds: Any, methods: Mapping[Any, list[str]]
) -> Iterator[Finding]:
    receive, complete = receiving(consumer)
    try:
        # What could not be looked at when the class was defined, because a message was not.
        check_receivers(consumer.__name__, methods, members(kinds), receive=receive, complete=complete)
    except TypeError as error:
        yield finding("FC208", consumer, str(error).removeprefix(f"{consumer.__name__} "))
