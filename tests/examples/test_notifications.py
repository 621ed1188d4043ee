"""The notifications, with real browsers' cookies and a real client of server-sent events."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import EventSource, ServerSentEvent

from examples.notifications.app import HISTORY, Inboxes, Notification, number_of
from tests.servers.server import Server


class Browser:
    """A browser in which somebody has logged in.

    Args:
        client: What sends its requests.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def log_in(self, name: str) -> None:
        """Say who it is."""
        response = await self._client.post("/login", data={"name": name})
        assert response.status_code == 303

    async def tell(self, name: str, text: str) -> httpx.Response:
        """Tell a person something."""
        return await self._client.post(f"/people/{name}", data={"text": text})

    @asynccontextmanager
    async def stream(self, last: str | None = None) -> AsyncGenerator["Stream"]:
        """Open the stream, as for the first time or after an event."""
        headers = {} if last is None else {"Last-Event-ID": last}
        async with self._client.stream("GET", "/stream", headers=headers, timeout=10) as response:
            yield Stream(response)


class Stream:
    """An open stream."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self._events = aiter(EventSource(response).aiter_sse()) if self.status == 200 else None

    async def next(self) -> ServerSentEvent:
        """Wait for an event."""
        assert self._events is not None
        return await anext(self._events)

    async def texts(self, count: int) -> list[Any]:
        """Wait for some events, and return who said what."""
        found = [json.loads((await self.next()).data) for _ in range(count)]
        return [(one["sender"], one["text"]) for one in found]


@pytest.fixture(scope="module")
def address() -> Any:
    """The address of a server that runs the example."""
    with Server("uvicorn", "examples.notifications.app:app") as server:
        yield f"http://{server.address}"


@asynccontextmanager
async def browser(address: str, name: str | None = None) -> AsyncGenerator[Browser]:
    """Open a browser, and log in."""
    async with httpx.AsyncClient(base_url=address) as client:
        one = Browser(client)
        if name is not None:
            await one.log_in(name)
        yield one


async def test_who_is_told_something_sees_it_at_once(address: str) -> None:
    """And nobody else does."""
    async with browser(address, "ann") as ann, browser(address, "bob") as bob, ann.stream() as stream:
        assert (await bob.tell("ann", "hello")).status_code == 202
        await bob.tell("bob", "a note")
        await bob.tell("ann", "bye")
        assert await stream.texts(2) == [("bob", "hello"), ("bob", "bye")]


async def test_who_lost_the_connection_gets_what_was_missed(address: str) -> None:
    """Once, and in order."""
    async with browser(address, "eve") as eve:
        async with eve.stream() as stream:
            await eve.tell("eve", "one")
            last = (await stream.next()).id
        for text in ("two", "three"):
            await eve.tell("eve", text)
        async with eve.stream(last) as stream:
            await eve.tell("eve", "four")
            assert [text for _, text in await stream.texts(3)] == ["two", "three", "four"]


async def test_who_has_not_logged_in_is_told_so(address: str) -> None:
    """By the stream, and by the endpoint."""
    async with browser(address) as stranger, stranger.stream() as stream:
        assert stream.status == 401
        assert (await stranger.tell("ann", "hello")).status_code == 401


async def test_the_page_is_served(address: str) -> None:
    """With the script that opens the stream."""
    async with httpx.AsyncClient(base_url=address) as client:
        assert 'new EventSource("/stream")' in (await client.get("/")).text


def test_an_inbox_keeps_the_last_notifications() -> None:
    """Those of each person, whatever the others are told."""
    inboxes = Inboxes()
    inboxes.keep("ann", "bob", "first")
    numbers = [inboxes.keep("bob", "ann", str(text)).number for text in range(HISTORY + 1)]

    assert inboxes.after("ann", 0) == [Notification(number=1, sender="bob", text="first")]
    assert [one.number for one in inboxes.after("bob", 0)] == numbers[1:]
    assert inboxes.after("bob", numbers[-1]) == []


@pytest.mark.parametrize(
    ("event_id", "number"), [(None, 0), ("7", 7), ("", 0), ("-7", 0), ("\u0667", 0), ("x", 0)]
)
def test_a_client_may_say_anything_about_its_last_event(event_id: str | None, number: int) -> None:
    """What is no number of ours means that it has got nothing."""
    assert number_of(event_id) == number
