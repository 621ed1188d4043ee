"""Renders the dictionary forms of all events and scopes: `fast_channels.events.dicts`."""

from collections.abc import Iterator
from typing import TypeGuard

from fast_channels import events
from fast_channels.events import AsgiEvent, AsgiModel, SendEvent

from .annotations import GIVEN, annotation, dict_name, takes_none
from .events import DIRECTIONS, alias, unions

HEAD = '''\
"""Every ASGI event and scope as the dictionary that ASGI calls it, for type checkers and as annotations.

Written from the models by `nox -s generate`; changes made by hand are lost. A model's name
followed by `Dict` is its dictionary, and the same holds for the unions.
"""

import builtins
from collections.abc import Iterable
from typing import Any, Literal, NotRequired, TypeAlias

from typing_extensions import TypedDict
'''


def dicts_module() -> str:
    """Return the whole module."""
    models, unions = _models(), _unions()
    blocks = [HEAD, *map(_typed_dict, models)]
    aliases = (alias(dict_name(name), map(dict_name, members)) for name, members in unions.items())
    names = sorted(map(dict_name, [*(model.__name__ for model in models), *unions]))
    exported = "".join(f'    "{name}",\n' for name in names)
    return "\n\n".join(blocks) + "\n\n" + "".join(aliases) + f"\n__all__ = [\n{exported}]\n"


def _models() -> list[type[AsgiModel]]:
    """Return all models with fields, each behind those that its fields need."""
    scopes = [*filter(_is_scope, (getattr(events, name) for name in events.__all__))]
    parts = [model for model in scopes if "type" not in model.model_fields]
    return [*parts, *(model for model in scopes if model not in parts), *events.EVENTS.values()]


def _is_scope(value: object) -> TypeGuard[type[AsgiModel]]:
    if not isinstance(value, type) or not issubclass(value, AsgiModel) or value is AsgiModel:
        return False
    return not issubclass(value, AsgiEvent)


def _unions() -> dict[str, list[str]]:
    """Return the members of every union, those of one protocol first."""
    protocols = unions()
    directions = {
        f"{suffix}Event": [name for name in protocols if name.endswith(suffix)] for suffix in DIRECTIONS
    }
    return {**protocols, **directions}


def _typed_dict(model: type[AsgiModel]) -> str:
    name = model.__name__
    head = [f"class {dict_name(name)}(TypedDict):", f'    """The dictionary form of `{name}`."""', ""]
    return "\n".join([*head, *_fields(model)]) + "\n"


def _fields(model: type[AsgiModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        written = annotation(field, GIVEN)
        # Of what servers send, the default is what readers see.
        if issubclass(model, SendEvent) and takes_none(field):
            written += " | None"
        # A discriminator is required in a dictionary, although the model has a default for it.
        required = field.is_required() or name == "type"
        yield f"    {name}: {written if required else f'NotRequired[{written}]'}"
