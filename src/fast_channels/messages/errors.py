"""What pydantic says of a value that does not fit, in words that can be shown and logged."""

from pydantic import ValidationError

MAX_REASON = 200
"""How many characters of a reason are shown; it may quote what somebody sent, however long that is."""


def mistakes(error: ValidationError) -> list[tuple[str, str]]:
    """Return the path and the reason of everything that failed; the path is `""` for the whole value."""
    return [
        (".".join(map(str, item["loc"])), shortened(item["msg"]))
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]


def sentence(error: ValidationError) -> str:
    """Return everything that failed on one line."""
    return "; ".join(f"{path or 'the whole'}: {reason}" for path, reason in mistakes(error))


def shortened(reason: str) -> str:
    """Return a reason on one line, and only its beginning if it is long."""
    reason = " ".join(reason.split())
    return reason if len(reason) <= MAX_REASON else reason[:MAX_REASON] + "…"
