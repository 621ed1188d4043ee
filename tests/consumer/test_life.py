"""The promises about the life of a consumer, for whatever server, layer and application come together.

Hypothesis writes the programs of the handlers and the script of everything that happens around them.
"""

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fast_channels.consumer import (
    AsyncConsumer,
    AsyncHttpConsumer,
    AsyncJsonWebsocketConsumer,
    AsyncWebsocketConsumer,
)
from fast_channels.exceptions import AcceptConnection, ConnectionClosed, DenyConnection, StopConsumer
from fast_channels.layers import register_channel_layer
from tests.blocked import wait_all_tasks_blocked

from .driver import HTTP, WEBSOCKET, FragileLayer, PlainLayer, Server

pytestmark = pytest.mark.property

Action: TypeAlias = tuple[str, Any]
"""What a handler does: the name of an action, and its argument."""

Step: TypeAlias = tuple[str, Any]
"""What happens around a consumer: the name of a step, and its argument."""

STEERING = (StopConsumer, AcceptConnection, DenyConnection, ConnectionClosed)


@dataclass
class World:
    """What the handlers of a consumer do, and what was seen of them."""

    program: Mapping[str, list[Action]]
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    began: bool = False
    accepting: bool = False
    codes: list[int | None] = field(default_factory=list[int | None])
    frames: list[str] = field(default_factory=list[str])
    messages: list[int] = field(default_factory=list[int])
    running: list[str] = field(default_factory=list[str])
    overlaps: list[str] = field(default_factory=list[str])
    first_error: BaseException | None = None
    strayed: bool = False
    task_steering: list[BaseException] = field(default_factory=list[BaseException])
    spawned: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    supervised: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    task_errors: list[BaseException] = field(default_factory=list[BaseException])
    outliving: list[str] = field(default_factory=list[str])

    @contextmanager
    def handling(self, hook: str) -> Generator[None]:
        """Note that a handler runs, and the first error that escapes from one."""
        if self.running:
            self.overlaps.append(f"{hook} while {self.running} runs")
        self.running.append(hook)
        try:
            yield
        except STEERING:
            raise
        except BaseException as error:
            if hook != "disconnect" and self.first_error is None:
                self.first_error = error
            raise
        finally:
            self.running.remove(hook)

    async def run(self, consumer: Any, hook: str) -> None:
        """Do what the program says for a hook."""
        with self.handling(hook):
            await self.act(consumer, self.program[hook])

    async def supervise(self, consumer: Any, actions: list[Action]) -> None:
        """Do what the program says for a supervised task, and note its error."""
        try:
            await self.act(consumer, actions)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            self.strayed = self.strayed or (task is not None and not task.cancelling())
            raise
        except STEERING as error:
            self.task_steering.append(error)
            raise
        except BaseException as error:
            self.task_errors.append(error)
            raise

    def end(self) -> None:
        """Note which supervised tasks run when `disconnect()` begins."""
        self.outliving += [task.get_name() for task in self.supervised if not task.done()]

    async def act(self, consumer: Any, actions: list[Action]) -> None:
        for name, argument in actions:
            await ACTIONS[name](self, consumer, argument)


# What handlers do.


async def _wait(world: World, consumer: Any, _argument: None) -> None:
    await world.gate.wait()


async def _turn(world: World, consumer: Any, _argument: None) -> None:
    await asyncio.sleep(0)


async def _raise(world: World, consumer: Any, error: Callable[[], BaseException]) -> None:
    raise error()


async def _call(world: World, consumer: Any, call: tuple[str, dict[str, Any]]) -> None:
    method, options = call
    world.accepting = world.accepting or method == "accept"
    await getattr(consumer, method)(**options)


async def _event(world: World, consumer: Any, event: Any) -> None:
    world.accepting = world.accepting or event == {"type": "websocket.accept"}
    await consumer.base_send(event)


async def _try(world: World, consumer: Any, action: Action) -> None:
    try:
        await world.act(consumer, [action])
    except Exception:
        return


