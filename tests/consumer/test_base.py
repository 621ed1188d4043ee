"""What every consumer does, whatever its protocol: the application, its layer, its life."""

import asyncio
import contextvars
import gc
import logging
import types
import weakref
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Literal

import pytest

from fast_channels.consumer import AsyncConsumer, AsyncWebsocketConsumer, cleanup, sending
from fast_channels.consumer.base import ConsumerApplication, get_handler_name
from fast_channels.events import WebSocketReceiveEvent
from fast_channels.exceptions import (
    ConnectionClosed,
    InvalidChannelLayerError,
    LocalProtocolError,
    RemoteProtocolError,
    StopConsumer,
)
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.messages import ChannelEvent
from tests.blocked import wait_all_tasks_blocked

from .driver import (
    CONNECT,
    WEBSOCKET,
    FragileLayer,
    LayerDown,
    PlainLayer,
    Server,
    frame,
    gone,
    serve,
)


class Recorder(AsyncWebsocketConsumer):
    """Writes down what happens to it, and accepts everything."""

    def __init__(self, log: list[Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.log: list[Any] = [] if log is None else log

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Write the frame down."""
        self.log.append(text_data)

    async def disconnect(self, code: int) -> None:
        """Write the code down."""
        self.log.append(code)

    async def note(self, event: Mapping[str, Any]) -> None:
        """Write a message of the layer down."""
        self.log.append(event["number"])


# The application.


async def test_an_instance_is_an_application() -> None:
    """A consumer can be given to a server as it is."""
    consumer = Recorder()

    sent = await serve(consumer, WEBSOCKET, CONNECT, frame("hi"), gone(1001))

    assert sent == [{"type": "websocket.accept", "headers": []}]
    assert consumer.log == ["hi", 1001]


async def test_an_instance_serves_one_connection_at_a_time() -> None:
    """A second connection at the same time is refused, and the first goes on."""
    consumer = Recorder()
    first = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    with pytest.raises(
        RuntimeError, match=r"this Recorder is serving a connection already, .* use Recorder\.as_asgi"
    ):
        await serve(consumer, WEBSOCKET, CONNECT)

    first.give(frame("still here"), gone())
    await first.end()
    assert consumer.log == ["still here", 1000]


async def test_an_instance_serves_one_connection_only() -> None:
    """A second connection would see what the first has left in the attributes."""
    consumer = Recorder()
    await serve(consumer, WEBSOCKET, CONNECT, gone(1000))

    with pytest.raises(
        RuntimeError, match=r"this Recorder has served a connection already, .* use Recorder\.as_asgi"
    ):
        await serve(consumer, WEBSOCKET, CONNECT, gone(1001))

    assert consumer.log == [1000]


def test_as_asgi_returns_an_object_that_knows_its_consumer() -> None:
    """Frameworks treat functions in another way, and tools look at the class behind an application."""
    application = Recorder.as_asgi(log=[])

    assert isinstance(application, ConsumerApplication)
    assert not callable(getattr(application, "__get__", None))
    assert application.consumer_class is Recorder
    assert application.consumer_initkwargs == {"log": []}
    assert getattr(application, "__name__", None) == "Recorder"
    assert application.__doc__ == Recorder.__doc__


async def test_as_asgi_makes_a_consumer_for_each_connection() -> None:
    """Two connections at the same time share no consumer."""
    seen: list[AsyncConsumer] = []

    class Kept(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            seen.append(self)
            await self.accept()

    application = Kept.as_asgi()
    first, second = Server(application, WEBSOCKET, CONNECT), Server(application, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    assert len({id(consumer) for consumer in seen}) == 2

    for server in (first, second):
        server.give(gone())
        await server.end()


async def test_arguments_of_as_asgi_reach_the_initialiser() -> None:
    """A consumer class with an `__init__` of its own gets what `as_asgi()` was given."""
    log: list[Any] = []

    await serve(Recorder.as_asgi(log=log), WEBSOCKET, CONNECT, gone(1001))

    assert log == [1001]


async def test_arguments_of_as_asgi_become_attributes_of_a_class_without_initialiser() -> None:
    """So a setting of the class can be another one for each application."""
    names: list[str] = []

    class Room(AsyncWebsocketConsumer):
        name = "lobby"

        async def connect(self) -> None:
            names.append(self.name)

    await serve(Room.as_asgi(), WEBSOCKET, CONNECT, gone())
    await serve(Room.as_asgi(name="kitchen"), WEBSOCKET, CONNECT, gone())

    assert names == ["lobby", "kitchen"]


async def test_a_class_may_forget_to_call_the_initialiser_of_its_base() -> None:
    """Everything that a connection needs is there nevertheless."""

    class Forgetful(Recorder):
        def __init__(self) -> None:
            self.log = []

    consumer = Forgetful()

    await serve(consumer, WEBSOCKET, CONNECT, frame("hi"), gone())

    assert consumer.log == ["hi", 1000]


async def test_what_a_handler_needs_is_set_before_the_first_one_runs(layer: InMemoryChannelLayer) -> None:
    """Scope, layer, channel and the two callables are attributes of the consumer."""

    class Curious(AsyncWebsocketConsumer):
        channel_layer_alias = "test"

        async def websocket_connect(self, message: Any) -> None:
            assert self.scope["path"] == "/"
            assert self.channel_layer is layer
            await layer.send(self.channel_name, {"type": "greeting"})
            # The consumer listens on its channel too, and whoever asks first gets the message.
            assert await self.channel_receive() == {"type": "greeting"}
            await self.base_send({"type": "websocket.close"})

    server = Server(Curious.as_asgi(), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert server.sent == [{"type": "websocket.close", "code": 1000, "reason": ""}]


async def test_a_scope_may_be_almost_empty() -> None:
    """Tests of existing systems leave most of it out."""
    assert await serve(Recorder(), {"type": "websocket"}, CONNECT, gone()) == [
        {"type": "websocket.accept", "headers": []}
    ]


@pytest.mark.parametrize("scope", [{}, {"type": "webtransport"}, {"type": None}])
async def test_a_protocol_that_asgi_does_not_define_is_dispatched_unchecked(scope: dict[str, Any]) -> None:
    """A consumer can serve protocols of an application's own; it ends with `StopConsumer`."""

    class Mail(AsyncConsumer):
        async def mail_came(self, event: Mapping[str, Any]) -> None:
            await self.send({"type": "mail.answer", "to": event["sender"]})
            await asyncio.sleep(0)

        async def mail_end(self, event: Mapping[str, Any]) -> None:
            with pytest.raises(ValueError, match="No handler"):
                await self.dispatch({"type": "mail.lost"})
            raise StopConsumer

    sent = await serve(Mail(), scope, {"type": "mail.came", "sender": "a"}, {"type": "mail.end"})

    assert sent == [{"type": "mail.answer", "to": "a"}]


async def test_messages_of_the_layer_reach_a_consumer_of_another_protocol(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """Where they look like events of a server they are checked; the consumer goes on without a wrong one."""
    log: list[Any] = []

    class Mail(AsyncConsumer):
        channel_layer_alias = "test"

        async def mail_open(self, event: Mapping[str, Any]) -> None:
            await layer.send(self.channel_name, {"type": "websocket.receive", "text": 5})

        async def websocket_receive(self, event: Mapping[str, Any]) -> None:
            log.append("checked")

        async def mail_end(self, event: Mapping[str, Any]) -> None:
            raise StopConsumer

    server = Server(Mail(), {"type": "mail"}, {"type": "mail.open"})

    await wait_all_tasks_blocked()
    server.give({"type": "mail.end"})
    await server.end()

    # The handler asks for an ASGI event, and gets one or nothing.
    assert not log
    assert "Mail() drops a message of its channel layer" in caplog.text
    assert "valid string" in caplog.text


async def test_a_lifespan_ends_with_the_shutdown() -> None:
    """A consumer can serve the lifespan protocol; after the shutdown the server has nothing to say."""

    class Life(AsyncConsumer):
        async def lifespan_startup(self, event: Any) -> None:
            await self.send({"type": "lifespan.startup.complete"})

        async def lifespan_shutdown(self, event: Any) -> None:
            await self.send({"type": "lifespan.shutdown.complete"})

    sent = await serve(
        Life(), {"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}
    )

    assert [event["type"] for event in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


# The channel layer.


async def test_the_alias_is_looked_up_when_a_connection_begins() -> None:
    """A layer may be registered after the class was defined, and replaced later."""
    seen: list[Any] = []

    class Layered(AsyncWebsocketConsumer):
        channel_layer_alias = "late"

        async def connect(self) -> None:
            seen.append(self.channel_layer)

    first, second = InMemoryChannelLayer(), InMemoryChannelLayer()
    application = Layered.as_asgi()

    for layer in (first, second):
        register_channel_layer("late", layer)
        await serve(application, WEBSOCKET, CONNECT, gone())

    assert seen == [first, second]


@pytest.mark.parametrize(("aliases", "known"), [((), "none"), (("chat", "test"), "'chat', 'test'")])
async def test_an_unknown_alias_is_an_error_that_names_the_known_ones(
    aliases: tuple[str, ...], known: str
) -> None:
    """A typing error in an alias is found at the first connection."""
    for alias in aliases:
        register_channel_layer(alias, InMemoryChannelLayer())

    with pytest.raises(InvalidChannelLayerError) as caught:
        await serve(Recorder.as_asgi(channel_layer_alias="caht"), WEBSOCKET, CONNECT)

    assert str(caught.value) == (
        f"Recorder uses the channel layer 'caht', which is not registered; registered: {known}. "
        "Call register_channel_layer('caht', layer) before the server starts"
    )


async def test_no_alias_means_no_layer() -> None:
    """Without an alias `channel_layer` is `None`, although layers are registered."""
    register_channel_layer("test", InMemoryChannelLayer())
    consumer = Recorder()

    await serve(consumer, WEBSOCKET, CONNECT, gone())

    assert consumer.channel_layer is None


async def test_the_channel_is_released_at_the_end(layer: InMemoryChannelLayer) -> None:
    """The layer knows nothing of a consumer that has ended, not even a group that a handler joined."""
    consumer = Recorder(channel_layer_alias="test")
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    await layer.group_add("own", consumer.channel_name)

    server.give(gone())
    await server.end()

    assert layer.channels == {}
    assert layer.groups == {}


async def test_a_layer_of_somebody_else_is_asked_with_receive() -> None:
    """A layer needs no method that fast-channels 1.1.0 did not call."""
    inner = FragileLayer()
    plain: Any = PlainLayer(inner)
    register_channel_layer("test", plain)
    consumer = Recorder(channel_layer_alias="test")
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    for number in range(5):
        await plain.send(consumer.channel_name, {"type": "note", "number": number})
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert consumer.log == [0, 1, 2, 3, 4, 1000]
    assert not any(box.receivers for box in inner.channels.values())


@pytest.mark.parametrize("kind", [FragileLayer, lambda: PlainLayer(FragileLayer())])
async def test_a_channel_that_cannot_be_made_ends_the_connection(kind: Callable[[], Any]) -> None:
    """The error of the layer propagates, and `disconnect()` does not run: nothing had begun."""
    layer = kind()
    getattr(layer, "_inner", layer).failing.add("new_channel")
    register_channel_layer("test", layer)
    consumer = Recorder(channel_layer_alias="test")

    with pytest.raises(LayerDown, match="new_channel"):
        await serve(consumer, WEBSOCKET, CONNECT)

    assert consumer.log == []


async def test_a_layer_that_stops_delivering_ends_the_consumer() -> None:
    """Silence would be worse: the server learns of it, and `disconnect()` runs."""
    inner = FragileLayer()
    inner.failing.add("receive")
    plain: Any = PlainLayer(inner)
    register_channel_layer("test", plain)
    consumer = Recorder(channel_layer_alias="test")

    with pytest.raises(LayerDown, match="receive"):
        await serve(consumer, WEBSOCKET, CONNECT)

    assert consumer.log == [1011]


# Dispatch.


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({}, "Incoming message has no 'type' attribute"),
        ({"type": 5}, "Malformed type in message (a string is needed, not 5)"),
        ({"type": "_private"}, "Malformed type in message (leading underscore)"),
        ({"type": ".private"}, "Malformed type in message (leading underscore)"),
    ],
)
def test_a_message_without_a_usable_type_has_no_handler_name(message: dict[str, Any], text: str) -> None:
    """The texts are those that existing tests look for."""
    with pytest.raises(ValueError, match="message") as caught:
        get_handler_name(message)

    assert str(caught.value) == text


def test_a_handler_name_has_underscores_for_dots() -> None:
    """The name of a method cannot have dots."""
    assert get_handler_name({"type": "chat.message.sent"}) == "chat_message_sent"


async def test_a_type_without_handler_is_an_error_that_names_it() -> None:
    """It ends the connection, as it always did."""
    consumer = Recorder()

    with pytest.raises(ValueError, match=r"^No handler for message type chat\.message$"):
        await serve(consumer, WEBSOCKET, CONNECT, {"type": "chat.message"})

    assert consumer.log == [1011]


async def test_an_event_of_the_server_with_a_wrong_field_is_a_remote_error() -> None:
    """Only a wrong type is no ASGI at all; the handler never sees it."""
    consumer = Recorder()

    with pytest.raises(RemoteProtocolError, match=r"websocket\.receive is not valid: text"):
        await serve(consumer, WEBSOCKET, CONNECT, frame("fine"), {"type": "websocket.receive", "text": 5})

    assert consumer.log == ["fine", 1011]


async def test_an_event_of_the_layer_with_a_wrong_field_is_dropped(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """What looks like ASGI and came through a layer may be anybody's doing, and ends no connection."""
    consumer = Recorder(channel_layer_alias="test")
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    await layer.send(consumer.channel_name, {"type": "websocket.receive", "text": 5})
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert "a message of type 'websocket.receive' does not match its handler: text" in caplog.text


async def test_an_asgi_event_of_the_layer_is_dispatched_and_moves_nothing(
    layer: InMemoryChannelLayer,
) -> None:
    """A frame may come through a layer; the state of the connection is a matter of the server's events."""

    class Echo(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await self.send(text_data)

    consumer = Echo(channel_layer_alias="test")
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    await layer.send(consumer.channel_name, frame("from the layer"))
    await wait_all_tasks_blocked()
    server.give(frame("from the client"))
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert [event.get("text") for event in server.sent] == [None, "from the layer", "from the client"]


async def test_a_dispatch_of_the_users_own_sees_models() -> None:
    """Events can be handled in one place; they are what other handlers would get, and mappings too."""
    seen: list[Any] = []

    class Spy(AsyncWebsocketConsumer):
        async def dispatch(self, message: Mapping[str, Any]) -> None:
            seen.append(message)
            await super().dispatch(message)

    await serve(Spy(), WEBSOCKET, CONNECT, frame("hi"), gone())

    assert isinstance(seen[1], WebSocketReceiveEvent)
    assert (seen[1]["text"], seen[1].text) == ("hi", "hi")


async def test_handlers_run_in_the_task_of_the_connection() -> None:
    """Context variables and cancel scopes of the server are those of the handlers, waiting or not."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    seen: list[Any] = []

    class Here(AsyncWebsocketConsumer):
        async def connect(self) -> None:
            await asyncio.sleep(0)
            variable.set("set in connect()")
            await self.accept()

        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            seen.append((variable.get(), asyncio.current_task()))

    server = Server(Here(), WEBSOCKET, CONNECT, frame("hi"), gone())
    await server.end()

    assert seen == [("set in connect()", server.task)]


# The life: what ends a consumer, and what happens then.


async def test_a_handler_that_raises_ends_the_consumer_with_1011() -> None:
    """`disconnect()` runs, and the server gets the error itself."""
    error = ZeroDivisionError()

    class Failing(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            raise error

    consumer = Failing()

    with pytest.raises(ZeroDivisionError) as caught:
        await serve(consumer, WEBSOCKET, CONNECT, frame("hi"), gone())

    assert caught.value is error
    assert consumer.log == [1011]


async def test_a_cancelled_consumer_disconnects_with_1006(layer: InMemoryChannelLayer) -> None:
    """A server that stops cancels what it serves; the clean-up runs before the cancellation goes on."""

    class Slow(Recorder):
        async def disconnect(self, code: int) -> None:
            await asyncio.sleep(0)
            self.log.append(code)

    consumer = Slow(channel_layer_alias="test", groups=["one"])
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    await server.cancel()

    assert consumer.log == [1006]
    assert layer.groups == {}
    assert layer.channels == {}


async def test_a_clean_up_outlasts_whoever_cancels_again_and_again() -> None:
    """Frameworks on anyio cancel a task each time it waits."""

    class Slow(Recorder):
        async def disconnect(self, code: int) -> None:
            for _ in range(5):
                await asyncio.sleep(0)
            self.log.append(code)

    consumer = Slow()
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    while not server.task.done():
        server.task.cancel()
        await asyncio.sleep(0)

    assert server.task.cancelled()
    assert consumer.log == [1006]


async def test_a_clean_up_outlasts_a_loop_that_is_being_closed(layer: InMemoryChannelLayer) -> None:
    """A loop cancels every task then, those of the clean-up before they could begin."""
    consumer = Recorder(channel_layer_alias="test", groups=["one"])
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    while others := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in others:
            task.cancel()
        await asyncio.sleep(0)

    assert server.task.cancelled()
    assert consumer.log == [1006]
    assert layer.groups == {}
    assert layer.channels == {}


async def test_a_clean_up_after_a_cancellation_takes_limited_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A `disconnect()` that hangs delays the end of a server for some seconds only, and the rest is done."""
    monkeypatch.setattr(cleanup, "CANCELLED_CLEANUP_SECONDS", 0)
    layer = FragileLayer()
    register_channel_layer("test", layer)

    class Hanging(Recorder):
        async def disconnect(self, code: int) -> None:
            await asyncio.Event().wait()

    monkeypatch.setattr(layer, "_work", _nothing)
    server = Server(Hanging(channel_layer_alias="test", groups=["one"]), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    await server.cancel()

    assert "clean-up failed" in caplog.text
    assert layer.channels == {}


async def _nothing(method: str) -> None:
    """A layer that does not wait."""


@pytest.mark.parametrize("plain", [False, True])
async def test_a_cancellation_during_the_clean_up_leaves_nothing_behind(plain: bool) -> None:
    """A step that was interrupted is done again, and then nothing interrupts it."""
    layer = FragileLayer()
    registered: Any = PlainLayer(layer) if plain else layer
    register_channel_layer("test", registered)
    consumer = Recorder(channel_layer_alias="test", groups=["one", "two"])
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    assert len(layer.memberships()) == 2

    server.give(gone(1001))
    while not consumer.log:  # noqa: ASYNC110  # in the turn in which its clean-up begins
        await asyncio.sleep(0)
    while not server.task.done():
        server.task.cancel()
        await asyncio.sleep(0)

    assert server.task.cancelled()
    assert consumer.log == [1001]
    assert layer.memberships() == []
    assert layer.channels == {}


async def test_a_cancellation_reaches_the_handler() -> None:
    """It is raised where the handler waits."""

    class Waiting(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.log.append("cancelled")
                raise

    consumer = Waiting()
    server = Server(consumer, WEBSOCKET, CONNECT, frame("hi"))
    await wait_all_tasks_blocked()

    await server.cancel()

    assert consumer.log == ["cancelled", 1006]


async def test_a_handler_may_catch_what_is_thrown_into_it() -> None:
    """A time-out within a handler is the handler's own."""

    class Patient(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await asyncio.Event().wait()
            await asyncio.sleep(0)
            self.log.append("went on")

    consumer = Patient()
    await serve(consumer, WEBSOCKET, CONNECT, frame("hi"), gone())

    assert consumer.log == ["went on", 1000]


async def test_a_disconnect_that_took_too_long_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """`disconnect()` runs once: it was begun, so a second one could do harm."""
    monkeypatch.setattr(cleanup, "CANCELLED_CLEANUP_SECONDS", 0)

    class Slow(Recorder):
        async def disconnect(self, code: int) -> None:
            self.log.append(code)
            await asyncio.Event().wait()

    consumer = Slow()
    server = Server(consumer, WEBSOCKET, CONNECT, gone(1001))
    await wait_all_tasks_blocked()

    server.task.cancel()

    with pytest.raises(TimeoutError, match="more than 0 s"):
        await server.end()
    assert consumer.log == [1001]


async def test_an_error_of_the_clean_up_does_not_replace_the_first(caplog: pytest.LogCaptureFixture) -> None:
    """The first error propagates; later ones are logged, and keep nothing else from being done."""
    layer = FragileLayer()
    layer.failing.update({"group_discard", "close_channel"})
    register_channel_layer("test", layer)

    class Failing(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            raise ZeroDivisionError

        async def disconnect(self, code: int) -> None:
            await super().disconnect(code)
            raise KeyError("disconnect")

    consumer = Failing(channel_layer_alias="test", groups=["one"])

    with pytest.raises(ZeroDivisionError):
        await serve(consumer, WEBSOCKET, CONNECT, frame("hi"))

    assert consumer.log == [1011]
    assert all(text in caplog.text for text in ("LayerDown: group_discard", "KeyError: 'disconnect'"))
    assert "LayerDown: close_channel" in caplog.text


async def test_a_cancellation_during_the_clean_up_does_not_replace_the_first_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What went wrong in a handler is what the server has to know."""
    monkeypatch.setattr(cleanup, "CANCELLED_CLEANUP_SECONDS", 0)

    class Failing(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            raise ZeroDivisionError

        async def disconnect(self, code: int) -> None:
            await asyncio.Event().wait()

    server = Server(Failing(), WEBSOCKET, CONNECT, frame("hi"))
    await wait_all_tasks_blocked()

    server.task.cancel()

    with pytest.raises(ZeroDivisionError):
        await server.end()


async def test_an_error_of_the_clean_up_alone_propagates() -> None:
    """Without an earlier error nobody else would hear of it."""

    class Failing(Recorder):
        async def disconnect(self, code: int) -> None:
            raise KeyError("disconnect")

    with pytest.raises(KeyError, match="disconnect"):
        await serve(Failing(), WEBSOCKET, CONNECT, gone())


async def test_a_disconnect_that_cancels_itself_does_not_stop_the_clean_up(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """A cancellation that comes out of a step is no endless loop, and keeps nothing from being done."""

    class Odd(Recorder):
        async def disconnect(self, code: int) -> None:
            raise asyncio.CancelledError

    server = Server(Odd(channel_layer_alias="test"), WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    await server.cancel()

    assert layer.channels == {}
    assert "a step of a consumer's clean-up was cancelled" in caplog.text


@pytest.mark.parametrize("where", ["receive", "both"])
async def test_stop_consumer_ends_the_consumer_normally(where: str) -> None:
    """Raised by a handler it ends the consumer; `disconnect()` may raise it too, as existing ones do."""

    class Stopping(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            raise StopConsumer

        async def disconnect(self, code: int) -> None:
            await super().disconnect(code)
            if where == "both":
                raise StopConsumer

    consumer = Stopping()

    await serve(consumer, WEBSOCKET, CONNECT, frame("hi"))

    assert consumer.log == [1005]


async def test_a_lost_connection_disconnects_with_1006() -> None:
    """A server whose `receive` raises has lost the client; its error propagates."""
    consumer = Recorder()
    server = Server(consumer, WEBSOCKET, CONNECT)
    server.give(OSError("lost"))

    with pytest.raises(OSError, match="lost"):
        await server.end()

    assert consumer.log == [1006]


async def test_a_connection_that_is_lost_while_a_handler_runs_disconnects_with_1006() -> None:
    """The handler is not interrupted; what it had to do comes first."""
    consumer = Recorder()
    going_on = asyncio.Event()

    async def wait(text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await going_on.wait()
        consumer.log.append("done")

    consumer.receive = wait  # type: ignore[method-assign]  # this consumer only
    server = Server(consumer, WEBSOCKET, CONNECT, frame("hi"))
    server.give(OSError("lost"))
    await wait_all_tasks_blocked()
    going_on.set()

    with pytest.raises(OSError, match="lost"):
        await server.end()

    assert consumer.log == ["done", 1006]


async def test_a_handler_finds_out_that_the_client_has_left() -> None:
    """Without a layer too: the reader begins when a handler has to wait. Its next `send` raises."""
    going_on = asyncio.Event()

    class Slow(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await going_on.wait()
            with pytest.raises(ConnectionClosed) as caught:
                await self.send("too late")
            assert isinstance(caught.value, OSError)
            self.log.append("found out")

    consumer = Slow()
    server = Server(consumer, WEBSOCKET, CONNECT, frame("hi"), gone(1001))
    await wait_all_tasks_blocked()
    going_on.set()
    await server.end()

    assert consumer.log == ["found out", 1001]
    assert server.types == ["websocket.accept"]


@pytest.mark.parametrize("layered", [True, False])
async def test_a_handler_that_sends_too_late_is_no_crash(
    layered: bool, layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody did anything wrong: the disconnect is handled next, with the code of the client."""
    caplog.set_level(logging.DEBUG, "fast_channels.consumer")
    going_on = asyncio.Event()

    class Slow(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await going_on.wait()
            await self.send("too late")

    consumer = Slow(channel_layer_alias="test" if layered else None)
    server = Server(consumer, WEBSOCKET, CONNECT, frame("hi"), gone(1001))
    await wait_all_tasks_blocked()
    going_on.set()
    await server.end()

    assert consumer.log == [1001]
    assert "A handler of websocket.receive sent to a connection that is closed" in caplog.text


async def test_a_closed_connection_of_another_consumer_is_a_crash() -> None:
    """Only a handler whose own client has left is forgiven."""
    other = Recorder()
    await serve(other, WEBSOCKET, CONNECT, gone())

    class Relay(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await other.send("hello?")

    with pytest.raises(ConnectionClosed):
        await serve(Relay(), WEBSOCKET, CONNECT, frame("hi"), gone())


async def test_a_consumer_that_has_ended_sends_nothing() -> None:
    """A task that a handler left behind finds out that its connection is over."""
    consumer = Recorder()
    await serve(consumer, WEBSOCKET, CONNECT, gone())

    with pytest.raises(ConnectionClosed):
        await consumer.send("anybody there?")


async def test_an_event_that_asks_for_what_has_happened_is_not_sent() -> None:
    """The server hears of a close once."""

    class Closing(Recorder):
        async def connect(self) -> None:
            await self.base_send({"type": "websocket.close"})
            await self.base_send({"type": "websocket.close"})

    assert len(await serve(Closing(), WEBSOCKET, CONNECT, gone())) == 1


async def test_a_server_that_cannot_send_has_lost_the_client() -> None:
    """An `OSError` of the server's `send` is `ConnectionClosed`, and nothing more reaches the server."""
    consumer = Recorder()
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.send_error = BrokenPipeError("broken")

    with pytest.raises(ConnectionClosed, match=r"websocket\.send could not be sent") as caught:
        await consumer.send("one")
    with pytest.raises(ConnectionClosed, match=r"websocket\.send cannot be sent"):
        await consumer.send("two")

    assert isinstance(caught.value.__cause__, BrokenPipeError)
    assert server.types == ["websocket.accept", "websocket.send"]
    server.give(gone(1006))
    await server.end()
    assert consumer.log == [1006]


async def test_an_error_of_the_server_that_is_no_lost_connection_propagates() -> None:
    """Whatever else a server raises is raised at the caller's line."""

    class Echo(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await self.send(text_data)

    consumer = Echo()
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    server.send_error = RuntimeError("server bug")
    server.give(frame("hi"))

    with pytest.raises(RuntimeError, match="server bug"):
        await server.end()
    assert consumer.log == [1011]


async def test_sending_in_disconnect_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing can be sent any more; that is a mistake, and none that ends in an error of the server."""

    class Late(Recorder):
        async def disconnect(self, code: int) -> None:
            await self.send("bye")

    await serve(Late(), WEBSOCKET, CONNECT, gone())

    assert "sent to a connection that is closed" in caplog.text


@pytest.mark.parametrize("error", [StopConsumer(), ConnectionClosed("gone")])
async def test_what_the_tasks_of_disconnect_raise_is_told_apart_as_well(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A task group raises it as a group, which is no error of the server either."""

    class Grouping(Recorder):
        async def disconnect(self, code: int) -> None:
            raise ExceptionGroup("tasks", [error])

    await serve(Grouping(), WEBSOCKET, CONNECT, gone())

    assert ("sent to a connection that is closed" in caplog.text) == isinstance(error, ConnectionClosed)


async def test_an_error_among_the_tasks_of_disconnect_propagates() -> None:
    """As it is: whatever else the group holds."""

    class Failing(Recorder):
        async def disconnect(self, code: int) -> None:
            raise ExceptionGroup("tasks", [StopConsumer(), ZeroDivisionError()])

    with pytest.raises(ExceptionGroup, match="tasks"):
        await serve(Failing(), WEBSOCKET, CONNECT, gone())


@pytest.mark.parametrize("hook", ["connect", "receive", "said"])
async def test_a_handler_whose_own_task_was_cancelled_has_failed(
    hook: str, layer: InMemoryChannelLayer
) -> None:
    """Nobody has asked the consumer to end, so it is no cancellation, which servers would pass over."""

    async def waits_for_what_is_cancelled(*_: Any, **__: Any) -> None:
        future = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(future.cancel)
        await future

    kind: Any = types.new_class(
        "Failing", (Recorder,), {}, lambda body: body.update({hook: waits_for_what_is_cancelled})
    )
    consumer = kind(channel_layer_alias="test", groups=["one"])
    server = Server(consumer, WEBSOCKET, CONNECT, *([frame("x")] if hook == "receive" else []))
    await wait_all_tasks_blocked()
    await layer.group_send("one", {"type": "said"})

    with pytest.raises(RuntimeError, match=r"^Failing awaited a task or future that was cancelled$"):
        await server.end()
    assert consumer.log == [1011]
    assert server.types == ([] if hook == "connect" else ["websocket.accept", "websocket.close"])
    assert (layer.groups, layer.channels) == ({}, {})


async def test_nothing_can_be_sent_in_disconnect_after_a_crash() -> None:
    """Although the server would take it: what `disconnect()` may do does not depend on how it came to it."""

    class Failing(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            raise ZeroDivisionError

        async def disconnect(self, code: int) -> None:
            with pytest.raises(ConnectionClosed):
                await self.send("bye")
            await self.close()
            await super().disconnect(code)

    consumer = Failing()
    server = Server(consumer, WEBSOCKET, CONNECT, frame("hi"))
    with pytest.raises(ZeroDivisionError):
        await server.end()

    assert server.sent[1:] == [{"type": "websocket.close", "code": 1011, "reason": ""}]
    assert consumer.log == [1011]


async def test_a_second_disconnect_is_not_handled() -> None:
    """Some servers say it twice; the first one is the truth."""
    consumer = Recorder()

    await serve(consumer, WEBSOCKET, CONNECT, gone(4001), {"type": "websocket.disconnect"})

    assert consumer.log == [4001]


async def test_an_override_of_the_disconnect_event_need_not_call_super(layer: InMemoryChannelLayer) -> None:
    """The clean-up belongs to the life of a consumer, not to a method that may be replaced."""

    class Replaced(Recorder):
        async def websocket_disconnect(self, message: Any) -> None:
            self.log.append("replaced")

    consumer = Replaced(channel_layer_alias="test", groups=["one"])

    await serve(consumer, WEBSOCKET, CONNECT, gone(4001))

    assert consumer.log == ["replaced", 4001]
    assert layer.groups == {}


@pytest.mark.parametrize("after", [False, True])
async def test_an_override_of_the_disconnect_event_may_call_super(after: bool) -> None:
    """`super()` runs `disconnect()` and raises `StopConsumer`, which an override may do something after."""

    class Extended(Recorder):
        async def websocket_disconnect(self, message: Any) -> None:
            try:
                await super().websocket_disconnect(message)
            finally:
                if after:
                    self.log.append("after")

    consumer = Extended()

    await serve(consumer, WEBSOCKET, CONNECT, gone(4001))

    assert consumer.log == ([4001, "after"] if after else [4001])


async def test_the_reading_of_a_slow_consumer_is_bounded() -> None:
    """A client that sends faster than its handler works is slowed down, and fills no memory."""
    going_on = asyncio.Event()

    class Slow(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await going_on.wait()
            await super().receive(text_data)

    consumer = Slow()
    server = Server(consumer, WEBSOCKET, CONNECT, *(frame(str(number)) for number in range(100)), gone())
    await wait_all_tasks_blocked()

    # The connect event, the frame that is handled, and two that were read ahead.
    assert server.received == 4

    going_on.set()
    await server.end()
    assert consumer.log == [*map(str, range(100)), 1000]


async def test_events_of_both_sources_are_handled_in_the_order_in_which_they_arrived(
    layer: InMemoryChannelLayer,
) -> None:
    """One at a time, and none is lost between the two."""
    consumer = Recorder(channel_layer_alias="test")
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()

    for number in range(10):
        server.give(frame(f"client {number}"))
        await wait_all_tasks_blocked()
        await layer.send(consumer.channel_name, {"type": "note", "number": number})
        await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert consumer.log == [*(entry for n in range(10) for entry in (f"client {n}", n)), 1000]


async def test_messages_that_were_sent_to_a_group_before_the_disconnect_are_handled_before_it(
    layer: InMemoryChannelLayer,
) -> None:
    """What arrived first is handled first, even if the client has left meanwhile."""
    going_on = asyncio.Event()

    class Slow(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await going_on.wait()

    consumer = Slow(channel_layer_alias="test", groups=["room"])
    server = Server(consumer, WEBSOCKET, CONNECT, frame("hi"))
    await wait_all_tasks_blocked()
    for number in range(3):
        await layer.group_send("room", {"type": "note", "number": number})
    server.give(gone())
    await wait_all_tasks_blocked()
    going_on.set()
    await server.end()

    assert consumer.log == [0, 1, 2, 1000]


async def test_a_consumer_without_a_layer_needs_no_task_while_its_handlers_do_not_wait() -> None:
    """Tasks per event are what made the loop of 1.1.0 slow."""
    tasks: list[int] = []

    class Counting(AsyncWebsocketConsumer):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            tasks.append(len(asyncio.all_tasks()))

    await serve(Counting(), WEBSOCKET, CONNECT, frame("one"), frame("two"), gone())

    # The test and the connection.
    assert tasks == [2, 2]


async def test_a_crashed_consumer_is_freed_without_the_garbage_collector() -> None:
    """The error does not refer to a frame that refers to the error, so a consumer ends when it ends."""

    class Failing(AsyncWebsocketConsumer):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await asyncio.sleep(0)
            raise ZeroDivisionError

    async def serve_one() -> "weakref.ref[Failing]":
        events: list[Mapping[str, Any]] = [frame("hi"), CONNECT]

        async def receive() -> Mapping[str, Any]:
            return events.pop()

        async def send(event: Mapping[str, Any]) -> None:
            pass

        consumer = Failing()
        with suppress(ZeroDivisionError):
            await consumer(dict(WEBSOCKET), receive, send)
        return weakref.ref(consumer)

    gc.collect()
    gc.disable()
    try:
        freed = await serve_one()
        assert freed() is None
    finally:
        gc.enable()


class Lost(Exception):
    """What a server raises that has lost its client."""


@pytest.mark.parametrize("alias", [None, "test"])
@pytest.mark.parametrize("turns", [0, 1])
@pytest.mark.parametrize("what", ["waits for the next event", "handles one", "handles one and fails"])
async def test_a_connection_that_its_server_loses_is_freed_without_the_garbage_collector(
    what: str, turns: int, alias: str | None, layer: InMemoryChannelLayer
) -> None:
    """Whether the consumer hears of the error of `receive` or not: it refers to nothing that refers to it."""

    class Handling(AsyncWebsocketConsumer):
        channel_layer_alias = alias

        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            if what != "waits for the next event":
                await wait_all_tasks_blocked()
            if what == "handles one and fails":
                raise ZeroDivisionError

    async def serve_one() -> "tuple[weakref.ref[Handling], weakref.ref[Lost]]":
        events: list[Mapping[str, Any]] = [frame("hi"), CONNECT]
        lost: list[weakref.ref[Lost]] = []

        async def receive() -> Mapping[str, Any]:
            if events:
                return events.pop()
            for _ in range(turns):
                await asyncio.sleep(0)
            error = Lost()
            lost.append(weakref.ref(error))
            try:
                raise error
            finally:
                del error

        async def send(event: Mapping[str, Any]) -> None:
            pass

        consumer = Handling()
        with suppress(ZeroDivisionError, Lost):
            await consumer(dict(WEBSOCKET), receive, send)
        return weakref.ref(consumer), lost[0]

    gc.collect()
    gc.disable()
    try:
        consumer, error = await serve_one()
        # The event loop itself has what has woken a task, in that turn.
        await asyncio.sleep(0)
        assert (consumer(), error()) == (None, None)
    finally:
        gc.enable()


async def test_a_handler_that_only_sends_leaves_the_event_loop_its_turns() -> None:
    """The `send` of many servers never waits; the client could leave, and nobody would hear of it."""

    class Flooding(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            while True:
                await self.send("again")

    consumer = Flooding()
    server = Server(consumer, WEBSOCKET, CONNECT, frame("go"))
    # The test goes on at all.
    await asyncio.sleep(0)

    server.give(gone(1001))
    await server.end()
    assert consumer.log == [1001]


async def test_one_answer_for_each_event_needs_no_extra_turn() -> None:
    """A turn of the event loop is only given away by handlers that keep it."""

    class Echo(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await self.send(text_data)

    class Fast(Server):
        async def receive(self) -> Mapping[str, Any]:
            self.received += 1
            if self.received <= 100:
                return CONNECT if self.received == 1 else frame("x")
            return gone()

    server = Fast(Echo(), WEBSOCKET)
    await asyncio.sleep(0)

    assert server.task.done()


async def test_a_consumer_is_shown_with_its_class_path_and_client() -> None:
    """In logs nobody can do anything with the address of an object."""
    consumer = Recorder()
    assert repr(consumer) == "Recorder()"

    await serve(consumer, {**WEBSOCKET, "path": "/a\n", "client": ("::1", 5000)}, CONNECT, gone())

    assert repr(consumer) == r"Recorder(path='/a\n', client=::1:5000)"


async def _in_group(*raisers: Callable[[], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as outer:

        async def nested() -> None:
            begin = asyncio.Event()
            async with asyncio.TaskGroup() as inner:
                for raiser in raisers:
                    inner.create_task(_after(begin, raiser))
                # A group of which a task has failed takes no other.
                begin.set()

        outer.create_task(nested())


async def _after(begin: asyncio.Event, raiser: Callable[[], Awaitable[None]]) -> None:
    await begin.wait()
    await raiser()


async def _stop() -> None:
    raise StopConsumer


async def _crash() -> None:
    raise ZeroDivisionError


async def test_a_task_group_may_stop_a_consumer_or_send_too_late() -> None:
    """What steers a consumer does so from within a task group; anything else is the error that it is."""

    class Grouping(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            if text_data == "stop":
                await _in_group(_stop, self._late)
            elif text_data == "late":
                await _in_group(self._late)
            else:
                await _in_group(_stop, _crash)

        async def _late(self) -> None:
            await self.close()
            await self.send("too late")

    stopped, late, crashed = Grouping(), Grouping(), Grouping()
    await serve(stopped, WEBSOCKET, CONNECT, frame("stop"))
    await serve(late, WEBSOCKET, CONNECT, frame("late"), gone(1000))
    with pytest.raises(ExceptionGroup):
        await serve(crashed, WEBSOCKET, CONNECT, frame("crash"))

    assert [consumer.log for consumer in (stopped, late, crashed)] == [[1005], [1000], [1011]]


@pytest.mark.parametrize("answer", ["waits", "fails"])
async def test_a_client_that_does_not_read_delays_the_end_of_a_crash_for_a_limited_time(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything else has been cleaned up by then, and the error is the application's."""
    monkeypatch.setattr(sending, "CRASH_CLOSE_SECONDS", 0)

    class Failing(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            raise ZeroDivisionError

    class Stalled(Server):
        async def send(self, event: Mapping[str, Any]) -> None:
            await super().send(event)
            if event["type"] == "websocket.close":
                if answer == "fails":
                    raise OSError
                await asyncio.Event().wait()

    consumer = Failing()
    server = Stalled(consumer, WEBSOCKET, CONNECT, frame("x"))

    with pytest.raises(ZeroDivisionError):
        await server.end()

    assert consumer.log == [1011]
    assert server.types == ["websocket.accept", "websocket.close"]


async def test_a_client_that_leaves_while_a_crash_is_cleaned_up_gets_nothing() -> None:
    """Nothing is sent to somebody who has gone."""

    class Failing(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await asyncio.sleep(0)
            raise ZeroDivisionError

        async def disconnect(self, code: int) -> None:
            server.give(gone(1001))
            for _ in range(5):
                await asyncio.sleep(0)

    server = Server(Failing(), WEBSOCKET, CONNECT, frame("x"))

    with pytest.raises(ZeroDivisionError):
        await server.end()

    assert server.types == ["websocket.accept"]


async def test_a_disconnect_that_is_handled_twice_is_one() -> None:
    """An override may call the library's handler more than once."""

    class Twice(Recorder):
        async def websocket_disconnect(self, message: Any) -> None:
            with suppress(StopConsumer):
                await super().websocket_disconnect(message)
            await super().websocket_disconnect(message)

    consumer = Twice()
    await serve(consumer, WEBSOCKET, CONNECT, gone(1001))

    assert consumer.log == [1001]


async def test_sending_after_its_own_close_is_said_once_for_each_class(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The handler ends in the middle, so somebody has to be told why."""

    class Closing(Recorder):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await self.close()
            with suppress(LocalProtocolError):
                await self.send("too late")

    for _ in range(2):
        await serve(Closing(), WEBSOCKET, CONNECT, frame("x"), gone())

    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith(
        "Closing(path='/') sent an event after it had closed the connection, so its handler of "
        "websocket.receive was ended"
    )


class Joined(ChannelEvent):
    type: Literal["joined"] = "joined"
    name: str


async def test_a_handler_gets_what_its_annotation_asks_for(layer: InMemoryChannelLayer) -> None:
    """From the layer to the handler: a dictionary is sent, a model arrives."""
    seen: list[Any] = []

    class Typed(AsyncWebsocketConsumer):
        async def joined(self, event: Joined) -> None:
            seen.append(event)

    consumer = Typed(channel_layer_alias="test")
    server = Server(consumer, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    await layer.send(consumer.channel_name, {"type": "joined", "name": "alice"})
    await wait_all_tasks_blocked()
    server.give(gone())
    await server.end()

    assert seen == [Joined(name="alice")]


async def test_a_consumer_of_another_protocol_has_no_hook_at_the_end() -> None:
    """A `disconnect()` there is a method of the application, which nobody else calls."""

    class Custom(AsyncConsumer):
        async def custom_event(self, message: Mapping[str, Any]) -> None:
            raise StopConsumer

        async def disconnect(self, code: int) -> None:
            raise AssertionError

    await serve(Custom.as_asgi(), {"type": "custom"}, {"type": "custom.event"})
