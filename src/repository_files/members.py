"""Renders the members that a stub of a model has and its source has not."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from pydantic.fields import FieldInfo

from fast_channels.events import AsgiModel

from .annotations import KEPT, PASSED, READ, annotation, quoted, takes_none
from .docstrings import docstring, indented


class Key(NamedTuple):
    """A key of a mapping.

    Attributes:
        type: Of its value, as source code.
        required: Whether it is always there.
    """

    type: str
    required: bool


def constructor(model: type[AsgiModel]) -> Iterator[str]:
    """Yield the lines of an `__init__()` that takes the fields of a model and nothing else.

    Models keep other keys, but at the constructor such a key is a mistake.
    """
    yield "def __init__("
    yield "    self,"
    yield "    *,"
    for name, field in model.model_fields.items():
        none = " | None" if takes_none(field) else ""
        yield f"    {name}: {annotation(field, PASSED)}{none}{_default(field)},"
    yield ") -> None:"
    yield from indented(docstring(model))


def _default(field: FieldInfo) -> str:
    return "" if field.is_required() else " = ..."


def attributes(model: type[AsgiModel]) -> Iterator[str]:
    """Yield the declarations of the fields that a model does not inherit."""
    for name, field in model.model_fields.items():
        if name in model.__annotations__:
            # That the configuration of a model freezes it is something that checkers do not know.
            yield f"{name}: Final[{annotation(field, KEPT)}]{_default(field)}"


def model_keys(model: type[AsgiModel]) -> dict[str, Key]:
    """Return the keys of a model, all of which are always there."""
    return {name: Key(annotation(field, KEPT), True) for name, field in model.model_fields.items()}


def reads(keys: Mapping[str, Key]) -> Iterator[str]:
    """Yield the lines of `__getitem__()` and `get()` with the type of each key; of other keys it is `Any`."""
    for name, key in keys.items():
        yield from _overload(f"__getitem__(self, key: Literal[{quoted(name)}]) -> {key.type}")
    yield from _overload("__getitem__(self, key: str) -> Any")
    for name, key in keys.items():
        yield from _get(f"self, key: Literal[{quoted(name)}]", key)
    # Whatever the default is, an empty dictionary for instance, says nothing of what there is.
    yield from _overload("get(self, key: str, default: object = None) -> Any")


def _get(parameters: str, key: Key) -> Iterator[str]:
    if key.required:
        yield from _overload(f"get({parameters}, default: object = None) -> {key.type}")
        return
    absent = key.type if key.type.endswith(" | None") else f"{key.type} | None"
    yield from _overload(f"get({parameters}, default: None = None) -> {absent}")
    yield from _overload(f"get({parameters}, default: _Default) -> {key.type} | _Default")


def _overload(signature: str) -> Iterator[str]:
    yield "@overload"
    yield f"def {signature}: ..."


def scope_mapping(name: str, model: type[AsgiModel]) -> str:
    """Return a class for the scope as the server gave it: a mutable mapping with known and other keys.

    Args:
        name: Of the class.
        model: What a valid scope of the protocol is.
    """
    keys = {
        key: Key(annotation(field, READ), field.is_required() or key == "type")
        for key, field in model.model_fields.items()
    }
    lines = ["    " + line for line in reads(keys)]
    # Only mypy objects: what it compares with the overload of Mapping is the first of those of one key.
    first = next(index for index, line in enumerate(lines) if line.startswith("    def get("))
    lines[first - 1] += (
        "  # type: ignore[override]  # returns the type of the key, where Mapping returns any value"
    )
    # The second base tells checkers which types `{**scope}` has, which they cannot read from overloads.
    return "\n".join(
        [
            f"class {name}(MutableMapping[str, Any], SupportsKeysAndGetItem[str, Any], metaclass=ABCMeta):",
            *lines,
        ]
    )
