"""What existing code relies on: code and suites written for fast-channels 1.1.0 and Django Channels.

Every promise is one that tests of existing systems make use of. The deliberate differences are in
`docs/differences.md`.
"""

import asyncio
import inspect
import json
from collections.abc import Mapping
from typing import Any

import pytest

import fast_channels.layers
from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.exceptions import ChannelFull, StopConsumer
from fast_channels.layers import (
    BaseChannelLayer,
    InMemoryChannelLayer,
    channel_layers,
    get_channel_layer,
)
from fast_channels.middleware import OriginValidator
from fast_channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator

CONSUMERS = [AsyncConsumer, AsyncHttpConsumer, AsyncWebsocketConsumer, AsyncJsonWebsocketConsumer]

WEBSOCKET: dict[str, Any] = {"type": "websocket"}


class Echo(AsyncWebsocketConsumer):
    """Sends every frame back."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Send it back."""
        await self.send(text_data, bytes_data)


async def talk(application: Any, scope: Mapping[str, Any], *events: Mapping[str, Any]) -> list[Any]:
    """Return what an application sends that gets some events, and ends with the last of them."""
    waiting, sent = list(events), list[Any]()

    async def receive() -> Mapping[str, Any]:
        return waiting.pop(0) if waiting else await asyncio.get_running_loop().create_future()

    async def send(event: Any) -> None:
        sent.append(event)

    await asyncio.wait_for(application(dict(scope), receive, send), 5)
    return sent


CONNECT: dict[str, Any] = {"type": "websocket.connect"}
GONE: dict[str, Any] = {"type": "websocket.disconnect", "code": 1000}


# Scope and events.


