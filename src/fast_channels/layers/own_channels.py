"""Which channels somebody has made, and which of them are closed."""

import secrets
from hashlib import blake2b
from typing import Final

from fast_channels.layers.process import process_id

__all__ = ["OwnChannels"]

_PAGE: Final = 1024
"""How many channels are remembered in one integer."""

_DIGITS: Final = 16
"""Hexadecimal digits of the proof, which are 64 bits; the serial number follows."""


class OwnChannels:
    """Makes names that nobody can guess, and knows of each of them whether it is still open.

    A name is a serial number and a keyed digest of it as the proof that it was made here, so no name has to
    be kept. What is kept is one bit for each open channel: a program that never closes its channels costs
    1 MB for 8 million of them, and channels that are closed cost nothing.

    A forked process begins anew: the names of its parent are not its own.

    Attributes:
        open: A bit for each open channel, by page, without the pages that have none.
    """

    __slots__ = ("_key", "_made", "_process", "open")

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._process = process_id()
        self._key = secrets.token_bytes(16)
        self._made = 0
        self.open: dict[int, int] = {}

    def make(self) -> str:
        """Return what distinguishes a new channel: lowercase hexadecimal digits. Needs a lock."""
        if self._process != process_id():
            self._begin()
        serial = self._made
        self._made = serial + 1
        page = serial // _PAGE
        self.open[page] = self.open.get(page, 0) | 1 << serial % _PAGE
        return self._name(f"{serial:08x}")

    def close(self, name: str, *, proven: bool = False) -> None:
        """Remember that a channel is closed, if it is one that was made here. Needs a lock.

        Args:
            name: What distinguishes the channel.
            proven: Whether the name is known to be one that was made here and is open.
        """
        if proven or name in self:
            page, place = divmod(int(name[_DIGITS:], 16), _PAGE)
            left = self.open.pop(page, 0) & ~(1 << place)
            if left:
                self.open[page] = left

    def __contains__(self, name: str) -> bool:
        """Return whether a channel was made here, and is not closed."""
        serial = name[_DIGITS:]
        if self._process != process_id() or self._name(serial) != name:
            return False
        page, place = divmod(int(serial, 16), _PAGE)
        return bool(self.open.get(page, 0) >> place & 1)

    def _name(self, serial: str) -> str:
        # Any string may be asked for, a lone surrogate included.
        return (
            blake2b(serial.encode(errors="replace"), key=self._key, digest_size=_DIGITS // 2).hexdigest()
            + serial
        )
