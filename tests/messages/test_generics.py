"""Type arguments are found however a class came by them."""

from typing import Annotated, Any, Generic

import pytest
from pydantic import BaseModel
from typing_extensions import TypeVar

from fast_channels.messages.generics import resolve, type_arguments

In = TypeVar("In", default=Any)
Out = TypeVar("Out", default=Any)
T = TypeVar("T")
WithDefault = TypeVar("WithDefault", default=int)


class Base(Generic[In, Out]):
    pass


class Bare(Base):
    pass


class One(Base[int]):
    pass


class Both(Base[int, str]):
    pass


class Below(Both):
    pass


class Mixin:
    pass


class WithMixin(Mixin, Base[int, bytes]):
    pass


class Swapped(Base[Out, In], Generic[In, Out]):
    pass


class Closed(Swapped[int, str]):
    pass


class Nested(Base[T, list[T]], Generic[T]):
    pass


class ClosedNested(Nested[int]):
    pass


class Defaulted(Base[WithDefault, list[WithDefault]], Generic[WithDefault]):
    pass


class ClosedDefaulted(Defaulted):
    pass


class Documented(Base[Annotated[int, "positive"], None]):
    pass


class Model(BaseModel, Generic[In, Out]):
    pass


class ClosedModel(Model[int, str]):
    pass


class BelowModel(ClosedModel):
    pass


class Text(Base["int", "list[Text]"]):
    pass


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (Base, (Any, Any)),
        (Bare, (Any, Any)),
        (One, (int, Any)),
        (Both, (int, str)),
        (Below, (int, str)),
        (WithMixin, (int, bytes)),
        (Swapped, (Any, Any)),
        (Closed, (str, int)),
        (Nested, (Any, list[Any])),
        (ClosedNested, (int, list[int])),
        (Defaulted, (int, list[int])),
        (ClosedDefaulted, (int, list[int])),
        (Documented, (Annotated[int, "positive"], type(None))),
    ],
)
def test_arguments_are_found_through_all_bases(cls: type, arguments: tuple[Any, ...]) -> None:
    """What a parameter is depends on the whole path from the class to the generic base."""
    assert type_arguments(cls, Base) == arguments


@pytest.mark.parametrize("cls", [ClosedModel, BelowModel])
def test_arguments_of_models_are_found(cls: type) -> None:
    """Pydantic makes a class out of each parametrisation."""
    assert type_arguments(cls, Model) == (int, str)


def test_a_class_that_is_no_subclass_is_refused() -> None:
    """There is no path along which arguments could be found."""
    with pytest.raises(TypeError, match="is not a subclass"):
        type_arguments(int, Base)


def test_names_given_as_text_are_looked_up() -> None:
    """Text and forward references, also inside other types, mean what the namespace says."""
    found = [resolve(argument, globals()) for argument in type_arguments(Text, Base)]

    assert found == [int, list[Text]]


def test_annotated_types_keep_their_annotations() -> None:
    """What pydantic reads from `Annotated` is not lost."""
    assert resolve(Annotated["int", "positive"], {}) == Annotated[int, "positive"]


def test_a_name_that_is_not_defined_is_an_error() -> None:
    """A type that cannot be found is not silently anything."""
    with pytest.raises(NameError, match="Nowhere"):
        resolve("Nowhere", {})
