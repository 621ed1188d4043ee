"""The consumer of HTTP requests: body, response, long polling, and how it ends."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from fast_channels.consumer import AsyncHttpConsumer
from fast_channels.exceptions import ConnectionClosed, LocalProtocolError
from fast_channels.layers import InMemoryChannelLayer
from tests.blocked import wait_all_tasks_blocked

from .driver import GET, HTTP, LEFT, Server, serve

Handle = Callable[[Any, bytes], Awaitable[None]]

START: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": [], "trailers": False}


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    """Return what the server gets of a part of the body."""
    return {"type": "http.response.body", "body": body, "more_body": more}


def request(body: bytes, more: bool = False) -> dict[str, Any]:
    """Return the event of a part of the request body."""
    return {"type": "http.request", "body": body, "more_body": more}


class Acting(AsyncHttpConsumer):
    """Answers as the test wants, and counts its disconnects."""

    def __init__(self, answer: Handle | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.answer = answer or echo
        self.disconnects = 0

    async def handle(self, body: bytes) -> None:
        """Answer."""
        await self.answer(self, body)

    async def disconnect(self) -> None:
        """Count."""
        self.disconnects += 1


async def echo(consumer: AsyncHttpConsumer, body: bytes) -> None:
    """Send the body back."""
    await consumer.send_response(200, body)


# Requests.


async def test_an_override_of_the_request_event_may_call_super_for_each_part() -> None:
    """`super()` goes on after a part of the body, and raises `StopConsumer` when the request is answered."""

    class Counting(Acting):
        parts = 0

        async def http_request(self, message: Any) -> None:
            await super().http_request(message)
            self.parts += 1

    consumer = Counting()

    sent = await serve(consumer, HTTP, request(b"a", more=True), request(b"b"))

    assert sent == [START, part(b"ab")]
    assert (consumer.parts, consumer.disconnects) == (1, 1)


@pytest.mark.parametrize(
    ("events", "body"),
    [
        ([GET], b""),
        ([request(b"whole")], b"whole"),
        ([request(b"in ", True), request(b"two ", True), request(b"parts")], b"in two parts"),
        ([request(b"", True), request(b"x", True), {"type": "http.request"}], b"x"),
    ],
)
async def test_handle_gets_the_whole_body(events: list[dict[str, Any]], body: bytes) -> None:
    """However many parts it came in."""
    consumer = Acting()

    assert await serve(consumer, HTTP, *events) == [START, part(body)]
    assert consumer.disconnects == 1


async def test_parts_without_content_are_not_kept() -> None:
    """They would take memory that no limit counts."""
    consumer = Acting()

    await serve(consumer, HTTP, *[request(b"", True)] * 10, request(b"x"))

    assert consumer.body == [b"x"]


class Parts(AsyncHttpConsumer):
    """Takes a body in parts."""

    def __init__(self, answer_after: int | None = None, begin: bool = False) -> None:
        super().__init__()
        self.seen: list[bytes] = []
        self.answer_after = answer_after
        self.begin = begin

    async def receive_body(self, part: bytes) -> None:
        """Note a part, and perhaps answer already."""
        self.seen.append(part)
        if self.begin:
            await self.send_headers()
            self.begin = False
        if len(self.seen) == self.answer_after:
            await self.send_response(409, b"enough")

    async def handle(self, body: bytes) -> None:
        """Answer with what has come."""
        assert body == b""
        await self.send_response(200, b"|".join(self.seen))


async def test_a_body_may_be_taken_in_parts() -> None:
    """Each as it comes, without those that are empty, and nothing is kept."""
    consumer = Parts()
    events = [request(b"a", True), request(b"", True), request(b"bc", True), request(b"")]

    assert (await serve(consumer, HTTP, *events))[1] == part(b"a|bc")
    assert consumer.body == []


@pytest.mark.parametrize("more", [True, False])
async def test_a_request_may_be_answered_before_its_body_has_come(more: bool) -> None:
    """Then nothing of it is read any more, and it is not handled."""
    consumer = Parts(answer_after=1)

    start, body = await serve(consumer, HTTP, request(b"a", more))

    assert (start["status"], body) == (409, part(b"enough"))
    assert consumer.seen == [b"a"]


async def test_a_body_in_parts_that_is_too_large_is_refused() -> None:
    """What goes beyond the limit is not passed on."""
    consumer = type("Small", (Parts,), {"max_body_size": 3})()

    start, _ = await serve(consumer, HTTP, request(b"ab", True), request(b"cd", True))

    assert start["status"] == 413
    assert consumer.seen == [b"ab"]


async def test_a_body_that_becomes_too_large_ends_a_response_that_has_begun(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing else can be told to the client then; one warning says it."""
    consumer = type("Small", (Parts,), {"max_body_size": 3})(begin=True)

    sent = await serve(consumer, HTTP, request(b"ab", True), request(b"cd", True))

    assert [event["type"] for event in sent] == ["http.response.start"]
    assert caplog.messages == [
        "Small(path='/') ends: the body of its request is too large, and its response has begun"
    ]


