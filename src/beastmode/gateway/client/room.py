"""Room: how much of bodies is held in memory at once, however many clients send however much, or do not read.

The first part of every body has a share of its own, so that no client with a large one, or one that claims to have one
and sends it slowly, keeps those with ordinary ones out.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque

from beastmode.gateway.client.at_once import own_task


class NoRoomError(Exception):
    """There was no room for a body, and none came in time."""


FIRST_BYTES = 1_000_000
"""Of each body that count for the first share. What agents send is smaller."""


class Share:
    """Bytes that may be held at once, given out first come, first served. To be used from one event loop.

    most_bytes: > 0.   patience_s: how long a body whose length is known waits for room.
    """

    def __init__(self, most_bytes: int, patience_s: float) -> None:
        self.most_bytes, self.patience_s = most_bytes, patience_s
        self.used = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def take(self, size: int) -> bool:
        """Take room at once; False where there is none, or others wait for it."""
        if self._waiting or self.used + size > self.most_bytes:
            return False
        self.used += size
        return True

    async def wait_for(self, size: int) -> None:
        """Take room once there is some. Raises NoRoomError."""
        if self.take(size):
            return
        await own_task()
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append((size, mine))
        try:
            async with asyncio.timeout(self.patience_s):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled():
                self.give_back(size)  # it came in the same moment
            else:
                self._waiting.remove((size, mine))
                self._let_in()
            if isinstance(error, TimeoutError):
                raise NoRoomError from None
            raise

    def give_back(self, size: int) -> None:
        """Room that was taken is free again."""
        self.used -= size
        if self._waiting:
            self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self.used + self._waiting[0][0] <= self.most_bytes:
            size, waiting = self._waiting[0]
            if waiting.done():
                return  # it is cancelled and will leave by itself
            self._waiting.popleft()
            self.used += size
            waiting.set_result(None)


class Hold:
    """What one answer holds of a share, until it lets go."""

    __slots__ = ("_share", "_size")

    def __init__(self, share: Share) -> None:
        self._share, self._size = share, 0

    def takes(self, size: int) -> bool:
        """So much more of it has come; False where there is no room for that."""
        taken = self._share.take(size)
        if taken:
            self._size += size
        return taken

    def gives_back(self, size: int) -> None:
        """So much less of it is held, as far as it had room for that."""
        size = min(size, self._size)
        self._share.give_back(size)
        self._size -= size

    def let_go(self) -> None:
        """Nobody needs it any more. Idempotent."""
        self.gives_back(self._size)


class Loans:
    """Whole bodies that are sent to clients, however slowly each reads: one that several read takes room once."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._readers = Counter[int]()

    def lend(self, body: bytes) -> bool:
        """It is sent to one more; False where there is no room for it. Whoever borrows keeps it until it is back."""
        if not self._readers[id(body)] and not self._share.take(len(body)):
            return False
        self._readers[id(body)] += 1
        return True

    def give_back(self, body: bytes) -> None:
        """One of those has it, or has gone."""
        self._readers[id(body)] -= 1
        if not self._readers[id(body)]:
            del self._readers[id(body)]
            self._share.give_back(len(body))


class Room:
    """What may be held of all requests' bodies: three fifths of it of their first parts, the others of the rest.

    most_bytes: > 0.   largest_bytes: of one body; there is room for the rest of it.
    """

    def __init__(self, most_bytes: int, largest_bytes: int, patience_s: float) -> None:
        first_bytes = most_bytes * 3 // 5
        self.first = Share(first_bytes, patience_s)
        self.rest = Share(max(most_bytes - first_bytes, largest_bytes), patience_s)

    @property
    def used(self) -> int:
        return self.first.used + self.rest.used

    @property
    def most_bytes(self) -> int:
        return self.first.most_bytes + self.rest.most_bytes


class Place:
    """What one body holds of the room, until it lets go."""

    __slots__ = ("_first", "_rest", "_room")

    def __init__(self, room: Room) -> None:
        self._room, self._first, self._rest = room, 0, 0

    async def expect(self, size: int) -> None:
        """It is going to be that large: wait for room for the rest. Raises NoRoomError."""
        if size > FIRST_BYTES:
            await self._room.rest.wait_for(size - FIRST_BYTES)
            self._rest = size - FIRST_BYTES

    def hold(self, size: int) -> None:
        """So much of it has come. Raises NoRoomError."""
        first, rest = min(size, FIRST_BYTES), size - FIRST_BYTES
        if first > self._first:
            if not self._room.first.take(first - self._first):
                raise NoRoomError
            self._first = first
        if rest > self._rest:
            if not self._room.rest.take(rest - self._rest):
                raise NoRoomError
            self._rest = rest

    def let_go(self) -> None:
        """Nobody needs it any more. Idempotent."""
        self._room.first.give_back(self._first)
        self._room.rest.give_back(self._rest)
        self._first = self._rest = 0
