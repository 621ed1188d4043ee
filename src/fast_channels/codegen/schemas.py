"""Renders the JSON Schemas of ASGI, and of what the consumers of an application say. JSON Schema 2020-12."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple, Union

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.json_schema import JsonSchemaMode

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.declared import declared
from fast_channels.exceptions import SchemaError
from fast_channels.messages.codec import discriminated

from .json_schema import DIALECT, EventSchema, MessageSchema, describe, text_of

BASE_URI: Final = "urn:fast-channels:"
"""What the `$id` of every schema begins with when nobody says."""


def consumer_schemas(consumer: type[AsyncConsumer], *, base_uri: str = BASE_URI) -> dict[str, str]:
    """Return the JSON Schemas of what a consumer says, the text of each by the name of its file.

    For a class `Chat` these are `Chat.client.json`, what the client may send, `Chat.server.json`, what it may
    be sent, and `Chat.events.json`, the channel events that handlers take; what is not declared has no file.

    Args:
        consumer: The class. Its messages are the type arguments of `AsyncJsonWebsocketConsumer`.
        base_uri: Where the schemas are published: the `$id` of each is this and the name of its file.

    Raises:
        SchemaError: The class declares none of them, or a type that has no form in JSON.
    """
    name = consumer.__name__
    try:
        bundles = {f"{name}.{bundle.kind}.json": bundle.document(name) for bundle in _bundles(consumer)}
    except (PydanticUserError, NameError) as error:
        raise SchemaError(f"{name} declares what no JSON Schema can describe: {error}") from error
    if not bundles:
        raise SchemaError(
            f"{name} declares neither messages nor channel events: give AsyncJsonWebsocketConsumer its "
            "ClientMessage and ServerMessage, or annotate a handler with a ChannelEvent"
        )
    return {file: text_of({**document, "$id": _at(base_uri, file)}) for file, document in bundles.items()}


def _at(base: str, file: str) -> str:
    return f"{base}{file}" if base.endswith((":", "/")) else f"{base}/{file}"


# Checkers know a union only as it is written in a program.
_Union: Any = Union


class _Bundle(NamedTuple):
    kind: str
    description: str
    messages: TypeAdapter[Any]
    mode: JsonSchemaMode = "validation"
    generator: type[MessageSchema] = MessageSchema

    def document(self, consumer: str) -> dict[str, Any]:
        schemas, definitions = describe({"messages": self.messages}, self.mode, self.generator)
        return {
            "$schema": DIALECT,
            "title": f"{consumer} {self.kind}",
            "description": self.description.format(consumer),
            **schemas["messages"],
            "$defs": definitions,
        }


def _bundles(consumer: type[AsyncConsumer]) -> Iterator[_Bundle]:
    client, server, events = declared(consumer)
    if client is not None:
        yield _Bundle("client", "What a client may send to {}.", client)
    if server is not None:
        yield _Bundle("server", "What {} may send to a client.", server, "serialization")
    if events:
        adapter = TypeAdapter[Any](discriminated(_Union[events]))
        yield _Bundle("events", "What {} takes from its channel layer.", adapter, generator=EventSchema)
