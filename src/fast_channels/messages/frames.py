"""What is wrong with a frame that is no message."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from fast_channels.events.close_codes import CloseCode
from fast_channels.exceptions import InvalidMessageError, InvalidMessageKind
from fast_channels.messages.errors import failed_places, path, sentence, shortened
from fast_channels.untrusted import MAX_MISTAKES, shown

__all__ = [
    "exceeds",
    "invalid_frame",
    "not_a_message",
    "not_json",
    "too_big",
    "undecodable",
    "unsupported",
    "with_frame",
    "wrong_phase",
]


def exceeds(payload: str | bytes, limit: int) -> bool:
    """Tell whether a payload is longer than a number of bytes; a string is UTF-8 on the wire."""
    length = len(payload)
    if length > limit:
        return True
    # A character has at most four bytes, so most strings need not be encoded to be measured.
    if isinstance(payload, bytes) or 4 * length <= limit or payload.isascii():
        return False
    return len(payload.encode("utf-8", "surrogatepass")) > limit


def too_big(payload: str | bytes, limit: int) -> InvalidMessageError:
    """Return the error for a frame whose payload is longer than a number of bytes."""
    return InvalidMessageError(
        f"a WebSocket frame is larger than max_message_size, {shown(limit)} bytes",
        code=CloseCode.MESSAGE_TOO_BIG.value,
        errors=[("", f"Input should have at most {limit} bytes")],
        excerpt=shown(payload),
        kind="too_big",
        frame=payload,
        reason="the message is too big",
    )


def invalid_frame(frame: str | bytes | None) -> InvalidMessageError:
    """Return the error for a frame that cannot be JSON: one that is binary, or empty."""
    problem = "No text section for incoming WebSocket frame!"
    if frame == "":
        return InvalidMessageError(
            f"{problem} It is empty",
            code=CloseCode.INVALID_PAYLOAD.value,
            kind="undecodable",
            frame=frame,
            reason="the message is empty",
        )
    return InvalidMessageError(
        problem,
        code=CloseCode.UNSUPPORTED_DATA.value,
        kind="unsupported_data",
        frame=frame,
        reason="binary frames are not accepted",
    )


def unsupported(frame: str | bytes | None) -> InvalidMessageError:
    """Return the error for a frame of the wrong kind: a text where frames are binary, or vice versa."""
    kind = "binary" if isinstance(frame, bytes) else "text"
    return InvalidMessageError(
        f"a WebSocket frame is {kind}, and no such frames are accepted",
        code=CloseCode.UNSUPPORTED_DATA.value,
        excerpt=shown(frame or ""),
        kind="unsupported_data",
        frame=frame,
        reason=f"{kind} frames are not accepted",
    )


def undecodable(frame: str | bytes, error: Exception) -> InvalidMessageError:
    """Return the error for a frame whose payload a codec cannot read."""
    reason = shortened(str(error))
    return InvalidMessageError(
        f"a WebSocket frame cannot be decoded: {reason}",
        code=CloseCode.INVALID_PAYLOAD.value,
        errors=[("", reason)],
        excerpt=shown(frame),
        kind="undecodable",
        frame=frame,
        reason="the message cannot be decoded",
    )


def not_json(text: str, error: Exception) -> InvalidMessageError:
    """Return the error for a text that is not JSON, or no JSON that anybody can read."""
    reason = shortened(str(error))
    return InvalidMessageError(
        f"a WebSocket frame is not JSON: {reason}",
        code=CloseCode.INVALID_PAYLOAD.value,
        errors=[("", reason)],
        excerpt=shown(text),
        kind="undecodable",
        frame=text,
        # An application's own decoder may refuse what is JSON.
        parse=_parsed,
        reason="the message is not JSON",
    )


def _parsed(text: str) -> Any:
    try:
        return from_json(text)
    except ValueError:
        return None


def not_a_message(
    frame: object, error: ValidationError, *, parse: Callable[[Any], Any] = from_json, tags: int = 0
) -> InvalidMessageError:
    """Return the error for a frame that is not a message of the type that is asked for.

    Args:
        frame: The frame, or what an application has made of one.
        error: What pydantic says of it.
        parse: Returns the value that the frame is.
        tags: How many tags tell messages apart, one after the other.
    """
    kind, reason = _kind(error, tags)
    return InvalidMessageError(
        f"a WebSocket frame is not a message: {sentence(error)}",
        code=CloseCode.INVALID_PAYLOAD.value,
        errors=failed_places(error),
        excerpt=shown(frame),
        kind=kind,
        frame=frame if isinstance(frame, str | bytes) else None,
        parse=None if kind == "undecodable" else parse,
        reason=reason,
    )


def wrong_phase(
    frame: str | bytes | None, message: str, phase: str, parse: Callable[[Any], Any]
) -> InvalidMessageError:
    """Return the error for a message that the client may send, but not in the phase of its connection.

    Args:
        frame: The frame.
        message: The kind of message.
        phase: The phase.
        parse: Returns the value that the frame is.
    """
    return InvalidMessageError(
        f"a client has sent {message}, which does not belong to the phase {phase}",
        code=CloseCode.POLICY_VIOLATION.value,
        excerpt=shown("" if frame is None else frame),
        kind="wrong_phase",
        frame=frame,
        parse=parse,
        reason="the message is not allowed now",
    )


def with_frame(
    error: InvalidMessageError, frame: str | bytes | None, parse: Callable[[Any], Any] = from_json
) -> InvalidMessageError:
    """Return what an application has raised about the message of a frame, with that frame.

    The application may have raised it about something else, which it then has already.
    """
    if error.frame is None:
        error.frame = frame
        error.excerpt = error.excerpt or shown(frame)
        error.parse = error.parse or parse
    return error


def _kind(error: ValidationError, tags: int) -> tuple[InvalidMessageKind, str | Callable[[Any], str]]:
    """Return what kind of mistake pydantic has found, and the reason for the client."""
    if error.error_count() > MAX_MISTAKES:
        return "invalid", "the message is not valid"
    first = error.errors(include_url=False, include_input=False)[0]
    location = first["loc"]
    if first["type"] == "json_invalid":
        return "undecodable", "the message is not JSON"
    if first["type"] == "union_tag_invalid" and len(location) < tags:
        # Deeper ones are those of a field.
        return "unknown_tag", f"there is no message {shown(first.get('ctx', {}).get('tag'))}"
    return "invalid", partial(_invalid_at, location)


def _invalid_at(location: Sequence[int | str], value: object) -> str:
    place = path([*_sent(location, value)])
    return f"the message is not valid at {place}" if place else "the message is not valid"


def _sent(location: Sequence[int | str], value: Any) -> Iterator[int | str]:
    """Yield the steps of a location that are in a value; the others are names that the server has chosen."""
    for step in location:
        try:
            value = value[step]
        except (LookupError, TypeError):
            continue
        yield step
