"""Events of the HTTP protocol. ASGI HTTP and WebSocket specification 2.5, "HTTP"."""

from typing import Literal

from .base import Bytes, ReceiveEvent, ResponseHeaders, SendEvent, Status


class HttpRequestEvent(ReceiveEvent):
    """A part of the request body. "Request - receive event"."""

    flag = "more_body"

    type: Literal["http.request"] = "http.request"
    body: Bytes = b""
    more_body: bool = False


class HttpDisconnectEvent(ReceiveEvent):
    """The client left, or the response is complete. "Disconnect - receive event"."""

    last = True

    type: Literal["http.disconnect"] = "http.disconnect"


class HttpResponseStartEvent(SendEvent):
    """Status and headers of the response. "Response Start - send event"."""

    flag = "trailers"

    type: Literal["http.response.start"] = "http.response.start"
    status: Status
    headers: ResponseHeaders = ()
    trailers: bool = False


class HttpResponseBodyEvent(SendEvent):
    """A part of the response body. "Response Body - send event"."""

    flag = "more_body"

    type: Literal["http.response.body"] = "http.response.body"
    body: Bytes = b""
    more_body: bool = False
