"""The consumer of WebSockets: handshake, frames, groups, and how it closes."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import pytest

from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer, sending
from fast_channels.exceptions import (
    AcceptConnection,
    ConnectionClosed,
    DenyConnection,
    InvalidChannelLayerError,
    LocalProtocolError,
    StopConsumer,
)
from fast_channels.layers import BaseChannelLayer, InMemoryChannelLayer, register_channel_layer
from fast_channels.testing import WebsocketCommunicator
from tests.blocked import wait_all_tasks_blocked

from .driver import CONNECT, WEBSOCKET, FragileLayer, LayerDown, PlainLayer, Server, frame, gone, serve

ACCEPTED: dict[str, Any] = {"type": "websocket.accept", "headers": []}
OFFERED = {**WEBSOCKET, "subprotocols": ["chat", "soap"]}
DENIABLE: dict[str, Any] = {**WEBSOCKET, "extensions": {"websocket.http.response": {}}}


def closed(code: int = 1000, reason: str = "") -> dict[str, Any]:
    """Return what the server gets of a close."""
    return {"type": "websocket.close", "code": code, "reason": reason}


class Acting(AsyncWebsocketConsumer):
    """Does in `connect()` what the test wants, and keeps the codes of its disconnects."""

    def __init__(self, *calls: tuple[str, tuple[Any, ...], dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.calls = calls
        self.codes: list[int] = []

    async def connect(self) -> None:
        """Do it."""
        for name, arguments, options in self.calls:
            await getattr(self, name)(*arguments, **options)

    async def disconnect(self, code: int) -> None:
        """Keep the code."""
        self.codes.append(code)


def call(name: str, *arguments: Any, **options: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    """Return a call of a method."""
    return name, arguments, options


async def run(*calls: tuple[str, tuple[Any, ...], dict[str, Any]], **scope: Any) -> list[dict[str, Any]]:
    """Return what a consumer sends that makes some calls and is left."""
    return await serve(Acting(*calls), {**OFFERED, **scope}, CONNECT, gone())


# The handshake.


async def test_a_consumer_accepts_by_default() -> None:
    """A consumer without `connect()` lets everybody in."""
    assert await serve(AsyncWebsocketConsumer(), WEBSOCKET, CONNECT, gone()) == [ACCEPTED]


@pytest.mark.parametrize(
    "accept",
    [
        call("accept", "chat", [(b"X-Session", b"1")]),
        call("accept", subprotocol="chat", headers={b"X-Session": b"1"}),
        call("accept", subprotocol="chat", headers=iter([[b"x-session", bytearray(b"1")]])),
    ],
)
async def test_a_handshake_is_accepted_with_subprotocol_and_headers(accept: Any) -> None:
    """By position or by name, headers as pairs or as a mapping; names are lower-cased."""
    assert await run(accept) == [
        {"type": "websocket.accept", "subprotocol": "chat", "headers": [(b"x-session", b"1")]}
    ]


async def test_a_subprotocol_that_was_not_offered_is_refused() -> None:
    """At the line that chooses it; nothing reaches the server."""
    consumer = Acting(call("accept", "mqtt"))
    server = Server(consumer, OFFERED, CONNECT)

    with pytest.raises(LocalProtocolError, match="did not offer the subprotocol 'mqtt'"):
        await server.end()

    assert server.sent == []
    assert consumer.codes == [1011]


async def test_a_second_accept_is_refused() -> None:
    """The first one counts."""
    consumer = Acting(call("accept"), call("accept"))
    server = Server(consumer, WEBSOCKET, CONNECT)

    with pytest.raises(LocalProtocolError, match=r"websocket\.accept is not legal in state OPEN"):
        await server.end()

    assert server.sent[:1] == [ACCEPTED]


async def test_a_handshake_may_be_answered_later() -> None:
    """From another handler, or from a task."""

    class Later(Acting):
        async def connect(self) -> None:
            self.task = asyncio.ensure_future(self.accept())

    consumer = Later()
    assert await serve(consumer, WEBSOCKET, CONNECT, gone()) in ([ACCEPTED], [])
    # Too late, if the client was quicker.
    await asyncio.gather(consumer.task, return_exceptions=True)
    server = Server(Later(), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    assert server.sent[:1] == [ACCEPTED]
    server.give(gone())
    await server.end()


async def test_a_second_connect_event_asks_nobody() -> None:
    """What a server repeats, or a layer sends, does not answer a handshake twice."""
    consumer = Acting(call("accept"))

    sent = await serve(consumer, WEBSOCKET, CONNECT, CONNECT, gone(1001))

    assert sent == [ACCEPTED]
    assert consumer.codes == [1001]


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (AcceptConnection(), [ACCEPTED]),
        (DenyConnection(), [closed()]),
        (DenyConnection(401), [closed()]),
    ],
)
async def test_connect_may_answer_with_an_exception(error: Exception, answer: list[dict[str, Any]]) -> None:
    """Without the extension for denials, a refused client gets a plain 403 of the server."""

    class Raising(Acting):
        async def connect(self) -> None:
            raise error

    assert await serve(Raising(), WEBSOCKET, CONNECT, gone()) == answer


DENIALS: list[tuple[DenyConnection, int, list[tuple[bytes, bytes]], bytes]] = [
    (DenyConnection(401), 401, [], b""),
    (DenyConnection(418, [(b"X-Tea", b"1")], b"short"), 418, [(b"x-tea", b"1")], b"short"),
    (DenyConnection(403, {b"x-a": b"b"}), 403, [(b"x-a", b"b")], b""),
]


@pytest.mark.parametrize(("error", "status", "headers", "body"), DENIALS)
async def test_a_denial_is_a_response_where_the_server_offers_it(
    error: Exception, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """With status, headers and body. The consumer ends then: some servers say nothing any more."""

    class Raising(Acting):
        async def connect(self) -> None:
            raise error

    consumer = Raising()

    assert await serve(consumer, DENIABLE, CONNECT) == [
        {"type": "websocket.http.response.start", "status": status, "headers": headers},
        {"type": "websocket.http.response.body", "body": body, "more_body": False},
    ]
    assert consumer.codes == [1006]


async def test_deny_is_a_method_too() -> None:
    """What `DenyConnection` does can be done anywhere, with 403 unless told otherwise."""
    consumer = Acting(call("deny", headers={b"a": b"b"}, body=b"no"))

    sent = await serve(consumer, DENIABLE, CONNECT)

    assert [event.get("status") for event in sent] == [403, None]
    assert await serve(Acting(call("deny", 401)), WEBSOCKET, CONNECT, gone()) == [closed()]
    # A connection of no protocol offers nothing.
    assert await serve(Acting(call("deny", 401)), {}, CONNECT, gone()) == [
        {"type": "websocket.close", "code": 1000, "reason": None}
    ]


async def test_a_connection_of_no_protocol_is_answered_unchecked() -> None:
    """Tests of an application may leave out what it does not look at."""
    sent = await serve(Acting(call("accept", "mqtt")), {}, CONNECT, gone())

    assert [(event["type"], event["subprotocol"]) for event in sent] == [("websocket.accept", "mqtt")]


async def test_a_denial_after_the_accept_is_refused() -> None:
    """There is no handshake any more."""
    with pytest.raises(LocalProtocolError, match=r"websocket\.http\.response\.start is not legal"):
        await serve(Acting(call("accept"), call("deny")), DENIABLE, CONNECT)


async def test_a_handshake_can_be_refused_by_closing() -> None:
    """The server makes a 403 of it, and says that the client is gone."""
    consumer = Acting(call("close"))

    assert await serve(consumer, WEBSOCKET, CONNECT, gone(1006)) == [closed()]
    assert consumer.codes == [1006]


# Frames.


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ({"text": "hi"}, {"text_data": "hi"}),
        ({"text": ""}, {"text_data": ""}),
        ({"bytes": b"hi"}, {"bytes_data": b"hi"}),
        ({"bytes": b""}, {"bytes_data": b""}),
        ({"text": "hi", "bytes": None}, {"text_data": "hi"}),
        ({"text": None, "bytes": b"hi"}, {"bytes_data": b"hi"}),
    ],
)
async def test_receive_gets_one_argument_by_name(event: dict[str, Any], arguments: dict[str, Any]) -> None:
    """Text or bytes, whichever form the server gives the event."""
    got: list[dict[str, Any]] = []

    async def receive(self: Any, **given: Any) -> None:
        got.append(given)

    reading: Any = type("Reading", (AsyncWebsocketConsumer,), {"receive": receive})
    await serve(reading(), WEBSOCKET, CONNECT, {"type": "websocket.receive", **event}, gone())

    assert got == [arguments]


async def test_frames_are_ignored_by_default() -> None:
    """A consumer without `receive()` only listens to its layer."""
    assert await serve(AsyncWebsocketConsumer(), WEBSOCKET, CONNECT, frame("hi"), gone()) == [ACCEPTED]


@pytest.mark.parametrize(
    ("send", "payload"),
    [
        (call("send", "hi"), {"text": "hi"}),
        (call("send", text_data=""), {"text": ""}),
        (call("send", None, b"hi"), {"bytes": b"hi"}),
        (call("send", bytes_data=bytearray(b"hi")), {"bytes": b"hi"}),
        (call("send", bytes_data=b""), {"bytes": b""}),
    ],
)
async def test_a_frame_carries_one_payload(send: Any, payload: dict[str, Any]) -> None:
    """The other one is not sent, not even as `None`."""
    assert await run(call("accept"), send) == [ACCEPTED, {"type": "websocket.send", **payload}]


@pytest.mark.parametrize("send", [call("send"), call("send", "text", b"bytes"), call("send", close=True)])
async def test_a_frame_needs_exactly_one_payload(send: Any) -> None:
    """Both are a mistake as well as none."""
    with pytest.raises(ValueError, match=r"^You must pass one of bytes_data or text_data$"):
        await run(call("accept"), send)


@pytest.mark.parametrize("send", [call("send", 5), call("send", b"bytes"), call("send", bytes_data="text")])
async def test_a_payload_of_a_wrong_type_is_refused(send: Any) -> None:
    """At the caller's line."""
    with pytest.raises(LocalProtocolError, match=r"websocket\.send is not valid"):
        await run(call("accept"), send)


