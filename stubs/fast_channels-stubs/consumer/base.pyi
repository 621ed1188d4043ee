# Written by `nox -s generate`; changes made by hand are lost.

import logging
from collections.abc import Mapping
from typing import Any, ClassVar, NoReturn, Self
from fast_channels.consumer.application import ConsumerApplication, is_scope, no_application, require_effect
from fast_channels.consumer.handlers import get_handler_name
from fast_channels.consumer.membership import join, leave
from fast_channels.consumer.rules import Rules, find_rules
from fast_channels.exceptions import InvalidEventError, InvalidParamsError
from fast_channels.layers import BaseChannelLayer
from fast_channels.messages import Group
from fast_channels.type_defs import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ChannelMessage,
    ChannelScope,
    GivenArgument,
    GivenReceive,
    GivenScope,
    GivenSend,
)
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

__all__ = ["AsyncConsumer", "ConsumerApplication", "get_handler_name"]
logger = logging.getLogger("fast_channels.consumer")

class AsyncConsumer:
    channel_layer_alias: str | None
    asgi_events_from_layer: ClassVar[bool | None]
    scope: ChannelScope
    channel_name: str
    channel_receive: ASGIReceiveCallable
    _protocol: ClassVar[str | None]
    _rules: ClassVar[Rules]
    _local_names: ClassVar[Mapping[str, Any]]
    def __init_subclass__(cls, **kwargs: Any) -> None: ...
    def __init__(self, *args: GivenArgument, **kwargs: Any) -> None: ...
    async def dispatch(self, message: ChannelMessage) -> None: ...
    async def join(self, group: "Group[Any, Self]") -> None: ...
    async def leave(self, group: "Group[Any, Any]") -> None: ...
    def __repr__(self) -> str: ...
    async def channel_invalid(self, error: InvalidEventError) -> None: ...
    async def params_invalid(self, error: InvalidParamsError) -> None: ...
    @classmethod
    def _unhandled(cls) -> str | None: ...
    @classmethod
    def _set_up(cls) -> None: ...
    async def __call__(self, *args: Any, **kwargs: Any) -> None: ...
    _sends: Any
    channel_layer: BaseChannelLayer | Any
    base_send: Callable[[Any], Awaitable[None]]
    params: ClassVar[_ReadParams]
    @overload
    async def send(self: _SendsEvents, message: ChannelMessage) -> None: ...
    @overload
    async def send(self: _SendsFrames, *args: Any, **kwargs: Any) -> None: ...
    @overload
    @classmethod
    def as_asgi(
        cls: Callable[_P, _C], *args: _P.args, **initkwargs: _P.kwargs
    ) -> ConsumerApplication[_C]: ...
    @overload
    @classmethod
    def as_asgi(cls: _AnyConstructor, *args: Any, **initkwargs: Any) -> ConsumerApplication[Any]: ...
