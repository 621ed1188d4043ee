"""How hosts and keys are given to the Redis layers."""

from typing import Any, TypeAlias

__all__ = ["ChannelDecodedRedisHost", "ChannelRawRedisHost", "SymmetricEncryptionKeys"]

ChannelRawRedisHost: TypeAlias = dict[str, Any] | tuple[str, int] | list[str | int] | str
"""A server: a URL, host and port, or the arguments of a redis-py connection, Sentinel's included."""

ChannelDecodedRedisHost: TypeAlias = dict[str, Any]
"""A server as arguments of a redis-py connection; `address` holds the URL if there is one."""

SymmetricEncryptionKeys: TypeAlias = list[str | bytes]
"""Keys for messages: the first encrypts, any of them decrypts."""
