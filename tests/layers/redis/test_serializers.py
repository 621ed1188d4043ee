"""How messages look on their way."""

from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from fast_channels.layers.redis import RedisChannelLayer
from fast_channels.layers.redis.serializers import (
    BaseMessageSerializer,
    JSONSerializer,
    MsgPackSerializer,
    SerializerDoesNotExist,
    SerializersRegistry,
    registry,
)
from fast_channels.testing.strategies import Carried, carried_messages
from tests.layers.conftest import soon
from tests.layers.redis.server import RedisServer

MESSAGE: dict[str, Any] = {"a": True, "b": None, "c": {"d": []}}
AS_MSGPACK = b"\x83\xa1a\xc3\xa1b\xc0\xa1c\x81\xa1d\x90"
AS_JSON = b'{"a": true, "b": null, "c": {"d": []}}'
KINDS = [(MsgPackSerializer, AS_MSGPACK), (JSONSerializer, AS_JSON)]


@pytest.mark.parametrize("length", [-1, 0, 8, 12])
@pytest.mark.parametrize(("kind", "plain"), KINDS)
def test_the_bytes_are_those_of_channels_redis(
    kind: type[BaseMessageSerializer], plain: bytes, length: int
) -> None:
    """Format and random prefix are what processes with channels_redis read and write."""
    serializer = kind(random_prefix_length=length)

    data = serializer.serialize(MESSAGE)

    assert data[max(length, 0) :] == plain
    assert serializer.deserialize(b"x" * max(length, 0) + plain) == MESSAGE


def test_equal_messages_differ_by_their_random_prefix() -> None:
    """A sorted set can hold the same message twice."""
    serializer = MsgPackSerializer(random_prefix_length=12)

    assert serializer.serialize(MESSAGE) != serializer.serialize(MESSAGE)


@pytest.mark.parametrize(("kind", "plain"), KINDS)
def test_keys_hide_the_message(kind: type[BaseMessageSerializer], plain: bytes) -> None:
    """Only whoever has the key can read, and any of several keys will do."""
    serializer = kind(["new", b"old"], random_prefix_length=4)

    data = serializer.serialize(MESSAGE)

    assert plain not in data
    assert serializer.deserialize(data) == MESSAGE
    assert serializer.deserialize(kind(["old"], random_prefix_length=4).serialize(MESSAGE)) == MESSAGE
    with pytest.raises(InvalidToken):
        kind(["old"], random_prefix_length=4).deserialize(data)


def test_an_encrypted_message_expires() -> None:
    """A recorded message cannot be played back much later; clocks may differ by ten seconds."""
    data = MsgPackSerializer(["key"]).serialize(MESSAGE)

    assert MsgPackSerializer(["key"], expiry=0).deserialize(data) == MESSAGE
    with pytest.raises(InvalidToken):
        MsgPackSerializer(["key"], expiry=-11).deserialize(data)


def test_keys_are_a_list() -> None:
    """A single key would otherwise be taken for a list of letters."""
    key: Any = "key"
    with pytest.raises(ValueError, match="has to be a list"):
        MsgPackSerializer(key)


class OnlySerialize:
    """Half a serializer."""

    def serialize(self, message: Any) -> Any:
        """Do nothing."""
        return message


class Noop(OnlySerialize):
    """A serializer that is not derived from anything."""

    def deserialize(self, message: Any) -> Any:
        """Do nothing."""
        return message


@pytest.mark.parametrize("wrong", [OnlySerialize, lambda: None, Noop()])
def test_what_is_no_serializer_is_refused(wrong: Any) -> None:
    """A class with both methods is needed."""
    with pytest.raises(AssertionError, match="serialize and deserialize"):
        SerializersRegistry().register_serializer("custom", wrong)


def test_a_serializer_can_be_registered() -> None:
    """Any class with both methods will do."""
    own = SerializersRegistry()
    own.register_serializer("custom", Noop)

    assert own.get_serializer("custom").serialize("message") == "message"
    assert own.get_serializer("custom").deserialize("message") == "message"


def test_an_unknown_serializer_is_an_error() -> None:
    """A typing mistake in the settings is told."""
    with pytest.raises(SerializerDoesNotExist, match="unknown"):
        registry.get_serializer("unknown")


@pytest.mark.property
@given(carried_messages(), st.binary(min_size=1))
def test_what_something_follows_is_no_message(carried: Carried, rest: bytes) -> None:
    """The decoder alone would return the beginning, and the rest would vanish."""
    frame = MsgPackSerializer().serialize(carried[1])

    with pytest.raises(ValueError, match="bytes after the message"):
        MsgPackSerializer().deserialize(frame + rest)


@pytest.mark.parametrize("start", [b"Q", b"\x80", b"\xc0", b"\x90", b"\xc3"])
async def test_a_frame_with_a_random_prefix_is_refused_and_counted(
    start: bytes, redis: RedisServer, prefix: str
) -> None:
    """As queues of other packages hold them; it is no number and no empty message, whatever is in front."""
    frame = start + b"elevenbytes" + AS_MSGPACK
    async with RedisChannelLayer([redis.url], prefix) as layer:
        with pytest.raises(
            ValueError, match="bytes after the message; its sender may use random_prefix_length"
        ):
            layer.deserialize(frame)

        await redis.run("RPUSH", f"{prefix}__queue__!{{work}}", b"9999999999999" + frame)
        await layer.send("work", {"n": 1})
        assert await soon(layer.receive("work")) == {"n": 1}
        assert layer.stats().undecodable == 1


@pytest.mark.parametrize("frame", [b"Q", b"\xc0", b"\x93\x01\x02\x03"])
def test_what_is_no_mapping_is_no_message(frame: bytes) -> None:
    """A serializer takes any value, and a layer messages only."""
    with pytest.raises(TypeError, match="a message has to be a mapping, not"):
        RedisChannelLayer().deserialize(frame)


@pytest.mark.property
@given(carried_messages())
def test_decoding_undoes_encoding(carried: Carried) -> None:
    """Whatever a layer can carry survives MessagePack, encrypted too."""
    serializer = MsgPackSerializer(["key"])
    _, plain = carried

    # Not compared directly, because NaN is not equal to itself.
    assert repr(serializer.deserialize(serializer.serialize(plain))) == repr(plain)


@pytest.mark.parametrize(
    ("key", "error", "text"),
    [
        (
            "",
            ValueError,
            "a key in symmetric_encryption_keys is empty, which protects nothing; set a secret key",
        ),
        (b"", ValueError, "a key in symmetric_encryption_keys is empty"),
        (None, TypeError, "a key in symmetric_encryption_keys has to be a str or bytes, not None"),
        (5, TypeError, "a key in symmetric_encryption_keys has to be a str or bytes, not an int"),
    ],
)
def test_what_would_not_encrypt_is_refused(key: Any, error: type[Exception], text: str) -> None:
    """A variable of the environment that is not set must not become a key that everybody knows."""
    with pytest.raises(error, match=f"^{text}"):
        MsgPackSerializer(symmetric_encryption_keys=["secret", key])
