"""Frames in MessagePack; needs the extra `msgpack`."""

import secrets
from typing import Any

import ormsgpack
from pydantic_core import to_jsonable_python

__all__ = ["MessagePack"]

_PAIR = b"\x92"
_END = secrets.token_bytes(16)
_PACKED_END = ormsgpack.packb(_END)


class MessagePack:
    """Reads and writes binary frames in MessagePack, for `AsyncMessageConsumer.codec`.

    Bytes are bytes. Values without a type in MessagePack, such as dates and UUIDs, are strings as in JSON.
    """

    binary = True

    def decode(self, frame: bytes, /) -> object:
        """Return the value of a frame.

        Raises:
            ValueError: The frame is not exactly one value in MessagePack.
        """
        # With an end that nobody can guess, because what follows a value would be passed over.
        value, end = ormsgpack.unpackb(_PAIR + frame + _PACKED_END, option=ormsgpack.OPT_NON_STR_KEYS)
        if end != _END:
            raise ValueError("there is more than one value")
        return value

    def encode(self, value: Any, /) -> bytes:
        """Return the frame for a value.

        Raises:
            TypeError: MessagePack cannot encode the value, for example an integer of more than 64 bits.
        """
        return ormsgpack.packb(value, default=to_jsonable_python, option=ormsgpack.OPT_NON_STR_KEYS)
