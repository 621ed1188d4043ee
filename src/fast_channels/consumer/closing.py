"""The close codes that a consumer class declares."""

from enum import IntEnum

from typing_extensions import TypeIs

from fast_channels.events.close_codes import FIRST_FREE, may_be_sent
from fast_channels.exceptions import LocalProtocolError
from fast_channels.untrusted import kind_of

__all__ = ["require_close_codes", "require_declared"]


def require_close_codes(owner: str, codes: object) -> None:
    """Do nothing if `close_codes` is an enum of codes that may be sent, or nothing.

    Args:
        owner: The name of the class.
        codes: What its attribute is.

    Raises:
        TypeError: It is something else.
    """
    if codes is None:
        return
    if not _is_enum(codes):
        raise TypeError(f"{owner}.close_codes has to be an enum of close codes, not {kind_of(codes)}")
    wrong = [f"{code.name} = {code.value}" for code in codes if not may_be_sent(code)]
    if wrong:
        raise TypeError(f"{owner}.close_codes has {', '.join(wrong)}; a close frame cannot have that code")
    if not len(codes):
        raise TypeError(f"{owner}.close_codes has no members; leave it out, or write one")


def _is_enum(codes: object) -> TypeIs[type[IntEnum]]:
    return isinstance(codes, type) and issubclass(codes, IntEnum)


def require_declared(owner: str, codes: type[IntEnum], code: object) -> None:
    """Do nothing if a consumer may close with a code: one of its own, or one that the protocol defines.

    Args:
        owner: The name of the class.
        codes: What it declares.
        code: The code.

    Raises:
        LocalProtocolError: It may not.
    """
    # Of what is no code at all the protocol says more.
    if isinstance(code, int) and code >= FIRST_FREE and code not in {*codes}:
        known = ", ".join(f"{one.value} {one.name}" for one in codes)
        raise LocalProtocolError(
            f"{owner} closes with {code}, which its close_codes do not declare; declared: {known}",
            event="websocket.close",
        )
