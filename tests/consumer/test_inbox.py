"""Where a consumer's events meet."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from fast_channels.consumer.backpressure import READ_AHEAD
from fast_channels.consumer.inbox import Inbox, InboxByTurns, Origin
from fast_channels.exceptions import RemoteProtocolError
from fast_channels.layers import InMemoryChannelLayer
from fast_channels.protocol import HttpConnection, WebSocketConnection
from tests.blocked import wait_all_tasks_blocked

from .driver import (
    CONNECT,
    GET,
    HTTP,
    LEFT,
    WEBSOCKET,
    FragileLayer,
    LayerDown,
    PlainLayer,
    frame,
    gone,
)


class Client:
    """What the server's `receive` delivers.

    Attributes:
        asked: How many times it was called.
    """

    def __init__(self, *events: Mapping[str, Any] | BaseException) -> None:
        self.asked = 0
        self._events: asyncio.Queue[Mapping[str, Any] | BaseException] = asyncio.Queue()
        self.give(*events)

    def give(self, *events: Mapping[str, Any] | BaseException) -> None:
        """Have events ready, or errors."""
        for event in events:
            self._events.put_nowait(event)

    async def receive(self) -> Mapping[str, Any]:
        """Deliver the next event."""
        self.asked += 1
        event = await self._events.get()
        if isinstance(event, BaseException):
            raise event
        return event


async def next_event(inbox: Inbox) -> tuple[Mapping[str, Any], Origin]:
    """Return the next event of an inbox, and where it is from."""
    event, origin, _ = await inbox.get()
    return event, origin


def websocket(client: Client) -> Inbox:
    """Return the inbox of a WebSocket."""
    return Inbox(WebSocketConnection(WEBSOCKET), client.receive)


async def test_the_events_of_a_client_come_checked_and_in_order() -> None:
    """Without a second source they are read when they are asked for."""
    client = Client(CONNECT, frame("hi"), {"type": "websocket.disconnect"})
    inbox = websocket(client)

    events = [await next_event(inbox) for _ in range(3)]

    assert events == [
        ({"type": "websocket.connect"}, Origin.SERVER),
        ({"type": "websocket.receive", "text": "hi"}, Origin.SERVER),
        ({"type": "websocket.disconnect", "code": 1005, "reason": ""}, Origin.LAST),
    ]
    assert inbox.close_code == 1005
    assert client.asked == 3
    assert len(asyncio.all_tasks()) == 1


async def test_events_of_no_protocol_come_as_they_are() -> None:
    """What ASGI does not define cannot be checked, and nothing says that it is the last."""
    event: dict[str, Any] = {"type": "websocket.disconnect", "code": "odd"}
    inbox = Inbox(None, Client(event).receive)

    assert await next_event(inbox) == (event, Origin.SERVER)


async def test_events_of_an_unknown_type_come_as_they_are() -> None:
    """An application may have types of its own, on the side of the client too."""
    event = {"type": "my.own", "anything": object()}

    assert await next_event(websocket(Client(event))) == (event, Origin.SERVER)


async def test_the_last_event_of_a_request_is_the_disconnect() -> None:
    """It has no close code."""
    inbox = Inbox(HttpConnection(HTTP), Client(GET, LEFT).receive)

    assert (await inbox.get())[1] is Origin.SERVER
    assert (await inbox.get())[1] is Origin.LAST
    assert inbox.close_code is None


async def test_an_event_that_is_not_valid_raises_where_it_is_asked_for() -> None:
    """The connection is not lost: the server is there, and wrong."""
    inbox = websocket(Client({"type": "websocket.receive"}))

    with pytest.raises(RemoteProtocolError):
        await inbox.get()

    assert not inbox.lost


@pytest.mark.parametrize("ahead", [False, True])
async def test_a_server_that_raises_has_lost_the_connection(ahead: bool) -> None:
    """The error is raised when everything before it was handled."""
    inbox = websocket(Client(CONNECT, frame("hi"), OSError("lost")))
    await inbox.get()
    if ahead:
        inbox.read_ahead()
        await wait_all_tasks_blocked()

    assert (await inbox.get())[0]["text"] == "hi"
    with pytest.raises(OSError, match="lost"):
        await inbox.get()
    assert inbox.lost
    await inbox.close()


async def test_a_server_may_cancel_by_raising() -> None:
    """A cancellation out of `receive` ends the consumer, not only the task that read ahead."""
    inbox = websocket(Client(asyncio.CancelledError()))
    inbox.read_ahead()

    with pytest.raises(asyncio.CancelledError):
        await inbox.get()
    assert inbox.lost


async def test_reading_ahead_sees_the_disconnect() -> None:
    """The close code is known before the event is handled, and nothing is read after it."""
    client = Client(frame("hi"), gone(4001), frame("never"))
    inbox = websocket(client)

    inbox.read_ahead()
    inbox.read_ahead()
    await wait_all_tasks_blocked()

    assert inbox.close_code == 4001
    assert [(await inbox.get())[1] for _ in range(2)] == [Origin.SERVER, Origin.LAST]
    await wait_all_tasks_blocked()
    assert client.asked == 2
    inbox.read_ahead()
    await wait_all_tasks_blocked()
    assert client.asked == 2


async def test_reading_ahead_is_bounded() -> None:
    """Two events wait; another one is read when one of them has been taken."""
    client = Client(*(frame(str(number)) for number in range(10)))
    inbox = websocket(client)
    inbox.read_ahead()
    await wait_all_tasks_blocked()
    assert client.asked == READ_AHEAD

    texts: list[str] = []
    for number in range(8):
        texts.append((await inbox.get())[0]["text"])
        await wait_all_tasks_blocked()
        assert client.asked == READ_AHEAD + number + 1

    assert texts == [str(number) for number in range(8)]
    await inbox.close()


async def test_as_many_events_are_read_as_were_taken() -> None:
    """Reading ahead goes on where it was."""
    client = Client(*(frame(str(number)) for number in range(10)))
    inbox = websocket(client)
    inbox.read_ahead()
    await wait_all_tasks_blocked()

    for taken in (2, 4, 6):
        for _ in range(2):
            await inbox.get()
        await wait_all_tasks_blocked()
        assert client.asked == READ_AHEAD + taken

    await inbox.close()


async def test_nothing_is_read_after_the_last_event() -> None:
    """A reader that was never started is not started then."""
    client = Client(gone())
    inbox = websocket(client)
    await inbox.get()

    inbox.read_ahead()

    assert len(asyncio.all_tasks()) == 1
    assert client.asked == 1


async def listening(layer: Any, client: Client) -> tuple[Inbox, str]:
    """Return the inbox of a WebSocket that listens on a new channel."""
    inbox = websocket(client)
    channel = await layer.new_channel()
    inbox.listen(layer, channel)
    return inbox, channel


LAYERS: list[Callable[[], Any]] = [InMemoryChannelLayer, lambda: PlainLayer(FragileLayer())]


@pytest.mark.parametrize("kind", LAYERS)
async def test_messages_of_a_layer_come_in_order_of_arrival(kind: Callable[[], Any]) -> None:
    """Between the events of the client, from a layer that pushes and from one that is asked."""
    layer, client = kind(), Client(CONNECT)
    inbox, channel = await listening(layer, client)
    await inbox.get()
    inbox.read_ahead()

    await layer.send(channel, {"type": "one"})
    await wait_all_tasks_blocked()
    client.give(frame("two"))
    await wait_all_tasks_blocked()
    await layer.send(channel, {"type": "three"})
    await wait_all_tasks_blocked()

    events = [await next_event(inbox) for _ in range(3)]
    assert [(event["type"], origin) for event, origin in events] == [
        ("one", Origin.LAYER),
        ("websocket.receive", Origin.SERVER),
        ("three", Origin.LAYER),
    ]
    await inbox.close()


@pytest.mark.parametrize("kind", LAYERS)
async def test_a_message_that_comes_while_somebody_waits_is_returned(kind: Callable[[], Any]) -> None:
    """Whoever waits for an event is woken, by either source."""
    layer = kind()
    inbox, channel = await listening(layer, Client(CONNECT))
    await inbox.get()
    inbox.read_ahead()
    waiting = asyncio.ensure_future(next_event(inbox))
    await wait_all_tasks_blocked()

    await layer.send(channel, {"type": "late"})

    assert await waiting == ({"type": "late"}, Origin.LAYER)
    await inbox.close()


@pytest.mark.parametrize("kind", LAYERS)
async def test_an_asgi_event_of_a_layer_is_handed_through_and_moves_nothing(kind: Callable[[], Any]) -> None:
    """Only the server says what happens; the consumer decides what it takes from a layer."""
    layer = kind()
    connection = WebSocketConnection(WEBSOCKET)
    inbox = Inbox(connection, Client(CONNECT).receive)
    channel = await layer.new_channel()
    inbox.listen(layer, channel)
    await inbox.get()
    inbox.read_ahead()

    await layer.send(channel, {"type": "websocket.disconnect", "code": "odd"})

    assert await next_event(inbox) == ({"type": "websocket.disconnect", "code": "odd"}, Origin.LAYER)
    assert connection.state == "HANDSHAKE"
    assert inbox.close_code is None
    await inbox.close()


async def test_a_layer_that_is_asked_is_not_emptied() -> None:
    """Reading ahead is bounded there as well: the layer knows its capacity."""
    inner = FragileLayer()
    inbox, channel = await listening(PlainLayer(inner), Client(CONNECT))
    await inbox.get()
    inbox.read_ahead()
    for number in range(10):
        await inner.send(channel, {"type": "note", "number": number})
    await wait_all_tasks_blocked()

    assert len(inner.channels[channel]) == 10 - READ_AHEAD

    numbers: list[int] = []
    for _ in range(10):
        numbers.append((await inbox.get())[0]["number"])
        await wait_all_tasks_blocked()
    assert numbers == list(range(10))
    await inbox.close()


async def test_a_message_that_somebody_else_took_is_passed_over() -> None:
    """A handler may call `channel_receive()` itself."""
    layer = InMemoryChannelLayer()
    inbox, channel = await listening(layer, Client(CONNECT))
    await inbox.get()
    inbox.read_ahead()
    await layer.send(channel, {"type": "taken"})
    await layer.receive(channel)
    await layer.send(channel, {"type": "left over"})

    assert await next_event(inbox) == ({"type": "left over"}, Origin.LAYER)
    waiting = asyncio.ensure_future(next_event(inbox))
    await wait_all_tasks_blocked()
    # Taken before whoever waits has its turn.
    await layer.send(channel, {"type": "taken as well"})
    await layer.receive(channel)
    await wait_all_tasks_blocked()
    await layer.send(channel, {"type": "next"})
    assert await waiting == ({"type": "next"}, Origin.LAYER)
    await inbox.close()


async def test_a_layer_that_fails_raises_after_what_it_delivered() -> None:
    """What it raised is raised where the next event is asked for."""
    inner = FragileLayer()
    inner.failing.add("receive")
    inbox, _ = await listening(PlainLayer(inner), Client(CONNECT))

    assert (await inbox.get())[0] == CONNECT
    inbox.read_ahead()
    with pytest.raises(LayerDown):
        await inbox.get()
    assert not inbox.lost
    await inbox.close()


async def test_messages_may_be_sent_from_another_thread(caplog: pytest.LogCaptureFixture) -> None:
    """The event loop of the consumer is woken, in the way that asyncio allows."""
    asyncio.get_running_loop().set_debug(True)
    layer = InMemoryChannelLayer()
    inbox, channel = await listening(layer, Client(CONNECT))
    await inbox.get()
    inbox.read_ahead()

    def send() -> None:
        asyncio.run(layer.send(channel, {"type": "from afar"}))

    waiting = asyncio.ensure_future(next_event(inbox))
    await wait_all_tasks_blocked()
    thread = threading.Thread(target=send)
    thread.start()

    assert await asyncio.wait_for(waiting, 5) == ({"type": "from afar"}, Origin.LAYER)
    thread.join()
    await inbox.close()
    # The layer was not told yet that the consumer has ended: nobody is woken any more.
    thread = threading.Thread(target=send)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert "could not be told" not in caplog.text


@pytest.mark.parametrize("kind", LAYERS)
async def test_closing_ends_all_tasks(kind: Callable[[], Any]) -> None:
    """Those that wait, and those that had no time to begin."""
    for begun in (False, True):
        inbox, _ = await listening(kind(), Client())
        inbox.read_ahead()
        if begun:
            await wait_all_tasks_blocked()

        await inbox.close()

        assert len(asyncio.all_tasks()) == 1


async def test_closing_without_tasks_waits_for_nothing() -> None:
    """Neither does closing when every task has ended: it only drops what nobody has taken."""
    inbox = websocket(Client(gone()))
    await inbox.close()
    inbox = websocket(Client(gone()))
    inbox.read_ahead()
    await wait_all_tasks_blocked()
    arrivals = inbox.arrivals
    assert arrivals is not None
    assert arrivals.entries

    assert [*inbox.close().__await__()] == []
    assert arrivals.entries is None


async def test_what_a_server_raises_when_it_is_cancelled_is_nobodys_business() -> None:
    """Its `receive` may answer our cancellation with an error; asyncio does not complain of it either."""
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))

    async def receive() -> Mapping[str, Any]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise RuntimeError("interrupted") from None
        return {}

    inbox = Inbox(WebSocketConnection(WEBSOCKET), receive)
    inbox.read_ahead()
    await wait_all_tasks_blocked()

    await inbox.close()
    del inbox
    await wait_all_tasks_blocked()

    assert not complaints


async def taking_turns(layer: Any, client: Client) -> tuple[Inbox, str]:
    """Return the inbox of a worker's consumer that listens on a new channel."""
    inbox = InboxByTurns(None, client.receive)
    channel = await layer.new_channel()
    inbox.listen(layer, channel)
    return inbox, channel


