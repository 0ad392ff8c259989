"""The tiers of the cache, one after the other: memory, then the database.

found = stack.at_hand(key) or await stack.find(key)
since = stack.moment                # before the upstream is asked
stack.put(key, answer, since)       # after it has answered
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from beastmode.cache.answer import NO_ANSWER, Answer
from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.l3_database import L3Database, TierCount, Use
from beastmode.cache.l3_reader import Read
from beastmode.clock import SYSTEM_CLOCK, Clock
from beastmode.store.entries.moment import Moment

Tier = Literal["l1", "l3"]

LOOKS = 32
"""Made in memory to tell how long one takes. Nobody times those that requests make: it would cost them a sixth."""
READS_KEPT = 512
"""Of the database, the last ones, for how long one takes."""
_NO_KEY = b""

PATIENCE_S = 0.1
"""How long the database is waited for: a model takes longer, and a disk that does is in trouble."""
ALWAYS = Moment(1)
"""Where there is no database, and so nothing that could clear the memory from outside."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """An answer, where it was, and how old it is."""

    answer: Answer
    tier: Tier
    age_s: float


@dataclass(frozen=True, slots=True)
class Stats:
    """Since the stack was opened.   l1, l3: of all that was looked for there, what was there; None: no such tier.
    l1_entries, l1_bytes: held now.   l3_left_out: looked for while the database could not be asked, a
    part of its misses.   l3_dropped: answers that could not be written there."""

    l1: TierCount
    l1_entries: int
    l1_bytes: int
    l3: TierCount | None
    l3_left_out: int
    l3_dropped: int


class Stack:
    """Finds answers by key (32 bytes) and keeps them. To be used from one event loop; it owns its tiers.

    Nothing here raises for a tier in trouble, nor waits for it longer than `patience_s`. What `beast cache clear` has
    cleared is not found any more after about half a second, in whichever tier and process.
    """

    def __init__(
        self,
        l1: L1Memory,
        l3: L3Database | None = None,
        clock: Clock = SYSTEM_CLOCK,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._l1, self._database = l1, l3
        self._l3 = l3 if l3 is not None and l3.holds else None
        self._unix, self._monotonic, self._patience_s = clock.unix, clock.monotonic, patience_s
        self._reads_s: deque[float] = deque(maxlen=READS_KEPT)
        self._looks_s: list[float] = []
        self._timed_after = 0
        self._moment = self.moment
        self._removed: set[bytes] = set()
        self._hits_l1 = self._misses_l1 = self._hits_l3 = self._misses_l3 = self._left_out = 0
        if l3 is not None:
            l3.told_by(self._use)

    @property
    def moment(self) -> Moment:
        """To be taken before the upstream is asked, and given to `put`: an answer from before a clear is not kept."""
        return ALWAYS if self._database is None else self._database.moment

    @property
    def warning(self) -> str:
        """Why a tier is left out and what to do, "" where all is well. It goes by itself."""
        return "" if self._database is None else self._database.warning

    def at_hand(self, key: bytes) -> Found | None:
        """The answer, where it is in memory. It costs microseconds; a hit counts, None does not: ask `find` then."""
        if self._moment is not self.moment:
            self._catch_up()
        now = self._unix()
        answer = self._l1.get(key, now)
        if answer is None:
            return None
        self._hits_l1 += 1
        return Found(answer, "l1", answer.age_s(now))

    async def find(self, key: bytes) -> Found | None:
        """The answer, in whichever tier it is. Those above it have it then as well."""
        if (found := self.at_hand(key)) is not None:
            return found
        self._misses_l1 += 1
        if self._l3 is None:
            return None
        answer = await self._read(self._l3, key)
        if answer is None:
            self._misses_l3 += 1
            return self.at_hand(key)  # it may have been put while the database was asked
        self._hits_l3 += 1
        return Found(answer, "l3", answer.age_s(self._unix()))

    def put(self, key: bytes, answer: Answer, since: Moment | None = None) -> None:
        """Keep it, in all tiers. Never blocks.   since: `moment` as it was before the upstream was asked."""
        if self._moment is not self.moment:
            self._catch_up()
        if since is not None and not self._moment.allows(since, answer.known_as):
            return
        self._removed.discard(key)
        self._l1.put(key, answer, self._unix())
        if self._l3 is not None:
            self._l3.put(key, answer, self._moment)

    def remove(self, key: bytes) -> None:
        """Keep no answer to it, in any tier; one that is `put` later is kept. Never blocks, and holds here at once; in
        the database within about 50 ms. Another process that has it in memory keeps it."""
        self._l1.remove(key)
        if self._l3 is not None:
            self._removed.add(key)  # the database may still have it, or be just giving it
            self._l3.put(key, NO_ANSWER, self._moment)

    def stats(self) -> Stats:
        """How the tiers were used."""
        l3 = self._l3
        return Stats(
            l1=TierCount(self._hits_l1, self._misses_l1),
            l1_entries=len(self._l1),
            l1_bytes=self._l1.bytes,
            l3=None if l3 is None else TierCount(self._hits_l3, self._misses_l3),
            l3_left_out=self._left_out,
            l3_dropped=0 if l3 is None else l3.dropped,
        )

    def took_s(self) -> Mapping[Tier, Sequence[float]]:
        """How long a look takes: some made now in memory, where it was used since the last time, and the last ones of
        the database, the wait for its thread included."""
        uses = self._hits_l1 + self._misses_l1
        if self._timed_after != uses:
            self._timed_after, self._looks_s = uses, [self._timed_look() for _ in range(LOOKS)]
        return {"l1": self._looks_s, "l3": list(self._reads_s)}

    def _timed_look(self) -> float:
        before = self._monotonic()
        self._l1.get(_NO_KEY, before)
        return self._monotonic() - before

    async def close(self) -> None:
        """Write what is left and let go of the database. Idempotent."""
        if self._database is not None:
            await self._database.close()

    async def _read(self, l3: L3Database, key: bytes) -> Answer | None:
        reading = l3.read(key, self._patience_s)
        if reading is None:
            self._left_out += 1
            return None
        before = self._monotonic()
        read = await reading
        self._reads_s.append(self._monotonic() - before)
        if self._moment is not l3.moment:
            self._catch_up()
        if read is None or key in self._removed or not self._is_valid(read):
            return None  # cleared or removed while it was read
        return read.answer if self._l1.put(key, read.answer, self._unix()) else self._alive(read.answer)

    def _alive(self, answer: Answer) -> Answer | None:
        """Too large for the memory, or has it expired?"""
        return answer if self._unix() < answer.expires_unix else None

    def _is_valid(self, read: Read) -> bool:
        now = self._moment
        return read.generation == now.generation and not now.is_cleared(read.answer.known_as, read.clears)

    def _catch_up(self) -> None:
        """All of the cache was cleared, or a tag, or it is another one."""
        before, self._moment = self._moment, self.moment
        if before.generation != self._moment.generation:
            self._l1.clear()
        elif tags := self._moment.cleared_since(before.clears):
            self._l1.forget(tags)

    def _use(self) -> Use:
        """On the database's thread: it only reads numbers."""
        counts = {
            "l1": TierCount(self._hits_l1, self._misses_l1),
            "l3": TierCount(self._hits_l3, self._misses_l3),
        }
        if self._moment.generation != self.moment.generation:  # it is emptied when it is used next
            return Use(counts, 0, 0)
        return Use(counts, len(self._l1), self._l1.bytes)
