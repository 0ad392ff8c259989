"""Flight: one call to an upstream whose answer several clients read: all that has passed, then live."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from beastmode.failures.failure import Failure
from beastmode.gateway.call import Call
from beastmode.gateway.client.head import Headers
from beastmode.gateway.client.packing import packing_in, readable, told_in_vain


class PackedInVainError(Exception):
    """An answer has come in a packing that this client cannot read any more: it has been told that none comes."""


class Flight:
    """Takes an answer as a `Reply` does, and hands it to each of its readers at that one's pace.

    leader: the call that is carried.   most_bytes: kept for readers that come later, where its leader's hold has room
    for it. Of a longer answer only what the slowest reader has not had yet is kept, nobody may join it any more, and
    the upstream waits for that reader.
    landed: nothing more will come: the answer is all there (`ended`), or there is a `failure`, or an `error`.
    on_landed: called then.
    """

    def __init__(self, leader: Call, most_bytes: int) -> None:
        self.leader, self.head = leader, None  # type: Call, tuple[int, Headers] | None
        self.ended = self.landed = False
        self.failure: Failure | None = None
        self.error: BaseException | None = None
        self.on_landed: Callable[[], None] = lambda: None
        self._most_bytes, self._bytes = most_bytes, 0
        self._pieces: deque[bytes] = deque()
        self._dropped = 0
        self._readers: dict[Call, int] = {}
        self._news, self._room = asyncio.Event(), asyncio.Event()

    @property
    def begun(self) -> bool:
        return self.head is not None

    @property
    def whole(self) -> bool:
        """All that has come is still here, so that it can be joined and kept."""
        return self._dropped == 0 and self._bytes <= self._most_bytes

    @property
    def pieces(self) -> tuple[bytes, ...]:
        """What is still here of the body."""
        return tuple(self._pieces)

    # ---- as the upstream's answer comes in ----

    async def start(self, status: int, headers: Headers) -> None:
        self.head = status, headers
        self._tell()

    async def piece(self, data: bytes) -> None:
        hold = self.leader.hold
        if hold is not None and self.whole and not hold.takes(len(data)):
            self._most_bytes = 0  # others hold so much that nothing is kept of it
        self._add(data)
        while not self.whole and self._drop() > self._most_bytes:
            self._room.clear()
            await self._room.wait()

    async def end(self, data: bytes = b"") -> None:
        if data:
            self._add(data)
        self.ended = True
        self._tell()

    async def carry(self, carrying: Awaitable[Failure | None]) -> None:
        """Do what fills it, and land."""
        try:
            self.failure = await carrying
        except asyncio.CancelledError as error:
            self.error = error
            raise
        except Exception as error:
            self.error = error
        finally:
            self.landed = True
            self._tell()
            self.on_landed()
            self._let_go()

    def _let_go(self) -> None:
        """Once nobody reads it nor may join it, it holds nothing, whoever still knows of it."""
        if self.landed and not self._readers:
            self._pieces.clear()
            if self.leader.hold is not None:
                self.leader.hold.let_go()

    def _add(self, data: bytes) -> None:
        self._pieces.append(data)
        self._bytes += len(data)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _drop(self) -> int:
        """Forget what every reader has had; how much is left."""
        slowest = min(self._readers.values(), default=self._dropped + len(self._pieces))
        while self._dropped < slowest:
            self._bytes -= len(self._pieces.popleft())
            self._dropped += 1
        return self._bytes

    # ---- as a client reads it ----

    def board(self, call: Call) -> None:
        """Be counted as a reader, from the beginning of the answer. Only while it is `whole`."""
        self._readers[call] = 0

    def leave(self, call: Call) -> bool:
        """Read no further. True where nobody reads it any more."""
        self._readers.pop(call, None)
        self._room.set()
        self._let_go()
        return not self._readers

    async def beginning(self) -> None:
        """Return once its head is there, or will not come."""
        while self.head is None and not self.landed:
            await self._news.wait()

    async def deliver(self, call: Call) -> None:
        """Send it on to the client as far as it goes; it must have boarded. Raises ClientGoneError, and
        PackedInVainError before anything of it has gone out."""
        await self.beginning()
        if self.head is None:
            return
        if call.reply.begun and not readable(packing := packing_in(self.head[1])):
            raise PackedInVainError(told_in_vain(packing))
        call.answering, call.follower = True, self.leader.follower
        call.entry.status = self.head[0]
        await call.reply.start(*self.head)
        while not await self._send_what_is_there(call):
            await self._news.wait()

    async def _send_what_is_there(self, call: Call) -> bool:
        """True once nothing more will come."""
        call.behind = True
        while (at := self._readers[call] - self._dropped) < len(self._pieces):
            piece = self._pieces[at]
            self._readers[call] += 1
            self._room.set()
            if self.ended and at + 1 == len(self._pieces):
                await call.reply.end(piece)
            else:
                await call.reply.piece(piece)
        call.behind = False
        if self.ended and not call.reply.ended:
            await call.reply.end()
        return self.ended or self.landed


class Flights:
    """Those under way, by what they carry; at most one of a key can be joined."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Flight] = {}
        self._tasks: dict[Flight, asyncio.Task[None]] = {}

    def joinable(self, key: bytes) -> Flight | None:
        """The flight that a request of this key may join."""
        flight = self._by_key.get(key)
        return flight if flight is not None and flight.whole and not flight.landed else None

    def launch(self, key: bytes, flight: Flight, carrying: Awaitable[Failure | None]) -> None:
        """Let it begin. The next of this key join it until it has landed."""
        self._by_key[key] = flight
        task = self._tasks[flight] = asyncio.get_running_loop().create_task(flight.carry(carrying))
        task.add_done_callback(lambda _: self._forget(key, flight))

    def leave(self, flight: Flight, call: Call) -> None:
        """One reader less; with the last one the call to the upstream ends."""
        if flight.leave(call) and not flight.ended and flight in self._tasks:
            self._by_key = {key: other for key, other in self._by_key.items() if other is not flight}
            self._tasks[flight].cancel()

    async def landed(self, flight: Flight) -> None:
        """Return once nothing of it goes on."""
        if flight in self._tasks:
            await asyncio.wait([self._tasks[flight]])

    def _forget(self, key: bytes, flight: Flight) -> None:
        del self._tasks[flight]
        if self._by_key.get(key) is flight:
            del self._by_key[key]
