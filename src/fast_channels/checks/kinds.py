"""The kinds of findings: what each is about, why it matters, an example, and what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from textwrap import indent

from fast_channels.installation import DISTRIBUTION, how_to_install

__all__ = ["CODES", "KINDS", "Kind", "explained", "like", "page"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of finding.

    Attributes:
        code: Its code.
        summary: What is found.
        why: Why it matters.
        example: A module in which it is found, or the commands that lead to it.
        mend: The same with nothing to find.
        note: When it is not found, or may be passed over; empty if there is nothing to say.
    """

    code: str
    summary: str
    why: str
    example: str
    mend: str
    note: str = ""


_IMPORTS = """\
from typing import Literal
from pydantic import BaseModel
from fast_channels.consumer import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer
from fast_channels.messages import ChannelEvent
"""
_SAID = """\
class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str
"""
_LEFT = """\
class Left(ChannelEvent):
    type: Literal["chat.left"] = "chat.left"
"""
_CHAT = "class Chat(AsyncWebsocketConsumer):\n"
_LAYERED = f'{_CHAT}    channel_layer_alias = "chat"\n'
_ADD = """\
class Add(BaseModel):
    type: Literal["add"] = "add"
    amount: int
"""
_RESET = """\
class Reset(BaseModel):
    type: Literal["reset"] = "reset"
"""


def _module(*parts: str) -> str:
    """Return a module of statements, with the imports that they need."""
    body = "\n\n".join(part.strip("\n") for part in parts)
    needed: list[str] = []
    for line in _IMPORTS.splitlines():
        origin, _, names = line.partition(" import ")
        used = [
            name
            for name in names.split(", ")
            if f"{name}(" in body or f"({name})" in body or f"({name}, " in body or f"{name}[" in body
        ]
        needed += [f"{origin} import {', '.join(used)}"] if used else []
    return "\n".join(needed) + "\n\n" + body + "\n"


def _json(client: str, server: str = "None", body: str = "") -> str:
    default = f"    async def receive_json(self, content: {client}) -> None: ...\n"
    return f"class Chat(AsyncJsonWebsocketConsumer[{client}, {server}]):\n{body or default}"


def _method(line: str) -> str:
    return f"{_CHAT}    {line}\n"


_HANDLER = _method("async def chat_said(self, event: Said) -> None: ...")
_RECEIVES = (
    "    @AsyncJsonWebsocketConsumer[{0}, None].receives({1})\n"
    "    async def {2}(self, message: {1}) -> None: ...\n"
)

