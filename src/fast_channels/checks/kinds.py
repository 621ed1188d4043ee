"""The kinds of findings: what each is about, why it matters, an example, and what to do."""

import re
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
        says: What is said of the example, when it is imported as `app` or checked; `...` stands for the rest.
        example: A module in which it is found, or the commands that lead to it.
        fix: The same with nothing to find.
        note: When it is not found, or may be ignored; may be empty.
    """

    code: str
    summary: str
    why: str
    says: str
    example: str
    fix: str
    note: str = ""


_MODULES = {
    "Literal": "typing",
    "BaseModel": "pydantic",
    "Starlette": "starlette.applications",
    "Mount": "starlette.routing",
    "AsyncJsonWebsocketConsumer": "fast_channels.consumer",
    "AsyncWebsocketConsumer": "fast_channels.consumer",
    "InMemoryChannelLayer": "fast_channels.layers",
    "register_channel_layer": "fast_channels.layers",
    "ChannelEvent": "fast_channels.messages",
}
"""Where the names that examples use are imported from."""


def _module(body: str) -> str:
    """Return a module of statements, with the imports that they need."""
    used = {*re.findall(r"\w+", body)}
    imports: dict[str, list[str]] = {}
    for name, module in _MODULES.items():
        if name in used:
            imports.setdefault(module, []).append(name)
    lines = [f"from {module} import {', '.join(names)}\n" for module, names in imports.items()]
    return f"{''.join(lines)}\n{body.strip()}\n"


def _kind(
    code: str, summary: str, why: str, says: str, example: str, *changes: tuple[str, str], note: str = ""
) -> Kind:
    """Return a kind whose example is fixed by replacing some of its text."""
    fix = example
    for old, new in changes:
        fix = fix.replace(old, new)
    return Kind(code, summary, why, says, _module(example), _module(fix), note)


_SAID = """\
class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str

"""
_LEFT = """\
class Left(ChannelEvent):
    type: Literal["chat.left"] = "chat.left"

"""
_ADD = """\
class Add(BaseModel):
    type: Literal["add"] = "add"
    amount: int

"""
_RESET = """\
class Reset(BaseModel):
    type: Literal["reset"] = "reset"

