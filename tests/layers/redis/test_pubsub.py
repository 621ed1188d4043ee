"""The channel layer on Redis' publish and subscribe, while everything works."""

import asyncio
import gc
import inspect
import logging
import sys
import threading
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import pytest

from fast_channels.exceptions import ChannelFull
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer
from fast_channels.messages import ChannelEvent
from tests.layers.conftest import Clock, soon
from tests.layers.redis.conftest import PubSubMaker
from tests.layers.redis.listener import attach
from tests.layers.redis.server import RedisServer, is_true


class Said(ChannelEvent):
    """An event of the application."""

    type: Literal["said"] = "said"
    text: str


async def settled(layer: RedisPubSubChannelLayer, channel: str) -> None:
    """Return when whatever was sent to a channel of a layer before has arrived."""
    await layer.send(channel, {"type": "settled"})
    while (await soon(layer.receive(channel)))["type"] != "settled":
        pass


async def test_a_group_reaches_channels_of_every_process(pubsub: PubSubMaker) -> None:
    """Every member gets a group's message, wherever it is, and whoever has left does not."""
    one, two = pubsub(), pubsub()
    here, there, left = await one.new_channel(), await two.new_channel(), await two.new_channel()
    await one.group_add("g", here)
    await two.group_add("g", there)
    await two.group_add("g", left)
    await two.group_discard("g", left)

    await one.group_send("g", {"type": "said", "text": "all"})

    assert await soon(one.receive(here)) == {"type": "said", "text": "all"}
    assert await soon(two.receive(there)) == {"type": "said", "text": "all"}
    await two.send(left, {"type": "next"})
    assert await soon(two.receive(left)) == {"type": "next"}


async def test_a_message_reaches_a_channel_of_another_process(pubsub: PubSubMaker) -> None:
    """`send()` finds the process of a channel by its name, and only that channel gets the message."""
    one, two = pubsub(), pubsub()
    channel, other = await two.new_channel(), await two.new_channel("chat")

    await one.send(channel, Said(text="hello"))
    await one.send(other, {"type": "other"})

    assert await soon(two.receive(channel)) == {"type": "said", "text": "hello"}
    assert await soon(two.receive(other)) == {"type": "other"}
    assert one.stats().unheard == 0


async def test_a_message_to_nobody_is_counted(pubsub: PubSubMaker) -> None:
    """Redis keeps nothing for those who are not there, so the sender's statistics tell of it."""
    layer = pubsub()

    await layer.send("nobody", {"type": "x"})
    await layer.send("specific.nobody!1", {"type": "x"})

    assert layer.stats().unheard == 2


async def test_a_plain_channel_is_heard_from_the_first_receive_on(
    pubsub: PubSubMaker, redis: RedisServer
) -> None:
    """A channel without a process is subscribed to by those who receive on it, also between two calls."""
    one, two = pubsub(), pubsub()
    waiting = asyncio.create_task(two.receive("worker"))

    async def heard() -> bool:
        return "worker" in await redis.subscriptions()

    async def unheard() -> bool:
        return not await heard()

    await is_true(heard)
    await one.send("worker", {"type": "one"})
    assert await soon(waiting) == {"type": "one"}

    await one.send("worker", {"type": "two"})
    assert await soon(two.receive("worker")) == {"type": "two"}

    await two.close_channel("worker")
    await is_true(unheard)


async def is_unused(server: RedisServer) -> None:
    """Return when a server has no clients any more."""

    async def unused() -> bool:
        return not await server.connections()

    await is_true(unused)


async def test_messages_of_a_sender_come_in_order(pubsub: PubSubMaker) -> None:
    """Delivery is first in, first out per sender, group and direct messages each."""
    one, two = pubsub(capacity=1000), pubsub(capacity=1000)
    channel = await two.new_channel()
    await two.group_add("g", channel)

    await asyncio.gather(*(one.group_send("g", {"n": n}) for n in range(500)))

    assert [await soon(two.receive(channel)) for _ in range(500)] == [{"n": n} for n in range(500)]