_ALL = (
    Kind(
        "FC001",
        "another distribution of the same import name is installed",
        "Each has overwritten files of the other; a warning says so when the package is imported.",
        f"pip list  # shows fast-channels and {DISTRIBUTION}\n",
        f"pip uninstall fast-channels {DISTRIBUTION}\n{how_to_install('cli')}\n",
    ),
    Kind(
        "FC101",
        "the annotation of a handler cannot be resolved",
        "Its messages arrive unvalidated, after a warning.",
        _module(_method('async def chat_said(self, event: "Said") -> None: ...')),
        _module(_SAID, _method('async def chat_said(self, event: "Said") -> None: ...')),
        "Import the event outside `if TYPE_CHECKING:`.",
    ),
    Kind(
        "FC102",
        "the annotation of a handler cannot be validated into",
        "Its messages arrive unvalidated, after a warning.",
        _module(
            "class Engine: ...",
            _SAID,
            _method("async def chat_said(self, event: Said | Engine) -> None: ..."),
        ),
        _module(_SAID, _HANDLER),
    ),
    Kind(
        "FC103",
        "an event has no `type` literal",
        "It is sent and finds no handler.",
        _module("class Said(ChannelEvent):\n    text: str", _HANDLER),
        _module(_SAID, _HANDLER),
        "Classes that others inherit may leave it to them.",
    ),
    Kind(
        "FC104",
        "a handler takes events that are sent to another name",
        "It never runs.",
        _module(_method('async def chat_message(self, event: "Said") -> None: ...'), _SAID),
        _module(_method('async def chat_said(self, event: "Said") -> None: ...'), _SAID),
        "If the event is known when the class is defined, it is a `TypeError` there.",
    ),
    Kind(
        "FC105",
        "a handler takes events that are sent to a name without a handler",
        "Such an event is dropped, with an error in the log.",
        _module(_SAID, _LEFT, _method("async def chat_said(self, event: Said | Left) -> None: ...")),
        _module(_SAID, _LEFT, f"{_HANDLER}    async def chat_left(self, event: Left) -> None: ...\n"),
    ),
    Kind(
        "FC106",
        "the type of an event is the name of a method of the library",
        "Such a method is no handler, so the event is dropped.",
        _module(
            'class Close(ChannelEvent):\n    type: Literal["close"] = "close"',
            _method("async def close(self, event: Close) -> None: ..."),
        ),
        _module(
            'class Close(ChannelEvent):\n    type: Literal["chat.close"] = "chat.close"',
            _method("async def chat_close(self, event: Close) -> None: ..."),
        ),
    ),
    Kind(
        "FC107",
        "a method has the name of a handler and is none",
        "The event is dropped: a handler is an `async def` method with one required argument.",
        _module(_SAID, _method("def chat_said(self, event: Said) -> None: ...")),
        _module(_SAID, _HANDLER),
    ),
    Kind(
        "FC108",
        "a method that the library awaits is not `async def`",
        "A `TypeError` when it is called.",
        _module(_method("def connect(self) -> None: ...")),
        _module(_method("async def connect(self) -> None: ...")),
    ),
    Kind(
        "FC109",
        "a method does not take the arguments that the library passes",
        "A `TypeError` when it is called.",
        _module(_method("async def disconnect(self) -> None: ...")),
        _module(_method("async def disconnect(self, code: int) -> None: ...")),
    ),
    Kind(
        "FC201",
        "the messages of a consumer cannot be resolved",
        "A `NameError` at the first frame.",
        _module(_json('"Add"')),
        _module(_ADD, _json('"Add"')),
        "Import the message outside `if TYPE_CHECKING:`.",
    ),
    Kind(
        "FC202",
        "the messages of a consumer cannot be validated",
        "An error of pydantic at the first frame.",
        _module("class Add:\n    amount: int", _json("Add")),
        _module(_ADD, _json("Add")),
    ),
    Kind(
        "FC203",
        "nothing tells the messages of clients apart",
        "A frame may become the wrong message, and errors are about all of them.",
        _module(
            "class Add(BaseModel):\n    amount: int",
            "class Say(BaseModel):\n    text: str",
            _json("Add | Say"),
        ),
        _module(_ADD, _RESET, _json("Add | Reset")),
    ),
    Kind(
        "FC204",
        "two messages have the same tag",
        "One may become the other.",
        _module(_ADD, _RESET.replace('"reset"', '"add"'), _json("Add | Reset")),
        _module(_ADD, _RESET, _json("Add | Reset")),
    ),
    Kind(
        "FC205",
        "a message cannot be written as JSON, or has no JSON Schema",
        "An error when it is sent, and nobody can be told of it.",
        _module(
            "class Engine: ...\n\nclass Total(BaseModel, arbitrary_types_allowed=True):\n    engine: Engine",
            _json("None", "Total"),
        ),
        _module("class Total(BaseModel):\n    total: int", _json("None", "Total")),
    ),
    Kind(
        "FC206",
        "a message carries bytes that may not be UTF-8",
        "An error when they are not.",
        _module("class Picture(BaseModel):\n    data: bytes", _json("None", "Picture")),
        _module(
            'class Picture(BaseModel, ser_json_bytes="base64", val_json_bytes="base64"):\n    data: bytes',
            _json("None", "Picture"),
        ),
    ),
    Kind(
        "FC207",
        "clients may send messages, and nothing handles them",
        "They are validated and thrown away.",
        _module(
            _ADD, _json("Add", body="    async def connect(self) -> None:\n        await self.accept()\n")
        ),
        _module(_ADD, _json("Add")),
        "Classes that others inherit may leave it to them.",
    ),
    Kind(
        "FC208",
        "the methods that receive messages are not one for each",
        "A `TypeError` when the class is defined, or at the first connection.",
        _module(_json('"Add | Reset"', body=_RECEIVES.format('"Add | Reset"', "Add", "add")), _RESET).replace(
            "class Chat", f"{_ADD}\n\nclass Chat"
        ),
        _module(
            _ADD,
            _RESET,
            _json(
                "Add | Reset",
                body=_RECEIVES.format("Add | Reset", "Add", "add")
                + "\n"
                + _RECEIVES.format("Add | Reset", "Reset", "reset"),
            ),
        ),
    ),
    Kind(
        "FC301",
        "there are groups and no channel layer",
        "An `InvalidChannelLayerError` at the first connection.",
        _module(_method('groups = ["lobby"]')),
        _module(f'{_LAYERED}    groups = ["lobby"]\n'),
    ),
    Kind(
        "FC302",
        "`groups` is a string",
        "A `TypeError` when the class is defined, or at the first connection: each letter would be a group.",
        _module(f'{_LAYERED}    groups = "lobby"\n'),
        _module(f'{_LAYERED}    groups = ["lobby"]\n'),
    ),
    Kind(
        "FC303",
        "the name of a group is not valid",
        "A `TypeError` at the first connection.",
        _module(f'{_LAYERED}    groups = ["the lobby"]\n'),
        _module(f'{_LAYERED}    groups = ["the-lobby"]\n'),
    ),
    Kind(
        "FC304",
        "the channel layer is not registered",
        "An `InvalidChannelLayerError` at the first connection.",
        "from fast_channels.layers import InMemoryChannelLayer, register_channel_layer\n"
        + _module('register_channel_layer("chats", InMemoryChannelLayer())', _LAYERED),
        "from fast_channels.layers import InMemoryChannelLayer, register_channel_layer\n"
        + _module('register_channel_layer("chat", InMemoryChannelLayer())', _LAYERED),
        "It is found only if the import registers some layer. Those that an application registers when it "
        "starts, such as in its lifespan, are not seen: if this is one of them, pass over FC304.",
    ),
    Kind(
        "FC305",
        "the constructor does not take the arguments of `as_asgi()`",
        "A `TypeError` when `as_asgi()` is called, or at the first connection.",
        _module(
            _method("def __init__(self, *, limit: int) -> None:\n        super().__init__()"),
            "application = Chat.as_asgi()",
        ),
        _module(
            _method("def __init__(self, *, limit: int) -> None:\n        super().__init__()"),
            "application = Chat.as_asgi(limit=3)",
        ),
    ),
    Kind(
        "FC306",
        "`Params` is no model, or not a complete one",
        "It is not used, or an error of pydantic at the first connection.",
        _module(_method('class Params(BaseModel):\n        room: "Room"')),
        _module(_method("class Params(BaseModel):\n        room: str")),
    ),
    Kind(
        "FC307",
        "a mutable class attribute is shared by all connections",
        "What one connection puts into it, all others see, and it stays when the connection ends.",
        _module(_method("seen: list[str] = []")),
        _module(
            _method(
                "def __init__(self) -> None:\n        super().__init__()\n        self.seen: list[str] = []"
            )
        ),
        "Annotate it with `ClassVar` or `Final` if it is meant to be shared. The library's own attributes, "
        "such as `groups`, are settings that it only reads.",
    ),
    Kind(
        "FC308",
        "a consumer is used without `as_asgi()`",
        "A class is not an ASGI application, and an instance serves one connection only.",
        "from starlette.applications import Starlette\nfrom starlette.routing import Mount\n"
        + _module(_method("pass"), 'app = Starlette(routes=[Mount("/chat", Chat)])'),
        "from starlette.applications import Starlette\nfrom starlette.routing import Mount\n"
        + _module(_method("pass"), 'app = Starlette(routes=[Mount("/chat", Chat.as_asgi())])'),
    ),
)

