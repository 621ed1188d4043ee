"""What becomes of an error that a handler raises: some are no fault of the application."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from fast_channels.consumer.foreign import LIFESPAN
from fast_channels.consumer.inbox import LAST, LAYER, Origin
from fast_channels.consumer.steering import steering
from fast_channels.events import EVENTS
from fast_channels.exceptions import ConnectionClosed, InvalidEventError, StopConsumer
from fast_channels.protocol import GONE
from fast_channels.untrusted import printable

if TYPE_CHECKING:
    from fast_channels.consumer.base import AsyncConsumer
    from fast_channels.protocol import Connection

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

_LOGGED: WeakKeyDictionary[type, set[str]] = WeakKeyDictionary()
"""What has been logged of each class of consumers, where once is enough."""


async def pass_over(
    connection: "Connection | None",
    consumer: "AsyncConsumer",
    error: BaseException,
    event: Mapping[str, Any],
    origin: Origin,
) -> None:
    """Pass over an error that is no fault of the application, or raise it.

    Args:
        connection: The connection, `None` for one of a protocol that ASGI does not define.
        consumer: The consumer.
        error: The error of a handler.
        event: What it handled.
        origin: Where that is from.
    """
    if isinstance(error, InvalidEventError):
        await _handle_unhandled(connection, consumer, error, event, origin)
    elif not (isinstance(error, ConnectionClosed) and connection and connection.closed):
        raise error
    elif connection.state != GONE and origin is not LAYER:
        text = "sent an event after it had closed the connection, so its handler of %s was ended"
        warn_once(consumer, text, event["type"])
    else:
        # Its error has told the handler, and nobody could have known before: no warning is due.
        logger.debug("A handler of %s sent to a connection that is closed", printable(event["type"]))


async def _handle_unhandled(
    connection: "Connection | None",
    consumer: "AsyncConsumer",
    error: InvalidEventError,
    event: Mapping[str, Any],
    origin: Origin,
) -> None:
    """Decide what becomes of a message that nothing handles."""
    type_: object = event.get("type")
    if connection is not None and origin is not LAYER and not isinstance(type_, str):
        # Not even an event, so it is the server that is wrong.
        raise error
    if connection is None or origin is LAYER or not str(type_).startswith(f"{connection.protocol}."):
        await consumer.channel_invalid(error)
    elif connection.protocol == LIFESPAN and type_ in EVENTS:
        # A class with a handler for one of the two has nothing to do at the other.
        await consumer.base_send({"type": f"{type_}.complete"})
    elif type_ in EVENTS and origin is not LAST:
        # The server waits for what only a handler could do.
        raise error
    else:
        # The server's doing: the last event needs no handler, and a server may have events that no
        # specification names, which a client could make it send until the log is full.
        logger.debug("%s does not handle %s; ignored", consumer, printable(str(type_)))


def pass_over_of_disconnect(consumer: "AsyncConsumer", error: BaseException) -> None:
    """Pass over an error of `disconnect()` that is no fault of the server, or raise it."""
    cause = steering(error)
    if isinstance(cause, ConnectionClosed):
        logger.warning("disconnect() of %s sent to a connection that is closed", consumer, exc_info=error)
    elif not isinstance(cause, StopConsumer):
        raise error
    # Otherwise the consumer is ending already.


def warn_once(consumer: "AsyncConsumer", text: str, *values: object) -> None:
    """Log a warning about a consumer, unless that was done for another one of its class."""
    logged = _LOGGED.setdefault(type(consumer), set())
    if text not in logged:
        logged.add(text)
        logger.warning(f"%s {text}; this is logged once for each class", consumer, *values)