async def test_a_body_that_is_too_large_is_refused() -> None:
    """With 413, as soon as it is known, and without `handle()`."""

    async def never(_consumer: Any, body: bytes) -> None:
        raise AssertionError("handled")

    consumer = Acting(never, max_body_size=5)
    server = Server(consumer, HTTP, request(b"123", True), request(b"456", True), request(b"7"))
    await server.end()

    assert server.received == 2
    assert server.sent == [
        {**START, "status": 413, "headers": [(b"content-type", b"text/plain")]},
        part(b"Request body too large"),
    ]
    assert consumer.disconnects == 1


@pytest.mark.parametrize(("limit", "size"), [(5, 5), (None, 20 * 1024 * 1024)])
async def test_a_body_up_to_the_limit_is_handled(limit: int | None, size: int) -> None:
    """`None` is no limit."""
    sent = await serve(Acting(max_body_size=limit), HTTP, request(b"x" * size))

    assert sent == [START, part(b"x" * size)]


async def test_a_refused_body_is_not_collected_for_a_client_that_has_left() -> None:
    """What still comes of it is thrown away."""
    consumer = Acting(max_body_size=1)
    server = Server(consumer, HTTP)
    server.send_error = BrokenPipeError()
    server.give(request(b"123", True), request(b"456", True), LEFT)
    await server.end()

    assert consumer.body == [b"123"]
    assert consumer.disconnects == 1


async def test_there_is_a_limit_by_default() -> None:
    """Memory is not for the client to fill."""
    assert AsyncHttpConsumer.max_body_size == 16 * 1024 * 1024


async def test_a_client_that_leaves_within_its_body_is_not_handled() -> None:
    """`disconnect()` runs once."""

    async def never(_consumer: Any, body: bytes) -> None:
        raise AssertionError("handled")

    consumer = Acting(never)

    assert await serve(consumer, HTTP, request(b"begin", True), LEFT, LEFT) == []
    assert consumer.disconnects == 1


