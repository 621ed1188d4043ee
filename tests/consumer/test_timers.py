"""Time limits of WebSockets: an unanswered handshake, and a client that says nothing."""

import asyncio
import gc
import json
import logging
import warnings
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from fast_channels.consumer import (
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
    CloseCodes,
    TimeoutKind,
    Timeouts,
)
from fast_channels.consumer import wheel as wheels
from fast_channels.consumer.wheel import wheel_of
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.messages import Request
from tests.blocked import wait_all_tasks_blocked

from .driver import CONNECT, WEBSOCKET, Server, frame, gone

HOUR = 3600.0
LAYERS = pytest.mark.parametrize("alias", [None, "test"])


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick takes an hour, and comes when the test says so."""
    monkeypatch.setattr(wheels, "TICK", HOUR)


@pytest.fixture(autouse=True)
def layer() -> InMemoryChannelLayer:
    layer = InMemoryChannelLayer()
    register_channel_layer("test", layer)
    return layer


async def tick(count: int = 1) -> None:
    """Let an hour pass, and everything happen that follows."""
    for _ in range(count):
        await wait_all_tasks_blocked()
        wheel_of(asyncio.get_running_loop()).tick()
    await wait_all_tasks_blocked()


class Watched(AsyncWebsocketConsumer):
    """Notes which limits have passed, and takes its time for some frames."""

    def __init__(self, timeouts: Any, seen: list[str], alias: str | None = None) -> None:
        super().__init__()
        self.timeouts = timeouts
        self.seen = seen
        self.channel_layer_alias = alias
        self.groups = [] if alias is None else ["all"]
        self.gate = asyncio.Event()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data == "wait":
            await self.gate.wait()
        elif text_data == "end wait":
            self.gate.set()

    async def told(self, event: Mapping[str, Any]) -> None:
        if event.get("wait"):
            await self.gate.wait()

    async def timed_out(self, kind: TimeoutKind) -> None:
        self.seen.append(kind)


class Silent(Watched):
    async def connect(self) -> None:
        """Leave the handshake unanswered."""


@LAYERS
async def test_a_client_that_says_nothing_is_disconnected(
    alias: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """With 1008, unless another code is set; the log says why."""
    caplog.set_level(logging.INFO)

    class Plain(AsyncWebsocketConsumer):
        channel_layer_alias = alias
        timeouts = Timeouts(idle=2 * HOUR)

    for timeouts, code in ((Plain.timeouts, 1008), (Timeouts(idle=HOUR, code=4408), 4408)):
        server = Server(Plain.as_asgi(timeouts=timeouts), WEBSOCKET, CONNECT)
        await tick(4)
        assert server.sent[-1] == {"type": "websocket.close", "code": code, "reason": "timed out: idle"}
        server.give(gone(code))
        await server.end()
    assert caplog.messages[0] == "Plain(path='/') closes a WebSocket: its time limit 'idle' has passed"


@LAYERS
async def test_a_handshake_that_is_not_answered_is_refused(
    alias: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """And a warning is logged: it is the application that does not answer."""

    class Forgetful(AsyncWebsocketConsumer):
        channel_layer_alias = alias
        handshake_grace = 0
        timeouts = Timeouts(accept=HOUR)

        async def connect(self) -> None:
            """Leave the handshake unanswered."""

    server = Server(Forgetful.as_asgi(), WEBSOCKET, CONNECT)
    await tick(1)
    assert server.sent == []
    await tick(1)

    assert server.types == ["websocket.close"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    server.give(gone(1006))
    await server.end()


async def test_a_connect_that_hangs_does_not_delay_the_limit_of_the_handshake() -> None:
    """The hook runs beside it."""

    class Hanging(Watched):
        async def connect(self) -> None:
            await self.gate.wait()

        async def timed_out(self, kind: TimeoutKind) -> None:
            await super().timed_out(kind)
            self.gate.set()

    seen: list[str] = []
    server = Server(Hanging.as_asgi(timeouts=Timeouts(accept=HOUR), seen=seen), WEBSOCKET, CONNECT)
    await tick(2)

    assert seen == ["accept"]
    server.give(gone())
    await server.end()


async def test_an_answered_handshake_meets_its_limit() -> None:
    """Nothing is left of it then."""
    seen: list[str] = []
    server = Server(Watched.as_asgi(timeouts=Timeouts(accept=HOUR), seen=seen), WEBSOCKET, CONNECT)
    await tick(5)

    assert seen == []
    server.give(gone())
    await server.end()


async def test_an_unanswered_handshake_is_not_an_idle_client() -> None:
    """The client waits for the server."""
    seen: list[str] = []
    server = Server(Silent.as_asgi(timeouts=Timeouts(idle=HOUR), seen=seen), WEBSOCKET, CONNECT)
    await tick(9)

    assert seen == []
    server.give(gone())
    await server.end()


async def test_the_time_of_a_client_begins_when_its_handshake_is_accepted(
    layer: InMemoryChannelLayer,
) -> None:
    """Perhaps long after it was asked for."""

    class Late(Silent):
        async def told(self, event: Mapping[str, Any]) -> None:
            await self.accept()

    seen: list[str] = []
    application = Late.as_asgi(timeouts=Timeouts(idle=3 * HOUR), seen=seen, alias="test")
    server = Server(application, WEBSOCKET, CONNECT)
    await tick(7)
    [channel] = layer.channels
    await layer.send(channel, {"type": "told"})
    await tick(4)
    assert seen == []
    await tick(1)
    assert seen == ["idle"]
    await server.cancel()


@LAYERS
async def test_a_client_that_waits_for_its_handler_is_not_idle(alias: str | None) -> None:
    """Its time begins again when the handler has returned."""
    seen: list[str] = []
    application = Watched.as_asgi(timeouts=Timeouts(idle=2 * HOUR), seen=seen, alias=alias)
    server = Server(application, WEBSOCKET, CONNECT, frame("wait"))
    await tick(9)
    assert seen == []

    server.give(frame("x"))
    await tick(9)
    assert seen == []
    server.give(gone())
    await wait_all_tasks_blocked()
    server.task.cancel()
    await asyncio.wait([server.task])


async def test_a_handler_of_a_layer_event_does_not_make_a_client_busy(layer: InMemoryChannelLayer) -> None:
    """The client waits for nothing; but if it has said something meanwhile, it does."""
    for talks in (False, True):
        seen: list[str] = []
        application = Watched.as_asgi(timeouts=Timeouts(idle=2 * HOUR), seen=seen, alias="test")
        server = Server(application, WEBSOCKET, CONNECT)
        await wait_all_tasks_blocked()
        await layer.group_send("all", {"type": "told", "wait": True})
        if talks:
            server.give(frame("x"), frame("x"), frame("x"))
        await tick(5)

        assert seen == ([] if talks else ["idle"])
        await server.cancel()


@LAYERS
async def test_a_hook_that_does_not_close_is_called_again(alias: str | None) -> None:
    """The time begins again."""
    seen: list[str] = []
    application = Watched.as_asgi(timeouts=Timeouts(idle=HOUR), seen=seen, alias=alias)
    server = Server(application, WEBSOCKET, CONNECT)
    await tick(3)
    assert seen == ["idle"]
    await tick(2)
    assert seen == ["idle", "idle"]
    server.give(gone())
    await server.end()
    await tick(5)
    assert seen == ["idle", "idle"]


async def test_a_hook_that_raises_ends_the_consumer() -> None:
    """It is a handler like the others."""

    class Failing(Watched):
        async def timed_out(self, kind: TimeoutKind) -> None:
            raise ZeroDivisionError

    server = Server(Failing.as_asgi(timeouts=Timeouts(idle=HOUR), seen=[]), WEBSOCKET, CONNECT)
    await tick(3)

    with pytest.raises(ZeroDivisionError):
        await server.end()
    assert server.sent[-1]["code"] == 1011


async def test_a_hook_runs_in_the_context_of_its_connection() -> None:
    """Not in that of another one."""
    whose: ContextVar[str] = ContextVar("whose")

    class Contextual(Watched):
        async def connect(self) -> None:
            await self.accept()

        async def timed_out(self, kind: TimeoutKind) -> None:
            self.seen.append(whose.get())

    seen: list[str] = []
    servers: list[Server] = []
    for name in ("first", "second"):
        whose.set(name)
        application = Contextual.as_asgi(timeouts=Timeouts(idle=HOUR), seen=seen)
        servers.append(Server(application, WEBSOCKET, CONNECT))
        await wait_all_tasks_blocked()
    await tick(3)

    assert sorted(seen) == ["first", "second"]
    for server in servers:
        await server.cancel()


async def test_a_closed_connection_has_no_limit() -> None:
    """The server closes what the client does not."""
    seen: list[str] = []

    class Closing(Watched):
        async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
            await self.close()

    server = Server(Closing.as_asgi(timeouts=Timeouts(idle=HOUR), seen=seen), WEBSOCKET, CONNECT, frame("x"))
    await tick(9)

    assert seen == []
    server.give(gone())
    await server.end()


@pytest.mark.parametrize("timeouts", [{"read": 5}, 5, None, Timeouts()])
async def test_what_existing_code_calls_timeouts_is_its_own(timeouts: Any) -> None:
    """Only an instance of `Timeouts` sets limits."""
    seen: list[str] = []
    server = Server(Watched.as_asgi(timeouts=timeouts, seen=seen), WEBSOCKET, CONNECT)
    await tick(9)

    assert seen == []
    server.give(gone())
    await server.end()


async def test_a_connection_of_an_unknown_protocol_has_no_limits() -> None:
    """A worker serves no handshake."""
    seen: list[str] = []
    application = Watched.as_asgi(timeouts=Timeouts(idle=HOUR, accept=HOUR), seen=seen)
    server = Server(application, {"type": "channel"}, CONNECT)
    await tick(9)

    assert seen == []
    await server.cancel()


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["accept", "idle"])
def test_a_limit_that_is_no_time_is_an_error_where_it_is_written(name: str, value: float) -> None:
    """So a class with one cannot be defined."""
    with pytest.raises(ValueError, match=rf"^Timeouts\({name}=.*\): use a number of seconds above 0,"):
        Timeouts(accept=value if name == "accept" else None, idle=value if name == "idle" else None)


@pytest.mark.parametrize("value", ["5", True, [5]])
def test_a_limit_that_is_no_number_is_an_error(value: Any) -> None:
    """A string may come out of settings."""
    with pytest.raises(TypeError, match=r"^Timeouts\(idle="):
        Timeouts(idle=value)


@pytest.mark.parametrize("code", [1005, 1006, 999, 5000])
def test_a_code_that_may_not_be_sent_is_an_error(code: int) -> None:
    """RFC 6455, section 7.4."""
    with pytest.raises(ValueError, match=rf"^Timeouts\(code={code}\): the code may not be sent$"):
        Timeouts(idle=1, code=code)


class Answer(BaseModel):
    id: int
    answer: str


class Question(BaseModel, Request[Answer]):
    correlation_field: ClassVar[str | None] = "id"

    id: int | None = None
    question: str = "?"


class Work(BaseModel):
    work: str


Contract = AsyncJsonWebsocketConsumer[Work, Question]


class Serving(Contract):
    """Asks its client, and works beside its loop."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self.timeouts = Timeouts(idle=2 * HOUR)
        self.seen = seen
        self.gate = asyncio.Event()

    async def connect(self) -> None:
        await self.accept()
        self.asking = self.spawn(self.ask())

    async def ask(self) -> None:
        while True:
            await self.request(Question(), timeout=None)

    @Contract.receives(Work, concurrent=True)
    async def on_work(self, message: Work) -> None:
        await self.gate.wait()

    async def timed_out(self, kind: TimeoutKind) -> None:
        self.seen.append(kind)


