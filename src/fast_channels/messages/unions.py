"""What tells the members of a union apart: a field that all of them have, or a position in an array.

pydantic tries the members of a plain union one after the other, and an error is about all of them. Here a
union gets the discriminator that its messages have anyway. Objects are told apart by a field with `Literal`
values; where no field is enough, members with the same value form a group, and another field tells those
apart. pydantic does that itself. For arrays it has no discriminator but a function, which is made here: a
tree of positions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import Discriminator, Field, RootModel, Tag
from pydantic.fields import FieldInfo
from typing_extensions import TypeAliasType, get_type_hints

from fast_channels.messages.annotations import has_fields, members
from fast_channels.messages.errors import POSITION

__all__ = ["array_tags", "discriminated", "discriminator", "is_array", "is_told", "literal_fields"]


def discriminated(annotation: Any) -> Any:
    """Return a union with what tells its members apart, anything else as it is."""
    if get_origin(annotation) is Annotated:
        return annotation
    every = list(dict.fromkeys(_parts(annotation)))
    kinds = [kind for kind in every if kind is not type(None)]
    union: Any = None
    if len(kinds) < 2:
        return annotation
    if all(is_array(kind) for kind in kinds):
        union = _by_position(kinds)
    elif all(has_fields(_bare(kind)) for kind in kinds):
        union = _by_field(kinds)
    if union is None:
        return annotation
    return union if len(kinds) == len(every) else union | None


def is_told(annotation: Any) -> bool:
    """Tell whether every two members of a union are told apart by a tag."""
    kinds = [kind for kind in dict.fromkeys(_parts(annotation)) if kind is not type(None)]
    if all(is_array(kind) for kind in kinds):
        return array_tags(kinds) is not None
    return discriminated(annotation) is not annotation


def _parts(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, as `members()` does, but with what is annotated of each."""
    if isinstance(annotation, TypeAliasType):
        yield from _parts(annotation.__value__)
    elif _is_union(annotation):
        for kind in get_args(annotation):
            yield from _parts(kind)
    elif get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        # A discriminator of a part is no use for the whole; anything else belongs to the part.
        is_plain = all(isinstance(one, FieldInfo) and one.discriminator is not None for one in metadata)
        yield from _parts(inner) if is_plain else [annotation]
    else:
        yield annotation


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in {Union, UnionType}


def _bare(kind: Any) -> Any:
    return next(members(kind))


def _or(one: Any, other: Any) -> Any:
    return one | other


def _by_field(kinds: list[Any]) -> Any:
    """Return a union that is discriminated by one field, or one after the other; `None` if none will do."""
    fields = [literal_fields(_bare(kind)) for kind in kinds]
    name = discriminator(fields)
    if name is not None:
        return Annotated[reduce(_or, kinds), Field(discriminator=name)]
    for name in _shared(fields):
        groups = _groups([field[name] for field in fields])
        unions = [
            kinds[group[0]] if len(group) == 1 else _by_field([kinds[index] for index in group])
            for group in (groups if len(groups) > 1 else ())
        ]
        if unions and None not in unions:
            return Annotated[reduce(_or, unions), Field(discriminator=name)]
    return None


def literal_fields(kind: Any) -> dict[str, frozenset[Any]]:
    """Return the fields of a kind of message that can only have certain values."""
    origin = get_origin(kind) or kind
    return _literals(get_type_hints(origin).items())


def _literals(hints: Any) -> dict[Any, frozenset[Any]]:
    return {name: frozenset(get_args(hint)) for name, hint in hints if get_origin(hint) is Literal}


def discriminator(fields: list[dict[str, frozenset[Any]]]) -> str | None:
    """Return the field whose values tell all members apart, `type` before any other."""
    for name in _shared(fields):
        values = [value for field in fields for value in field[name]]
        if len(values) == len(set(values)):
            return name
    return None


def _shared(fields: list[dict[str, frozenset[Any]]]) -> list[str]:
    shared = [name for name in fields[0] if all(name in other for other in fields)]
    return sorted(shared, key=lambda name: name != "type")


def _groups(values: Sequence[frozenset[Any]]) -> list[list[int]]:
    """Return the indices of those that have values in common, also through others; in order."""
    groups: list[tuple[set[Any], list[int]]] = []
    for index, own in enumerate(values):
        same = [group for group in groups if group[0] & own]
        merged = {*own}.union(*(group[0] for group in same))
        indices = sorted([index, *(one for group in same for one in group[1])])
        groups = [*(group for group in groups if group not in same), (merged, indices)]
    return sorted(indices for _, indices in groups)


