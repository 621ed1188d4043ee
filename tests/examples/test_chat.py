"""The chat, asked by a test in the place of server and clients."""

import re
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.applications import Starlette

from examples.chat import redis_rooms
from examples.chat.__main__ import main
from examples.chat.app import create_app
from examples.chat.messages import (
    ClientMessage,
    Join,
    Joined,
    Left,
    Refused,
    RoomGroup,
    RoomNews,
    Said,
    Say,
    ServerMessage,
    Welcome,
)
from examples.chat.redis_rooms import RedisRooms
from examples.chat.rooms import MemoryRooms
from fast_channels.layers import ChannelGap, channel_layers, has_layers
from fast_channels.testing import WebsocketCommunicator
from tests.layers.redis.server import RedisServer, free_port, is_true

client_messages: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)
server_messages: TypeAdapter[ServerMessage] = TypeAdapter(ServerMessage)

LOBBY = RoomGroup(room="lobby")
SAID = Said(name="Ada", text="hello", at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A server that holds nothing when a test begins."""
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["memory", "redis"])
async def chat(request: pytest.FixtureRequest, redis: RedisServer) -> AsyncIterator[Starlette]:
    """The application, started, with each kind of rooms."""
    await redis.run("FLUSHALL")
    app = create_app(redis.url if request.param == "redis" else None)
    async with app.router.lifespan_context(app):
        yield app


class Client(WebsocketCommunicator):
    """A client of the chat in the room "lobby"."""

    def __init__(self, chat: Starlette) -> None:
        super().__init__(chat, "/ws/lobby")

    async def tell(self, message: ClientMessage) -> None:
        """Send a message."""
        await self.send_to(message.model_dump_json())

    async def hear(self) -> ServerMessage:
        """Receive a message."""
        return server_messages.validate_json(await self.receive_from())

    async def join(self, name: str) -> Welcome:
        """Come in."""
        welcome = await self.request(Join(name=name))
        assert isinstance(welcome, Welcome)
        return welcome


# Coming and going


async def test_first_to_join_is_alone(chat: Starlette) -> None:
    """The welcome names everybody who is here, oneself included."""
    async with Client(chat) as ada:
        assert await ada.join("Ada") == Welcome(people=["Ada"], history=[])


async def test_others_learn_who_comes_and_goes(chat: Starlette) -> None:
    """Those who are here are told; whoever comes is told who is here."""
    async with Client(chat) as ada:
        await ada.join("Ada")
        async with Client(chat) as bob:
            welcome = await bob.join("Bob")

            assert welcome.people == ["Ada", "Bob"]
            assert await ada.hear() == Joined(name="Bob")
        assert await ada.hear() == Left(name="Bob")


async def test_name_is_free_again_when_its_owner_has_left(chat: Starlette) -> None:
    """Coming back under the same name is possible."""
    async with Client(chat) as ada:
        await ada.join("Ada")

    async with Client(chat) as ada:
        assert (await ada.join("Ada")).people == ["Ada"]


async def test_name_is_taken_once(chat: Starlette) -> None:
    """Nobody can pass for somebody else who is in the room, and may try another name."""
    async with Client(chat) as ada, Client(chat) as imposter:
        await ada.join("Ada")
        await imposter.tell(Join(name="Ada"))

        assert await imposter.hear() == Refused(reason="Somebody here is called Ada already.")
        assert (await imposter.join("Eve")).people == ["Ada", "Eve"]


async def test_joining_twice_is_refused(chat: Starlette) -> None:
    """A name is for the whole connection."""
    async with Client(chat) as ada:
        await ada.join("Ada")
        await ada.tell(Join(name="Eve"))

        assert await ada.hear() == Refused(reason="You are Ada already.")


async def test_spectator_leaves_no_trace(chat: Starlette) -> None:
    """Whoever never joins hears nothing, and nobody hears that they left."""
    async with Client(chat) as ada:
        await ada.join("Ada")
        async with Client(chat) as spectator:
            await ada.tell(Say(text="hello"))
            await ada.hear()

            assert await spectator.receive_nothing()
        assert await ada.receive_nothing()


async def test_room_must_have_a_possible_name(chat: Starlette) -> None:
    """Others are refused before anything happens."""
    for room in ("Lobby", "a" * 41, "a%0A", "caf%C3%A9"):
        communicator = WebsocketCommunicator(chat, f"/ws/{room}", extensions={"websocket.http.response": {}})
        assert await communicator.connect() == (False, 422), room


# Talking


async def test_everybody_hears_what_is_said(chat: Starlette) -> None:
    """The speaker hears it, too, so that all have the same order; the server knows name and time."""
    async with Client(chat) as ada, Client(chat) as bob:
        await ada.join("Ada")
        await bob.join("Bob")
        await ada.hear()
        before = datetime.now(UTC)
        await bob.tell(Say(text="  <b>hello</b>  "))

        said = await bob.hear()
        assert isinstance(said, Said)
        assert (said.name, said.text) == ("Bob", "<b>hello</b>")
        assert before <= said.at <= datetime.now(UTC)
        assert await ada.hear() == said


async def test_rooms_are_apart(chat: Starlette) -> None:
    """What is said in one room is not heard in another."""
    async with Client(chat) as ada, WebsocketCommunicator(chat, "/ws/kitchen") as cook:
        await ada.join("Ada")
        await cook.send_to(Join(name="Ada").model_dump_json())
        await cook.receive_from()
        await ada.tell(Say(text="hello"))
        await ada.hear()

        assert await cook.receive_nothing()


async def test_latecomer_reads_what_was_said_last(chat: Starlette) -> None:
    """The history is in order, and does not grow for ever."""
    async with Client(chat) as ada:
        await ada.join("Ada")
        for number in range(60):
            await ada.tell(Say(text=str(number)))
            await ada.hear()
        async with Client(chat) as bob:
            welcome = await bob.join("Bob")

            assert [said.text for said in welcome.history] == [str(number) for number in range(10, 60)]


async def test_nothing_is_heard_twice(chat: Starlette) -> None:
    """A message is either in the history of a newcomer or comes later, never both."""
    async with Client(chat) as ada, Client(chat) as bob:
        await ada.join("Ada")
        await ada.tell(Say(text="before"))
        await bob.tell(Join(name="Bob"))
        await ada.tell(Say(text="after"))

        welcome = await bob.hear()
        assert isinstance(welcome, Welcome)
        heard = [said.text for said in welcome.history]
        while len(heard) < 2:
            said = await bob.hear()
            assert isinstance(said, Said)
            heard.append(said.text)
        assert heard == ["before", "after"]
        assert await bob.receive_nothing()


async def test_news_that_the_client_knows_is_dropped(chat: Starlette) -> None:
    """What was on its way while the room was looked at is told once, as is one's own coming."""
    async with Client(chat) as ada, Client(chat) as bob:
        await ada.join("Ada")
        await ada.tell(Say(text="hello"))
        said = await ada.hear()
        assert isinstance(said, Said)
        assert (await bob.join("Bob")).history == [said]
        for news in (said, Joined(name="Bob")):
            await LOBBY.send(RoomNews(news=news))

        assert [await ada.hear() for _ in range(3)] == [Joined(name="Bob"), said, Joined(name="Bob")]
        assert await bob.receive_nothing()


async def test_saying_something_without_a_name_is_refused(chat: Starlette) -> None:
    """First comes the name."""
    async with Client(chat) as nobody:
        await nobody.tell(Say(text="hello"))

        assert await nobody.hear() == Refused(reason="Say who you are first.")


# Losses


async def test_gap_is_filled(chat: Starlette) -> None:
    """A client is welcomed anew after news may have been lost, and knows everything again."""
    async with Client(chat) as ada, Client(chat) as bob:
        await ada.join("Ada")
        await bob.join("Bob")
        await ada.hear()
        await ada.tell(Say(text="hello"))
        said = await ada.hear()
        assert isinstance(said, Said)
        await channel_layers["chat"].group_send(LOBBY.group_name, ChannelGap(reason="outage"))

        assert await ada.hear() == Welcome(people=["Ada", "Bob"], history=[said])


@pytest.mark.parametrize("chat", ["redis"], indirect=True)
async def test_name_without_a_lease_is_swept(
    chat: Starlette, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are told that its owner has left, and that they are back, if their process was just slow."""
    monkeypatch.setattr(redis_rooms, "BEAT", 0.01)
    # The first beat has begun already, and is a long one.
    async with RedisRooms(redis.url).kept() as others, Client(chat) as ada, Client(chat) as bob:
        await ada.join("Ada")
        await bob.join("Bob")
        await ada.hear()
        assert await others.enter(LOBBY, "Eve", "her channel")
        await ada.hear()
        await redis.run("DEL", f"{LOBBY.group_name}:name:Bob")

        assert [await ada.hear(), await ada.hear()] == [Left(name="Bob"), Joined(name="Bob")]


@pytest.mark.parametrize("chat", ["redis"], indirect=True)
async def test_ghost_is_not_shown_and_keeps_no_name(chat: Starlette, redis: RedisServer) -> None:
    """What a killed process has left behind is not seen by newcomers, and in nobody's way."""
    async with Client(chat) as ada, Client(chat) as bob:
        await ada.join("Ada")
        await redis.run("SADD", f"{LOBBY.group_name}:people", "Bob", "Eve")

        assert (await bob.join("Bob")).people == ["Ada", "Bob"]
        assert [await ada.hear(), await ada.hear()] == [Left(name="Bob"), Joined(name="Bob")]


async def test_whoever_is_here_says_so_when_others_hear_that_they_left(chat: Starlette) -> None:
    """The news of a namesake, whose process has vanished, may come late."""
    async with Client(chat) as ada, Client(chat) as bob:
        await ada.join("Ada")
        await bob.join("Bob")
        await ada.hear()
        await LOBBY.send(RoomNews(news=Left(name="Bob")))

        assert [await ada.hear(), await ada.hear()] == [Left(name="Bob"), Joined(name="Bob")]
        assert await bob.receive_nothing()


@pytest.mark.parametrize("chat", ["redis"], indirect=True)
async def test_leases_are_extended(
    chat: Starlette, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stays keeps the name, for longer than one lease."""
    monkeypatch.setattr(redis_rooms, "BEAT", 0.01)
    lease = f"{LOBBY.group_name}:name:Ada"

    async def is_extended() -> bool:
        return int(await redis.run("PTTL", lease)) > 3000

    async with RedisRooms(redis.url).kept() as rooms:
        assert await rooms.enter(LOBBY, "Ada", "her channel")
        await redis.run("PEXPIRE", lease, 3000)
        await is_true(is_extended)


@pytest.mark.parametrize("chat", ["redis"], indirect=True)
async def test_name_that_was_lost_is_not_taken_back(chat: Starlette, redis: RedisServer) -> None:
    """Whoever has the name by now keeps it; the other one has to come again."""
    async with Client(chat) as ada:
        await ada.join("Ada")
        await redis.run("SET", f"{LOBBY.group_name}:name:Ada", "another channel")
        await LOBBY.send(RoomNews(news=Left(name="Ada")))

        assert await ada.receive_close() == (1013, "")
    assert await redis.run("GET", f"{LOBBY.group_name}:name:Ada") == b"another channel"


# Limits


@pytest.mark.parametrize(
    "message",
    [
        {"type": "join", "name": ""},
        {"type": "join", "name": " \n"},
        {"type": "join", "name": "x" * 25},
        {"type": "join"},
        {"type": "join", "name": "Ada", "admin": True},
        {"type": "say", "text": ""},
        {"type": "say", "text": "x" * 1001},
        {"type": "say", "text": 1},
        {"type": "said", "name": "Ada", "text": "I never said that", "at": "2026-01-01T00:00:00Z"},
        {"type": "shout", "text": "hello"},
        [],
    ],
)
async def test_message_outside_the_protocol_ends_the_connection(chat: Starlette, message: object) -> None:
    """The models are the limits: what they do not allow is answered with close code 1007."""
    with pytest.raises(ValidationError):
        client_messages.validate_python(message)
    async with Client(chat) as client:
        await client.send_json_to(message)

        assert await client.receive_close() == (1007, "")


async def test_rooms_nobody_is_in_make_place_for_others(chat: Starlette) -> None:
    """There is a limit to the number of rooms in memory; the oldest empty one goes first."""
    rooms = MemoryRooms(limit=2)
    first, second, third = (RoomGroup(room=room) for room in ("first", "second", "third"))
    await rooms.enter(first, "Ada", "her channel")
    await rooms.say(second, SAID)
    await rooms.say(third, SAID)

    assert (await rooms.look(third)).history == [SAID]
    assert (await rooms.look(first)).people == ["Ada"]
    assert (await rooms.look(second)).history == []


async def test_room_with_people_in_it_stays(chat: Starlette) -> None:
    """The limit costs nobody the room in which they are."""
    rooms = MemoryRooms(limit=1)
    full, other = RoomGroup(room="full"), RoomGroup(room="other")
    await rooms.enter(full, "Ada", "her channel")
    await rooms.say(other, SAID)

    assert (await rooms.look(full)).people == ["Ada"]


# The page


async def test_page_is_served_at_the_root(chat: Starlette) -> None:
    """One page without anything to load from elsewhere."""
    async with AsyncClient(transport=ASGITransport(chat), base_url="http://testserver") as client:
        response = await client.get("/")

    assert response.status_code == 200
    assert re.findall(r'(?:src|href)="(\w+:)', response.text) == ["data:"]


def test_page_knows_every_message() -> None:
    """The page has a function for each message of the server, and limits its inputs as the models do."""
    page = (Path(__file__).parents[2] / "examples" / "chat" / "page.html").read_text()

    kinds: tuple[type[BaseModel], ...] = get_args(ServerMessage)
    for kind in kinds:
        assert f"\n  {kind.model_fields['type'].default}(" in page
    assert 'id="name" required maxlength="24"' in page
    assert 'id="text" maxlength="1000"' in page


async def test_layer_is_there_while_the_chat_runs() -> None:
    """The application brings its own channel layer, and takes it away at the end."""
    app = create_app()

    async with app.router.lifespan_context(app):
        assert has_layers()
    assert not has_layers()


# The command line


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--redis", f"redis://127.0.0.1:{free_port()}"], "error: cannot use Redis: Error 111"),
        (["--redis", "localhost"], "error: cannot use Redis: Redis URL must specify"),
        (["--workers", "4"], "error: --workers needs --redis"),
    ],
)
def test_what_cannot_work_is_said_at_once(
    options: list[str], problem: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a Redis there is one sentence and status 2, rather than a server that nobody can use."""
    monkeypatch.setattr(sys, "argv", ["chat", *options])

    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err
