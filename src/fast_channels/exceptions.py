"""The exceptions of fast_channels: errors that it raises, and exceptions with which consumers control it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from fast_channels.untrusted import printable

__all__ = [
    "AcceptConnection",
    "ChannelFull",
    "ConnectionClosed",
    "DenyConnection",
    "InvalidChannelLayerError",
    "InvalidEventError",
    "InvalidMessageError",
    "InvalidMessageKind",
    "InvalidParamsError",
    "LocalProtocolError",
    "MessageTooLarge",
    "MessageValueError",
    "NotAuthenticated",
    "ProtocolError",
    "RemoteProtocolError",
    "ReplyError",
    "SchemaError",
    "StopConsumer",
]


class AcceptConnection(Exception):
    """Raised by `connect()` to accept the WebSocket handshake."""


class DenyConnection(Exception):
    """Raised by `connect()` to refuse the WebSocket handshake.

    Without a status the server answers 403. With a status, the client receives this response if the server
    offers the extension "Websocket Denial Response", and otherwise a plain 403.

    Args:
        status: HTTP status code of the response.
        headers: Headers of the response, as pairs or as a mapping.
        body: Body of the response.
    """

    def __init__(
        self,
        status: int | None = None,
        headers: Iterable[tuple[bytes, bytes]] | Mapping[bytes, bytes] = (),
        body: bytes = b"",
    ) -> None:
        super().__init__(status, headers, body)
        self.status = status
        self.headers = headers
        self.body = body


class StopConsumer(Exception):
    """Raised by a handler to end its consumer; the application then returns normally."""


class InvalidChannelLayerError(ValueError):
    """A channel layer is not registered, or a consumer needs a channel layer and has no alias."""


class ChannelFull(Exception):
    """A channel holds as many unread messages as its capacity allows."""


class MessageTooLarge(Exception):
    """A message is larger than a channel layer can carry."""


class MessageValueError(ValueError):
    """A message contains a value that no channel layer can carry, although the type of the value is allowed.

    A client may have chosen the value. A WebSocket consumer whose handler does not catch the error logs one
    warning and closes with 1011.
    """


class ProtocolError(Exception):
    """An event breaks the rules of its ASGI protocol.

    Attributes:
        state: Name of the state of the connection, or `None` if the error does not depend on a state.
        event: Type of the offending event, or `None` when it had none.
        legal: Types of the events that would have been legal instead.
    """

    def __init__(
        self,
        message: str,
        *,
        state: str | None = None,
        event: str | None = None,
        legal: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.state = state
        self.event = event
        self.legal: tuple[str, ...] = tuple(legal)


class LocalProtocolError(ProtocolError):
    """The application broke the rules; nothing was sent."""


class RemoteProtocolError(ProtocolError):
    """The server delivered an event that is not valid ASGI."""


class ConnectionClosed(ProtocolError, OSError):
    """The application sent on a connection that is closed.

    It is an `OSError`, as the ASGI HTTP and WebSocket specification (version 2.4) requires of servers, so
    code that catches errors of a plain ASGI `send` catches this one too.
    """


InvalidMessageKind: TypeAlias = Literal[
    "too_big", "unsupported_data", "undecodable", "unknown_tag", "invalid", "wrong_phase"
]
"""The kind of a mistake. `too_big`: the frame is larger than the consumer allows. `unsupported_data`: it is
binary, and the consumer takes text frames, or the reverse. `undecodable`: it is not JSON, or not in the
format of the codec. `unknown_tag`: it names a message type that does not exist. `invalid`: it does not match
its type. `wrong_phase`: it is a message, and not one of the phase of the connection."""


class InvalidMessageError(ValueError):
    """A WebSocket frame is not a valid message.

    A handler may raise it too, for a message that is valid but not acceptable; it is passed to
    `receive_invalid()` with the frame.

    Args:
        message: The text of the error, for the log.
        code: The close code that the consumer uses if it closes.
        errors: One `(path, reason)` for every mistake.
        excerpt: The beginning of the frame, safe to log.
        kind: The kind of the mistake.
        frame: The payload; `None` for that of the message that is being handled.
        parse: A function that parses the payload, `None` if it cannot be parsed.
        reason: A text for the client, or a function that makes one of the parsed value; the default is
            `message`.

    Attributes:
        code: Close code of RFC 6455, section 7.4.1 for this mistake: 1003 for a kind of frame that is not
            accepted, 1007 for an invalid payload, 1009 for a payload that is too large.
        errors: One `(path, reason)` for every mistake; the path is `""` for the whole frame. If there are
            more than 20 mistakes, only their number.
        excerpt: The beginning of the frame, safe to log.
        kind: The kind of the mistake: see `InvalidMessageKind`.
        frame: The payload of the frame, `None` if it is not known.
        parse: A function that parses the payload, `None` if it cannot be parsed.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int,
        errors: Sequence[tuple[str, str]] = (),
        excerpt: str = "",
        kind: InvalidMessageKind = "invalid",
        frame: str | bytes | None = None,
        parse: Callable[[Any], Any] | None = None,
        reason: str | Callable[[Any], str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.errors: tuple[tuple[str, str], ...] = tuple(errors)
        self.excerpt = excerpt
        self.kind: InvalidMessageKind = kind
        self.frame = frame
        self.parse = parse
        self._reason = message if reason is None else reason

    @property
    def value(self) -> Any:
        """The parsed value of the frame, `None` if it cannot be parsed. It is parsed on each access."""
        return None if self.parse is None else self.parse(self.frame)

    @property
    def reason(self) -> str:
        """A text for the client: at most 123 bytes of UTF-8, as a close reason. RFC 6455, section 5.5.

        In errors of the library it repeats only what the client has sent.
        """
        reason = self._reason
        return close_reason(reason if isinstance(reason, str) else reason(self.value))


def close_reason(text: str) -> str:
    """Return the beginning of a text that fits into a close frame: at most 123 bytes of UTF-8."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= _MAX_REASON:
        return encoded.decode()
    # Cut between two characters, with room for the three bytes of the ellipsis.
    return encoded[: _MAX_REASON - 3].decode("utf-8", "ignore") + "…"


_MAX_REASON = 123


class ReplyError(Exception):
    """Raised by a handler of a client message, or by a function that it calls, to send the reply.

    The reply is checked, correlated and sent as if the handler had returned it.

    Args:
        reply: The reply.
    """

    def __init__(self, reply: object) -> None:
        kind = type(reply).__name__
        super().__init__(f"a {kind} was raised as a reply, but no handler of a client message is running")
        self.reply = reply


class InvalidEventError(ValueError):
    """A message of the channel layer has no handler, or does not match its handler.

    Attributes:
        event: The message.
        errors: One `(path, reason)` for every mistake; empty if the message has no handler.
    """

    def __init__(
        self, message: str, *, event: Mapping[str, Any], errors: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.event = event
        self.errors: tuple[tuple[str, str], ...] = tuple(errors)


class InvalidParamsError(ValueError):
    """The parameters of a connection do not match the model `Params` of the consumer.

    Attributes:
        errors: One dictionary for every parameter that failed: `type` of the mistake, `loc` as a list that
            begins with `path`, `query`, `header` or `cookie`, and `msg`. Ready for JSON, and without the
            values.
    """

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        self.errors: list[dict[str, Any]] = [dict(error) for error in errors]
        told = (f"{_dotted(error['loc'])}: {error['msg']}" for error in errors)
        super().__init__(printable("; ".join(told), _MAX_SENTENCE))


def _dotted(location: Any) -> str:
    return ".".join(printable(str(step)) for step in location)


_MAX_SENTENCE = 600


class NotAuthenticated(Exception):
    """Raised by `authenticate()` to refuse a client that is not authenticated.

    Args:
        reason: The reason, which is sent to the client.
        status: HTTP status code of the response: 401, or 403 for a known user without the permission.
        headers: Headers of the response; by default the header that a 401 needs. RFC 9110, section 15.5.2.
    """

    def __init__(
        self,
        reason: str = "not authenticated",
        status: int = 401,
        headers: Iterable[tuple[bytes, bytes]] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        usual = [(b"www-authenticate", b"Bearer")] if status == _UNAUTHORIZED else []
        self.headers: list[tuple[bytes, bytes]] = usual if headers is None else [*headers]


_UNAUTHORIZED = 401


class SchemaError(ValueError):
    """A consumer declares no messages, or a message that has no JSON Schema."""