async def test_what_is_sent_after_group_add_arrives(pubsub: PubSubMaker) -> None:
    """`group_add()` returns when the server has acknowledged it, so another process may send at once."""
    one, two = pubsub(), pubsub()
    for n in range(50):
        channel = await two.new_channel()
        await two.group_add(f"g{n}", channel)
        await one.group_send(f"g{n}", {"n": n})
        assert await soon(two.receive(channel)) == {"n": n}


async def test_simultaneous_connects_use_two_connections(own_redis: RedisServer) -> None:
    """500 consumers that come at once need no more connections than one, and none of them fails."""
    async with RedisPubSubChannelLayer([own_redis.url]) as layer:

        async def connect(n: int) -> None:
            await layer.group_add(f"g{n % 50}", await layer.new_channel())

        await soon(asyncio.gather(*map(connect, range(500))))
        await layer.group_send("g1", {"type": "x"})

        assert await own_redis.connections() == 2
        assert len(await own_redis.subscriptions()) == 51


async def test_every_receiver_gets_a_message_of_its_own(pubsub: PubSubMaker) -> None:
    """What one member does to a message does not reach the others."""
    layer = pubsub()
    one, two = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("g", one)
    await layer.group_add("g", two)

    await layer.group_send("g", {"list": [1, {"a": b"b"}], "none": None, "float": 1.5})
    first = await soon(layer.receive(one))
    first["list"][1]["a"] = 2

    assert await soon(layer.receive(two)) == {"list": [1, {"a": b"b"}], "none": None, "float": 1.5}


async def test_a_frame_is_decoded_once_for_all_members(
    pubsub: PubSubMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decryption and decoding cost the same for one member as for many."""
    layer = pubsub(symmetric_encryption_keys=["key"])
    channels = [await layer.new_channel() for _ in range(20)]
    for channel in channels:
        await layer.group_add("g", channel)
    decoded: list[bytes] = []
    deserialize = layer.deserialize

    def watched(message: bytes) -> Any:
        decoded.append(message)
        return deserialize(message)

    monkeypatch.setattr(layer, "deserialize", watched)
    await layer.group_send("g", {"type": "x"})

    for channel in channels:
        assert await soon(layer.receive(channel)) == {"type": "x"}
    assert len(decoded) == 1


async def test_a_full_channel_drops_its_oldest_messages(pubsub: PubSubMaker) -> None:
    """The default policy keeps what is newest, counts the rest, and the neighbour misses nothing."""
    layer = pubsub(capacity=3)
    slow, quick = await layer.new_channel(), await layer.new_channel()
    await layer.group_add("g", slow)
    await layer.group_add("g", quick)

    for n in range(10):
        await layer.group_send("g", {"n": n})
        assert await soon(layer.receive(quick)) == {"n": n}

    assert [(await soon(layer.receive(slow)))["n"] for _ in range(3)] == [7, 8, 9]
    assert layer.stats().dropped_full == 7
    assert layer.stats().waiting == 0


async def test_a_channel_may_keep_its_oldest_messages_instead(pubsub: PubSubMaker) -> None:
    """The policy "drop_newest" is the memory layer's."""
    layer = pubsub(channel_capacity={"specific.*": 3}, overflow="drop_newest")
    channel = await layer.new_channel()

    for n in range(10):
        await layer.send(channel, {"n": n})
    witness = await layer.new_channel("other")
    await settled(layer, witness)

    assert [(await soon(layer.receive(channel)))["n"] for _ in range(3)] == [0, 1, 2]
    assert layer.stats().dropped_full == 7


async def test_a_channel_may_fail_instead(pubsub: PubSubMaker) -> None:
    """The policy "close" ends a consumer that is too slow, so that it can begin anew."""
    layer = pubsub(capacity=3, overflow="close")
    channel = await layer.new_channel()
    for n in range(4):
        await layer.send(channel, {"n": n})
    witness = await layer.new_channel()
    await settled(layer, witness)

    with pytest.raises(ChannelFull, match="was not read in time"):
        await soon(layer.receive(channel))

    await layer.send(channel, {"n": 4})
    assert await soon(layer.receive(channel)) == {"n": 4}


async def test_a_message_that_nobody_takes_expires(pubsub: PubSubMaker, clock: Clock) -> None:
    """The expiry counts from the arrival, by the clock of the process that received it."""
    layer = pubsub(expiry=10, clock=clock)
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "old"})
    await settled(layer, await layer.new_channel())

    clock.now += 10
    await layer.send(channel, {"type": "new"})

    assert await soon(layer.receive(channel)) == {"type": "new"}
    assert layer.stats().expired == 1


