"""What code relies on that was written for the Redis layers of fast-channels 1.1.0.

Much of it is stated where it belongs: hosts, shards and `create_pool()` in `test_hosts.py`, serializers in
`test_serializers.py`, arguments and queues in `test_core.py`, event loops, limits and unknown options in
`test_pubsub.py`, imports in `test_imports.py`, Sentinel in `test_high_availability.py`. The deliberate
differences are in `docs/differences.md`.
"""

import inspect
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from fast_channels.layers import BaseChannelLayer, get_channel_layer, register_channel_layer
from fast_channels.layers.redis import RedisChannelLayer, RedisPubSubChannelLayer, core, pubsub
from fast_channels.layers.redis import type_defs as redis_type_defs
from fast_channels.layers.redis import utils as redis_utils
from fast_channels.layers.redis.serializers import (
    BaseMessageSerializer,
    JSONSerializer,
    MsgPackSerializer,
    registry,
)
from tests.layers.conftest import soon
from tests.layers.redis.server import RedisServer

LAYERS: list[type[RedisPubSubChannelLayer]] = [RedisPubSubChannelLayer, RedisChannelLayer]
KINDS: pytest.MarkDecorator = pytest.mark.parametrize("kind", LAYERS)


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (core, ["ChannelFull", "RedisChannelLayer"]),
        (pubsub, ["RedisPubSubChannelLayer"]),
        (redis_utils, ["close_redis", "consistent_hash", "create_pool", "decode_hosts"]),
        (redis_type_defs, ["ChannelDecodedRedisHost", "ChannelRawRedisHost", "SymmetricEncryptionKeys"]),
    ],
)
def test_names_are_where_they_were(module: Any, names: list[str]) -> None:
    """By their long path, with the packages of the extra installed."""
    assert set(names) <= {*dir(module)}


@KINDS
def test_a_layer_is_made_when_its_module_is_imported(kind: type[RedisPubSubChannelLayer]) -> None:
    """Without an event loop and without a server; then it is registered."""
    layer = kind(hosts=["redis://127.0.0.1:1"])

    register_channel_layer("redis", layer)

    assert get_channel_layer("redis") is layer
    assert isinstance(layer, BaseChannelLayer)
    assert layer.extensions == ["groups", "flush"]


@KINDS
def test_hosts_and_prefix_may_be_given_by_position(kind: type[RedisPubSubChannelLayer]) -> None:
    """In this order; all else has names."""
    layer = kind(["redis://127.0.0.1:1", ("127.0.0.1", 2)], "app")

    assert layer.prefix == "app"
    assert layer.hosts == [{"address": "redis://127.0.0.1:1"}, {"host": "127.0.0.1", "port": 2}]


def test_all_arguments_of_the_queue_layer_may_be_given_by_position() -> None:
    """They are nine, and each is where it was."""
    layer = RedisChannelLayer([("127.0.0.1", 1)], "app", 30, 3600, 7, {"a*": 2}, ["key"], 8, "json")

    assert (layer.prefix, layer.expiry, layer.capacity) == ("app", 30, 7)
    assert (layer.get_capacity("abc"), layer.get_capacity("b")) == (2, 7)
    data = layer.serialize({"type": "secret"})
    assert b"secret" not in data
    assert layer.deserialize(data) == {"type": "secret"}


@KINDS
@pytest.mark.parametrize(
    "method",
    ["send", "receive", "new_channel", "group_add", "group_discard", "group_send", "flush"],
)
def test_the_methods_are_coroutine_functions(kind: type[RedisPubSubChannelLayer], method: str) -> None:
    """Wrappers such as asgiref's ask for it."""
    assert inspect.iscoroutinefunction(getattr(kind(), method))
    assert inspect.iscoroutinefunction(getattr(kind, method))


@KINDS
async def test_messages_need_no_type(
    kind: type[RedisPubSubChannelLayer], redis: RedisServer, prefix: str
) -> None:
    """That is the business of consumers."""
    async with kind([redis.url], prefix) as layer:
        channel = await layer.new_channel()
        await layer.group_add("g", channel)

        await layer.send(channel, {"text": "direct"})
        assert await soon(layer.receive(channel)) == {"text": "direct"}
        await layer.group_send("g", {"text": "group"})
        assert await soon(layer.receive(channel)) == {"text": "group"}