"""
_RECEIVES_RESET = "async def reset(self, message: Reset) -> None: ..."
_CHAT = "class Chat(AsyncWebsocketConsumer):\n    "
_LAYERED = f'{_CHAT}channel_layer_alias = "chat"\n    '
_TAKES_SAID = f"{_CHAT}async def chat_said(self, event: Said) -> None: ..."


def _before_chat(statement: str) -> tuple[str, str]:
    return "class Chat", f"{statement}class Chat"


def _json(client: str, server: str = "None") -> str:
    method = f"async def receive_json(self, content: {client}) -> None: ..."
    return f"class Chat(AsyncJsonWebsocketConsumer[{client}, {server}]):\n    {method}"


_ALL = (
    Kind(
        "FC001",
        "another distribution of the same import name is installed",
        "Each has overwritten files of the other; a warning says so when the package is imported.",
        f"FC001 {DISTRIBUTION}: fast-channels 1.1.0 is installed beside {DISTRIBUTION}, and each has "
        f"overwritten files of the other; run pip uninstall fast-channels {DISTRIBUTION}, and install the "
        "one that you want again",
        f"pip list  # shows fast-channels and {DISTRIBUTION}\n",
        f"pip uninstall fast-channels {DISTRIBUTION}\n{how_to_install('cli')}\n",
    ),
    _kind(
        "FC101",
        "the annotation of a handler cannot be resolved",
        "Its messages arrive unvalidated, after a warning.",
        "FC101 app.Chat.chat_said: gets its messages unvalidated, because its annotation cannot be resolved: "
        "NameError: name 'Said' is not defined",
        f'{_CHAT}async def chat_said(self, event: "Said") -> None: ...',
        _before_chat(_SAID),
        note="Import the event outside `if TYPE_CHECKING:`.",
    ),
    _kind(
        "FC102",
        "pydantic cannot validate with the annotation of a handler",
        "Its messages arrive unvalidated, after a warning.",
        "FC102 app.Chat.chat_said: gets its messages unvalidated: PydanticSchemaGenerationError: Unable to "
        "generate pydantic-core schema for <class 'app.Engine'>. ...",
        f"class Engine: ...\n\n{_SAID}{_TAKES_SAID.replace('Said', 'Said | Engine')}",
        ("class Engine: ...\n\n", ""),
        (" | Engine", ""),
    ),
    _kind(
        "FC103",
        "an event has no `type` literal",
        "A `TypeError` when its handler or its group is defined, because the event could not be matched to "
        "a handler.",
        "TypeError: Chat.chat_said() takes Said, which has no type, so its events have no handler; add a "
        'field `type: Literal["chat.said"] = "chat.said"`',
        f"class Said(ChannelEvent):\n    text: str\n\n{_TAKES_SAID}",
        ("    text", '    type: Literal["chat.said"] = "chat.said"\n    text'),
        note="A class with subclasses may leave it to the subclasses.",
    ),
    _kind(
        "FC104",
        "a handler takes events that are sent to another name",
        "The handler never runs.",
        "FC104 app.Chat.chat_message: takes events of type chat.said, which are sent to chat_said(); rename "
        "the method, or start its name with an underscore if it is not a handler",
        f'{_CHAT}async def chat_message(self, event: "Said") -> None: ...\n\n{_SAID}',
        ("chat_message", "chat_said"),
        note="If the event is known when the class is defined, it is a `TypeError` there.",
    ),
    _kind(
        "FC105",
        "a handler takes events that are sent to a name without a handler",
        "Such an event is dropped, with an error in the log.",
        "FC105 app.Chat.chat_said: takes events of type chat.left, which are sent to chat_left(); write "
        "that handler",
        f"{_SAID}{_LEFT}{_TAKES_SAID.replace('Said', 'Said | Left')}",
        (" | Left) -> None: ...", ") -> None: ...\n    async def chat_left(self, event: Left) -> None: ..."),
    ),
    _kind(
        "FC106",
        "the type of an event is the name of a method of the library",
        "A `TypeError` when the class is defined, because such a method is never a handler.",
        "TypeError: Chat.close() is a method of the library, so it never gets events of type close; "
        "choose another type for the event",
        'class Close(ChannelEvent):\n    type: Literal["close"] = "close"\n\n'
        f"{_CHAT}async def close(self, event: Close) -> None: ...",
        ('"close"', '"chat.close"'),
        ("def close", "def chat_close"),
    ),
    _kind(
        "FC107",
        "a method has the name of a handler but is not a handler",
        "A `TypeError` when the class is defined, because its events would be dropped.",
        "TypeError: Chat.chat_said() takes events of type chat.said, and is not a handler: a handler is "
        "an `async def` method with one required argument, and its name does not begin with an underscore",
        f"{_SAID}{_TAKES_SAID.replace('async ', '')}",
        ("    def", "    async def"),
    ),
    _kind(
        "FC108",
        "a method that the library awaits is not `async def`",
        "A `TypeError` when the class is defined, or when the method is called.",
        "TypeError: Chat.connect() is awaited by the library and has to be `async def`",
        f"{_CHAT}def connect(self) -> None: ...",
        ("    def", "    async def"),
    ),
    _kind(
        "FC109",
        "a method does not take the arguments that the library passes",
        "A `TypeError` when the class is defined, or when the method is called.",
        "TypeError: Chat.disconnect() is called as disconnect(code), which fails: too many positional "
        "arguments; write disconnect(self, code)",
        f"{_CHAT}async def disconnect(self) -> None: ...",
        ("(self)", "(self, code: int)"),
    ),
    _kind(
        "FC201",
        "the messages of a consumer cannot be resolved",
        "A `NameError` at the first frame.",
        "FC201 app.Chat: the type of client messages cannot be resolved: NameError: name 'Add' is not "
        "defined",
        _json('"Add"'),
        _before_chat(_ADD),
        note="Import the message outside `if TYPE_CHECKING:`.",
    ),
    _kind(
        "FC202",
        "the messages of a consumer cannot be validated",
        "An error of pydantic at the first frame.",
        "FC202 app.Chat: the type of client messages cannot be validated: PydanticSchemaGenerationError: "
        "Unable to "
        "generate pydantic-core schema for <class 'app.Add'>. ...",
        f"class Add:\n    amount: int\n\n{_json('Add')}",
        ("class Add:", "class Add(BaseModel):"),
    ),
    _kind(
        "FC203",
        "client messages cannot be distinguished",
        "A frame may be read as the wrong message, and errors describe all of them.",
        "FC203 app.Chat: Add, Say have no common `Literal` field with different values, so a frame may be "
        "read as the wrong message, and errors describe all of them",
        "class Add(BaseModel):\n    amount: int\n\nclass Say(BaseModel):\n    text: str\n\n"
        + _json("Add | Say"),
        ("    amount", '    type: Literal["add"] = "add"\n    amount'),
        ("    text", '    type: Literal["say"] = "say"\n    text'),
    ),
    _kind(
        "FC204",
        "two messages have the same tag",
        "A frame may be read as the wrong one.",
        "FC204 app.Chat: Add and Reset both have the type 'add', so a message may be read as the wrong "
        "one: the type of client messages",
        f'{_ADD}class Reset(BaseModel):\n    type: Literal["add"] = "add"\n\n{_json("Add | Reset")}',
        ('Reset(BaseModel):\n    type: Literal["add"] = "add"', _RESET.strip().removeprefix("class ")),
    ),
    _kind(
        "FC205",
        "a message cannot be written as JSON, or has no JSON Schema",
        "Sending it raises an error, and the schema of the messages cannot be generated.",
        "FC205 app.Chat: the type of server messages has no JSON form: PydanticInvalidForJsonSchema: "
        "Cannot generate a JsonSchema for ...",
        "class Engine: ...\n\nclass Total(BaseModel, arbitrary_types_allowed=True):\n    engine: Engine\n\n"
        + _json("None", "Total"),
        ("class Engine: ...\n\n", ""),
        (", arbitrary_types_allowed=True", ""),
        ("engine: Engine", "total: int"),
    ),
    _kind(
        "FC206",
        "a message carries bytes that may not be UTF-8",
        "Sending such a message raises an error if they are not.",
        "FC206 app.Chat: the type of server messages contains bytes, and pydantic refuses bytes that are not "
        'UTF-8; give the model ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")',
        f"class Picture(BaseModel):\n    data: bytes\n\n{_json('None', 'Picture')}",
        ("(BaseModel)", '(BaseModel, ser_json_bytes="base64", val_json_bytes="base64")'),
    ),
    _kind(
        "FC207",
        "client messages are declared, and no method handles them",
        "A `TypeError` at `as_asgi()`, because the messages would be validated and then ignored.",
        "FC207 app.Chat: declares client messages, and no method handles them; write receive_json()",
        f"{_ADD}class Chat(AsyncJsonWebsocketConsumer[Add, None]):\n"
        "    async def connect(self) -> None:\n        await self.accept()",
        (
            "connect(self) -> None:\n        await self.accept()",
            "receive_json(self, content: Add) -> None: ...",
        ),
        note="A class with subclasses may leave it to the subclasses.",
    ),
    _kind(
        "FC208",
        "a client message has no method, or more than one",
        "A `TypeError` when the class is defined, or at the first connection.",
        "TypeError: Chat has no method that receives Reset: write one for each, or receive_json()",
        f"{_ADD}{_RESET}Contract = AsyncJsonWebsocketConsumer[Add | Reset, None]\n\nclass Chat(Contract):\n"
        "    @Contract.receives(Add)\n    async def add(self, message: Add) -> None: ...\n",
        (
            "    @Contract",
            f"    @Contract.receives(Reset)\n    {_RECEIVES_RESET}\n\n    @Contract",
        ),
    ),
    _kind(
        "FC301",
        "groups without a channel layer",
        "An `InvalidChannelLayerError` at the first connection.",
        "FC301 app.Chat: has groups and no channel layer; set channel_layer_alias",
        f'{_CHAT}groups = ["lobby"]',
        ("groups", 'channel_layer_alias = "chat"\n    groups'),
    ),
    _kind(
        "FC302",
        "`groups` is a string",
        "A `TypeError` when the class is defined, or at the first connection, because each character would "
        "be a group.",
        "TypeError: Chat.groups has to be a list, not the string 'lobby'; write ['lobby']",
        f'{_LAYERED}groups = "lobby"',
        ('"lobby"', '["lobby"]'),
    ),
    _kind(
        "FC303",
        "the name of a group is not valid",
        "A `TypeError` at the first connection.",
        "FC303 app.Chat: cannot join the group 'the lobby': Group name must be a valid unicode string with "
        "length < 100 containing only ASCII alphanumerics, hyphens, underscores, or periods. 'the lobby': ' "
        "' is not allowed.",
        f'{_LAYERED}groups = ["the lobby"]',
        ("the lobby", "the-lobby"),
    ),
    _kind(
        "FC304",
        "the channel layer is not registered",
        "An `InvalidChannelLayerError` at the first connection.",
        "FC304 app.Chat: uses the channel layer 'chat', which is not registered; registered: 'chats'; "
        "ignore FC304 if the application registers it when it starts",
        f'register_channel_layer("chats", InMemoryChannelLayer())\n\n{_LAYERED}',
        ('"chats"', '"chat"'),
        note="FC304 is reported only if the import registers a layer. `check` does not see layers that "
        "the application registers when it starts, for example in its lifespan; in that case, ignore "
        "FC304.",
    ),
    _kind(
        "FC305",
        "the constructor does not take the arguments of `as_asgi()`",
        "A `TypeError` at `as_asgi()`, or at the first connection.",
        "TypeError: Chat.as_asgi(): each connection would call Chat(), which fails: missing a required "
        "argument: 'limit'",
        f"{_CHAT}def __init__(self, limit: int) -> None:\n        super().__init__()\n\n"
        "application = Chat.as_asgi()",
        ("as_asgi()", "as_asgi(limit=3)"),
    ),
    _kind(
        "FC306",
        "`Params` is not a pydantic model, or cannot be used",
        "It has no effect or raises a `TypeError`; or pydantic raises an error at the first connection.",
        "FC306 app.Chat: Params cannot be validated: PydanticUndefinedAnnotation: name 'Room' is not defined",
        f'{_CHAT}class Params(BaseModel):\n        room: "Room"',
        ('"Room"', "str"),
    ),
    _kind(
        "FC307",
        "a mutable class attribute is shared by all connections",
        "A change by one connection affects all others, and remains after the connection has ended.",
        "FC307 app.Chat: has the class attribute seen, a list that all connections share; set it in "
        "__init__(), or annotate it with ClassVar if that is meant",
        f"{_CHAT}seen: list[str] = []",
        ("seen:", "def __init__(self) -> None:\n        super().__init__()\n        self.seen:"),
        note="If the attribute is meant to be shared, annotate it with `ClassVar` or `Final`. Attributes "
        "of the library, such as `groups`, are not reported, because the library only reads them.",
    ),
    _kind(
        "FC308",
        "a consumer is used without `as_asgi()`",
        "A class is not an ASGI application, and an instance serves one connection only.",
        "FC308 app.Chat: is used as an ASGI application and is a class; use Chat.as_asgi()",
        f'{_CHAT}pass\n\napp = Starlette(routes=[Mount("/chat", Chat)])',
        ("Chat)]", "Chat.as_asgi())]"),
    ),
)

KINDS: Mapping[str, Kind] = {kind.code: kind for kind in _ALL}
"""All kinds of findings by their codes; whatever is said of them elsewhere is made of this."""

CODES: Mapping[str, str] = {code: kind.summary for code, kind in KINDS.items()}
"""What can be found: the code of each kind, and what it is about."""


def like(code: str) -> list[str]:
    """Return the codes that are similar to a misspelt one, the most similar first."""
    return get_close_matches(code.upper(), KINDS, n=3)


def explained(kind: Kind) -> str:
    """Return all that is known of a kind, for a terminal."""
    parts = [
        f"{kind.code}: {kind.summary}",
        kind.why,
        *(f"{title}:\n\n{indent(text, '    ')}" for title, text in _shown(kind)),
        kind.note,
    ]
    return "\n\n".join(part.rstrip() for part in parts if part) + "\n"


def _shown(kind: Kind) -> list[tuple[str, str]]:
    shown = [("Example", kind.example), ("Message", kind.says), ("Fix", kind.fix)]
    return [(title, text.rstrip()) for title, text in shown]


def page() -> str:
    """Return the page of all kinds, in Markdown."""
    head = (
        "# Findings\n\nThis page describes the mistakes that `fast-channels check` reports "
        "([cli.md](cli.md#check)). Some of them already raise an error when a class is defined. "
        "`fast-channels "
        "explain FC107` prints one of these sections, and `fast-channels explain` without a code this "
        "page.\n\n| code | finding |\n|---|---|\n"
    )
    table = [f"| [{code}](#{code.lower()}) | {summary} |\n" for code, summary in CODES.items()]
    return "\n".join([head + "".join(table), *map(_section, KINDS.values())])


def _section(kind: Kind) -> str:
    parts = [
        f"## {kind.code}",
        f"**{kind.summary[0].upper()}{kind.summary[1:]}.** {kind.why}",
        *(f"{title}:\n\n```text\n{text}\n```" for title, text in _shown(kind)),
        kind.note,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