async def test_a_closed_channel_leaves_nothing_behind(own_redis: RedisServer) -> None:
    """Groups, messages and subscriptions of a consumer that has ended are gone, except for the inbox."""
    async with RedisPubSubChannelLayer([own_redis.url]) as layer:
        channel = await layer.new_channel()
        await layer.group_add("one", channel)
        await layer.group_add("two", channel)
        await layer.group_send("one", {"type": "x"})

        await layer.close_channel(channel)
        await layer.close_channel(channel)

        await settled(layer, await layer.new_channel())

        async def only_the_inbox() -> bool:
            names = await own_redis.subscriptions()
            return len(names) == 1 and "__inbox__" in names[0]

        await is_true(only_the_inbox)
        assert layer.stats().waiting == 0


async def test_flush_keeps_consumers_attached(pubsub: PubSubMaker) -> None:
    """Messages and groups are gone, whoever listens goes on, and another layer's groups are untouched."""
    layer, other = pubsub(), pubsub()
    channel, elsewhere = await layer.new_channel(), await other.new_channel()
    told: list[None] = []
    box = attach(layer, channel, lambda: told.append(None))
    await layer.group_add("g", channel)
    await other.group_add("g", elsewhere)
    await layer.group_send("g", {"type": "lost"})
    await soon(other.receive(elsewhere))

    await layer.flush()
    await layer.group_send("g", {"type": "x"})
    assert await soon(other.receive(elsewhere)) == {"type": "x"}
    await layer.send(channel, {"type": "direct"})
    await settled(layer, await layer.new_channel())

    assert box.take() == {"type": "direct"}
    assert box.take() is None


async def test_a_layer_can_be_used_again_after_close(pubsub: PubSubMaker) -> None:
    """Closing ends connections and keeps the statistics; what comes next connects anew."""
    layer = pubsub()
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "x"})
    await soon(layer.receive(channel))

    await layer.close()
    await layer.close()

    channel = await layer.new_channel()
    await layer.send(channel, {"type": "y"})
    assert await soon(layer.receive(channel)) == {"type": "y"}
    assert layer.stats().taken == 2


async def test_a_channel_of_another_process_cannot_join(pubsub: PubSubMaker) -> None:
    """Memberships are where the channel is; elsewhere the error says so."""
    one, two = pubsub(), pubsub()
    channel = await one.new_channel()

    with pytest.raises(RuntimeError, match="only that one can use it"):
        await two.group_add("g", channel)


async def test_a_channel_that_is_closed_while_it_joins_is_no_member(pubsub: PubSubMaker) -> None:
    """Whoever joins it hears so; it would wait for messages that never come."""
    layer = pubsub()
    channel = await layer.new_channel()
    joining = asyncio.ensure_future(layer.group_add("g", channel))
    await asyncio.sleep(0)

    await layer.close_channel(channel)

    with pytest.raises(RuntimeError, match="it is closed"):
        await joining


async def test_a_message_to_a_closed_channel_is_unheard(pubsub: PubSubMaker) -> None:
    """Its process lives and hears it; it is counted, and no mailbox is made that nobody will read."""
    one, two = pubsub(), pubsub()
    closed, witness = await two.new_channel(), await two.new_channel()
    await two.close_channel(closed)
    forged = closed[:-1] + ("0" if closed[-1] != "0" else "1")

    for n in range(3):
        await one.send(closed, {"n": n})
    await one.send(forged, {"n": 3})
    await settled(two, witness)

    stats = two.stats()
    assert (stats.unheard, stats.waiting, stats.sent, stats.undecodable) == (4, 0, 1, 0)


