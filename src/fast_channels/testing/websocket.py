"""A WebSocket client for tests, which talks to an ASGI application directly."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Self, TypeAlias, TypeVar, Unpack

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError

from fast_channels.exceptions import InvalidMessageError
from fast_channels.messages import Request
from fast_channels.messages.annotations import has_fields
from fast_channels.messages.codec import Codec
from fast_channels.messages.framing import FrameCodec, FramedCodec
from fast_channels.messages.request import reply_type
from fast_channels.untrusted import plain_repr

from ._scope import HeadersInit, ScopeOptions, connection_scope
from .application import ApplicationCommunicator, TestedApplication

Reply = TypeVar("Reply")

Connected: TypeAlias = bool
"""Whether the application accepted the handshake."""

CloseCodeOrAcceptSubProtocol: TypeAlias = int | str | None
"""The subprotocol of an accepted connection; the close code or HTTP status of a refused one."""

WebsocketConnectResponse: TypeAlias = tuple[Connected, CloseCodeOrAcceptSubProtocol]

_PAYLOAD_TYPES: dict[str, type[str] | type[bytes]] = {"text": str, "bytes": bytes}


class WebsocketCommunicator(ApplicationCommunicator):
    """Opens one WebSocket connection to an application and exchanges messages over it.

    As an asynchronous context manager it connects on entry, where a refusal is an `AssertionError`, and
    disconnects on exit.

        async with WebsocketCommunicator(ChatConsumer, "/chat/lobby") as websocket:
            await websocket.send_to("hello")
            assert await websocket.receive_from() == "hello"

    By default it acts as a server without denial responses; pass `extensions={"websocket.http.response": {}}`
    to offer them. ASGI HTTP and WebSocket specification, "WebSocket".

    Args:
        application: The application, or a consumer class.
        path: Path with its query string.
        headers: Headers of the handshake, as pairs or as a mapping.
        subprotocols: Subprotocols that the client offers.
        spec_version: Version of the ASGI HTTP and WebSocket specification that the server speaks.
        codec: The codec of the consumer, with which `request()` encodes and decodes frames; `None` for JSON.
        **options: See `ScopeOptions`.

    Attributes:
        response_status: HTTP status of a denial response, otherwise `None`.
        response_headers: Headers of the accepted handshake or of a denial response, as the application
            sent them, otherwise `None`.
        response_body: Body of a denial response.
    """

    def __init__(
        self,
        application: TestedApplication,
        path: str,
        headers: HeadersInit | None = None,
        subprotocols: Iterable[str] | None = None,
        spec_version: object = None,
        codec: FrameCodec | None = None,
        **options: Unpack[ScopeOptions],
    ) -> None:
        protocol: dict[str, Any] = {
            "type": "websocket",
            "scheme": "ws",
            "subprotocols": list(subprotocols or ()),
        }
        if spec_version is not None:
            # The place that the specification names, and the one where tests written for Channels look.
            protocol["asgi"] = {"version": "3.0", "spec_version": str(spec_version)}
            protocol["spec_version"] = spec_version
        super().__init__(application, connection_scope(path, headers, protocol, options))
        self._frames = codec
        self.response_status: int | None = None
        self.response_headers: Any = None
        self.response_body: bytes = b""

    async def connect(self, timeout: float = 1) -> WebsocketConnectResponse:
        """Begin the handshake and receive the answer of the application.

        Args:
            timeout: Longest time to wait for each event of the answer, in seconds.

        Returns:
            `True` and the chosen subprotocol, if any, of an accepted connection; `False` and the close
            code of a refused one; `False` and the HTTP status of one that was refused with a denial
            response.

        Raises:
            ApplicationEnded: The application returned without an answer. A `TimeoutError`.
            TimeoutError: The answer did not come in time.
            AssertionError: The application sent an event that is not an answer to the handshake.
            Exception: The error of the application, if it crashed.
        """
        await self.send_input({"type": "websocket.connect"})
        answer = await self._receive_event(
            timeout, "websocket.accept", "websocket.close", "websocket.http.response.start"
        )
        if answer["type"] == "websocket.close":
            return False, _close_of(answer)[0]
        self.response_headers = answer.get("headers", [])
        if answer["type"] == "websocket.accept":
            return True, answer.get("subprotocol")
        self.response_status = answer["status"]
        self.response_body = await self._receive_body(timeout, "websocket.http.response.body")
        return False, self.response_status

    async def send_to(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Send a frame, which may be empty.

        Args:
            text_data: Payload of a text frame.
            bytes_data: Payload of a binary frame.

        Raises:
            AssertionError: Not exactly one payload was given, or it has the wrong type.
            Exception: The error of the application, if it crashed.
        """
        kind, payload = _payload_of({"text": text_data, "bytes": bytes_data})
        await self.send_input({"type": "websocket.receive", kind: payload})

    async def send_json_to(self, data: Any) -> None:
        """Send a value as JSON in a text frame.

        Args:
            data: The value. It may contain models, dataclasses, and other values that pydantic writes as
                JSON, such as dates; fields are written under their aliases, as a client sends them.

        Raises:
            TypeError: JSON cannot express the value.
            Exception: The error of the application, if it crashed.
        """
        await self.send_to(text_data=_json_of(data))

    async def receive_from(self, timeout: float = 1) -> str | bytes:
        """Receive a frame.

        Args:
            timeout: Longest time to wait, in seconds.

        Returns:
            The payload, `str` of a text frame and `bytes` of a binary one.

        Raises:
            ApplicationEnded: The application returned without sending more. A `TimeoutError`.
            TimeoutError: No frame came in time. The connection stays open.
            AssertionError: The application closed the connection, which a note on the error describes,
                or sent an event that is not a frame.
            Exception: The error of the application, if it crashed.
        """
        return _payload_of(await self._receive_event(timeout, "websocket.send"))[1]

    async def receive_json_from(self, timeout: float = 1) -> Any:
        """Receive a text frame and decode its JSON.

        Args:
            timeout: Longest time to wait, in seconds.

        Returns:
            The value.

        Raises:
            AssertionError: As `receive_from()`, and for a binary frame.
            ValueError: The frame is not JSON.
            TimeoutError: As `receive_from()`.
            Exception: The error of the application, if it crashed.
        """
        payload = await self.receive_from(timeout)
        if not isinstance(payload, str):
            raise AssertionError(f"Expected JSON in a text frame, but was {payload!r}")
        return json.loads(payload)

    async def request(self, message: Request[Reply], timeout: float = 1) -> Reply:
        """Send a message that declares its reply, and receive the reply.

        Other frames that arrive before the reply can be received afterwards, in their order.

        Args:
            message: The message. If it has a `correlation_field`, the reply is the frame of the declared type
                with the same value in this field; otherwise it is the first frame of the declared type.
            timeout: Longest time to wait, in seconds.

        Returns:
            The reply, as an instance of its type.

        Raises:
            ApplicationEnded: The application returned without a reply. A `TimeoutError`.
            TimeoutError: No reply came in time. As in `receive_output()`, the text names a handshake that
                was left unanswered.
            AssertionError: The application sent an event that is not a frame, such as a close.
            Exception: The error of the application, if it crashed.
        """
        kind = type(message)
        codec = self._codec_of(partial(reply_type, kind))
        field = kind.correlation_field
        others: list[Any] = []
        await self._send_message(message)
        now = asyncio.get_running_loop().time
        end = now() + timeout
        try:
            while True:
                await self._output_or_end(end - now())
                event = self._expected(self._take_output(timeout), "websocket.send")
                reply: Reply | None = _message_of(event, codec)
                if reply is not None and (field is None or _same_field(message, reply, field)):
                    return reply
                others.append(event)
        except TimeoutError as error:
            error.add_note(f"No reply to {plain_repr(message)} among the {len(others)} frames that came")
            raise
        finally:
            self._put_back(others)

    def _codec_of(self, type_: Callable[[], Any]) -> Codec:
        frames = self._frames
        return Codec(type_) if frames is None else FramedCodec(type_, lambda: frames)

    async def _send_message(self, message: object) -> None:
        if self._frames is None:
            await self.send_json_to(message)
            return
        payload: Any = self._codec_of(lambda: type(message)).encode(message)
        kind = "bytes" if isinstance(payload, bytes) else "text"
        await self.send_input({"type": "websocket.receive", kind: payload})

    async def receive_close(self, timeout: float = 1) -> tuple[int, str]:
        """Receive the close of an open connection.

        Args:
            timeout: Longest time to wait, in seconds.

        Returns:
            Close code and reason.

        Raises:
            ApplicationEnded: The application returned without closing. A `TimeoutError`.
            TimeoutError: It was not closed in time.
            AssertionError: The application sent something else.
            Exception: The error of the application, if it crashed.
        """
        return _close_of(await self._receive_event(timeout, "websocket.close"))

    async def disconnect(self, code: int = 1000, timeout: float = 1) -> None:
        """Close the connection as a client, and wait until the application ends.

        Args:
            code: Close code.
            timeout: Longest time to wait, in seconds.

        Raises:
            TimeoutError: The application had not ended in time. It has been cancelled.
            Exception: The error of the application, if it crashed.
        """
        await self.send_close(code)
        await self.wait(timeout)

    async def send_close(self, code: int = 1000, reason: str | None = None) -> None:
        """Close the connection as a client, without waiting for the application.

        Args:
            code: Close code.
            reason: Reason of the close; left out of the event unless given.

        Raises:
            Exception: The error of the application, if it crashed.
        """
        told = {} if reason is None else {"reason": reason}
        await self.send_input({"type": "websocket.disconnect", "code": code, **told})

    async def __aenter__(self) -> Self:
        try:
            connected, answer = await self.connect()
            if not connected:
                raise AssertionError(f"The application refused the connection with {answer}")
        except BaseException:
            await self._cancel()
            raise
        return self

    async def _leave(self) -> None:
        await self.disconnect()