async def test_a_time_out_of_the_server_is_its_error(layer: InMemoryChannelLayer) -> None:
    """It is not taken for a message of the layer, which ends the waiting in the same way."""

    async def receive() -> Mapping[str, Any]:
        raise TimeoutError("too slow")

    inbox = InboxByTurns(None, receive)
    inbox.listen(layer, await layer.new_channel())

    with pytest.raises(TimeoutError, match="too slow"):
        await inbox.get()


async def test_an_inbox_that_must_not_read_ahead_does_not() -> None:
    """What it has not asked for is there for others."""
    client = Client({"type": "one"}, {"type": "two"})
    inbox = InboxByTurns(None, client.receive)

    inbox.read_ahead()
    await wait_all_tasks_blocked()
    assert client.asked == 0

    assert [await next_event(inbox), await next_event(inbox)] == [
        ({"type": "one"}, Origin.LAYER),
        ({"type": "two"}, Origin.LAYER),
    ]
    assert client.asked == 2


@pytest.mark.parametrize("kind", LAYERS)
async def test_without_reading_ahead_whatever_is_first_is_returned(kind: Callable[[], Any]) -> None:
    """The client is asked again after a message of the layer was first, and nothing is lost."""
    layer, client = kind(), Client()
    inbox, channel = await taking_turns(layer, client)
    got: list[str] = []
    for source in ("layer", "client", "layer", "layer", "client", "client"):
        waiting = asyncio.ensure_future(next_event(inbox))
        await wait_all_tasks_blocked()
        if source == "layer":
            await layer.send(channel, {"type": source})
        else:
            client.give({"type": source})
        event, origin = await waiting
        # What the worker passes on has come from its channel.
        assert origin is Origin.LAYER
        got.append(event["type"])

    assert got == ["layer", "client", "layer", "layer", "client", "client"]
    await inbox.close()
    assert len(asyncio.all_tasks()) == 1