async def test_nothing_waits_on_a_channel_to_which_nothing_can_come(pubsub: PubSubMaker) -> None:
    """Closed channels, those of other processes and those that nobody made are refused, with the reason."""
    layer, other = pubsub(), pubsub()
    closed, elsewhere = await layer.new_channel(), await other.new_channel()
    waiting = asyncio.create_task(layer.receive(closed))
    await asyncio.sleep(0)
    await layer.close_channel(closed)

    with pytest.raises(RuntimeError, match=r"was closed while receive\(\) waited"):
        await soon(waiting)
    reasons = {closed: "it is closed", elsewhere: "by another process", "a.b!c": "by another process"}
    for channel, reason in reasons.items():
        with pytest.raises(RuntimeError, match=reason):
            await soon(layer.receive(channel))
        with pytest.raises(RuntimeError, match=reason):
            await layer.group_add("g", channel)
        with pytest.raises(RuntimeError, match=reason):
            layer.listen(channel, lambda: None)
    assert layer.stats().waiting == 0


def test_a_channel_of_an_event_loop_that_has_ended(pubsub: PubSubMaker, redis: RedisServer) -> None:
    """Request and reply through `async_to_sync()` have a loop for each call; the error says what is wrong."""
    layer = RedisPubSubChannelLayer([redis.url])
    channel = asyncio.run(layer.new_channel())

    with pytest.raises(RuntimeError, match=r"another event loop; if that has ended, its messages are lost"):
        asyncio.run(soon(layer.receive(channel)))


async def test_a_channel_of_another_event_loop_can_be_read(pubsub: PubSubMaker) -> None:
    """While that runs: what comes there can be taken in every thread of the process."""
    layer = pubsub()
    channel = await layer.new_channel()

    async def receive() -> dict[str, Any]:
        # A delivery of its own, so that this is not the first that is looked at.
        await layer.new_channel()
        return await soon(layer.receive(channel))

    got = asyncio.create_task(asyncio.to_thread(asyncio.run, receive()))
    await layer.send(channel, {"type": "x"})

    assert await got == {"type": "x"}


@pytest.mark.parametrize("kind", [RedisPubSubChannelLayer, RedisChannelLayer])
@pytest.mark.parametrize("name", ["{}__group__admins", "other__group__admins", "{}__inbox__!abc"])
async def test_a_channel_cannot_have_the_name_of_a_group(
    kind: type[RedisPubSubChannelLayer], name: str, redis: RedisServer, prefix: str
) -> None:
    """Whoever chooses a channel's name reaches, hears and ends no group, of this application or another."""
    channel = name.format(prefix)
    async with kind([redis.url], prefix) as layer:
        member = await layer.new_channel()
        await layer.group_add("admins", member)
        for step in (
            layer.send(channel, {}),
            layer.receive(channel),
            layer.group_add("g", channel),
            layer.group_discard("g", channel),
            layer.close_channel(channel),
        ):
            with pytest.raises(TypeError, match="reserved for groups and inboxes on Redis"):
                await step
        with pytest.raises(TypeError, match="reserved for groups and inboxes on Redis"):
            layer.listen(channel, lambda: None)

        await layer.group_send("admins", {"type": "x"})
        assert await soon(layer.receive(member)) == {"type": "x"}


async def test_a_plain_channel_can_join_a_group(pubsub: PubSubMaker) -> None:
    """A worker's channel is a member where it was added."""
    layer = pubsub()
    await layer.group_add("g", "worker")
    await layer.group_send("g", {"type": "x"})

    assert await soon(layer.receive("worker")) == {"type": "x"}


async def test_several_shards_share_the_groups(
    own_redis: RedisServer, redis: RedisServer, prefix: str
) -> None:
    """Every process finds the server of a name in the same way."""
    hosts = [redis.url, own_redis.url]
    async with (
        RedisPubSubChannelLayer(hosts, prefix) as one,
        RedisPubSubChannelLayer(hosts, prefix) as two,
    ):
        channel = await two.new_channel()
        for n in range(20):
            await two.group_add(f"g{n}", channel)
            await one.group_send(f"g{n}", {"n": n})
            assert await soon(two.receive(channel)) == {"n": n}
        assert 0 < len(await own_redis.subscriptions()) < 21


async def test_prefixes_keep_applications_apart(pubsub: PubSubMaker) -> None:
    """Two applications can share a server."""
    one, two = pubsub(prefix="one"), pubsub(prefix="two")
    a, b = await one.new_channel(), await two.new_channel()
    await one.group_add("g", a)
    await two.group_add("g", b)

    await one.group_send("g", {"type": "one"})
    await two.group_send("g", {"type": "two"})

    assert await soon(one.receive(a)) == {"type": "one"}
    assert await soon(two.receive(b)) == {"type": "two"}


