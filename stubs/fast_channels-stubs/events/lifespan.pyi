# Written by `nox -s generate`; changes made by hand are lost.

from typing import Literal
from .base import ReceiveEvent, SendEvent, Text
import builtins
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeVar, overload

from fast_channels.events.dicts import AsgiVersionsDict

_Default = TypeVar("_Default")

class LifespanStartupEvent(ReceiveEvent):
    """The server is ready to start. "Startup - receive event"."""
    type: Final[Literal["lifespan.startup"]] = ...
    def __init__(
        self,
        *,
        type: Literal["lifespan.startup"] = ...,
    ) -> None:
        """The server is ready to start. "Startup - receive event"."""
    @overload
    def __getitem__(self, key: Literal["type"]) -> Literal["lifespan.startup"]: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def get(self, key: Literal["type"], default: object = None) -> Literal["lifespan.startup"]: ...
    @overload
    def get(self, key: str, default: object = None) -> Any: ...

class LifespanStartupCompleteEvent(SendEvent):
    """The application has started. "Startup Complete - send event"."""
    type: Final[Literal["lifespan.startup.complete"]] = ...
    def __init__(
        self,
        *,
        type: Literal["lifespan.startup.complete"] = ...,
    ) -> None:
        """The application has started. "Startup Complete - send event"."""
    @overload
    def __getitem__(self, key: Literal["type"]) -> Literal["lifespan.startup.complete"]: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def get(self, key: Literal["type"], default: object = None) -> Literal["lifespan.startup.complete"]: ...
    @overload
    def get(self, key: str, default: object = None) -> Any: ...

class LifespanStartupFailedEvent(SendEvent):
    """The application could not start. "Startup Failed - send event"."""
    type: Final[Literal["lifespan.startup.failed"]] = ...
    message: Final[str] = ...
    def __init__(
        self,
        *,
        type: Literal["lifespan.startup.failed"] = ...,
        message: str = ...,
    ) -> None:
        """The application could not start. "Startup Failed - send event"."""
    @overload
    def __getitem__(self, key: Literal["type"]) -> Literal["lifespan.startup.failed"]: ...
    @overload
    def __getitem__(self, key: Literal["message"]) -> str: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def get(self, key: Literal["type"], default: object = None) -> Literal["lifespan.startup.failed"]: ...
    @overload
    def get(self, key: Literal["message"], default: object = None) -> str: ...
    @overload
    def get(self, key: str, default: object = None) -> Any: ...

class LifespanShutdownEvent(ReceiveEvent):
    """The server has closed all connections and stops. "Shutdown - receive event"."""
    type: Final[Literal["lifespan.shutdown"]] = ...
    def __init__(
        self,
        *,
        type: Literal["lifespan.shutdown"] = ...,
    ) -> None:
        """The server has closed all connections and stops. "Shutdown - receive event"."""
    @overload
    def __getitem__(self, key: Literal["type"]) -> Literal["lifespan.shutdown"]: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def get(self, key: Literal["type"], default: object = None) -> Literal["lifespan.shutdown"]: ...
    @overload
    def get(self, key: str, default: object = None) -> Any: ...

class LifespanShutdownCompleteEvent(SendEvent):
    """The application has cleaned up. "Shutdown Complete - send event"."""
    type: Final[Literal["lifespan.shutdown.complete"]] = ...
    def __init__(
        self,
        *,
        type: Literal["lifespan.shutdown.complete"] = ...,
    ) -> None:
        """The application has cleaned up. "Shutdown Complete - send event"."""
    @overload
    def __getitem__(self, key: Literal["type"]) -> Literal["lifespan.shutdown.complete"]: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def get(self, key: Literal["type"], default: object = None) -> Literal["lifespan.shutdown.complete"]: ...
    @overload
    def get(self, key: str, default: object = None) -> Any: ...

class LifespanShutdownFailedEvent(SendEvent):
    """The application could not clean up. "Shutdown Failed - send event"."""
    type: Final[Literal["lifespan.shutdown.failed"]] = ...
    message: Final[str] = ...
    def __init__(
        self,
        *,
        type: Literal["lifespan.shutdown.failed"] = ...,
        message: str = ...,
    ) -> None:
        """The application could not clean up. "Shutdown Failed - send event"."""
    @overload
    def __getitem__(self, key: Literal["type"]) -> Literal["lifespan.shutdown.failed"]: ...
    @overload
    def __getitem__(self, key: Literal["message"]) -> str: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def get(self, key: Literal["type"], default: object = None) -> Literal["lifespan.shutdown.failed"]: ...
    @overload
    def get(self, key: Literal["message"], default: object = None) -> str: ...
    @overload
    def get(self, key: str, default: object = None) -> Any: ...
