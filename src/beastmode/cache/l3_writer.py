"""The one thread that writes the cache's database: in batches, through faults of the disk, its upkeep in between."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from beastmode.cache.answer import Answer
from beastmode.cache.sealing import seal
from beastmode.clock import Clock
from beastmode.store.entries.file import EntriesFile, EntryRow, TierCount, fault
from beastmode.store.entries.moment import UNKNOWN, Moment
from beastmode.store.entries.schema import ROWS_A_STEP
from beastmode.store.entries.upkeep import Limits, forget_unused_tags, make_room
from beastmode.store.sqlite.file import FileId

LOOK_S = 0.5
"""Between two looks at whether the cache was cleared or its file replaced."""
GATHER_S = 0.05
"""How long answers may gather before they are written; kill -9 loses as much of them."""
RETRY_S = 1.0
"""Between two attempts to use a file that cannot be written."""
TELL_S, TELL_ANYWAY_S = 1.0, 5.0
"""Between two times that hits and misses are written, where there are new ones and where there are none."""
UPKEEP_S, STEP_S = 10.0, 0.02
"""Between two looks at what is too old or too much, and between two steps of making room."""
UPKEEP_ROWS = 1000
"""After so many new ones it is looked at as well."""
MOST_WAITING_BYTES = 32 * 1024 * 1024
"""What is kept in memory for a disk that does not take it; beyond, an answer is counted and not written."""
BATCH_BYTES = 4 * 1024 * 1024
"""Written in one commit, about: another process waits as long."""
LARGEST_SHARE = 0.1
"""Of the file, that one answer may take."""
CLOSE_S = 10.0
"""How long closing waits for a disk."""


class Use(NamedTuple):
    """How the tiers were used since the process began, and what its memory holds now."""

    counts: dict[str, TierCount]
    entries: int
    bytes: int


class _Item(NamedTuple):
    key: bytes
    answer: Answer
    since: Moment

    @property
    def bytes(self) -> int:
        return len(self.answer.body) + 1024


class L3Writer:
    """Takes answers from the event loop and writes them; of what gathers for one key the newest.

    use: asked from time to time, on the thread.   moment: what is cleared by now, as last seen.
    file: which file that is.   warning: why nothing can be written and what to do, "" where it can.   dropped:
    answers that were not written: too large, too many, or nothing that can be.
    """

    def __init__(self, path: Path, limits: Limits, clock: Clock) -> None:
        self.path = path
        self.moment = UNKNOWN
        self.file: FileId | None = None
        self.warning = ""
        self.use: Callable[[], Use] = lambda: Use({}, 0, 0)
        self._limits, self._clock = limits, clock
        self._process = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._queue: deque[_Item] = deque()
        self._signals: SimpleQueue[bool] = SimpleQueue()
        self._signalled = self._closed = False
        self._refused, self._unfit = 0, 0  # by the event loop; by the thread
        self._bytes_in, self._bytes_out = 0, 0
        self._backlog: dict[bytes, _Item] = {}
        self._open_file: EntriesFile | None = None
        self._retry_at = self._upkeep_at = self._tell_at = 0.0
        self._told: dict[str, TierCount] = {}
        self._told_at = 0.0
        self._rows_since = self._swept_to = 0
        self._guarded(self._open)
        self._thread = Thread(target=self._work, name="cache writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        return self._refused + self._unfit

    def put(self, key: bytes, answer: Answer, since: Moment) -> None:
        """Have it written with the next batch, where it was not cleared since. Never blocks."""
        item = _Item(key, answer, since)
        too_large = item.bytes > LARGEST_SHARE * self._limits.size_bytes
        if self._closed or too_large or self._bytes_in - self._bytes_out + item.bytes > MOST_WAITING_BYTES:
            self._refused += 1
            return
        self._bytes_in += item.bytes
        self._queue.append(item)
        if not self._signalled:
            self._signalled = True
            self._signals.put(False)

    async def close(self) -> None:
        """Write what is left, as far as the disk takes it, and let go of the file. Idempotent."""
        if not self._closed:
            self._closed = True
            self._signals.put(True)
        await asyncio.to_thread(self._thread.join, CLOSE_S)

    # ---- on the thread ----

    def _work(self) -> None:
        closing = False
        while not closing:
            closing = self._wait()
            self._take()
            if closing or time.monotonic() >= self._retry_at:
                self._guarded(self._step)
        self._guarded(self._leave)

    def _wait(self) -> bool:
        """Sleep until something is to be done; answers may gather for a moment. True where it is to close."""
        try:
            closing = self._signals.get(timeout=self._pause_s()) or self._signals.get(timeout=GATHER_S)
        except Empty:
            closing = False
        self._signalled = False  # before the queue is emptied: who comes later signals again
        return closing

    def _pause_s(self) -> float:
        until = self._retry_at if self.warning else self._upkeep_at
        return min(LOOK_S, max(0.0, until - time.monotonic()))

    def _take(self) -> None:
        for _ in range(len(self._queue)):
            item = self._queue.popleft()
            if (older := self._backlog.get(item.key)) is not None:
                self._forget(older)
            self._backlog[item.key] = item

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # whatever it is, requests go on without this tier and it is tried again
            self._broken(error)

    def _step(self) -> None:
        if self._open_file is None:
            self._open()
        file = self._open_file
        if file is None:
            return
        self.moment = file.moment()
        while self._backlog:
            self._write(file, self._batch())
        self._tell(file, time.monotonic())
        self._keep_up(file, time.monotonic())
        self.warning = ""

    def _open(self) -> None:
        file = EntriesFile(self.path, self._clock.unix())
        self._open_file, self.file, self.moment = file, file.id, file.moment()

    def _batch(self) -> list[_Item]:
        batch, left = [], BATCH_BYTES
        for item in self._backlog.values():
            batch.append(item)
            left -= item.bytes
            if left < 0:
                break
        return batch

    def _write(self, file: EntriesFile, batch: list[_Item]) -> None:
        rows = []
        for item in batch:
            try:
                rows.append(_row(item))
            except Exception:  # msgspec has several for what cannot be written; the others must not suffer
                self._unfit += 1
                self._forget(item)
        file.write(rows)
        self._rows_since += len(rows)
        for row in rows:
            self._forget(self._backlog[row.key])

    def _forget(self, item: _Item) -> None:
        del self._backlog[item.key]
        self._bytes_out += item.bytes

    def _tell(self, file: EntriesFile, now: float) -> None:
        if now < self._tell_at:
            return
        self._tell_at = now + TELL_S
        use = self.use()
        if use.counts == self._told and now < self._told_at + TELL_ANYWAY_S:
            return
        new = {tier: _since(count, self._told.get(tier)) for tier, count in use.counts.items()}
        file.tell(self._process, self._clock.unix(), (use.entries, use.bytes), new)
        self._told, self._told_at = dict(use.counts), now

    def _keep_up(self, file: EntriesFile, now: float) -> None:
        """Make room in small steps, faster than it is used up."""
        if now < self._upkeep_at and self._rows_since < UPKEEP_ROWS:
            return
        more = True
        for _ in range(1 + 2 * self._rows_since // ROWS_A_STEP):
            more = more and make_room(file, self._limits, self._clock.unix())
        self._swept_to = forget_unused_tags(file, self._swept_to, ROWS_A_STEP + 2 * self._rows_since)
        self._rows_since = 0
        self._upkeep_at = time.monotonic() + (STEP_S if more else UPKEEP_S)

    def _leave(self) -> None:
        if self._open_file is not None:
            self._tell_at = 0.0
            self._tell(self._open_file, time.monotonic())
            self._open_file.forget(self._process)
            self._open_file.close()

    def _broken(self, error: Exception) -> None:
        self.warning = str(fault(error, self.path, "written"))
        self._retry_at = time.monotonic() + RETRY_S
        if self._open_file is not None:
            with suppress(Exception):
                self._open_file.close()
            self._open_file = None


def _row(item: _Item) -> EntryRow:
    key, answer, since = item
    sealed = seal(key, answer)
    return EntryRow(
        key,
        since.generation,
        answer.stored_unix,
        answer.expires_unix,
        answer.model,
        len(sealed),
        sealed,
        since.clears,
        answer.known_as,
    )


def _since(now: TierCount, before: TierCount | None) -> TierCount:
    return now if before is None else TierCount(now.hits - before.hits, now.misses - before.misses)