@pytest.mark.parametrize(
    "scope",
    [
        {},
        {"user": "alice", "session": {}, "app": object(), "path_params": {"room": 1}},
        {"path": "http://testserver/chat/"},
        {"path": "chat"},
    ],
)
async def test_a_scope_may_be_incomplete_and_have_more(scope: dict[str, Any]) -> None:
    """Without `asgi`, with keys of frameworks, with a path that is none; handlers see it as it is."""
    seen: list[Any] = []

    class Curious(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            seen.append(self.scope)
            await self.accept()

    await talk(Curious(), {**WEBSOCKET, **scope}, CONNECT, GONE)

    assert seen == [{**WEBSOCKET, **scope}]


async def test_the_subprotocols_of_a_scope_are_a_list() -> None:
    """Tests compare them with one."""
    seen: list[Any] = []

    class Curious(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            seen.append(self.scope["subprotocols"])
            await self.accept()

    async with WebsocketCommunicator(Curious, "/", subprotocols=["a", "b"]):
        assert seen == [["a", "b"]]


@pytest.mark.parametrize(
    "event", [{"text": "hi"}, {"text": "hi", "bytes": None}, {"bytes": b"hi"}, {"bytes": b"hi", "text": None}]
)
async def test_a_frame_may_have_one_key_or_both(event: dict[str, Any]) -> None:
    """Servers differ in that."""
    sent = await talk(Echo(), WEBSOCKET, CONNECT, {"type": "websocket.receive", **event}, GONE)

    assert [value for key, value in sent[1].items() if key != "type"] in (["hi"], [b"hi"])


@pytest.mark.parametrize("code", [0, 1000, 1006, 4999, 65535, 100000])
async def test_a_disconnect_may_lack_a_reason_and_have_any_code(code: int) -> None:
    """A peer sends what it likes."""
    codes: list[int] = []

    class Left(AsyncWebsocketConsumer):
        async def disconnect(self, code: int) -> None:
            codes.append(code)

    await talk(Left(), WEBSOCKET, CONNECT, {"type": "websocket.disconnect", "code": code})

    assert codes == [code]


async def test_a_request_may_be_no_more_than_its_type() -> None:
    """Body and `more_body` have defaults."""

    class Answer(AsyncHttpConsumer):
        async def handle(self, body: bytes) -> None:
            await self.send_response(200, b"body: " + body)

    assert (await talk(Answer(), {"type": "http"}, {"type": "http.request"}))[1]["body"] == b"body: "


async def test_handlers_read_their_events_as_mappings() -> None:
    """`event["key"]`, `.get()`, `in`, `**` and `dict()` work on what a handler gets."""
    seen: list[Any] = []

    class Reading(AsyncConsumer):
        async def websocket_receive(self, event: Any) -> None:
            seen.append((event["text"], event.get("none"), "text" in event, dict(event), {**event}))
            raise StopConsumer

    await talk(Reading(), WEBSOCKET, {"type": "websocket.receive", "text": "hi", "extra": 1})

    [(text, none, has, one, two)] = seen
    assert (text, none, has) == ("hi", None, True)
    assert one == two
    assert one["extra"] == 1


async def test_types_of_an_application_come_from_client_and_layer(layer: InMemoryChannelLayer) -> None:
    """And `websocket.*` types that come through a layer reach the ASGI handlers."""

    class Own(Echo):
        channel_layer_alias = "test"

        async def test_message(self, event: Any) -> None:
            await self.send(event["text"])

    communicator = ApplicationCommunicator(Own(), dict(WEBSOCKET))
    await communicator.send_input(CONNECT)
    await communicator.receive_output()
    await communicator.send_input({"type": "test.message", "text": "from the client"})
    assert (await communicator.receive_output())["text"] == "from the client"
    [channel] = layer.channels
    await layer.send(channel, {"type": "test.message", "text": "from the layer"})
    assert (await communicator.receive_output())["text"] == "from the layer"
    await layer.send(channel, {"type": "websocket.receive", "text": "as a frame"})
    assert (await communicator.receive_output())["text"] == "as a frame"
    await layer.send(channel, {"type": "websocket.disconnect", "code": 1000})
    await communicator.wait()


@pytest.mark.parametrize(
    ("event", "payload"),
    [({"text": "hi"}, {"text": "hi"}), ({"bytes": b"hi"}, {"bytes": b"hi"})],
)
async def test_a_sent_frame_has_exactly_one_payload(event: dict[str, Any], payload: dict[str, Any]) -> None:
    """Never the other one as `None`."""
    sent = await talk(Echo(), WEBSOCKET, CONNECT, {"type": "websocket.receive", **event}, GONE)

    assert sent[1] == {"type": "websocket.send", **payload}


@pytest.mark.parametrize("headers", [[(b"a", b"b"), (b"c", b"d")], [[b"a", b"b"]]])
async def test_headers_come_back_as_they_were_given(headers: list[Any]) -> None:
    """Pairs that are lists stay lists."""

    class Answer(AsyncHttpConsumer):
        async def handle(self, body: bytes) -> None:
            await self.send_response(200, b"", headers=headers)

    assert (await talk(Answer(), {"type": "http"}, {"type": "http.request"}))[0]["headers"] == headers


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 4000, 4999])
async def test_a_connection_can_be_closed_with_every_code_that_may_be_sent(code: int) -> None:
    """RFC 6455, section 7.4, and what IANA registered."""

    class Closing(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await self.accept()
            await self.close(code)

    assert (await talk(Closing(), WEBSOCKET, CONNECT, GONE))[1]["code"] == code


# Calls.


@pytest.mark.parametrize("kind", [AsyncWebsocketConsumer, AsyncJsonWebsocketConsumer])
async def test_instances_and_what_as_asgi_returns_are_applications(
    kind: type[AsyncWebsocketConsumer],
) -> None:
    """Either can be served; the latter is an object that knows its consumer."""
    application: Any = kind.as_asgi()

    for served in (kind(), application):
        assert len(await talk(served, WEBSOCKET, CONNECT, GONE)) == 1
    assert not inspect.isfunction(application)
    assert application.consumer_class is kind
    assert application.consumer_initkwargs == {}


@pytest.mark.parametrize("kind", CONSUMERS)
def test_consumers_accept_any_attribute(kind: type[AsyncConsumer]) -> None:
    """Tests and frameworks put theirs on instances and classes."""
    consumer: Any = kind()
    subclass: Any = type("Sub", (kind,), {})

    consumer.anything = subclass.anything = 5

    assert consumer.anything == subclass.anything == 5


@pytest.mark.parametrize("kind", CONSUMERS)
def test_every_attribute_of_a_consumer_class_can_be_read(kind: type[AsyncConsumer]) -> None:
    """Frameworks scan `dir(cls)`."""

    class Sub(kind):  # type: ignore[misc,valid-type]  # the base class is a parameter of the test
        async def handler(self, event: Any) -> None:
            """Handle it."""

    assert all(getattr(Sub, name, None) is not NotImplemented for name in dir(Sub))
    assert all(inspect.getattr_static(Sub, name) is not NotImplemented for name in dir(Sub))


async def test_handlers_are_called_by_position() -> None:
    """The argument may have any name, also that of `receive_json()`."""
    got: list[Any] = []

    class Positional(AsyncJsonWebsocketConsumer):
        async def test_message(self, whatever: Any) -> None:
            got.append(whatever["type"])

        async def receive_json(self, whatever: Any) -> None:
            got.append(whatever)

        async def disconnect(self, close_code: int) -> None:
            got.append(close_code)

    await talk(
        Positional(),
        WEBSOCKET,
        CONNECT,
        {"type": "test.message"},
        {"type": "websocket.receive", "text": "1"},
        GONE,
    )

    assert got == ["test.message", 1, 1000]


async def test_options_may_be_given_by_position() -> None:
    """Those of `accept()`, `close()` and `send_json()`."""

    class Positional(AsyncJsonWebsocketConsumer):
        async def connect(self) -> None:
            await self.accept("chat", [(b"a", b"b")])
            await self.send_json([], True)
            await self.close(4000, "ignored by now")

    sent = await talk(Positional(), {**WEBSOCKET, "subprotocols": ["chat"]}, CONNECT, GONE)

    assert sent == [
        {"type": "websocket.accept", "subprotocol": "chat", "headers": [(b"a", b"b")]},
        {"type": "websocket.send", "text": "[]"},
        {"type": "websocket.close", "code": 1000, "reason": ""},
    ]


async def test_an_alias_is_looked_up_at_connection_time() -> None:
    """And may be registered again at any time; the registry is public."""
    seen: list[Any] = []

    class Layered(AsyncWebsocketConsumer):
        channel_layer_alias = "later"

        async def connect(self) -> None:
            seen.append(self.channel_layer)

    layers = [InMemoryChannelLayer(), InMemoryChannelLayer()]
    for layer in layers:
        channel_layers.register("later", layer)
        await talk(Layered(), WEBSOCKET, CONNECT, GONE)

    assert seen == layers
    assert fast_channels.layers.channel_layers is channel_layers
    assert isinstance(BaseChannelLayer(), BaseChannelLayer)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (AsyncWebsocketConsumer, {"type": "websocket.disconnect", "code": 1000}),
        (AsyncHttpConsumer, {"type": "http.disconnect"}),
    ],
)
async def test_a_disconnect_event_calls_disconnect_and_raises_stop_consumer(
    kind: type[AsyncConsumer], event: dict[str, Any]
) -> None:
    """Overrides that call `super()` rely on it."""
    log: list[str] = []

    class Stopping(kind):  # type: ignore[misc,valid-type]  # the base class is a parameter of the test
        async def disconnect(self, *_code: int) -> None:
            log.append("disconnect")

        async def dispatch(self, message: Any) -> None:
            try:
                await super().dispatch(message)
            except StopConsumer:
                log.append("stop")
                raise

    await talk(Stopping(), {"type": event["type"].split(".")[0]}, event)

    assert log == ["disconnect", "stop"]


