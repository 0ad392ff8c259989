"""Body: the body of a request as it grows."""

from __future__ import annotations

import mmap
from typing import cast

from beastmode.gateway.room import FIRST_BYTES, NoRoomError

_FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS


class Body:
    """The pieces of one body, put together. A large one has memory of its own: it never has to be moved as it grows,
    which takes 10 ms of 20 MB, and all of that goes back at its end.

    most_bytes: that it may come to; those that do not come take no memory.
    """

    __slots__ = ("_large", "_most_bytes", "_small", "size")

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self.size = most_bytes, 0
        self._small = bytearray()
        self._large: mmap.mmap | None = None

    def add(self, piece: bytes) -> None:
        """The next piece. Raises NoRoomError where the machine has no memory; ValueError past `most_bytes`."""
        self.size += len(piece)
        if self._large is None and self.size > FIRST_BYTES:
            try:
                self._large = mmap.mmap(-1, self._most_bytes, flags=_FLAGS)
            except OSError as error:
                raise NoRoomError from error
            self._large.write(self._small)
            self._small = bytearray()
        if self._large is None:
            self._small += piece
        else:
            self._large.write(piece)

    @property
    def whole(self) -> bytes:
        """All of it. A large one is not copied, and is bytes but for what only those can: it is a view of memory."""
        if self._large is None:
            return bytes(self._small)
        return cast("bytes", memoryview(self._large)[: self.size])
