"""Which scenarios there are, who takes part, and how each is measured."""

from dataclasses import dataclass
from typing import Final

TITLES: Final = {
    "raw": "raw ASGI",
    "ours": "this library",
    "published": "fast-channels 1.1.0",
    "channels_": "Channels",
    "chanx_": "chanx",
    "starlette_": "Starlette",
    "litestar_": "Litestar",
    "socketio_": "python-socketio",
    "base": "asyncio, pydantic and one model",
}


@dataclass(frozen=True)
class Plan:
    """How a scenario is measured.

    Attributes:
        title: What it is.
        contestants: Who takes part.
        events: How many events a round has.
        rounds: How many rounds there are.
        instructions: How many events are run under valgrind, 0 for none.
        counted: Whether tasks and callbacks are counted too.
        meter: What measures a round.
        subject: What a worker calls it, where that is not the name of the scenario.
        slow: Who gets no more than one round, and takes no part in a quick run.
        uvloop: Whether uvloop's event loop runs.
    """

    title: str
    contestants: tuple[str, ...]
    events: int
    rounds: int = 12
    instructions: int = 0
    counted: bool = False
    meter: str = "cpu"
    subject: str = ""
    slow: tuple[str, ...] = ()
    uvloop: bool = False


_FRAMEWORKS: Final = ("raw", "ours", "starlette_", "litestar_")
_CONSUMERS: Final = ("ours", "published", "channels_")
_ALL: Final = ("raw", "ours", "published", "channels_", "starlette_", "litestar_", "socketio_")
_DELIVERIES: Final = ("raw", "ours", "published", "channels_", "litestar_", "socketio_")


def _redis(title: str, subject: str, events: int) -> Plan:
    return Plan(title, _CONSUMERS, events, rounds=5, meter="redis", subject=subject)


PLANS: Final = {
    "text": Plan("Text echo", _ALL, 500, instructions=400, counted=True),
    "text-layer": Plan("Text echo with a memory layer", _CONSUMERS, 500, instructions=400, counted=True),
    "json": Plan(
        "Typed JSON echo (typed: raw, this library, chanx, Litestar)",
        ("raw", "ours", "published", "channels_", "chanx_", "starlette_", "litestar_", "socketio_"),
        300,
        instructions=300,
        counted=True,
    ),
    "items": Plan("A frame of 10,000 numbers", ("ours",), 20, rounds=10, instructions=20),
    "items-wrong": Plan("The same, all wrong", ("ours",), 20, rounds=10, instructions=20),
    "http": Plan(
        "HTTP, 1 KiB body",
        (*_FRAMEWORKS, "published", "channels_"),
        300,
        instructions=200,
        counted=True,
    ),
    "connect": Plan(
        "Connect and disconnect, with a memory layer where there is one",
        (*_FRAMEWORKS, "published", "channels_"),
        100,
        instructions=100,
        counted=True,
    ),
    "group-10": Plan("One delivery, 10 members", _DELIVERIES, 500),
    "group-100": Plan(
        "One delivery, 100 members", (*_DELIVERIES, "starlette_"), 500, instructions=400, counted=True
    ),
    "group-json": Plan(
        "One delivery of JSON, 100 members (typed: this library, chanx)",
        ("ours", "published", "channels_", "chanx_"),
        500,
        10,
        instructions=400,
        counted=True,
    ),
    "group-1000": Plan("One delivery, 1000 members", _DELIVERIES, 2000, 7, counted=True),
    "group-5000": Plan("One delivery, 5000 members", _DELIVERIES, 5000, 5, slow=("published", "channels_")),
    "hold": Plan(
        "A message to 10,000 members",
        _FRAMEWORKS,
        10_000,
        3,
        meter="hold",
        subject="group-10000",
    ),
    "size-text": Plan("Idle connection", _ALL, 500, 1, meter="size", subject="text"),
    "size-layer": Plan(
        "Idle connection with a memory layer", _CONSUMERS, 500, 1, meter="size", subject="text-layer"
    ),
    "uvicorn-text": Plan(
        "Text echo behind uvicorn, asyncio: CPU of the server, and latency at 1000 echoes a second",
        _ALL,
        2000,
        4,
        instructions=1000,
        meter="server-echo",
        subject="text",
    ),
    "uvicorn-text-uvloop": Plan(
        "The same with uvloop",
        _FRAMEWORKS,
        2000,
        4,
        instructions=1000,
        meter="server-echo",
        subject="text",
        uvloop=True,
    ),
    "uvicorn-group": Plan(
        "One delivery behind uvicorn, 200 members: CPU of the server",
        (*_DELIVERIES, "starlette_"),
        4000,
        5,
        meter="server-group",
        subject="group",
    ),
    "redis-receivers": _redis("Redis pub/sub: one of 1000 tasks in `receive()`", "receivers", 10_000),
    "redis-encrypted": _redis("The same, encrypted", "encrypted", 10_000),
    "redis-queue": _redis("The same, queue layer", "queue", 5000),
    "redis-consumers": _redis("Redis pub/sub: one of 100 consumers", "consumers", 2000),
    "redis-send": _redis("Redis pub/sub: `group_send()`, one after the other", "send", 1000),
    "redis-send-50": _redis("Redis pub/sub: `group_send()`, 50 at once", "send-50", 1000),
    "redis-new-channel": _redis("Redis pub/sub: `new_channel()`", "new-channel", 2000),
    "redis-work": _redis("Redis queue: `send()` and `receive()`", "work", 200),
    "redis-idle": _redis("Redis pub/sub: one second of 1000 idle channels", "idle", 1),
}

_NAMES: Final = (
    "from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer\n"
    "from fast_channels.consumer import AsyncHttpConsumer\n"
    "from fast_channels.layers import InMemoryChannelLayer, register_channel_layer\n"
)
_BASE: Final = "import asyncio\nfrom pydantic import BaseModel\nclass Say(BaseModel):\n    text: str\n"

IMPORTS: Final = {
    "base": _BASE,
    "ours": _BASE + _NAMES,
    "published": _NAMES,
    "channels_": (
        "from django.conf import settings\nsettings.configure()\n"
        "from channels.generic.websocket import AsyncJsonWebsocketConsumer\n"
        "from channels.layers import get_channel_layer\n"
    ),
    "chanx_": "from chanx.fast_channels.websocket import AsyncJsonWebsocketConsumer\n",
    "starlette_": (
        "from starlette.applications import Starlette\nfrom starlette.routing import WebSocketRoute\n"
        "from starlette.websockets import WebSocket\n"
    ),
    "litestar_": "from litestar import Litestar, WebSocket, websocket\n",
    "socketio_": "from socketio import ASGIApp, AsyncServer\n",
}
"""What is imported; ours is what it adds to what every application that has a model imports anyway."""

IMPORT: Final = "import"
SCENARIOS: Final = {name: plan.title for name, plan in PLANS.items()} | {IMPORT: "Import in a new process"}
"""The titles of all scenarios."""