async def test_the_last_request_event_raises_stop_consumer() -> None:
    """After `handle()` and `disconnect()`."""
    log: list[str] = []

    class Stopping(AsyncHttpConsumer):
        async def handle(self, body: bytes) -> None:
            await self.send_response(200, b"")

        async def disconnect(self) -> None:
            log.append("disconnect")

        async def http_request(self, message: Any) -> None:
            with pytest.raises(StopConsumer):
                await super().http_request(message)
            log.append("stop")
            raise StopConsumer

    await talk(Stopping(), {"type": "http"}, {"type": "http.request"})

    assert log == ["disconnect", "stop"]


async def test_a_downstream_framework_finds_the_calls_that_it_makes(layer: InMemoryChannelLayer) -> None:
    """A mixin over the JSON consumer that overrides nearly everything, and calls `super()` by position."""
    log: list[Any] = []

    class Framework:
        find_layer = staticmethod(get_channel_layer)

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.kwargs = kwargs

        async def websocket_connect(self: Any, message: Any) -> None:
            self.groups.append("added")
            parent: Any = super()
            await parent.websocket_connect(message)

        async def websocket_disconnect(self: Any, message: Any) -> None:
            parent: Any = super()
            try:
                await parent.websocket_disconnect(message)
            finally:
                log.append("left")

        async def send_json(self: Any, content: Any, close: bool = False) -> None:
            parent: Any = super()
            await parent.send_json({"data": content}, close)

        async def close(self: Any, code: Any = None, reason: str | None = None) -> None:
            parent: Any = super()
            await parent.close(code, reason)

        async def receive(self: Any, text_data: Any = None, bytes_data: Any = None, **kwargs: Any) -> None:
            await self.send_json(await self.decode_json(text_data))

    attributes = {"channel_layer_alias": "test", "bound": get_channel_layer}
    app: Any = type("App", (Framework, AsyncJsonWebsocketConsumer), attributes)

    async with WebsocketCommunicator(app.as_asgi(), "/") as websocket:
        assert list(layer.groups) == ["added"]
        await websocket.send_json_to([1])
        assert await websocket.receive_json_from() == {"data": [1]}

    assert log == ["left"]
    assert layer.groups == {}
    assert app.bound("test") is layer
    assert inspect.isfunction(get_channel_layer)


