"""Where servers are, and which is responsible."""

import binascii
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.layers.redis import RedisPubSubChannelLayer
from fast_channels.layers.redis.hosts import (
    close_redis,
    consistent_hash,
    create_pool,
    decode_hosts,
    server_name,
)
from tests.layers.redis.server import RedisServer, redis


@pytest.mark.parametrize(
    ("hosts", "decoded"),
    [
        (None, [{"address": "redis://localhost:6379"}]),
        ([], [{"address": "redis://localhost:6379"}]),
        (["redis://a:1/2"], [{"address": "redis://a:1/2"}]),
        ([("a", 1), ["b", 2]], [{"host": "a", "port": 1}, {"host": "b", "port": 2}]),
        ([{"host": "a", "password": "p"}], [{"host": "a", "password": "p"}]),
    ],
)
def test_hosts_can_be_written_in_several_ways(hosts: Any, decoded: list[dict[str, Any]]) -> None:
    """A URL, a pair or arguments of redis-py; the local server by default."""
    assert decode_hosts(hosts) == decoded


@pytest.mark.parametrize("hosts", ["redis://a", b"redis://a", {"address": "redis://a"}])
def test_hosts_are_a_list(hosts: Any) -> None:
    """One string would otherwise be taken for a list of letters."""
    with pytest.raises(ValueError, match="hosts has to be a list"):
        decode_hosts(hosts)


@pytest.mark.parametrize(
    ("host", "error", "said"),
    [
        (b"redis://a", TypeError, r"hosts\[0\] is of type bytes; write a URL"),
        (6379, TypeError, r"hosts\[0\] is of type int; write a URL"),
        (("a", 1, 2), ValueError, r"hosts\[0\] has 3 items; write a URL"),
        (("redis://a", 1), ValueError, r"hosts\[0\] has a host name with a / or @"),
        ({"host": "me@a"}, ValueError, r"hosts\[0\] has a host name with a / or @"),
        ("redis://a:port", ValueError, r"hosts\[0\] is not a valid URL: the port has to be a number"),
        ("redis://[a", ValueError, r"hosts\[0\] is not a valid URL"),
    ],
)
def test_what_is_no_host_is_refused(host: Any, error: type[Exception], said: str) -> None:
    """The error says which of them, and what one can be."""
    with pytest.raises(error, match=said):
        decode_hosts([host])


SECRET = "s3cr3t"
HIDING_PLACES: list[Any] = [
    f"redis://:{SECRET}@host",
    f"redis://{SECRET}:{SECRET}@host".encode(),
    [f"http://:{SECRET}@host"],
    [f":{SECRET}@host"],
    [f"redis://:{SECRET}/more@host"],
    [f"redis://:{SECRET}?more@host"],
    [f"redis://:{SECRET}#more@host"],
    [f"redis://:{SECRET}@host:port"],
    [f"redis://:{SECRET}@[host"],
    [[f"redis://:{SECRET}@host"]],
    [(f"redis://:{SECRET}@host", 6379)],
    [f"redis://:{SECRET}@host".encode()],
    [{"host": f"redis://:{SECRET}@host"}],
    [{"url": f"redis://:{SECRET}@host"}],
    [{"host": "host", "password": SECRET, "nonsense": 1}],
    [f"redis://:{SECRET}@host?nonsense=1"],
    [f"redis://:{SECRET}@host?socket_timeout=long"],
]


@pytest.mark.parametrize("hosts", HIDING_PLACES)
def test_no_error_shows_a_password(hosts: Any) -> None:
    """Whatever is wrong with a host, and however it is chained: errors are read by many."""
    with pytest.raises((TypeError, ValueError)) as caught:
        RedisPubSubChannelLayer(hosts)

    assert SECRET not in "".join(traceback.format_exception(caught.value, chain=True)).partition("Error: ")[2]


def test_no_error_shows_a_password_in_the_wrong_argument() -> None:
    """Nor one that is given as the prefix."""
    hosts: Any = [f"redis://:{SECRET}@host"]
    with pytest.raises(TypeError, match="prefix has to be a str, not list") as caught:
        RedisPubSubChannelLayer(["redis://host"], hosts)

    assert SECRET not in str(caught.value)


SAFE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8).map(lambda text: f"~{text}")


