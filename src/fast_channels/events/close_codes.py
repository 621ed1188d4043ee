"""Why a WebSocket was closed: the codes of RFC 6455, section 7.4, and those that IANA registered since."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import Final, Self

__all__ = ["CLOSE_CODES", "FIRST_FREE", "CloseCode"]


class CloseCode(IntEnum):
    """A close code with a name. Codes from 3000 on have a meaning of an application's or a library's own.

    Attributes:
        meaning: What it tells.
        may_be_sent: Whether a close frame may have it; the others are only told by the end that notices.
    """

    _value_: int
    meaning: str
    may_be_sent: bool

    def __new__(cls, code: int, meaning: str, may_be_sent: bool = True) -> Self:
        """Make a code with its meaning."""
        self = int.__new__(cls, code)
        self._value_ = code
        self.meaning = meaning
        self.may_be_sent = may_be_sent
        return self

    NORMAL = 1000, "what the connection was for is done"
    GOING_AWAY = 1001, "a page is left, or a server stops"
    PROTOCOL_ERROR = 1002, "the other end broke the protocol"
    UNSUPPORTED_DATA = 1003, "a frame of a kind that is not accepted, text or binary"
    NO_STATUS = 1005, "the close frame had no code", False
    ABNORMAL = 1006, "the connection was lost without a close frame", False
    INVALID_PAYLOAD = 1007, "the content of a frame does not fit"
    POLICY_VIOLATION = 1008, "a rule of the application was broken"
    MESSAGE_TOO_BIG = 1009, "a frame is too large"
    MANDATORY_EXTENSION = 1010, "the server did not agree to an extension that the client needs"
    INTERNAL_ERROR = 1011, "a handler raised an error"
    SERVICE_RESTART = 1012, "the server restarts"
    TRY_AGAIN_LATER = 1013, "the server is overloaded"
    BAD_GATEWAY = 1014, "a server behind the server did not answer as it should"
    TLS_HANDSHAKE = 1015, "there was no TLS connection", False


FIRST_FREE: Final = 3000
"""The first close code that is not for the protocol itself; the last one is 4999. RFC 6455, section 7.4.2."""


def _ranges(codes: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Return the first and the last of each sequence of codes without a gap."""
    ordered = sorted(codes)
    firsts = (code for code in ordered if code - 1 not in ordered)
    lasts = (code for code in ordered if code + 1 not in ordered)
    return zip(firsts, lasts, strict=True)


CLOSE_CODES: tuple[tuple[int, int], ...] = (
    *_ranges(code.value for code in CloseCode if code.may_be_sent and code < FIRST_FREE),
    (FIRST_FREE, 4999),
)
"""Those that may be sent, as ranges."""
