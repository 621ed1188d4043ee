"""A consumer says which subprotocols it speaks, and is found by them."""

import logging
from collections.abc import Sequence
from types import new_class
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute

from fast_channels.checks import findings_in
from fast_channels.codegen.application import application_schemas
from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer, BySubprotocol
from fast_channels.exceptions import AcceptConnection, LocalProtocolError
from fast_channels.targets import Target, consumers_in
from fast_channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator

DENIAL = {"websocket.http.response": dict[str, Any]()}


class Chat(AsyncWebsocketConsumer):
    subprotocols: Sequence[str] = ("chat.v2", "chat.v1")
    codes: list[int]

    async def connect(self) -> None:
        before = self.subprotocol
        await self.accept()
        assert self.subprotocol == before

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(f"{type(self).__name__} {self.subprotocol}")


class Strict(Chat):
    requires_subprotocol = True

    async def disconnect(self, code: int) -> None:
        self.codes.append(code)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["chat.v1"], "chat.v1"),
        (["chat.v1", "chat.v2"], "chat.v1"),
        (["chat.v3", "chat.v2", "chat.v1"], "chat.v2"),
        (["chat.v3"], None),
        ([], None),
    ],
)
async def test_the_first_one_that_is_offered_and_spoken_is_chosen(
    offered: list[str], chosen: str | None
) -> None:
    """A client names first what it likes best; RFC 6455, section 4.1."""
    websocket = WebsocketCommunicator(Chat, "/", subprotocols=offered)
    assert await websocket.connect() == (True, chosen)
    await websocket.send_to("?")
    assert await websocket.receive_from() == f"Chat {chosen}"
    await websocket.disconnect()


@given(st.lists(st.sampled_from(["chat.v1", "chat.v2", "chat.v3"])))
async def test_what_is_chosen_was_offered_and_is_spoken(offered: list[str]) -> None:
    """Whatever a client offers; and nothing that it likes better is passed over."""
    websocket = WebsocketCommunicator(Chat, "/", subprotocols=offered)
    accepted, chosen = await websocket.connect()
    await websocket.disconnect()

    both = [name for name in offered if name in Chat.subprotocols]
    assert (accepted, chosen) == (True, both[0] if both else None)


@pytest.mark.parametrize(("extensions", "answer"), [(DENIAL, 400), ({}, 1000)])
async def test_a_client_that_offers_none_is_refused_where_one_is_required(
    extensions: dict[str, Any], answer: int
) -> None:
    """When the consumer accepts; nothing follows but one `disconnect()`."""
    codes: list[int] = []
    websocket = WebsocketCommunicator(Strict.as_asgi(codes=codes), "/", subprotocols=["chat.v3"])
    websocket.scope["extensions"] = extensions

    assert await websocket.connect() == (False, answer)
    await websocket.wait()
    assert len(codes) == 1
    if extensions:
        assert websocket.response_body == b"None of the subprotocols that you offer is served here.\n"
    accepted = WebsocketCommunicator(Strict.as_asgi(codes=codes), "/", subprotocols=["chat.v1"])
    assert await accepted.connect() == (True, "chat.v1")
    await accepted.disconnect()


async def test_a_later_handler_refuses_too(caplog: pytest.LogCaptureFixture) -> None:
    """No client makes a consumer fail."""

    class Late(Strict):
        async def connect(self) -> None:
            raise AcceptConnection

    websocket = WebsocketCommunicator(Late.as_asgi(codes=[]), "/")
    assert await websocket.connect() == (False, 1000)
    await websocket.wait()
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


async def test_what_accept_is_told_comes_first() -> None:
    """As in code that chooses by itself; the choice can be read there too."""

    class Own(AsyncWebsocketConsumer):
        subprotocols = ("chat.v2",)

        async def connect(self) -> None:
            await self.accept("chat.v1")
            await self.send(f"{self.subprotocol}")

    class Plain(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            assert self.subprotocol is None
            await self.accept(self.scope["subprotocols"][0])
            await self.send(f"{self.subprotocol}")

    for consumer in (Own, Plain):
        async with WebsocketCommunicator(consumer, "/", subprotocols=["chat.v1", "chat.v2"]) as websocket:
            assert await websocket.receive_from() == "chat.v1"
    refused = WebsocketCommunicator(Own, "/", subprotocols=["chat.v2"])
    with pytest.raises(LocalProtocolError, match=r"the client did not offer the subprotocol 'chat\.v1'"):
        await refused.connect()


async def test_an_attribute_of_the_application_s_own_may_have_the_name() -> None:
    """Existing code may call something so."""

    class Own(AsyncWebsocketConsumer):
        @property
        def subprotocol(self) -> str:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]  # what nobody has checked
            return "own"

        async def connect(self) -> None:
            await self.accept("chat.v1")
            await self.send(self.subprotocol)

    async with WebsocketCommunicator(Own, "/", subprotocols=["chat.v1"]) as websocket:
        assert await websocket.receive_from() == "own"