async def test_a_client_that_answers_requests_is_not_idle() -> None:
    """Although its replies are not messages that a handler gets."""
    seen: list[str] = []
    server = Server(Serving.as_asgi(seen=seen), WEBSOCKET, CONNECT)
    await tick(2)
    for _ in range(5):
        question = json.loads(server.sent[-1]["text"])
        server.give(frame(json.dumps({"id": question["id"], "answer": "!"})))
        await tick(2)
    assert seen == []

    await tick(2)
    assert seen == ["idle"]
    server.give(gone())
    await server.end()


async def test_a_client_that_waits_for_a_concurrent_handler_is_not_idle() -> None:
    """The consumer waits for its next message meanwhile; its time begins when the handler has returned."""
    seen: list[str] = []
    consumers: list[Serving] = []

    class Kept(Serving):
        async def connect(self) -> None:
            consumers.append(self)
            await self.accept()

    server = Server(Kept.as_asgi(seen=seen), WEBSOCKET, CONNECT, frame('{"work": "x"}'))
    await tick(9)
    consumers[0].gate.set()
    await tick(2)
    assert seen == []

    await tick(2)
    assert seen == ["idle"]
    server.give(gone())
    await server.end()


async def test_a_client_that_talks_is_not_idle() -> None:
    """Each frame begins its time again, and costs nothing but a number."""
    seen: list[str] = []
    server = Server(Watched.as_asgi(timeouts=Timeouts(idle=2 * HOUR), seen=seen), WEBSOCKET, CONNECT)
    for _ in range(5):
        await tick(2)
        server.give(frame("x"))
    assert seen == []
    server.give(gone())
    await server.end()


