"""The last tier: answers in a database of this home, which outlive the process and are shared by all of this host.

One thread writes, one reads, and the event loop waits for neither. Nothing here raises: what cannot be used is a
warning, and is used again once it can be.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from beastmode.cache.answer import Answer
from beastmode.cache.l3_reader import Future, L3Reader
from beastmode.cache.l3_writer import L3Writer, Use
from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.store.entries.file import TierCount
from beastmode.store.entries.moment import Moment
from beastmode.store.entries.upkeep import Limits

__all__ = ["Future", "L3Database", "Limits", "TierCount", "Use"]


class L3Database:
    """The cache at `path`; made where there is none. To be used from one event loop, by a `Stack`.

    With limits of 0 bytes it holds no answers: it only hears of clears, and tells how the memory in front is used.
    """

    def __init__(self, path: Path, limits: Limits | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.path = path
        limits = limits or Limits()
        self.holds = limits.size_bytes > 0
        self._writer = L3Writer(path, limits, clock)
        self._reader = L3Reader(path, self._writer)

    @property
    def moment(self) -> Moment:
        """What is cleared by now, seen within half a second; another object where anything was since. A new file is a
        clear of all. `UNKNOWN` until the file could be opened once."""
        return self._writer.moment

    @property
    def warning(self) -> str:
        """Why the tier is left out or nothing is written, and what to do; "" where all is well."""
        return self._writer.warning or self._reader.warning

    @property
    def dropped(self) -> int:
        """Answers that were to be written and were not: too large, or more than the disk took."""
        return self._writer.dropped

    def told_by(self, use: Callable[[], Use]) -> None:
        """Have hits, misses and the size of the memory in front written from time to time, for `beast cache stats`."""
        self._writer.use = use

    def read(self, key: bytes, patience_s: float) -> Future | None:
        """See `L3Reader.read`."""
        return self._reader.read(key, patience_s)

    def put(self, key: bytes, answer: Answer, since: Moment) -> None:
        """Have it written within about 50 ms, unless it is cleared before. Never blocks.   since: when it was valid."""
        self._writer.put(key, answer, since)

    async def close(self) -> None:
        """Write what is left and let go of the file. Idempotent."""
        await self._reader.close()
        await self._writer.close()
