"""What all event and scope models have in common, and the types of their fields."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

from fast_channels.installation import warn_of_conflict
from fast_channels.untrusted import shown

from .close_codes import CloseCode
from .json_form import response_headers

# Here, because nothing before this module can be of another distribution.
warn_of_conflict()

Rule: TypeAlias = Callable[[Mapping[str, Any]], str | None]
"""Returns what is wrong with an event, or `None`."""


def no_rule(_event: Mapping[str, Any]) -> str | None:
    """The rule of events whose fields say everything."""
    return None


class AsgiModel(BaseModel, Mapping[str, Any]):
    """A frozen pydantic model that can also be read as the dictionary that ASGI calls it.

    `event.text`, `event["text"]`, `event.get("text")`, `"text" in event` and `{**event}` all work, and
    keys that no specification names are kept (ASGI, "Error Handling": additional keys are never errors).
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="allow", defer_build=True)

    def __getitem__(self, key: str) -> Any:
        if key in self.__dict__:
            return self.__dict__[key]
        return (self.__pydantic_extra__ or {})[key]

    def __iter__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # a Mapping iterates over keys, pydantic over pairs
        self,
    ) -> Iterator[str]:
        yield from self.__dict__
        yield from self.__pydantic_extra__ or ()

    def __len__(self) -> int:
        return len(self.__dict__) + len(self.__pydantic_extra__ or ())

    # pydantic and Mapping both define equality; two models are equal when pydantic says so.
    __eq__ = BaseModel.__eq__
    __hash__ = BaseModel.__hash__

    def to_asgi(self) -> dict[str, Any]:
        """Return what a server accepts: a plain dictionary with defaults filled in and `None` left out."""
        # model_dump would wrap iterators, open files among them, and take the application's objects apart.
        fields = {key: _plain(value) for key, value in self.__dict__.items()}
        return {key: value for key, value in {**self, **fields}.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, AsgiModel):
        return value.to_asgi()
    return list(value) if issubclass(type(value), tuple) else value


class AsgiEvent(AsgiModel):
    """One event between a server and an application.

    Attributes:
        extension: The ASGI extension that has to be offered by the scope before the event may be sent.
        flag: The field that changes what the event does when it is set, `None` for an event without one.
        last: Whether the server says nothing after it.
        one_of: Fields of which exactly one has a value; the rule says so too.
        rule: What no single field can say: returns what is wrong with the event, or `None`.
    """

    extension: ClassVar[str | None] = None
    flag: ClassVar[str | None] = None
    last: ClassVar[bool] = False
    one_of: ClassVar[tuple[str, ...]] = ()
    rule: ClassVar[Rule] = no_rule


class ReceiveEvent(AsgiEvent):
    """An event that the server sends to the application."""


class SendEvent(AsgiEvent):
    """An event that the application sends to the server."""


def _to_bytes(value: Any) -> Any:
    return bytes(value) if type(value) in {bytearray, memoryview} else value


def encodable(value: str) -> str:
    """Refuse what is a `str` and no Unicode text: a lone surrogate cannot be sent."""
    if not value.isascii():
        value.encode()
    return value


def items(value: Any) -> tuple[Any, ...]:
    """Read any iterable once; refuse strings, bytes and mappings, which are passed by mistake."""
    if type(value) not in _USUAL and not _is_iterable(value):
        raise ValueError(f"an iterable is needed, not a {type(value).__name__}")
    return tuple(value)


# Asking an abstract class takes longer than all the rest.
_USUAL = frozenset({list, tuple})


