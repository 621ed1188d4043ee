"""Renders the JSON Schemas of ASGI, and of the messages of consumers. JSON Schema 2020-12."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from functools import reduce
from inspect import cleandoc
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Union

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic.json_schema import JsonSchemaMode

from fast_channels.consumer import AsyncConsumer
from fast_channels.consumer.declared import declared, params_of, phases_of
from fast_channels.consumer.params import ParamsReader
from fast_channels.events import (
    EVENTS,
    AsgiEvent,
    HttpScope,
    LifespanScope,
    ReceiveEvent,
    SendEvent,
    TlsExtension,
    WebSocketScope,
)
from fast_channels.exceptions import SchemaError
from fast_channels.messages.phase import Phase
from fast_channels.messages.unions import discriminated

from .json_schema import (
    DIALECT,
    AsgiSchema,
    EventSchema,
    MessageSchema,
    define_titled,
    describe,
    schema_of,
    subschemas,
    text_of,
)
from .names import full_name

BASE_URI: Final = "urn:fast-channels:"
"""The default beginning of the `$id` of every schema."""

KINDS: Final = ("client", "server", "events", "close_codes", "params")
"""What the schemas of a consumer can be about, as it stands in the names of their files."""

_SCOPES: Mapping[str, Any] = {"http": HttpScope, "websocket": WebSocketScope, "lifespan": LifespanScope}

_PARTS: Mapping[str, str] = {
    "scope": "What a server tells of a connection.",
    "receive": "What a server sends to the application.",
    "send": "What the application may send to a server.",
}


def asgi_schemas() -> dict[str, str]:
    """Return the JSON Schemas of ASGI, the text of each by the name of its file: one for every protocol.

    Each has three parts among its definitions, `#/$defs/scope`, `#/$defs/receive` and `#/$defs/send`. They
    describe what `jsonable` makes of scopes and events.
    """
    files = {
        f"{name}.json": _asgi(
            name, {"scope": scope, "receive": _events(name, ReceiveEvent), "send": _events(name, SendEvent)}
        )
        for name, scope in _SCOPES.items()
    }
    return _texts(files, f"{BASE_URI}asgi:")


def _events(protocol: str, kind: type[AsgiEvent]) -> Any:
    """Return the union of the events of one direction of a protocol."""
    of_protocol = (model for type_, model in EVENTS.items() if type_.startswith(f"{protocol}."))
    models: list[Any] = [model for model in of_protocol if issubclass(model, kind)]
    return reduce(lambda union, model: union | model, models)


def _asgi(protocol: str, types: Mapping[str, Any]) -> dict[str, Any]:
    adapters = {part: TypeAdapter[Any](discriminated(type_)) for part, type_ in types.items()}
    schemas, definitions = describe({**adapters, "tls": TypeAdapter(TlsExtension)}, "validation", AsgiSchema)
    define_titled(definitions)
    for event in EVENTS.values():
        if event.extension is not None and event.__name__ in definitions:
            needed = f"\n\nOnly where the scope offers the extension {event.extension}."
            definitions[event.__name__]["description"] += needed
    extensions = definitions[types["scope"].__name__]["properties"].get("extensions")
    if extensions is None:
        del definitions["TlsExtension"]
    else:
        # The only extension of which ASGI says what the scope holds.
        offered = next(choice for choice in extensions["anyOf"] if choice["type"] == "object")
        offered["properties"] = {"tls": schemas["tls"]}
    parts: dict[str, Any] = {
        part: {"title": f"{protocol} {part}", "description": description, **schemas[part]}
        for part, description in _PARTS.items()
    }
    return {
        "title": f"ASGI {protocol}",
        "description": "A scope, or an event; bytes are written in base64.",
        "oneOf": [{"$ref": f"#/$defs/{part}"} for part in parts],
        "$defs": {**definitions, **parts},
    }


def jsonable(value: Any) -> Any:
    """Return a scope or an event, or a part of one, in the JSON form that the schemas of ASGI describe.

    Bytes are written in base64, a file object as its descriptor, and an object without a JSON form as `None`.
    Iterators are read.

    Args:
        value: A model or any other mapping, or a value in it.
    """
    if _is_a(value, str, int, float):
        return value
    if _is_a(value, bytes, bytearray, memoryview):
        return b64encode(value).decode()
    if _is_a(value, Mapping):
        return {key: jsonable(item) for key, item in value.items()}
    if hasattr(value, "fileno"):
        return value.fileno()
    return [*map(jsonable, value)] if _is_a(value, Iterable) else None


def _is_a(value: object, *kinds: type) -> bool:
    return isinstance(value, kinds)


def consumer_schemas(
    consumer: type[AsyncConsumer], *, base_uri: str = BASE_URI, name: str | None = None
) -> dict[str, str]:
    """Return the JSON Schemas of the messages of a consumer, the text of each by the name of its file.

    For a class `Chat` these are `Chat.client.json`, messages from clients, `Chat.server.json`, messages to
    clients, `Chat.events.json`, the channel events that handlers take, `Chat.close_codes.json`, and
    `Chat.params.json`, the parameters of connections. A file is left out if the class declares nothing of it.

    Args:
        consumer: The class. Its messages are the type arguments of `AsyncJsonWebsocketConsumer`.
        base_uri: The address at which the schemas are published. The `$id` of each is this address followed
            by the name of its file.
        name: The beginning of the names of the files; by default the name of the class.

    Raises:
        SchemaError: The class declares no messages, or a message has no JSON form.
    """
    name = name or consumer.__name__
    comment = full_name(consumer)
    try:
        files = {
            f"{name}.{bundle.kind}.json": {"$comment": comment, **bundle.document(name)}
            for bundle in _bundles(consumer)
        }
        codes, params = declared(consumer).close_codes, params_of(consumer)
        if codes is not None:
            files[f"{name}.close_codes.json"] = {"$comment": comment, **_close_codes(name, codes)}
        if params is not None:
            files[f"{name}.params.json"] = {"$comment": comment, **_params(name, params)}
    except (PydanticUserError, NameError) as error:
        raise SchemaError(f"the messages of {name} have no JSON Schema: {error}") from error
    if not files:
        raise SchemaError(
            f"{name} declares neither messages nor channel events: give AsyncJsonWebsocketConsumer its "
            "ClientMessage and ServerMessage, or annotate a handler with a ChannelEvent"
        )
    return _texts(files, base_uri)


class _Bundle(NamedTuple):
    kind: str
    description: str
    messages: TypeAdapter[Any]
    mode: JsonSchemaMode = "validation"
    generator: type[MessageSchema] = MessageSchema
    phases: Mapping[type[Phase[Any]], TypeAdapter[Any]] = MappingProxyType({})

    def document(self, consumer: str) -> dict[str, Any]:
        phases = {phase.__name__: adapter for phase, adapter in self.phases.items()}
        schemas, definitions = describe({"messages": self.messages, **phases}, self.mode, self.generator)
        if same := phases.keys() & definitions.keys():
            raise SchemaError(f"{consumer} has a phase and a message with the name {min(same)}")
        for phase in self.phases:
            told = f"What a client may send to {consumer} in this phase."
            described = {"title": phase.__name__, "description": cleandoc(phase.__doc__ or told)}
            definitions[phase.__name__] = {**described, **schemas[phase.__name__]}
        return {
            "title": f"{consumer} {self.kind}",
            "description": self.description.format(consumer),
            **schemas["messages"],
            "$defs": definitions,
        }


def _bundles(consumer: type[AsyncConsumer]) -> Iterator[_Bundle]:
    client, server, events, omit_none, _, is_json = declared(consumer)
    if client is not None:
        generator = schema_of(is_json=is_json)
        told = "What a client may send to {}."
        yield _Bundle("client", told, client, generator=generator, phases=phases_of(consumer))
    if server is not None:
        generator = schema_of(is_json=is_json, omit_none=omit_none)
        yield _Bundle("server", "What {} may send to a client.", server, "serialization", generator)
    if events:
        adapter = TypeAdapter[Any](discriminated(_Union[events]))
        yield _Bundle("events", "What {} takes from its channel layer.", adapter, generator=EventSchema)


def _params(consumer: str, reader: ParamsReader[BaseModel]) -> dict[str, Any]:
    adapter = TypeAdapter[Any](reader.model)
    schemas, definitions = describe({"params": adapter}, "validation", MessageSchema)
    root: str = schemas["params"]["$ref"]
    described = definitions[root.rpartition("/")[2]]
    if not any(part.get("$ref") == root for one in definitions.values() for part in subschemas(one)):
        # Its fields are in the parts of the connection.
        del definitions[root.rpartition("/")[2]]
    parts: dict[str, dict[str, Any]] = {}
    for key, schema in described.get("properties", {}).items():
        part, name = reader.places[key]
        inside = parts.setdefault(part, {"type": "object", "properties": {}})
        inside["properties"][name] = schema
        if key in described.get("required", ()):
            inside.setdefault("required", []).append(name)
    return {
        "title": f"{consumer} params",
        "description": f"What a connection to {consumer} says in its path, query, headers and cookies.",
        "type": "object",
        "properties": parts,
        "required": sorted(part for part, inside in parts.items() if "required" in inside),
        **({"$defs": definitions} if definitions else {}),
    }


def _close_codes(consumer: str, codes: type[IntEnum]) -> dict[str, Any]:
    described = [
        {"const": code.value, "title": code.name, **_meaning(getattr(code, "meaning", ""))} for code in codes
    ]
    return {
        "title": f"{consumer} close_codes",
        "description": f"With what {consumer} may close a WebSocket, besides the codes of RFC 6455.",
        "type": "integer",
        "oneOf": described,
    }


def _meaning(meaning: str) -> dict[str, str]:
    return {"description": meaning} if meaning else {}


# Checkers know a union only as it is written in a program.
_Union: Any = Union


def _texts(files: Mapping[str, Mapping[str, Any]], base: str) -> dict[str, str]:
    folder = base if base.endswith((":", "/")) else f"{base}/"
    return {
        name: text_of({"$schema": DIALECT, "$id": f"{folder}{name}", **document})
        for name, document in files.items()
    }