async def _spawn(world: World, consumer: Any, action: Action) -> None:
    world.spawned.append(asyncio.ensure_future(_try(world, consumer, action)))


async def _supervise(world: World, consumer: Any, actions: list[Action]) -> None:
    try:
        world.supervised.append(consumer.spawn(world.supervise(consumer, actions)))
    except ConnectionClosed:
        # From `disconnect()`, which is refused.
        return


async def _swallow(world: World, consumer: Any, action: Action) -> None:
    try:
        await world.act(consumer, [action])
    except asyncio.CancelledError:
        await asyncio.sleep(0)


async def _layer(world: World, consumer: Any, call: tuple[str, str]) -> None:
    method, name = call
    if consumer.channel_layer is None:
        return
    argument: Any = consumer.channel_name if method != "group_send" else {"type": "told"}
    await getattr(consumer.channel_layer, method)(name, argument)


ACTIONS: dict[str, Callable[[World, Any, Any], Awaitable[None]]] = {
    "wait": _wait,
    "turn": _turn,
    "raise": _raise,
    "call": _call,
    "event": _event,
    "try": _try,
    "spawn": _spawn,
    "supervise": _supervise,
    "swallow": _swallow,
    "layer": _layer,
}


# The consumers that run the programs.


class Hooks:
    """The handlers that all consumers have."""

    world: World

    async def note(self, event: Mapping[str, Any]) -> None:
        """A message of the layer, or of the application's own kind from the server."""
        self.world.messages.append(event["number"])
        await self.world.run(self, "message")

    async def told(self, event: Mapping[str, Any]) -> None:
        """A message to a group."""
        await self.world.run(self, "message")


class Bare(Hooks, AsyncConsumer):
    async def websocket_connect(self, event: Mapping[str, Any]) -> None:
        """Open."""
        self.world.began = True
        await self.world.run(self, "open")

    async def websocket_receive(self, event: Mapping[str, Any]) -> None:
        """Read."""
        self.world.frames.append(event.get("text") or "")
        await self.world.run(self, "frame")


class Grouped(Hooks, AsyncWebsocketConsumer):
    def __init__(self, world: World, channel_layer_alias: str | None) -> None:
        super().__init__(world=world, channel_layer_alias=channel_layer_alias)
        if channel_layer_alias is not None:
            self.groups = ["one", "two"]

    async def connect(self) -> None:
        """Open."""
        self.world.began = True
        try:
            await self.world.run(self, "open")
        except AcceptConnection:
            self.world.accepting = True
            raise

    async def disconnect(self, code: int) -> None:
        """End."""
        self.world.end()
        self.world.codes.append(code)
        await self.world.run(self, "disconnect")