async def test_a_request_event_after_the_body_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Some servers repeat it, or the application does; the request is not handled again."""

    async def stream(consumer: AsyncHttpConsumer, body: bytes) -> None:
        await consumer.send_headers()
        await consumer.send_body(body, more_body=True)

    class Streaming(Acting):
        """A class of its own, of which nothing was logged before."""

    for _ in range(2):
        consumer = Streaming(stream)
        events = (request(b"a"), request(b"b"), LEFT)
        assert await serve(consumer, HTTP, *events) == [START, part(b"a", True)]
        assert consumer.disconnects == 1

    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    incomplete, text = caplog.messages
    assert "returned from handle() before its response was complete" in incomplete
    assert text.startswith(
        "Streaming(path='/') ignores an http.request that comes after the end of the request"
    )
    assert text.endswith("; this is logged once for each class")


async def test_a_class_may_forget_to_call_the_initialiser_of_its_base() -> None:
    """The body is made ready when the request begins."""

    class Forgetful(AsyncHttpConsumer):
        def __init__(self) -> None:
            pass

        async def handle(self, body: bytes) -> None:
            await self.send_response(200, body)

    assert await serve(Forgetful(), HTTP, request(b"x")) == [START, part(b"x")]


def test_the_body_is_there_before_the_request() -> None:
    """As it is in existing systems."""
    assert AsyncHttpConsumer().body == []


async def test_a_subclass_needs_a_handle_method() -> None:
    """The text says so."""
    with pytest.raises(
        NotImplementedError, match=r"^Subclasses of AsyncHttpConsumer must provide a handle\(\) method\.$"
    ):
        await serve(AsyncHttpConsumer(), HTTP, GET)


# Responses.


@pytest.mark.parametrize(
    "headers",
    [
        [(b"X-One", b"1"), (b"x-two", b"2")],
        ((b"X-One", b"1"), [b"x-two", b"2"]),
        {b"X-One": b"1", b"x-two": b"2"},
        iter([(b"X-One", b"1"), (b"x-two", b"2")]),
    ],
)
async def test_headers_are_pairs_or_a_mapping(headers: Any) -> None:
    """In their order; names are lower-cased, as ASGI wants them."""

    async def answer(consumer: AsyncHttpConsumer, body: bytes) -> None:
        await consumer.send_response(204, b"", headers=headers)

    sent = await serve(Acting(answer), HTTP, GET)

    assert sent == [
        {**START, "status": 204, "headers": [(b"x-one", b"1"), (b"x-two", b"2")]},
        part(b""),
    ]


async def test_a_response_may_be_sent_in_parts() -> None:
    """Status and headers first."""

    async def answer(consumer: AsyncHttpConsumer, body: bytes) -> None:
        await consumer.send_headers(status=201, headers=[(b"a", b"b")])
        await consumer.send_body(b"one", more_body=True)
        await consumer.send_body(b"two")

    assert await serve(Acting(answer), HTTP, GET) == [
        {**START, "status": 201, "headers": [(b"a", b"b")]},
        part(b"one", True),
        part(b"two"),
    ]


@pytest.mark.parametrize("body", ["text", None, bytearray(b"x"), 5])
async def test_a_body_that_is_not_bytes_is_refused(body: Any) -> None:
    """With the error and the text that existing tests expect."""

    async def answer(consumer: AsyncHttpConsumer, _body: bytes) -> None:
        await consumer.send_response(200, body)

    server = Server(Acting(answer), HTTP, GET)
    with pytest.raises(AssertionError, match=r"^Body is not bytes$"):
        await server.end()
    # Nothing of the response had been sent, so what tells of the crash can be.
    assert {event.get("status") for event in server.sent} <= {500, None}


async def test_a_body_in_tiny_parts_takes_hardly_more_than_its_size() -> None:
    """Of each part an object of its own would take many times as much."""
    held: list[int] = []

    async def answer(consumer: AsyncHttpConsumer, body: bytes) -> None:
        held.append(len(consumer.body))
        await consumer.send_response(200, body)

    parts = [b"%02d" % (number % 100) for number in range(3000)]
    events = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    sent = await serve(Acting(answer), HTTP, *events, GET)

    assert sent[1]["body"] == b"".join(parts)
    assert held[0] < 20


def test_a_body_that_is_not_bytes_is_refused_without_assertions_too() -> None:
    """`python -O` leaves out assert statements; this one is none."""
    program = (
        "import asyncio\n"
        "from fast_channels.consumer import AsyncHttpConsumer\n"
        "asyncio.run(AsyncHttpConsumer().send_body('text'))\n"
    )

    run = subprocess.run([sys.executable, "-O", "-c", program], capture_output=True, text=True, check=False)

    assert run.stderr.strip().splitlines()[-1] == "AssertionError: Body is not bytes"


@pytest.mark.parametrize(
    ("calls", "text"),
    [
        ([("send_body", b"x")], r"http\.response\.body is not legal in state INIT"),
        ([("send_response", 200, b"x"), ("send_response", 200, b"x")], "not legal in state COMPLETE"),
        ([("send_headers",), ("send_headers",)], r"http\.response\.start is not legal in state STARTED"),
        ([("send_response", 99, b"x")], r"http\.response\.start is not valid: status"),
        ([("send_response", True, b"x")], r"http\.response\.start is not valid: status"),
    ],
)
async def test_what_is_no_response_is_refused(calls: list[Any], text: str) -> None:
    """At the caller's line, and nothing illegal reaches the server."""

    async def answer(consumer: AsyncHttpConsumer, body: bytes) -> None:
        for name, *arguments in calls:
            method = getattr(consumer, name)
            await (
                method(status=arguments[0]) if name == "send_headers" and arguments else method(*arguments)
            )

    consumer = Acting(answer)

    with pytest.raises(LocalProtocolError, match=text):
        await serve(consumer, HTTP, GET)
    assert consumer.disconnects == 1