async def test_the_limits_of_the_pubsub_layer_mean_something(redis: RedisServer, prefix: str) -> None:
    """They were accepted and ignored; now a channel holds no more than they say."""
    async with RedisPubSubChannelLayer(
        hosts=[redis.url], prefix=prefix, expiry=30, capacity=3, channel_capacity={"one*": 1}
    ) as layer:
        for beginning, held in (("one", 1), ("more", 3)):
            channel = await layer.new_channel(beginning)
            other = await layer.new_channel()
            for n in range(5):
                await layer.send(channel, {"n": n})
            await layer.send(other, {"type": "after"})
            await soon(layer.receive(other))

            got = [await soon(layer.receive(channel)) for _ in range(held)]
            assert got == [{"n": n} for n in range(5 - held, 5)]
            assert layer.stats().waiting == 0


@pytest.mark.parametrize("beginning", ["specific", "specific.", "test-gr-chan-1"])
@KINDS
async def test_the_prefix_of_a_new_channel_may_end_with_a_dot(
    kind: type[RedisPubSubChannelLayer], beginning: str, redis: RedisServer, prefix: str
) -> None:
    """One layer had it so by default, the other one not; the name has one dot in either case."""
    async with kind([redis.url], prefix) as layer:
        assert (await layer.new_channel(beginning)).startswith(f"{beginning.removesuffix('.')}.")
        assert ".." not in await layer.new_channel(prefix=beginning)


@pytest.mark.parametrize("kind", [JSONSerializer, MsgPackSerializer])
@pytest.mark.parametrize("value", ["text", 1, 1.5, None, True, [1, "two", None], {"a": {"b": []}}])
def test_serializers_take_any_value(kind: type[BaseMessageSerializer], value: Any) -> None:
    """They are used apart from a layer too."""
    serializer = kind()

    assert serializer.deserialize(serializer.serialize(value)) == value


class ReadableSerializer:
    """Derived from nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.arguments = kwargs

    def serialize(self, message: Any) -> bytes:
        """Return something that a person can read."""
        return b"readable " + json.dumps(message).encode()

    def deserialize(self, message: bytes) -> Any:
        """Return the message."""
        return json.loads(message.removeprefix(b"readable "))


@KINDS
async def test_a_serializer_of_ones_own_needs_no_base(
    kind: type[RedisPubSubChannelLayer], redis: RedisServer, prefix: str
) -> None:
    """Two methods and a name are enough; the name goes into the options of the layer."""
    registry.register_serializer("readable", ReadableSerializer)
    async with kind([redis.url], prefix, serializer_format="readable") as layer:
        assert layer.serialize({"type": "a"}) == b'readable {"type": "a"}'
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "a"})
        assert await soon(layer.receive(channel)) == {"type": "a"}


class DatesAsText(JSONSerializer):
    """Changes how JSON is written and read, as subclasses of 1.1.0 did."""

    def as_bytes(self, message: Any, *args: Any, **kwargs: Any) -> bytes:
        """Write what JSON does not know as text."""
        return super().as_bytes(message, *args, default=str, **kwargs)

    def from_bytes(self, message: bytes, *args: Any, **kwargs: Any) -> Any:
        """Read numbers as text."""
        return super().from_bytes(message, *args, parse_int=str, **kwargs)


def as_text(message: Any) -> bytes:
    """Return what `repr()` says."""
    return repr(message).encode()


# As the serializers of 1.1.0 had functions for methods, which no checker understands.
Static: Any = type(
    "Static", (BaseMessageSerializer,), {"as_bytes": staticmethod(as_text), "from_bytes": staticmethod(len)}
)


def test_a_serializer_may_change_how_another_one_works() -> None:
    """`super()` takes the arguments of `json`, and functions may stand for methods."""
    dates = DatesAsText()

    assert dates.serialize({"at": datetime(2025, 6, 1, tzinfo=UTC)}) == b'{"at": "2025-06-01 00:00:00+00:00"}'
    assert dates.deserialize(b'{"n": 1}') == {"n": "1"}
    assert Static().serialize([1]) == b"[1]"
    assert Static().deserialize(b"abc") == 3


async def test_close_pools_ends_the_connections(own_redis: RedisServer) -> None:
    """Programs that end in order call it, as channels_redis has no `close()`."""
    layer = RedisChannelLayer([own_redis.url])
    await layer.send("work", {"type": "a"})
    assert await own_redis.connections() == 1

    await layer.close_pools()

    while await own_redis.connections():
        pass
    assert await soon(layer.receive("work")) == {"type": "a"}
    await layer.close_pools()
