"""Where the Redis servers are, and which of them is responsible for a name."""

import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from fast_channels.layers.redis.type_defs import ChannelDecodedRedisHost, ChannelRawRedisHost

__all__ = ["close_redis", "consistent_hash", "create_pool", "decode_hosts"]

# redis-py leaves much of itself untyped.
_redis: Any = redis.asyncio

_DEFAULT_HOST = {"address": "redis://localhost:6379"}
_RING = 4096

# A Sentinel that does not answer soon is passed over; redis-py would ask it again for longer than a command
# waits, so that the next in the list would never be asked.
_ASKING: dict[str, Any] = {
    "socket_connect_timeout": 1,
    "socket_timeout": 1,
    "retry": Retry(NoBackoff(), 0),
}


def require_text(option: str, value: object) -> str:
    """Return the value of an option; refuse bytes, which a name would show with quotes, in silence.

    Raises:
        TypeError: The value is no `str`.
    """
    if not isinstance(value, str):
        raise TypeError(f"{option} is a str, not {value!r}")
    return value


def consistent_hash(value: str | bytes, ring_size: int) -> int:
    """Return which of `ring_size` servers a name belongs to, counted from 0; the same in every process."""
    if ring_size == 1:
        return 0
    name = value.encode() if isinstance(value, str) else value
    return int((binascii.crc32(name) % _RING) / (_RING / ring_size))


def decode_hosts(hosts: Sequence[ChannelRawRedisHost] | None) -> list[ChannelDecodedRedisHost]:
    """Return hosts as arguments of redis-py; without any, the local server.

    Raises:
        ValueError: The hosts are one text instead of a list.
    """
    if isinstance(hosts, (str, bytes)):
        raise ValueError(f"hosts is a list, also of one Redis server: write [{hosts!r}]")
    return [_decoded(host) for host in hosts or [_DEFAULT_HOST]]


def _decoded(host: ChannelRawRedisHost) -> ChannelDecodedRedisHost:
    if isinstance(host, dict):
        return host
    if isinstance(host, str):
        return {"address": host}
    name, port = host
    return {"host": name, "port": port}


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


def shown(host: Mapping[str, Any]) -> str:
    """Return a host as logs may show it, without passwords."""
    if "address" in host:
        return str(host["address"]).partition("?")[0].rpartition("@")[2].removeprefix("redis://")
    if "master_name" in host:
        return f"the Sentinel master {host['master_name']}"
    if "path" in host:
        return str(host["path"])
    return f"{host.get('host', 'localhost')}:{host.get('port', 6379)}"


async def close_redis(connection: redis.asyncio.Redis) -> None:
    """Close a client of redis-py with all its connections."""
    await connection.aclose(close_connection_pool=True)
