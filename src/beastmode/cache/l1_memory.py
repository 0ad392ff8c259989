"""The first tier: answers in memory, bounded by the bytes they take. Pure: time is passed in.

Which are kept is decided by S3-FIFO: what comes anew passes a small queue first, and only what is asked for again
there comes into the large one; so a flood of questions that are asked once does not wash out those that return.
Source: Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023. docs/cache.md has it beside LRU.
"""

from __future__ import annotations

from collections import OrderedDict

from beastmode.cache.answer import Answer

SMALL_SHARE = 0.1
"""Of the memory, for what was not asked for again yet."""
LARGEST_SHARE = 0.1
"""Of the memory, that one answer may take: a larger one would push out all that is new."""
USES_TO_STAY = 1
"""Uses in the small queue that bring an answer into the large one."""
MOST_USES = 3
"""Counted at most: each lets an answer pass the end of the large queue once."""
ENTRY_BYTES = 272
"""What an entry takes beside its answer: key, queue, this record. Seen with tracemalloc."""
GHOST_BYTES = 224
"""What the memory of a key takes whose answer has gone."""


class _Kept:
    __slots__ = ("answer", "expires_unix", "size", "uses")

    def __init__(self, answer: Answer, size: int) -> None:
        self.answer, self.size = answer, size
        self.expires_unix, self.uses = answer.expires_unix, 0


_Queue = OrderedDict[bytes, _Kept]


class L1Memory:
    """At most `max_bytes` of answers, by key. Never returns an expired answer, nor one to another key.

    max_bytes: > 0, and all that is held counts, keys and bookkeeping too.   bytes: taken now.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._small_bytes = 0
        self._small: _Queue = OrderedDict()
        self._main: _Queue = OrderedDict()
        self._ghosts: OrderedDict[bytes, None] = OrderedDict()

    def __len__(self) -> int:
        """How many answers are kept, those included that have expired and were not asked for since."""
        return len(self._main) + len(self._small)

    def get(self, key: bytes, now_unix: float) -> Answer | None:
        """The answer of this key, None where there is none or it has expired."""
        kept = self._main.get(key) or self._small.get(key)
        if kept is None:
            return None
        if now_unix >= kept.expires_unix:
            self.remove(key)
            return None
        if kept.uses < MOST_USES:
            kept.uses += 1
        return kept.answer

    def put(self, key: bytes, answer: Answer, now_unix: float) -> bool:
        """Keep it, in the place of one of the same key; others make room. False where it is too large or has expired,
        and then nothing is kept of that key."""
        size = answer.size + ENTRY_BYTES
        proven = key in self._main
        self.remove(key)
        if size > LARGEST_SHARE * self.max_bytes or now_unix >= answer.expires_unix:
            return False
        if key in self._ghosts:
            del self._ghosts[key]
            self.bytes -= GHOST_BYTES
            proven = True
        while self.bytes + size > self.max_bytes:
            self._evict(now_unix)
        self._add(key, _Kept(answer, size), proven=proven)
        self.bytes += size
        return True

    def remove(self, key: bytes) -> None:
        """Keep nothing of this key."""
        if (kept := self._main.pop(key, None)) is not None:
            self.bytes -= kept.size
        elif (kept := self._small.pop(key, None)) is not None:
            self.bytes -= kept.size
            self._small_bytes -= kept.size

    def forget(self, tags: frozenset[str]) -> None:
        """Keep nothing that has one of these tags. It looks at each answer: 0.4 us for one."""
        for queue in (self._small, self._main):
            for key in [key for key, kept in queue.items() if not tags.isdisjoint(kept.answer.known_as)]:
                self.remove(key)

    def clear(self) -> None:
        """Keep nothing at all."""
        self._small.clear()
        self._main.clear()
        self._ghosts.clear()
        self.bytes = self._small_bytes = 0

    def _add(self, key: bytes, kept: _Kept, *, proven: bool) -> None:
        if proven:
            self._main[key] = kept
        else:
            self._small[key] = kept
            self._small_bytes += kept.size

    def _evict(self, now_unix: float) -> None:
        """One step: the oldest of a queue goes, or has earned to stay longer. Ghosts are no more than the living."""
        if len(self._ghosts) > len(self):
            self._ghosts.popitem(last=False)
            self.bytes -= GHOST_BYTES
        elif not self._main or self._small_bytes > SMALL_SHARE * self.max_bytes:
            self._evict_small(now_unix)
        else:
            self._evict_main(now_unix)

    def _evict_small(self, now_unix: float) -> None:
        key, kept = self._small.popitem(last=False)
        self._small_bytes -= kept.size
        if kept.uses >= USES_TO_STAY and now_unix < kept.expires_unix:
            kept.uses = 0
            self._main[key] = kept
            return
        self.bytes += GHOST_BYTES - kept.size
        self._ghosts[key] = None

    def _evict_main(self, now_unix: float) -> None:
        key, kept = self._main.popitem(last=False)
        if kept.uses and now_unix < kept.expires_unix:
            kept.uses -= 1
            self._main[key] = kept
        else:
            self.bytes -= kept.size