async def test_an_instance_may_have_subprotocols_of_its_own() -> None:
    """`as_asgi()` takes both attributes."""
    application = Chat.as_asgi(subprotocols=["chat.v9"], requires_subprotocol=True)
    websocket = WebsocketCommunicator(application, "/", subprotocols=["chat.v1", "chat.v9"])
    assert await websocket.connect() == (True, "chat.v9")
    await websocket.disconnect()
    assert await WebsocketCommunicator(application, "/").connect() == (False, 1000)


def test_a_string_is_no_list_of_names() -> None:
    """Its characters would be the names."""
    with pytest.raises(
        TypeError, match=r"^Wrong.subprotocols has to be a list of names, not the string 'a'; write"
    ):
        new_class("Wrong", (AsyncWebsocketConsumer,), exec_body=lambda names: names.update(subprotocols="a"))


class ChatV1(Chat):
    subprotocols = ("chat.v1",)


class ChatV2(AsyncJsonWebsocketConsumer[str, str]):
    subprotocols = ("chat.v2", "chat.v2.1")

    async def receive_json(self, content: str) -> str:
        return f"{content} {self.subprotocol}"


class Plain(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send("plain")


APPLICATION = BySubprotocol(ChatV2, ChatV1.as_asgi())


@pytest.mark.parametrize(
    ("offered", "said"),
    [(["chat.v1", "chat.v2"], "ChatV1 chat.v1"), (["x", "chat.v2.1", "chat.v1"], '"? chat.v2.1"')],
)
async def test_a_subprotocol_has_a_consumer_of_its_own(offered: list[str], said: str) -> None:
    """The first one that is offered decides."""
    async with WebsocketCommunicator(APPLICATION, "/", subprotocols=offered) as websocket:
        await websocket.send_to('"?"')
        assert await websocket.receive_from() == said


@pytest.mark.parametrize(("extensions", "answer"), [(DENIAL, 400), (None, 1000)])
async def test_a_client_that_offers_nothing_that_is_served_is_refused(
    extensions: dict[str, Any] | None, answer: int
) -> None:
    """Or served by a default."""
    websocket = WebsocketCommunicator(APPLICATION, "/", subprotocols=["x"])
    websocket.scope["extensions"] = extensions
    assert await websocket.connect() == (False, answer)
    await websocket.wait()
    async with WebsocketCommunicator(BySubprotocol(ChatV2, default=Plain), "/") as served:
        await served.send_to("?")
        assert await served.receive_from() == "plain"


async def test_a_client_that_leaves_before_it_is_refused_is_not_answered() -> None:
    """There is nobody."""
    communicator = ApplicationCommunicator(
        APPLICATION, {"type": "websocket", "extensions": DENIAL, "path": "/"}
    )
    await communicator.send_input({"type": "websocket.disconnect", "code": 1006})
    await communicator.wait()
    assert await communicator.receive_nothing()


async def test_other_connections_are_answered_as_by_any_consumer() -> None:
    """A request is told that a WebSocket is served here, and the lifespan is served."""
    assert (await HttpCommunicator(APPLICATION, "GET", "/").get_response())["status"] == 426
    lifespan = ApplicationCommunicator(APPLICATION, {"type": "lifespan"})
    await lifespan.send_input({"type": "lifespan.startup"})
    assert await lifespan.receive_output() == {"type": "lifespan.startup.complete"}
    await lifespan.send_input({"type": "lifespan.shutdown"})
    await lifespan.wait()
    for type_ in ("own", None):
        with pytest.raises(ValueError, match="BySubprotocol cannot serve a connection of the type"):
            await ApplicationCommunicator(APPLICATION, {"type": type_}).wait()


def test_consumers_that_cannot_be_told_apart_are_told_at_once() -> None:
    """By nobody who connects."""
    with pytest.raises(TypeError, match=r"^Plain has no subprotocols, so it can never be selected$"):
        BySubprotocol(Plain)
    with pytest.raises(TypeError, match=r"^Chat and ChatV1 both have the subprotocol 'chat.v1'$"):
        BySubprotocol(Chat, ChatV1)


def test_documents_and_checks_find_the_consumers() -> None:
    """Wherever the application is mounted, with its default."""
    application = BySubprotocol(ChatV2, ChatV1, default=Plain)
    target = Target("app:app", Starlette(routes=[WebSocketRoute("/", application)]))

    assert {found.consumer for found in consumers_in(target)} == {ChatV2, ChatV1, Plain}
    assert {*application_schemas([target]).files} == {"ChatV2.client.json", "ChatV2.server.json"}
    assert findings_in([target]) == []
