"""What type checkers are told of single members instead of what the source says."""

from collections.abc import Mapping
from typing import NamedTuple

from fast_channels.events import HttpScope, WebSocketScope

from .members import scope_mapping


class View(NamedTuple):
    """What the stub of a module has besides what follows from its source.

    Attributes:
        names: Lines between its imports and the rest.
        bases: For some classes, other bases than those in the source.
        members: For some classes, the lines of members by their name.
    """

    names: str = ""
    bases: Mapping[str, str] = {}
    members: Mapping[str, Mapping[str, str]] = {}


# Checkers take the two for what they are only in a stub: pydantic has a key for each field, and `values()`
# of an event that cannot be sent must not look like those of a dictionary of which nothing is known.
_EVENTS = View(
    names="from typing import Final, Literal, overload\n\nfrom _typeshed import SupportsKeysAndGetItem",
    bases={"AsgiModel": "BaseModel, Mapping[str, object], SupportsKeysAndGetItem[str, Any]"},
)


# Documented as a plain mapping, which overrides and mixins declare; so this is that as well.
def _scope(type_: str) -> str:
    return f"scope: {type_} | Any"


# The documented types of these events are other ones than those of the models, and overrides may have either.
def _handler(name: str) -> str:
    return f"async def {name}(self, message: Any) -> None: ..."


# What is sent is checked, and any other function of one event may take its place.
_BASE_SEND = "base_send: BaseSend | Callable[[Any], Awaitable[None]]"

_NAMES_OF_A_SCOPE = """\
from abc import ABCMeta
from typing import Any, Literal, overload

from _typeshed import SupportsKeysAndGetItem
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from fast_channels.consumer.base import BaseSend, Sent
from fast_channels.events.dicts import AsgiVersionsDict
import builtins
from typing_extensions import TypeVar

_Default = TypeVar("_Default")
"""

# Every framework has types of its own for the same three arguments.
_APPLICATION = "async def __call__(self, *args: Any, **kwargs: Any) -> None: ..."

