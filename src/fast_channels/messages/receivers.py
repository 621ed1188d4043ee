"""A method for every kind of message: which method of a class takes which."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import isabstract
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple, TypeVar, get_args, get_origin

from typing_extensions import is_protocol, is_typeddict

from fast_channels.untrusted import plain_repr

__all__ = [
    "CANCEL",
    "IN_TURN",
    "Dispatch",
    "Mode",
    "check_receivers",
    "dispatch",
    "mode_of",
    "modes",
    "named",
    "received_by",
    "receivers",
    "receives",
]

_MARK = "_fast_channels_receives"
_MODE = "_fast_channels_mode"

CANCEL = "_cancel_stream"
"""The method of messages that end a stream."""

_F = TypeVar("_F", bound=Callable[..., Any])


class Mode(NamedTuple):
    """How a method handles its messages.

    Attributes:
        concurrent: Whether it runs beside the handlers of other messages.
        streams: Whether it yields its replies, beside the handlers of other messages.
        cancel: The kind of message that ends a stream, `None` if none does.
    """

    concurrent: bool = False
    streams: bool = False
    cancel: Any = None


IN_TURN: Final = Mode()
"""One message after the other."""


def receives(kind: type[Any], mode: Mode = IN_TURN) -> Callable[[_F], _F]:
    """Return a decorator that makes a method take one kind of message."""

    def mark(method: _F) -> _F:
        setattr(method, _MARK, kind)
        setattr(method, _MODE, mode)
        return method

    return mark


def mode_of(method: object) -> Mode:
    """Return how a method handles its messages."""
    return getattr(method, _MODE, IN_TURN)


def modes(bases: Sequence[type]) -> dict[str, Mode]:
    """Return how methods handle their messages, by their names, without those that do it in turn.

    An override does it as the method does that it overrides, unless it says otherwise.

    Args:
        bases: The classes in method resolution order, the nearest first.
    """
    found: dict[str, Mode] = {}
    for base in reversed(bases):
        marked = {name: mode_of(value) for name, value in vars(base).items() if hasattr(value, _MODE)}
        found |= marked
    return {name: mode for name, mode in found.items() if mode != IN_TURN}


def received_by(method: object) -> Any:
    """Return the kind of message that a method takes, `None` for a method that takes none."""
    return getattr(method, _MARK, None)


def receivers(bases: Sequence[type]) -> dict[Any, list[str]]:
    """Return the names of the methods that take each kind of message.

    An override takes what the method took that it overrides, unless it says otherwise. A message that cancels
    a stream goes to a method of the library.

    Args:
        bases: The classes in method resolution order, the nearest first.
    """
    kinds: dict[str, Any] = {}
    for base in reversed(bases):
        for name, attribute in vars(base).items():
            kind = received_by(attribute)
            if kind is not None:
                kinds[name] = kind
            elif attribute is None:
                kinds.pop(name, None)
    names: dict[Any, list[str]] = {}
    for name, kind in kinds.items():
        names.setdefault(kind, []).append(name)
    cancelling = dict.fromkeys(mode.cancel for name, mode in modes(bases).items() if name in kinds)
    for kind in cancelling:
        if kind is not None:
            names.setdefault(kind, []).append(CANCEL)
    return names


def check_receivers(
    owner: str, names: Mapping[Any, list[str]], messages: Iterable[Any], *, receive: str, complete: bool
) -> None:
    """Raise a `TypeError` unless every kind of message has exactly one method, and nothing else has.

    Args:
        owner: The class, for the text of the error.
        names: The methods of each kind.
        messages: The kinds of messages that there are.
        receive: The name of the method that could take them all.
        complete: Whether each of them needs a method of its own.
    """
    kinds = list(messages)
    wrong: list[str] = []
    if complete and (missing := [named(kind) for kind in kinds if kind not in names]):
        wrong.append(f"has no method that receives {', '.join(missing)}: write one for each, or {receive}()")
    for kind, methods in names.items():
        receives = f"receives {named(kind)} in {' and '.join(f'{method}()' for method in methods)}"
        if len(methods) > 1:
            wrong.append(f"{receives}: keep one of them")
        if kind not in kinds:
            wrong.append(f"{receives}, which is not a client message: declare it, or remove the method")
    if wrong:
        raise TypeError(f"{owner} {'; '.join(wrong)}")


class Dispatch(NamedTuple):
    """Which method takes a message.

    Attributes:
        classes: The names of the methods by the class of the message.
        tagged: Where several kinds of messages are of one class, dictionaries or tuples: what returns the tag
            of such a message, and the names of the methods by the tag.
    """

    classes: Mapping[Any, str]
    tagged: Mapping[Any, tuple[Callable[[Any], Any], Mapping[Any, str | None]]]

    def method(self, message: Any) -> str | None:
        """Return the name of the method that takes a message, `None` if none does."""
        if (tagged := self.tagged.get(type(message))) is not None:
            tag, names = tagged
            return names.get(tag(message))
        return next((self.classes[base] for base in type(message).__mro__ if base in self.classes), None)


def dispatch(
    owner: str, names: Mapping[Any, list[str]], messages: Iterable[Any], *, receive: str
) -> Dispatch:
    """Return which method takes a message.

    Args:
        owner: The class, for the text of the error.
        names: The methods of each kind.
        messages: The kinds of messages that there are.
        receive: The name of the method that could take them all.

    Raises:
        TypeError: A message does not tell of which kind it is.
    """
    kinds: dict[Any, list[Any]] = {}
    for kind in dict.fromkeys(messages):
        for one in _classes(kind):
            kinds.setdefault(one, []).append(kind)
    unclear = [named(kind) for kind in names if not _classes(kind)]
    tagged: dict[Any, tuple[Callable[[Any], Any], Mapping[Any, str | None]]] = {}
    for one, same in kinds.items():
        if len(same) == 1 or not any(kind in names for kind in same):
            continue
        tags = _tags(same)
        if tags is None:
            unclear.append(f"{' or '.join(map(named, same))} (all are {one.__name__})")
        else:
            tag, known = tags
            tagged[one] = tag, {value: names.get(kind, [None])[0] for value, kind in known.items()}
    if unclear:
        raise TypeError(
            f"{owner} cannot recognise a message as {' or '.join(unclear)}: use models, give TypedDicts a "
            f"common Literal field or tuples a common Literal position, or distinguish them in {receive}()"
        )
    return Dispatch({one: names[kind][0] for kind in names for one in _classes(kind)}, tagged)


def _tags(kinds: list[Any]) -> tuple[Callable[[Any], Any], Mapping[Any, Any]] | None:
    """Return what tells the tag of a message, and the kinds by their tags; `None` if nothing does."""
    # Late: most classes have no kinds that have to be told apart.
    from fast_channels.messages.unions import array_tags, discriminator, is_array, literal_fields

    if all(map(is_typeddict, kinds)):
        fields = [literal_fields(kind) for kind in kinds]
        key = discriminator(fields)
        if key is None:
            return None
        return itemgetter(key), {
            value: kind for kind, field in zip(kinds, fields, strict=True) for value in field[key]
        }
    arrays = array_tags(kinds) if all(map(is_array, kinds)) else None
    return None if arrays is None else (arrays, {tag: group[0] for tag, group in arrays.groups.items()})


def _classes(kind: Any) -> set[Any]:
    """Return the classes that messages of a kind can have; none where nobody can tell."""
    origin = get_origin(kind)
    if origin is Literal:
        return {type(value) for value in get_args(kind)}
    found: Any = dict if is_typeddict(origin or kind) else origin or kind
    can_tell = isinstance(found, type) and not isabstract(found) and not is_protocol(found)
    return {found} if can_tell else set()


def named(kind: Any) -> str:
    """Return a kind of message as it is called in a sentence."""
    # The name of list[int] is list.
    return plain_repr(kind) if get_args(kind) else getattr(kind, "__name__", plain_repr(kind))
