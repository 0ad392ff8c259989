"""The one thread that writes the ledger: in batches, through faults of the disk, and with its upkeep in between."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Literal

import msgspec

from beastmode.clock import Clock
from beastmode.errors import BeastError, LedgerVersionError
from beastmode.store.ledger.entry import Row
from beastmode.store.ledger.file import fault
from beastmode.store.ledger.notes import Notes
from beastmode.store.ledger.process import LedgerProcess
from beastmode.store.ledger.schema import REQUESTS
from beastmode.store.ledger.writing.backfill import roll
from beastmode.store.ledger.writing.batch import put
from beastmode.store.ledger.writing.file import Body, LedgerFile
from beastmode.store.ledger.writing.upkeep import Retention, finish_killed, make_room, rows_a_step

GATHER_S = 0.05
"""How long ended requests may gather before they are written; kill -9 loses as much of them, never one that left."""
GATHER_ROWS = 256
LATER_S = 0.005
"""After a note, until the thread hears that there is something to gather."""
RETRY_S = 1.0
"""Between two attempts to use a ledger that cannot be written."""
PATIENCE_S = 5.0
"""A disk that takes longer than this is an alarm; those who wait for it go on."""
MOST_ROWS = 50_000
MOST_BODY_BYTES = 32 * 1024 * 1024
"""What is kept in memory for a disk that does not take it; beyond, it is counted and lost (bodies first)."""
UPKEEP_S = 10.0
STEP_S = 0.02
"""Between two looks at what is too old or too much, and between two steps of making room."""

_COLUMNS = [str(name) for name in REQUESTS.c.keys()]  # noqa: SIM118 it is no dict

Level = Literal[0, 1, 2, 3]
_ASLEEP: Level = 0
_SOON: Level = 1
_NOW: Level = 2
_CLOSE: Level = 3

Future = asyncio.Future[str]


class Item(msgspec.Struct, frozen=True, gc=False):
    """What one request has to have written.   last: nothing will come after this for it.   note: its number; 0 where
    it is not noted."""

    row: Row
    bodies: Body | None
    last: bool
    written: Future | None = None
    note: int = 0


class LedgerWriter:
    """Takes rows from the event loop and writes them; of what gathers for one id the newest.

    alarm: why the ledger cannot be written, "" where it can.   Raises LedgerVersionError; any other ledger that cannot
    be opened is an alarm, and is tried again, but where `strict` is set. Where it is, no row is noted before it is
    written: whoever waits hears of the ledger itself.
    """

    def __init__(self, path: Path, retention: Retention, clock: Clock, *, strict: bool = False) -> None:
        self.path = path
        self.process = LedgerProcess(path)
        self.alarm = ""
        self._retention, self._clock = retention, clock
        self._queue: deque[Item] = deque()
        self._signals: SimpleQueue[Level] = SimpleQueue()
        self._level: Level = _ASLEEP
        self._closed = False
        self._waiting: set[Future] = set()
        self._patience: asyncio.TimerHandle | None = None
        self._settled = 0
        self._refused = 0  # by the event loop
        self._dropped = 0  # by the thread
        self._body_bytes_in, self._body_bytes_out = 0, 0
        self._file: LedgerFile | None = None
        self._strict = strict
        self._notes: Notes | None = None
        self._noted = 0  # of what the thread has taken
        self._backlog: dict[str, Item] = {}
        self._gathering_since = 0.0
        self._retry_at = 0.0
        self._upkeep_at, self._rows_since = 0.0, 0
        try:
            self._open()
        except Exception as error:  # whatever it is, traffic passes and it is tried again
            told = self._broken(error)
            if strict or isinstance(error, LedgerVersionError):
                self.process.close()
                raise told from error
        self._thread = Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    @property
    def unwritten(self) -> int:
        """Requests whose end could not be written, and is lost."""
        return self._refused + self._dropped

    def add(self, row: Row, bodies: Body | None, *, last: bool) -> None:
        """Have it written with the next batch. Never blocks."""
        if len(self._queue) >= MOST_ROWS or self._closed:
            self._refused += last
            return
        if bodies is not None and not self._may_keep(bodies):
            bodies = None
        self._queue.append(Item(row, bodies, last))
        if self._level < _SOON:
            self._signal(_SOON)
        elif self._level < _NOW and len(self._queue) >= GATHER_ROWS:
            self._signal(_NOW)

    def written(self, row: Row) -> Future:
        """Have it noted at once and written with the next batch, or else written now. The future is done, with "", once
        no kill of this process can lose it; else with why not."""
        loop = asyncio.get_running_loop()
        future: Future = loop.create_future()
        if self.alarm or self._closed:
            self.add(row, None, last=False)
            future.set_result(self.alarm or "the ledger is closed")
        elif self._notes is not None and (note := self._notes.take(row)):
            future.set_result("")
            self._write_soon(Item(row, None, False, note=note), loop)
        else:
            self._write_now(Item(row, None, False, future), loop)
        return future

    def _write_soon(self, item: Item, loop: asyncio.AbstractEventLoop) -> None:
        self._queue.append(item)
        if self._level < _SOON:  # woken now, the thread would be in the way of the request
            self._level = _SOON
            loop.call_later(LATER_S, self._signals.put, _SOON)
        elif self._level < _NOW and len(self._queue) >= GATHER_ROWS:
            self._signal(_NOW)
        self._watch_disk(loop)

    def _write_now(self, item: Item, loop: asyncio.AbstractEventLoop) -> None:
        if item.written is not None:
            self._waiting.add(item.written)
        self._queue.append(item)
        if self._level < _NOW:
            self._level = _NOW
            loop.call_soon(self._signals.put, _NOW)  # once all requests of this turn are in line
        self._watch_disk(loop)

    async def close(self) -> None:
        """Write what is left, as far as the disk takes it, and let go of the file. Idempotent."""
        if not self._closed:
            self._closed = True
            self._signals.put(_CLOSE)
        await asyncio.to_thread(self._thread.join, 2 * PATIENCE_S)
        if self._patience is not None:
            self._patience.cancel()

    # ---- on the event loop ----

    def _signal(self, level: Level) -> None:
        self._level = level
        self._signals.put(level)

    def _may_keep(self, bodies: Body) -> bool:
        size = _bytes_of(bodies)
        if self._body_bytes_in - self._body_bytes_out + size > MOST_BODY_BYTES:
            return False
        self._body_bytes_in += size
        return True

    def _settle(self, futures: list[Future], trouble: str) -> None:
        self._settled += len(futures)
        self._waiting.difference_update(futures)
        for future in futures:
            if not future.done():  # whoever waited may have been cancelled
                future.set_result(trouble)

    def _watch_disk(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._patience is None:
            self._patience = loop.call_later(PATIENCE_S, self._look_at_disk, loop, self._progress)

    @property
    def _progress(self) -> tuple[int, int]:
        """Changes as long as the disk answers."""
        return self._settled, 0 if self._notes is None else self._notes.settled

    def _look_at_disk(self, loop: asyncio.AbstractEventLoop, before: tuple[int, int]) -> None:
        """Let those go on who wait for a disk that does not answer, and note nothing more for it."""
        self._patience = None
        unsettled = self._notes is not None and self._notes.last > self._notes.settled
        if not self._waiting and (self.alarm or not unsettled):
            return
        if self._progress == before:
            self.alarm = (
                f"{self.path}: the ledger's disk has not answered for {PATIENCE_S:g} s\n  See to that disk."
            )
            self._settle(list(self._waiting), self.alarm)
        else:
            self._watch_disk(loop)

    # ---- on the thread ----

    def _work(self) -> None:
        closing = False
        while not closing:
            closing = self._wait()
            batch = [self._queue.popleft() for _ in range(len(self._queue))]
            self._take(batch)
            waiting = [item for item in batch if item.written is not None]
            if waiting and not closing:  # first, alone: whoever leaves waits for no ends of others
                names = {str(item.row[0]) for item in waiting}
                self._guarded(lambda: self._write(names, closing=False))  # noqa: B023 it is called at once
                self._answer(waiting)
            if closing or self._due_s() <= 0 or len(self._backlog) >= GATHER_ROWS or self._file is None:
                self._guarded(lambda: self._write(None, closing=closing))  # noqa: B023
            if closing and self._backlog:  # what was found wrong only now is perhaps mended by opening anew
                self._guarded(lambda: self._write(None, closing=True))
            if closing:
                self._answer(waiting)
            self._guarded(lambda: self._settle_notes(self._noted))
            self._guarded(lambda: self._keep_up(len(batch)))  # noqa: B023
        self._dropped += sum(item.last for item in self._backlog.values())
        if self._file is not None:
            self._file.close()
        self.process.close()

    def _wait(self) -> bool:
        """Sleep until something is to be done; ends may gather for a moment. True where it is to close."""
        signal = self._next_signal(self._pause_s())
        if signal and not self._backlog:
            self._gathering_since = time.monotonic()
        if signal == _SOON:
            signal = self._next_signal(self._due_s())
        self._level = _ASLEEP  # before the queue is emptied: who comes later signals again
        return signal == _CLOSE

    def _due_s(self) -> float:
        """How long what gathers may still gather; 0 where it is to be written."""
        return max(0.0, self._gathering_since + GATHER_S - time.monotonic())

    def _next_signal(self, timeout_s: float | None) -> Level:
        try:
            return self._signals.get(timeout=timeout_s)
        except Empty:
            return _ASLEEP

    def _pause_s(self) -> float:
        if self._backlog and not self.alarm:
            return self._due_s()
        return max(0.0, (self._retry_at if self.alarm else self._upkeep_at) - time.monotonic())

    def _take(self, batch: list[Item]) -> None:
        for item in batch:
            self._noted = max(self._noted, item.note)
            name = str(item.row[0])
            if (older := self._backlog.get(name)) is not None:
                self._forget([older])
            self._backlog[name] = item

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # whatever it is, traffic passes and it is tried again
            self._broken(error)

    def _write(self, names: Collection[str] | None, *, closing: bool) -> None:
        """Write what has gathered for these, or for all."""
        if self._file is None:
            if not closing and time.monotonic() < self._retry_at:
                self._trim()
                return
            self._open()
        items = [item for name, item in self._backlog.items() if names is None or name in names]
        if items and self._file is not None:
            stored = put(self._file, [(item.row, item.bodies) for item in items])
            for item, is_stored in zip(items, stored, strict=True):
                self._dropped += item.last and not is_stored
                self._forget([self._backlog.pop(str(item.row[0]))])
        self.alarm = ""

    def _open(self) -> None:
        self.process.show()
        if self._notes is None and not self._strict:
            with suppress(OSError):  # without, each waits for its row
                self._notes = Notes(self.process.fd, _COLUMNS)
        self._file = LedgerFile(self.path)
        finish_killed(self._file)

    def _settle_notes(self, noted: int) -> None:
        if self._notes is not None and noted > self._notes.settled and not self._backlog:
            self._notes.settle(noted)

    def _keep_up(self, rows: int) -> None:
        """Make room in small steps, faster than it is used up."""
        self._rows_since += rows
        if self._file is None or time.monotonic() < self._upkeep_at:
            return
        more = make_room(self._file, self._retention, self._clock.unix(), rows_a_step(self._rows_since))
        more = roll(self._file) or more
        self._rows_since = 0
        self._upkeep_at = time.monotonic() + (STEP_S if more else UPKEEP_S)

    def _broken(self, error: BaseException) -> BeastError:
        told = error if isinstance(error, BeastError) else fault(error, self.path, "written")
        self.alarm = str(told)
        self._retry_at = time.monotonic() + RETRY_S
        if self._file is not None:
            with suppress(Exception):
                self._file.close()
            self._file = None
        self._trim()
        return told

    def _trim(self) -> None:
        """Keep no more than memory should hold: the oldest go first."""
        for name in list(self._backlog)[: max(0, len(self._backlog) - MOST_ROWS)]:
            item = self._backlog.pop(name)
            self._forget([item])
            self._dropped += item.last

    def _forget(self, items: Iterable[Item]) -> None:
        self._body_bytes_out += sum(_bytes_of(item.bodies) for item in items if item.bodies)

    def _answer(self, items: list[Item]) -> None:
        futures = [item.written for item in items if item.written is not None]
        if futures:
            with suppress(RuntimeError):  # the loop has ended; nobody waits any more
                futures[0].get_loop().call_soon_threadsafe(self._settle, futures, self.alarm)


def _bytes_of(bodies: Body) -> int:
    return sum(len(part) for part in bodies[1:] if isinstance(part, bytes))