VIEWS: Mapping[str, View] = {
    "fast_channels.consumer.application": View(
        members={
            "ConsumerApplication": {
                "__call__": _APPLICATION,
                # Read only, so that applications of different consumers have a type in common.
                "consumer_class": "@property\ndef consumer_class(self) -> type[_C_co]: ...",
            }
        },
    ),
    "fast_channels.consumer.json": View(
        members={
            "AsyncJsonWebsocketConsumer": {
                # The documented **kwargs are for overrides, which need not have them.
                "receive": """\
async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None: ...""",
                "receive_json": """\
async def receive_json(self, content: ClientMessage, /) -> ServerMessage | None: ...""",
            }
        },
    ),
    "fast_channels.consumer.base": View(
        names="""\
from collections.abc import Awaitable, Callable
from typing import Literal, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from fast_channels.events import SendEvent
from fast_channels.events.dicts import SendEventDict

_P = ParamSpec("_P")
_C = TypeVar("_C", bound=AsyncConsumer)
_Params = TypeVar("_Params")
_Params_co = TypeVar("_Params_co", covariant=True)

# A dictionary display that is no event is never this; a variable whose values are Any may be.
class _NoEventOfAsgi: ...

Sent: TypeAlias = SendEvent | SendEventDict | Mapping[str, _NoEventOfAsgi]

class BaseSend(Protocol):
    async def __call__(self, message: Sent, /) -> None: ...

# A constructor that takes everything, as that of type[AsyncConsumer], for which mypy finds no parameters.
class _AnyConstructor(Protocol):
    def __call__(self, *args: object, **kwargs: object) -> object: ...

# A class with a model `Params` in it; what the second says is enough for checkers that do not find the first.
class _HasModel(Protocol[_Params_co]):
    @property
    def Params(self) -> Callable[..., _Params_co]: ...

class _HasAnyModel(Protocol):
    Params: ClassVar[Any]

class _ReadParams:
    @overload
    def __get__(self, consumer: _HasModel[_Params], owner: Any, /) -> _Params: ...
    @overload
    def __get__(self, consumer: _HasAnyModel, owner: Any, /) -> Any: ...

# Two ways to tell AsyncWebsocketConsumer, whose send() has other arguments, from its base.
class _SendsEvents(Protocol):
    _sends: Literal["events"]

class _SendsFrames(Protocol):
    @property
    def _sends_frames(self) -> Literal[True]: ...
""",
        members={
            "AsyncConsumer": {
                # Both only say what is wrong.
                "__await__": "",
                "__new__": "",
                # What happens to a consumer is nobody's business but its own.
                "_life": "",
                "_life_class": "",
                "__call__": _APPLICATION,
                "_sends": "_sends: Any",
                # Documented as one that may be missing, which overrides declare; but nobody asks at each use.
                "channel_layer": "channel_layer: BaseChannelLayer | Any",
                "base_send": "base_send: Callable[[Any], Awaitable[None]]",
                "params": "params: ClassVar[_ReadParams]",
                "send": """\
@overload
async def send(self: _SendsEvents, message: ChannelMessage) -> None: ...
@overload
async def send(self: _SendsFrames, *args: Any, **kwargs: Any) -> None: ...""",
                "as_asgi": """\
@overload
@classmethod
def as_asgi(
    cls: Callable[_P, _C], *args: _P.args, **initkwargs: _P.kwargs
) -> ConsumerApplication[_C]: ...
@overload
@classmethod
def as_asgi(cls: _AnyConstructor, *args: Any, **initkwargs: Any) -> ConsumerApplication[Any]: ...""",
                "serve": """\
@overload
@classmethod
async def serve(
    cls: Callable[_P, _C], connection: ASGIConnection, /, *args: _P.args, **initkwargs: _P.kwargs
) -> None: ...
@overload
@classmethod
async def serve(
    cls: _AnyConstructor, connection: ASGIConnection, /, *args: Any, **initkwargs: Any
) -> None: ...""",
            }
        },
    ),
    "fast_channels.consumer.http": View(
        names=_NAMES_OF_A_SCOPE + scope_mapping("_HttpScope", HttpScope),
        members={
            "AsyncHttpConsumer": {
                "scope": _scope("_HttpScope"),
                "base_send": _BASE_SEND,
                # Narrower than that of its base, which may have a protocol of its own.
                "send": "async def send(self, message: Sent) -> None: ...",
                "http_request": _handler("http_request"),
                "http_disconnect": _handler("http_disconnect"),
                "_life": "",
                "_life_class": "",
            }
        },
    ),
    "fast_channels.consumer.websocket": View(
        names=_NAMES_OF_A_SCOPE + scope_mapping("_WebSocketScope", WebSocketScope),
        members={
            "AsyncWebsocketConsumer": {
                "_sends": '_sends: Literal["frames"]',
                "_sends_frames": "_sends_frames: Literal[True]",
                "scope": _scope("_WebSocketScope"),
                "base_send": _BASE_SEND,
                "websocket_connect": _handler("websocket_connect"),
                "websocket_receive": _handler("websocket_receive"),
                "websocket_disconnect": _handler("websocket_disconnect"),
                # Kept when it is first asked for; an application may set it, or have its own.
                "subprotocol": "subprotocol: str | None",
                # Overrides call the argument what they like, and it is passed by position.
                "disconnect": "async def disconnect(self, code: int, /) -> None: ...",
                "_life": "",
                "_life_class": "",
            }
        },
    ),
    # Where checkers read stubs, they read it with those of its bases, which leave out what is private.
    "fast_channels.consumer.event_stream": View(),
    "fast_channels.consumer.subprotocols": View(
        # Every framework has types of its own for the three arguments.
        members={"BySubprotocol": {"__call__": _APPLICATION}}
    ),
    "fast_channels.middleware.base": View(
        # Overrides have other types for the three arguments, and other names.
        members={
            "BaseMiddleware": {
                "__call__": "async def __call__(self, scope: Any, receive: Any, send: Any, /) -> Any: ..."
            }
        }
    ),
    "fast_channels.middleware.websocket": View(
        # Every framework has types of its own for the three arguments.
        members={
            "OriginValidator": {"__call__": "async def __call__(self, *args: Any, **kwargs: Any) -> Any: ..."}
        }
    ),
    "fast_channels.events.base": _EVENTS,
    **{
        f"fast_channels.events.{name}": View(
            names="""\
import builtins
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeVar, overload

from fast_channels.events.dicts import AsgiVersionsDict

_Default = TypeVar("_Default")"""
        )
        for name in ("extensions", "http", "lifespan", "scope", "websocket")
    },
}
