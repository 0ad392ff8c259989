"""The one thread that reads the cache's database for the event loop, which never waits for a disk."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from beastmode.cache.answer import Answer
from beastmode.cache.l3_writer import CLOSE_S, RETRY_S, L3Writer
from beastmode.cache.sealing import unseal
from beastmode.store.entries.file import fault
from beastmode.store.entries.reader import EntriesReader


class Read(NamedTuple):
    """An answer as it was found, and of which moment it is: see `EntryRow`."""

    answer: Answer
    generation: int
    clears: int


Future = asyncio.Future[Read | None]


_SLOW = (
    "{path}: the cache has not answered in time\n  See to its disk; it is used again as soon as it answers."
)


class L3Reader:
    """Reads for one event loop. What is asked in one moment is read together, each key once.

    writer: knows which file it is.   warning: why nothing can be read and what to do, "" where it can.
    """

    def __init__(self, path: Path, writer: L3Writer) -> None:
        self.path = path
        self._trouble = ""
        self._writer = writer
        self._retry_at = 0.0
        self._closed = False
        self._asked: SimpleQueue[tuple[bytes, Future] | None] = SimpleQueue()
        self._waiting: dict[Future, asyncio.TimerHandle] = {}
        self._late: set[Future] = set()
        self._reader: EntriesReader | None = None
        self._thread = Thread(target=self._work, name="cache reader", daemon=True)
        self._thread.start()

    @property
    def warning(self) -> str:
        return self._trouble or (_SLOW.format(path=self.path) if self._late else "")

    def read(self, key: bytes, patience_s: float) -> Future | None:
        """The answer of a key; None in the future where there is none, or after `patience_s`.

        None at once where the tier is left out: it cannot be read (that is tried again every second), or something
        that was asked for before is late: then until that has come.
        """
        if self._closed or self._late or self._writer.file is None:
            return None
        if self._trouble and time.monotonic() < self._retry_at:
            return None
        loop = asyncio.get_running_loop()
        future: Future = loop.create_future()
        self._waiting[future] = loop.call_later(patience_s, self._give_up, future)
        self._asked.put((key, future))
        return future

    async def close(self) -> None:
        """Answer what was asked and let go of the file. Idempotent."""
        if not self._closed:
            self._closed = True
            self._asked.put(None)
        await asyncio.to_thread(self._thread.join, CLOSE_S)

    # ---- on the event loop ----

    def _give_up(self, future: Future) -> None:
        del self._waiting[future]
        self._late.add(future)
        if not future.done():  # whoever waited may have been cancelled
            future.set_result(None)

    def _settle(self, found: list[tuple[Future, Read | None]]) -> None:
        for future, read in found:
            if (timer := self._waiting.pop(future, None)) is not None:
                timer.cancel()
            self._late.discard(future)
            if not future.done():
                future.set_result(read)

    # ---- on the thread ----

    def _work(self) -> None:
        asked: dict[bytes, list[Future]] = {}
        while self._gather(asked):
            found = [(future, read) for key in asked for read in (self._read(key),) for future in asked[key]]
            asked.clear()
            with suppress(RuntimeError):  # the loop has ended; nobody waits any more
                found[0][0].get_loop().call_soon_threadsafe(self._settle, found)
        self._let_go()

    def _gather(self, asked: dict[bytes, list[Future]]) -> bool:
        """Wait for something that is asked, and take all that is. False where it is to close."""
        item = self._first()
        while item is not None:
            key, future = item
            asked.setdefault(key, []).append(future)
            try:
                item = self._asked.get_nowait()
            except Empty:
                return True
        if asked:
            self._asked.put(None)
        return bool(asked)

    def _first(self) -> tuple[bytes, Future] | None:
        """Wait for what is asked next. In trouble it is tried again meanwhile, so that it goes by itself."""
        while True:
            try:
                return self._asked.get(timeout=RETRY_S if self._trouble else None)
            except Empty:
                self._read(b"")

    def _read(self, key: bytes) -> Read | None:
        try:
            kept = self._of_now().read(key)
            answer = None if kept is None else unseal(key, kept.answer)
            self._trouble = ""
        except Exception as error:  # whatever it is, the request goes on without this tier
            self._trouble = str(fault(error, self.path, "read"))
            self._retry_at = time.monotonic() + RETRY_S
            self._let_go()
            return None
        return None if kept is None or answer is None else Read(answer, kept.generation, kept.clears)

    def _of_now(self) -> EntriesReader:
        """The reader of the file that is written now."""
        if self._reader is not None and self._reader.id != self._writer.file:
            self._let_go()
        if self._reader is None:
            self._reader = EntriesReader(self.path)
        return self._reader

    def _let_go(self) -> None:
        if self._reader is not None:
            with suppress(Exception):
                self._reader.close()
            self._reader = None