@pytest.mark.property
@given(SAFE)
def test_no_error_shows_any_password(password: str) -> None:
    """Whichever characters it has, and whatever redis-py makes of them."""
    for address in (f"redis://:{password}@host", f"redis://{password}@host", f"{password}@host"):
        said: BaseException | str | None
        try:
            [host] = decode_hosts([address])
            create_pool(host)
            said = server_name(host)
        except ValueError as error:
            said = error
        while isinstance(said, BaseException):
            assert password not in str(said)
            said = said.__cause__ or said.__context__
        assert password not in (said or "")


@pytest.mark.parametrize(
    ("value", "ring_size", "expected"),
    [("key_one", 1, 0), ("key_two", 1, 0), ("key_one", 2, 1), ("key_two", 2, 0), ("key_one", 10, 6)],
)
def test_a_name_has_the_server_that_channels_redis_gives_it(
    value: str, ring_size: int, expected: int
) -> None:
    """Processes with channels_redis look for a group on the same server."""
    assert consistent_hash(value, ring_size) == expected
    assert consistent_hash(value.encode(), ring_size) == expected


@pytest.mark.property
@given(st.binary(), st.integers(1, 50))
def test_every_name_has_a_server(value: bytes, ring_size: int) -> None:
    """The servers share 4096 places evenly."""
    index = consistent_hash(value, ring_size)

    assert 0 <= index < ring_size
    assert index == int((binascii.crc32(value) & 0xFFF) / (4096 / ring_size))


@pytest.mark.parametrize(
    ("host", "options"),
    [
        ({"address": "redis://:p@a:1/2"}, {"host": "a", "port": 1, "db": 2, "password": "p"}),
        ({"address": "redis://a:1", "password": "p"}, {"host": "a", "port": 1, "password": "p"}),
        ({"host": "a", "port": 1, "username": "u"}, {"host": "a", "port": 1, "username": "u"}),
        ({"address": "unix:///run/redis"}, {"path": "/run/redis"}),
        ({"path": "/run/redis", "db": 1}, {"path": "/run/redis", "db": 1}),
        ({"address": "redis://a?protocol=3&socket_timeout=1"}, {"host": "a"}),
    ],
)
def test_whatever_redis_py_knows_is_passed_on(host: dict[str, Any], options: dict[str, Any]) -> None:
    """Databases, users and passwords reach the connection, and what this package needs has precedence."""
    before = {**host}
    pool = create_pool(host, socket_timeout=None, protocol=2)

    assert options.items() <= pool.connection_kwargs.items()
    assert pool.connection_kwargs["protocol"] == 2
    assert pool.connection_kwargs["socket_timeout"] is None
    assert host == before


def test_tls_is_passed_on() -> None:
    """`rediss` is Redis over TLS."""
    pool = create_pool({"address": "rediss://a:1?ssl_cert_reqs=none"})

    assert pool.connection_class is redis.SSLConnection
    assert pool.connection_kwargs["ssl_cert_reqs"] == "none"


def test_sentinel_is_a_host_too() -> None:
    """Sentinels, the name of the master, and their own password."""
    host = {
        "sentinels": [("a", 1), ("b", 2)],
        "master_name": "m",
        "sentinel_kwargs": {"password": "s", "socket_timeout": 7},
        "password": "p",
    }
    pool: Any = create_pool(host)

    assert pool.service_name == "m"
    assert pool.connection_kwargs["password"] == "p"
    asked = [sentinel.connection_pool.connection_kwargs for sentinel in pool.sentinel_manager.sentinels]
    assert [(kwargs["host"], kwargs["password"]) for kwargs in asked] == [("a", "s"), ("b", "s")]
    assert [kwargs["socket_timeout"] for kwargs in asked] == [7, 7]


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ({"address": "redis://u:secret@a:1/2"}, "a:1/2"),
        ({"address": "redis://a:1"}, "a:1"),
        ({"address": "redis://a:1?password=secret"}, "a:1"),
        ({"address": "redis://"}, "localhost:6379"),
        ({"address": "unix://u:secret@/run/redis?db=1"}, "/run/redis"),
        ({"host": "a", "port": 1, "password": "secret"}, "a:1"),
        ({"path": "/run/redis"}, "/run/redis"),
        ({"master_name": "m", "sentinels": []}, "the Sentinel master m"),
    ],
)
def test_logs_name_a_host_without_its_password(host: dict[str, Any], text: str) -> None:
    """Logs are read by many."""
    assert server_name(host) == text


async def test_close_redis_ends_all_connections(own_redis: RedisServer) -> None:
    """A client of redis-py is closed with its pool."""
    client = redis.from_url(own_redis.url)
    await client.ping()

    await close_redis(client)

    while await own_redis.connections():
        pass
