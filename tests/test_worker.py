"""A worker: one consumer for each named channel, until it is told to stop."""

import asyncio
import gc
import logging
import signal
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ClassVar, Literal

import pytest

from fast_channels import worker as worker_module
from fast_channels.consumer import AsyncConsumer
from fast_channels.exceptions import InvalidChannelLayerError, StopConsumer
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.messages import ChannelEvent
from fast_channels.worker import Worker, WorkerConsumer
from tests.blocked import wait_all_tasks_blocked
from tests.consumer.driver import FragileLayer, PlainLayer
from tests.layers.conftest import soon


class Make(ChannelEvent):
    type: Literal["make"] = "make"
    path: str


class Maker(AsyncConsumer):
    """Handles messages as the test wants.

    Attributes:
        born: All consumers of this class, in the order in which they were made.
        handled: What they have handled, as far as it was finished.
        begun: What they have begun to handle.
        ended: Set, after each, in a queue that the test can wait for.
    """

    born: ClassVar[list["Maker"]] = []
    handled: ClassVar[list[str]] = []
    begun: ClassVar[asyncio.Queue[str]]
    ended: ClassVar[asyncio.Queue[str]]
    gate: ClassVar[asyncio.Event]
    flavour = "plain"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.born.append(self)

    async def make(self, event: Make) -> None:
        """Handle a message, when the gate is open."""
        self.begun.put_nowait(event.path)
        await self.gate.wait()
        self.handled.append(event.path)
        self.ended.put_nowait(event.path)

    async def die(self, event: Mapping[str, Any]) -> None:
        """Fail."""
        raise LookupError("died")

    async def give_up(self, event: Mapping[str, Any]) -> None:
        """Wait for something that is cancelled."""
        raise asyncio.CancelledError

    async def end(self, event: Mapping[str, Any]) -> None:
        """End this consumer, not the worker."""
        raise StopConsumer

    async def talk(self, event: Mapping[str, Any]) -> None:
        """Send to a client that is not there."""
        await self.send({"type": "websocket.send", "text": "hello"})

    async def pass_on(self, event: Mapping[str, Any]) -> None:
        """Send to a group, of which this consumer becomes a member."""
        await self.channel_layer.group_add("all", self.channel_name)
        await self.channel_layer.group_send("all", {"type": "said"})

    async def said(self, event: Mapping[str, Any]) -> None:
        """Take what was sent to the group."""
        self.ended.put_nowait("said")


class Member(Maker):
    """Has a channel of its own besides."""

    channel_layer_alias = "test"


@pytest.fixture(autouse=True)
def _fresh() -> None:
    """Nothing is left of other tests, and the gate is open."""
    Maker.born.clear()
    Maker.handled.clear()
    Maker.begun, Maker.ended, Maker.gate = asyncio.Queue(), asyncio.Queue(), asyncio.Event()
    Maker.gate.set()


@asynccontextmanager
async def serving(layer: Any, **consumers: WorkerConsumer) -> AsyncGenerator[Worker]:
    """Run a worker while the block runs, and stop it."""
    worker = Worker(layer, consumers)
    task = asyncio.ensure_future(worker.serve())
    await asyncio.sleep(0)
    try:
        yield worker
    finally:
        worker.stop()
        await soon(task)


BOTH: pytest.MarkDecorator = pytest.mark.parametrize("kind", [Maker, Member], ids=["plain", "with a layer"])


@BOTH
async def test_messages_are_handled_in_order_by_one_consumer(
    layer: InMemoryChannelLayer, kind: type[Maker]
) -> None:
    """It lives as long as the worker, and its scope says which channel it serves."""
    async with serving(layer, thumbnails=kind):
        for number in range(5):
            await layer.send("thumbnails", Make(path=str(number)))
        for _ in range(5):
            await soon(Maker.ended.get())

    assert Maker.handled == ["0", "1", "2", "3", "4"]
    assert [one.scope for one in Maker.born] == [{"type": "channel", "channel": "thumbnails"}]