KINDS: Mapping[str, Kind] = {kind.code: kind for kind in _ALL}
"""All kinds of findings by their codes; whatever is said of them elsewhere is made of this."""

CODES: Mapping[str, str] = {code: kind.summary for code, kind in KINDS.items()}
"""What can be found: the code of each kind, and what it is about."""


def like(code: str) -> list[str]:
    """Return the codes that somebody may have meant, the likeliest first."""
    return get_close_matches(code.upper(), KINDS, n=3)


def explained(kind: Kind) -> str:
    """Return all that is known of a kind, for a terminal."""
    parts = [
        f"{kind.code}: {kind.summary}",
        kind.why,
        f"Example:\n\n{indent(kind.example, '    ')}",
        f"Mend:\n\n{indent(kind.mend, '    ')}",
        kind.note,
    ]
    return "\n\n".join(part.rstrip() for part in parts if part) + "\n"


def page() -> str:
    """Return the page of all kinds, in Markdown."""
    head = (
        "# Findings\n\nWhat `fast-channels check` finds ([docs/cli.md](cli.md#check)). `fast-channels "
        "explain FC107` shows one of these sections, and `fast-channels explain` without a code this page.\n"
    )
    return "\n".join([head, *map(_section, KINDS.values())])


def _section(kind: Kind) -> str:
    parts = [
        f"## {kind.code}",
        f"**{kind.summary[0].upper()}{kind.summary[1:]}.** {kind.why}",
        f"```text\n{kind.example}```",
        f"Mend:\n\n```text\n{kind.mend}```",
        kind.note,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
