"""How events reach the server: checked, and with turns for the event loop in between."""

import asyncio
import logging
from typing import TYPE_CHECKING

from fast_channels.consumer.inbox import Inbox
from fast_channels.exceptions import ConnectionClosed
from fast_channels.type_defs import ASGISendCallable, ChannelMessage
from fast_channels.untrusted import shown

if TYPE_CHECKING:
    from fast_channels.protocol import Connection

logger: logging.Logger = logging.getLogger("fast_channels.consumer")

CRASH_CLOSE_SECONDS = 2.0
"""How long the close frame of a consumer that has failed may take: a client that does not read gets none."""

SENDS_PER_TURN = 32
"""After how many events that a handler has sent the event loop gets its turn."""


class Sender:
    """The server's `send`, for events that are checked first; smaller than a function in a function.

    Args:
        connection: What says which events are legal.
        inbox: The events of the same connection.
        send: The server's `send`.
    """

    __slots__ = ("_connection", "_inbox", "_send")

    def __init__(self, connection: "Connection", inbox: Inbox, send: ASGISendCallable) -> None:
        self._connection = connection
        self._inbox = inbox
        self._send = send

    async def send(self, message: ChannelMessage) -> None:
        """Check an event and send it to the server.

        Raises:
            LocalProtocolError: The event is not valid, or not legal now; nothing was sent.
            ConnectionClosed: The connection is gone.
        """
        connection = self._connection
        event = connection.send(message)
        if event is None:
            return
        send = self._send
        inbox = self._inbox
        inbox.answers += 1
        if inbox.answers >= SENDS_PER_TURN:
            # The send of many servers never waits, so one that only sends would never hear of its client.
            inbox.answers = 0
            await asyncio.sleep(0)
        try:
            await send(event)
        except Exception as error:
            await recover(connection, send, event, error)


async def recover(
    connection: "Connection", send: ASGISendCallable, event: ChannelMessage, error: Exception
) -> None:
    """Send something else in place of an event that the server refused, if there is something.

    Raises:
        ConnectionClosed: The connection is gone.
        Exception: The error, if nothing can be sent.
    """
    if isinstance(error, OSError):
        connection.lost()
        text = f"{event['type']} could not be sent: the connection is closed"
        raise ConnectionClosed(text, state=connection.state, event=event["type"]) from error
    if (substitute := connection.substitute(event)) is None:
        raise error
    await send(substitute)
    _warn_of_substitute(event["code"], substitute["code"], error)


_warned = False
"""Whether the process has said that its server refuses some close codes."""


def _warn_of_substitute(refused: int, sent: int, error: Exception) -> None:
    global _warned
    if not _warned:
        _warned = True
        text = (
            "the server refuses close code %s (%s), so the client gets %s; other refused codes are replaced "
            "in the same way, and this is logged once"
        )
        logger.warning(text, refused, shown(str(error)), sent)


async def send_last(send: ASGISendCallable, event: ChannelMessage, inbox: Inbox) -> None:
    """Send an event that does not matter any more if the client is gone, or does not read."""
    if inbox.ended or inbox.lost:
        return
    try:
        async with asyncio.timeout(CRASH_CLOSE_SECONDS):
            await send(event)
    except Exception as error:
        # No warning: the application's error, of which this was to tell the client, is raised anyway, and the
        # client is gone or does not read. daphne takes no 1011, and sends it when it sees that error.
        logger.debug("%s could not be sent after an error: %s", event["type"], shown(str(error)))