def _is_iterable(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def _pairs(value: Any) -> tuple[tuple[Any, ...], ...]:
    return tuple([tuple(map(_to_bytes, items(pair))) for pair in items(value)])


_NOT_IN_NAME = b" \t\r\n\0:"
_NOT_IN_VALUE = b"\r\n\0"
_NAME = re.compile(b"[^%b]+" % _NOT_IN_NAME)
_FORBIDDEN_IN_VALUE = re.compile(b"[%b]" % _NOT_IN_VALUE)
_SUBPROTOCOL = b"sec-websocket-protocol"


def _response_headers(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
    for name, value in headers:
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"{shown(name)} is not a header name")
        if _FORBIDDEN_IN_VALUE.search(value) is not None:
            raise ValueError(f"the value of header {shown(name)} contains CR, LF or NUL")
    return tuple([(name.lower(), value) for name, value in headers])


class _UsualNames(dict[bytes, bool]):
    """Which names need no rule: an application has few, and each search takes longer than all else."""

    def __missing__(self, name: bytes) -> bool:
        usual = _NAME.fullmatch(name) is not None and name == name.lower() and name != _SUBPROTOCOL
        if len(self) < _KEPT_NAMES:
            self[name] = usual
        return usual


_KEPT_NAMES = 1024
_KEPT_BYTES = 256
_seen: dict[int, tuple[Any, ...]] = {}
"""Headers that need no rule, by their identity: an application has few that are not made for a response."""
_usual_names = _UsualNames()


def are_usual(headers: list[Any]) -> bool:
    """Tell whether headers are such as nearly every response has, which no rule would change."""
    for pair in headers:  # noqa: SIM110  # every response would pay for a generator
        if _seen.get(id(pair)) is not pair and not _is_usual(pair):
            return False
    return True


def _is_usual(pair: tuple[Any, ...]) -> bool:
    # Of exactly these types: what a subclass says of itself proves nothing.
    if type(pair) is not tuple or len(pair) != 2:
        return False
    name, value = pair
    if type(name) is not bytes or type(value) is not bytes or not _usual_names[name]:
        return False
    if not value.decode("latin-1").isprintable():
        return False
    if len(value) <= _KEPT_BYTES:
        if len(_seen) == _KEPT_NAMES:
            # Most were made for one response, and the others come again.
            _seen.clear()
        _seen[id(pair)] = pair
    return True


def usual_headers(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return a copy of the headers that nearly every response has.

    Raises:
        ValueError: They are not valid, or a rule has to look at each of them.
    """
    pairs: list[Any] = headers
    if type(pairs) is not list or not are_usual(pairs):
        raise ValueError("not the usual headers")
    return pairs.copy()


def _no_subprotocol_header(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]:
    if any(name == _SUBPROTOCOL for name, _ in headers):
        raise ValueError("the subprotocol goes into the field subprotocol, not into a header")
    return headers


def none_as(default: object) -> Callable[[object], object]:
    """Return the function that reads `None` as `default`."""
    return lambda value: default if value is None else value


# Of any system, whatever this one is: a server may run on another.
_ABSOLUTE = r"^(?:/|\\\\|[A-Za-z]:[/\\])"


def _absolute(path: str) -> str:
    if re.match(_ABSOLUTE, path) is None:
        raise ValueError("the path is not absolute")
    return path


def _has_descriptor(file: object) -> object:
    if isinstance(file, bool) or not (isinstance(file, int) or callable(getattr(file, "fileno", None))):
        raise ValueError("a file is a descriptor or an object with fileno()")
    return file


def _listed(items: tuple[Any, ...]) -> list[Any]:
    # Not `list` itself: pydantic reads the signature of a builtin from its docstring, for milliseconds.
    return list(items)


# A frozen model holds tuples; servers and existing code expect lists.
HEADERS_AS_LIST = PlainSerializer(_listed, return_type=list[tuple[bytes, bytes]])
_LINKS_AS_LIST = PlainSerializer(_listed, return_type=list[bytes])

# ASGI names a field "bytes"; these names stay usable inside the class body that has one.
Bytes: TypeAlias = Annotated[bytes, Strict(), BeforeValidator(_to_bytes)]
Text: TypeAlias = Annotated[StrictStr, AfterValidator(encodable)]
StrictBytes: TypeAlias = Annotated[bytes, Strict()]
Headers: TypeAlias = Annotated[
    tuple[tuple[StrictBytes, StrictBytes], ...], BeforeValidator(_pairs), HEADERS_AS_LIST
]
ResponseHeaders: TypeAlias = Annotated[
    Headers,
    AfterValidator(_response_headers),
    WithJsonSchema(response_headers("ResponseHeaders", _NOT_IN_NAME, _NOT_IN_VALUE)),
]
AcceptHeaders: TypeAlias = Annotated[
    ResponseHeaders,
    AfterValidator(_no_subprotocol_header),
    WithJsonSchema(response_headers("AcceptHeaders", _NOT_IN_NAME, _NOT_IN_VALUE, _SUBPROTOCOL)),
]
Links: TypeAlias = Annotated[tuple[Bytes, ...], BeforeValidator(items), _LINKS_AS_LIST]
Status: TypeAlias = Annotated[StrictInt, Field(ge=100, le=599)]
Subprotocol: TypeAlias = Annotated[StrictStr, Field(min_length=1)]
Reason: TypeAlias = Annotated[Text, BeforeValidator(none_as(""), json_schema_input_type=str | None)]
DisconnectCode: TypeAlias = Annotated[
    StrictInt, BeforeValidator(none_as(CloseCode.NO_STATUS.value), json_schema_input_type=int | None)
]
AbsolutePath: TypeAlias = Annotated[
    StrictStr, AfterValidator(_absolute), Field(json_schema_extra={"pattern": _ABSOLUTE})
]
FileDescriptor: TypeAlias = Annotated[Any, BeforeValidator(_has_descriptor, json_schema_input_type=int)]
Offset: TypeAlias = Annotated[StrictInt, Field(ge=0)]