async def test_a_frame_before_the_accept_is_refused() -> None:
    """Nothing may be sent until the handshake is complete."""
    with pytest.raises(
        LocalProtocolError,
        match=r"^websocket\.send is not legal in state HANDSHAKE; legal: websocket\.accept",
    ):
        await run(call("send", "hi"))


# Closing.


@pytest.mark.parametrize(
    ("close", "code", "reason"),
    [
        (call("close"), 1000, ""),
        (call("close", None), 1000, ""),
        (call("close", True), 1000, ""),
        (call("close", False), 1000, ""),
        (call("close", 4001), 4001, ""),
        (call("close", 4001, "enough"), 4001, "enough"),
        (call("close", code=1012, reason="restart"), 1012, "restart"),
    ],
)
async def test_a_connection_is_closed_with_code_and_reason(close: Any, code: int, reason: str) -> None:
    """`None` and booleans mean 1000."""
    assert await run(call("accept"), close) == [ACCEPTED, closed(code, reason)]


@pytest.mark.parametrize(("close", "code"), [(True, 1000), (4001, 4001)])
async def test_a_frame_may_close_the_connection(close: bool | int, code: int) -> None:
    """`True` means 1000, a number is the code."""
    sent = await run(call("accept"), call("send", "bye", close=close))

    assert sent == [ACCEPTED, {"type": "websocket.send", "text": "bye"}, closed(code)]


