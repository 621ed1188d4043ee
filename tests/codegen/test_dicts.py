"""Every event and scope has a dictionary form, and it is what the model says."""

import ast
from collections.abc import Iterable
from typing import Any, NotRequired, get_args, get_origin, get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

from fast_channels import events
from fast_channels.codegen.dicts import LINE_LENGTH, dicts_module
from fast_channels.events import EVENTS, AsgiEvent, AsgiModel, ReceiveEvent, SendEvent, dicts
from fast_channels.events.wire import wire_validator
from tests.events.examples import EXAMPLES

MODELS = [
    model
    for model in vars(events).values()
    if isinstance(model, type) and issubclass(model, AsgiModel) and model.model_fields
]


def form_of(model: type[AsgiModel]) -> Any:
    """Return the dictionary form of a model."""
    return getattr(dicts, f"{model.__name__}Dict")
