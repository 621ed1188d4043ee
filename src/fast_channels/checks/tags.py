"""What tells the members of a union apart, or fails to."""

from collections.abc import Iterator
from functools import reduce
from itertools import combinations
from types import NoneType
from typing import Annotated, Any, get_origin

from typing_extensions import TypeAliasType

from fast_channels.messages.annotations import has_fields, members
from fast_channels.messages.unions import is_array, is_told, literal_fields

__all__ = ["same_tags", "untold"]


def same_tags(annotation: Any) -> Iterator[str]:
    """Yield a sentence for every two members of a union that have the same tag in a field."""
    kinds = [] if is_told(annotation) else _kinds(annotation)
    for one, other in combinations(kinds, 2):
        pair = _or(one, other)
        if not is_told(pair):
            yield from _shared(one, other)


def untold(annotation: Any) -> bool:
    """Tell whether the members of a union have nothing in common that tells all of them apart."""
    kinds = _kinds(annotation)
    if len(kinds) < 2:
        return False
    return not is_told(reduce(_or, kinds))


def _or(one: Any, other: Any) -> Any:
    return one | other


def _kinds(annotation: Any) -> list[Any]:
    """Return the members that need a tag: none if they can be distinguished in another way."""
    if _is_annotated(annotation):
        return []
    kinds = [kind for kind in dict.fromkeys(members(annotation)) if kind is not NoneType]
    return kinds if all(map(has_fields, kinds)) or all(map(is_array, kinds)) else []


def _is_annotated(annotation: Any) -> bool:
    # Then the application has said how; a union with a discriminator, ours included, has this form.
    if isinstance(annotation, TypeAliasType):
        return _is_annotated(annotation.__value__)
    return get_origin(annotation) is Annotated


def _shared(one: Any, other: Any) -> Iterator[str]:
    fields, others = literal_fields(one), literal_fields(other)
    for name in sorted(fields.keys() & others.keys(), key=lambda name: (name != "type", name))[:1]:
        values = ", ".join(sorted(map(repr, fields[name] & others[name])))
        yield f"{one.__name__} and {other.__name__} both have the {name} {values}"