async def test_closing_what_is_closed_does_nothing() -> None:
    """Neither after the own close nor after the client has left."""
    assert await run(call("accept"), call("close", 4001), call("close", 4002)) == [ACCEPTED, closed(4001)]

    class Late(Acting):
        async def disconnect(self, code: int) -> None:
            await self.close()

    assert await serve(Late(call("accept")), WEBSOCKET, CONNECT, gone()) == [ACCEPTED]


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, "1000", 1000.5])
async def test_a_code_that_may_not_be_sent_is_refused(code: Any) -> None:
    """RFC 6455, section 7.4; a server would close with 1006."""
    with pytest.raises(LocalProtocolError, match=r"websocket\.close is not valid"):
        await run(call("accept"), call("close", code))


async def test_a_reason_that_is_too_long_is_refused() -> None:
    """A control frame has room for 123 bytes."""
    with pytest.raises(LocalProtocolError, match="124 bytes"):
        await run(call("accept"), call("close", 4001, "é" * 62))


async def test_sending_after_the_own_close_raises() -> None:
    """And harms nobody: the client is as good as gone."""
    got: list[BaseException] = []

    class Late(Acting):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            try:
                await self.send("too late")
            except ConnectionClosed as error:
                got.append(error)
                raise

    consumer = Late(call("accept"), call("close"))
    sent = await serve(consumer, WEBSOCKET, CONNECT, frame("hi"), gone(1000))

    assert len(got) == 1
    assert sent == [ACCEPTED, closed()]
    assert consumer.codes == [1000]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"code": 1001}, 1001),
        ({"code": 1000, "reason": "bye"}, 1000),
        ({"code": None}, 1005),
        ({}, 1005),
        ({"code": 70000}, 70000),
        ({"code": 1006, "reason": None}, 1006),
    ],
)
async def test_disconnect_gets_the_code_of_the_server(event: dict[str, Any], code: int) -> None:
    """Whatever the peer sent; no code is 1005."""
    consumer = Acting(call("accept"))

    await serve(consumer, WEBSOCKET, CONNECT, {"type": "websocket.disconnect", **event})

    assert consumer.codes == [code]


