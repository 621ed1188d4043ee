# Written by `python -m fast_channels.codegen`; changes made by hand are lost.

import logging
from collections.abc import Awaitable, Iterable, Iterator, Mapping, MutableMapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar
from pydantic import BaseModel, ValidationError
from fast_channels.consumer.cleanup import Step, clean_up, rest
from fast_channels.consumer.foreign import ANSWERS, LIFESPAN, Answer
from fast_channels.consumer.handlers import (
    ASGI_HANDLERS,
    Handler,
    build_table,
    handler_name,
    no_handler,
    not_that_event,
)
from fast_channels.consumer.inbox import LAST, LAYER, Inbox, InboxByTurns, Origin
from fast_channels.consumer.params import ParamsReader
from fast_channels.events import EVENTS, AsgiEvent
from fast_channels.events.wire import Lazy, Validator, model_validator, wire_validator
from fast_channels.exceptions import (
    AcceptConnection,
    ConnectionClosed,
    DenyConnection,
    InvalidChannelLayerError,
    InvalidEventError,
    InvalidParamsError,
    MessageValueError,
    StopConsumer,
)
from fast_channels.layers import BaseChannelLayer, get_channel_layer
from fast_channels.messages import Group
from fast_channels.protocol import CONNECTIONS, GONE, Connection
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
from typing import Literal, ParamSpec, Protocol, TypeAlias, overload

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
WORKER = "channel"
NO_STATUS = 1005
ABNORMAL = 1006
INTERNAL_ERROR = 1011
CRASH_CLOSE_SECONDS = 2.0
SENDS_PER_TURN = 32

class Phase(IntEnum):
    NEW = 0
    OPENING = 1
    LIVE = 2
    ENDING = 3
    LEAVING = 4
    OVER = 5

NEW, OPENING, LIVE, ENDING, LEAVING, OVER = Phase
_C_co = TypeVar("_C_co", bound="AsyncConsumer", covariant=True)
def get_handler_name(message: ChannelMessage) -> str: ...

class ConsumerApplication(Generic[_C_co]):
    @property
    def consumer_class(self) -> type[_C_co]: ...
    def __init__(self, consumer_class: type[_C_co], initkwargs: dict[str, Any]) -> None: ...
    async def __call__(self, *args: Any, **kwargs: Any) -> None: ...
    consumer_initkwargs: dict[str, Any]

class AsyncConsumer:
    channel_layer_alias: str | None
    asgi_events_from_layer: ClassVar[bool | None]
    scope: ChannelScope
    channel_name: str
    channel_receive: ASGIReceiveCallable
    _handlers: ClassVar[dict[str, Handler]]
    _routes: ClassVar[dict[str, Handler] | None]
    _validators: ClassVar[dict[str, Lazy[Validator]]]
    _local_names: ClassVar[Mapping[str, Any]]
    _memberships: ClassVar[set[type['Group[Any, Any]']]]
    _params_reader: ClassVar[ParamsReader[BaseModel] | None]
    _protocol: ClassVar[str | None]
    _served: ClassVar[frozenset[str]]
    _connection: Connection | None
    _phase: Phase
    _joined: Mapping[str, 'Group[Any, Any]']
    def __init_subclass__(cls, **kwargs: Any) -> None: ...
    def __init__(self, *args: GivenArgument, **kwargs: Any) -> None: ...
    async def __call__(self, *args: Any, **kwargs: Any) -> None: ...
    async def dispatch(self, message: ChannelMessage) -> None: ...
    async def join(self, group: Group[Any, Self]) -> None: ...
    async def leave(self, group: "Group[Any, Any]") -> None: ...
    def __repr__(self) -> str: ...
    async def channel_invalid(self, error: InvalidEventError) -> None: ...
    async def params_invalid(self, error: InvalidParamsError) -> None: ...
    def _handling_of(self, message: ChannelMessage, origin: Origin, inbox: Inbox) -> Awaitable[None] | None: ...
    def _admitted(self, message: ChannelMessage, handler: Handler) -> ChannelMessage: ...
    def _handler_of(self, message: ChannelMessage) -> Handler | None: ...
    def _find_handler(self, message: ChannelMessage) -> Handler: ...
    @classmethod
    def _unhandled(cls) -> str | None: ...
    @classmethod
    def _set_up(cls) -> None: ...
    @classmethod
    def _serves(cls, type_: str) -> bool: ...
    @classmethod
    def _answer_to(cls, type_: object) -> Answer | None: ...
    @classmethod
    def _validator_for(cls, model: type[AsgiEvent]) -> Validator: ...
    def _begin(self, scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> Inbox: ...
    def _furnish(self) -> None: ...
    def _prepare(self) -> None: ...
    def _find_layer(self) -> BaseChannelLayer | None: ...
    def _layer(self) -> BaseChannelLayer | None: ...
    async def _read_params(self, reader: ParamsReader[BaseModel], inbox: Inbox) -> bool: ...
    def _explained(self, error: BaseException) -> BaseException: ...
    @classmethod
    def _declares(cls) -> bool: ...
    def _check_membership(self, group: type["Group[Any, Any]"], layer: BaseChannelLayer) -> None: ...
    async def _open_channel(self, layer: BaseChannelLayer, inbox: Inbox) -> None: ...
    async def _settle(self, error: BaseException, event: Mapping[str, Any], origin: Origin) -> None: ...
    def _warn_of_sending_after_close(self, event: Mapping[str, Any]) -> None: ...
    def _is_of_protocol(self, event: Mapping[str, Any]) -> bool: ...
    def _is_over(self) -> bool: ...
    def _last_steps(self, inbox: Inbox, error: BaseException | None = None) -> list[Step]: ...
    async def _fail(self, error: BaseException, inbox: Inbox, send: ASGISendCallable) -> None: ...
    def _code_of_end(self, inbox: Inbox, error: BaseException | None) -> int: ...
    def _group_names(self) -> Iterable[str]: ...
    def _may_be_member(self) -> bool: ...
    async def _leave_groups(self) -> None: ...
    async def _discard_groups(self) -> None: ...
    async def _disconnect_once(self, code: int) -> None: ...
    async def _disconnect(self, code: int) -> None: ...
    def _run_disconnect(self, code: int) -> Awaitable[None]: ...
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

def steering(group: BaseExceptionGroup[BaseException]) -> BaseException: ...
