"""Why a WebSocket was closed: the codes of RFC 6455, section 7.4, and those that IANA registered since."""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final, Self

__all__ = ["CLOSE_CODES", "FIRST_FREE", "CloseCode", "CloseCodes", "may_be_sent"]


class CloseCode(IntEnum):
    """A close code with a name. Applications and libraries define the meanings of codes from 3000 on."""

    NORMAL = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS = 1005
    ABNORMAL = 1006
    INVALID_PAYLOAD = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015

    @property
    def meaning(self) -> str:
        """The reason for which a connection is closed with the code."""
        return _MEANINGS[self]

    @property
    def may_be_sent(self) -> bool:
        """Whether a close frame may contain the code; the others are only reported locally."""
        return self not in _NEVER_SENT


_MEANINGS: Mapping[CloseCode, str] = MappingProxyType(
    {
        CloseCode.NORMAL: "the purpose of the connection is fulfilled",
        CloseCode.GOING_AWAY: "the user has left the page, or the server is shutting down",
        CloseCode.PROTOCOL_ERROR: "the peer violated the protocol",
        CloseCode.UNSUPPORTED_DATA: "a frame of a kind that is not supported, text or binary",
        CloseCode.NO_STATUS: "the close frame had no code",
        CloseCode.ABNORMAL: "the connection was lost without a close frame",
        CloseCode.INVALID_PAYLOAD: "the content of a frame is invalid",
        CloseCode.POLICY_VIOLATION: "a rule of the application was violated",
        CloseCode.MESSAGE_TOO_BIG: "a frame is too large",
        CloseCode.MANDATORY_EXTENSION: "the server did not accept an extension that the client needs",
        CloseCode.INTERNAL_ERROR: "a handler raised an error",
        CloseCode.SERVICE_RESTART: "the server is restarting",
        CloseCode.TRY_AGAIN_LATER: "the server is overloaded",
        CloseCode.BAD_GATEWAY: "a gateway got an invalid response from the server behind it",
        CloseCode.TLS_HANDSHAKE: "the TLS handshake failed",
    }
)

_NEVER_SENT = frozenset({CloseCode.NO_STATUS, CloseCode.ABNORMAL, CloseCode.TLS_HANDSHAKE})

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
"""The codes that may be sent, as ranges with both ends included."""


def may_be_sent(code: int) -> bool:
    """Tell whether a close frame may have a code."""
    return any(first <= code <= last for first, last in CLOSE_CODES)


class CloseCodes(IntEnum):
    """A base of the close codes of an application, each with what it means.

        class ChatClose(CloseCodes):
            UNAUTHORIZED = 4401, "there is no token, or it has expired"
            NO_SUCH_ROOM = 4404, "the room does not exist any more"

    Codes from 4000 on are free; those from 3000 on are registered with IANA. RFC 6455, section 7.4.2.

    Attributes:
        meaning: What it tells, `""` if nobody says.
    """

    meaning: str

    def __new__(cls, code: int, meaning: str = "") -> Self:
        """Make a code.

        Raises:
            ValueError: RFC 6455 defines its meaning, or a close frame cannot have it.
        """
        if code < FIRST_FREE or not may_be_sent(code):
            raise ValueError(f"{code} is not a close code of an application; those are {FIRST_FREE} to 4999")
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member