async def test_a_code_is_read_from_any_mapping() -> None:
    """An override may hand on to `super()` what it likes."""

    class Codeless(Acting):
        async def websocket_disconnect(self, message: Any) -> None:
            nothing: Any = {}
            await super().websocket_disconnect(nothing)

    consumer = Codeless(call("accept"))
    await serve(consumer, WEBSOCKET, CONNECT, gone(4001))

    assert consumer.codes == [1005]


# Groups.

GROUPS = ["lobby"]


class Grouped(Acting):
    """Has a group for each of its kind."""

    channel_layer_alias = "test"
    groups = GROUPS


async def test_groups_are_joined_with_the_accept_and_left_at_the_end(layer: InMemoryChannelLayer) -> None:
    """Not before the consumer has decided to let the client in."""
    seen: list[int] = []

    class Careful(Grouped):
        async def connect(self) -> None:
            seen.append(len(layer.groups))
            await self.accept()
            seen.append(len(layer.groups))

        async def disconnect(self, code: int) -> None:
            seen.append(len(layer.groups))

    server = Server(Careful(), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    assert list(layer.groups) == ["lobby"]
    server.give(gone())
    await server.end()

    assert seen == [0, 1, 1]
    assert layer.groups == {}


@pytest.mark.parametrize(
    "calls",
    [
        (call("close"),),
        (call("accept", "mqtt"),),
        (call("accept", headers=[(b"a b", b"c")]),),
        (call("send", "hi"),),
        (call("fail"),),
    ],
)
async def test_groups_of_a_refused_connection_are_not_joined(calls: Any, layer: InMemoryChannelLayer) -> None:
    """Also when the acceptance itself fails, and somebody goes on after that."""

    class Stubborn(Grouped):
        async def connect(self) -> None:
            try:
                await super().connect()
            except Exception as error:
                self.error = error

        async def fail(self) -> None:
            raise ZeroDivisionError

    server = Server(Stubborn(*calls), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    assert layer.groups == {}
    server.give(gone())
    await server.end()


async def test_a_message_to_the_group_is_not_missed_by_who_knows_that_it_is_in() -> None:
    """The group is joined before the client hears of the acceptance."""
    layer = FragileLayer()
    register_channel_layer("test", layer)
    members: list[int] = []

    class Counting(Server):
        async def send(self, event: Mapping[str, Any]) -> None:
            members.append(len(layer.memberships()))

    server = Counting(Grouped(call("accept")), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert members == [1]


async def test_groups_are_left_once() -> None:
    """By the disconnect event, and not again by the clean-up."""
    layer = FragileLayer()
    register_channel_layer("test", layer)
    server = Server(Grouped(call("accept")), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert layer.leaves == ["lobby"]


async def test_an_accept_that_comes_too_late_joins_nothing(layer: InMemoryChannelLayer) -> None:
    """In `disconnect()` the groups are still to be left, and nothing brings others."""

    class Late(Grouped):
        async def disconnect(self, code: int) -> None:
            self.groups = ["late"]
            with pytest.raises(ConnectionClosed):
                await self.accept()
            assert "late" not in layer.groups

    await serve(Late(call("accept")), WEBSOCKET, CONNECT, gone())


@pytest.mark.parametrize("kind", [FragileLayer, lambda: PlainLayer(FragileLayer())])
@pytest.mark.parametrize("end", ["leaves", "crash", "cancel", "stop", "layer"])
async def test_groups_are_left_whatever_happens(kind: Any, end: str) -> None:
    """On every path, in layers of third parties too."""
    plain = kind()
    inner: FragileLayer = getattr(plain, "_inner", plain)
    register_channel_layer("test", plain)
    server = Server(Grouped(call("accept")), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    assert [group for group, _ in inner.memberships()] == ["lobby"]

    if end == "leaves":
        server.give(gone())
    elif end == "crash":
        server.give({"type": "no.such.type"})
    elif end == "stop":
        await inner.send(inner.names[0], {"type": "websocket.disconnect"})
    elif end == "layer":
        inner.failing.add("send")
        server.give({"type": "no.such.type"})
    else:
        server.task.cancel()
    await asyncio.gather(server.task, return_exceptions=True)

    assert inner.memberships() == []


async def test_groups_need_a_layer() -> None:
    """Silence would mean that the consumer misses every message."""

    class Layerless(Acting):
        groups = GROUPS

    consumer = Layerless(call("accept"))
    server = Server(consumer, WEBSOCKET, CONNECT)

    with pytest.raises(
        InvalidChannelLayerError,
        match=r"^Layerless has groups and no channel layer; set channel_layer_alias$",
    ):
        await server.end()

    assert server.sent == []
    assert consumer.codes == [1011]


async def test_a_layer_that_cannot_join_refuses_the_client() -> None:
    """Its error propagates; no acceptance was sent, and what had been joined is left."""
    layer = FragileLayer()
    register_channel_layer("test", layer)
    layer.failing.add("group_add")
    consumer = Grouped(call("accept"))
    server = Server(consumer, WEBSOCKET, CONNECT)

    with pytest.raises(LayerDown, match="group_add"):
        await server.end()

    assert server.sent == []
    assert consumer.codes == [1011]


async def test_groups_are_joined_on_a_connection_of_no_protocol_too(layer: InMemoryChannelLayer) -> None:
    """Nothing says there whether the acceptance is legal, so it is sent as it is."""
    server = Server(Grouped(call("accept")), {"path": "/"}, CONNECT)
    await wait_all_tasks_blocked()

    assert server.sent == [{"type": "websocket.accept", "headers": []}]
    assert list(layer.groups) == ["lobby"]
    server.give(gone())
    await server.end()
    assert not layer.groups


@pytest.mark.parametrize("make", [Grouped, lambda: Grouped(groups=GROUPS)])
async def test_groups_are_copied_for_each_consumer(make: Any, layer: InMemoryChannelLayer) -> None:
    """What one connection adds to its list is nothing to the others, wherever the list comes from."""
    first, second = make(), make()

    first.groups.append("secret")

    assert second.groups == ["lobby"]
    assert GROUPS == ["lobby"]


async def test_groups_may_be_changed_in_place(layer: InMemoryChannelLayer) -> None:
    """Before the acceptance, from what the scope says."""

    class Room(Grouped):
        async def connect(self) -> None:
            self.groups.append(self.scope["path"].strip("/"))
            await self.accept()

    server = Server(Room(), {**WEBSOCKET, "path": "/kitchen"}, CONNECT)
    await wait_all_tasks_blocked()
    assert set(layer.groups) == {"lobby", "kitchen"}
    server.give(gone())
    await server.end()

    assert layer.groups == {}


async def test_groups_may_be_a_property(layer: InMemoryChannelLayer) -> None:
    """It may use what is known of the connection."""

    class Room(Acting):
        channel_layer_alias = "test"

        # Checkers do not like a property in the place of an attribute; existing consumers have one.
        vars()["groups"] = property(lambda self: [self.scope["path"].strip("/")])

    server = Server(Room(call("accept")), {**WEBSOCKET, "path": "/kitchen"}, CONNECT)
    await wait_all_tasks_blocked()
    assert list(layer.groups) == ["kitchen"]
    server.give(gone())
    await server.end()

    assert layer.groups == {}


@pytest.mark.parametrize("declared", [("a", "b"), ["a", "b"], {"a", "b"}, frozenset("ab")])
def test_groups_may_be_any_collection(declared: Iterable[str]) -> None:
    """They become the list that the class promises."""
    kind: Any = type("Kind", (AsyncWebsocketConsumer,), {"groups": declared})

    assert sorted(kind().groups) == ["a", "b"]
    assert isinstance(kind().groups, list)


def test_no_groups_are_an_empty_list() -> None:
    """With nothing declared, or `None`."""
    kind: Any = type("Kind", (AsyncWebsocketConsumer,), {"groups": None})

    assert AsyncWebsocketConsumer().groups == []
    assert kind().groups == []


def test_groups_may_be_given_to_as_asgi() -> None:
    """Like every attribute."""
    kind: Any = AsyncWebsocketConsumer

    assert kind(groups=["a"]).groups == ["a"]


@pytest.mark.parametrize("groups", ["lobby", iter(["lobby"])])
def test_groups_that_are_no_list_of_names_are_refused(groups: object) -> None:
    """When the class is defined, or the consumer is made: each letter of a string would be a group."""
    kind: Any = type("Kind", (AsyncWebsocketConsumer,), {})

    with pytest.raises(TypeError, match=r"^Kind\.groups (is an iterator|has to be a list)"):
        type("Kind", (AsyncWebsocketConsumer,), {"groups": groups})
    with pytest.raises(TypeError, match=r"^Kind\.groups (is an iterator|has to be a list)"):
        kind(groups=groups)


async def test_a_class_without_super_call_has_groups_too(layer: InMemoryChannelLayer) -> None:
    """They are made ready when the connection begins."""

    class Forgetful(Grouped):
        def __init__(self) -> None:
            self.calls = (call("accept"),)
            self.codes = []

    consumer = Forgetful()
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    consumer.groups.append("own")
    server.give(gone())
    await server.end()

    assert GROUPS == ["lobby"]


async def test_what_is_repeated_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Whether a server repeats the event, or an override calls its base twice."""

    class Twice(Acting):
        async def websocket_connect(self, message: Any) -> None:
            await super().websocket_connect(message)
            await super().websocket_connect(message)

    class Repeated(Acting):
        """A class of its own, of which nothing was logged before."""

    for _ in range(2):
        await serve(Repeated(call("accept")), WEBSOCKET, CONNECT, CONNECT, gone())
        await serve(Twice(call("accept")), WEBSOCKET, CONNECT, gone())

    end = "ignores a websocket.connect that comes for the second time; this is logged once for each class"
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", f"Repeated(path='/') {end}"),
        ("WARNING", f"Twice(path='/') {end}"),
    ]


async def test_groups_of_an_acceptance_that_failed_are_left_at_once() -> None:
    """Whoever has not been accepted is in no group, not even until the end of the connection."""

    class Choosy(InMemoryChannelLayer):
        async def group_add(self, group: str, channel: str) -> None:
            if group == "two":
                raise LayerDown
            await super().group_add(group, channel)

    class Hopeful(Grouped):
        async def connect(self) -> None:
            with pytest.raises(LayerDown):
                await self.accept()

    layer = Choosy()
    register_channel_layer("test", layer)
    server = Server(Hopeful(groups=["one", "two"]), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    assert layer.groups == {}
    assert server.sent == []

    server.give(gone())
    await server.end()


async def test_events_that_no_specification_names_are_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """A server may have some of its own, and a client can make it send them."""
    caplog.set_level(logging.DEBUG, "fast_channels.consumer")
    consumer = Acting(call("accept"))

    await serve(consumer, WEBSOCKET, CONNECT, {"type": "websocket.multiframe"}, gone(1001))

    assert consumer.codes == [1001]
    assert "does not handle websocket.multiframe; ignored" in caplog.text


async def test_events_of_another_protocol_are_an_error() -> None:
    """They are nobody's extension."""
    with pytest.raises(ValueError, match=r"^No handler for message type mychat\.message$"):
        await serve(Acting(call("accept")), WEBSOCKET, CONNECT, {"type": "mychat.message"}, gone())


async def test_groups_are_kept_for_the_end_if_the_server_fails_after_the_accept(
    layer: InMemoryChannelLayer,
) -> None:
    """The consumer may be in already; its clean-up leaves them."""

    class Breaking(Server):
        async def send(self, event: Mapping[str, Any]) -> None:
            raise RuntimeError("broken")

    server = Breaking(Grouped(call("accept")), WEBSOCKET, CONNECT)

    with pytest.raises(RuntimeError, match="broken"):
        await server.end()

    assert layer.groups == {}


# Mistakes in the handshake.


class Clock:
    """Runs what was put off on an event loop when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.put_off: list[tuple[float, asyncio.TimerHandle, Callable[[], None]]] = []
        self._loop = asyncio.get_running_loop()
        self._call_later = self._loop.call_later
        monkeypatch.setattr(self._loop, "call_later", self._keep)

    def _keep(self, delay: float, callback: Any, *arguments: Any) -> asyncio.TimerHandle:
        handle = self._call_later(3600, callback, *arguments)
        self.put_off.append((delay, handle, partial(callback, *arguments)))
        return handle

    def run(self) -> None:
        """Run everything that has not been cancelled."""
        for _, handle, callback in self.put_off:
            if not handle.cancelled():
                handle.cancel()
                callback()


class Undecided(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        """Forget to answer."""

    async def later(self, event: Mapping[str, Any]) -> None:
        """Answer after all."""
        await self.accept()


async def test_a_handshake_that_connect_leaves_unanswered_is_said(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client waits, and nothing else would say why."""
    clock = Clock(monkeypatch)
    server = Server(Undecided.as_asgi(), {**WEBSOCKET, "client": ("1.2.3.4", 5)}, CONNECT)
    await wait_all_tasks_blocked()

    assert [delay for delay, *_ in clock.put_off] == [5.0]
    clock.run()

    (message,) = caplog.messages
    assert message == (
        "connect() of Undecided(path='/', client=1.2.3.4:5) returned without accept(), close() or deny(); "
        "the client has waited 5 s"
    )
    server.task.cancel()


@pytest.mark.parametrize("end", ["answered", "gone", "quiet"])
async def test_a_handshake_that_is_answered_in_time_is_not_mentioned(
    end: str, layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another handler may answer, the client may leave; and a class may want no warning."""
    clock = Clock(monkeypatch)

    class Quiet(Undecided):
        channel_layer_alias = "test"
        handshake_grace = None if end == "quiet" else 1.0

    consumer = Quiet()
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    if end == "answered":
        await layer.send(consumer.channel_name, {"type": "later"})
        await wait_all_tasks_blocked()
    elif end == "gone":
        server.give(gone())
        await server.end()
    clock.run()

    assert not caplog.records
    server.task.cancel()


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (AcceptConnection(), [ACCEPTED]),
        (DenyConnection(), [closed()]),
    ],
)
async def test_the_answer_may_come_out_of_a_task_group(error: Exception, sent: list[dict[str, Any]]) -> None:
    """A group of nothing but what answers a handshake is that answer."""

    class Asking(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._ask())

        async def _ask(self) -> None:
            raise error

    server = Server(Asking(), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    assert server.sent == sent
    server.give(gone())
    await server.end()


async def test_any_other_error_of_a_task_group_is_no_answer() -> None:
    """It ends the consumer as it is."""

    class Failing(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._ask())

        async def _ask(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await serve(Failing(), WEBSOCKET, CONNECT)


class Forwarding:
    """Sends on what clients send, unseen."""

    channel_layer_alias: str | None = "values"
    channel_layer: BaseChannelLayer

    async def receive_json(self, content: Any) -> None:
        await self.channel_layer.group_send("all", {"type": "say", "content": content})


class BareForwarding(Forwarding, AsyncJsonWebsocketConsumer):
    pass


class DeclaredForwarding(Forwarding, AsyncJsonWebsocketConsumer[list[Any] | int, Any]):
    pass


class GroupForwarding(BareForwarding):
    """Sends on in tasks of a task group."""

    async def receive_json(self, content: Any) -> None:
        async with asyncio.TaskGroup() as outer, asyncio.TaskGroup() as inner:
            inner.create_task(super().receive_json(content))
            outer.create_task(super().receive_json(content))


class EndingForwarding(BareForwarding):
    """Ends in one task, and cannot send on in another."""

    async def receive_json(self, content: Any) -> None:
        begin = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._end(begin))
            tasks.create_task(self._forward(begin, content))
            # A group of which a task has failed takes no other.
            begin.set()

    async def _end(self, begin: asyncio.Event) -> None:
        await begin.wait()
        raise StopConsumer

    async def _forward(self, begin: asyncio.Event, content: Any) -> None:
        await begin.wait()
        await super().receive_json(content)


@pytest.mark.parametrize("consumer", [BareForwarding, DeclaredForwarding, GroupForwarding, EndingForwarding])
@pytest.mark.parametrize("text", [str(2**64), str(-(2**63) - 1), "[" * 150 + "]" * 150])
async def test_a_value_that_no_layer_can_carry_closes_with_one_warning(
    text: str, consumer: type[AsyncWebsocketConsumer], caplog: pytest.LogCaptureFixture
) -> None:
    """A client that chooses it gets 1011, and the log no traceback."""
    register_channel_layer("values", InMemoryChannelLayer())
    async with WebsocketCommunicator(consumer, "/") as websocket:
        await websocket.send_to(text)
        assert await websocket.receive_close() == (1011, "")

    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.exc_info is None


class Picky(Server):
    """A server that takes only the close codes that are free, as daphne does."""

    async def send(self, event: Mapping[str, Any]) -> None:
        if 1000 < event.get("code", 1000) < 3000:
            raise Exception("invalid close code")  # as autobahn does
        await super().send(event)


async def test_a_close_code_that_the_server_refuses_is_replaced(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client sees 4007 for 1007, reason and all; one warning says so, however often it happens."""
    monkeypatch.setattr(sending, "_warned", False)
    for code in (1007, 1008):
        server = Picky(Acting(call("accept"), call("close", code, "why")), WEBSOCKET, CONNECT, gone())
        await server.end()

        assert server.sent == [ACCEPTED, closed(code + 3000, "why")]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "refuses close code 1007 ('invalid close code')" in caplog.text


async def test_a_refusal_that_the_server_cannot_send_is_not_sent_again() -> None:
    """It has no close code that could be another one."""
    server = Server(Acting(call("close", 1008)), WEBSOCKET)
    server.send_error = RuntimeError("broken")
    server.give(CONNECT)

    with pytest.raises(RuntimeError, match="broken"):
        await server.end()

    assert server.types == ["websocket.close"]


async def test_an_event_that_the_server_refuses_otherwise_is_an_error() -> None:
    """Only close codes have substitutes."""
    server = Server(Acting(call("accept")), WEBSOCKET)
    server.send_error = ValueError("no")
    server.give(CONNECT)

    with pytest.raises(ValueError, match="no"):
        await server.end()


async def test_a_server_that_takes_no_1011_sends_it_itself(caplog: pytest.LogCaptureFixture) -> None:
    """A crash is the error of the application, and nothing else is logged."""

    class Crashing(AsyncWebsocketConsumer):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            raise RuntimeError("a mistake")

    server = Picky(Crashing(), WEBSOCKET, CONNECT, frame("x"))

    with pytest.raises(RuntimeError, match="a mistake"):
        await server.end()
    assert server.sent == [ACCEPTED]
    assert not caplog.records


async def test_a_handler_that_waits_before_it_fails_is_a_close_too() -> None:
    """The client hears of a crash, whether or not a task has been reading meanwhile."""

    class Crashing(AsyncWebsocketConsumer):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await asyncio.sleep(0)
            raise RuntimeError("a mistake")

    server = Server(Crashing(), WEBSOCKET, CONNECT, frame("x"))

    with pytest.raises(RuntimeError, match="a mistake"):
        await server.end()
    assert server.sent == [ACCEPTED, closed(1011)]