async def test_each_channel_has_a_consumer_of_its_own(layer: InMemoryChannelLayer) -> None:
    """They work at the same time, each with the arguments of its `as_asgi()`."""
    Maker.gate.clear()
    async with serving(layer, small=Maker, large=Maker.as_asgi(flavour="large")):
        await layer.send("small", Make(path="a"))
        await layer.send("large", Make(path="b"))
        begun = {await soon(Maker.begun.get()), await soon(Maker.begun.get())}
        Maker.gate.set()

    assert begun == {"a", "b"}
    assert {one.scope["channel"]: one.flavour for one in Maker.born} == {"small": "plain", "large": "large"}


@BOTH
async def test_a_message_is_taken_when_the_one_before_it_is_handled(
    layer: InMemoryChannelLayer, kind: type[Maker]
) -> None:
    """Until then another worker can have it."""
    Maker.gate.clear()
    async with serving(layer, jobs=kind):
        for path in "abc":
            await layer.send("jobs", Make(path=path))
        await soon(Maker.begun.get())
        await wait_all_tasks_blocked()

        assert await soon(layer.receive("jobs")) == {"type": "make", "path": "b"}
        assert await soon(layer.receive("jobs")) == {"type": "make", "path": "c"}
        Maker.gate.set()

    assert Maker.handled == ["a"]


