"""How messages look on their way through Redis, encrypted or not.

The formats are those of channels_redis, so that processes of both can share groups.
"""

import abc
import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any

import ormsgpack
from cryptography.fernet import Fernet, MultiFernet

from fast_channels.layers.redis.type_defs import SymmetricEncryptionKeys
from fast_channels.untrusted import kind_of, shown

__all__ = [
    "BaseMessageSerializer",
    "JSONSerializer",
    "MsgPackSerializer",
    "SerializerDoesNotExist",
    "SerializersRegistry",
    "registry",
]

_CLOCKS_DIFFER_SECONDS = 10

# A pair in MessagePack, and its second item: eight bytes that no frame goes on with by accident.
_PAIR = b"\x92"
_MARK = b"\x9e\xf2\x0b\xd1\x5c\x83\x47\xaa"
_END = b"\xc4\x08" + _MARK


class SerializerDoesNotExist(KeyError):
    """No serializer is registered under a name."""


class BaseMessageSerializer(abc.ABC):
    """Turns messages into bytes and back, through encryption if there are keys.

    Args:
        symmetric_encryption_keys: The first encrypts, any of them decrypts; so keys can be replaced one by
            one. They may be any string or bytes.
        random_prefix_length: How many random bytes to put in front, which makes equal messages differ.
        expiry: Seconds after which an encrypted message is refused.

    Raises:
        TypeError: A key is neither a string nor bytes.
        ValueError: The keys are one string instead of a list, or one of them is empty.
    """

    def __init__(
        self,
        symmetric_encryption_keys: SymmetricEncryptionKeys | None = None,
        random_prefix_length: int = 0,
        expiry: float | None = None,
    ) -> None:
        if isinstance(symmetric_encryption_keys, (str, bytes)):
            raise ValueError("symmetric_encryption_keys has to be a list, also for one key")
        self.random_prefix_length: int = max(random_prefix_length, 0)
        self.expiry = expiry
        keys = [self.make_fernet(key) for key in symmetric_encryption_keys or ()]
        self.crypter: MultiFernet | None = MultiFernet(keys) if keys else None

    def make_fernet(self, key: str | bytes) -> Fernet:
        """Return what encrypts with one key, which may have any length but 0.

        Raises:
            TypeError: It is neither a string nor bytes.
            ValueError: It is empty, as a variable of the environment that is not set may be.
        """
        if not isinstance(key, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance]  # settings may come from a file
            raise TypeError(
                f"a key in symmetric_encryption_keys has to be a str or bytes, not {kind_of(key)}"
            )
        if not key:
            raise ValueError(
                "a key in symmetric_encryption_keys is empty, which protects nothing; set a secret key"
            )
        secret = key.encode() if isinstance(key, str) else key
        return Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret).digest()))

    @abc.abstractmethod
    def as_bytes(self, message: Any, /) -> bytes:
        """Return a message as bytes."""

    @abc.abstractmethod
    def from_bytes(self, message: bytes) -> Any:
        """Return the message that bytes stand for."""

    def serialize(self, raw_message: Any) -> bytes:
        """Return a message as it travels."""
        data = self.as_bytes(raw_message)
        if self.crypter is not None:
            data = self.crypter.encrypt(data)
        length = self.random_prefix_length
        # The system is asked for random bytes even if they are none.
        return secrets.token_bytes(length) + data if length else data

    def deserialize(self, message: bytes) -> Any:
        """Return the message that has travelled.

        Raises:
            Exception: It has another form, was encrypted with another key, or is too old.
        """
        data = message[self.random_prefix_length :]
        if self.crypter is not None:
            ttl = None if self.expiry is None else int(self.expiry + _CLOCKS_DIFFER_SECONDS)
            data = self.crypter.decrypt(data, ttl)
        return self.from_bytes(data)


class JSONSerializer(BaseMessageSerializer):
    """Messages as JSON, for other languages to read; one that holds `bytes` is a `TypeError`."""

    def as_bytes(self, message: Any, /, *args: Any, **kwargs: Any) -> bytes:
        """Return a message as JSON in UTF-8; a subclass may pass arguments of `json.dumps()`."""
        return json.dumps(message, *args, **kwargs).encode()

    def from_bytes(self, message: bytes, **kwargs: Any) -> Any:
        """Return the message that JSON stands for; a subclass may pass arguments of `json.loads()`."""
        return json.loads(message, **kwargs)


class MsgPackSerializer(BaseMessageSerializer):
    """Messages as MessagePack."""

    def as_bytes(self, message: Any, /) -> bytes:
        """Return a message as MessagePack."""
        return ormsgpack.packb(message)

    def from_bytes(self, message: bytes) -> Any:
        """Return the message that MessagePack stands for.

        Raises:
            ValueError: It is not MessagePack, or something follows it. What begins with random bytes, as the
                frames of other queues do, is mostly that: a small number, or an empty message, and more.
        """
        # The decoder itself takes no notice of what follows.
        try:
            contents, mark = ormsgpack.unpackb(_PAIR + message + _END)
        except ormsgpack.MsgpackDecodeError:
            # Perhaps because of what follows.
            contents, mark = ormsgpack.unpackb(message), None
        if mark != _MARK:
            raise ValueError("there are bytes after the message; its sender may use random_prefix_length")
        return contents


class SerializersRegistry:
    """Serializers by name."""

    def __init__(self) -> None:
        self._registry: dict[str, Callable[..., Any]] = {}

    def register_serializer(self, format: str, serializer_class: Callable[..., Any]) -> None:
        """Make a serializer known.

        Args:
            format: What a layer is given as `serializer_format`.
            serializer_class: A class with the methods `serialize` and `deserialize`, made with the arguments
                of `BaseMessageSerializer`.

        Raises:
            AssertionError: It is no such class.
        """
        methods = [getattr(serializer_class, name, None) for name in ("serialize", "deserialize")]
        if not isinstance(serializer_class, type) or not all(map(callable, methods)):
            raise AssertionError(
                f"{kind_of(serializer_class)} is not a class with the methods serialize and deserialize"
            )
        self._registry[format] = serializer_class

    def get_serializer(self, format: str, *args: Any, **kwargs: Any) -> Any:
        """Return a new serializer.

        Args:
            format: The name of its class.
            *args: Arguments of the class.
            **kwargs: Arguments of the class.

        Raises:
            SerializerDoesNotExist: No class has the name.
        """
        try:
            serializer_class = self._registry[format]
        except KeyError:
            known = ", ".join(map(repr, self._registry))
            text = f"no serializer has the name {shown(format)}; known names: {known}"
            raise SerializerDoesNotExist(text) from None
        return serializer_class(*args, **kwargs)


registry: SerializersRegistry = SerializersRegistry()
"""The serializers that the layers know."""

registry.register_serializer("json", JSONSerializer)
registry.register_serializer("msgpack", MsgPackSerializer)
