"""Body: the body of a request as it grows."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import cast

from beastmode.gateway.client.room import FIRST_BYTES, NoRoomError
from beastmode.gateway.client.spare import Spare

_FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
_BIT_BYTES = 4 * 1024 * 1024
_LOOK_AGAIN_S = 0.05
Later = Callable[[float, Callable[[], None]], object]
"""Calls back after so many seconds."""


class Body:
    """The pieces of one body, put together. A large one has memory of its own: it never has to be moved as it grows,
    which takes 10 ms of 20 MB, and all of that goes back at its end.

    most_bytes: that it may come to; those that do not come take no memory.
    """

    __slots__ = ("_large", "_most_bytes", "_small", "size")

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes, self.size = most_bytes, 0
        self._small: bytes | bytearray = bytearray()
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
        """All of it; nothing may be added any more. A large one is not copied, and is bytes but for what only those
        can: it is a view of memory. A small one is copied once, and only the copy is kept."""
        if self._large is None:
            self._small = bytes(self._small)  # which of bytes is no copy
            return self._small
        return cast("bytes", memoryview(self._large)[: self.size])

    def give_back(self, spare: Spare, call_later: Later) -> None:
        """Nobody is going to ask for it any more. Its memory goes bit by bit, once nobody has a view of it: 60 MB at
        once hold up everybody for 6 ms."""
        memory, self._large = self._large, None
        if memory is not None:
            _melt(memory, spare, call_later)


def _melt(memory: mmap.mmap, spare: Spare, call_later: Later) -> None:
    def step() -> bool:
        if len(memory) <= _BIT_BYTES:
            return False
        try:
            memory.resize(len(memory) - _BIT_BYTES)
        except BufferError:  # it is still being sent, or read
            call_later(_LOOK_AGAIN_S, lambda: spare.ask(step))
            return False
        except SystemError:  # this machine cannot; it goes at once
            return False
        spare.ask(step)
        return True

    spare.ask(step)
