# Written by `python -m fast_channels.codegen`; changes made by hand are lost.
import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from types import coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar
from fast_channels.consumer.handlers import Handler, build_table, handler_name
from fast_channels.consumer.inbox import Inbox, Origin
from fast_channels.events import AsgiEvent
from fast_channels.events.wire import Validator, Validators, model_validator, wire_validator
from fast_channels.exceptions import ConnectionClosed, InvalidChannelLayerError, StopConsumer
from fast_channels.layers import BaseChannelLayer, channel_layers, get_channel_layer
from fast_channels.messages.annotations import local_names
from fast_channels.protocol import CONNECTIONS, Connection
from fast_channels.type_defs import ASGIReceiveCallable, ASGISendCallable, ChannelMessage, ChannelScope
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


__all__ = ["AsyncConsumer", "ConsumerApplication", "get_handler_name"]

logger = logging.getLogger("fast_channels.consumer")

CANCELLED_CLEANUP_SECONDS = 10.0

NO_STATUS = 1005

ABNORMAL = 1006

INTERNAL_ERROR = 1011

_C_co = TypeVar("_C_co", bound="AsyncConsumer", covariant=True)

def get_handler_name(message: ChannelMessage) -> str: ...

async def run_all(*steps: Callable[[], Awaitable[None]]) -> None: ...

async def despite(error: BaseException, steps: Sequence[Callable[[], Awaitable[None]]]) -> NoReturn: ...

class ConsumerApplication(Generic[_C_co]):
    @property
    def consumer_class(self) -> type[_C_co]: ...
    def __init__(self, consumer_class: type[_C_co], initkwargs: dict[str, Any]) -> None: ...
    async def __call__(self, *args: Any, **kwargs: Any) -> None: ...
    consumer_initkwargs: dict[str, Any]

class AsyncConsumer:
    channel_layer_alias: str | None
    channel_layer: BaseChannelLayer
    channel_name: str
    channel_receive: ASGIReceiveCallable
    _handlers: ClassVar[dict[str, Handler]]
    _routes: ClassVar[dict[str, Handler]]
    _validators: ClassVar[dict[str, Validators]]
    _handler_names: ClassVar[Mapping[str, Any]]
    _connection: Connection | None
    _began: bool
    _ended: bool
    _running: bool
    def __init_subclass__(cls, **kwargs: Any) -> None: ...
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    async def __call__(self, *args: Any, **kwargs: Any) -> None: ...
    async def dispatch(self, message: ChannelMessage) -> None: ...
    def _find_handler(self, message: ChannelMessage) -> Handler: ...
    @classmethod
    def _set_up(cls) -> None: ...
    @classmethod
    def _validator_for(cls, model: type[AsgiEvent]) -> Validator: ...
    def _prepare(self) -> None: ...
    def _find_layer(self) -> BaseChannelLayer | None: ...
    def _layer(self) -> BaseChannelLayer | None: ...
    async def _live(self, inbox: Inbox) -> None: ...
    async def _open_channel(self, layer: BaseChannelLayer, inbox: Inbox) -> None: ...
    async def _handle_all(self, inbox: Inbox) -> None: ...
    def _is_of_protocol(self, event: Mapping[str, Any]) -> bool: ...
    def _is_over(self) -> bool: ...
    def _last_steps(self, inbox: Inbox, code: int) -> list[Callable[[], Awaitable[None]]]: ...
    async def _disconnect_once(self, code: int) -> None: ...
    async def _run_disconnect(self, code: int) -> None: ...
    _sends: Any
    @property
    def scope(self) -> ChannelScope: ...
    @scope.setter
    def scope(self, scope: ChannelScope) -> None: ...
    @property
    def base_send(self) -> _BaseSend: ...
    @base_send.setter
    def base_send(self, send: Callable[[Any], Awaitable[None]]) -> None: ...
    @overload
    async def send(self: _SendsEvents, message: _Sent) -> None: ...
    @overload
    async def send(self: _SendsFrames, *args: Any, **kwargs: Any) -> None: ...
    @classmethod
    def as_asgi(
        cls: Callable[_P, _C], *args: _P.args, **initkwargs: _P.kwargs
    ) -> ConsumerApplication[_C]: ...