async def test_without_reading_ahead_what_was_taken_is_handled_first() -> None:
    """It cannot go back; the messages of the layer stay in their order."""
    layer, client = InMemoryChannelLayer(), Client()
    inbox, channel = await taking_turns(layer, client)
    waiting = asyncio.ensure_future(next_event(inbox))
    await wait_all_tasks_blocked()

    client.give({"type": "taken"})
    # The client's event is on its way to whoever asked for it, and both sources are ready at once.
    for number in range(3):
        await layer.send(channel, {"type": str(number)})

    got = [await waiting, *[await next_event(inbox) for _ in range(3)]]
    assert [event["type"] for event, _ in got] == ["taken", "0", "1", "2"]


async def test_without_reading_ahead_an_error_is_raised() -> None:
    """That of the server's `receive`."""
    inbox, _ = await taking_turns(InMemoryChannelLayer(), Client(LookupError("gone")))

    with pytest.raises(LookupError):
        await inbox.get()


async def test_without_reading_ahead_a_cancelled_server_is_seen() -> None:
    """A server may cancel by raising out of its `receive`."""
    inbox, _ = await taking_turns(InMemoryChannelLayer(), Client(asyncio.CancelledError()))

    with pytest.raises(asyncio.CancelledError):
        await inbox.get()


async def test_without_reading_ahead_whoever_waits_can_be_cancelled() -> None:
    """The client's event is still there for the next one who asks."""
    layer, client = InMemoryChannelLayer(), Client()
    inbox, _ = await taking_turns(layer, client)
    waiting = asyncio.ensure_future(next_event(inbox))
    await wait_all_tasks_blocked()

    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert len(asyncio.all_tasks()) == 1
    client.give({"type": "next"})
    assert await next_event(inbox) == ({"type": "next"}, Origin.LAYER)
