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


def _scope(type_: str) -> str:
    return f"""\
@property
def scope(self) -> {type_}: ...
@scope.setter
def scope(self, scope: ChannelScope) -> None: ..."""


_NAMES_OF_A_SCOPE = """\
from abc import ABCMeta
from typing import Literal, overload

from _typeshed import SupportsKeysAndGetItem
from collections.abc import MutableMapping
from fast_channels.events.dicts import AsgiVersionsDict
from fast_channels.type_defs import ChannelScope
import builtins
from typing_extensions import TypeVar

_Default = TypeVar("_Default")
"""

VIEWS: Mapping[str, View] = {
    "fast_channels.consumer.base": View(
        names="""\
from collections.abc import Callable
from typing import Literal, ParamSpec, Protocol, TypeAlias, overload

from fast_channels.events import SendEvent
from fast_channels.events.dicts import SendEventDict

_P = ParamSpec("_P")
_C = TypeVar("_C", bound=AsyncConsumer)

# A dictionary display that is no event is never this; a variable whose values are Any may be.
class _NoEventOfAsgi: ...

_Sent: TypeAlias = SendEvent | SendEventDict | Mapping[str, _NoEventOfAsgi]

class _BaseSend(Protocol):
    async def __call__(self, message: _Sent, /) -> None: ...

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
                "_sends": "_sends: Any",
                "scope": _scope("ChannelScope"),
                "base_send": """\
@property
def base_send(self) -> _BaseSend: ...
@base_send.setter
def base_send(self, send: Callable[[Any], Awaitable[None]]) -> None: ...""",
                "send": """\
@overload
async def send(self: _SendsEvents, message: _Sent) -> None: ...
@overload
async def send(self: _SendsFrames, *args: Any, **kwargs: Any) -> None: ...""",
                "as_asgi": """\
@classmethod
def as_asgi(
    cls: Callable[_P, _C], *args: _P.args, **initkwargs: _P.kwargs
) -> ConsumerApplication[_C]: ...""",
            }
        },
    ),
    "fast_channels.consumer.http": View(
        names=_NAMES_OF_A_SCOPE + scope_mapping("_HttpScope", HttpScope),
        members={"AsyncHttpConsumer": {"scope": _scope("_HttpScope")}},
    ),
    "fast_channels.consumer.websocket": View(
        names=_NAMES_OF_A_SCOPE + scope_mapping("_WebSocketScope", WebSocketScope),
        members={
            "AsyncWebsocketConsumer": {
                "_sends": '_sends: Literal["frames"]',
                "_sends_frames": "_sends_frames: Literal[True]",
                "scope": _scope("_WebSocketScope"),
            }
        },
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