async def test_more_body_after_the_end_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    """As documented: further messages are ignored; a warning says so."""

    async def answer(consumer: AsyncHttpConsumer, body: bytes) -> None:
        await consumer.send_response(200, b"all")
        await consumer.send_body(b"more")

    assert await serve(Acting(answer), HTTP, GET) == [START, part(b"all")]
    assert "was sent after the response was complete; it is dropped" in caplog.text


async def test_an_extension_of_the_server_can_be_used() -> None:
    """With `send()`, if the scope offers it."""

    async def answer(consumer: Any, body: bytes) -> None:
        await consumer.send_headers()
        await consumer.send({"type": "http.response.pathsend", "path": "/etc/hostname"})

    scope: dict[str, Any] = {**HTTP, "extensions": {"http.response.pathsend": {}}}
    server = Server(Acting(answer), scope, GET)
    await server.end()

    assert server.types == ["http.response.start", "http.response.pathsend"]
    with pytest.raises(LocalProtocolError, match="does not offer"):
        await serve(Acting(answer), HTTP, GET)


# The end.


async def test_a_handle_that_does_not_answer_is_an_error() -> None:
    """Nothing is left that could send a response, and the client would wait for ever."""

    async def silent(_consumer: Any, body: bytes) -> None:
        """Forget to answer."""

    consumer = Acting(silent)

    with pytest.raises(LocalProtocolError) as caught:
        await serve(consumer, HTTP, GET)

    assert str(caught.value) == (
        "Acting.handle() returned without a response; a consumer without a channel layer has no other "
        "handler that could send one"
    )
    assert caught.value.state == "INIT"
    assert caught.value.legal == ("http.response.start",)
    assert consumer.disconnects == 1


async def test_a_debug_event_is_no_answer() -> None:
    """It is for test clients, and the response is still to come."""

    async def silent(consumer: Any, body: bytes) -> None:
        await consumer.send({"type": "http.response.debug", "info": {}})

    with pytest.raises(LocalProtocolError, match="returned without a response"):
        await serve(Acting(silent), {**HTTP, "extensions": {"http.response.debug": {}}}, GET)


async def test_a_handle_that_raises_propagates() -> None:
    """`disconnect()` runs once."""

    async def fail(_consumer: Any, body: bytes) -> None:
        raise ZeroDivisionError

    consumer = Acting(fail)

    with pytest.raises(ZeroDivisionError):
        await serve(consumer, HTTP, GET)
    assert consumer.disconnects == 1


async def test_a_client_that_leaves_is_noticed_while_the_request_is_handled() -> None:
    """The next `send` raises; handled or not, that is no crash."""
    going_on = asyncio.Event()
    noticed: list[bool] = []

    async def slow(consumer: AsyncHttpConsumer, body: bytes) -> None:
        await going_on.wait()
        try:
            await consumer.send_response(200, b"too late")
        except ConnectionClosed:
            noticed.append(True)
            raise

    consumer = Acting(slow)
    server = Server(consumer, HTTP, GET, LEFT)
    await wait_all_tasks_blocked()
    going_on.set()
    await server.end()

    assert noticed == [True]
    assert server.sent == []
    assert consumer.disconnects == 1


async def test_a_client_that_left_needs_no_answer() -> None:
    """A `handle()` that gives up without one is fine then."""
    going_on = asyncio.Event()

    async def slow(_consumer: Any, body: bytes) -> None:
        await going_on.wait()

    consumer = Acting(slow)
    server = Server(consumer, HTTP, GET, LEFT)
    await wait_all_tasks_blocked()
    going_on.set()
    await server.end()

    assert consumer.disconnects == 1


async def test_a_cancelled_request_disconnects() -> None:
    """As every consumer does."""

    async def slow(_consumer: Any, body: bytes) -> None:
        await asyncio.Event().wait()

    consumer = Acting(slow)
    server = Server(consumer, HTTP, GET)
    await wait_all_tasks_blocked()

    await server.cancel()

    assert consumer.disconnects == 1


