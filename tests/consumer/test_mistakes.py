"""Typical mistakes: what the user is told, how, and where.

Each row of the table is a small module with one mistake. It ends with an error or a warning whose sentence
is the promise; the line at which that is said ends with `# here`.
"""

import asyncio
import logging
import re
import sys
import traceback
import warnings
from textwrap import dedent
from types import ModuleType
from typing import NamedTuple

import pytest

from fast_channels.exceptions import (
    InvalidChannelLayerError,
    InvalidEventError,
    InvalidMessageError,
    LocalProtocolError,
)

PREAMBLE = """\
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from fastapi import FastAPI
from pydantic import BaseModel, SecretStr

from fast_channels.consumer import *
from fast_channels.layers import InMemoryChannelLayer, register_channel_layer
from fast_channels.messages import ChannelEvent, Group, Request
from fast_channels.middleware import OriginValidator
from fast_channels.testing import ApplicationCommunicator, HttpCommunicator, WebsocketCommunicator

class Said(ChannelEvent):
    type: Literal["chat.said"] = "chat.said"
    text: str = ""

class Left(ChannelEvent):
    type: Literal["chat.left"] = "chat.left"

class Add(BaseModel):
    type: Literal["add"] = "add"
    amount: float = 0

class Reset(BaseModel):
    type: Literal["reset"] = "reset"

async def serve(application, *frames):
    options = {"client": ("10.0.0.1", 50000)}
    socket = WebsocketCommunicator(application, "/room", **options)
    accepted, _ = await socket.connect()
    for frame in frames:
        await socket.send_to(frame)
    if accepted:
        await socket.disconnect()
    else:
        await socket.wait()
"""
"""What every row may use."""

PLACES = {
    "definition": r"^class ",
    "as_asgi()": r"\.as_asgi\(",
    "route": r"^app\.",
    "connection": r"^    await (serve|Chat|HttpCommunicator)\(",
    "call": r"",
    "log": r"",
}
"""Where a mistake is said, and how that line looks."""


class Row(NamedTuple):
    """A mistake.

    Attributes:
        place: Where it is said.
        kind: The class of the error or warning, or the level of the log record.
        sentence: All that is said.
        source: The module.
    """

    place: str
    kind: type[BaseException] | int
    sentence: str
    source: str


