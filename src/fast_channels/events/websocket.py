"""Events of the WebSocket protocol. ASGI HTTP and WebSocket specification 2.5, "WebSocket"."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, StrictStr, model_validator

from .base import (
    AcceptHeaders,
    AsgiEvent,
    Bytes,
    DisconnectCode,
    Reason,
    ReceiveEvent,
    SendEvent,
    Subprotocol,
    Text,
)
from .close_codes import CLOSE_CODES, CloseCode
from .json_form import BYTES, exactly_one, in_ranges

MAX_REASON = 123
"""Bytes of UTF-8 in a close reason: a control frame of 125, less the code. RFC 6455, section 5.5."""


def _one_payload(event: Mapping[str, Any]) -> str | None:
    if (event.get("text") is None) == (event.get("bytes") is None):
        return "a frame carries exactly one of text and bytes"
    return None


class _Frame(AsgiEvent):
    model_config = ConfigDict(json_schema_extra=exactly_one({"bytes": BYTES, "text": {"type": "string"}}))
    one_of = ("text", "bytes")
    rule = _one_payload

    @model_validator(mode="after")
    def _keep_rule(self) -> Self:
        if (wrong := type(self).rule(self)) is not None:
            raise ValueError(wrong)
        return self


class WebSocketConnectEvent(ReceiveEvent):
    """A client wants to open a WebSocket. "Connect - receive event"."""

    type: Literal["websocket.connect"] = "websocket.connect"


class WebSocketAcceptEvent(SendEvent):
    """The application completes the handshake. "Accept - send event"."""

    type: Literal["websocket.accept"] = "websocket.accept"
    subprotocol: Subprotocol | None = None
    headers: AcceptHeaders = ()


class WebSocketReceiveEvent(_Frame, ReceiveEvent):
    """The client sent a frame. "Receive - receive event"."""

    type: Literal["websocket.receive"] = "websocket.receive"
    bytes: Bytes | None = None
    text: StrictStr | None = None


class WebSocketSendEvent(_Frame, SendEvent):
    """The application sends a frame. "Send - send event"."""

    type: Literal["websocket.send"] = "websocket.send"
    bytes: Bytes | None = None
    text: Text | None = None


class WebSocketDisconnectEvent(ReceiveEvent):
    """The WebSocket is gone; no code is read as 1005. "Disconnect - receive event"."""

    last = True

    type: Literal["websocket.disconnect"] = "websocket.disconnect"
    code: DisconnectCode = CloseCode.NO_STATUS.value
    reason: Reason = ""


class WebSocketCloseEvent(SendEvent):
    """The application closes the WebSocket, or refuses the handshake. "Close - send event".

    Whether code and reason are allowed is seen when the event is sent: a refused handshake has neither.
    """

    type: Literal["websocket.close"] = "websocket.close"
    code: int = Field(default=CloseCode.NORMAL.value, json_schema_extra=in_ranges(CLOSE_CODES))
    # A character is one byte at least, and JSON Schema counts characters.
    reason: Reason = Field(default="", json_schema_extra={"maxLength": MAX_REASON})
