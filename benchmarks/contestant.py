"""What a contestant has to bring, and how its clients speak."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from benchmarks.messages import QUESTION_TEXT, TEXT

Application: TypeAlias = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]
"""An ASGI application, with the types of whichever framework made it."""

Layer: TypeAlias = Any
"""A channel layer of whichever library."""

RedisLayer: TypeAlias = Callable[..., Layer]
"""Makes a layer: of a kind (`"PubSub"` or `""` for queues), for a URL, with options."""


@dataclass(frozen=True)
class Dialect:
    """What lies between WebSocket frames and the messages of an application: nothing, but for Socket.IO.

    Attributes:
        path: The path of the handshake.
        query: Its query string.
        hello: The frame with which a client begins.
        welcome: What the answer to it begins with.
        message: What the frames begin with that are messages.
        questions: What clients say in a scenario.
    """

    path: str = "/"
    query: str = ""
    hello: str = ""
    welcome: str = ""
    message: str = ""
    questions: Mapping[str, str] = field(default_factory=lambda: {"text": TEXT, "json": QUESTION_TEXT})


@asynccontextmanager
async def nothing() -> AsyncGenerator[None]:
    """Prepare nothing."""
    yield


@dataclass(frozen=True)
class Contestant:
    """A library, and the applications that were written with it.

    Attributes:
        applications: By name.
        deliver: Sends one message to every connection of an application, by the name of it.
        running: Is entered for as long as applications are served.
        dialect: How its clients speak.
        use: Makes consumers use a channel layer, from now on.
        redis: Makes a channel layer.
    """

    applications: Mapping[str, Application]
    deliver: Mapping[str, Callable[[], Awaitable[None]]]
    running: Callable[[], AbstractAsyncContextManager[None]] = nothing
    dialect: Dialect = field(default_factory=Dialect)
    use: Callable[[Layer], None] | None = None
    redis: RedisLayer | None = None
