"""The models agree with the inventory of the specifications in `tests/data/asgi-inventory.yaml`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from fast_channels.events import (
    EVENTS,
    AsgiModel,
    HttpScope,
    LifespanScope,
    ReceiveEvent,
    SendEvent,
    TlsExtension,
    WebSocketScope,
)

INVENTORY: Any = yaml.safe_load((Path(__file__).parents[1] / "data" / "asgi-inventory.yaml").read_text())

SCOPES: Mapping[str, type[AsgiModel]] = {
    "http": HttpScope,
    "websocket": WebSocketScope,
    "lifespan": LifespanScope,
    "tls": TlsExtension,
}
LITERALS: Mapping[object, object] = {"b''": b"", "absent": None}


class Field(NamedTuple):
    """What the specification says of a field: in which event, and what happens when it is not there."""

    where: str
    name: str
    required: bool
    default: object


DEVIATIONS: Mapping[tuple[str, str], str] = {
    ("websocket.disconnect", "code"): "Quart's test client sends none; 1005 says that there was none",
    ("websocket.http.response.start", "trailers"): "'matches http.response.start', but no server reads it",
    ("http", "extensions"): "no extensions are an empty dictionary, so that nobody has to ask",
    ("websocket", "extensions"): "no extensions are an empty dictionary, so that nobody has to ask",
    ("lifespan", "asgi.version"): "test clients send no asgi; 2.0 as in the other scopes",
    ("tls", "server_cert"): "anycorn leaves it out",
    ("tls", "tls_version"): "anycorn leaves it out",
    ("tls", "cipher_suite"): "anycorn leaves it out",
}
"""Where the models deliberately differ, and why."""


def _specified(where: str, fields: Mapping[str, Any]) -> Iterator[Field]:
    for name, field in fields.items():
        default = field.get("default")
        plain = () if default == [] else LITERALS.get(default, default)
        if name != "type":
            yield Field(where, name, field["required"], plain)


def _declared(where: str, model: type[AsgiModel]) -> Iterator[Field]:
    for name, field in model.model_fields.items():
        required = field.is_required()
        default: Any = None if required else field.get_default(call_default_factory=True)
        if name == "asgi":
            yield from (Field(where, f"asgi.{part}", required, default[part]) for part in default)
        elif name != "type":
            yield Field(where, name, required, default)


def _agreeing(fields: Iterator[Field]) -> set[Field]:
    return {field for field in fields if (field.where, field.name) not in DEVIATIONS}


def test_every_event_of_the_specifications_has_a_model() -> None:
    """Nothing is missing and nothing is invented."""
    assert {*EVENTS} == {*INVENTORY["events"]}


def test_the_events_go_the_way_that_the_specifications_say() -> None:
    """What servers send is a receive event, what applications send is a send event."""
    kinds: Mapping[str, Any] = {"receive": ReceiveEvent, "send": SendEvent}

    assert {
        type_
        for type_, model in EVENTS.items()
        if not issubclass(model, kinds[INVENTORY["events"][type_]["direction"]])
    } == set()


def test_the_events_name_their_extensions() -> None:
    """An event of an extension knows which one has to be offered."""
    offered = {
        type_: name
        for name, extension in INVENTORY["extension_scopes"].items()
        for type_ in extension.get("enables", ())
        if type_ in EVENTS
    }

    assert {type_: model.extension for type_, model in EVENTS.items() if model.extension} == offered


def test_every_field_of_every_event_is_that_of_the_specifications() -> None:
    """Names, what is required and every default, but for the table of deviations."""
    specified = {
        field
        for type_, event in INVENTORY["events"].items()
        for field in _agreeing(_specified(type_, event["fields"]))
    }
    declared = {field for type_, model in EVENTS.items() for field in _agreeing(_declared(type_, model))}

    assert declared == specified


def test_every_field_of_every_scope_is_that_of_the_specifications() -> None:
    """Names, what is required and every default, but for the table of deviations."""
    scopes = {**INVENTORY["scopes"], "tls": INVENTORY["extension_scopes"]["tls"]}
    specified = {
        field for name, scope in scopes.items() for field in _agreeing(_specified(name, scope["fields"]))
    }
    declared = {field for name, model in SCOPES.items() for field in _agreeing(_declared(name, model))}

    assert declared == specified


def test_every_deviation_is_one() -> None:
    """The table names no field on which models and specifications agree."""
    kinds = {**INVENTORY["events"], **INVENTORY["scopes"], "tls": INVENTORY["extension_scopes"]["tls"]}
    models = {**EVENTS, **SCOPES}
    for where, name in DEVIATIONS:
        specified = [field for field in _specified(where, kinds[where]["fields"]) if field.name == name]
        declared = [field for field in _declared(where, models[where]) if field.name == name]

        assert specified != declared
