"""When the events of an HTTP request are legal. ASGI HTTP and WebSocket specification 2.5, "HTTP"."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from .machine import Connection
from .states import COMPLETE, DEBUGGED, GONE, INIT
from .steps import Guard, needs
from .table import Table, Verdict, tolerant

BODY = "BODY"
"""More of the request body may come."""
DONE = "DONE"
"""The request body is complete."""

STARTED = "STARTED"
STREAMING = "STREAMING"
STARTED_WITH_TRAILERS = "STARTED_WITH_TRAILERS"
STREAMING_WITH_TRAILERS = "STREAMING_WITH_TRAILERS"
TRAILERS = "TRAILERS"
"""The body is complete, its trailers are not."""

REQUEST = Table(
    initial=BODY,
    rows={
        BODY: {"http.request (more)": BODY, "http.request": DONE, "http.disconnect": GONE},
        DONE: {"http.disconnect": GONE},
        GONE: {},
    },
)


def _before_start(here: str) -> dict[str, str]:
    return {
        # The specification puts these two after the start; every server that has them wants them before.
        "http.response.early_hint": here,
        "http.response.push": here,
        "http.response.start": STARTED,
        "http.response.start (trailers)": STARTED_WITH_TRAILERS,
        "http.disconnect": GONE,
    }


def _streaming(here: str, streaming: str, complete: str) -> dict[str, str]:
    return {
        "http.response.early_hint": here,
        "http.response.push": here,
        "http.response.body (more)": streaming,
        "http.response.body": complete,
        "http.response.zerocopysend (more)": streaming,
        "http.response.zerocopysend": complete,
        "http.disconnect": GONE,
    }


_AFTER_THE_END = (
    "http.response.body",
    "http.response.body (more)",
    "http.response.zerocopysend",
    "http.response.zerocopysend (more)",
    "http.response.pathsend",
    "http.response.trailers",
    "http.response.trailers (more)",
)

RESPONSE = Table(
    initial=INIT,
    rows={
        INIT: {"http.response.debug": DEBUGGED, **_before_start(INIT)},
        DEBUGGED: _before_start(DEBUGGED),
        STARTED: {**_streaming(STARTED, STREAMING, COMPLETE), "http.response.pathsend": COMPLETE},
        STREAMING: _streaming(STREAMING, STREAMING, COMPLETE),
        STARTED_WITH_TRAILERS: {
            **_streaming(STARTED_WITH_TRAILERS, STREAMING_WITH_TRAILERS, TRAILERS),
            "http.response.pathsend": TRAILERS,
        },
        STREAMING_WITH_TRAILERS: _streaming(STREAMING_WITH_TRAILERS, STREAMING_WITH_TRAILERS, TRAILERS),
        TRAILERS: {
            "http.response.trailers (more)": TRAILERS,
            "http.response.trailers": COMPLETE,
            "http.disconnect": GONE,
        },
        COMPLETE: {"http.disconnect": COMPLETE},
        GONE: {},
    },
    otherwise={GONE: Verdict.CLOSED},
    exceptions={COMPLETE: dict.fromkeys(_AFTER_THE_END, Verdict.DROPPED)},
)


class HttpConnection(Connection):
    """The state of one HTTP request and of its response, which do not wait for each other.

    `request_state` is how much of the request has come, `state` is that of the response.
    """

    __slots__ = ()

    protocol = "http"
    table = RESPONSE
    requests: ClassVar[Table | None] = REQUEST
    guards: ClassVar[Mapping[str, Guard]] = MappingProxyType(
        {"http.response.start (trailers)": needs("http.response.trailers")}
    )

    def _received(self, name: str) -> None:
        cell = REQUEST.cells[self.request_state][name]
        self.request_state: str = cell.next if cell.legal else tolerant(REQUEST, self.request_state, name)
        row = RESPONSE.cells[self.state]
        if name in row:
            self.state: str = row[name].next