def test_an_attribute_of_existing_code_is_not_looked_into() -> None:
    """Also where the class declares its codes."""

    class Codes(CloseCodes):
        SILENT = 4408

    class Existing(AsyncWebsocketConsumer):
        close_codes = Codes
        timeouts: Any = "5 minutes"

    assert Existing.as_asgi().consumer_class is Existing


def test_a_code_that_the_class_does_not_declare_is_an_error_when_it_is_defined() -> None:
    """`close()` would refuse it when the time has passed."""

    class Codes(CloseCodes):
        SILENT = 4408, "the client said nothing"

    class Right(AsyncWebsocketConsumer):
        close_codes = Codes
        timeouts = Timeouts(idle=1, code=Codes.SILENT)

    with pytest.raises(TypeError, match=r"^Wrong\.timeouts closes with 4409, which .*: 4408 SILENT$"):
        type("Wrong", (Right,), {"timeouts": Timeouts(idle=1, code=4409)})


async def test_handlers_of_existing_code_may_have_these_names() -> None:
    """The library calls the hook only where there are limits, which a method is not."""

    class Game(AsyncWebsocketConsumer):
        async def timed_out(self, event: Mapping[str, Any]) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # it knows nothing of the hook
            await self.send(event["who"])

        async def timeouts(self, event: Mapping[str, Any]) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride, reportAssignmentType]  # nor of the attribute
            await self.send(event["who"])

    events = [{"type": type_, "who": type_} for type_ in ("timed.out", "timeouts")]
    server = Server(Game.as_asgi(), WEBSOCKET, CONNECT, *events, gone())
    await server.end()

    assert [event["text"] for event in server.sent[1:]] == ["timed.out", "timeouts"]