TABLE: dict[str, Row] = {
    "connect() is not async": Row(
        "definition",
        TypeError,
        "Chat.connect() is awaited by the library and has to be `async def`",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            def connect(self):
                return None
        """,
    ),
    "receive is no method": Row(
        "definition",
        TypeError,
        "Chat.receive is None, and replaces the method receive() of the library; write a method, or choose "
        "another name",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            receive = None
        """,
    ),
    "an attribute hides a method": Row(
        "definition",
        TypeError,
        "Chat.close is an int, and replaces the method close() of the library; write a method, or choose "
        "another name",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            close = 4000
        """,
    ),
    "connect() is a property": Row(
        "definition",
        TypeError,
        "Chat.connect is a property, and replaces the method connect() of the library; write a method, or "
        "choose another name",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            @property
            async def connect(self):
                await self.accept()
        """,
    ),
    "connect() is a class method": Row(
        "definition",
        TypeError,
        "Chat.connect is a classmethod, and replaces the method connect() of the library; write a method, or "
        "choose another name",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            @classmethod
            async def connect(cls):
                await cls.accept()
        """,
    ),
    "channel_name without a layer": Row(
        "call",
        InvalidChannelLayerError,
        "Chat cannot use channel_name without a channel layer; set channel_layer_alias",
        """
        class Chat(AsyncWebsocketConsumer):
            async def connect(self):
                await self.accept()
                await self.send(self.channel_name)  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "max_message_size is a string": Row(
        "definition",
        TypeError,
        "Chat.max_message_size has to be a number of bytes, or None for no limit, not '64 KiB'",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            max_message_size = "64 KiB"
        """,
    ),
    "handshake_grace is negative": Row(
        "definition",
        TypeError,
        "Chat.handshake_grace has to be a number of seconds, or None for no warning, not -1",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            handshake_grace = -1
        """,
    ),
    "max_concurrent is nothing": Row(
        "definition",
        TypeError,
        "Chat.max_concurrent has to be a number of handlers, not 0",
        """
        class Concurrent(AsyncJsonWebsocketConsumer[Add, Any]):
            async def receive_json(self, content: Add) -> None:
                return None

        class Chat(Concurrent):  # here
            max_concurrent = 0
        """,
    ),
    "channel_layer_alias is empty": Row(
        "definition",
        TypeError,
        "Chat.channel_layer_alias has to be the alias of a channel layer, or None for no layer, not ''",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            channel_layer_alias = ""
        """,
    ),
    "max_body_size of as_asgi() is a bool": Row(
        "as_asgi()",
        TypeError,
        "Upload.as_asgi(): max_body_size has to be a number of bytes, or None for no limit, not True",
        """
        class Upload(AsyncHttpConsumer):
            async def handle(self, body: bytes) -> None:
                await self.send_response(200, body)

        app = Upload.as_asgi(max_body_size=True)  # here
        """,
    ),
    "a response is not completed": Row(
        "log",
        logging.WARNING,
        "Download(path='/', client=127.0.0.1:50000) returned from handle() before its response was complete; "
        "unless a task sends the rest, it ends when the client leaves; this is logged once for each class",
        """
        class Download(AsyncHttpConsumer):
            async def handle(self, body: bytes) -> None:
                await self.send_headers()
                await self.send_body(b"part", more_body=True)

        async def main():
            communicator = HttpCommunicator(Download, "GET", "/")
            await communicator.send_request()
            await communicator.receive_output()
            await communicator.receive_output()
            await communicator.receive_nothing()
            communicator.stop()
        """,
    ),
    "groups of Group": Row(
        "definition",
        TypeError,
        "Chat.groups has to be a list of names, and Room(number=1) is a Room; write the name of the group, "
        "or join() a Group in connect() after accept()",
        """
        class Room(Group[Said], pattern="room.{number}"):
            number: int

        class Chat(AsyncWebsocketConsumer):  # here
            groups = [Room(number=1)]
        """,
    ),
    "connect() is a generator": Row(
        "definition",
        TypeError,
        "Chat.connect() is awaited by the library and has to be `async def`",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            def connect(self):
                yield
        """,
    ),
    "receive_json() is not async": Row(
        "definition",
        TypeError,
        "Chat.receive_json() is awaited by the library and has to be `async def`",
        """
        class Chat(AsyncJsonWebsocketConsumer):  # here
            def receive_json(self, content):
                return None
        """,
    ),
    "a handler is not async": Row(
        "definition",
        TypeError,
        "Chat.chat_said() takes events of type chat.said, and is not a handler: a handler is an `async "
        "def` method with one required argument, and its name does not begin with an underscore",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            def chat_said(self, event: Said):
                return None
        """,
    ),
    "a handler takes two arguments": Row(
        "definition",
        TypeError,
        "Chat.chat_said() takes events of type chat.said, and is not a handler: a handler is an `async "
        "def` method with one required argument, and its name does not begin with an underscore",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            async def chat_said(self, event: Said, room):
                return None
        """,
    ),
    "connect() takes an argument": Row(
        "definition",
        TypeError,
        "Chat.connect() is called as connect(), which fails: missing a required argument: 'request'; "
        "write connect(self)",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            async def connect(self, request):
                return None
        """,
    ),
    "disconnect() takes no code": Row(
        "definition",
        TypeError,
        "Chat.disconnect() is called as disconnect(code), which fails: too many positional arguments; "
        "write disconnect(self, code)",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            async def disconnect(self):
                return None
        """,
    ),
    "disconnect() of HTTP takes a code": Row(
        "definition",
        TypeError,
        "Page.disconnect() is called as disconnect(), which fails: missing a required argument: 'code'; "
        "write disconnect(self)",
        """
        class Page(AsyncHttpConsumer):  # here
            async def disconnect(self, code):
                return None
        """,
    ),
    "receive() takes nothing": Row(
        "definition",
        TypeError,
        "Chat.receive() is called as receive(text_data=...), which fails: got an unexpected keyword argument "
        "'text_data'; write receive(self, text_data=None, bytes_data=None)",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            async def receive(self):
                return None
        """,
    ),
    "receive_json() takes nothing": Row(
        "definition",
        TypeError,
        "Chat.receive_json() is called as receive_json(content), which fails: too many positional arguments; "
        "write receive_json(self, content, **kwargs)",
        """
        class Chat(AsyncJsonWebsocketConsumer):  # here
            async def receive_json(self):
                return None
        """,
    ),
    "receive_invalid() takes nothing": Row(
        "definition",
        TypeError,
        "Chat.receive_invalid() is called as receive_invalid(error), which fails: too many positional "
        "arguments; write receive_invalid(self, error)",
        """
        class Chat(AsyncJsonWebsocketConsumer):  # here
            async def receive_invalid(self):
                return None
        """,
    ),
    "channel_invalid() takes nothing": Row(
        "definition",
        TypeError,
        "Chat.channel_invalid() is called as channel_invalid(error), which fails: too many positional "
        "arguments; write channel_invalid(self, error)",
        """
        class Chat(AsyncConsumer):  # here
            async def channel_invalid(self):
                return None
        """,
    ),
    "params_invalid() takes two": Row(
        "definition",
        TypeError,
        "Chat.params_invalid() is called as params_invalid(error), which fails: missing a required argument: "
        "'status'; write params_invalid(self, error)",
        """
        class Chat(AsyncHttpConsumer):  # here
            async def params_invalid(self, error, status):
                return None
        """,
    ),
    "channel_gap() takes nothing": Row(
        "definition",
        TypeError,
        "Chat.channel_gap() is called as channel_gap(message), which fails: too many positional arguments; "
        "write channel_gap(self, message)",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            async def channel_gap(self):
                return None
        """,
    ),
    "handle() takes nothing": Row(
        "definition",
        TypeError,
        "Page.handle() is called as handle(body), which fails: too many positional arguments; "
        "write handle(self, body)",
        """
        class Page(AsyncHttpConsumer):  # here
            async def handle(self):
                return None
        """,
    ),
    "a method receives one message and takes another": Row(
        "definition",
        TypeError,
        "Chat.on_add() receives Add, and its argument is annotated with Reset; annotate it with Add",
        """
        Contract = AsyncJsonWebsocketConsumer[Add | Reset, None]

        class Chat(Contract):  # here
            @Contract.receives(Add)
            async def on_add(self, message: Reset):
                return None
        """,
    ),
    "a method that receives is not async": Row(
        "definition",
        TypeError,
        "Chat.on_add() is awaited by the library and has to be `async def`",
        """
        Contract = AsyncJsonWebsocketConsumer[Add, None]

        class Chat(Contract):  # here
            @Contract.receives(Add)
            def on_add(self, message: Add):
                return None
        """,
    ),
    "a method that receives takes nothing": Row(
        "definition",
        TypeError,
        "Chat.on_add() is called as on_add(message), which fails: too many positional arguments; "
        "write on_add(self, message)",
        """
        Contract = AsyncJsonWebsocketConsumer[Add, None]

        class Chat(Contract):  # here
            @Contract.receives(Add)
            async def on_add(self):
                return None
        """,
    ),
    "a class that declares no messages receives one": Row(
        "definition",
        TypeError,
        "Chat receives Add, and does not declare its messages: derive it from "
        "AsyncJsonWebsocketConsumer[ClientMessage, ServerMessage]",
        """
        class Chat(AsyncJsonWebsocketConsumer):  # here
            @AsyncJsonWebsocketConsumer.receives(Add)
            async def on_add(self, message: Add):
                return None
        """,
    ),
    "a message is not received": Row(
        "definition",
        TypeError,
        "Chat has no method that receives Reset: write one for each, or receive_json()",
        """
        Contract = AsyncJsonWebsocketConsumer[Add | Reset, None]

        class Chat(Contract):  # here
            @Contract.receives(Add)
            async def on_add(self, message: Add):
                return None
        """,
    ),
    "a message is received twice": Row(
        "definition",
        TypeError,
        "Chat receives Add in first() and second(): keep one of them",
        """
        Contract = AsyncJsonWebsocketConsumer[Add, None]

        class Chat(Contract):  # here
            @Contract.receives(Add)
            async def first(self, message: Add):
                return None

            @Contract.receives(Add)
            async def second(self, message: Add):
                return None
        """,
    ),
    "what is received is no message": Row(
        "definition",
        TypeError,
        "Chat receives Reset in on_reset(), which is not a client message: declare it, or remove the method",
        """
        class Chat(AsyncJsonWebsocketConsumer[Add, None]):  # here
            @AsyncJsonWebsocketConsumer.receives(Add)
            async def on_add(self, message: Add):
                return None

            @AsyncJsonWebsocketConsumer.receives(Reset)
            async def on_reset(self, message: Reset):
                return None
        """,
    ),
    "messages cannot be told apart": Row(
        "definition",
        TypeError,
        "Chat cannot recognise a message as Enter or Exit (all are dict): use models, give TypedDicts a "
        "common Literal field or tuples a common Literal position, or distinguish them in receive_json()",
        """
        class Enter(TypedDict):
            name: str

        class Exit(TypedDict):
            name: str

        class Chat(AsyncJsonWebsocketConsumer[Enter | Exit, None]):  # here
            @AsyncJsonWebsocketConsumer.receives(Enter)
            async def on_enter(self, message):
                return None

            @AsyncJsonWebsocketConsumer.receives(Exit)
            async def on_exit(self, message):
                return None
        """,
    ),
    "one type in place of two": Row(
        "definition",
        TypeError,
        "AsyncJsonWebsocketConsumer takes two types, the client's and the server's messages: write "
        "AsyncJsonWebsocketConsumer[Add, Any] if the server may send anything",
        """
        class Chat(AsyncJsonWebsocketConsumer[Add]):  # here
            async def receive_json(self, content):
                return None
        """,
    ),
    "a group of strings": Row(
        "definition",
        TypeError,
        "Room: a group carries events, and str is not a ChannelEvent",
        """
        class Room(Group[str], pattern="room"):  # here
            pass
        """,
    ),
    "a group whose pattern lacks a field": Row(
        "definition",
        TypeError,
        "Room: the pattern 'room' names none, and the fields are number; each field has to occur once",
        """
        class Room(Group[Said], pattern="room"):  # here
            number: int
        """,
    ),
    "a handler of an event without a type": Row(
        "definition",
        TypeError,
        "Chat.chat_sung() takes Sung, which has no type, so its events have no handler; add a field "
        '`type: Literal["chat.sung"] = "chat.sung"`',
        """
        class Sung(ChannelEvent):
            text: str

        class Chat(AsyncWebsocketConsumer):  # here
            async def chat_sung(self, event: Sung):
                return None
        """,
    ),
    "a handler of another name than its event": Row(
        "definition",
        TypeError,
        "Chat.chat_message() takes events of type chat.said, which are sent to chat_said(); rename the "
        "method, or start its name with an underscore if it is not a handler",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            async def chat_message(self, event: Said):
                return None
        """,
    ),
    "an event of the name of a method of the library": Row(
        "definition",
        TypeError,
        "Chat.close() is a method of the library, so it never gets events of type close; choose another "
        "type for the event",
        """
        class Close(ChannelEvent):
            type: Literal["close"] = "close"

        class Chat(AsyncWebsocketConsumer):  # here
            async def close(self, event: Close):
                return None
        """,
    ),
    "an event with a secret": Row(
        "definition",
        TypeError,
        "Login would not arrive as it was sent: password is a SecretStr, which is sent as asterisks; change "
        "the type, or give the field a serializer",
        """
        class Login(ChannelEvent):  # here
            type: Literal["login"] = "login"
            password: SecretStr
        """,
    ),
    "an event with keys that are not scalar": Row(
        "definition",
        TypeError,
        "Moved would not arrive as it was sent: board is a mapping whose keys are not scalar; change the "
        "type, or give the field a serializer",
        """
        class Moved(ChannelEvent):  # here
            type: Literal["moved"] = "moved"
            board: dict[tuple[int, int], str]
        """,
    ),
    "Params is no model": Row(
        "definition",
        TypeError,
        "Chat.Params is not a pydantic model; derive it from pydantic.BaseModel",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            class Params:
                room: str
        """,
    ),
    "groups is a string": Row(
        "definition",
        TypeError,
        "Chat.groups has to be a list, not the string 'lobby'; write ['lobby']",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            groups = "lobby"
        """,
    ),
    "groups is a generator": Row(
        "definition",
        TypeError,
        "Chat.groups is an iterator, which only the first consumer can read; use a list",
        """
        class Chat(AsyncWebsocketConsumer):  # here
            groups = (name for name in ["lobby"])
        """,
    ),
    "nothing handles the messages of clients": Row(
        "as_asgi()",
        TypeError,
        "Chat.as_asgi(): declares client messages, and no method handles them; write receive_json()",
        """
        class Chat(AsyncJsonWebsocketConsumer[Add, None]):
            pass

        application = Chat.as_asgi()  # here
        """,
    ),
    "as_asgi() lacks an argument": Row(
        "as_asgi()",
        TypeError,
        "Chat.as_asgi(): each connection would call Chat(), which fails: missing a required argument: "
        "'limit'",
        """
        class Chat(AsyncWebsocketConsumer):
            def __init__(self, limit):
                self.limit = limit

        application = Chat.as_asgi()  # here
        """,
    ),
    "as_asgi() has a misspelt argument": Row(
        "as_asgi()",
        TypeError,
        "Chat.as_asgi(limt=...): each connection would call Chat(limt=...), which fails: got an unexpected "
        "keyword argument 'limt'",
        """
        class Chat(AsyncWebsocketConsumer):
            def __init__(self, limit=3):
                self.limit = limit

        application = Chat.as_asgi(limt=4)  # here
        """,
    ),
    "a frozen dataclass": Row(
        "as_asgi()",
        TypeError,
        "Chat is a frozen dataclass, but the library sets the scope, channel and parameters of a consumer "
        "as attributes; use @dataclass without frozen=True",
        """
        @dataclass(frozen=True)
        class Chat(AsyncWebsocketConsumer):
            limit: int = 3

        application = Chat.as_asgi()  # here
        """,
    ),
    "an application as an endpoint of FastAPI": Row(
        "route",
        TypeError,
        "an ASGI application is not an endpoint whose parameters FastAPI reads from the request: use "
        "app.router.add_websocket_route(path, Chat.as_asgi()) for a WebSocket, app.router.add_route(path, "
        "Page.as_asgi()) for HTTP, or app.mount() for all that is below a path",
        """
        class Chat(AsyncWebsocketConsumer):
            pass

        app = FastAPI()
        app.websocket("/room")(Chat.as_asgi())  # here
        """,
    ),
    "a class in place of an application": Row(
        "connection",
        TypeError,
        "Chat is a class, not an ASGI application: use Chat.as_asgi()",
        """
        class Chat(AsyncWebsocketConsumer):
            pass

        async def application(scope, receive, send):
            await Chat(scope, receive, send)  # here

        async def main():
            await ApplicationCommunicator(application, {"type": "websocket", "path": "/"}).wait()
        """,
    ),
    "a consumer that serves twice": Row(
        "connection",
        RuntimeError,
        "this Chat has served a connection already, and an instance serves only one; use Chat.as_asgi(), "
        "which makes an instance for each connection",
        """
        class Chat(AsyncWebsocketConsumer):
            pass

        chat = Chat()

        async def main():
            await serve(chat)
            await serve(chat)  # here
        """,
    ),
    "a connection that nothing handles": Row(
        "connection",
        ValueError,
        "Chat cannot serve a connection of the type 'websocket': it has no handler for the events of that "
        "type",
        """
        class Chat(AsyncConsumer):
            async def http_request(self, message):
                return None

        async def main():
            await serve(Chat.as_asgi())  # here
        """,
    ),
    "groups without a layer": Row(
        "connection",
        InvalidChannelLayerError,
        "Chat has groups and no channel layer; set channel_layer_alias",
        """
        class Chat(AsyncWebsocketConsumer):
            groups = ["lobby"]

        async def main():
            await serve(Chat.as_asgi())  # here
        """,
    ),
    "a layer that is not registered": Row(
        "connection",
        InvalidChannelLayerError,
        "Chat uses the channel layer 'chat', which is not registered; registered: none. Call "
        "register_channel_layer('chat', layer) before the server starts",
        """
        class Chat(AsyncWebsocketConsumer):
            channel_layer_alias = "chat"

        async def main():
            await serve(Chat.as_asgi())  # here
        """,
    ),
    "groups is set to a string": Row(
        "call",
        TypeError,
        "Chat.groups has to be a list, not the string 'lobby'; write ['lobby']",
        """
        class Chat(AsyncWebsocketConsumer):
            async def connect(self):
                self.groups = "lobby"
                await self.accept()  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a layer is used without an alias": Row(
        "call",
        InvalidChannelLayerError,
        "Chat cannot use channel_layer.group_add without a channel layer; set channel_layer_alias",
        """
        class Chat(AsyncWebsocketConsumer):
            async def connect(self):
                await self.channel_layer.group_add("lobby", self.channel_name)  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a group is joined without its handlers": Row(
        "call",
        TypeError,
        "Chat cannot join Room: it has no handler for chat.said, chat.left; write chat_said(), chat_left()",
        """
        register_channel_layer("default", InMemoryChannelLayer())

        class Room(Group[Said | Left], pattern="room"):
            pass

        class Chat(AsyncWebsocketConsumer):
            channel_layer_alias = "default"

            async def connect(self):
                await self.join(Room())  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a group of another layer is joined": Row(
        "call",
        InvalidChannelLayerError,
        "Chat cannot join Room: the group sends through the channel layer 'default', and the consumer "
        "listens to 'chat'; declare the group with channel_layer_alias='chat'",
        """
        register_channel_layer("chat", InMemoryChannelLayer())

        class Room(Group[Said], pattern="room"):
            pass

        class Chat(AsyncWebsocketConsumer):
            channel_layer_alias = "chat"

            async def connect(self):
                await self.join(Room())  # here

            async def chat_said(self, event: Said):
                return None

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a class is registered in place of a layer": Row(
        "call",
        TypeError,
        "InMemoryChannelLayer is a class; register an instance of it",
        """
        register_channel_layer("chat", InMemoryChannelLayer)  # here
        """,
    ),
    "allowed origins are a string": Row(
        "call",
        TypeError,
        "allowed_origins has to be a list of patterns, not the string 'https://example.com'",
        """
        class Chat(AsyncWebsocketConsumer):
            pass

        application = OriginValidator(Chat.as_asgi(), "https://example.com")  # here
        """,
    ),
    "something is sent before accept()": Row(
        "call",
        LocalProtocolError,
        "websocket.send is not legal in state HANDSHAKE; legal: websocket.accept, websocket.close",
        """
        class Chat(AsyncWebsocketConsumer):
            async def connect(self):
                await self.send("hello")  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a frame of text and bytes": Row(
        "call",
        ValueError,
        "You must pass one of bytes_data or text_data",
        """
        class Chat(AsyncWebsocketConsumer):
            async def connect(self):
                await self.accept()
                await self.send("hello", b"hello")  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a reason that is too long": Row(
        "call",
        LocalProtocolError,
        "websocket.close is not valid: the reason has 200 bytes of UTF-8, and at most 123 are allowed",
        """
        class Chat(AsyncWebsocketConsumer):
            async def connect(self):
                await self.accept()
                await self.close(4400, "no" * 100)  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a message that is not declared": Row(
        "call",
        LocalProtocolError,
        "Reset is not a message that may be sent: Input should be a valid dictionary or instance of Add",
        """
        class Chat(AsyncJsonWebsocketConsumer[None, Add]):
            async def connect(self):
                await self.accept()
                await self.send_json(Reset())  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a number that JSON does not have": Row(
        "call",
        LocalProtocolError,
        "Add is not a message that may be sent: amount: Input should be a finite number",
        """
        class Chat(AsyncJsonWebsocketConsumer[None, Add]):
            async def connect(self):
                await self.accept()
                await self.send_json(Add(amount=float("nan")))  # here

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a reply that nobody asked for": Row(
        "connection",
        LocalProtocolError,
        "the handler of Ask has to return Add, not Reset",
        """
        class Ask(BaseModel, Request[Add]):
            type: Literal["ask"] = "ask"

        class Chat(AsyncJsonWebsocketConsumer[Ask, Add | Reset]):
            async def receive_json(self, content: Ask):
                return Reset()

        async def main():
            await serve(Chat.as_asgi(), '{"type": "ask"}')  # here
        """,
    ),
    "a body that is a string": Row(
        "call",
        AssertionError,
        "Body is not bytes",
        """
        class Page(AsyncHttpConsumer):
            async def handle(self, body):
                await self.send_response(200, "hello")  # here

        async def main():
            await HttpCommunicator(Page.as_asgi(), "/").get_response()
        """,
    ),
    "a request that is not answered": Row(
        "connection",
        LocalProtocolError,
        "Page.handle() returned without a response; a consumer without a channel layer has no other handler "
        "that could send one",
        """
        class Page(AsyncHttpConsumer):
            async def handle(self, body):
                return None

        async def main():
            await HttpCommunicator(Page.as_asgi(), "/").get_response()  # here
        """,
    ),
    "a frame that is not JSON, and nothing that handles it": Row(
        "connection",
        InvalidMessageError,
        "a WebSocket frame is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 "
        "(char 1)",
        """
        class Chat(AsyncJsonWebsocketConsumer):
            async def receive_json(self, content):
                return None

        async def main():
            await serve(Chat.as_asgi(), "{")  # here
        """,
    ),
    "a message of the layer that nothing handles": Row(
        "connection",
        InvalidEventError,
        "No handler for message type chat.sung",
        """
        register_channel_layer("default", InMemoryChannelLayer())

        class Chat(AsyncWebsocketConsumer):
            channel_layer_alias = "default"

            async def connect(self):
                await self.accept()
                await self.channel_layer.send(self.channel_name, {"type": "chat.sung"})

        async def main():
            await serve(Chat.as_asgi())  # here
        """,
    ),
    "a helper takes a string": Row(
        "log",
        logging.ERROR,
        "Chat(path='/room', client=10.0.0.1:50000) drops a message of its channel layer: No handler for "
        "message type say",
        """
        register_channel_layer("default", InMemoryChannelLayer())

        class Chat(AsyncWebsocketConsumer):
            channel_layer_alias = "default"

            async def connect(self):
                await self.accept()
                await self.channel_layer.send(self.channel_name, {"type": "say"})

            async def say(self, text: str):
                await self.send(text)

            async def chat_said(self, event: Said):
                return None

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a message of the layer whose type is no string": Row(
        "log",
        logging.ERROR,
        "Chat(path='/room', client=10.0.0.1:50000) drops a message of its channel layer: Malformed type in "
        "message (a string is needed, not None)",
        """
        register_channel_layer("default", InMemoryChannelLayer())

        class Chat(AsyncWebsocketConsumer):
            channel_layer_alias = "default"

            async def connect(self):
                await self.accept()
                await self.channel_layer.send(self.channel_name, {"type": None})

            async def chat_said(self, event: Said):
                return None

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a message of the layer that only the client may send": Row(
        "log",
        logging.ERROR,
        "Chat(path='/room', client=10.0.0.1:50000) drops a message of its channel layer: Chat refuses "
        "websocket events from its channel layer; see asgi_events_from_layer",
        """
        register_channel_layer("default", InMemoryChannelLayer())

        class Chat(AsyncWebsocketConsumer):
            channel_layer_alias = "default"

            async def connect(self):
                await self.accept()
                await self.channel_layer.send(self.channel_name, {"type": "websocket.receive", "text": "hi"})

            async def chat_said(self, event: Said):
                return None

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a message of the layer that does not fit": Row(
        "log",
        logging.ERROR,
        "Chat(path='/room', client=10.0.0.1:50000) drops a message of its channel layer: a message of type "
        "'chat.said' does not match its handler: text: Input should be a valid string",
        """
        register_channel_layer("default", InMemoryChannelLayer())

        class Chat(AsyncWebsocketConsumer):
            channel_layer_alias = "default"

            async def connect(self):
                await self.accept()
                await self.channel_layer.send(self.channel_name, {"type": "chat.said", "text": []})

            async def chat_said(self, event: Said):
                return None

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "connect() answers nothing": Row(
        "log",
        logging.WARNING,
        "connect() of Chat(path='/room', client=10.0.0.1:50000) returned without accept(), close() or "
        "deny(); the client has waited 0 s",
        """
        class Chat(AsyncWebsocketConsumer):
            handshake_grace = 0

            async def connect(self):
                return None

        async def main():
            socket = WebsocketCommunicator(Chat, "/room", client=("10.0.0.1", 50000))
            await socket.send_input({"type": "websocket.connect"})
            await logged.wait()
            await socket.disconnect()
        """,
    ),
    "something is sent after close()": Row(
        "log",
        logging.WARNING,
        "Chat(path='/room', client=10.0.0.1:50000) sent an event after it had closed the connection, so "
        "its handler of websocket.connect was ended; this is logged once for each class",
        """
        class Chat(AsyncWebsocketConsumer):
            async def connect(self):
                await self.accept()
                await self.close()
                await self.send("hello")

        async def main():
            await serve(Chat.as_asgi())
        """,
    ),
    "a frame that is no message": Row(
        "log",
        logging.WARNING,
        "Chat(path='/room', client=10.0.0.1:50000) closes a WebSocket: a WebSocket frame is not a message: "
        "type: Input should be 'add'; the frame began with '{\"type\": \"sub\"}'",
        """
        class Chat(AsyncJsonWebsocketConsumer[Add, None]):
            async def receive_json(self, content):
                return None

        async def main():
            await serve(Chat.as_asgi(), '{"type": "sub"}')
        """,
    ),
    "an annotation for checkers only": Row(
        "call",
        RuntimeWarning,
        "Chat.chat_sung() gets its messages unvalidated, because its annotation cannot be used: NameError: "
        "name 'Sung' is not defined; import it outside `if TYPE_CHECKING:`",
        """
        if TYPE_CHECKING:
            from app import Sung

        class Chat(AsyncConsumer):
            async def chat_sung(self, event: "Sung"):  # here
                return None

        async def main():
            await Chat().dispatch({"type": "chat.sung"})
        """,
    ),
}


class Told(NamedTuple):
    """What a user has been told.

    Attributes:
        kind: The class of the error or warning, or the level of the log record.
        sentence: The sentence.
        line: The line of the module that is named beside it, `None` for a log record.
        text: All that is shown with it, but for lines of code.
    """

    kind: type[BaseException] | int
    sentence: str
    line: int | None
    text: str


class Noticing(logging.Handler):
    """Tells a row that waits for it that something has been logged."""

    def __init__(self) -> None:
        super().__init__()
        self.logged = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.logged.set()


def source_of(row: Row) -> str:
    """Return the module of a row."""
    return dedent(row.source).strip() + "\n"


def line_of(row: Row) -> int | None:
    """Return the number of the line that is marked, `None` if there is none."""
    lines = source_of(row).splitlines()
    return next((number for number, line in enumerate(lines, start=1) if line.endswith("# here")), None)


def tell(row: Row, caplog: pytest.LogCaptureFixture) -> Told:
    """Run the module of a row, and return what it says in the end."""
    module = ModuleType("mistaken")
    noticing = Noticing()
    vars(module).update(logged=noticing.logged)
    logging.getLogger("fast_channels").addHandler(noticing)
    sys.modules["mistaken"] = module
    try:
        exec(compile(PREAMBLE, "<preamble>", "exec"), vars(module))
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", RuntimeWarning)
            exec(compile(source_of(row), "<mistake>", "exec"), vars(module))
            if "main" in vars(module):
                asyncio.run(module.main())
    except Exception as error:
        return _told_by_error(error)
    finally:
        del sys.modules["mistaken"]
        logging.getLogger("fast_channels").removeHandler(noticing)
    for one in warned:
        assert isinstance(one.message, Warning)
        assert one.filename == "<mistake>"
        return Told(one.category, str(one.message), one.lineno, str(one.message))
    (record,) = (one for one in caplog.records if one.levelno >= logging.WARNING)
    assert record.exc_info is None
    return Told(record.levelno, record.getMessage(), None, record.getMessage())


def _told_by_error(error: Exception) -> Told:
    # The last line of the user that a traceback shows; a cause explains where an error was made.
    frames = traceback.extract_tb((error.__cause__ or error).__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<mistake>"]
    shown = "".join(traceback.format_exception(error)).splitlines()
    text = "\n".join(line for line in shown if not line.startswith(" "))
    return Told(type(error), str(error), lines[-1], text)


@pytest.mark.parametrize("row", TABLE.values(), ids=[*TABLE])
def test_a_mistake_is_told(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    """With the sentence of the table, at the line of the user that has it."""
    told = tell(row, caplog)

    assert told[:3] == (row.kind, row.sentence, line_of(row))
    if told.line is not None:
        assert re.search(PLACES[row.place], source_of(row).splitlines()[told.line - 1])


@pytest.mark.parametrize("row", TABLE.values(), ids=[*TABLE])
def test_what_is_told_needs_no_knowledge_of_the_library(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    """No private name, no address of an object, and no error that only led to the one that counts."""
    text = tell(row, caplog).text

    assert re.findall(r"\b_[a-z]\w*|0x[0-9a-f]+|^KeyError.*|\bValidationError.*", text) == []


def test_the_table_has_mistakes_of_all_places() -> None:
    """At least forty."""
    assert len(TABLE) >= 40
    assert {row.place for row in TABLE.values()} == PLACES.keys()
    assert all((line_of(row) is None) == (row.place == "log") for row in TABLE.values())
