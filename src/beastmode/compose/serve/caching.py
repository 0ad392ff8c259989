"""The cache of a server, from its settings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from beastmode.cache.asked import Asked
from beastmode.cache.l1_memory import L1Memory
from beastmode.cache.l3_database import L3Database, Limits
from beastmode.cache.stack import PATIENCE_S, Stack
from beastmode.clock import Clock
from beastmode.compose.serve.settings.serving import Serving
from beastmode.errors import BeastError
from beastmode.store.entries.file import TierCount, cache_path
from beastmode.store.entries.reader import EntriesReader

_NOTED_AT_ONCE = 200
"""Of the keys on disk: below half a millisecond, for which requests wait."""


def stack_for(serving: Serving, patience_s: float = PATIENCE_S) -> Stack | None:
    """Its tiers; None where nothing is to be kept. A database that may keep nothing still hears of a clear.
    patience_s: how long that is waited for."""
    memory, disk = serving.cache_memory_bytes, serving.cache_disk_bytes
    if serving.cache == "off" or not memory + disk:
        return None
    l3 = L3Database(cache_path(serving.home), Limits(disk, serving.cache_ttl_s))
    return Stack(L1Memory(max(1, memory)), l3, patience_s=patience_s)


async def recall_asked(asked: Asked, serving: Serving, clock: Clock) -> None:
    """Note the keys of the answers on disk: they were asked for before this gateway began. Some at a time, and of very
    many the newest; none where they cannot be read, which the stack tells of."""
    if serving.cache == "off" or not serving.cache_disk_bytes:
        return
    with suppress(BeastError):
        since_unix = clock.unix() - serving.cache_ttl_s
        found = await asyncio.to_thread(_keys_in, cache_path(serving.home), since_unix, asked.most // 2)
        for at in range(0, len(found), _NOTED_AT_ONCE):
            for key, stored_unix in found[at : at + _NOTED_AT_ONCE]:
                asked.note(key, stored_unix)
            await asyncio.sleep(0)


def _keys_in(path: Path, since_unix: float, most: int) -> list[tuple[bytes, float]]:
    with closing(EntriesReader(path)) as reader:
        return reader.keys(since_unix, most)


def tiers_of(stack: Stack | None, serving: Serving) -> Sequence[dict[str, Any]]:
    """The tiers as `sources.live.TierNow`, since this gateway began. Of the database only its own file knows how much
    it holds."""
    if stack is None:
        return []
    stats, took_s = stack.stats(), stack.took_s()
    memory = _tier("l1", stats.l1, serving.cache_memory_bytes, "on") | _quantiles(took_s["l1"])
    memory |= {"entries": stats.l1_entries, "bytes": stats.l1_bytes}
    state = (stack.warning or "on") if stats.l3 else "off"
    database = _tier("l3", stats.l3 or TierCount(0, 0), serving.cache_disk_bytes, state)
    return [memory, database | _quantiles(took_s["l3"])]


def _quantiles(took_s: Sequence[float]) -> dict[str, float]:
    """Nothing where nothing was measured."""
    if not took_s:
        return {}
    inorder = sorted(took_s)
    return {
        name: inorder[int(share * (len(inorder) - 1))] for name, share in (("p50_s", 0.5), ("p99_s", 0.99))
    }


def _tier(name: str, count: TierCount, limit_bytes: int, state: str) -> dict[str, Any]:
    unknown = dict.fromkeys(("entries", "bytes", "p50_s", "p99_s"))
    known = {"name": name, "hits": count.hits, "misses": count.misses}
    return unknown | known | {"limit_bytes": limit_bytes, "state": state}