def _json_of(data: object) -> str:
    kind = type(data)
    if has_fields(kind):
        return TypeAdapter[object](kind).dump_json(data, by_alias=True).decode()
    return json.dumps(data, default=_plain)


def _plain(value: object) -> Any:
    kind = type(value)
    try:
        return TypeAdapter[object](kind).dump_python(value, mode="json", by_alias=True)
    except (PydanticUserError, PydanticSerializationError, UnicodeDecodeError) as error:
        raise TypeError(f"{kind.__name__} is not JSON serializable: {error}") from error


def _message_of(event: Mapping[str, Any], codec: Codec) -> Any:
    """Return the message of a frame, `None` if the frame is not a message of a type."""
    kind, payload = _payload_of(event)
    if kind != "text" and not isinstance(codec, FramedCodec):
        return None
    # Either kind of payload, for a codec that takes it.
    decode: Any = codec.decode
    try:
        return decode(payload)
    except InvalidMessageError:
        return None


def _same_field(message: object, reply: object, field: str) -> bool:
    return bool(getattr(reply, field, None) == getattr(message, field))


def _payload_of(event: Mapping[str, Any]) -> tuple[str, str | bytes]:
    present = [(kind, event[kind]) for kind in _PAYLOAD_TYPES if event.get(kind) is not None]
    if len(present) != 1:
        raise AssertionError(f"A frame has exactly one of text and bytes, but was {plain_repr(dict(event))}")
    kind, payload = present[0]
    if not isinstance(payload, _PAYLOAD_TYPES[kind]):
        raise AssertionError(f"The payload of a {kind} frame has the wrong type, {type(payload)}")
    return kind, payload


def _close_of(event: Mapping[str, Any]) -> tuple[int, str]:
    # Both may be absent or None; the specification says what they mean then.
    code = event.get("code")
    return 1000 if code is None else code, event.get("reason") or ""
