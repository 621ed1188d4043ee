# Written by `nox -s generate`; changes made by hand are lost.

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
from .close_codes import CloseCode
from .json_form import response_headers
from typing import Final, Literal, overload

from _typeshed import SupportsKeysAndGetItem
Rule: TypeAlias = Callable[[Mapping[str, Any]], str | None]

def no_rule(_event: Mapping[str, Any]) -> str | None:
    """The rule of events whose fields say everything."""

class AsgiModel(BaseModel, Mapping[str, object], SupportsKeysAndGetItem[str, Any]):
    """A frozen pydantic model that can also be read as the dictionary that ASGI calls it.

    `event.text`, `event["text"]`, `event.get("text")`, `"text" in event` and `{**event}` all work, and
    keys that no specification names are kept (ASGI, "Error Handling": additional keys are never errors).
    """
    model_config = ConfigDict(strict=True, frozen=True, extra="allow", defer_build=True)
    def __getitem__(self, key: str) -> Any: ...
    def __iter__(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # a Mapping iterates over keys, pydantic over pairs
        self,
    ) -> Iterator[str]: ...
    def __len__(self) -> int: ...
    __eq__ = BaseModel.__eq__
    __hash__ = BaseModel.__hash__
    def to_asgi(self) -> dict[str, Any]:
        """Return what a server accepts: a plain dictionary with defaults filled in and `None` left out."""

class AsgiEvent(AsgiModel):
    """One event between a server and an application.

    Attributes:
        extension: The ASGI extension that has to be offered by the scope before the event may be sent.
        flag: The field that changes what the event does when it is set, `None` for an event without one.
        last: Whether the server says nothing after it.
        one_of: Fields of which exactly one has a value; the rule says so too.
        rule: What no single field can say: returns what is wrong with the event, or `None`.
    """
    extension: ClassVar[str | None]
    """The ASGI extension that has to be offered by the scope before the event may be sent."""
    flag: ClassVar[str | None]
    """The field that changes what the event does when it is set, `None` for an event without one."""
    last: ClassVar[bool]
    """Whether the server says nothing after it."""
    one_of: ClassVar[tuple[str, ...]]
    """Fields of which exactly one has a value; the rule says so too."""
    rule: ClassVar[Rule]
    """What no single field can say: returns what is wrong with the event, or `None`."""

class ReceiveEvent(AsgiEvent):
    """An event that the server sends to the application."""

class SendEvent(AsgiEvent):
    """An event that the application sends to the server."""

def _to_bytes(value: Any) -> Any: ...

def encodable(value: str) -> str:
    """Refuse what is a `str` and no Unicode text: a lone surrogate cannot be sent."""

def items(value: Any) -> tuple[Any, ...]:
    """Read any iterable once; refuse strings, bytes and mappings, which are passed by mistake."""

def _pairs(value: Any) -> tuple[tuple[Any, ...], ...]: ...
_NOT_IN_NAME = b" \t\r\n\0:"
_NOT_IN_VALUE = b"\r\n\0"
_SUBPROTOCOL = b"sec-websocket-protocol"
def _response_headers(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]: ...

def are_usual(headers: list[Any]) -> bool:
    """Tell whether headers are such as nearly every response has, which no rule would change."""

def usual_headers(headers: Any) -> list[tuple[bytes, bytes]]:
    """Return a copy of the headers that nearly every response has.

    Raises:
        ValueError: They are not valid, or a rule has to look at each of them.
    """

def _no_subprotocol_header(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[tuple[bytes, bytes], ...]: ...

def none_as(default: object) -> Callable[[object], object]:
    """Return the function that reads `None` as `default`."""

_ABSOLUTE = r"^(?:/|\\\\|[A-Za-z]:[/\\])"
def _absolute(path: str) -> str: ...
def _has_descriptor(file: object) -> object: ...
def _listed(items: tuple[Any, ...]) -> list[Any]: ...
HEADERS_AS_LIST = PlainSerializer(_listed, return_type=list[tuple[bytes, bytes]])
_LINKS_AS_LIST = PlainSerializer(_listed, return_type=list[bytes])
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
