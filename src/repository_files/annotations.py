"""Writes the types of the models' fields as source code."""

import types
from collections.abc import Callable, Iterator, Mapping
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin

from pydantic import BeforeValidator
from pydantic.fields import FieldInfo

from fast_channels.events import AsgiModel


class Spelling(NamedTuple):
    """How two kinds of types are written, which differ between what is kept and what may be given.

    Attributes:
        many: A tuple of any length; the type of its items takes the place of the braces.
        model: A model; its name takes the place of the braces.
    """

    many: str
    model: str


# What a frozen model holds.
KEPT = Spelling(many="tuple[{}, ...]", model="{}")
# What ASGI allows in a dictionary: any iterable, and dictionaries all the way down.
GIVEN = Spelling(many="Iterable[{}]", model="{}Dict")
# What a dictionary of a server holds: all of them give lists or tuples.
READ = Spelling(many="Sequence[{}]", model="{}Dict")
# What a constructor takes.
PASSED = Spelling(many=GIVEN.many, model="{0} | {0}Dict")


def dict_name(name: str) -> str:
    """Return what the dictionary form of a model, or of a union of models, is called."""
    return GIVEN.model.format(name)


def annotation(field: FieldInfo, spelling: Spelling) -> str:
    """Return the type of a field as source code.

    The code needs `builtins`, `Any` and `Literal`, and what the spelling writes.
    """
    return _written(field.annotation, spelling)


def takes_none(field: FieldInfo) -> bool:
    """Tell whether a field may be given `None`, which its model reads as the default."""
    given = [item.json_schema_input_type for item in field.metadata if isinstance(item, BeforeValidator)]
    return any(NoneType in get_args(type_) for type_ in given)


def _written(type_: Any, spelling: Spelling) -> str:
    origin = get_origin(type_)
    write = _GENERIC.get(origin)
    if write is not None:
        return write(get_args(type_), spelling)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(_all(get_args(type_), spelling))}]"
    if isinstance(type_, type) and issubclass(type_, AsgiModel):
        return spelling.model.format(type_.__name__)
    return _NAMES.get(type_) or type_.__name__


def _all(arguments: tuple[Any, ...], spelling: Spelling) -> Iterator[str]:
    return (_written(argument, spelling) for argument in arguments)


def _annotated(arguments: tuple[Any, ...], spelling: Spelling) -> str:
    return _written(arguments[0], spelling)


def _union(arguments: tuple[Any, ...], spelling: Spelling) -> str:
    return " | ".join(_all(arguments, spelling))


def _literal(arguments: tuple[Any, ...], _spelling: Spelling) -> str:
    return f"Literal[{', '.join(map(quoted, arguments))}]"


def _tuple(arguments: tuple[Any, ...], spelling: Spelling) -> str:
    if arguments[-1] is Ellipsis:
        return spelling.many.format(_written(arguments[0], spelling))
    return f"tuple[{', '.join(_all(arguments, spelling))}]"


def quoted(text: str) -> str:
    """Return a string as source code, in the quotation marks that the formatter prefers."""
    return f'"{text}"'


_Write: TypeAlias = Callable[[tuple[Any, ...], Spelling], str]

_GENERIC: Mapping[Any, _Write] = {
    Annotated: _annotated,
    Union: _union,
    types.UnionType: _union,
    Literal: _literal,
    tuple: _tuple,
}
# Fields of ASGI are called bytes, which hides the builtin in the body of their class.
_NAMES: Mapping[Any, str] = {Any: "Any", type(None): "None", bytes: "builtins.bytes"}
