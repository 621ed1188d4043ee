"""Server-sent events: what is written, what a real client reads, and how a stream begins and ends."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import httpx
import pytest
from httpx_sse import aconnect_sse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fast_channels.codegen.schemas import consumer_schemas
from fast_channels.consumer import AsyncEventStreamConsumer
from fast_channels.exceptions import ConnectionClosed, LocalProtocolError
from fast_channels.testing import HttpCommunicator
from tests.blocked import wait_all_tasks_blocked

from .driver import GET, HTTP, LEFT, Server, serve


class Price(BaseModel):
    """What a stream of prices sends."""

    kind: Literal["price"] = "price"
    amount: int
    note: str | None = None


class Quiet(AsyncEventStreamConsumer[Price]):
    """Sends nothing by itself."""

    keep_alive = None


HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


def bodies(sent: list[dict[str, Any]]) -> list[bytes]:
    """Return the parts of the body that were sent."""
    return [event["body"] for event in sent if event["type"] == "http.response.body"]


async def test_a_stream_is_open_until_the_client_leaves() -> None:
    """The client hears at once that it is open, and nothing is logged about a response that goes on."""
    server = Server(Quiet.as_asgi(), HTTP, GET)
    await wait_all_tasks_blocked()

    assert server.sent[0] == {
        "type": "http.response.start",
        "status": 200,
        "headers": HEADERS,
        "trailers": False,
    }
    assert bodies(server.sent) == [b": open\n"]
    server.give(LEFT)
    await server.end()


async def test_an_open_stream_is_no_unanswered_request(caplog: pytest.LogCaptureFixture) -> None:
    """So there is no warning about it."""
    await serve(Quiet.as_asgi(), HTTP, GET, LEFT)
    assert caplog.messages == []


async def test_what_is_sent_is_the_message_as_json() -> None:
    """With the fields that were given, in one event each."""

    class Prices(Quiet):
        retry = 2.5

        async def connect(self) -> None:
            await self.accept([(b"x-version", b"1")])
            await self.send_event(Price(amount=1))
            await self.send_event(Price(amount=2), id="7", event="price")
            await self.close()

    sent = await serve(Prices.as_asgi(), HTTP, GET)

    assert sent[0]["headers"] == [*HEADERS, (b"x-version", b"1")]
    assert bodies(sent) == [
        b"retry: 2500\n",
        b'data: {"kind":"price","amount":1,"note":null}\n\n',
        b'event: price\nid: 7\ndata: {"kind":"price","amount":2,"note":null}\n\n',
        b"",
    ]


async def test_what_is_none_may_be_left_out() -> None:
    """As in every consumer that declares its messages."""

    class Prices(Quiet):
        omit_none = True

        async def connect(self) -> None:
            await self.accept()
            await self.send_event(Price(amount=1))
            await self.close()

    assert bodies(await serve(Prices.as_asgi(), HTTP, GET))[1] == b'data: {"kind":"price","amount":1}\n\n'


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"id": "a\nb"}, "the id of a server-sent event has to be one line"),
        ({"id": "a\0"}, "the id of a server-sent event has to be one line"),
        ({"event": "a\r"}, "the event of a server-sent event has to be one line"),
    ],
)
async def test_a_field_that_would_end_its_line_is_refused(fields: dict[str, str], text: str) -> None:
    """It would be another field, or another event."""

    class Prices(Quiet):
        async def connect(self) -> None:
            await self.accept()
            with pytest.raises(ValueError, match=text):
                await self.send_event(Price(amount=1), **fields)
            await self.close()

    assert len(bodies(await serve(Prices.as_asgi(), HTTP, GET))) == 2


async def test_a_message_of_another_type_is_refused_before_anything_is_sent() -> None:
    """At the line that sends it."""

    class Prices(Quiet):
        async def connect(self) -> None:
            wrong: Any = {"kind": "cost"}
            await self.accept()
            with pytest.raises(LocalProtocolError, match="kind"):
                await self.send_event(wrong)
            await self.close()

    assert len(bodies(await serve(Prices.as_asgi(), HTTP, GET))) == 2


async def test_nothing_is_sent_before_the_stream_is_open_or_after_its_end() -> None:
    """The error says which it was."""
    errors: list[Exception] = []

    class Prices(Quiet):
        async def connect(self) -> None:
            try:
                await self.send_event(Price(amount=1))
            except LocalProtocolError as error:
                errors.append(error)
            await self.accept()

        async def disconnect(self) -> None:
            try:
                await self.send_event(Price(amount=1))
            except ConnectionClosed as error:
                errors.append(error)

    await serve(Prices.as_asgi(), HTTP, GET, LEFT)

    assert [type(error) for error in errors] == [LocalProtocolError, ConnectionClosed]


async def test_a_client_can_be_refused() -> None:
    """With 204 a browser does not come back."""

    class Closed(Quiet):
        async def connect(self) -> None:
            await self.send_response(204, b"")

    assert (await serve(Closed.as_asgi(), HTTP, GET))[0]["status"] == 204


async def test_comments_keep_a_stream_alive() -> None:
    """As long as it is open, and no task is left afterwards."""

    class Alive(AsyncEventStreamConsumer[Price]):
        keep_alive = 0.001

        def spawn(self, *eggs: str) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # as old code may have it
            raise AssertionError

    stream = HttpCommunicator(Alive, "/")
    await stream.send_request()
    outputs = [await stream.receive_output() for _ in range(4)]

    assert [output.get("body") for output in outputs[1:]] == [b": open\n", *[b": keep-alive\n"] * 2]
    await stream.disconnect()


@pytest.mark.parametrize(
    ("headers", "last"), [([], None), ([(b"Last-Event-ID", b"7")], "7"), ([(b"last-event-id", b"\xff")], "�")]
)
def test_a_client_that_comes_back_says_what_it_got_last(
    headers: list[tuple[bytes, bytes]], last: str | None
) -> None:
    """Whatever it says."""
    consumer = Quiet()
    consumer.scope = {**HTTP, "headers": headers}
    assert consumer.last_event_id == last


def test_the_messages_of_a_stream_have_a_schema() -> None:
    """As those of every consumer that declares them."""
    files: Mapping[str, str] = consumer_schemas(Quiet)
    assert [*files] == ["Quiet.server.json"]
    assert json.loads(files["Quiet.server.json"])["$defs"]["Price"]["title"] == "Price"


class Lines(AsyncEventStreamConsumer):
    """Sends what it is told, whatever it is, and counts on from where its client was."""

    keep_alive = None
    retry = 1.0
    texts: ClassVar[list[Any]] = []

    async def connect(self) -> None:
        """Send what the client has not got yet."""
        await self.accept()
        first = 0 if self.last_event_id is None else int(self.last_event_id) + 1
        for number, text in enumerate(self.texts[first:], first):
            await self.send_event(text, id=str(number), event="line")
        await self.close()


@given(
    st.lists(st.one_of(st.text(), st.dictionaries(st.text(), st.integers())), max_size=5), st.integers(-1, 4)
)
async def test_a_real_client_reads_what_was_sent(texts: list[Any], last: int) -> None:
    """Whatever is in a message, it is one event; and what the client has got already does not come again."""
    Lines.texts = texts
    headers = {} if last < 0 else {"Last-Event-ID": str(last)}
    transport: Any = httpx.ASGITransport(Lines.as_asgi())
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as client,
        aconnect_sse(client, "GET", "/") as source,
    ):
        events = [event async for event in source.aiter_sse()]

    assert [(event.event, event.id, json.loads(event.data)) for event in events] == [
        ("line", str(number), text) for number, text in enumerate(texts) if number > last
    ]
