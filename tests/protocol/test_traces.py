"""What real servers deliver is accepted, and what applications really send is judged as it should be.

The traces are of uvicorn and granian, each with applications that follow the specification and with
applications (`v-...`) that break it in one way each. Every refusal is in a table, with its reason.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import pytest

from fast_channels.events import AsgiModel, HttpScope, LifespanScope, WebSocketScope
from fast_channels.exceptions import ConnectionClosed, LocalProtocolError, RemoteProtocolError
from fast_channels.protocol import CONNECTIONS

from .trace_data import TRACES, Trace

SCOPES: Mapping[str, type[AsgiModel]] = {
    "http": HttpScope,
    "websocket": WebSocketScope,
    "lifespan": LifespanScope,
}

Outcome: TypeAlias = type[Exception] | str | None
"""The class of the error, "dropped" (a warning), "ignored" (silence), or `None` for an event that is sent."""


class Judged(NamedTuple):
    """An event that an application sent, and what became of it."""

    type: Any
    outcome: Outcome
    why: str = ""


class Refused(NamedTuple):
    """A row of a table: the first event of a trace that is not sent.

    Attributes:
        type: Its type, if it had one.
        why: What the error or the warning says of it.
        then: The types of later events, which are not legal because that one was not sent.
        outcome: What becomes of it.
    """

    type: Any
    why: str
    then: tuple[str, ...] = ()
    outcome: Outcome = LocalProtocolError


START = "http.response.start"
BODY = "http.response.body"
TRAILERS = "http.response.trailers"
PUSH = "http.response.push"
HINT = "http.response.early_hint"
DEBUG = "http.response.debug"
PATH = "http.response.pathsend"
COPY = "http.response.zerocopysend"
ACCEPT = "websocket.accept"
SEND = "websocket.send"
CLOSE = "websocket.close"
DENY = "websocket.http.response.start"
DENIAL = "websocket.http.response.body"
STARTED = "lifespan.startup.complete"
FAILED = "lifespan.startup.failed"
STOPPED = "lifespan.shutdown.complete"

NO_TYPE = "a mapping with a string as its 'type'"
LATE = "was sent after the response was complete; it is dropped"
FRAME = "a frame carries exactly one of text and bytes"


def _needs(type_: str) -> Refused:
    return Refused(type_, f"needs the extension {type_}, which the server does not offer")


REFUSED: Mapping[str, Refused] = {
    # Extensions that the server does not offer.
    "http-debug-before-start": _needs(DEBUG),
    "http-earlyhint-before-start": _needs(HINT),
    "http-earlyhint-after-start": _needs(HINT),
    "http-push-before-start": _needs(PUSH),
    "http-push-after-start": _needs(PUSH),
    "http-trailers": Refused(START, f"needs the extension {TRAILERS}", (BODY, TRAILERS)),
    "http-trailers-more": Refused(START, f"needs the extension {TRAILERS}", (BODY, BODY, TRAILERS, TRAILERS)),
    "http-zerocopysend": _needs(COPY),
    "http-zerocopysend-body-mix": _needs(COPY),
    "http-zerocopysend-fd": _needs(COPY),
    "uvicorn-httptools-sansio-http-pathsend": _needs(PATH),
    "uvicorn-httptools-sansio-http-pathsend-missing-file": _needs(PATH),
    "uvicorn-httptools-sansio-http-pathsend-nocl": _needs(PATH),
    "uvicorn-httptools-sansio-http-pathsend-then-body": _needs(PATH),
    "uvicorn-httptools-sansio-http-pathsend-twice": _needs(PATH)._replace(then=(PATH,)),
    "v-http-trailers-flag-nosend": Refused(START, f"needs the extension {TRAILERS}", (BODY,)),
    "v-http-trailers-noext": Refused(START, f"needs the extension {TRAILERS}", (BODY, TRAILERS)),
    # Events that come too early, too late or twice.
    "http-debug-after-start": Refused(DEBUG, "not legal in state STARTED"),
    "http-earlyhint-after-complete": Refused(HINT, "not legal in state COMPLETE"),
    "http-pathsend-after-body": Refused(PATH, "not legal in state STREAMING"),
    "http-pathsend-before-start": Refused(PATH, "not legal in state INIT"),
    "v-http-body-before-start": Refused(BODY, "not legal in state INIT"),
    "v-http-body-before-start-then-ok": Refused(BODY, "not legal in state INIT"),
    "v-http-double-start": Refused(START, "not legal in state STARTED"),
    "v-http-start-after-complete": Refused(START, "not legal in state COMPLETE"),
    "v-http-status-103": Refused(START, "not legal in state STARTED"),
    "v-http-trailers-before-start": Refused(TRAILERS, "not legal in state INIT"),
    "v-lifespan-double-complete": Refused(STARTED, "not legal in state STARTED"),
    "v-lifespan-double-shutdown": Refused(STOPPED, "not legal in state STOPPED"),
    "v-lifespan-failed-after-complete": Refused(FAILED, "not legal in state STARTED"),
    "v-lifespan-shutdown-early": Refused(STOPPED, "not legal in state STARTING"),
    "v-ws-accept-after-denial-start": Refused(ACCEPT, "not legal in state DENYING"),
    "v-ws-close-after-denial-start": Refused(CLOSE, "not legal in state DENYING"),
    "v-ws-denial-after-accept": Refused(DENY, "not legal in state OPEN", (DENIAL,)),
    "v-ws-denial-body-before-start": Refused(DENIAL, "not legal in state HANDSHAKE"),
    "v-ws-denial-double-start": Refused(DENY, "not legal in state DENYING"),
    "v-ws-double-accept": Refused(ACCEPT, "not legal in state OPEN"),
    "v-ws-send-before-accept": Refused(SEND, "not legal in state HANDSHAKE"),
    "v-ws-send-before-accept-then-accept": Refused(SEND, "not legal in state HANDSHAKE"),
    # Events on a connection that the application has closed.
    "v-ws-accept-after-close": Refused(ACCEPT, "the connection is closed", outcome=ConnectionClosed),
    "v-ws-send-after-close": Refused(SEND, "the connection is closed", outcome=ConnectionClosed),
    "v-ws-send-after-deny": Refused(SEND, "the connection is closed", outcome=ConnectionClosed),
    "v-ws-close-after-close": Refused(CLOSE, "", outcome="ignored"),
    "v-ws-close-after-deny": Refused(CLOSE, "", outcome="ignored"),
    "v-ws-close-after-denial-complete": Refused(CLOSE, "", outcome="ignored"),
    # Events after the end of a response, which the specification ignores.
    "granian-http-pathsend-then-body": Refused(BODY, LATE, outcome="dropped"),
    "granian-http-pathsend-twice": Refused(PATH, LATE, outcome="dropped"),
    "v-http-body-after-complete": Refused(BODY, LATE, outcome="dropped"),
    "v-http-trailers-noflag": Refused(TRAILERS, LATE, outcome="dropped"),
    "v-ws-denial-body-after-complete": Refused(DENIAL, LATE, outcome="dropped"),
    # What is no event of the protocol.
    "v-http-event-none": Refused(None, NO_TYPE),
    "v-http-event-not-dict": Refused(None, NO_TYPE),
    "v-http-missing-type": Refused(None, NO_TYPE),
    "v-http-type-bytes": Refused(b"http.response.start", NO_TYPE),
    "v-http-unknown-type": Refused("http.nonsense", "http applications cannot send"),
    "v-http-send-disconnect-type": Refused("http.disconnect", "http applications cannot send"),
    "v-http-send-receive-type": Refused("http.request", "http applications cannot send"),
    "v-http-ws-event": Refused(ACCEPT, "http applications cannot send"),
    "v-lifespan-unknown": Refused("lifespan.foo", "lifespan applications cannot send"),
    "v-ws-http-event": Refused(START, "websocket applications cannot send", (BODY,)),
    "v-ws-missing-type": Refused(None, NO_TYPE),
    "v-ws-send-connect-type": Refused("websocket.connect", "websocket applications cannot send"),
    "v-ws-send-disconnect-type": Refused("websocket.disconnect", "websocket applications cannot send"),
    "v-ws-send-receive-type": Refused("websocket.receive", "websocket applications cannot send"),
    "v-ws-unknown-type": Refused("websocket.nonsense", "websocket applications cannot send"),
    "v-ws-unknown-type-before-accept": Refused("websocket.nonsense", "websocket applications cannot send"),
    # Headers.
    "v-http-3tuple-headers": Refused(START, "headers.0: Tuple should have at most 2 items", (BODY,)),
    "v-http-crlf-header": Refused(START, "the value of header b'x-a' contains CR, LF or NUL", (BODY,)),
    "v-http-dict-headers": Refused(START, "headers: an iterable is needed, not a dict", (BODY,)),
    "v-http-empty-header-name": Refused(START, "b'' is not a header name", (BODY,)),
    "v-http-none-headers": Refused(START, "headers: an iterable is needed, not a NoneType", (BODY,)),
    "v-http-pseudo-header": Refused(START, "b':status' is not a header name", (BODY,)),
    "v-http-space-header-name": Refused(START, "b'x a' is not a header name", (BODY,)),
    "v-http-str-header-value": Refused(START, "headers.0.1: Input should be a valid bytes", (BODY,)),
    "v-http-str-headers": Refused(START, "headers.0.0: Input should be a valid bytes", (BODY,)),
    "v-ws-accept-none-headers": Refused(ACCEPT, "headers: an iterable is needed", (SEND,)),
    "v-ws-accept-pseudo-header": Refused(ACCEPT, "b':x' is not a header name", (SEND,)),
    "v-ws-accept-secproto-header": Refused(ACCEPT, "the subprotocol goes into the field", (SEND,)),
    "v-ws-accept-str-headers": Refused(ACCEPT, "headers.0.0: Input should be a valid bytes", (SEND,)),
    # Other fields.
    "http-earlyhint-str-links": Refused(HINT, "links.0: Input should be a valid bytes"),
    "http-pathsend-relative": Refused(PATH, "path: the path is not absolute"),
    "http-push-nopath": Refused(PUSH, "path: Field required"),
    "lifespan-failed-none": Refused(FAILED, "message: Input should be a valid string"),
    "v-http-int-body": Refused(BODY, "body: Input should be a valid bytes"),
    "v-http-none-body": Refused(BODY, "body: Input should be a valid bytes"),
    "v-http-str-body": Refused(BODY, "body: Input should be a valid bytes"),
    "v-http-morebody-int": Refused(BODY, "more_body: Input should be a valid boolean"),
    "v-http-morebody-none": Refused(BODY, "more_body: Input should be a valid boolean"),
    "v-http-morebody-str": Refused(BODY, "more_body: Input should be a valid boolean"),
    "v-http-status-1000": Refused(START, "status: Input should be less than or equal to 599", (BODY,)),
    "v-http-status-600": Refused(START, "status: Input should be less than or equal to 599", (BODY,)),
    "v-http-status-99": Refused(START, "status: Input should be greater than or equal to 100", (BODY,)),
    "v-http-status-bool": Refused(START, "status: Input should be a valid integer", (BODY,)),
    "v-http-status-float": Refused(START, "status: Input should be a valid integer", (BODY,)),
    "v-http-status-none": Refused(START, "status: Input should be a valid integer", (BODY,)),
    "v-http-status-str": Refused(START, "status: Input should be a valid integer", (BODY,)),
    "v-http-status-missing": Refused(START, "status: Field required", (BODY,)),
    "v-http-trailers-none": Refused(START, "trailers: Input should be a valid boolean", (BODY,)),
    "v-ws-accept-bytes-subprotocol": Refused(ACCEPT, "subprotocol: Input should be a valid string", (SEND,)),
    "v-ws-accept-empty-subprotocol": Refused(ACCEPT, "subprotocol: String should have at least 1", (SEND,)),
    "v-ws-accept-bad-subprotocol": Refused(ACCEPT, "did not offer the subprotocol 'not-offered'", (SEND,)),
    "v-ws-close-code-0": Refused(CLOSE, "0 is not a close code"),
    "v-ws-close-code-999": Refused(CLOSE, "999 is not a close code"),
    "v-ws-close-code-1004": Refused(CLOSE, "1004 is not a close code"),
    "v-ws-close-code-1005": Refused(CLOSE, "1005 is not a close code"),
    "v-ws-close-code-1006": Refused(CLOSE, "1006 is not a close code"),
    "v-ws-close-code-1015": Refused(CLOSE, "1015 is not a close code"),
    "v-ws-close-code-2999": Refused(CLOSE, "2999 is not a close code"),
    "v-ws-close-code-5000": Refused(CLOSE, "5000 is not a close code"),
    "v-ws-close-code-70000": Refused(CLOSE, "70000 is not a close code"),
    "v-ws-close-code-bool": Refused(CLOSE, "code: Input should be a valid integer"),
    "v-ws-close-code-float": Refused(CLOSE, "code: Input should be a valid integer"),
    "v-ws-close-code-none": Refused(CLOSE, "code: Input should be a valid integer"),
    "v-ws-close-code-str": Refused(CLOSE, "code: Input should be a valid integer"),
    "v-ws-close-reason-bytes": Refused(CLOSE, "reason: Input should be a valid string"),
    "v-ws-close-reason-int": Refused(CLOSE, "reason: Input should be a valid string"),
    "v-ws-close-reason-long": Refused(
        CLOSE, "the reason has 124 bytes of UTF-8, and at most 123 are allowed"
    ),
    "v-ws-denial-str-body": Refused(DENIAL, "body: Input should be a valid bytes"),
    "v-ws-send-both": Refused(SEND, FRAME),
    "v-ws-send-both-none": Refused(SEND, FRAME),
    "v-ws-send-neither": Refused(SEND, FRAME),
    "v-ws-send-bytes-in-text": Refused(SEND, "text: Input should be a valid string"),
    "v-ws-send-int": Refused(SEND, "text: Input should be a valid string"),
    "v-ws-send-str-in-bytes": Refused(SEND, "bytes: Input should be a valid bytes"),
    "v-ws-send-surrogate": Refused(SEND, "surrogates not allowed"),
}
"""What is not sent, by case or, where servers differ in what they offer, by trace."""

CONFORMING: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "v-http-bytearray-body",
            "v-http-bytearray-headers",
            "v-http-memoryview-body",
            "v-http-memoryview-headers",
            "v-ws-send-bytearray",
            "v-ws-send-memoryview",
        ),
        "what looks like bytes becomes bytes",
    ),
    **dict.fromkeys(
        ("v-http-upper-headers", "v-ws-accept-upper-headers"),
        "names of headers become lower case",
    ),
    **dict.fromkeys(
        ("v-http-status-100", "v-http-status-299", "v-http-status-enum"),
        "a status of HTTP, and an enumeration is a number",
    ),
    **dict.fromkeys(
        (
            "v-http-204-body",
            "v-http-304-body",
            "v-http-cl-long-body",
            "v-http-cl-short-body",
            "v-http-te-header",
            "v-http-te-gzip-header",
        ),
        "rules of HTTP, not of ASGI: the server knows the request and the length",
    ),
    **dict.fromkeys(
        (
            "v-http-incomplete-body",
            "v-http-no-response",
            "v-http-raise-after-partial",
            "v-http-raise-after-start",
            "v-http-raise-before-start",
            "v-http-return-value",
            "v-http-start-only",
            "v-ws-denial-start-only",
            "v-ws-raise-after-accept",
            "v-ws-raise-before-accept",
            "v-ws-return-after-accept",
            "v-ws-return-without-accept",
        ),
        "everything that was sent was right; what is missing is seen when the application ends",
    ),
    **dict.fromkeys(
        ("v-ws-accept-without-connect", "v-ws-deny-without-connect"),
        "every server takes an answer before it was asked",
    ),
    "v-ws-close-reason-123": "exactly as long as a reason may be",
    "v-http-event-mappingproxy": "any mapping can be an event",
}
"""The cases that look like violations and are none, and why."""

AFTER_DISCONNECT: Mapping[str, Outcome] = {
    START: ConnectionClosed,
    BODY: ConnectionClosed,
    ACCEPT: ConnectionClosed,
    SEND: ConnectionClosed,
    CLOSE: "ignored",
}
"""What becomes of an event that is sent after the disconnect was received, whatever the case."""

ECHOED: Mapping[str, str] = {
    "uvicorn-httptools-sansio-v-ws-close-code-bool": "code: Input should be a valid integer (got bool)",
    "uvicorn-httptools-sansio-v-ws-close-code-float": "code: Input should be a valid integer (got float)",
    "uvicorn-httptools-sansio-v-ws-close-code-str": "code: Input should be a valid integer (got str)",
    "uvicorn-httptools-sansio-v-ws-close-reason-bytes": "reason: Input should be a valid string (got bytes)",
    "uvicorn-httptools-sansio-v-ws-close-reason-int": "reason: Input should be a valid string (got int)",
}
"""Disconnects in which uvicorn echoes what the application should not have closed with."""

every_trace = pytest.mark.parametrize("trace", TRACES, ids=[trace.name for trace in TRACES])


class Replay:
    """A trace that is played to a connection."""

    def __init__(self, trace: Trace, caplog: pytest.LogCaptureFixture) -> None:
        self._trace = trace
        self._caplog = caplog
        self._connection = CONNECTIONS[trace.scope["type"]](trace.scope)
        self.remote: list[str] = []
        """What servers are blamed for."""
        self.late: list[Judged] = []
        """What was sent after a disconnect."""
        self.sent: list[Judged] = []
        """What was sent before."""

    def run(self) -> "Replay":
        """Play all steps."""
        sent = self.sent
        for step in self._trace.steps:
            event = step.event
            if step.direction == "send":
                sent.append(self._send(event))
                continue
            self._receive(event)
            if event["type"] in {"http.disconnect", "websocket.disconnect"}:
                sent = self.late
        return self

    def _receive(self, event: Any) -> None:
        try:
            received = self._connection.receive(event)
        except RemoteProtocolError as error:
            self.remote.append(str(error))
        else:
            assert received["type"] == event["type"]

    def _send(self, event: Any) -> Judged:
        type_ = event.get("type") if issubclass(type(event), Mapping) else None
        self._caplog.clear()
        try:
            sent = self._connection.send(event)
        except (LocalProtocolError, ConnectionClosed) as error:
            return Judged(type_, type(error), str(error))
        if sent is not None:
            return Judged(type_, None)
        warnings = self._caplog.messages
        return Judged(type_, "dropped" if warnings else "ignored", "".join(warnings))


def _expected(trace: Trace) -> Refused | None:
    return REFUSED.get(trace.name) or REFUSED.get(trace.case)


def _not_sent(row: Refused) -> Iterator[Judged]:
    yield Judged(row.type, row.outcome, row.why)
    for type_ in row.then:
        yield Judged(type_, LocalProtocolError)


def test_no_trace_is_missing() -> None:
    """What the other tests say of every trace, they say of all of these."""
    steps = [step for trace in TRACES for step in trace.steps]

    assert len(TRACES) == len({trace.name for trace in TRACES}) == 595
    assert sum(step.direction == "receive" for step in steps) == 1289
    assert sum(step.direction == "send" for step in steps) == 1586


def test_every_violation_is_judged() -> None:
    """Each case that breaks a rule is in one of the tables, and no row of a table is left over."""
    cases = {trace.case for trace in TRACES}
    names = {trace.name for trace in TRACES}

    assert {case for case in cases if case.startswith("v-")} <= REFUSED.keys() | CONFORMING.keys()
    assert not REFUSED.keys() & CONFORMING.keys()
    assert REFUSED.keys() | CONFORMING.keys() <= cases | names
    assert ECHOED.keys() <= names


@every_trace
def test_every_scope_is_accepted(trace: Trace) -> None:
    """The model of the scope reads what the server wrote."""
    scope = SCOPES[trace.scope["type"]].model_validate(trace.scope)

    assert scope["type"] == trace.scope["type"]
    assert {*trace.scope} <= {*scope}


@every_trace
def test_every_received_event_is_accepted(trace: Trace, caplog: pytest.LogCaptureFixture) -> None:
    """No server is blamed, but for one that repeats what no application should have said."""
    blamed = Replay(trace, caplog).run().remote

    echoed = ECHOED.get(trace.name)
    assert blamed == ([] if echoed is None else [f"websocket.disconnect is not valid: {echoed}"])


@every_trace
def test_every_event_is_sent_but_those_of_the_table(trace: Trace, caplog: pytest.LogCaptureFixture) -> None:
    """A trace that is in no table is sent as it is; of another, the rows say what is refused and why."""
    row = _expected(trace)
    expected = [] if row is None else [*_not_sent(row)]

    refused = [judged for judged in Replay(trace, caplog).run().sent if judged.outcome]

    # A server that a violation has killed is sent nothing more.
    assert len(refused) in range(min(len(expected), 1), len(expected) + 1)
    for judged, wanted in zip(refused, expected, strict=False):
        assert (judged.type, judged.outcome) == (wanted.type, wanted.outcome)
        assert wanted.why in judged.why


@every_trace
def test_nothing_is_sent_after_a_disconnect(trace: Trace, caplog: pytest.LogCaptureFixture) -> None:
    """A handler that goes on sending learns that the client is gone; closing once more is no mistake."""
    for judged in Replay(trace, caplog).run().late:
        assert judged.outcome == AFTER_DISCONNECT[judged.type]