class Frames(Grouped):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Read."""
        self.world.frames.append(text_data or "")
        await self.world.run(self, "frame")


class Json(Grouped, AsyncJsonWebsocketConsumer):
    async def receive_json(self, content: Any) -> None:
        """Read."""
        self.world.frames.append(str(content))
        await self.world.run(self, "frame")


class Http(Hooks, AsyncHttpConsumer):
    max_body_size = 6

    async def handle(self, body: bytes) -> None:
        """Open."""
        self.world.began = True
        await self.world.run(self, "open")

    async def disconnect(self) -> None:
        """End."""
        self.world.end()
        self.world.codes.append(None)
        await self.world.run(self, "disconnect")


# What hypothesis may write.

ERRORS: st.SearchStrategy[Callable[[], BaseException]] = st.sampled_from(
    [
        ValueError,
        OSError,
        AttributeError,
        asyncio.CancelledError,
        StopConsumer,
        AcceptConnection,
        DenyConnection,
        lambda: DenyConnection(401, {b"x": b"y"}, b"no"),
    ]
)
GARBAGE: st.SearchStrategy[Any] = st.sampled_from(
    [
        {},
        {"type": 5},
        {"type": "websocket.accept"},
        {"type": "websocket.accept", "headers": [("a", "b")]},
        {"type": "websocket.send", "text": "a", "bytes": b"b"},
        {"type": "websocket.send", "bytes": b"b", "text": None},
        {"type": "websocket.send"},
        {"type": "websocket.close", "code": 1006},
        {"type": "websocket.close", "code": 4000, "reason": "é" * 70},
        {"type": "websocket.http.response.start", "status": 400},
        {"type": "websocket.http.response.body", "body": b"x", "more_body": True},
        {"type": "websocket.http.response.body"},
        {"type": "websocket.disconnect", "code": 1000},
        {"type": "http.response.start", "status": 200, "headers": [(b"A", b"b")]},
        {"type": "http.response.start", "status": True},
        {"type": "http.response.start", "status": 200, "trailers": True},
        {"type": "http.response.body", "body": b"x", "more_body": True},
        {"type": "http.response.body"},
        {"type": "http.response.trailers", "headers": []},
        {"type": "http.response.push", "path": "/", "headers": []},
        {"type": "my.own"},
        None,
        "websocket.accept",
    ]
)
LAYER_CALLS: st.SearchStrategy[tuple[str, str]] = st.tuples(
    st.sampled_from(["group_add", "group_discard", "group_send"]), st.sampled_from(["one", "three"])
)
WEBSOCKET_CALLS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.sampled_from(
    [
        ("accept", {}),
        ("accept", {}),
        ("accept", {"subprotocol": "chat", "headers": {b"X-A": b"b"}}),
        ("accept", {"subprotocol": "other"}),
        ("accept", {"headers": [(b"a", b"b\r\n")]}),
        ("close", {}),
        ("close", {"code": True}),
        ("close", {"code": 4001, "reason": "enough"}),
        ("close", {"code": 1006}),
        ("close", {"code": "1000"}),
        ("deny", {"status": 401}),
        ("deny", {"status": 4010}),
        ("send", {"text_data": "x"}),
        ("send", {"text_data": "x"}),
        ("send", {"text_data": ""}),
        ("send", {"bytes_data": bytearray(b"x")}),
        ("send", {"text_data": 5}),
        ("send", {"text_data": "x", "bytes_data": b"x"}),
        ("send", {"text_data": "x", "close": True}),
        ("send", {"text_data": "x", "close": 4001}),
        ("send", {"text_data": "x", "close": 5}),
        ("send", {}),
    ]
)
JSON_CALLS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    WEBSOCKET_CALLS,
    st.sampled_from(
        [
            ("send_json", {"content": [1]}),
            ("send_json", {"content": {1}}),
            ("send_json", {"content": None, "close": 4001}),
        ]
    ),
)
HTTP_CALLS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.sampled_from(
    [
        ("send_headers", {}),
        ("send_headers", {}),
        ("send_headers", {"status": 20}),
        ("send_headers", {"headers": {b"A": b"b"}}),
        ("send_body", {"body": b"x", "more_body": True}),
        ("send_body", {"body": b"x", "more_body": True}),
        ("send_body", {"body": b"x"}),
        ("send_body", {"body": "x"}),
        ("send_response", {"status": 200, "body": b"x"}),
        ("send_response", {"status": 200, "body": "x"}),
    ]
)
BARE_CALLS: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.sampled_from(
    [
        ("send", {"message": {"type": "websocket.accept"}}),
        ("send", {"message": {"type": "websocket.send", "text": "x"}}),
        ("send", {"message": {"type": "websocket.close"}}),
    ]
)


def actions(calls: st.SearchStrategy[tuple[str, dict[str, Any]]]) -> st.SearchStrategy[list[Action]]:
    """Return what one handler may do."""
    simple: st.SearchStrategy[Action] = st.one_of(
        st.tuples(st.just("call"), calls),
        st.tuples(st.just("call"), calls),
        st.tuples(st.just("wait"), st.none()),
        st.tuples(st.just("turn"), st.none()),
        st.tuples(st.just("raise"), ERRORS),
        st.tuples(st.just("event"), GARBAGE),
        st.tuples(st.just("layer"), LAYER_CALLS),
    )
    tried: st.SearchStrategy[Action] = st.tuples(st.just("try"), simple)
    # Not into groups: what a task joins after the end of its consumer, the consumer cannot leave.
    spawned: st.SearchStrategy[Action] = st.tuples(st.just("spawn"), st.tuples(st.just("call"), calls))
    swallowed: st.SearchStrategy[Action] = st.tuples(st.just("swallow"), simple)
    work = st.lists(st.one_of(simple, tried, swallowed), max_size=3)
    supervised: st.SearchStrategy[Action] = st.tuples(st.just("supervise"), work)
    return st.lists(st.one_of(simple, simple, tried, spawned, supervised), max_size=4)


def programs(
    calls: st.SearchStrategy[tuple[str, dict[str, Any]]], *beginnings: list[Action]
) -> st.SearchStrategy[dict[str, list[Action]]]:
    """Return what the handlers of a consumer may do; most of them begin sensibly."""
    hook = actions(calls)
    opening = st.tuples(st.sampled_from([*beginnings, []]), hook).map(lambda parts: [*parts[0], *parts[1]])
    return st.fixed_dictionaries({"open": opening, "frame": hook, "message": hook, "disconnect": hook})


# The number of a frame or a message is put in when it is sent.
WEBSOCKET_EVENTS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "websocket.receive", "text": "{}"},
        {"type": "websocket.receive", "text": "{}"},
        {"type": "websocket.receive", "text": "{}", "bytes": None},
        {"type": "websocket.receive", "bytes": b"x"},
        {"type": "websocket.receive"},
        {"type": "websocket.receive", "text": 5},
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1001},
        {"type": "websocket.disconnect", "code": None},
        {"type": "websocket.disconnect"},
        {"type": "websocket.disconnect", "code": "1000"},
        {"type": "note", "number": "{}"},
        {"type": "my.own"},
        {"type": "close"},
        {"type": 5},
        {},
    ]
)
HTTP_EVENTS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "http.request"},
        {"type": "http.request", "body": b"123", "more_body": True},
        {"type": "http.request", "body": b"123"},
        {"type": "http.request", "body": "123"},
        {"type": "http.disconnect"},
        {"type": "http.request.trailers", "headers": []},
        {"type": "note", "number": "{}"},
        {},
    ]
)
MESSAGES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "note", "number": "{}"},
        {"type": "note", "number": "{}"},
        {"type": "note", "number": "{}"},
        {"type": "my.own"},
        {"type": "close"},
        {"type": "dispatch"},
        {"type": "_live"},
        {"type": "websocket.receive", "text": "layer"},
        {"type": "websocket.receive", "text": 5},
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect"},
        {"type": "http.request", "body": b"layer"},
        {"type": "http.disconnect"},
    ]
)


def scripts(
    events: st.SearchStrategy[dict[str, Any]], *beginnings: list[dict[str, Any]]
) -> st.SearchStrategy[list[Step]]:
    """Return what may happen around a consumer; most connections begin sensibly."""
    step: st.SearchStrategy[Step] = st.one_of(
        st.tuples(st.just("give"), events),
        st.tuples(st.just("give"), events),
        st.tuples(st.just("tell"), MESSAGES),
        st.tuples(st.just("tell"), MESSAGES),
        st.tuples(st.just("turns"), st.integers(1, 12)),
        st.tuples(st.just("turns"), st.integers(1, 12)),
        st.tuples(st.just("open"), st.none()),
        st.tuples(st.just("cancel"), st.none()),
        st.tuples(st.just("break receive"), st.sampled_from([OSError, RuntimeError, asyncio.CancelledError])),
        st.tuples(st.just("break send"), st.sampled_from([OSError, RuntimeError, BrokenPipeError])),
        st.tuples(
            st.just("break layer"),
            st.sampled_from(
                [
                    "new_channel",
                    "send",
                    "receive",
                    "group_add",
                    "group_discard",
                    "group_send",
                    "close_channel",
                ]
            ),
        ),
    )
    begin = st.sampled_from([*beginnings, []])
    return st.tuples(begin, st.lists(step, max_size=10)).map(
        lambda parts: [*(("give", event) for event in parts[0]), *parts[1]]
    )


@dataclass
class Life:
    """One connection, from its first event to its last clean-up, and everything around it."""

    world: World
    server: Server
    layer: FragileLayer | None
    plain: bool
    given_frames: list[str] = field(default_factory=list[str])
    told: list[int] = field(default_factory=list[int])
    codes: set[int | None] = field(default_factory=set[int | None])
    cancelled: bool = False

    async def step(self, name: str, argument: Any) -> None:
        """Let something happen."""
        await STEPS[name](self, argument)

    outcome: BaseException | None = None

    async def finish(self, last: dict[str, Any]) -> None:
        """Let every handler go on and the client leave; cancel what does not end then."""
        self.world.gate.set()
        await self.step("give", last)
        await wait_all_tasks_blocked()
        if not self.server.task.done():
            await self.step("cancel", None)
            await wait_all_tasks_blocked()
        for task in self.world.spawned:
            task.cancel()
        await wait_all_tasks_blocked()


async def _give(life: Life, event: dict[str, Any]) -> None:
    event = dict(event)
    if event.get("text") == "{}":
        event["text"] = str(len(life.given_frames))
        life.given_frames.append(event["text"])
    if event.get("number") == "{}":
        event["number"] = 1000 + len(life.given_frames)
    if event.get("type") == "websocket.disconnect":
        code = event.get("code")
        life.codes.add(1005 if code is None else code)
    life.server.give(event)


async def _tell(life: Life, message: dict[str, Any]) -> None:
    if life.layer is None or not life.layer.names:
        return
    message = dict(message)
    if message.get("number") == "{}":
        message["number"] = len(life.told)
        life.told.append(message["number"])
    if message["type"] == "websocket.disconnect":
        life.codes.add(1005)
    # The test speaks past the faults of the layer.
    await super(FragileLayer, life.layer).send(life.layer.names[0], message)


async def _turns(life: Life, count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def _open(life: Life, _argument: None) -> None:
    life.world.gate.set()
    await asyncio.sleep(0)
    life.world.gate.clear()


async def _cancel(life: Life, _argument: None) -> None:
    life.cancelled = life.server.task.cancel() or life.cancelled


async def _break_receive(life: Life, error: Callable[[], BaseException]) -> None:
    life.server.give(error())
    life.codes.add(1006)


async def _break_send(life: Life, error: Callable[[], Exception]) -> None:
    life.server.send_error = error()


async def _break_layer(life: Life, method: str) -> None:
    if life.layer is not None:
        life.layer.failing.add(method)


STEPS: dict[str, Callable[[Life, Any], Awaitable[None]]] = {
    "give": _give,
    "tell": _tell,
    "turns": _turns,
    "open": _open,
    "cancel": _cancel,
    "break receive": _break_receive,
    "break send": _break_send,
    "break layer": _break_layer,
}


async def live(
    kind: type[AsyncConsumer],
    layer: str | None,
    program: Mapping[str, list[Action]],
    script: list[Step],
    offers: bool = False,
) -> Life:
    """Run a consumer with a program through a script, and to its end."""
    before = asyncio.all_tasks()
    world = World(program)
    fragile = None if layer is None else FragileLayer()
    registered: Any = PlainLayer(fragile) if fragile is not None and layer == "plain" else fragile
    alias = None
    if registered is not None:
        register_channel_layer("test", registered)
        alias = "test"
    application = kind.as_asgi(world=world, channel_layer_alias=alias)
    http = issubclass(kind, AsyncHttpConsumer)
    scope = {**(HTTP if http else WEBSOCKET), "subprotocols": ["chat"]}
    if offers:
        scope["extensions"] = {"websocket.http.response": {}}
    logged = Logged()
    server = Server(application, scope)
    life = Life(world, server, fragile, layer == "plain")
    for name, argument in script:
        await life.step(name, argument)
    await life.finish({"type": "http.disconnect"} if http else {"type": "websocket.disconnect", "code": 1000})
    assert server.task.done(), "the application never ends"
    life.outcome = server.error
    logged.stop()
    check(life, kind)
    check_tasks(life, logged)
    left = asyncio.all_tasks() - before
    assert not left, "tasks of the consumer run on"
    return life


def check(life: Life, kind: type[AsyncConsumer]) -> None:
    """Check every promise."""
    world, layer = life.world, life.layer
    # Nothing illegal ever reaches the server.
    assert life.server.breach is None
    # 1: disconnect() runs exactly once for a connection whose connect began.
    if kind is not Bare:
        assert len(world.codes) <= 1
        assert world.codes or not world.began
    if world.codes and kind is not Http:
        assert world.codes[0] in possible_codes(life)
    # 2: afterwards the consumer is in no group, and its channel is released.
    if layer is not None:
        check_layer(life, layer)
    # 3: the first error is the one that propagates.
    if world.first_error is not None and not (life.cancelled or is_of_task(life)):
        assert same(life.outcome, world.first_error)
    # 4: one at a time, in order, none lost on the way.
    assert not world.overlaps
    frames = [text for text in world.frames if text.isdigit()]
    assert frames == life.given_frames[: len(frames)]
    messages = [number for number in world.messages if number < 1000]
    assert messages == life.told[: len(messages)]
    # 5: groups are joined when the connection is accepted, not before.
    if layer is not None and not world.accepting:
        assert "two" not in layer.joins


class Logged(logging.Handler):
    """The errors that the library logs, from now until `stop()`."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException | None] = []
        logging.getLogger("fast_channels.consumer").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep an error."""
        self.errors += [record.exc_info[1]] if record.exc_info else []

    def stop(self) -> None:
        """Keep no more."""
        logging.getLogger("fast_channels.consumer").removeHandler(self)


def check_tasks(life: Life, logged: Logged) -> None:
    """Check what holds of supervised tasks."""
    world = life.world
    assert all(task.done() for task in world.supervised)
    assert not world.outliving, "supervised tasks run beside disconnect()"
    for error in world.task_errors:
        assert [life.outcome, *logged.errors].count(error) == 1, "an error comes out once"
    if world.task_errors and world.first_error is None and not life.cancelled:
        assert life.outcome is not None


def possible_codes(life: Life) -> set[int | None]:
    """Return the close codes that what happened can explain."""
    codes = {*life.codes, 1005, 1000}
    if life.cancelled or isinstance(life.outcome, asyncio.CancelledError):
        codes.add(1006)
    if life.outcome is not None:
        codes.add(1011)
    if "websocket.http.response.start" in life.server.types:
        codes.add(1006)
    return codes


def check_layer(life: Life, layer: FragileLayer) -> None:
    """Check that nothing of the consumer is left in its layer."""
    closed = "close_channel" not in layer.failing or life.plain
    assert not closed or all(
        box.notify is None and not box.receivers.count for box in layer.channels.values()
    )
    if "group_discard" not in layer.failing and life.plain:
        # Only the layer of a third party remembers what a handler joined by itself.
        assert not [group for group, _ in layer.memberships() if group == "two"]
    if "close_channel" not in layer.failing and not life.plain:
        assert not layer.memberships()


def is_of_task(life: Life) -> bool:
    """Tell whether a life has ended as a supervised task made it end: by its error, or by what steers.

    The cancellation with which the task interrupted a handler is then not the first error.
    """
    world, outcome = life.world, life.outcome
    if outcome in [*world.task_errors, *world.task_steering]:
        return True
    if not isinstance(world.first_error, asyncio.CancelledError):
        return False
    if outcome is None:
        return any(isinstance(error, StopConsumer) for error in world.task_steering)
    is_stray = isinstance(outcome.__cause__, asyncio.CancelledError)
    return world.strayed and is_stray and str(outcome).startswith("World.supervise of")


def same(error: BaseException | None, first: BaseException) -> bool:
    """Tell whether an error is the first one; a cancelled task has lost the identity of its error.

    What only a handler has cancelled is the cause of an error that says so.
    """
    if error is None or not isinstance(first, asyncio.CancelledError):
        return error is first
    return isinstance(error, asyncio.CancelledError) or error.__cause__ is first


LAYERS = st.sampled_from([None, "memory", "plain"])


def run(*arguments: Any, **options: Any) -> None:
    """Run one life on an event loop of its own, where anything that nobody looked at is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        asyncio.run(live(*arguments, **options))


