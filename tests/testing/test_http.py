"""A test as the HTTP client of an application."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fast_channels.consumer import AsyncHttpConsumer
from fast_channels.testing import HttpCommunicator
from fast_channels.testing.application import ApplicationEnded
from fast_channels.type_defs import ASGIApplication, ASGIReceiveCallable, ASGISendCallable, ChannelScope

START = {"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/plain")]}


async def echo(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer with method, path, headers and body of the request."""
    body, more_body = b"", True
    while more_body:
        event = await receive()
        body += event.get("body", b"")
        more_body = event.get("more_body", False)
    await send({"type": "http.response.start", "status": 201, "headers": scope["headers"]})
    await send({"type": "http.response.body", "body": scope["method"].encode(), "more_body": True})
    await send({"type": "http.response.body", "body": scope["raw_path"] + body})


async def streams(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answer, and then hold the response open until the client leaves."""
    await receive()
    await send(START)
    await send({"type": "http.response.body", "body": b"first", "more_body": True})
    assert await receive() == {"type": "http.disconnect"}


def sends(*events: dict[str, Any], error: Exception | None = None) -> ASGIApplication:
    """Make an application that sends these events, and crashes if told so."""

    async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        for event in events:
            await send(event)
        if error is not None:
            raise error

    return application


BODY = {"type": "http.response.body", "body": b"done"}


async def test_response_is_collected() -> None:
    """A response has status, headers as the application sent them, and the joined body."""
    communicator = HttpCommunicator(echo, "/items", method="post", body=b"!", headers={b"A": b"b"})

    response = await communicator.get_response()

    assert response == {"status": 201, "headers": [(b"a", b"b")], "body": b"POST/items!"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: HttpCommunicator(echo, "/x", method="PUT", body=b"y", headers=[(b"a", b"b")]),
        lambda: HttpCommunicator(application=echo, path="/x", method="PUT", body=b"y", headers={b"a": b"b"}),
        lambda: HttpCommunicator(echo, "PUT", "/x", b"y", [(b"a", b"b")]),
        lambda: HttpCommunicator(echo, "PUT", "/x", body=b"y", headers=[(b"a", b"b")]),
    ],
)
async def test_request_can_be_written_in_two_orders(make: Callable[[], HttpCommunicator]) -> None:
    """The method is a keyword, as in fast-channels, or comes before the path, as in Channels."""
    assert await make().get_response() == {"status": 201, "headers": [(b"a", b"b")], "body": b"PUT/xy"}


async def test_consumer_class_is_an_application() -> None:
    """A consumer class needs no `as_asgi()` in a test."""

    class Consumer(AsyncHttpConsumer):
        async def handle(self, body: bytes) -> None:
            await self.send_response(202, body)

    response = await HttpCommunicator(Consumer, "/", body=b"hello").get_response()

    assert (response["status"], response["body"]) == (202, b"hello")


async def test_request_is_sent_once() -> None:
    """A request that the test sent itself is not sent again."""
    communicator = HttpCommunicator(echo, "/", body=b"!")
    await communicator.send_request()

    response = await communicator.get_response()

    assert response["body"] == b"GET/!"
    assert communicator.input_queue.empty()


async def test_request_body_can_be_sent_in_parts() -> None:
    """A body may come in as many events as the test likes."""
    communicator = HttpCommunicator(echo, "/", body=b"a")
    await communicator.send_request(more_body=True)
    await communicator.send_body(b"b", more_body=True)
    await communicator.send_body(b"c")

    response = await communicator.get_response()

    assert response["body"] == b"GET/abc"


async def test_trailers_are_collected() -> None:
    """Trailers that the response announced belong to it."""
    application = sends(
        {**START, "trailers": True},
        BODY,
        {"type": "http.response.trailers", "headers": [(b"a", b"1")], "more_trailers": True},
        {"type": "http.response.trailers", "headers": [(b"b", b"2")]},
    )
    communicator = HttpCommunicator(application, "/", extensions={"http.response.trailers": {}})

    response = await communicator.get_response()

    assert response.get("trailers") == [(b"a", b"1"), (b"b", b"2")]


async def test_headers_and_body_may_be_left_out() -> None:
    """The specification gives both a default."""
    application = sends({"type": "http.response.start", "status": 204}, {"type": "http.response.body"})

    response = await HttpCommunicator(application, "/").get_response()

    assert response == {"status": 204, "headers": [], "body": b""}


@pytest.mark.parametrize(
    ("events", "mistake"),
    [
        ([BODY], "Expected type 'http.response.start', but was 'http.response.body'"),
        ([START, START], "Expected type 'http.response.body', but was 'http.response.start'"),
        ([START, {"type": "http.response.body", "body": "text"}], "The body of .* is not bytes, it is .*str"),
    ],
)
async def test_wrong_response_is_an_assertion_error(events: list[dict[str, Any]], mistake: str) -> None:
    """What is no response fails the test and says why."""
    with pytest.raises(AssertionError, match=mistake):
        await HttpCommunicator(sends(*events), "/").get_response()


async def test_application_without_response_is_noticed_at_once() -> None:
    """An application that returned before its response was complete never completes it."""
    with pytest.raises(ApplicationEnded):
        await asyncio.wait_for(HttpCommunicator(sends(START), "/").get_response(60), 1)


@pytest.mark.parametrize("events", [[], [START], [START, BODY]])
async def test_error_of_the_application_is_raised(events: list[dict[str, Any]]) -> None:
    """A crash reaches the test, even that of a framework that answered 500 before."""
    with pytest.raises(ZeroDivisionError):
        await HttpCommunicator(sends(*events, error=ZeroDivisionError()), "/").get_response()


async def test_client_can_leave() -> None:
    """`disconnect` tells the application, and waits for its end."""
    communicator = HttpCommunicator(streams, "/")
    await communicator.send_request()
    assert await communicator.receive_output() == START

    await communicator.disconnect()

    assert communicator.future.done()
    assert not communicator.future.cancelled()


async def test_block_disconnects() -> None:
    """At the end of the block the client leaves, and the application ends by itself."""
    async with HttpCommunicator(streams, "/") as communicator:
        await communicator.send_request()
        await communicator.receive_output()

    assert not communicator.future.cancelled()


async def test_block_tells_of_an_application_that_stays() -> None:
    """An application that goes on after its client left hangs, and the test says so."""

    async def application(scope: ChannelScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await asyncio.Event().wait()

    class Impatient(HttpCommunicator):
        async def disconnect(self, timeout: float = 1) -> None:
            await super().disconnect(0)

    with pytest.raises(TimeoutError, match="did not end within 0 s"):
        async with Impatient(application, "/"):
            pass
