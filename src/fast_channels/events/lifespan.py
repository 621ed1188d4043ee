"""Events of the Lifespan protocol. ASGI Lifespan specification 2.0."""

from typing import Literal

from .base import ReceiveEvent, SendEvent, Text


class LifespanStartupEvent(ReceiveEvent):
    """The server is ready to start. "Startup - receive event"."""

    type: Literal["lifespan.startup"] = "lifespan.startup"


class LifespanStartupCompleteEvent(SendEvent):
    """The application has started. "Startup Complete - send event"."""

    type: Literal["lifespan.startup.complete"] = "lifespan.startup.complete"


class LifespanStartupFailedEvent(SendEvent):
    """The application could not start. "Startup Failed - send event"."""

    type: Literal["lifespan.startup.failed"] = "lifespan.startup.failed"
    message: Text = ""


class LifespanShutdownEvent(ReceiveEvent):
    """The server has closed all connections and stops. "Shutdown - receive event"."""

    last = True

    type: Literal["lifespan.shutdown"] = "lifespan.shutdown"


class LifespanShutdownCompleteEvent(SendEvent):
    """The application has cleaned up. "Shutdown Complete - send event"."""

    type: Literal["lifespan.shutdown.complete"] = "lifespan.shutdown.complete"


class LifespanShutdownFailedEvent(SendEvent):
    """The application could not clean up. "Shutdown Failed - send event"."""

    type: Literal["lifespan.shutdown.failed"] = "lifespan.shutdown.failed"
    message: Text = ""