DATABASES: dict[str, Callable[[RedisServer], Any]] = {
    "0": lambda server: server.url,
    "0 by its number": lambda server: f"{server.url}/0",
    "1": lambda server: f"{server.url}/1",
    "2": lambda server: {"host": "127.0.0.1", "port": server.port, "db": 2},
    "3": lambda server: f"{server.url}?db=3",
}


@pytest.mark.parametrize("kind", [RedisPubSubChannelLayer, RedisChannelLayer])
@pytest.mark.parametrize("receiver", DATABASES)
@pytest.mark.parametrize("sender", DATABASES)
async def test_databases_keep_applications_apart(
    kind: type[RedisPubSubChannelLayer], sender: str, receiver: str, redis: RedisServer, prefix: str
) -> None:
    """As they do for everything but publish and subscribe: staging and production may share a server."""
    same = sender[0] == receiver[0]
    async with (
        kind([DATABASES[sender](redis)], prefix) as one,
        kind([DATABASES[receiver](redis)], prefix) as two,
    ):
        channel = await two.new_channel()
        await two.group_add("g", channel)
        named = asyncio.create_task(two.receive(f"{prefix}.worker"))
        await two.group_add("ready", f"{prefix}.worker")
        await two.group_send("ready", {"from": "itself"})
        assert await soon(named) == {"from": "itself"}

        await one.group_send("g", {"from": "group"})
        await one.send(channel, {"from": "send"})
        await one.send(f"{prefix}.worker", {"from": "send"})
        await two.send(channel, {"from": "itself"})
        await two.send(f"{prefix}.worker", {"from": "itself"})

        expected = ["group", "send", "itself"] if same else ["itself"]
        assert [(await soon(two.receive(channel)))["from"] for _ in expected] == expected
        expected = ["send", "itself"] if same else ["itself"]
        assert [(await soon(two.receive(f"{prefix}.worker")))["from"] for _ in expected] == expected
        await one.flush()


async def test_database_0_has_the_names_of_channels_redis(pubsub: PubSubMaker, redis: RedisServer) -> None:
    """What a Django process on database 0 publishes is heard, and no other number is in a name."""
    layer, other = pubsub(), pubsub(hosts=[f"{redis.url}/7"])
    await layer.group_add("g", await layer.new_channel())
    await other.group_add("g", await other.new_channel())

    names = await redis.subscriptions()
    assert f"{layer.prefix}__group__g" in names
    assert f"7/{layer.prefix}__group__g" in names


async def test_a_layer_needs_no_await_inside_a_consumers_callback(pubsub: PubSubMaker) -> None:
    """Whoever listens is told of what waits already, and once for each message."""
    layer = pubsub()
    channel = await layer.new_channel()
    await layer.send(channel, {"n": 1})
    await settled(layer, await layer.new_channel())
    told = asyncio.Semaphore(0)

    box = attach(layer, channel, told.release)
    await layer.send(channel, {"n": 2})

    for n in (1, 2):
        await soon(told.acquire())
        assert box.take() == {"n": n}
    with pytest.raises(RuntimeError, match="listens on channel"):
        layer.listen(channel, told.release)


@pytest.mark.parametrize("method", ["send", "group_send", "receive", "new_channel", "group_add", "flush"])
def test_methods_are_coroutine_functions(method: str) -> None:
    """Frameworks ask for it before they await a method."""
    assert inspect.iscoroutinefunction(getattr(RedisPubSubChannelLayer(), method))


async def test_names_are_checked(pubsub: PubSubMaker) -> None:
    """A bad name is a `TypeError` at the caller's line, in every method."""
    layer = pubsub()
    for step in (
        layer.send("a b", {}),
        layer.receive("a!b!c"),
        layer.new_channel("a!"),
        layer.group_send("a!b", {}),
        layer.group_add("a b", "c"),
        layer.group_add("a", "c d"),
        layer.group_discard("a b", "c"),
        layer.group_discard("a", "c d"),
    ):
        with pytest.raises(TypeError, match="name must be a valid unicode string"):
            await step
    with pytest.raises(TypeError, match="name must be a valid unicode string"):
        layer.listen("a b", lambda: None)


