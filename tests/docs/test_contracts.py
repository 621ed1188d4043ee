"""The contracts of the page do what the page says of them."""

from types import ModuleType

import pytest

from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.testing import HttpCommunicator, WebsocketCommunicator

from .pages import section


def page(title: str) -> ModuleType:
    """Run a section of the page about contracts."""
    return section("docs/contracts.md", title).run()


@pytest.mark.parametrize("name", ["Matching", "ByMethod"])
async def test_messages_are_told_apart(name: str) -> None:
    """By `match` or by a method for each."""
    async with WebsocketCommunicator(vars(page("A method for each message"))[name], "/") as websocket:
        await websocket.send_json_to({"type": "join", "name": "Ann"})
        assert await websocket.receive_json_from() == {"type": "welcome", "name": "Ann"}
        await websocket.send_json_to({"type": "say", "text": "hello"})
        assert await websocket.receive_json_from() == {"type": "said", "text": "hello"}


async def test_a_request_is_answered() -> None:
    """With the reply that its class declares."""
    await page("Requests and replies").test_the_calculator()


async def test_a_group_is_heard_by_its_members() -> None:
    """Whoever sends to it."""
    layer = InMemoryChannelLayer()
    register_channel_layer("chat", layer)
    groups = page("Groups")
    async with WebsocketCommunicator(groups.Visitor, "/") as websocket:
        await websocket.send_to("after connect() has joined")
        await groups.announce("hello")
        assert await websocket.receive_from() == "hello"


async def test_what_goes_to_the_clients_is_written_once() -> None:
    """One text for all of them."""
    register_channel_layer("chat", InMemoryChannelLayer())
    hall = page("Events that go to the client unchanged")
    async with (
        WebsocketCommunicator(hall.Listener, "/") as one,
        WebsocketCommunicator(hall.Listener, "/") as two,
    ):
        said = hall.Say(author=hall.Author(name="ann"), text="hello")
        for _ in range(2):
            await one.send_json_to(said.model_dump())
        texts = [
            (await websocket.receive_from(), await websocket.receive_from())[1] for websocket in (one, two)
        ]
    assert texts[0] == '{"type":"hall.said","author":{"name":"ann"},"text":"hello"}'
    assert texts[1] is texts[0]


async def test_an_event_that_does_not_fit_is_decided_on() -> None:
    """By the hook of the page."""
    consumer = page("Events that do not match").Ticker()
    layer = InMemoryChannelLayer()
    register_channel_layer("chat", layer)
    consumer.channel_layer_alias, consumer.groups = "chat", ["prices"]
    async with WebsocketCommunicator(consumer, "/") as websocket:
        await layer.group_send("prices", {"type": "price.changed", "cents": 5})
        assert await websocket.receive_from() == "5"
        await layer.group_send("prices", {"type": "price.changed"})
        assert await websocket.receive_close() == (1012, "please reconnect")


async def test_parameters_are_read_before_anything_else() -> None:
    """Those of the query and of the path."""
    params = page("Parameters of path and query")
    async with WebsocketCommunicator(params.Feed, "/?room=1&topic=a&topic=b") as websocket:
        assert await websocket.receive_from() == "1: a, b"
    assert await WebsocketCommunicator(params.Feed, "/?room=x").connect() == (False, 1000)
    assert (await HttpCommunicator(params.Page, "GET", "/?number=2").get_response())["body"] == b"page 2"
    assert (await HttpCommunicator(params.Page, "GET", "/?number=0").get_response())["status"] == 422