# Errors.


async def test_errors_propagate_out_of_the_application() -> None:
    """The server sees what a handler raised."""

    class Failing(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await talk(Failing(), WEBSOCKET, CONNECT)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"type": "no.handler"}, r"^No handler for message type no\.handler$"),
        ({"type": "_hidden"}, r"^Malformed type in message \(leading underscore\)$"),
        ({}, "^Incoming message has no 'type' attribute$"),
        ({"type": "websocket.receive", "bytes": b"{}"}, "^No text section for incoming WebSocket frame!$"),
    ],
)
async def test_mistakes_are_value_errors(event: dict[str, Any], text: str) -> None:
    """With the words that tests look for."""
    with pytest.raises(ValueError, match=text):
        await talk(AsyncJsonWebsocketConsumer(), WEBSOCKET, CONNECT, event)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("Channel", "¯\\_(ツ)_/¯"), ("Group", "¯\\_(ツ)_/¯"), ("Group", "x" * 100), ("Channel", 5)],
)
def test_bad_names_are_type_errors(kind: str, name: Any) -> None:
    """The text begins with the template of the class."""
    layer = BaseChannelLayer()
    require = layer.require_valid_channel_name if kind == "Channel" else layer.require_valid_group_name

    with pytest.raises(TypeError) as caught:
        require(name)

    assert str(caught.value).startswith(layer.invalid_name_error.format(kind))


async def test_a_body_that_is_not_bytes_is_an_assertion_error() -> None:
    """The class and the text of the assert statement that it once was."""
    body: Any = "text"

    with pytest.raises(AssertionError, match=r"^Body is not bytes$"):
        await AsyncHttpConsumer().send_body(body)


async def test_a_full_member_is_no_error_of_the_group() -> None:
    """The others get the message."""
    layer = InMemoryChannelLayer(capacity=1)
    for channel in ("full", "free"):
        await layer.group_add("group", channel)
    await layer.send("full", {"type": "first"})
    with pytest.raises(ChannelFull):
        await layer.send("full", {"type": "second"})

    await layer.group_send("group", {"type": "second"})

    assert await layer.receive("free") == {"type": "second"}