@pytest.mark.parametrize("options", [{"capcity": 1}, {"on_disconnect": None}, {"group_expiry": 1}])
def test_unknown_options_are_refused(options: dict[str, Any]) -> None:
    """A typing mistake in the settings is an error, not silence."""
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        RedisPubSubChannelLayer(**options)


@pytest.mark.parametrize(
    ("host", "error"),
    [
        ("http://localhost", ValueError),
        ("redis://localhost:port", ValueError),
        ("redis://localhost?nonsense=1", TypeError),
        ({"host": "localhost", "nonsense": 1}, TypeError),
        ({"host": "localhost", "port": "port"}, ValueError),
        ({"address": "redis://localhost", "socket_timeout": "long"}, ValueError),
    ],
)
def test_hosts_are_checked_at_once(host: Any, error: type[Exception]) -> None:
    """The line that is wrong raises, rather than the first consumer that needs a connection."""
    with pytest.raises(error):
        RedisPubSubChannelLayer([host])


def test_a_prefix_is_text() -> None:
    """Bytes would make names that no other process uses."""
    with pytest.raises(TypeError, match="prefix has to be a str, not bytes"):
        RedisPubSubChannelLayer(prefix=b"app")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_there_is_time_between_two_pings(seconds: float) -> None:
    """Otherwise no server could answer in time."""
    with pytest.raises(ValueError, match="ping_interval has to be more than 0 seconds, not"):
        RedisPubSubChannelLayer(ping_interval=seconds)


def test_a_policy_is_one_of_three() -> None:
    """A typing mistake would else show when a channel is full, and take the connection down."""
    with pytest.raises(ValueError, match=r"overflow has to be one of .*'drop_newest'.*, not 'drop'"):
        RedisPubSubChannelLayer(overflow="drop")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the mistake


async def test_values_that_no_layer_carries_are_refused(pubsub: PubSubMaker) -> None:
    """The error is the memory layer's, and nothing was sent."""
    layer = pubsub()
    with pytest.raises(TypeError, match=r'message\["x"\] is a set'):
        await layer.send("a", {"x": {1}})
    with pytest.raises(TypeError, match=r'message\["x"\] is a set'):
        await layer.group_send("a", {"x": {1}})


