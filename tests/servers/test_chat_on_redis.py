"""The chat in several processes, which have nothing in common but a Redis."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from websockets.sync.client import ClientConnection, connect

from examples.chat.messages import Join, Joined, Left, Refused, Said, Say, ServerMessage, Welcome
from examples.chat.redis_rooms import LEASE
from tests.layers.redis.server import RedisServer
from tests.servers.chat_client import code_of_close, hear, joined, tell
from tests.servers.server import Chat


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """A server that tests share; each has rooms of its own."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def chats(redis: RedisServer) -> Iterator[tuple[Chat, Chat]]:
    """Two processes."""
    with Chat(redis.url) as one, Chat(redis.url) as two:
        yield one, two


def hear_until(websocket: ClientConnection, last: ServerMessage) -> list[ServerMessage]:
    """Receive all messages up to a certain one."""
    heard = [hear(websocket)]
    while heard[-1] != last:
        heard.append(hear(websocket))
    return heard


def hear_text(websocket: ClientConnection) -> str:
    """Receive up to the next thing that is said."""
    while not isinstance(message := hear(websocket), Said):
        pass
    return message.text


def hear_welcome(websocket: ClientConnection) -> Welcome:
    """Receive up to the next welcome."""
    while not isinstance(message := hear(websocket), Welcome):
        pass
    return message


def processes_with_clients(redis: RedisServer) -> int:
    """Return how many processes of the chat have had clients: each has an inbox in Redis since then."""
    return sum("__inbox__" in name for name in asyncio.run(redis.subscriptions()))


def test_clients_of_two_processes_chat(chats: tuple[Chat, Chat]) -> None:
    """They see each other come, hear what is said and who goes, as if they were at the same server."""
    one, two = chats
    with joined(one, "two", "Ada") as (ada, _):
        with joined(two, "two", "Bob") as (bob, welcome):
            tell(bob, Say(text="hello"))
            said = hear(bob)

            assert welcome.people == ["Ada", "Bob"]
            assert isinstance(said, Said)
            assert (said.name, said.text) == ("Bob", "hello")
            assert [hear(ada), hear(ada)] == [Joined(name="Bob"), said]
        assert hear(ada) == Left(name="Bob")


def test_history_is_the_same_in_every_process(chats: tuple[Chat, Chat]) -> None:
    """A latecomer reads what was said at another process, though nobody is there any more."""
    one, two = chats
    with joined(one, "history", "Ada") as (ada, _):
        tell(ada, Say(text="one"))
        tell(ada, Say(text="two"))
        said = [hear(ada), hear(ada)]

    with joined(two, "history", "Bob") as (_, welcome):
        assert welcome.history == said


def test_name_is_taken_in_every_process(chats: tuple[Chat, Chat]) -> None:
    """Nobody can pass for somebody at another process; the name is free when its owner has left."""
    one, two = chats
    with joined(one, "names", "Eve") as (eve, _), connect(f"ws://{two.address}/ws/names") as imposter:
        with joined(one, "names", "Ada"):
            tell(imposter, Join(name="Ada"))
            assert hear(imposter) == Refused(reason="Somebody here is called Ada already.")
        hear_until(eve, Left(name="Ada"))
        reply: ServerMessage = Refused(reason="")
        while isinstance(reply, Refused):  # the name is given away after the goodbye
            tell(imposter, Join(name="Ada"))
            reply = hear(imposter)

        assert reply == Welcome(people=["Ada", "Eve"], history=[])


def test_workers_are_one_chat_until_they_end(redis: RedisServer) -> None:
    """Clients all over the workers of a server hear everything once, and goodbye when it is told to end."""
    elsewhere = processes_with_clients(redis)
    with Chat(redis.url, workers=4) as chat, ExitStack() as stack:
        clients: list[ClientConnection] = []
        while len(clients) < 12 or processes_with_clients(redis) < elsewhere + 2:
            clients.append(stack.enter_context(joined(chat, "workers", f"client-{len(clients)}"))[0])
            assert len(clients) < 100, "all clients came to the same worker"
        texts = [str(number) for number in range(len(clients))]
        for client, text in zip(clients, texts, strict=True):
            tell(client, Say(text=text))

        heard = [[hear_text(client) for _ in texts] for client in clients]
        assert [sorted(each, key=int) for each in heard] == [texts] * len(clients)
        # Whatever came twice would come before this.
        tell(clients[0], Say(text="end"))
        assert [hear_text(client) for client in clients] == ["end"] * len(clients)

        chat.terminate()
        chat.wait()
        assert [code_of_close(client) for client in clients] == [1012] * len(clients)
        assert "Traceback" not in chat.output


def test_people_of_a_killed_process_are_gone(redis: RedisServer, chats: tuple[Chat, Chat]) -> None:
    """They have left as soon as their leases have ended and the next beat has come, for all who are there."""
    one, _ = chats
    with Chat(redis.url) as victim, joined(one, "killed", "Ada") as (ada, _), joined(victim, "killed", "Bob"):
        assert hear(ada) == Joined(name="Bob")
        victim.kill()

        lease = "chat.killed:name:Bob"
        assert 0 < asyncio.run(redis.run("PTTL", lease)) <= LEASE * 1000
        # The test need not wait for that.
        asyncio.run(redis.run("DEL", lease))
        assert hear(ada) == Left(name="Bob")
        with joined(one, "killed", "Cy") as (_, welcome):
            assert welcome.people == ["Ada", "Cy"]
        assert [hear(ada), hear(ada)] == [Joined(name="Cy"), Left(name="Cy")]


def test_chat_survives_a_restart_of_redis() -> None:
    """Clients stay connected, are shown the room anew, and chat on, though Redis has lost its memory."""
    with (
        RedisServer() as redis,
        Chat(redis.url) as one,
        Chat(redis.url) as two,
        joined(one, "restart", "Ada") as (ada, _),
        joined(two, "restart", "Bob") as (bob, _),
    ):
        tell(bob, Say(text="before"))
        assert [hear_text(ada), hear_text(bob)] == ["before", "before"]

        redis.kill()
        redis.start()

        for client in (ada, bob):
            people = set(hear_welcome(client).people)
            while people != {"Ada", "Bob"}:
                news = hear(client)
                assert isinstance(news, Joined)
                people.add(news.name)
        tell(ada, Say(text="after"))
        assert [hear_text(ada), hear_text(bob)] == ["after", "after"]
