"""Text that a stranger chose is shown escaped, on one line, and short."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from fast_channels.consumer import AsyncConsumer, AsyncJsonWebsocketConsumer
from fast_channels.consumer.base import get_handler_name
from fast_channels.consumer.declared import handlers_of
from fast_channels.consumer.params import ParamsReader
from fast_channels.exceptions import InvalidEventError, InvalidMessageError, ProtocolError
from fast_channels.layers import InMemoryChannelLayer
from fast_channels.layers.values import plain_message
from fast_channels.messages import ChannelEvent
from fast_channels.messages.annotations import converter
from fast_channels.messages.codec import Codec
from fast_channels.middleware import OriginValidator
from fast_channels.middleware.websocket import WebsocketDenier
from fast_channels.protocol.websocket import WebSocketConnection
from fast_channels.untrusted import shown

pytestmark = pytest.mark.property

VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_is_shown_is_short_and_printable(value: object) -> None:
    """Whatever the value: no control character, and at most 240 characters."""
    text = shown(value)
    assert text.isprintable()
    assert text.rstrip("…").isascii()
    assert len(text) <= 80 * 3 + 4


def test_a_string_is_quoted_and_cut() -> None:
    """A newline cannot begin a log line of its own, and a long text ends with an ellipsis."""
    assert shown("a\nb\x1b") == r"'a\nb\x1b'"
    assert shown("x" * 5, limit=3) == "'xxx'…"
    assert shown(b"\r", limit=3) == r"b'\r'"


def test_other_values_show_their_beginning() -> None:
    """A nested value is cut in depth and length."""
    assert shown([1, "a\n"]) == r"[1, 'a\\n']"
    assert shown({"key": list(range(1000))}).endswith("...]}")
    assert shown(["x" * 50] * 10, limit=10).endswith("…")


STRANGE = st.characters() | st.sampled_from("\r\n\x1b\x7f\u2028\u202e\ud800")
NASTY = st.text(STRANGE, min_size=1).map(lambda text: f"{text}\x1b\r\n" * 200)


class Event(ChannelEvent):
    type: Literal["some.event"] = "some.event"
    number: int


class Frame(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: Literal["frame"] = "frame"
    numbers: dict[str, int] = {}


class Relay(AsyncConsumer):
    async def websocket_receive(self, event: Any) -> None: ...


class Declared(AsyncJsonWebsocketConsumer[Frame, Frame]):
    class Params(BaseModel):
        """The parameters."""

        model_config = ConfigDict(extra="forbid")

    async def receive_json(self, content: Frame) -> None: ...

    async def some_event(self, event: Event) -> None: ...

    async def receive_invalid(self, error: InvalidMessageError) -> None:
        await super().receive_invalid(error)
        raise error


def everything_said(text: str) -> Iterator[Callable[[], object]]:
    """Yield what makes the library say something about a text that a stranger chose."""
    codec = Codec(lambda: Frame | Event)
    connection = WebSocketConnection({"type": "websocket", "subprotocols": [text]})
    layer = InMemoryChannelLayer()
    frames: list[Any] = [text, {text: 1}, {"type": text}, {"type": "frame", text: 1}]
    frames.append({"type": "frame", "numbers": {text: text}})
    for frame in frames:
        yield partial(codec.decode, json.dumps(frame))
        yield partial(codec.check, frame)
        yield partial(codec.encode, frame)
    query = urlencode({text: 1}, errors="replace").encode()
    for model in (Frame, Declared.Params):
        yield partial(ParamsReader(model).read, {"query_string": query})
    message = {"type": "some.event", "number": text, text: text}
    yield partial(converter(Event), message)
    yield partial(converter(Event), {**message, "type": text})
    yield partial(get_handler_name, {"type": [text]})
    rules = Declared._rules  # pyright: ignore[reportPrivateUsage]  # what every message passes
    yield partial(rules.find, {"type": text})
    yield partial(connection.send, {"type": text})
    yield partial(connection.send, {"type": "websocket.accept", text: 1, "subprotocol": f"{text}!"})
    headers = [(text.encode(errors="replace"), b"")]
    yield partial(connection.send, {"type": "websocket.accept", "headers": headers})
    frame_of_layer = {"type": "websocket.receive", "text": 1, text: {text: text}}
    handler = handlers_of(Relay)["websocket_receive"]
    rules = Relay._rules  # pyright: ignore[reportPrivateUsage]  # what such messages pass
    yield partial(rules.admitted, frame_of_layer, handler, Relay(), connection)
    yield partial(connection.receive, {"type": "websocket.receive", "bytes": text, text: 1})
    yield partial(OriginValidator, WebsocketDenier(), [f"[{text}"])
    yield partial(layer.require_valid_channel_name, text)
    yield partial(layer.require_valid_group_name, text)
    yield partial(plain_message, {text: {text: object()}})
    yield partial(plain_message, {text: {text: 2**64}})
    yield partial(plain_message, {text: {(text,): 1}})


@given(NASTY)
def test_no_error_holds_a_control_character_or_much_of_a_stranger(text: str) -> None:
    """Neither its text nor the traceback that a server would log, wherever the text stands."""
    told = 0
    for say in everything_said(text):
        try:
            say()
        except (ValueError, TypeError, ProtocolError) as error:
            told += 1
            chain: BaseException | None = error
            while chain is not None:
                assert str(chain).isprintable()
                assert len(str(chain)) <= 1024
                chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    assert told >= 25


@given(NASTY)
async def test_no_log_record_holds_a_control_character_or_much_of_a_stranger(text: str) -> None:
    """Whatever a client sends, and however it is called."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger = logging.getLogger("fast_channels")
    handler, level = Keep(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    consumer = Declared()
    consumer.scope = {"type": "websocket", "path": f"/{text}", "client": (text, 1), "headers": []}
    try:
        error = InvalidMessageError("wrong", code=1007, excerpt=shown(text))
        with suppress(Exception):
            await AsyncJsonWebsocketConsumer.receive_invalid(consumer, error)
        with suppress(ValueError):
            OriginValidator(consumer, [f"*{text}"])
        await consumer.channel_invalid(InvalidEventError(shown(text), event={}))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)

    assert records
    for record in records:
        assert record.getMessage().isprintable()
        assert len(record.getMessage()) <= 1024