async def test_poison_is_counted_and_kills_nobody(
    pubsub: PubSubMaker, redis: RedisServer, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes that are no message, or for nobody here, are logged once for each mistake, and all go on."""
    layer = pubsub()
    channel = await layer.new_channel()
    await layer.group_add("g", channel)
    inbox = f"{prefix}__inbox__!{channel.partition('!')[0].rpartition('.')[2]}"
    frames = [
        (f"{prefix}__group__g", b"\xc1"),
        (f"{prefix}__group__g", b"\xc1"),
        (f"{prefix}__group__g", b""),
        (f"{prefix}__group__g", b"\x93\x01\x02\x03"),  # a list
        (f"{prefix}__group__g", b"\x81\x01\x02"),  # a key that is no text
        (f"{prefix}__group__g", b"\x81\xa1a\xc7\x01\x05a"),  # an extension type
        (inbox, b"\x80"),  # for no channel
        (inbox, b"\x81\xb0__asgi_channel__\xa5other"),  # for a channel that is not here
    ]

    with caplog.at_level(logging.WARNING):
        for name, frame in frames:
            await redis.run("PUBLISH", name, frame)
        await layer.group_send("g", {"type": "fine"})
        assert await soon(layer.receive(channel)) == {"type": "fine"}

    assert layer.stats().undecodable >= 7
    assert 1 <= len(caplog.records) < layer.stats().undecodable


async def test_a_frame_with_another_key_is_counted_and_kills_nobody(pubsub: PubSubMaker) -> None:
    """Processes with different keys do not read each other, and nobody suffers."""
    one, two = pubsub(symmetric_encryption_keys=["a"]), pubsub(symmetric_encryption_keys=["b"])
    channel = await two.new_channel()
    await two.group_add("g", channel)

    await one.group_send("g", {"type": "foreign"})
    await two.group_send("g", {"type": "own"})

    assert await soon(two.receive(channel)) == {"type": "own"}
    assert two.stats().undecodable == 1


async def test_keys_can_be_replaced_one_by_one(pubsub: PubSubMaker) -> None:
    """A process that knows both keys reads what either encrypts."""
    old = pubsub(symmetric_encryption_keys=["old"])
    both = pubsub(symmetric_encryption_keys=["new", "old"])
    new = pubsub(symmetric_encryption_keys=[b"new"])
    channel = await both.new_channel()
    await both.group_add("g", channel)

    await old.group_send("g", {"from": "old"})
    await new.group_send("g", {"from": "new"})

    assert await soon(both.receive(channel)) == {"from": "old"}
    assert await soon(both.receive(channel)) == {"from": "new"}


async def test_json_is_another_format(pubsub: PubSubMaker) -> None:
    """Messages can be readable for programs in other languages; bytes then are refused."""
    layer = pubsub(serializer_format="json")
    channel = await layer.new_channel()

    await layer.send(channel, {"type": "x", "text": "é"})
    assert await soon(layer.receive(channel)) == {"type": "x", "text": "é"}
    with pytest.raises(TypeError, match="bytes"):
        await layer.send(channel, {"type": "x", "data": b"y"})


# Event loops and threads


def test_two_event_loops_share_a_layer(redis: RedisServer, prefix: str) -> None:
    """Each loop has its own connections, and they meet at the server."""
    layer = RedisPubSubChannelLayer([redis.url], prefix)
    joined, ready = threading.Event(), threading.Event()

    async def listen() -> dict[str, Any]:
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        joined.set()
        return await soon(layer.receive(channel))

    got: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: got.append(asyncio.run(listen())))
    thread.start()
    assert joined.wait(10)
    asyncio.run(layer.group_send("g", {"type": "x"}))
    thread.join(10)
    ready.set()

    assert got == [{"type": "x"}]
    assert layer.stats().taken == 1


@pytest.mark.parametrize("pause", [0.01, 0.05])  # seconds that the end of a connection takes to arrive
def test_an_event_loop_may_run_now_and_then(own_redis: RedisServer, pause: float) -> None:
    """A connection that ended meanwhile is noticed before anything is written to it."""
    layer = RedisPubSubChannelLayer([own_redis.url])
    loop = asyncio.new_event_loop()
    for kind in ("normal", "pubsub"):
        channel = loop.run_until_complete(layer.new_channel())
        loop.run_until_complete(layer.group_add("g", channel))
        loop.run_until_complete(layer.group_send("g", {"n": 1}))
        assert loop.run_until_complete(soon(layer.receive(channel))) == {"n": 1}

        asyncio.run(own_redis.run("CLIENT", "KILL", "TYPE", kind))
        # A server is also restarted, or ends what is idle.
        time.sleep(pause)

        loop.run_until_complete(layer.group_send("g", {"n": 2}))
        loop.run_until_complete(layer.send(channel, {"n": 3}))
    loop.close()


def test_connections_end_with_their_event_loop(own_redis: RedisServer) -> None:
    """Whoever never closes the layer leaves neither tasks nor connections behind."""
    layer = RedisPubSubChannelLayer([own_redis.url])

    async def use() -> None:
        await layer.group_add("g", await layer.new_channel())
        await layer.group_send("g", {"type": "x"})

    for _ in range(3):
        asyncio.run(use())
    loop = asyncio.new_event_loop()
    loop.run_until_complete(use())
    loop.close()
    gc.collect()

    asyncio.run(is_unused(own_redis))


async def test_an_event_loop_may_be_closed_inside_another(own_redis: RedisServer) -> None:
    """A thread cannot run both, and the connections of the closed one end all the same."""
    layer = RedisPubSubChannelLayer([own_redis.url])
    loop = asyncio.new_event_loop()
    await asyncio.to_thread(loop.run_until_complete, layer.new_channel())

    loop.close()

    assert loop.is_closed()
    await is_unused(own_redis)


def test_an_event_loop_may_outlive_many_layers(own_redis: RedisServer) -> None:
    """However many there were, the loop keeps none of them that was closed and ends the last one."""
    loop = asyncio.new_event_loop()

    async def use_and_close(layer: RedisPubSubChannelLayer) -> None:
        async with layer:
            await layer.flush()

    def used() -> weakref.ref[RedisPubSubChannelLayer]:
        layer = RedisPubSubChannelLayer([own_redis.url])
        loop.run_until_complete(use_and_close(layer))
        return weakref.ref(layer)

    dead = [used() for _ in range(sys.getrecursionlimit())]
    gc.collect()
    assert [layer() for layer in dead if layer()] == []
    last = RedisPubSubChannelLayer([own_redis.url])
    loop.run_until_complete(last.new_channel())
    loop.close()

    asyncio.run(is_unused(own_redis))


async def test_close_reaches_the_connections_of_other_threads(own_redis: RedisServer) -> None:
    """One call ends everything of a layer."""
    layer = RedisPubSubChannelLayer([own_redis.url])
    await layer.new_channel()
    await asyncio.to_thread(layer.sync_send, "nobody", {"type": "x"})

    await asyncio.gather(layer.close(), layer.close())

    await is_unused(own_redis)


def test_a_layer_that_is_used_while_it_is_closed_ends_with_its_loop(own_redis: RedisServer) -> None:
    """Whoever comes meanwhile connects anew, and that connection does not outlive the event loop either."""
    layer = RedisPubSubChannelLayer([own_redis.url])

    async def use() -> None:
        await layer.new_channel()
        closing = asyncio.create_task(layer.close())
        await asyncio.sleep(0)
        channel = await layer.new_channel()
        await closing
        await layer.send(channel, {"type": "x"})
        assert await soon(layer.receive(channel)) == {"type": "x"}

    asyncio.run(use())
    asyncio.run(is_unused(own_redis))


def test_close_leaves_alone_what_does_not_run(own_redis: RedisServer) -> None:
    """The connections of an event loop that stands still are left to the end of that loop."""
    layer = RedisPubSubChannelLayer([own_redis.url])
    loop = asyncio.new_event_loop()
    channel = loop.run_until_complete(layer.new_channel())

    asyncio.run(layer.close())

    loop.run_until_complete(layer.send(channel, {"type": "x"}))
    assert loop.run_until_complete(soon(layer.receive(channel))) == {"type": "x"}
    loop.close()
    asyncio.run(is_unused(own_redis))


@pytest.mark.parametrize("stands_still", [False, True])
async def test_an_event_loop_may_end_while_the_layer_is_closed(
    own_redis: RedisServer, stands_still: bool
) -> None:
    """The call that closes the layer neither fails nor waits for a loop of another thread that has gone."""
    layer = RedisPubSubChannelLayer([own_redis.url])
    busy, free = threading.Event(), threading.Event()
    runner = asyncio.Runner()

    async def use() -> None:
        await layer.new_channel()
        busy.set()
        free.wait()

    def run() -> None:
        runner.run(use())
        if not stands_still:
            runner.close()

    running = asyncio.create_task(asyncio.to_thread(run))
    await asyncio.to_thread(busy.wait)
    closing = asyncio.create_task(layer.close())
    await asyncio.sleep(0)
    free.set()

    await soon(asyncio.gather(closing, running))

    await asyncio.to_thread(runner.close)
    await is_unused(own_redis)


async def test_whoever_does_not_wait_has_closed_the_layer_all_the_same(own_redis: RedisServer) -> None:
    """A cancelled call leaves no connection that nobody could end any more, and nothing uncounted."""
    layer = RedisPubSubChannelLayer([own_redis.url])
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "x"})
    await is_true(partial(has_come, layer))

    closing = asyncio.create_task(layer.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])

    assert closing.cancelled()
    await is_unused(own_redis)
    assert layer.stats().discarded == 1


async def has_come(layer: RedisPubSubChannelLayer) -> bool:
    """Tell whether a message waits in a layer."""
    await layer.send("nobody", {})
    return layer.stats().waiting == 1


async def test_lifespan_closes_the_layer(own_redis: RedisServer) -> None:
    """`lifespan=layer.lifespan` is all that Starlette and FastAPI need."""
    layer = RedisPubSubChannelLayer([own_redis.url])
    async with layer.lifespan(object()):
        await layer.new_channel()

    await is_unused(own_redis)