def interrupted_by(error: type[BaseException]) -> dict[str, list[Action]]:
    """Return the program of a handler that is interrupted by a supervised task, and of nothing else."""
    open_ = [("supervise", [("raise", error)]), ("turn", None), ("turn", None)]
    return {"open": open_, "frame": [], "message": [], "disconnect": []}


@example(
    layer=None,
    program=interrupted_by(asyncio.CancelledError),
    script=[("give", {"type": "websocket.connect"})],
)
@example(layer=None, program=interrupted_by(StopConsumer), script=[("give", {"type": "websocket.connect"})])
@given(
    layer=LAYERS,
    program=programs(BARE_CALLS, [("call", ("send", {"message": {"type": "websocket.accept"}}))]),
    script=scripts(WEBSOCKET_EVENTS, [{"type": "websocket.connect"}], [{"type": "websocket.connect"}]),
)
def test_a_bare_consumer_keeps_the_promises(
    layer: str | None, program: dict[str, list[Action]], script: list[Step]
) -> None:
    """Whatever happens around an `AsyncConsumer` and in it, all promises hold."""
    run(Bare, layer, program, script)


@given(
    layer=LAYERS,
    program=programs(WEBSOCKET_CALLS, [("call", ("accept", {}))], [("wait", None), ("call", ("accept", {}))]),
    script=scripts(WEBSOCKET_EVENTS, [{"type": "websocket.connect"}], [{"type": "websocket.connect"}]),
    offers=st.booleans(),
)
def test_a_websocket_consumer_keeps_the_promises(
    layer: str | None, program: dict[str, list[Action]], script: list[Step], offers: bool
) -> None:
    """Whatever happens around an `AsyncWebsocketConsumer` and in it, all promises hold."""
    run(Frames, layer, program, script, offers=offers)


@given(
    layer=LAYERS,
    program=programs(JSON_CALLS, [("call", ("accept", {}))], [("wait", None), ("call", ("accept", {}))]),
    script=scripts(WEBSOCKET_EVENTS, [{"type": "websocket.connect"}], [{"type": "websocket.connect"}]),
)
def test_a_json_consumer_keeps_the_promises(
    layer: str | None, program: dict[str, list[Action]], script: list[Step]
) -> None:
    """Whatever happens around an `AsyncJsonWebsocketConsumer` and in it, all promises hold."""
    run(Json, layer, program, script)


@given(
    layer=LAYERS,
    program=programs(
        HTTP_CALLS,
        [("call", ("send_headers", {}))],
        [("call", ("send_headers", {})), ("call", ("send_body", {"body": b"x", "more_body": True}))],
    ),
    script=scripts(HTTP_EVENTS, [{"type": "http.request"}], [{"type": "http.request"}]),
)
def test_an_http_consumer_keeps_the_promises(
    layer: str | None, program: dict[str, list[Action]], script: list[Step]
) -> None:
    """Whatever happens around an `AsyncHttpConsumer` and in it, all promises hold."""
    run(Http, layer, program, script)
