"""Where the Redis servers are, and which of them is responsible for a name."""

import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast
from urllib.parse import urlsplit

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from fast_channels.layers.redis.type_defs import ChannelDecodedRedisHost, ChannelRawRedisHost

__all__ = [
    "close_redis",
    "close_sentinels",
    "consistent_hash",
    "create_pool",
    "decode_hosts",
    "server_name",
]

# redis-py leaves much of itself untyped.
_redis: Any = redis.asyncio

_DEFAULT_HOST = {"address": "redis://localhost:6379"}
_HOST_FORMS: Final = "write a URL, a pair of host name and port, or a dict of arguments for redis-py"
_RING = 4096

# A Sentinel that does not answer soon is passed over; redis-py would ask it again for longer than a command
# waits, so that the next in the list would never be asked.
_ASKING: dict[str, Any] = {
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
    "retry": Retry(NoBackoff(), 0),
}


def consistent_hash(value: str | bytes, ring_size: int) -> int:
    """Return which of `ring_size` servers a name belongs to, counted from 0; the same in every process."""
    if ring_size == 1:
        return 0
    name = value.encode() if isinstance(value, str) else value
    return int((binascii.crc32(name) % _RING) / (_RING / ring_size))


def decode_hosts(hosts: Sequence[ChannelRawRedisHost] | None) -> list[ChannelDecodedRedisHost]:
    """Return hosts as arguments of redis-py; without any, the local server.

    No error shows what it is about, because that may be a password.

    Raises:
        TypeError: A host is neither a string nor a pair nor a dictionary.
        ValueError: The hosts are one string or dictionary instead of a list, or a host has a form that means
            nothing.
    """
    if isinstance(hosts, (str, bytes, Mapping)):
        one = "{...}" if isinstance(hosts, Mapping) else "url"
        raise ValueError(f"hosts has to be a list, also for one Redis server: write hosts=[{one}]")
    return [_decoded(place, host) for place, host in enumerate(hosts or [_DEFAULT_HOST])]


def _decoded(place: int, host: object) -> ChannelDecodedRedisHost:
    if isinstance(host, str):
        decoded: ChannelDecodedRedisHost = {"address": host}
    elif isinstance(host, dict):
        decoded = cast("ChannelDecodedRedisHost", host)  # redis-py refuses keys that it does not know
    elif isinstance(host, (list, tuple)):
        pair = cast("Sequence[Any]", host)  # the next line looks at its length, and redis-py at its items
        if len(pair) != 2:
            raise ValueError(f"hosts[{place}] has {len(pair)} items; {_HOST_FORMS}")
        decoded = {"host": pair[0], "port": pair[1]}
    else:
        raise TypeError(f"hosts[{place}] is of type {type(host).__name__}; {_HOST_FORMS}")
    if not {"/", "@"}.isdisjoint(str(decoded.get("host", ""))):
        # redis-py would show it in errors, with the password if it is a URL.
        raise ValueError(
            f"hosts[{place}] has a host name with a / or @, which is not possible; {_HOST_FORMS}"
        )
    if not _is_url(str(decoded.get("address", ""))):
        raise ValueError(
            f"hosts[{place}] is not a valid URL: the port has to be a number, and in the user name and the "
            "password the characters / ? # @ : [ ] have to be percent-encoded"
        )
    return decoded


def _is_url(address: str) -> bool:
    try:
        _ = urlsplit(address).port
    except ValueError:
        return False
    return True


def create_pool(host: ChannelDecodedRedisHost, **overrides: Any) -> redis.asyncio.ConnectionPool:
    """Return a pool that makes connections to a host; `overrides` replace what the host says."""
    options: dict[str, Any] = {**host}
    address = options.pop("address", None)
    master = options.pop("master_name", None)
    pool: redis.asyncio.ConnectionPool
    if address is not None:
        pool = _redis.ConnectionPool.from_url(address, **options)
        # What the URL says has precedence over arguments.
        pool.connection_kwargs.update(overrides)
        return pool
    options.update(overrides)
    if master is None:
        if "path" in options:
            options["connection_class"] = _redis.UnixDomainSocketConnection
        pool = _redis.ConnectionPool(**options)
        return pool
    asking: dict[str, Any] = {**_ASKING, **(options.pop("sentinel_kwargs", None) or {})}
    sentinels = _redis.Sentinel(options.pop("sentinels"), sentinel_kwargs=asking)
    pool = _redis.SentinelConnectionPool(master, sentinels, **options)
    return pool


async def close_sentinels(pool: Any) -> None:
    """Close the clients through which a pool asks Sentinel, if it is such a pool."""
    manager = getattr(pool, "sentinel_manager", None)
    for client in () if manager is None else manager.sentinels:
        await close_redis(client)


def server_name(host: Mapping[str, Any]) -> str:
    """Return a host as logs may show it, without passwords."""
    if "master_name" in host:
        return f"the Sentinel master {host['master_name']}"
    if "path" in host:
        return str(host["path"])
    if "address" not in host:
        return f"{host.get('host', 'localhost')}:{host.get('port', 6379)}"
    url = urlsplit(str(host["address"]))
    if url.scheme == "unix":
        return url.path
    return f"{url.hostname or 'localhost'}:{url.port or 6379}{url.path}"


async def close_redis(connection: redis.asyncio.Redis) -> None:
    """Close a client of redis-py with all its connections."""
    await connection.aclose(close_connection_pool=True)