# Internals of the memory layer that tests look at.


async def test_the_channels_of_the_memory_layer_can_be_seen() -> None:
    """By full name, while somebody receives or a message waits; `expiry` may be a float."""
    layer = InMemoryChannelLayer(expiry=0.5)
    channel = await layer.new_channel()

    assert layer.channels == {}
    await layer.send(channel, {"type": "a"})
    assert list(layer.channels) == [channel]
    assert layer.channels[channel].qsize() == 1
    await layer.receive(channel)
    assert layer.channels == {}

    waiting = asyncio.ensure_future(layer.receive(channel))
    await asyncio.sleep(0)
    assert list(layer.channels) == [channel]
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert layer.channels == {}


async def test_the_groups_of_the_memory_layer_can_be_seen() -> None:
    """By name, with their members; gone when empty."""
    layer = InMemoryChannelLayer()

    await layer.group_add("group", "channel")
    assert set(layer.groups["group"]) == {"channel"}
    await layer.group_discard("group", "channel")
    assert layer.groups == {}


# Communicators.


async def test_options_and_time_outs_of_communicators_may_be_given_by_position() -> None:
    """As they always could."""
    websocket = WebsocketCommunicator(Echo(), "/", [(b"a", b"b")], ["chat"], 2.4)
    assert await websocket.connect(1) == (True, None)
    await websocket.send_to("hi")
    assert await websocket.receive_from(1) == "hi"
    assert await websocket.receive_nothing(0, 0)
    await websocket.disconnect(1000, 1)


@pytest.mark.parametrize("version", [2, 2.4, "2.5", None])
def test_the_version_of_the_specification_may_be_of_any_type(version: Any) -> None:
    """Existing tests give a number or a text."""
    WebsocketCommunicator(Echo(), "/", spec_version=version)


async def test_any_dictionary_is_fine_for_the_application_communicator() -> None:
    """Scope, input and output need neither `type` nor `asgi`."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"scope": scope, "input": await receive()})

    communicator = ApplicationCommunicator(application, {"any": "scope"})
    await communicator.send_input({"any": "input"})

    assert await communicator.receive_output() == {"scope": {"any": "scope"}, "input": {"any": "input"}}


async def test_mistakes_of_the_protocol_are_assertion_errors_in_tests() -> None:
    """The test expected something else."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.body"})

    with pytest.raises(AssertionError, match=r"http\.response\.start"):
        await HttpCommunicator(application, "/").get_response()


async def test_the_error_of_a_crashed_application_is_raised_where_output_is_awaited() -> None:
    """Not the time-out."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("crashed")

    with pytest.raises(LookupError, match="crashed"):
        await ApplicationCommunicator(application, {}).receive_output()


# Defects that tests of existing systems pin, and what is here instead.


async def test_a_time_out_in_a_test_leaves_the_application_running() -> None:
    """Waiting in vain does not cancel what is tested."""
    async with WebsocketCommunicator(Echo(), "/") as websocket:
        with pytest.raises(TimeoutError):
            await websocket.receive_output(0)

        await websocket.send_to("still there?")
        assert await websocket.receive_from() == "still there?"


def test_names_can_be_validated_as_in_channels() -> None:
    """Under either name."""
    layer: Any = BaseChannelLayer()

    with pytest.warns(DeprecationWarning, match="require_valid_channel_name"):
        assert layer.valid_channel_name("a")
    with pytest.warns(DeprecationWarning, match="require_valid_group_name"):
        assert layer.valid_group_name("a")


async def test_a_communicator_takes_a_consumer_class() -> None:
    """As the documentation of 1.1.0 shows it."""
    async with WebsocketCommunicator(Echo, "/") as websocket:
        await websocket.send_to(json.dumps({}))
        assert await websocket.receive_json_from() == {}


def test_an_origin_pattern_without_meaning_is_accepted() -> None:
    """With a warning."""
    OriginValidator(Echo.as_asgi(), ["*.example.com"])
