"""Every event and scope has a dictionary form, and it is what the model says."""

from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from fast_channels import events
from fast_channels.events import EVENTS, AsgiEvent, AsgiModel, ReceiveEvent, SendEvent, dicts
from repository_files.dicts import dicts_module
from repository_files.events import LINE_LENGTH
from tests.events.examples import example

MODELS = [
    model
    for model in (getattr(events, name) for name in events.__all__)
    if isinstance(model, type) and issubclass(model, AsgiModel) and model.model_fields
]
UNIONS = [name for name in events.__all__ if get_args(getattr(events, name))]


def form_of(name: str) -> Any:
    """Return the dictionary form of a model, or of a union of models."""
    return getattr(dicts, f"{name}Dict")


@pytest.mark.parametrize("model", MODELS)
def test_a_dictionary_has_the_keys_of_its_model(model: type[AsgiModel]) -> None:
    """Those that the model requires are required, and the type too, which tells dictionaries apart."""
    form = form_of(model.__name__)

    assert form.__annotations__.keys() == model.model_fields.keys()
    assert form.__required_keys__ == {
        name for name, field in model.model_fields.items() if field.is_required() or name == "type"
    }


@pytest.mark.parametrize("type_", EVENTS)
def test_the_smallest_event_is_one_by_its_dictionary_too(type_: str) -> None:
    """And without one of its keys it is none for either."""
    event = example(type_)
    form = TypeAdapter[Any](form_of(EVENTS[type_].__name__))

    assert form.validate_python(event)["type"] == type_
    for key in form_of(EVENTS[type_].__name__).__required_keys__ - {"type"}:
        part = {name: value for name, value in event.items() if name != key}
        with pytest.raises(ValidationError):
            form.validate_python(part)
        with pytest.raises(ValidationError):
            EVENTS[type_].model_validate(part)


@pytest.mark.parametrize("name", UNIONS)
def test_a_union_of_models_is_a_union_of_dictionaries(name: str) -> None:
    """With the same members."""
    members = [form_of(model.__name__) for model in get_args(getattr(events, name))]

    assert [*get_args(form_of(name))] == members


@pytest.mark.parametrize("kind", [ReceiveEvent, SendEvent])
def test_a_direction_is_the_union_of_its_dictionaries(kind: type[AsgiEvent]) -> None:
    """Of all protocols."""
    members = {form_of(model.__name__) for model in EVENTS.values() if issubclass(model, kind)}

    assert {*get_args(form_of(kind.__name__))} == members


def test_all_names_are_exported() -> None:
    """Users import every one of them."""
    written = {name for name in vars(dicts) if name.endswith("Dict") and name != "TypedDict"}

    assert {*dicts.__all__} == written


def test_the_module_fits_the_formatter() -> None:
    """No line of it is longer than the others of the project."""
    assert max(map(len, dicts_module().splitlines())) <= LINE_LENGTH