def is_array(kind: Any) -> bool:
    """Tell whether a type is a tuple with a number of items, or a model that is nothing but one."""
    return _items(_bare(kind)) is not None


def _items(kind: Any) -> list[Any] | None:
    """Return the types of the items of an array, `None` for what is none."""
    if _is_class(kind, RootModel):
        return _items(_bare(kind.model_fields["root"].annotation))
    if _is_class(kind, tuple) and (names := getattr(kind, "_fields", None)) is not None:
        hints = get_type_hints(kind)
        return [hints.get(name, Any) for name in names]
    items = [*get_args(kind)]
    return items if get_origin(kind) is tuple and Ellipsis not in items else None


def _is_class(kind: object, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def _is_a(value: object, kind: type) -> bool:
    return isinstance(value, kind)


class Split(NamedTuple):
    """Where arrays differ.

    Attributes:
        position: The position of the item.
        branches: For each value of it the next split, or the tag of what is left.
    """

    position: int
    branches: Mapping[Any, Any]


class ArrayTags:
    """Tells arrays apart by the values at certain positions.

    Args:
        split: Where they differ first.
        groups: The members that have the same tag, by their tags.
    """

    # As pydantic calls it in errors.
    __name__: Final = POSITION

    def __init__(self, split: Split, groups: Mapping[str, list[Any]]) -> None:
        self.split = split
        self.groups = groups

    def __call__(self, value: Any) -> str | None:
        """Return the tag of an array, or the beginning of one that there is not; `None` for anything else."""
        if _is_a(value, RootModel):
            value = value.root
        if not _is_a(value, list) and not _is_a(value, tuple):
            return None
        branch: Any = self.split
        passed: list[Any] = []
        while isinstance(branch, Split):
            try:
                passed.append(value[branch.position])
                branch = branch.branches[passed[-1]]
            except IndexError:
                return None
            except (KeyError, TypeError):
                return _tag(passed)
        tag: str = branch
        return tag


def _tag(values: Sequence[Any]) -> str:
    return ".".join(map(str, values))


def array_tags(kinds: Sequence[Any]) -> ArrayTags | None:
    """Return what tells each of some arrays from all others, `None` if nothing does."""
    tags = _array_tags(kinds)
    return tags if tags is not None and len(tags.groups) == len(kinds) else None


def _array_tags(kinds: Sequence[Any]) -> ArrayTags | None:
    """Return what tells some of the arrays apart, `None` if nothing does."""
    groups: dict[str, list[Any]] = {}

    def grow(indices: list[int], passed: tuple[Any, ...]) -> Any:
        found = _position([literals[index] for index in indices]) if len(indices) > 1 else None
        if found is None:
            tag = _tag(passed)
            # The number 2 and the string "2" are written alike.
            tag = tag if tag not in groups else f"{tag}#{len(groups)}"
            groups[tag] = [kinds[index] for index in indices]
            return tag
        position, parts = found
        branches: dict[Any, Any] = {}
        for part in parts:
            inside = [indices[one] for one in part]
            values = sorted({value for index in inside for value in literals[index][position]}, key=repr)
            branches |= dict.fromkeys(values, grow(inside, (*passed, values[0])))
        return Split(position, branches)

    literals = [_literals(enumerate(_items(_bare(kind)) or ())) for kind in kinds]
    tree = grow([*range(len(kinds))], ())
    return ArrayTags(tree, groups) if isinstance(tree, Split) else None


def _position(literals: Sequence[Mapping[int, frozenset[Any]]]) -> tuple[int, list[list[int]]] | None:
    """Return the position that tells most arrays apart, and the groups that it makes; `None` for none."""
    shared = [position for position in literals[0] if all(position in other for other in literals)]
    parts = [(position, _groups([one[position] for one in literals])) for position in shared]
    best = max(parts, key=lambda found: len(found[1]), default=None)
    return best if best is not None and len(best[1]) > 1 else None


def _by_position(kinds: list[Any]) -> Any:
    tags = _array_tags(kinds)
    if tags is None:
        return None
    choices: list[Any] = [Annotated[reduce(_or, group), Tag(tag)] for tag, group in tags.groups.items()]
    position: Callable[[Any], Any] = tags
    return Annotated[reduce(_or, choices), Discriminator(position)]