async def test_an_override_of_the_disconnect_event_need_not_call_super() -> None:
    """`disconnect()` runs nevertheless."""

    class Replaced(Acting):
        async def http_disconnect(self, message: Any) -> None:
            """Do something else."""

    consumer = Replaced()
    await serve(consumer, HTTP, request(b"x", True), LEFT)

    assert consumer.disconnects == 1


# Long polling and server-sent events.


class Waiting(Acting):
    """Answers with what comes through its layer."""

    channel_layer_alias = "test"

    async def tell(self, event: Mapping[str, Any]) -> None:
        """Send the whole response."""
        await self.send_response(200, event["text"].encode())

    async def stream(self, event: Mapping[str, Any]) -> None:
        """Send one part of it."""
        await self.send_body(event["text"].encode(), more_body=event["more"])


async def nothing(_consumer: Any, body: bytes) -> None:
    """Leave the answer to the layer."""


async def test_an_event_of_the_layer_can_answer(layer: InMemoryChannelLayer) -> None:
    """Long polling: `handle()` returned without a response, and the consumer waits for one."""
    consumer = Waiting(nothing)
    server = Server(consumer, HTTP, GET)
    await wait_all_tasks_blocked()
    assert server.sent == []

    await layer.send(consumer.channel_name, {"type": "tell", "text": "news"})
    await server.end()

    assert server.sent == [START, part(b"news")]
    assert consumer.disconnects == 1
    assert layer.channels == {}


async def test_events_of_the_layer_can_go_on_answering(layer: InMemoryChannelLayer) -> None:
    """Server-sent events: until the response is complete."""

    async def begin(consumer: AsyncHttpConsumer, body: bytes) -> None:
        await consumer.send_headers(headers=[(b"content-type", b"text/event-stream")])
        await consumer.send_body(b"", more_body=True)

    consumer = Waiting(begin)
    server = Server(consumer, HTTP, GET)
    await wait_all_tasks_blocked()

    for number in range(3):
        await layer.send(consumer.channel_name, {"type": "stream", "text": str(number), "more": number < 2})
        await wait_all_tasks_blocked()
    await server.end()

    assert [event["body"] for event in server.sent[1:]] == [b"", b"0", b"1", b"2"]
    assert consumer.disconnects == 1


async def test_a_stream_ends_when_the_client_leaves(layer: InMemoryChannelLayer) -> None:
    """`disconnect()` runs once, and the channel is released."""

    async def begin(consumer: AsyncHttpConsumer, body: bytes) -> None:
        await consumer.send_headers()
        await consumer.send_body(b"", more_body=True)

    consumer = Waiting(begin)
    server = Server(consumer, HTTP, GET)
    await wait_all_tasks_blocked()
    server.give(LEFT)
    await server.end()

    assert consumer.disconnects == 1
    assert layer.channels == {}


async def test_the_layer_is_heard_while_the_request_body_comes(layer: InMemoryChannelLayer) -> None:
    """An answer may be complete before the request is."""
    consumer = Waiting(nothing)
    server = Server(consumer, HTTP, request(b"begin", True))
    await wait_all_tasks_blocked()

    await layer.send(consumer.channel_name, {"type": "tell", "text": "stop"})
    await server.end()

    assert server.sent == [START, part(b"stop")]
    assert consumer.disconnects == 1


async def test_a_response_that_is_left_open_without_a_layer_waits_for_the_client() -> None:
    """A task of the application may be sending it."""
    later = asyncio.Event()

    async def send_later(consumer: Any) -> None:
        await later.wait()
        await consumer.send_body(b"later")

    async def begin(consumer: Any, body: bytes) -> None:
        await consumer.send_headers()
        consumer.task = asyncio.ensure_future(send_later(consumer))

    consumer = Acting(begin)
    server = Server(consumer, HTTP, GET)
    await wait_all_tasks_blocked()
    later.set()
    await wait_all_tasks_blocked()
    assert server.sent == [START, part(b"later")]
    assert not server.task.done()

    # Every server says so after a response.
    server.give(LEFT)
    await server.end()
    assert consumer.disconnects == 1


async def test_a_connection_of_no_protocol_has_no_state() -> None:
    """It ends with the disconnect event."""
    consumer = Acting(nothing)
    server = Server(consumer, {}, GET)
    await wait_all_tasks_blocked()
    assert not server.task.done()
    server.give(LEFT)
    await server.end()

    assert consumer.disconnects == 1