STEPS = st.lists(st.sampled_from(["tick", "tick", "tick", "frame", "wait", "end wait", "told"]), max_size=30)


async def idle_while(steps: list[str], alias: str | None) -> None:
    """Let a client talk and be silent, and compare each call of the hook with what happened."""
    layer = InMemoryChannelLayer()
    register_channel_layer("test", layer)
    seen: list[str] = []
    consumers: list[Watched] = []

    class Kept(Watched):
        async def connect(self) -> None:
            consumers.append(self)
            await self.accept()

    application = Kept.as_asgi(timeouts=Timeouts(idle=3 * HOUR), seen=seen, alias=alias)
    server = Server(application, WEBSOCKET, CONNECT)
    await wait_all_tasks_blocked()
    silent, waits = 0, False
    for step in steps:
        if step == "tick":
            before = len(seen)
            await tick()
            silent = 0 if waits else silent + 1
            if len(seen) > before:
                assert silent >= 3, "a client is idle too early"
                silent = 0
            assert silent <= 3 + 2, "a client is never idle"
        elif step == "told" and alias is not None:
            await layer.group_send("all", {"type": "told"})
        elif step == "end wait":
            consumers[0].gate.set()
            waits = False
        elif step in {"frame", "wait"}:
            server.give(frame(step))
            waits = waits or (step == "wait" and not consumers[0].gate.is_set())
            silent = 0
        await wait_all_tasks_blocked()
    await server.cancel()


@pytest.mark.property
@given(steps=STEPS, alias=st.sampled_from([None, "test"]))
def test_a_client_is_idle_only_if_it_is(steps: list[str], alias: str | None) -> None:
    """Never before its time, whatever happens; and not later than a tick, unless it was busy."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(wheels, "TICK", HOUR)
        asyncio.run(idle_while(steps, alias))


async def live() -> None:
    """Let a connection with limits end."""
    events = [CONNECT]

    async def receive() -> dict[str, Any]:
        if not events:
            await asyncio.Event().wait()
        return events.pop()

    async def send(event: Any) -> None:
        """Take everything."""

    application = Watched.as_asgi(timeouts=Timeouts(accept=HOUR, idle=HOUR), seen=[])
    task = asyncio.ensure_future(application(dict(WEBSOCKET), receive, send))
    await tick(3)
    task.cancel()
    await asyncio.wait([task])


async def test_nothing_of_a_consumer_with_limits_waits_for_the_garbage_collector() -> None:
    """The wheel keeps nothing of a connection that has ended."""
    await live()
    gc.collect()
    gc.disable()
    try:
        await live()
        assert gc.collect() == 0
    finally:
        gc.enable()