@BOTH
@pytest.mark.parametrize("type_", ["die", "give_up", "talk", "unknown", None])
async def test_a_failing_handler_is_logged_and_its_successor_goes_on(
    layer: InMemoryChannelLayer, kind: type[Maker], type_: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A new consumer takes the next message; the log has the channel, the type and the traceback."""
    lost = {} if type_ is None else {"type": type_}
    async with serving(layer, jobs=kind):
        await layer.send("jobs", lost)
        await layer.send("jobs", Make(path="next"))
        assert await soon(Maker.ended.get()) == "next"

    (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    dropped = {
        "unknown": "No handler for message type unknown",
        None: "Incoming message has no 'type' attribute",
    }
    if type_ in dropped:
        assert dropped[type_] in record.getMessage()
        assert len(Maker.born) == 1
    else:
        assert (
            f"{kind.__name__} of channel 'jobs' failed after a message of type {type_!r}"
            in record.getMessage()
        )
        assert record.exc_info is not None
        assert len(Maker.born) == 2


POISON: list[dict[str, Any]] = [
    {},
    {"type": None},
    {"type": 3},
    {"type": ["x"]},
    {"type": b"x"},
    {"type": ""},
    {"type": "."},
    {"type": "_x"},
    {"type": "_find_handler"},
    {"type": "send"},
    {"type": "\x1b" * 1000},
    {"type": "make"},
    {"type": "make", "path": 3},
    {"type": "websocket.receive", "text": 3},
    {"type": "websocket.disconnect"},
    {"type": "http.request"},
    {"type": "lifespan.shutdown"},
]


class Entering(AsyncConsumer):
    """Joins a group."""

    channel_layer_alias = "test"

    async def enter(self, event: Mapping[str, Any]) -> None:
        """Join the group."""
        await self.channel_layer.group_add("all", self.channel_name)
        Maker.ended.put_nowait("entered")


class Plain(Entering):
    """Takes whatever it handles as a mapping, and declares nothing."""

    async def make(self, event: Mapping[str, Any]) -> None:
        """Take something."""
        Maker.ended.put_nowait(str(event.get("path")))


class Declaring(Entering):
    """Declares its events."""

    async def make(self, event: Make) -> None:
        """Take something."""
        Maker.ended.put_nowait(event.path)


@pytest.mark.parametrize("poison", POISON, ids=lambda poison: repr(poison)[:40])
@pytest.mark.parametrize("kind", [Plain, Declaring])
@pytest.mark.parametrize("through", ["channel", "group"])
async def test_no_message_ends_a_worker(
    layer: InMemoryChannelLayer,
    kind: type[Entering],
    through: str,
    poison: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its own handler takes it, or a short line on one line says why not; only a plain consumer may end."""
    async with serving(layer, jobs=kind):
        await layer.send("jobs", {"type": "enter"})
        assert await soon(Maker.ended.get()) == "entered"
        if through == "channel":
            await layer.send("jobs", poison)
        else:
            await layer.group_send("all", poison)
        await wait_all_tasks_blocked()
        if kind is Plain and poison.get("type") == "make":
            assert await soon(Maker.ended.get()) == str(poison.get("path"))
            return
        await layer.send("jobs", Make(path="after"))
        assert await soon(Maker.ended.get()) == "after"

        (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
        assert record.getMessage().isprintable()
        assert len(record.getMessage()) < 500
        assert kind.__name__ in record.getMessage()
        if kind is Declaring:
            assert len(layer.groups) == 1


class Panic(BaseException):
    """Nothing that `except Exception` would catch."""


class Exiting(Maker):
    """Raises what is no `Exception`, and notes that it has been cleaned up."""

    channel_layer_alias = "test"
    error: BaseException

    async def enter(self, event: Mapping[str, Any]) -> None:
        """Join a group, and raise."""
        await self.channel_layer.group_add("all", self.channel_name)
        raise self.error


async def test_a_panic_ends_its_consumer_and_no_worker(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """As any other error of a handler: it is logged, the clean-up runs, and a new consumer goes on."""
    async with serving(layer, jobs=Exiting.as_asgi(error=Panic("boo"))):
        await layer.send("jobs", {"type": "enter"})
        await layer.send("jobs", Make(path="next"))
        assert await soon(Maker.ended.get()) == "next"
        assert layer.groups == {}

    (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert (
        "Exiting of channel 'jobs' failed after a message of type 'enter'; a new consumer continues"
        in record.getMessage()
    )
    assert "boo" in caplog.text


ENDS: pytest.MarkDecorator = pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt()], ids=["exit", "interrupt"]
)


@ENDS
@pytest.mark.parametrize("own", [True, False], ids=["run", "serve"])
def test_a_handler_can_end_the_program(
    error: BaseException, own: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The clean-up runs, `run()` closes the layer, the status is the handler's, nothing else is logged."""
    layer = Closing()
    register_channel_layer("test", layer)
    Exiting.error = error
    asyncio.run(layer.send("jobs", {"type": "enter"}))
    worker = Worker(layer, {"jobs": Exiting, "others": Exiting})

    with pytest.raises(type(error)) as caught:
        worker.run() if own else asyncio.run(worker.serve())
    gc.collect()

    assert caught.value is error
    assert layer.closed is own
    assert layer.groups == {}
    assert layer.channels == {}
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []


async def test_a_worker_that_ends_lets_other_handlers_finish(layer: InMemoryChannelLayer) -> None:
    """What they have begun is not lost."""
    Maker.gate.clear()
    worker = Worker(layer, {"jobs": Member, "last": Exiting.as_asgi(error=SystemExit(3))})
    outcome: list[object] = []

    async def serve() -> None:
        # A task that ends with SystemExit would stop the event loop of this test.
        try:
            await worker.serve()
        except SystemExit as error:
            outcome.append(error.code)

    task = asyncio.ensure_future(serve())
    await layer.send("jobs", Make(path="a"))
    await soon(Maker.begun.get())
    await layer.send("last", {"type": "enter"})
    await wait_all_tasks_blocked()
    assert not task.done()
    Maker.gate.set()
    await soon(task)

    assert outcome == [3]
    assert Maker.handled == ["a"]


async def test_an_error_of_a_cancelled_handler_is_logged(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever has cancelled the worker gets the cancellation, not the error that was in the way."""

    class Stubborn(Maker):
        async def make(self, event: Make) -> None:
            try:
                await super().make(event)
            finally:
                raise LookupError("in the way")

    Maker.gate.clear()
    task = asyncio.ensure_future(Worker(layer, {"jobs": Stubborn}).serve())
    await layer.send("jobs", Make(path="a"))
    await soon(Maker.begun.get())

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await soon(task)
    assert "Stubborn of channel 'jobs' failed after a message of type 'make'; it was cancelled" in caplog.text
    assert "in the way" in caplog.text


@BOTH
@pytest.mark.parametrize("turns", range(8))
async def test_a_cancelled_worker_has_lost_nothing(
    layer: InMemoryChannelLayer, kind: type[Maker], turns: int
) -> None:
    """Whenever the cancellation comes: a message is in the layer still, or its handler has begun."""
    task = asyncio.ensure_future(Worker(layer, {"jobs": kind}).serve())
    await wait_all_tasks_blocked()

    await layer.send("jobs", Make(path="a"))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await soon(task)
    assert layer.stats().waiting + Maker.begun.qsize() == 1


async def test_a_worker_whose_event_loop_has_ended_is_closed_in_silence(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """As any coroutine that nobody goes on with."""
    application = Maker.as_asgi()
    steps = Worker(layer, {"jobs": application})._lines[0].serve()  # pyright: ignore[reportPrivateUsage]  # what only the garbage collector closes
    steps.send(None)

    steps.close()

    assert caplog.records == []


async def test_an_event_that_does_not_fit_is_dropped_by_the_consumer(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """As in any consumer, the annotation of the handler decides; the consumer stays."""
    async with serving(layer, jobs=Maker):
        await layer.send("jobs", {"type": "make", "path": 7})
        await layer.send("jobs", {"type": "make", "path": "good"})
        assert await soon(Maker.ended.get()) == "good"

    assert len(Maker.born) == 1
    assert "drops a message of its channel layer" in caplog.text


async def test_a_consumer_that_ends_is_followed_by_another(layer: InMemoryChannelLayer) -> None:
    """`StopConsumer` is no error."""
    async with serving(layer, jobs=Maker):
        await layer.send("jobs", {"type": "end"})
        await layer.send("jobs", Make(path="next"))
        assert await soon(Maker.ended.get()) == "next"

    assert len(Maker.born) == 2


async def test_there_is_no_client(layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture) -> None:
    """Sending to it is an error that says what can be sent to."""
    async with serving(layer, jobs=Maker):
        await layer.send("jobs", {"type": "talk"})
        await wait_all_tasks_blocked()

    assert "the consumer of channel 'jobs' runs in a worker and has no client" in caplog.text


async def test_a_consumer_uses_its_channel_layer(layer: InMemoryChannelLayer) -> None:
    """It sends to groups, and is a member of some, beside its work; nothing of it is left in the end."""
    async with serving(layer, jobs=Member):
        await layer.send("jobs", {"type": "pass.on"})
        assert await soon(Maker.ended.get()) == "said"
        await layer.send("jobs", Make(path="after"))
        assert await soon(Maker.ended.get()) == "after"
        await layer.group_send("all", {"type": "said"})
        assert await soon(Maker.ended.get()) == "said"

    assert layer.groups == {}
    assert layer.channels == {}


async def test_nothing_is_lost_of_a_consumer_that_fails_at_a_message_of_a_group(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """Work that has come at the same time is for the next consumer."""
    async with serving(layer, jobs=Member):
        await layer.send("jobs", {"type": "pass.on"})
        await soon(Maker.ended.get())
        await layer.group_send("all", {"type": "die"})
        await layer.send("jobs", Make(path="work"))
        assert await soon(Maker.ended.get()) == "work"

    assert "LookupError" in caplog.text


@BOTH
async def test_what_is_begun_is_finished_before_the_worker_stops(
    layer: InMemoryChannelLayer, kind: type[Maker]
) -> None:
    """What is not begun waits for other workers."""
    Maker.gate.clear()
    worker = Worker(layer, {"jobs": kind})
    task = asyncio.ensure_future(worker.serve())
    for path in "ab":
        await layer.send("jobs", Make(path=path))
    await soon(Maker.begun.get())

    worker.stop()
    worker.stop()
    await wait_all_tasks_blocked()
    assert not task.done()
    Maker.gate.set()
    await soon(task)

    assert Maker.handled == ["a"]
    assert await soon(layer.receive("jobs")) == {"type": "make", "path": "b"}


async def test_a_handler_that_takes_too_long_is_cancelled(
    layer: InMemoryChannelLayer, caplog: pytest.LogCaptureFixture
) -> None:
    """After the time-out, with an error in the log."""
    Maker.gate.clear()
    worker = Worker(layer, {"jobs": Maker}, stop_timeout=0)
    task = asyncio.ensure_future(worker.serve())
    await layer.send("jobs", Make(path="a"))
    await soon(Maker.begun.get())

    worker.stop()
    await soon(task)

    assert Maker.handled == []
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == [
        "the consumer of channel 'jobs' did not finish within 0 s, and is cancelled"
    ]


async def test_a_worker_that_is_cancelled_cancels_its_handlers(layer: InMemoryChannelLayer) -> None:
    """As any task that somebody cancels."""
    Maker.gate.clear()
    task = asyncio.ensure_future(Worker(layer, {"jobs": Member}).serve())
    await layer.send("jobs", Make(path="a"))
    await soon(Maker.begun.get())

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await soon(task)
    assert len(asyncio.all_tasks()) == 1
    assert layer.channels == {}


async def test_a_worker_stays_stopped(layer: InMemoryChannelLayer) -> None:
    """Also one that has not served."""
    worker = Worker(layer, {"jobs": Maker})
    worker.stop()
    await layer.send("jobs", Make(path="a"))

    await soon(worker.serve())

    assert Maker.born == []
    assert layer.stats().waiting == 1


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause is made before something is tried again."""
    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 0)


@BOTH
@pytest.mark.usefixtures("_impatient")
async def test_a_layer_that_fails_is_asked_again(kind: type[Maker], caplog: pytest.LogCaptureFixture) -> None:
    """As one of somebody else's may do during an outage; the consumer notices nothing."""
    inner = FragileLayer()
    layer: Any = PlainLayer(inner)
    register_channel_layer("test", InMemoryChannelLayer())
    inner.failing.add("receive")
    async with serving(layer, jobs=kind):
        for _ in range(2):
            assert await soon(inner.failures.get()) == "receive"
        inner.failing.discard("receive")
        await inner.send("jobs", Make(path="after"))
        assert await soon(Maker.ended.get()) == "after"

    assert len(Maker.born) == 1
    assert "messages of channel 'jobs' cannot be taken, trying again: LayerDown" in caplog.text


@pytest.mark.usefixtures("_impatient")
async def test_a_consumer_that_cannot_begin_takes_no_message(caplog: pytest.LogCaptureFixture) -> None:
    """Another one begins when the layer is there again."""
    fragile = FragileLayer()
    register_channel_layer("test", fragile)
    fragile.failing.add("new_channel")
    layer = InMemoryChannelLayer()
    await layer.send("jobs", Make(path="kept"))
    async with serving(layer, jobs=Member):
        for _ in range(2):
            assert await soon(fragile.failures.get()) == "new_channel"
        fragile.failing.discard("new_channel")
        assert await soon(Maker.ended.get()) == "kept"

    assert "Member of channel 'jobs' failed before its first message" in caplog.text


async def test_a_consumer_that_cannot_begin_does_not_try_without_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What has failed would fail again at once; whoever stops the worker need not wait for the next try."""
    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 1000)
    fragile = FragileLayer()
    register_channel_layer("test", fragile)
    fragile.failing.add("new_channel")
    async with serving(InMemoryChannelLayer(), jobs=Member):
        await wait_all_tasks_blocked()

    assert len(Maker.born) == 1


async def test_a_worker_that_waits_for_a_layer_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not wait for the end of the pause."""
    monkeypatch.setattr(worker_module, "RETRY_SECONDS", 1000)
    inner = FragileLayer()
    inner.failing.add("receive")
    layer: Any = PlainLayer(inner)

    async with serving(layer, jobs=Maker):
        await wait_all_tasks_blocked()


@pytest.mark.parametrize(
    ("layer", "consumers", "error", "text"),
    [
        (InMemoryChannelLayer, {"jobs": Maker}, TypeError, "InMemoryChannelLayer is a class"),
        ("layer", {"jobs": Maker}, TypeError, "a str is not a channel layer: it has no method send, receive"),
        (InMemoryChannelLayer(), {}, ValueError, "a worker needs at least one channel with a consumer"),
        (
            InMemoryChannelLayer(),
            ["jobs"],
            TypeError,
            "consumers .* have to be a dict .* not a list",
        ),
        (InMemoryChannelLayer(), {"jo bs": Maker}, TypeError, "Channel name must be .* ' ' is not allowed"),
        (
            InMemoryChannelLayer(),
            {"a!b": Maker},
            ValueError,
            "a named channel, without a '!'; 'a!b' belongs to",
        ),
        (
            InMemoryChannelLayer(),
            {"jobs": "Maker"},
            TypeError,
            "the channel 'jobs' needs a consumer class.*, not a str$",
        ),
        (
            InMemoryChannelLayer(),
            {"jobs": dict},
            TypeError,
            "'jobs' needs a consumer class, or the result of its as_asgi.*, not the class dict$",
        ),
        (
            InMemoryChannelLayer(),
            {"jobs": Member},
            InvalidChannelLayerError,
            "Member uses the channel layer 'test'",
        ),
        (
            InMemoryChannelLayer(),
            {"jobs": Maker.as_asgi(channel_layer_alias="x")},
            InvalidChannelLayerError,
            "Maker uses the channel layer 'x', which is not registered",
        ),
    ],
)
def test_what_no_worker_can_be_made_of(layer: Any, consumers: Any, error: type[Exception], text: str) -> None:
    """A sentence says why, before anything is taken."""
    with pytest.raises(error, match=text):
        Worker(layer, consumers)


async def test_an_application_around_a_consumer_is_called(layer: InMemoryChannelLayer) -> None:
    """Whatever wraps `as_asgi()` in the usual way keeps its attributes."""
    inner: Callable[..., Awaitable[None]] = Maker.as_asgi()
    scopes: list[Any] = []

    @wraps(inner)
    async def around(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        await inner(scope, receive, send)

    outer: Any = around
    async with serving(layer, jobs=outer):
        await layer.send("jobs", Make(path="a"))
        await soon(Maker.ended.get())

    assert scopes == [{"type": "channel", "channel": "jobs"}]


class Closing(InMemoryChannelLayer):
    """Knows whether it was closed."""

    closed = False

    async def close(self) -> None:
        """Note it."""
        self.closed = True
        await super().close()


class Signalling(AsyncConsumer):
    """Sends a signal to its own process in the middle of a handler."""

    handled: ClassVar[list[int]] = []

    async def stop(self, event: Mapping[str, Any]) -> None:
        """Go on after the signal."""
        signal.raise_signal(event["signal"])
        await asyncio.sleep(0)
        self.handled.append(event["signal"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_a_worker_with_a_loop_of_its_own(number: signal.Signals) -> None:
    """The handler finishes, the layer is closed, and what signals do is as it was before."""
    layer = Closing()
    before = signal.getsignal(number)

    async def ask() -> None:
        await layer.send("jobs", {"type": "stop", "signal": int(number)})

    asyncio.run(ask())
    Worker(layer, {"jobs": Signalling}).run()

    assert Signalling.handled.pop() == number
    assert layer.closed
    assert signal.getsignal(number) is before


class Last(AsyncConsumer):
    """Stops its worker.

    Attributes:
        worker: The worker.
    """

    worker: Worker

    async def stop(self, event: Mapping[str, Any]) -> None:
        """Stop the worker."""
        self.worker.stop()


def last_of(layer: Any) -> Worker:
    """Return a worker that stops itself at its first message."""
    worker = Worker(layer, {"jobs": Last.as_asgi()})
    Last.worker = worker
    return worker


def test_without_a_signal_the_handlers_of_signals_are_as_before() -> None:
    """A program that goes on can be interrupted again."""
    layer = InMemoryChannelLayer()
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    asyncio.run(layer.send("jobs", {"type": "stop"}))
    last_of(layer).run()

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_worker_runs_in_a_thread_that_signals_do_not_reach() -> None:
    """There it is stopped by `stop()`; a layer that cannot be closed is left as it is."""
    fragile = FragileLayer()
    asyncio.run(fragile.send("jobs", {"type": "stop"}))
    thread = threading.Thread(target=last_of(PlainLayer(fragile)).run)
    thread.start()
    thread.join(10)

    assert not thread.is_alive()
